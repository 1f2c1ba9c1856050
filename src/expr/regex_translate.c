#include "base/base.h"

#include "expr/regex_internal.h"

/* A group that is open: where its repetitions and its atoms stand. */
struct group {
	size_t begin;    /* offset of the '(' in the pattern */
	unsigned repeat; /* largest product of repetitions in it so far */
};

struct translator {
	struct regex_src *r;
	VEC(struct group) open;
	VEC(struct str) names;
	unsigned top_repeat;
	size_t groups;
	/* The atom before the cursor, for a repetition to apply to. */
	bool atom;            /* there is one */
	size_t atom_out;      /* where it starts in the output */
	unsigned atom_repeat; /* product of the repetitions within */
	bool assertion;       /* ^ $ \b and the like */
	size_t repeat_at;     /* start of the repetition just read, or STR_NPOS */
	struct str flags;     /* (?i) and the like, read but not yet written */
};

static char look(const struct regex_src *r, size_t ahead)
{
	return r->at + ahead < r->s.n ? r->s.p[r->at + ahead] : '\0';
}

static unsigned *repeat_of(struct translator *t)
{
	return t->open.n ? &t->open.v[t->open.n - 1].repeat : &t->top_repeat;
}

static void begin_atom(struct translator *t, bool assertion)
{
	/* The one before is complete: its repetitions count for the group around. */
	if (t->atom)
		*repeat_of(t) = MAX(*repeat_of(t), t->atom_repeat);
	t->atom = true;
	t->atom_out = t->r->out->n;
	t->atom_repeat = 1;
	t->assertion = assertion;
	t->repeat_at = STR_NPOS;
}

static void no_atom(struct translator *t)
{
	if (t->atom)
		*repeat_of(t) = MAX(*repeat_of(t), t->atom_repeat);
	t->atom = false;
	t->repeat_at = STR_NPOS;
}

static bool close_group(struct translator *t)
{
	struct group g;

	no_atom(t);
	if (!t->open.n)
		return regex_refuse(t->r, t->r->at, "unexpected )", t->r->s);
	g = t->open.v[--t->open.n];
	t->r->at++;
	t->atom = true;
	t->atom_out = t->r->out->n; /* never wrapped: a group is no assertion */
	t->atom_repeat = g.repeat;
	t->assertion = false;
	buf_addc(t->r->out, ')');
	return true;
}

static bool open_group(struct translator *t, size_t begin)
{
	no_atom(t);
	if (t->open.n >= REGEX_MAX_NESTING)
		return regex_refuse(t->r, begin, "nesting depth exceeds maximum", STR_NULL);
	vec_push(&t->open, ((struct group){begin, 1}));
	return true;
}

/* (?P<name> and (?<name>: the name only has to be fresh; the group goes by its number. */
static bool named_group(struct translator *t, size_t begin, size_t prefix)
{
	struct regex_src *r = t->r;
	struct str rest = str_from(r->s, begin + prefix), name;
	size_t end = str_chr(rest, '>');

	if (end == STR_NPOS)
		return regex_refuse(r, begin, "invalid named capture group", str_from(r->s, begin));
	name = str_sub(rest, 0, end);
	if (!str_is_word(name))
		return regex_refuse(r, begin, "invalid named capture group",
			str_sub(r->s, begin, begin + prefix + end + 1));
	vec_each (struct str *, other, &t->names)
		if (str_eq(*other, name))
			return regex_refuse(r, begin, "duplicate capture group name", name);
	vec_push(&t->names, name);
	r->at = begin + prefix + end + 1;
	t->groups++;
	buf_addc(r->out, '(');
	return open_group(t, begin);
}

/* (?ims-U) and (?ims-U:...) */
static bool flag_group(struct translator *t, size_t begin)
{
	struct regex_src *r = t->r;
	bool negated = false, seen = false;
	size_t at = begin + 2;

	for (;; at++) {
		char c = at < r->s.n ? r->s.p[at] : '\0';

		if (c && strchr("imsU", c)) {
			seen = true;
		} else if (c == '-' && !negated) {
			negated = true;
			seen = false;
		} else if ((c == ':' || c == ')') && (!negated || seen)) {
			break;
		} else {
			size_t len = at < r->s.n
					     ? MAX(utf8_len(r->s.p + at, r->s.n - at), (size_t)1)
					     : 0;

			return regex_refuse(r, begin,
				at < r->s.n ? "invalid perl operator" : "missing )",
				str_sub(r->s, begin, at + len));
		}
	}
	r->at = at + 1;
	if (r->s.p[at] == ')') {
		/* RE2 lets a repetition reach over it to the atom before: it must come first. */
		t->flags = str_sub(r->s, begin, at + 1);
		return true;
	}
	buf_addstr(r->out, str_sub(r->s, begin, at + 1));
	return open_group(t, begin);
}

