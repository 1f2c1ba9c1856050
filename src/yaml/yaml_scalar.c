#include "base/base.h"

#include "yaml/yaml_internal.h"

#include <math.h>

/*
 * Typing of plain scalars. The rules are those of Psych's ScalarScanner (Ruby's psych 4 and 5,
 * lib/psych/scalar_scanner.rb), order included, as GitLab loads with it.
 */

/* Digits of a number beyond which we refuse to compute: Ruby would, and no one means it. */
#define MAX_DIGITS 512

/* A cursor over the text: the recognisers below are regular expressions written out. */
struct cur {
	struct str s;
	size_t at;
};

static int peek(const struct cur *c)
{
	return c->at < c->s.n ? (unsigned char)c->s.p[c->at] : -1;
}

static bool at_end(const struct cur *c)
{
	return c->at == c->s.n;
}

static bool take(struct cur *c, const char *set)
{
	int ch = peek(c);

	if (ch <= 0 || !strchr(set, ch))
		return false;
	c->at++;
	return true;
}

static size_t take_many(struct cur *c, const char *set, size_t max)
{
	size_t n = 0;

	while (n < max && take(c, set))
		n++;
	return n;
}

#define DIGITS "0123456789"
#define BLANKS " \t\r\f\v"

/* Between min and max digits. */
static bool digits(struct cur *c, size_t min, size_t max)
{
	return take_many(c, DIGITS, max) >= min;
}

static bool is_time(struct str s)
{
	struct cur c = {s, 0};

	take(&c, "-");
	if (!digits(&c, 4, 4) || !take(&c, "-") || !digits(&c, 1, 2) || !take(&c, "-") ||
		!digits(&c, 1, 2))
		return false;
	if (!take(&c, "Tt") && !take_many(&c, BLANKS, SIZE_MAX))
		return false;
	if (!digits(&c, 1, 2) || !take(&c, ":") || !digits(&c, 2, 2) || !take(&c, ":") ||
		!digits(&c, 2, 2))
		return false;
	if (take(&c, "."))
		take_many(&c, DIGITS, SIZE_MAX);
	if (at_end(&c))
		return true;
	take_many(&c, BLANKS, SIZE_MAX);
	if (take(&c, "Z"))
		return at_end(&c);
	if (!take(&c, "+-") || !digits(&c, 1, 2))
		return false;
	take(&c, ":");
	return at_end(&c) || (digits(&c, 2, 2) && at_end(&c));
}

static bool is_date(struct str s)
{
	struct str_split it = str_split(s, '-');
	struct str y, m, d, rest;
	uint64_t month, day;

	if (!str_split_next(&it, &y) || !str_split_next(&it, &m) || !str_split_next(&it, &d) ||
		str_split_next(&it, &rest))
		return false;
	if (y.n != 4 || m.n < 1 || m.n > 2 || d.n < 1 || d.n > 2)
		return false;
	if (!parse_u64(y, &day) || !parse_u64(m, &month) || !parse_u64(d, &day))
		return false;
	return month <= 12 && day <= 31;
}

static void set_string(struct node *out, struct str s)
{
	out->kind = NODE_STRING;
	out->text = s;
}

static void set_bool(struct node *out, bool v)
{
	out->kind = NODE_BOOL;
	out->u.boolean = v;
	out->text = v ? STR("true") : STR("false");
}

/* Ruby's Float#to_s: the shortest digits that read back, with an exponent below 1e-4, from 1e15 on.
 */
