#include "base/base.h"

#include "expr/glob_internal.h"

/* What braces may expand to, in patterns and in bytes: far beyond what people write. */
#define MAX_ALTS  1024
#define MAX_BYTES ((size_t)1 << 18)

uint32_t glob_next(struct str s, size_t *at)
{
	size_t len;
	uint32_t c = utf8_char(s.p + *at, s.n - *at, &len);

	*at += len ? len : 1;
	return len ? c : 0x80000000u | c;
}

struct compiler {
	struct arena *a;
	enum glob_dialect dialect;
	VEC(struct glob_alt) alts;
	size_t bytes;
	struct str why;
};

static bool bad(struct compiler *c, struct str why)
{
	if (!c->why.p)
		c->why = why;
	return false;
}

/* ------------------------------------------------------------------ one alternative */

struct item_list {
	struct glob_item *v;
	size_t n, cap;
};

static bool set_char(struct str p, size_t *at, uint32_t *cp)
{
	if (p.p[*at] == '\\')
		++*at;
	if (*at >= p.n)
		return false;
	*cp = glob_next(p, at);
	return true;
}

/* *at is behind the '['. */
static bool compile_set(struct compiler *c, struct str p, size_t *at, struct glob_item *item)
{
	VEC(struct glob_range) ranges = {NULL, 0, 0};

	item->kind = GLOB_SET;
	if (*at < p.n && (p.p[*at] == '!' || p.p[*at] == '^')) {
		item->negated = true;
		++*at;
	}
	if (c->dialect == GLOB_DOUBLESTAR && *at < p.n && p.p[*at] == ']')
		return bad(c, STR("an empty character class"));
	while (*at < p.n && p.p[*at] != ']') {
		struct glob_range r;

		if (!set_char(p, at, &r.lo))
			break;
		r.hi = r.lo;
		if (*at + 1 < p.n && p.p[*at] == '-' && p.p[*at + 1] != ']') {
			++*at;
			if (!set_char(p, at, &r.hi))
				break;
		}
		vec_push_in(c->a, &ranges, r);
	}
	if (*at >= p.n || p.p[*at] != ']')
		return bad(c, STR("'[' is not closed"));
	++*at;
	item->ranges = ranges.v;
	item->n_ranges = ranges.n;
	return true;
}

/* A run of stars; start: it stands at the start of a component. */
static void compile_stars(
	struct compiler *c, struct str p, size_t *at, bool start, struct glob_item *item)
{
	size_t run = 0;

	while (*at + run < p.n && p.p[*at + run] == '*')
		run++;
	*at += run;
	item->kind = GLOB_STAR;
	if (run != 2 || !start)
		return;
	if (*at < p.n && p.p[*at] == '/') {
		item->kind = GLOB_DIRS;
		++*at;
	} else if (*at == p.n && c->dialect == GLOB_DOUBLESTAR) {
		item->kind = GLOB_REST;
	}
}

/* The next item of the pattern; false where nothing can match it. */
static bool compile_item(
	struct compiler *c, struct str p, size_t *at, bool start, struct glob_item *item)
{
	char ch = p.p[*at];

	if (ch == '*') {
		compile_stars(c, p, at, start, item);
		return true;
	}
	if (ch == '?') {
		++*at;
		item->kind = GLOB_ONE;
		return true;
	}
	if (ch == '[') {
		++*at;
		return compile_set(c, p, at, item);
	}
	if (ch == '\\')
		++*at;
	item->kind = GLOB_CHAR;
	item->cp = glob_next(p, at);
	return true;
}

static bool compile_alt(struct compiler *c, struct str p)
{
	VEC(struct glob_item) items = {NULL, 0, 0};
	bool start = true;

	for (size_t at = 0; at < p.n;) {
		struct glob_item item = {.kind = GLOB_CHAR};

		if (p.p[at] == '\\' && at + 1 == p.n) {
			/* Ruby takes a last backslash for the end of the pattern. */
			if (c->dialect == GLOB_DOUBLESTAR)
				return bad(c, STR("'\\' at the end"));
			break;
		}
		if (!compile_item(c, p, &at, start, &item))
			return false;
		start = item.kind == GLOB_DIRS || (item.kind == GLOB_CHAR && item.cp == '/');
		vec_push_in(c->a, &items, item);
	}
	vec_push_in(c->a, &c->alts, ((struct glob_alt){items.v, items.n}));
	return true;
}

