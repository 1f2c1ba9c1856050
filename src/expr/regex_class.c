#include "base/base.h"

#include "expr/regex_internal.h"

bool regex_refuse(struct regex_src *r, size_t at, const char *what, struct str subject)
{
	if (!r->why.p) {
		r->why = arena_printf(
			r->arena, subject.n ? "%s: " STR_FMT : "%s", what, STR_ARG(subject));
		r->why_at = at;
	}
	return false;
}

uint32_t regex_next_char(struct regex_src *r)
{
	size_t len;
	uint32_t c = utf8_char(r->s.p + r->at, r->s.n - r->at, &len);

	r->at += len ? len : 1;
	return c;
}

/* Spelt so that nothing about it can be special. */
void regex_put_char(struct buf *out, uint32_t cp)
{
	if (cp < 0x80 && isalnum((int)cp))
		buf_addc(out, (char)cp);
	else
		buf_printf(out, "\\x{%x}", cp);
}

static int hex(const struct regex_src *r)
{
	int c = r->at < r->s.n ? (unsigned char)r->s.p[r->at] : 0;

	if (!isxdigit(c))
		return -1;
	return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

static bool bad_escape(struct regex_src *r, size_t backslash)
{
	size_t end = backslash + 1;

	if (end < r->s.n)
		end += MAX(utf8_len(r->s.p + end, r->s.n - end), (size_t)1);
	return regex_refuse(
		r, backslash, "invalid escape sequence", str_sub(r->s, backslash, MAX(end, r->at)));
}

static bool hex_escape(struct regex_src *r, size_t backslash, uint32_t *cp)
{
	uint32_t v = 0;
	size_t n = 0;

	if (r->at < r->s.n && r->s.p[r->at] == '{') {
		for (r->at++; hex(r) >= 0; r->at++, n++) {
			v = v * 16 + (uint32_t)hex(r);
			if (v > 0x10ffff)
				return bad_escape(r, backslash);
		}
		if (!n || r->at >= r->s.n || r->s.p[r->at] != '}')
			return bad_escape(r, backslash);
		r->at++;
	} else {
		for (; n < 2 && hex(r) >= 0; n++, r->at++)
			v = v * 16 + (uint32_t)hex(r);
		if (n < 2)
			return bad_escape(r, backslash);
	}
	/* Surrogates are no characters; no text that is UTF-8 holds one. */
	if (v >= 0xd800 && v <= 0xdfff)
		return bad_escape(r, backslash);
	*cp = v;
	return true;
}

static bool is_octal(const struct regex_src *r)
{
	return r->at < r->s.n && r->s.p[r->at] >= '0' && r->s.p[r->at] <= '7';
}

bool regex_escaped_char(struct regex_src *r, size_t backslash, uint32_t *cp)
{
	static const char letters[] = "aftnrv";
	static const char values[] = "\a\f\t\n\r\v";
	const char *hit;
	char c;

	if (r->at >= r->s.n)
		return regex_refuse(r, backslash, "trailing \\", STR_NULL);
	c = r->s.p[r->at];
	if ((unsigned char)c >= 0x80)
		return bad_escape(r, backslash);
	r->at++;
	if (c >= '1' && c <= '7' && !is_octal(r))
		return bad_escape(r, backslash); /* a back-reference */
	if (c >= '0' && c <= '7') {
		*cp = (uint32_t)(c - '0');
		for (int n = 0; n < 2 && is_octal(r); n++)
			*cp = *cp * 8 + (uint32_t)(r->s.p[r->at++] - '0');
		return true;
	}
	if (c == 'x')
		return hex_escape(r, backslash, cp);
	hit = c ? strchr(letters, c) : NULL;
	if (hit) {
		*cp = (unsigned char)values[hit - letters];
		return true;
	}
	if (isalnum((unsigned char)c))
		return bad_escape(r, backslash);
	*cp = (unsigned char)c;
	return true;
}

/* RE2 has the general categories, scripts by their full names, and Any. */
static bool known_property(struct str name)
{
	static const char *const categories[] = {"C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo",
		"Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe",
		"Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs", "Any"};
	bool start = true;

	for (size_t i = 0; i < ARRAY_SIZE(categories); i++)
		if (str_is(name, categories[i]))
			return true;
	if (name.n < 4 && !str_is(name, "Lao") && !str_is(name, "Nko") && !str_is(name, "Vai") &&
		!str_is(name, "Yi"))
		return false;
	/* Old_South_Arabian: words with a capital. Whether there is such a script PCRE2 knows. */
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (start ? !isupper(c) : !islower(c) && c != '_')
			return str_is(name, "SignWriting") || str_is(name, "Phags_Pa");
		start = c == '_';
	}
	return !start;
}