void node_set_float(struct arena *a, struct node *n, double v)
{
	char sci[40], digits_of[40];
	int prec = 0, exp;
	size_t len = 0;
	const char *sign = signbit(v) ? "-" : "";

	n->kind = NODE_FLOAT;
	n->u.number = v;
	if (isnan(v)) {
		n->text = STR("NaN");
		return;
	}
	if (isinf(v)) {
		n->text = v < 0 ? STR("-Infinity") : STR("Infinity");
		return;
	}
	do
		snprintf(sci, sizeof(sci), "%.*e", prec, fabs(v));
	while (prec++ < 17 && strtod(sci, NULL) != fabs(v));
	exp = (int)strtol(strchr(sci, 'e') + 1, NULL, 10);
	for (const char *p = sci; *p != 'e'; p++)
		if (*p != '.')
			digits_of[len++] = *p;
	while (len > 1 && digits_of[len - 1] == '0')
		len--;
	digits_of[len] = '\0';
	if (v == 0)
		n->text = arena_printf(a, "%s0.0", sign);
	else if (exp < -4 || exp >= 15)
		n->text = arena_printf(a, "%s%c.%se%c%02d", sign, digits_of[0],
			len > 1 ? digits_of + 1 : "0", exp < 0 ? '-' : '+', abs(exp));
	else if (exp < 0)
		n->text = arena_printf(a, "%s0.%.*s%s", sign, -exp - 1, "0000", digits_of);
	else if (len <= (size_t)exp + 1)
		n->text = arena_printf(
			a, "%s%s%.*s.0", sign, digits_of, exp + 1 - (int)len, "0000000000000000");
	else
		n->text =
			arena_printf(a, "%s%.*s.%s", sign, exp + 1, digits_of, digits_of + exp + 1);
}

/* Drops what Psych deletes from numbers: underscores and commas. */
static struct str without_marks(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '_' && s.p[i] != ',')
			p[n++] = s.p[i];
	p[n] = '\0';
	return str_n(p, n);
}

/* Digits in a power-of-two or decimal base to a node, of any size up to MAX_DIGITS. */
static enum scalar_outcome set_integer(
	struct arena *a, struct str digs, unsigned base, bool neg, struct node *out)
{
	/* Limbs of nine decimal digits, the lowest first; 4096 hexadecimal digits are 4933 decimal
	 * ones. */
	uint32_t limb[MAX_DIGITS * 5 / 4 / 9 + 2];
	size_t n = 1;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!digs.n)
		return SCALAR_INVALID;
	if (digs.n > MAX_DIGITS)
		return SCALAR_TOO_LONG;
	limb[0] = 0;
	for (size_t i = 0; i < digs.n; i++) {
		char c = digs.p[i];
		uint64_t carry = c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 32) - 'a' + 10);

		for (size_t k = 0; k < n; k++) {
			carry += (uint64_t)limb[k] * base;
			limb[k] = (uint32_t)(carry % 1000000000u);
			carry /= 1000000000u;
		}
		if (carry)
			limb[n++] = (uint32_t)carry;
	}
	neg = neg && (n > 1 || limb[0]);
	buf_printf(&b, "%s%" PRIu32, neg ? "-" : "", limb[n - 1]);
	for (size_t k = n - 1; k-- > 0;)
		buf_printf(&b, "%09" PRIu32, limb[k]);
	out->kind = NODE_INT;
	out->text = str_eq(out->text, buf_str(&b)) ? out->text : arena_str(a, buf_str(&b));
	if (!parse_i64(out->text, &out->u.integer))
		out->u.integer = neg ? INT64_MIN : INT64_MAX;
	return SCALAR_OK;
}

/* INTEGER_LEGACY of the scanner. False: no integer. */
static bool scan_int(struct arena *a, struct str s, struct node *out, enum scalar_outcome *res)
{
	struct cur c = {s, 0};
	struct str digs;
	unsigned base = 10;
	bool neg = peek(&c) == '-';
	size_t from;

	take(&c, "+-");
	from = c.at;
	if (peek(&c) == '0' && s.n > c.at + 1) {
		char second = s.p[c.at + 1];
		const char *set = "01234567_,";

		c.at++;
		base = 8;
		if (second == 'b' || second == 'x') {
			c.at++;
			base = second == 'b' ? 2 : 16;
			set = second == 'b' ? "01_," : "0123456789abcdefABCDEF_,";
		}
		from = c.at;
		if (!take_many(&c, set, SIZE_MAX) || !at_end(&c))
			return false;
	} else if (!take(&c, "0")) {
		if (!take(&c, "123456789"))
			return false;
		while (digits(&c, 1, SIZE_MAX) || take(&c, "_,"))
			if ((c.s.p[c.at - 1] == '_' || c.s.p[c.at - 1] == ',') &&
				(at_end(&c) || !strchr(DIGITS, peek(&c))))
				return false;
	}
	if (!at_end(&c))
		return false;
	digs = without_marks(a, str_from(s, from));
	/* "0_" and the like: the leading zero alone is left of an octal number. */
	if (base == 8 && !digs.n)
		digs = STR("0");
	*res = set_integer(a, digs, base, neg, out);
	return true;
}