static bool group(struct translator *t)
{
	struct regex_src *r = t->r;
	size_t begin = r->at;
	struct str rest = str_from(r->s, begin);

	if (str_starts(rest, STR("(?P<")))
		return named_group(t, begin, 4);
	if (str_starts(rest, STR("(?<")) && look(r, 3) != '=' && look(r, 3) != '!')
		return named_group(t, begin, 3);
	if (str_starts(rest, STR("(?")))
		return flag_group(t, begin);
	r->at++;
	t->groups++;
	buf_addc(r->out, '(');
	return open_group(t, begin);
}

/* An assertion takes no quantifier in PCRE2 unless it is in a group. */
static void wrap_assertion(struct translator *t)
{
	struct buf *out = t->r->out;
	char tmp[8];
	size_t n = out->n - t->atom_out;

	if (!t->assertion || n > sizeof(tmp))
		return;
	memcpy(tmp, out->p + t->atom_out, n);
	buf_truncate(out, t->atom_out);
	buf_adds(out, "(?:");
	buf_add(out, tmp, n);
	buf_addc(out, ')');
	t->assertion = false;
}

/* Common to all repetitions; r->at is behind the operator, op its text without a lazy '?'. */
static bool repetition(struct translator *t, size_t from, struct str op)
{
	struct regex_src *r = t->r;

	if (t->repeat_at != STR_NPOS)
		return regex_refuse(r, t->repeat_at, "bad repetition operator",
			str_sub(r->s, t->repeat_at, r->at));
	if (!t->atom)
		return regex_refuse(r, from, "no argument for repetition operator", op);
	wrap_assertion(t);
	buf_addstr(r->out, op);
	if (look(r, 0) == '?') {
		buf_addc(r->out, '?');
		r->at++;
	}
	t->repeat_at = from;
	return true;
}

/* A decimal number without leading zeros; false when there is none. */
static bool number(const struct regex_src *r, size_t *at, unsigned *v)
{
	size_t from = *at;

	if (*at + 1 < r->s.n && r->s.p[*at] == '0' && isdigit((unsigned char)r->s.p[*at + 1]))
		return false;
	*v = 0;
	for (; *at < r->s.n && isdigit((unsigned char)r->s.p[*at]); ++*at)
		*v = MIN(*v * 10 + (unsigned)(r->s.p[*at] - '0'), 100000u);
	return *at > from;
}

/* {n}, {n,} or {n,m}; false when the brace is an ordinary character. */
static bool braces(const struct regex_src *r, size_t *end, unsigned *lo, unsigned *hi)
{
	size_t at = r->at + 1;

	if (!number(r, &at, lo))
		return false;
	*hi = *lo;
	if (at < r->s.n && r->s.p[at] == ',') {
		at++;
		*hi = UINT_MAX;
		if (at < r->s.n && r->s.p[at] != '}' && !number(r, &at, hi))
			return false;
	}
	if (at >= r->s.n || r->s.p[at] != '}')
		return false;
	*end = at + 1;
	return true;
}

static bool counted_repetition(struct translator *t)
{
	struct regex_src *r = t->r;
	size_t from = r->at, end;
	unsigned lo, hi, most;
	struct str op;

	if (!braces(r, &end, &lo, &hi)) {
		begin_atom(t, false);
		r->at++;
		regex_put_char(r->out, '{');
		return true;
	}
	op = str_sub(r->s, from, end);
	if (lo > REGEX_MAX_REPEAT || (hi != UINT_MAX && (hi > REGEX_MAX_REPEAT || hi < lo)))
		return regex_refuse(r, from, "invalid repetition size", op);
	r->at = end;
	if (!repetition(t, from, op))
		return false;
	most = MAX(hi == UINT_MAX ? lo : hi, 1u);
	if (most > 1 && t->atom_repeat > REGEX_MAX_REPEAT / most)
		return regex_refuse(r, from, "invalid repetition size", op);
	t->atom_repeat *= most;
	return true;
}