bool regex_unicode_class(struct regex_src *r)
{
	size_t from = r->at - 1, end;
	char letter = r->s.p[r->at++];
	struct str name;
	bool negated = letter == 'P';

	if (r->at >= r->s.n)
		return regex_refuse(
			r, from, "invalid character class range", str_sub(r->s, from, r->at));
	if (r->s.p[r->at] == '{') {
		end = str_chr(str_from(r->s, r->at), '}');
		if (end == STR_NPOS)
			return regex_refuse(
				r, from, "invalid character class range", str_from(r->s, from));
		name = str_sub(r->s, r->at + 1, r->at + end);
		r->at += end + 1;
	} else {
		size_t at = r->at;

		regex_next_char(r);
		name = str_sub(r->s, at, r->at);
	}
	if (name.n && name.p[0] == '^') {
		negated = !negated;
		name = str_from(name, 1);
	}
	if (!known_property(name))
		return regex_refuse(
			r, from, "invalid character class range", str_sub(r->s, from, r->at));
	buf_printf(r->out, "\\%c{" STR_FMT "}", negated ? 'P' : 'p', STR_ARG(name));
	return true;
}

/* [:alpha:] and [:^alpha:]. Sets *taken when there was one. */
static bool posix_class(struct regex_src *r, bool *taken)
{
	static const char *const names[] = {"alnum", "alpha", "ascii", "blank", "cntrl", "digit",
		"graph", "lower", "print", "punct", "space", "upper", "word", "xdigit"};
	struct str rest = str_from(r->s, r->at), name, whole;
	size_t end;

	*taken = false;
	if (!str_starts(rest, STR("[:")))
		return true;
	end = str_find(str_from(rest, 2), STR(":]"));
	if (end == STR_NPOS)
		return true;
	whole = str_sub(rest, 0, end + 4);
	name = str_sub(rest, 2, end + 2);
	if (name.n && name.p[0] == '^')
		name = str_from(name, 1);
	*taken = true;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!str_is(name, names[i]))
			continue;
		buf_addstr(r->out, whole);
		r->at += whole.n;
		return true;
	}
	return regex_refuse(r, r->at, "invalid character class range", whole);
}

/* \d, \s, \w and their complements, and \p. Sets *taken when there was one. */
static bool escape_class(struct regex_src *r, bool *taken)
{
	char c = r->at + 1 < r->s.n && r->s.p[r->at] == '\\' ? r->s.p[r->at + 1] : '\0';

	*taken = true;
	switch (c) {
	case 'd':
	case 'D':
	case 'w':
	case 'W':
		buf_printf(r->out, "\\%c", c);
		r->at += 2;
		return true;
	case 's': /* RE2's has no vertical tab */
		buf_adds(r->out, "\\t\\n\\f\\r\\x20");
		r->at += 2;
		return true;
	case 'S':
		buf_adds(r->out, "\\x00-\\x08\\x0b\\x0e-\\x1f\\x21-\\x{10ffff}");
		r->at += 2;
		return true;
	case 'p':
	case 'P':
		r->at++;
		return regex_unicode_class(r);
	default:
		*taken = false;
		return true;
	}
}

static bool class_char(struct regex_src *r, uint32_t *cp)
{
	size_t at = r->at;

	if (r->s.p[at] != '\\') {
		*cp = regex_next_char(r);
		return true;
	}
	r->at++;
	return regex_escaped_char(r, at, cp);
}

static bool class_range(struct regex_src *r)
{
	size_t from = r->at;
	uint32_t lo, hi;

	if (!class_char(r, &lo))
		return false;
	hi = lo;
	if (r->at + 1 < r->s.n && r->s.p[r->at] == '-' && r->s.p[r->at + 1] != ']') {
		r->at++;
		if (!class_char(r, &hi))
			return false;
		if (hi < lo)
			return regex_refuse(r, from, "invalid character class range",
				str_sub(r->s, from, r->at));
	}
	regex_put_char(r->out, lo);
	if (hi != lo) {
		buf_addc(r->out, '-');
		regex_put_char(r->out, hi);
	}
	return true;
}

bool regex_class(struct regex_src *r)
{
	size_t open = r->at - 1;
	bool first = true, taken;

	buf_addc(r->out, '[');
	if (r->at < r->s.n && r->s.p[r->at] == '^') {
		buf_addc(r->out, '^');
		r->at++;
	}
	for (; r->at < r->s.n && (first || r->s.p[r->at] != ']'); first = false) {
		if (!posix_class(r, &taken))
			return false;
		if (taken)
			continue;
		if (!escape_class(r, &taken))
			return false;
		if (!taken && !class_range(r))
			return false;
	}
	if (r->at >= r->s.n)
		return regex_refuse(r, open, "missing ]", str_from(r->s, open));
	r->at++;
	buf_addc(r->out, ']');
	return true;
}
