#include "base/base.h"

#include "yaml/yaml_internal.h"

/*
 * Canonical YAML: block style, two blanks a level, sequences not indented below their key. What is
 * written reads back as an equal tree.
 */

struct writer {
	struct buf *out;
	struct arena scratch;
	bool (*flush)(void *ctx);
	void *ctx;
	bool failed;
};

/* Whether a plain scalar may hold the text by YAML's syntax, in block and in flow context. */
static bool plain_syntax(struct str s)
{
	if (!s.n || isspace((unsigned char)s.p[0]) || isspace((unsigned char)s.p[s.n - 1]))
		return false;
	if (strchr("-?:,[]{}#&*!|>'\"%@`=<~", s.p[0]))
		return false;
	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i];
		char next = i + 1 < s.n ? s.p[i + 1] : '\0';
		size_t len = utf8_len(s.p + i, s.n - i);

		if (c < 0x20 || c == 0x7f || !len || len > 1)
			return false; /* others go in double quotes, or are looked at below */
		if ((c == ':' && (next == ' ' || next == '\0')) || (c == ' ' && next == '#'))
			return false;
		i += len;
	}
	return true;
}

/* Characters beyond ASCII that need no escape: printable, and no line break to libyaml. */
static bool plain_char(const char *p, size_t len)
{
	const unsigned char *u = (const unsigned char *)p;

	if (len == 1)
		return u[0] >= 0x20 && u[0] < 0x7f;
	if (len == 2)
		return u[0] > 0xc2 || u[1] >= 0xa0;
	if (len == 3 && u[0] == 0xe2 && u[1] == 0x80 && (u[2] == 0xa8 || u[2] == 0xa9))
		return false;
	if (len == 3 && u[0] == 0xef && u[1] == 0xbb && u[2] == 0xbf)
		return false;
	return !(len == 3 && u[0] == 0xef && u[1] == 0xbf && u[2] >= 0xbe);
}

static bool plain(struct writer *w, struct str s)
{
	struct node probe = {.kind = NODE_NULL};
	bool ok;

	if (!plain_syntax(s) || str_starts(s, STR("---")) || str_starts(s, STR("...")))
		return false;
	ok = yaml_scan_scalar(&w->scratch, s, &probe) == SCALAR_OK && probe.kind == NODE_STRING &&
	     str_eq(probe.text, s);
	arena_release(&w->scratch);
	return ok;
}

static bool valid_utf8(struct str s)
{
	for (size_t i = 0; i < s.n;) {
		size_t len = utf8_len(s.p + i, s.n - i);

		if (!len)
			return false;
		i += len;
	}
	return true;
}