/* FLOAT of the scanner. False: no float. */
static bool scan_float(struct arena *a, struct str s, struct node *out, enum scalar_outcome *res)
{
	struct cur c = {s, 0};
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct str clean;
	bool bare;

	take(&c, "+-");
	if (digits(&c, 1, 1))
		take_many(&c, DIGITS "_,", SIZE_MAX);
	if (!take(&c, "."))
		return false;
	bare = c.at == s.n && (s.n == 1 || (s.n == 2 && (s.p[0] == '+' || s.p[0] == '-')));
	take_many(&c, DIGITS, SIZE_MAX);
	if (take(&c, "eE") && (!take(&c, "+-") || !digits(&c, 1, SIZE_MAX)))
		return false;
	if (!at_end(&c) || bare)
		return false;
	/* Ruby's Float() wants digits in front of an exponent; Psych drops a dot without a
	 * fraction. */
	clean = without_marks(a, s);
	for (size_t i = 0; i < clean.n; i++) {
		bool last = i + 1 == clean.n;

		if (clean.p[i] == '.' && (last || (clean.p[i + 1] | 32) == 'e'))
			continue;
		buf_addc(&b, clean.p[i]);
	}
	c = (struct cur){buf_str(&b), 0};
	take(&c, "+-");
	if (peek(&c) != '.' && !digits(&c, 1, 1)) {
		*res = SCALAR_INVALID;
		return true;
	}
	node_set_float(a, out, strtod(b.p, NULL));
	*res = SCALAR_OK;
	return true;
}

bool yaml_ruby_float(struct arena *a, struct str text, struct node *out)
{
	struct str s = str_trim(text);
	struct cur c = {s, 0};
	double v;

	take(&c, "+-");
	if (!digits(&c, 1, SIZE_MAX))
		return false;
	if (take(&c, ".") && !digits(&c, 1, SIZE_MAX))
		return false;
	if (take(&c, "eE")) {
		take(&c, "+-");
		if (!digits(&c, 1, SIZE_MAX))
			return false;
	}
	if (!at_end(&c))
		return false;
	v = strtod(arena_cstr(a, s), NULL);
	node_set_float(a, out, v);
	return true;
}

/* String#to_i and to_f of one part: digits with single underscores between them, then a fraction.
 */
static double part_value(struct str s, bool fraction)
{
	double v = 0, scale = 1;
	size_t i = 0;

	for (; i < s.n; i++) {
		if (s.p[i] == '_' && i && s.p[i - 1] != '_')
			continue;
		if (s.p[i] < '0' || s.p[i] > '9')
			break;
		v = v * 10 + (s.p[i] - '0');
	}
	if (!fraction || i >= s.n || s.p[i] != '.')
		return v;
	for (i++; i < s.n; i++) {
		if (s.p[i] == '_' && s.p[i - 1] != '_' && s.p[i - 1] != '.')
			continue;
		if (s.p[i] < '0' || s.p[i] > '9')
			break;
		scale /= 10;
		v += (s.p[i] - '0') * scale;
	}
	return v;
}

/*
 * Base 60 as the scanner computes it: part i is worth 60^(2-i), so that hours and minutes alone
 * count as hours and minutes; the sign belongs to the first part only.
 */
static bool scan_base60(struct arena *a, struct str s, struct node *out, enum scalar_outcome *res)
{
	static const int weight[] = {3600, 60, 1};
	struct cur c = {s, 0};
	struct str_split it;
	struct str part;
	bool neg = peek(&c) == '-', fraction;
	double sum = 0;
	size_t n = 0;

	take(&c, "+-");
	if (!digits(&c, 1, 1))
		return false;
	take_many(&c, DIGITS "_", SIZE_MAX);
	while (n < 2 && take(&c, ":")) {
		int first = peek(&c);

		if (!digits(&c, 1, 2) || (s.p[c.at - 2] != ':' && first > '5'))
			return false;
		n++;
	}
	fraction = n && take(&c, ".");
	if (fraction)
		take_many(&c, DIGITS "_", SIZE_MAX);
	if (!n || !at_end(&c))
		return false;
	it = str_split(s, ':');
	for (size_t i = 0; str_split_next(&it, &part); i++) {
		if (!i && (part.p[0] == '-' || part.p[0] == '+'))
			part = str_from(part, 1);
		sum += (!i && neg ? -1 : 1) * part_value(part, fraction) * weight[i];
	}
	if (fraction) {
		node_set_float(a, out, sum);
	} else if (fabs(sum) > 9e15) {
		*res = SCALAR_TOO_LONG;
		return true;
	} else {
		out->kind = NODE_INT;
		out->u.integer = (int64_t)sum;
		out->text = arena_printf(a, "%" PRId64, out->u.integer);
	}
	*res = SCALAR_OK;
	return true;
}

