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

static void inspect_seq(struct buf *out, const struct node *n)
{
	buf_addc(out, '[');
	for (size_t i = 0; i < n->u.seq.n; i++) {
		if (i)
			buf_adds(out, ", ");
		node_inspect(out, n->u.seq.items[i]);
	}
	buf_addc(out, ']');
}

static void inspect_map(struct buf *out, const struct node *n)
{
	buf_addc(out, '{');
	for (size_t i = 0; i < n->u.map.n; i++) {
		if (i)
			buf_adds(out, ", ");
		node_inspect(out, n->u.map.pairs[i].key);
		buf_adds(out, "=>");
		node_inspect(out, n->u.map.pairs[i].value);
	}
	buf_addc(out, '}');
}

void node_inspect(struct buf *out, const struct node *n)
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
		inspect_seq(out, n);
		break;
	case NODE_MAP:
		inspect_map(out, n);
		break;
	case NODE_REFERENCE:
		buf_adds(out, "!reference ");
		buf_addstr(out, n->text);
		break;
	}
}
