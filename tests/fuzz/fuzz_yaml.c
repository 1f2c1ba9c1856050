#include "fuzz.h"

#include "base/diag.h"
#include "source/diag_print.h"
#include "source/source.h"
#include "yaml/node.h"
#include "yaml/yaml.h"

/* A scalar or a mapping under !reference is refused later and has no text that reads back. */
static bool has_bad_reference(const struct node *n)
{
	if (n->kind == NODE_REFERENCE && !n->u.seq.n)
		return true;
	if (n->kind == NODE_SEQ || n->kind == NODE_REFERENCE)
		node_each (item, n)
			if (has_bad_reference(item))
				return true;
	if (n->kind == NODE_MAP)
		node_each_pair(p, n) if (has_bad_reference(p->key) || has_bad_reference(p->value) ||
					 /* written, a key that did not merge might */
					 (p->key->kind == NODE_STRING &&
						 str_is(p->key->text, "<<"))) return true;
	return false;
}

/* What is written reads back equal. */
static void round_trip(struct arena *a, const struct node *n)
{
	struct buf text = BUF_INIT, again = BUF_INIT;
	struct source_set set;
	struct diags d;
	struct node *back;

	source_set_init(&set, a);
	diags_init(&d, a);
	yaml_write(&text, n);
	back = yaml_read(
		a, source_get(&set, source_add(&set, STR("w"), buf_str(&text), SPAN_NONE)), &d);
	/* Written out, aliases and escapes may pass the limit on the text. */
	if (back || text.n < 1000000) {
		PROPERTY(back, "does not read back: %s", text.p);
		PROPERTY(node_equal(n, back), "reads back as something else: %s", text.p);
		yaml_write(&again, back);
		PROPERTY(str_eq(buf_str(&text), buf_str(&again)), "is not canonical: %s", text.p);
	}
	buf_clear(&text);
	yaml_write_json(&text, n, 2);
	buf_release(&text);
	buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct source_set set;
	struct diags d;
	struct yaml_file file;
	struct buf out = BUF_INIT;
	bool ok;

	source_set_init(&set, &a);
	diags_init(&d, &a);
	ok = yaml_read_file(&a,
		source_get(&set,
			source_add(&set, STR("f"), str_n((const char *)data, size), SPAN_NONE)),
		&d, &file);
	PROPERTY(ok == !d.errors, "ok is %d with %u errors", ok, d.errors);
	diags_print(&out, &set, &d, true);
	if (ok && file.content && !has_bad_reference(file.content))
		round_trip(&a, file.content);
	buf_release(&out);
	arena_release(&a);
	return 0;
}