/* --------------------------------------------------------------------------- braces */

/* Behind the character class that starts at `at`, where the dialect minds classes. */
static size_t skip_class(struct str p, size_t at)
{
	for (at++; at < p.n && p.p[at] != ']'; at++)
		if (p.p[at] == '\\')
			at++;
	return at;
}

static size_t find_open(const struct compiler *c, struct str p)
{
	for (size_t i = 0; i < p.n; i++) {
		if (p.p[i] == '\\')
			i++;
		else if (p.p[i] == '[' && c->dialect == GLOB_DOUBLESTAR)
			i = skip_class(p, i);
		else if (p.p[i] == '{')
			return i;
	}
	return STR_NPOS;
}

static size_t find_close(struct str p, size_t open)
{
	size_t nest = 0;

	for (size_t i = open; i < p.n; i++) {
		if (p.p[i] == '\\')
			i++;
		else if (p.p[i] == '{')
			nest++;
		else if (p.p[i] == '}' && --nest == 0)
			return i;
	}
	return STR_NPOS;
}

/* The comma or the closing brace that ends the alternative at `from`. */
static size_t find_comma(const struct compiler *c, struct str p, size_t from, size_t close)
{
	size_t nest = 0;

	for (size_t i = from; i < close; i++) {
		if (p.p[i] == '\\')
			i++;
		else if (p.p[i] == '[' && c->dialect == GLOB_DOUBLESTAR)
			i = skip_class(p, i);
		else if (p.p[i] == '{')
			nest++;
		else if (p.p[i] == '}')
			nest -= nest > 0;
		else if (p.p[i] == ',' && !nest)
			return i;
	}
	return close;
}

/*
 * Expands the first braces textually and goes on with what comes out, as both File.fnmatch and
 * doublestar do; patterns still to be looked at wait in a list instead of on the stack.
 */
static bool expand(struct compiler *c, struct str pattern)
{
	VEC(struct str) todo = {NULL, 0, 0};
	bool ok = true;

	vec_push(&todo, pattern);
	while (ok && todo.n) {
		struct str p = todo.v[--todo.n];
		size_t open = find_open(c, p), close, first = todo.n;

		if (open == STR_NPOS) {
			/* One alternative that cannot match leaves the others. */
			compile_alt(c, p);
			continue;
		}
		close = find_close(p, open);
		if (close == STR_NPOS) {
			ok = bad(c, STR("'{' is not closed"));
			break;
		}
		for (size_t from = open + 1; ok && from <= close;) {
			size_t comma = find_comma(c, p, from, close);

			c->bytes += p.n;
			if (c->bytes > MAX_BYTES || todo.n + c->alts.n > MAX_ALTS)
				ok = bad(c, STR("the braces expand to too many patterns"));
			vec_push(&todo, arena_printf(c->a, STR_FMT STR_FMT STR_FMT,
						STR_ARG(str_sub(p, 0, open)),
						STR_ARG(str_sub(p, from, comma)),
						STR_ARG(str_from(p, close + 1))));
			from = comma + 1;
		}
		/* The list is taken from its end: the first alternative must lie there. */
		for (size_t i = first, k = todo.n; i + 1 < k; i++) {
			struct str tmp = todo.v[i];

			todo.v[i] = todo.v[--k];
			todo.v[k] = tmp;
		}
	}
	vec_release(&todo);
	return ok;
}

const struct glob *glob_new(
	struct arena *a, struct str pattern, enum glob_dialect dialect, struct str *why)
{
	struct compiler c = {.a = a, .dialect = dialect};
	struct glob *g = arena_new(a, struct glob);

	g->dialect = dialect;
	if (pattern.n && memchr(pattern.p, '\0', pattern.n))
		bad(&c, STR("it holds a NUL byte"));
	else if (pattern.n > MAX_BYTES)
		bad(&c, STR("it is too long"));
	else if (expand(&c, pattern)) {
		g->alts = c.alts.v;
		g->n_alts = c.alts.n;
	}
	/* In doublestar, an error anywhere is an error of the whole. */
	if (c.why.p && dialect == GLOB_DOUBLESTAR)
		g->n_alts = 0;
	if (why)
		*why = c.why.p ? c.why : STR_NULL;
	return g;
}