/* Whether one of the lines is one of the words, case folded: Ruby's ^ and $ are line anchors. */
static bool line_is(struct str s, const char *const *words)
{
	struct str_split it = str_split(s, '\n');
	struct str line;

	while (str_split_next(&it, &line))
		for (const char *const *w = words; *w; w++)
			if (str_ieq(line, str_c(*w)))
				return true;
	return false;
}

/* Words of at most five characters none of whose lines starts with another letter. */
static bool may_be_word(struct str s)
{
	struct str_split it = str_split(s, '\n');
	struct str line;
	size_t chars = 0;

	for (size_t i = 0; i < s.n; chars++) {
		size_t len = utf8_len(s.p + i, s.n - i);

		i += len ? len : 1;
		if (chars >= 5)
			return false;
	}
	while (str_split_next(&it, &line))
		if (line.n && (!line.p[0] || !strchr("ytonfYTONF~", line.p[0])))
			return false;
	return true;
}

static bool scan_word(struct str s, struct node *out)
{
	static const char *const nulls[] = {"null", NULL};
	static const char *const trues[] = {"yes", "true", "on", NULL};
	static const char *const falses[] = {"no", "false", "off", NULL};

	if (!may_be_word(s))
		return false;
	if (str_is(s, "~") || line_is(s, nulls)) {
		out->kind = NODE_NULL;
		out->text = STR("");
	} else if (line_is(s, trues)) {
		set_bool(out, true);
	} else if (line_is(s, falses)) {
		set_bool(out, false);
	} else {
		return false;
	}
	return true;
}

static bool scan_special_float(struct arena *a, struct str s, struct node *out)
{
	if (str_ieq(s, STR(".inf")) || str_ieq(s, STR("+.inf")))
		node_set_float(a, out, INFINITY);
	else if (str_ieq(s, STR("-.inf")))
		node_set_float(a, out, -INFINITY);
	else if (str_ieq(s, STR(".nan")))
		node_set_float(a, out, NAN);
	else
		return false;
	return true;
}

/* :name, :"name": a Ruby symbol, which acts as the string without the colon. */
static struct str symbol_name(struct str s)
{
	size_t close;

	if (s.p[1] != '"' && s.p[1] != '\'')
		return str_from(s, 1);
	close = str_rchr(s, s.p[1]);
	if (close <= 1)
		return str_from(s, 1);
	s = str_sub(s, 2, close);
	return s.n && s.p[0] == ':' ? str_from(s, 1) : s;
}

enum scalar_outcome yaml_scan_scalar(struct arena *a, struct str s, struct node *out)
{
	enum scalar_outcome res = SCALAR_OK;

	if (!s.n) {
		out->kind = NODE_NULL;
		out->text = STR("");
		return res;
	}
	if (scan_word(s, out))
		return res;
	set_string(out, s);
	if (str_chr(s, '\n') != STR_NPOS)
		return res;
	if (is_time(s))
		return SCALAR_TIME;
	if (is_date(s))
		return SCALAR_DATE;
	if (scan_special_float(a, s, out))
		return res;
	if (s.n > 1 && s.p[0] == ':') {
		set_string(out, symbol_name(s));
		return res;
	}
	/* Numbers start with one of these; the check spares most strings the recognisers. */
	if (!strchr("+-.0123456789", s.p[0]) || !s.p[0])
		return res;
	if (scan_base60(a, s, out, &res) || scan_float(a, s, out, &res) ||
		scan_int(a, s, out, &res))
		return res;
	return res;
}

bool yaml_type_scalar(struct arena *a, struct str text, struct node *out)
{
	return yaml_scan_scalar(a, text, out) == SCALAR_OK;
}
