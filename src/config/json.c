#include "base/base.h"

#include "config/json.h"

#include "yaml/node.h"

#define MAX_DEPTH 100

struct json {
	struct arena *a;
	struct str s;
	size_t at;
	struct span span;
	unsigned depth;
};

static struct node *value(struct json *j);

static void blanks(struct json *j)
{
	while (j->at < j->s.n && strchr(" \t\r\n", j->s.p[j->at]) && j->s.p[j->at])
		j->at++;
}

static bool take(struct json *j, char c)
{
	blanks(j);
	if (j->at >= j->s.n || j->s.p[j->at] != c)
		return false;
	j->at++;
	return true;
}

static bool take_word(struct json *j, struct str word)
{
	if (!str_starts(str_from(j->s, j->at), word))
		return false;
	j->at += word.n;
	return true;
}

static void add_utf8(struct buf *b, uint32_t cp)
{
	if (cp < 0x80) {
		buf_addc(b, (char)cp);
	} else if (cp < 0x800) {
		buf_addc(b, (char)(0xC0 | (cp >> 6)));
		buf_addc(b, (char)(0x80 | (cp & 0x3f)));
	} else if (cp < 0x10000) {
		buf_addc(b, (char)(0xE0 | (cp >> 12)));
		buf_addc(b, (char)(0x80 | ((cp >> 6) & 0x3f)));
		buf_addc(b, (char)(0x80 | (cp & 0x3f)));
	} else {
		buf_addc(b, (char)(0xF0 | (cp >> 18)));
		buf_addc(b, (char)(0x80 | ((cp >> 12) & 0x3f)));
		buf_addc(b, (char)(0x80 | ((cp >> 6) & 0x3f)));
		buf_addc(b, (char)(0x80 | (cp & 0x3f)));
	}
}

static bool hex4(struct json *j, uint32_t *out)
{
	*out = 0;
	if (j->at + 4 > j->s.n)
		return false;
	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)j->s.p[j->at++];

		if (!isxdigit(c))
			return false;
		*out = *out * 16 + (uint32_t)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
	}
	return true;
}

/* Behind "\u"; a pair of surrogates is one character, a lone one is refused. */
static bool unicode_escape(struct json *j, struct buf *b)
{
	uint32_t cp, low;

	if (!hex4(j, &cp) || (cp >= 0xDC00 && cp <= 0xDFFF) || !cp)
		return false;
	if (cp >= 0xD800 && cp <= 0xDBFF) {
		if (!take_word(j, STR("\\u")) || !hex4(j, &low) || low < 0xDC00 || low > 0xDFFF)
			return false;
		cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
	}
	add_utf8(b, cp);
	return true;
}

static bool escape(struct json *j, struct buf *b)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *p;
	char c;

	if (j->at >= j->s.n)
		return false;
	c = j->s.p[j->at++];
	if (c == 'u')
		return unicode_escape(j, b);
	p = c ? strchr(from, c) : NULL;
	if (!p)
		return false;
	buf_addc(b, to[p - from]);
	return true;
}

static struct node *string(struct json *j)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct node *n;

	if (!take(j, '"'))
		return NULL;
	for (;;) {
		char c;

		if (j->at >= j->s.n)
			return NULL;
		c = j->s.p[j->at++];
		if (c == '"')
			break;
		if ((unsigned char)c < ' ')
			return NULL;
		if (c != '\\')
			buf_addc(&b, c);
		else if (!escape(j, &b))
			return NULL;
	}
	n = node_new_str(j->a, arena_str(j->a, buf_str(&b)), j->span);
	n->quoted = true;
	return n;
}

static size_t digits(struct json *j)
{
	size_t from = j->at;

	while (j->at < j->s.n && isdigit((unsigned char)j->s.p[j->at]))
		j->at++;
	return j->at - from;
}

static struct node *number(struct json *j)
{
	size_t from = j->at, first;
	bool real = false;
	struct node *n;
	struct str text;

	if (j->at < j->s.n && j->s.p[j->at] == '-')
		j->at++;
	first = j->at;
	if (!digits(j) || (j->s.p[first] == '0' && j->at - first > 1))
		return NULL;
	if (j->at < j->s.n && j->s.p[j->at] == '.') {
		j->at++;
		real = true;
		if (!digits(j))
			return NULL;
	}
	if (j->at < j->s.n && (j->s.p[j->at] == 'e' || j->s.p[j->at] == 'E')) {
		j->at++;
		real = true;
		if (j->at < j->s.n && (j->s.p[j->at] == '+' || j->s.p[j->at] == '-'))
			j->at++;
		if (!digits(j))
			return NULL;
	}
	text = arena_str(j->a, str_sub(j->s, from, j->at)); /* ends with a NUL */
	n = node_new(j->a, real ? NODE_FLOAT : NODE_INT, j->span);
	n->text = str_is(text, "-0") ? STR("0") : text;
	if (real)
		node_set_float(j->a, n, strtod(text.p, NULL));
	/* Larger ones keep their digits in the text. */
	else if (!parse_i64(text, &n->u.integer))
		n->u.integer = text.p[0] == '-' ? INT64_MIN : INT64_MAX;
	return n;
}

static struct node *array(struct json *j)
{
	struct node *seq = node_new(j->a, NODE_SEQ, j->span), *item;

	j->at++;
	if (take(j, ']'))
		return seq;
	do {
		item = value(j);
		if (!item)
			return NULL;
		node_seq_push(j->a, seq, item);
	} while (take(j, ','));
	return take(j, ']') ? seq : NULL;
}

static struct node *object(struct json *j)
{
	struct node *map = node_new(j->a, NODE_MAP, j->span), *key, *item;

	j->at++;
	if (take(j, '}'))
		return map;
	do {
		key = string(j);
		if (!key || !take(j, ':'))
			return NULL;
		item = value(j);
		if (!item)
			return NULL;
		node_map_put(j->a, map, key, item);
	} while (take(j, ','));
	return take(j, '}') ? map : NULL;
}

static struct node *value(struct json *j)
{
	struct node *n = NULL;

	blanks(j);
	if (j->at >= j->s.n || j->depth == MAX_DEPTH)
		return NULL;
	j->depth++;
	switch (j->s.p[j->at]) {
	case '"':
		n = string(j);
		break;
	case '[':
		n = array(j);
		break;
	case '{':
		n = object(j);
		break;
	case 't':
		n = take_word(j, STR("true")) ? node_new_bool(j->a, true, j->span) : NULL;
		break;
	case 'f':
		n = take_word(j, STR("false")) ? node_new_bool(j->a, false, j->span) : NULL;
		break;
	case 'n':
		n = take_word(j, STR("null")) ? node_new(j->a, NODE_NULL, j->span) : NULL;
		break;
	default:
		n = number(j);
	}
	j->depth--;
	return n;
}

struct node *json_node_parse(struct arena *a, struct str text, struct span at)
{
	struct json j = {.a = a, .s = text, .span = at};
	struct node *n = value(&j);

	blanks(&j);
	return n && j.at == j.s.n ? n : NULL;
}
