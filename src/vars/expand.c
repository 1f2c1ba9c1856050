#include "base/base.h"
#include "vars/vars_internal.h"

#define RESULT_MAX ((size_t)4 << 20)

static bool name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool name_char(char c)
{
	return name_start(c) || (c >= '0' && c <= '9');
}

static size_t name_end(struct str t, size_t i)
{
	if (i >= t.n || !name_start(t.p[i]))
		return i;
	while (i < t.n && name_char(t.p[i]))
		i++;
	return i;
}

/* A reference that begins exactly at i ($ or %), else kind REF_NONE. */
static struct ref ref_at(struct str t, size_t i, bool escapes)
{
	struct ref r = {.kind = REF_NONE, .begin = i};
	size_t name = i + 1, end;

	if (name < t.n && t.p[name] == t.p[i]) {
		r.kind = escapes ? REF_ESCAPE : REF_NONE;
		r.end = i + 2;
		return r;
	}
	bool braces = t.p[i] == '$' && name < t.n && t.p[name] == '{';
	name += braces;
	end = name_end(t, name);
	if (braces && escapes && end == name && end < t.n && t.p[end] == '}') {
		r.kind = REF_EMPTY;
		r.end = end + 1;
		return r;
	}
	if (end == name)
		return r;
	r.name = str_sub(t, name, end);
	r.end = end;
	if (braces || t.p[i] == '%') {
		if (end >= t.n || t.p[end] != (braces ? '}' : '%'))
			return r;
		r.end = end + 1;
	}
	r.kind = REF_NAME;
	return r;
}

struct ref ref_next(struct str text, size_t from, bool escapes)
{
	for (size_t i = from; i < text.n; i++) {
		if (text.p[i] != '$' && text.p[i] != '%')
			continue;
		struct ref r = ref_at(text, i, escapes);
		if (r.kind != REF_NONE)
			return r;
	}
	return (struct ref){.kind = REF_NONE, .begin = text.n, .end = text.n};
}

bool text_has_refs(struct str text)
{
	if (!text.n || (!memchr(text.p, '$', text.n) && !memchr(text.p, '%', text.n)))
		return false;
	return ref_next(text, 0, true).kind != REF_NONE;
}

size_t text_refs(struct arena *a, struct str text, struct str **out)
{
	VEC(struct str) names = {NULL, 0, 0};

	for (struct ref r = ref_next(text, 0, true); r.kind != REF_NONE;
		r = ref_next(text, r.end, true))
		if (r.kind == REF_NAME)
			vec_push_in(a, &names, r.name);
	*out = names.v;
	return names.n;
}

static struct str expand_server(
	struct arena *a, struct str text, const struct varset *vars, bool existing)
{
	struct ref r = ref_next(text, 0, false);
	struct buf b;
	size_t at = 0;

	if (r.kind == REF_NONE)
		return text;
	buf_init_max(&b, RESULT_MAX);
	for (; r.kind != REF_NONE; r = ref_next(text, r.end, false)) {
		const struct var *v = varset_get(vars, r.name);

		buf_addstr(&b, str_sub(text, at, r.begin));
		if (v)
			buf_addstr(&b, v->value);
		else if (existing)
			buf_addstr(&b, str_sub(text, r.begin, r.end));
		at = r.end;
	}
	buf_addstr(&b, str_from(text, at));
	struct str out = arena_str(a, buf_str(&b));
	buf_release(&b);
	return out;
}

/*
 * The name behind a '$' as Go's os.Expand reads it: {anything}, one of the shell's special
 * characters, or a run of word characters that may begin with a digit only if it is that one digit.
 * Returns the bytes taken; 0 leaves the dollar as it is.
 */
static size_t runner_name(struct str s, struct str *name)
{
	static const char special[] = "*#$@!?-0123456789";

	*name = STR_NULL;
	if (!s.n)
		return 0;
	if (s.p[0] == '{') {
		size_t close = str_chr(s, '}');

		if (close == STR_NPOS)
			return 1;
		*name = str_sub(s, 1, close);
		return close + 1;
	}
	if (strchr(special, s.p[0]) && s.p[0]) {
		*name = str_sub(s, 0, 1);
		return 1;
	}
	size_t n = 0;
	while (n < s.n && name_char(s.p[n]))
		n++;
	*name = str_sub(s, 0, n);
	return n;
}

/* What a reference gives in the Runner; file variables give the path that their content is kept at.
 */
static void runner_value(struct buf *b, struct str name, const struct varset *vars)
{
	if (str_is(name, "$")) {
		buf_addc(b, '$');
		return;
	}
	const struct var *v = varset_get(vars, name);
	if (!v)
		return;
	if (!v->file) {
		buf_addstr(b, v->value);
		return;
	}
	struct str dir = varset_value(vars, "RUNNER_TEMP_PROJECT_DIR");
	buf_addstr(b, dir);
	if (dir.n && dir.p[dir.n - 1] != '/')
		buf_addc(b, '/');
	buf_addstr(b, v->key);
}

static struct str expand_runner(struct arena *a, struct str text, const struct varset *vars)
{
	struct buf b;
	size_t at = 0, dollar = str_chr(text, '$');

	if (dollar == STR_NPOS)
		return text;
	buf_init_max(&b, RESULT_MAX);
	while (dollar != STR_NPOS) {
		size_t i = at + dollar;
		struct str name;
		size_t taken = runner_name(str_from(text, i + 1), &name);

		buf_addstr(&b, str_sub(text, at, i));
		if (!taken)
			buf_addc(&b, '$');
		else if (name.n)
			runner_value(&b, name, vars);
		at = i + 1 + taken;
		dollar = str_chr(str_from(text, at), '$');
	}
	buf_addstr(&b, str_from(text, at));
	struct str out = arena_str(a, buf_str(&b));
	buf_release(&b);
	return out;
}

struct str expand(
	struct arena *a, struct str text, const struct varset *vars, enum expand_mode mode)
{
	switch (mode) {
	case EXPAND_SERVER:
		return expand_server(a, text, vars, false);
	case EXPAND_SERVER_EXISTING:
		return expand_server(a, text, vars, true);
	case EXPAND_RUNNER:
		return expand_runner(a, text, vars);
	}
	BUG("expand: mode %d", (int)mode);
}
