#include "base/base.h"
#include "emulator/runner/shell_expand.h"

#include <fnmatch.h>

/* References in words of references: nobody writes more, and each level is one of the stack. */
#define DEPTH_MAX 16

struct expansion {
	shell_get_fn *get;
	void *arg;
	const char *why;
	unsigned depth;
};

static int expand_text(struct expansion *x, struct buf *out, struct str text);

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static size_t name_length(struct str s)
{
	size_t n = 0;

	if (s.n && isdigit((unsigned char)s.p[0]))
		return 1;
	while (n < s.n && is_name(s.p[n]))
		n++;
	return n;
}

static int refuse(struct expansion *x, const char *why)
{
	x->why = why;
	return -1;
}

/* Behind "${": where the bracket that belongs to it is; STR_NPOS: nowhere. */
static size_t closing(struct str s)
{
	unsigned open = 1;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '$' && i + 1 < s.n && s.p[i + 1] == '{')
			open++;
		else if (s.p[i] == '}' && !--open)
			return i;
	}
	return STR_NPOS;
}

/* Patterns: an end of the value, or any part of it. */

static bool matches(const char *pattern, struct str s)
{
	CLEANUP(free) char *text = xstrndup(s.p, s.n);

	return fnmatch(pattern, text, 0) == 0;
}

/* ${V#p}, ${V##p}, ${V%p}, ${V%%p} */
static struct str strip(struct str v, const char *pattern, bool front, bool longest)
{
	for (size_t i = 0; i <= v.n; i++) {
		size_t n = longest ? v.n - i : i;

		if (matches(pattern, front ? str_sub(v, 0, n) : str_from(v, v.n - n)))
			return front ? str_from(v, n) : str_sub(v, 0, v.n - n);
	}
	return v;
}

/* ${V/p/to}, ${V//p/to}: the longest match at each place; an empty one is none. */
static void replace(struct buf *out, struct str v, const char *pattern, struct str to, bool all)
{
	bool done = !*pattern;

	for (size_t i = 0; i < v.n;) {
		size_t n = done ? 0 : v.n - i;

		while (n && !matches(pattern, str_sub(v, i, i + n)))
			n--;
		if (!n) {
			buf_addc(out, v.p[i++]);
			continue;
		}
		buf_addstr(out, to);
		i += n;
		done = !all;
	}
}

static int put_replaced(struct expansion *x, struct buf *out, struct str v, struct str word)
{
	CLEANUP(buf_release) struct buf pattern = BUF_INIT, to = BUF_INIT;
	bool all = word.n && word.p[0] == '/';
	size_t slash;

	word = str_from(word, all);
	slash = str_chr(word, '/');
	/* "\/" is a slash of the pattern. */
	while (slash != STR_NPOS && slash && word.p[slash - 1] == '\\') {
		size_t more = str_chr(str_from(word, slash + 1), '/');

		slash = more == STR_NPOS ? more : slash + 1 + more;
	}
	if (expand_text(x, &pattern, str_sub(word, 0, slash == STR_NPOS ? word.n : slash)) ||
		(slash != STR_NPOS && expand_text(x, &to, str_from(word, slash + 1))))
		return -1;
	replace(out, v, pattern.p, buf_str(&to), all);
	return 0;
}

static int put_stripped(struct expansion *x, struct buf *out, struct str v, struct str op)
{
	CLEANUP(buf_release) struct buf pattern = BUF_INIT;
	bool longest = op.n > 1 && op.p[1] == op.p[0];

	if (expand_text(x, &pattern, str_from(op, 1 + longest)))
		return -1;
	buf_addstr(out, strip(v, pattern.p, op.p[0] == '#', longest));
	return 0;
}

/* ${V:from}, ${V:from:length}; a negative number counts from the end. */
static int put_part(struct expansion *x, struct buf *out, struct str v, struct str word)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	int64_t from, n = (int64_t)v.n, size = (int64_t)v.n;
	size_t colon;

	if (expand_text(x, &text, word))
		return -1;
	colon = str_chr(buf_str(&text), ':');
	if (!parse_i64(str_trim(str_sub(buf_str(&text), 0, colon == STR_NPOS ? text.n : colon)),
		    &from) ||
		(colon != STR_NPOS &&
			!parse_i64(str_trim(str_from(buf_str(&text), colon + 1)), &n)))
		return refuse(x, "the parts of a value are given by numbers");
	from = from < 0 ? from + size : from;
	if (from < 0 || from > size)
		return 0;
	n = n < 0 ? size + n - from : MIN(n, size - from);
	if (n > 0)
		buf_addstr(out, str_sub(v, (size_t)from, (size_t)(from + n)));
	return 0;
}