static void put_literal(struct translator *t, uint32_t cp)
{
	begin_atom(t, false);
	regex_put_char(t->r->out, cp);
}

/* \Q...\E: everything in it is ordinary. */
static void quoted(struct translator *t)
{
	struct regex_src *r = t->r;

	for (r->at += 2; r->at < r->s.n;) {
		if (look(r, 0) == '\\' && look(r, 1) == 'E') {
			r->at += 2;
			return;
		}
		/* Within quotes, RE2 reads two backslashes as one. */
		if (look(r, 0) == '\\' && look(r, 1) == '\\')
			r->at++;
		put_literal(t, regex_next_char(r));
	}
}

static bool escape(struct translator *t)
{
	struct regex_src *r = t->r;
	size_t from = r->at;
	char c = look(r, 1);
	uint32_t cp;

	switch (c) {
	case 'A':
	case 'z':
	case 'b':
	case 'B':
		begin_atom(t, true);
		buf_printf(r->out, "\\%c", c);
		r->at += 2;
		return true;
	case 'd':
	case 'D':
	case 'w':
	case 'W':
		begin_atom(t, false);
		buf_printf(r->out, "\\%c", c);
		r->at += 2;
		return true;
	case 's':
	case 'S':
		begin_atom(t, false);
		buf_adds(r->out, c == 's' ? "[\\t\\n\\f\\r\\x20]" : "[^\\t\\n\\f\\r\\x20]");
		r->at += 2;
		return true;
	case 'C': /* a byte for RE2; a character is as near as UTF-8 allows */
		begin_atom(t, false);
		buf_adds(r->out, "(?s:.)");
		r->at += 2;
		return true;
	case 'p':
	case 'P':
		begin_atom(t, false);
		r->at++;
		return regex_unicode_class(r);
	case 'Q':
		quoted(t);
		return true;
	case 'E':
		r->at += 2;
		return true;
	default:
		r->at++;
		if (!regex_escaped_char(r, from, &cp))
			return false;
		put_literal(t, cp);
		return true;
	}
}

/* Writes the flags that were held back, once no repetition follows them. */
static void put_flags(struct translator *t)
{
	char c = look(t->r, 0);
	unsigned lo, hi;
	size_t end;

	if (!t->flags.n || (c && strchr("*+?", c)) || (c == '{' && braces(t->r, &end, &lo, &hi)))
		return;
	no_atom(t);
	buf_addstr(t->r->out, t->flags);
	t->flags = STR_NULL;
}

static bool one(struct translator *t)
{
	struct regex_src *r = t->r;
	char c = look(r, 0);

	put_flags(t);
	switch (c) {
	case '\\':
		return escape(t);
	case '[':
		begin_atom(t, false);
		r->at++;
		return regex_class(r);
	case '(':
		return group(t);
	case ')':
		return close_group(t);
	case '|':
		no_atom(t);
		buf_addc(r->out, '|');
		r->at++;
		return true;
	case '^':
	case '$':
	case '.':
		begin_atom(t, c != '.');
		buf_addc(r->out, c);
		r->at++;
		return true;
	case '*':
	case '+':
	case '?':
		r->at++;
		return repetition(t, r->at - 1, str_sub(r->s, r->at - 1, r->at));
	case '{':
		return counted_repetition(t);
	default:
		put_literal(t, regex_next_char(r));
		return true;
	}
}

static bool check_utf8(struct regex_src *r)
{
	for (size_t i = 0; i < r->s.n;) {
		size_t len = utf8_len(r->s.p + i, r->s.n - i);

		if (!len)
			return regex_refuse(r, i, "invalid UTF-8", STR_NULL);
		i += len;
	}
	return true;
}

bool regex_translate(struct regex_src *r, size_t *groups)
{
	struct translator t = {.r = r, .top_repeat = 1, .repeat_at = STR_NPOS};
	bool ok = check_utf8(r);

	while (ok && r->at < r->s.n)
		ok = one(&t);
	put_flags(&t);
	if (ok && t.open.n)
		ok = regex_refuse(r, t.open.v[t.open.n - 1].begin, "missing )", r->s);
	*groups = t.groups;
	vec_release(&t.open);
	vec_release(&t.names);
	return ok;
}
