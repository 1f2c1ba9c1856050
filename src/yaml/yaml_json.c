#include "base/base.h"

#include "yaml/yaml_internal.h"

/* JSON text is UTF-8: bytes that are none become U+FFFD. */
static void put_string(struct buf *out, struct str s)
{
	static const char named[] = "\b\t\n\f\r";
	static const char letters[] = "btnfr";

	buf_addc(out, '"');
	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i];
		size_t len = utf8_len(s.p + i, s.n - i);
		const char *esc = c ? strchr(named, c) : NULL;

		if (esc)
			buf_printf(out, "\\%c", letters[esc - named]);
		else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (!len)
			buf_adds(out, "\\ufffd");
		else if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\u%04x", c);
		else
			buf_add(out, s.p + i, len);
		i += len ? len : 1;
	}
	buf_addc(out, '"');
}

struct json {
	struct buf *out;
	int indent;
	bool (*flush)(void *ctx);
	void *ctx;
	bool failed;
};

static void put_break(struct json *j, int level)
{
	if (j->indent > 0)
		buf_printf(j->out, "\n%*s", j->indent * level, "");
}

static void flush_some(struct json *j)
{
	if (j->flush && !j->failed)
		j->failed = !j->flush(j->ctx);
}

static void put(struct json *j, const struct node *n, int level);

static void put_items(struct json *j, const struct node *n, int level)
{
	buf_addc(j->out, '[');
	for (size_t i = 0; i < n->u.seq.n && !j->failed; i++) {
		if (i)
			buf_addc(j->out, ',');
		put_break(j, level + 1);
		put(j, n->u.seq.items[i], level + 1);
		flush_some(j);
	}
	if (n->u.seq.n)
		put_break(j, level);
	buf_addc(j->out, ']');
}

/* Keys are strings in JSON: others are shown as GitLab prints them, null as "". */
static void put_key(struct buf *out, const struct node *key)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (node_is_scalar(key) || key->kind == NODE_NULL) {
		put_string(out, key->text);
		return;
	}
	node_inspect(&b, key);
	put_string(out, buf_str(&b));
}

static void put_pairs(struct json *j, const struct node *n, int level)
{
	buf_addc(j->out, '{');
	for (size_t i = 0; i < n->u.map.n && !j->failed; i++) {
		if (i)
			buf_addc(j->out, ',');
		put_break(j, level + 1);
		put_key(j->out, n->u.map.pairs[i].key);
		buf_adds(j->out, j->indent > 0 ? ": " : ":");
		put(j, n->u.map.pairs[i].value, level + 1);
		flush_some(j);
	}
	if (n->u.map.n)
		put_break(j, level);
	buf_addc(j->out, '}');
}

static void put(struct json *j, const struct node *n, int level)
{
	struct buf *out = j->out;

	switch (n->kind) {
	case NODE_NULL:
		buf_adds(out, "null");
		break;
	case NODE_FLOAT:
		/* Infinity and NaN have no number in JSON. */
		if (str_ends(n->text, STR("Infinity")) || str_is(n->text, "NaN")) {
			put_string(out, n->text);
			break;
		}
		buf_addstr(out, n->text);
		break;
	case NODE_BOOL:
	case NODE_INT:
		buf_addstr(out, n->text);
		break;
	case NODE_STRING:
		put_string(out, n->text);
		break;
	case NODE_SEQ:
		put_items(j, n, level);
		break;
	case NODE_REFERENCE: {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		node_inspect(&b, n);
		put_string(out, buf_str(&b));
		break;
	}
	case NODE_MAP:
		put_pairs(j, n, level);
		break;
	}
}

void yaml_write_json(struct buf *out, const struct node *n, int indent)
{
	put(&(struct json){.out = out, .indent = indent}, n, 0);
}

bool yaml_write_json_parts(
	struct buf *out, const struct node *n, int indent, bool (*flush)(void *ctx), void *ctx)
{
	struct json j = {.out = out, .indent = indent, .flush = flush, .ctx = ctx};

	put(&j, n, 0);
	return !j.failed;
}

void yaml_write_json_in(struct buf *out, const struct node *n, int indent, int level)
{
	struct json j = {.out = out, .indent = indent};

	put_break(&j, level);
	put(&j, n, level);
}