static void put_case(struct buf *out, struct str v, char op, bool all)
{
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];

		if (i && !all)
			buf_addc(out, v.p[i]);
		else
			buf_addc(out, (char)(op == '^' ? toupper(c) : tolower(c)));
	}
}

/* What stands behind the name, between the brackets. */
static int put_operated(struct expansion *x, struct buf *out, struct str v, struct str op)
{
	bool colon = op.p[0] == ':' && op.n > 1 && strchr("-+=?", op.p[1]);
	struct str word = str_from(op, 1 + colon);

	switch (op.p[colon]) {
	case '-':
	case '=':
		if (!v.n)
			return expand_text(x, out, word);
		buf_addstr(out, v);
		return 0;
	case '+':
		return v.n ? expand_text(x, out, word) : 0;
	case '?':
		if (!v.n)
			return refuse(x, "a variable that must be set is not");
		buf_addstr(out, v);
		return 0;
	case ':':
		return put_part(x, out, v, word);
	case '#':
	case '%':
		return put_stripped(x, out, v, op);
	case '/':
		return put_replaced(x, out, v, word);
	case '^':
	case ',':
		put_case(out, v, op.p[0], word.n && word.p[0] == op.p[0]);
		return 0;
	default:
		return refuse(x, "not a parameter expansion");
	}
}

static int put_braces(struct expansion *x, struct buf *out, struct str inside)
{
	bool length = inside.n > 1 && inside.p[0] == '#';
	size_t n = name_length(str_from(inside, length));
	struct str v;

	if (!n)
		return refuse(x, "not a parameter expansion");
	v = x->get(x->arg, str_sub(inside, length, length + n));
	inside = str_from(inside, length + n);
	if (length && !inside.n)
		buf_printf(out, "%zu", v.n);
	else if (length)
		return refuse(x, "not a parameter expansion");
	else if (!inside.n)
		buf_addstr(out, v);
	else
		return put_operated(x, out, v, inside);
	return 0;
}

/* s: behind a dollar. *taken: what of it belongs to it. */
static int put_dollar(struct expansion *x, struct buf *out, struct str s, size_t *taken)
{
	size_t n = name_length(s);

	*taken = n;
	if (n) {
		buf_addstr(out, x->get(x->arg, str_sub(s, 0, n)));
	} else if (s.n && s.p[0] == '{') {
		size_t close = closing(str_from(s, 1));

		if (close == STR_NPOS)
			return refuse(x, "${ has no matching }");
		*taken = close + 2;
		return put_braces(x, out, str_sub(s, 1, close + 1));
	} else if (s.n && s.p[0] == '(') {
		return refuse(x, "commands and arithmetic are not expanded");
	} else if (s.n && strchr("@*#?$!-", s.p[0])) {
		*taken = 1;
	} else {
		buf_addc(out, '$');
	}
	return 0;
}

static int expand_text(struct expansion *x, struct buf *out, struct str text)
{
	size_t taken;

	if (++x->depth > DEPTH_MAX)
		return refuse(x, "too many references in each other");
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '\\' && i + 1 < text.n && strchr("$`\\\n", text.p[i + 1])) {
			i++;
			if (text.p[i] != '\n')
				buf_addc(out, text.p[i]);
		} else if (c == '`') {
			return refuse(x, "commands and arithmetic are not expanded");
		} else if (c != '$') {
			buf_addc(out, c);
		} else {
			if (put_dollar(x, out, str_from(text, i + 1), &taken))
				return -1;
			i += taken;
		}
	}
	x->depth--;
	return 0;
}

int shell_expand(struct buf *out, struct str text, shell_get_fn *get, void *arg, const char **why)
{
	struct expansion x = {.get = get, .arg = arg};
	int r = expand_text(&x, out, text);

	*why = x.why;
	return r;
}
