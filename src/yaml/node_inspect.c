#include "base/base.h"

#include "yaml/node.h"

/* Ruby's String#inspect: double quotes, C escapes, and # only where it would interpolate. */
static void inspect_string(struct buf *out, struct str s)
{
	static const char named[] = "\a\b\t\n\v\f\r\033";
	static const char letters[] = "abtnvfre";

	buf_addc(out, '"');
	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i];
		size_t len = utf8_len(s.p + i, s.n - i);
		const char *esc = c ? strchr(named, c) : NULL;
		char next = i + 1 < s.n ? s.p[i + 1] : '\0';

		if (esc)
			buf_printf(out, "\\%c", letters[esc - named]);
		else if (c == '"' || c == '\\' ||
			 (c == '#' && (next == '{' || next == '$' || next == '@')))
			buf_printf(out, "\\%c", c);
		else if (!len || c < 0x20 || c == 0x7f)
			buf_printf(out, "\\x%02X", c);
		else
			buf_add(out, s.p + i, len);
		i += len ? len : 1;
	}
	buf_addc(out, '"');
}

/* Whether :name needs no quotes as a symbol. */
static bool is_plain_symbol(struct str s)
{
	if (s.n && memchr("?!=", s.p[s.n - 1], 3))
		s.n--;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (!(isalpha(c) || c == '_' || c >= 0x80 || (i && isdigit(c))))
			return false;
	}
	return s.n > 0;
}

static void inspect(struct buf *out, const struct node *n, bool symbols);

static void inspect_key(struct buf *out, const struct node *key, bool symbols)
{
	if (!symbols || key->kind != NODE_STRING) {
		inspect(out, key, symbols);
		return;
	}
	buf_addc(out, ':');
	if (is_plain_symbol(key->text))
		buf_addstr(out, key->text);
	else
		inspect_string(out, key->text);
}

static void inspect_seq(struct buf *out, const struct node *n, bool symbols)
{
	buf_addc(out, '[');
	for (size_t i = 0; i < n->u.seq.n; i++) {
		if (i)
			buf_adds(out, ", ");
		inspect(out, n->u.seq.items[i], symbols);
	}
	buf_addc(out, ']');
}

static void inspect_map(struct buf *out, const struct node *n, bool symbols)
{
	buf_addc(out, '{');
	for (size_t i = 0; i < n->u.map.n; i++) {
		if (i)
			buf_adds(out, ", ");
		inspect_key(out, n->u.map.pairs[i].key, symbols);
		buf_adds(out, "=>");
		inspect(out, n->u.map.pairs[i].value, symbols);
	}
	buf_addc(out, '}');
}

static void inspect(struct buf *out, const struct node *n, bool symbols)
{
	if (!n) {
		buf_adds(out, "nil");
		return;
	}
	switch (n->kind) {
	case NODE_NULL:
		buf_adds(out, "nil");
		break;
	case NODE_BOOL:
	case NODE_INT:
	case NODE_FLOAT:
		buf_addstr(out, n->text);
		break;
	case NODE_STRING:
		inspect_string(out, n->text);
		break;
	case NODE_SEQ:
		inspect_seq(out, n, symbols);
		break;
	case NODE_MAP:
		inspect_map(out, n, symbols);
		break;
	case NODE_REFERENCE:
		buf_adds(out, "!reference ");
		buf_addstr(out, n->text);
		break;
	}
}

void node_inspect(struct buf *out, const struct node *n)
{
	inspect(out, n, false);
}

void node_inspect_symbols(struct buf *out, const struct node *n)
{
	inspect(out, n, true);
}

void node_inspect_pair(struct buf *out, const struct node_pair *pair)
{
	buf_addc(out, '[');
	inspect_key(out, pair->key, true);
	buf_adds(out, ", ");
	inspect(out, pair->value, true);
	buf_addc(out, ']');
}