/* Bytes that are no text came from a !!binary, and can only be written as one. */
static void put_binary(struct buf *out, struct str s)
{
	static const char table[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	buf_adds(out, "!!binary \"");
	for (size_t i = 0; i < s.n; i += 3) {
		uint32_t v = 0;

		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (i + k < s.n ? (unsigned char)s.p[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			buf_addc(out, i + k > s.n ? '=' : table[v >> (18 - 6 * k) & 63]);
	}
	buf_addc(out, '"');
}

static void put_quoted(struct buf *out, struct str s)
{
	static const char named[] = "\a\b\t\n\v\f\r\033";
	static const char letters[] = "abtnvfre";

	if (!valid_utf8(s)) {
		put_binary(out, s);
		return;
	}
	buf_addc(out, '"');
	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i];
		size_t len = utf8_len(s.p + i, s.n - i);
		const char *esc = c ? strchr(named, c) : NULL;

		if (esc)
			buf_printf(out, "\\%c", letters[esc - named]);
		else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (len && plain_char(s.p + i, len))
			buf_add(out, s.p + i, len);
		else if (len == 2)
			buf_printf(out, "\\u%04x",
				(c & 0x1fu) << 6 | ((unsigned char)s.p[i + 1] & 0x3fu));
		else if (len == 3)
			buf_printf(out, "\\u%04x",
				(c & 0x0fu) << 12 | ((unsigned char)s.p[i + 1] & 0x3fu) << 6 |
					((unsigned char)s.p[i + 2] & 0x3fu));
		else
			buf_printf(out, "\\x%02x", c);
		i += len ? len : 1;
	}
	buf_addc(out, '"');
}

/* A literal block is the readable form of lines; it must not need an indentation indicator. */
static bool literal(struct str s)
{
	size_t nl = str_chr(s, '\n');
	size_t first = 0;

	if (nl == STR_NPOS)
		return false;
	while (first < s.n && s.p[first] == '\n')
		first++;
	if (first == s.n || s.p[first] == ' ' || s.p[first] == '\t' || first)
		return false;
	for (size_t i = 0; i < s.n;) {
		size_t len = utf8_len(s.p + i, s.n - i);

		if (!len || (s.p[i] != '\n' && s.p[i] != '\t' && !plain_char(s.p + i, len)))
			return false;
		/* "---" cannot stand at column 1, for the block is indented: nothing else is
		 * special. */
		i += len;
	}
	return true;
}

static void put_indent(struct buf *out, unsigned indent)
{
	buf_printf(out, "%*s", (int)indent * 2, "");
}

static void put_literal(struct buf *out, struct str s, unsigned indent)
{
	size_t tail = 0;
	struct str_split it;
	struct str line;

	while (tail < s.n && s.p[s.n - 1 - tail] == '\n')
		tail++;
	buf_adds(out, tail == 0 ? "|-" : tail == 1 ? "|" : "|+");
	it = str_split(tail ? str_sub(s, 0, s.n - 1) : s, '\n');
	while (str_split_next(&it, &line)) {
		buf_addc(out, '\n');
		if (!line.n)
			continue;
		put_indent(out, indent);
		buf_addstr(out, line);
	}
}

static void put_float(struct buf *out, struct str text)
{
	if (str_is(text, "Infinity"))
		buf_adds(out, ".inf");
	else if (str_is(text, "-Infinity"))
		buf_adds(out, "-.inf");
	else if (str_is(text, "NaN"))
		buf_adds(out, ".nan");
	else
		buf_addstr(out, text);
}

/* A scalar; block: a literal block with lines at this indentation is possible. */
static void put_scalar(struct writer *w, const struct node *n, unsigned indent, bool block)
{
	switch (n->kind) {
	case NODE_NULL:
		buf_adds(w->out, "null");
		return;
	case NODE_BOOL:
	case NODE_INT:
		buf_addstr(w->out, n->text);
		return;
	case NODE_FLOAT:
		put_float(w->out, n->text);
		return;
	case NODE_STRING:
	case NODE_SEQ:
	case NODE_MAP:
	case NODE_REFERENCE:
		break;
	}
	if (plain(w, n->text))
		buf_addstr(w->out, n->text);
	else if (block && literal(n->text))
		put_literal(w->out, n->text, indent);
	else
		put_quoted(w->out, n->text);
}

static void put_flow(struct writer *w, const struct node *n);

static void put_flow_items(struct writer *w, const struct node *n)
{
	buf_addc(w->out, '[');
	for (size_t i = 0; i < n->u.seq.n; i++) {
		if (i)
			buf_adds(w->out, ", ");
		put_flow(w, n->u.seq.items[i]);
	}
	buf_addc(w->out, ']');
}

/* Flow style, for keys that are no scalars and for !reference: strings always in quotes. */
static void put_flow(struct writer *w, const struct node *n)
{
	switch (n->kind) {
	case NODE_STRING:
		put_quoted(w->out, n->text);
		return;
	case NODE_REFERENCE:
		buf_adds(w->out, "!reference ");
		if (!n->u.seq.n && !str_is(n->text, "[]")) {
			/* No sequence, and so refused by GitLab; its text is nearly YAML already.
			 */
			if (str_starts(n->text, STR("\"")))
				buf_addstr(w->out, n->text);
			else
				put_quoted(w->out, n->text);
			return;
		}
		__attribute__((fallthrough));
	case NODE_SEQ:
		put_flow_items(w, n);
		return;
	case NODE_MAP:
		buf_addc(w->out, '{');
		for (size_t i = 0; i < n->u.map.n; i++) {
			buf_adds(w->out, i ? ", ? " : "? ");
			put_flow(w, n->u.map.pairs[i].key);
			buf_adds(w->out, " : ");
			put_flow(w, n->u.map.pairs[i].value);
		}
		buf_addc(w->out, '}');
		return;
	case NODE_NULL:
	case NODE_BOOL:
	case NODE_INT:
	case NODE_FLOAT:
		put_scalar(w, n, 0, false);
		return;
	}
}

static bool is_block(const struct node *n)
{
	return (n->kind == NODE_MAP && n->u.map.n) || (n->kind == NODE_SEQ && n->u.seq.n);
}

static void put_block(struct writer *w, const struct node *n, unsigned indent, bool inline_first);

/* What stands behind "key:" or "-" on the same line, or below it. */
static void put_value(struct writer *w, const struct node *n, unsigned indent)
{
	buf_addc(w->out, ' ');
	if (n->kind == NODE_REFERENCE || n->kind == NODE_SEQ || n->kind == NODE_MAP)
		put_flow(w, n);
	else
		put_scalar(w, n, indent, true);
	buf_addc(w->out, '\n');
}

static void put_key(struct writer *w, const struct node *key)
{
	/* Longer keys need the explicit form: a simple key ends within 1024 characters. */
	bool simple = node_is_scalar(key) || key->kind == NODE_NULL;

	if (simple && key->text.n <= 128) {
		put_scalar(w, key, 0, false);
		buf_addc(w->out, ':');
		return;
	}
	buf_adds(w->out, "? ");
	put_flow(w, key);
}

static void put_pair(struct writer *w, const struct node_pair *p, unsigned indent)
{
	bool simple =
		(node_is_scalar(p->key) || p->key->kind == NODE_NULL) && p->key->text.n <= 128;

	put_key(w, p->key);
	if (!simple) {
		buf_addc(w->out, '\n');
		put_indent(w->out, indent);
		buf_addc(w->out, ':');
	}
	if (!is_block(p->value)) {
		put_value(w, p->value, indent + 1);
		return;
	}
	buf_addc(w->out, '\n');
	put_block(w, p->value, p->value->kind == NODE_SEQ && simple ? indent : indent + 1, false);
}

/* inline_first: the first line starts where the writer stands, behind "- ". */
static void put_block(struct writer *w, const struct node *n, unsigned indent, bool inline_first)
{
	size_t count = n->kind == NODE_MAP ? n->u.map.n : n->u.seq.n;

	for (size_t i = 0; i < count && !w->failed; i++) {
		if (w->flush)
			w->failed = !w->flush(w->ctx);
		if (i || !inline_first)
			put_indent(w->out, indent);
		if (n->kind == NODE_MAP) {
			put_pair(w, &n->u.map.pairs[i], indent);
		} else if (is_block(n->u.seq.items[i])) {
			buf_adds(w->out, "- ");
			put_block(w, n->u.seq.items[i], indent + 1, true);
		} else {
			buf_addc(w->out, '-');
			put_value(w, n->u.seq.items[i], indent + 1);
		}
	}
}

bool yaml_write_parts(struct buf *out, const struct node *n, bool (*flush)(void *ctx), void *ctx)
{
	struct writer w = {.out = out, .scratch = ARENA_INIT, .flush = flush, .ctx = ctx};

	if (is_block(n)) {
		put_block(&w, n, 0, false);
	} else {
		if (n->kind == NODE_STRING && !plain(&w, n->text))
			put_quoted(out, n->text);
		else if (n->kind == NODE_SEQ || n->kind == NODE_MAP || n->kind == NODE_REFERENCE)
			put_flow(&w, n);
		else
			put_scalar(&w, n, 1, false);
		buf_addc(out, '\n');
	}
	arena_release(&w.scratch);
	return !w.failed;
}

void yaml_write(struct buf *out, const struct node *n)
{
	yaml_write_parts(out, n, NULL, NULL);
}
