#include "base/base.h"

#include "emulator/cli/tree.h"
#include "emulator/cli/cmd.h"
#include "source/diag_print.h"
#include "source/source.h"
#include "yaml/node.h"
#include "yaml/yaml.h"

struct node *tree_map(struct arena *a)
{
	return node_new(a, NODE_MAP, SPAN_NONE);
}

struct node *tree_seq(struct arena *a)
{
	return node_new(a, NODE_SEQ, SPAN_NONE);
}

static struct node *quoted(struct arena *a, struct str text)
{
	struct node *n = node_new_str(a, arena_str(a, text), SPAN_NONE);
	n->quoted = true;
	return n;
}

void tree_put(struct arena *a, struct node *map, const char *key, struct node *value)
{
	struct node *k = node_new_str(a, str_c(key), SPAN_NONE);
	k->quoted = true;
	node_map_put(a, map, k, value);
}

void tree_str(struct arena *a, struct node *map, const char *key, struct str value)
{
	tree_put(a, map, key, quoted(a, value));
}

void tree_push_str(struct arena *a, struct node *seq, struct str value)
{
	node_seq_push(a, seq, quoted(a, value));
}

void tree_bool(struct arena *a, struct node *map, const char *key, bool value)
{
	tree_put(a, map, key, node_new_bool(a, value, SPAN_NONE));
}

void tree_int(struct arena *a, struct node *map, const char *key, int64_t value)
{
	tree_put(a, map, key, node_new_int(a, value, SPAN_NONE));
}

void tree_null(struct arena *a, struct node *map, const char *key)
{
	tree_put(a, map, key, node_new(a, NODE_NULL, SPAN_NONE));
}

void tree_opt(struct arena *a, struct node *map, const char *key, struct str value)
{
	if (value.n)
		tree_str(a, map, key, value);
	else
		tree_null(a, map, key);
}

void tree_seconds(struct arena *a, struct node *map, const char *key, double seconds)
{
	if (seconds < 0) {
		tree_null(a, map, key);
		return;
	}
	struct node *n = node_new(a, NODE_FLOAT, SPAN_NONE);
	n->u.number = seconds;
	n->text = arena_printf(a, "%.3f", seconds);
	tree_put(a, map, key, n);
}

struct str place_text(struct arena *a, const struct source_set *set, struct span at)
{
	struct str file = loc_file(set, at.begin);
	if (!at.begin.line || !file.n)
		return STR_NULL;
	return arena_printf(a, STR_FMT ":%u", STR_ARG(file), at.begin.line);
}

void tree_place(struct arena *a, struct node *map, const char *key, const struct source_set *set,
	struct span at)
{
	tree_opt(a, map, key, place_text(a, set, at));
}

static void put_break(struct cli *c, int level)
{
	if (c->tty_out)
		buf_printf(&c->out, "\n%*s", 2 * level, "");
}

void tree_open(struct cli *c, const struct node *m, int level)
{
	int indent = c->tty_out ? 2 : 0;
	if (level)
		yaml_write_json_in(&c->out, m, indent, level);
	else
		yaml_write_json(&c->out, m, indent);
	/* The empty list at the end is cut open. */
	while (c->out.p[c->out.n - 1] != ']')
		c->out.n--;
	c->out.n--;
}

bool tree_item(struct cli *c, const struct node *item, int level, bool first)
{
	if (!first)
		buf_addc(&c->out, ',');
	yaml_write_json_in(&c->out, item, c->tty_out ? 2 : 0, level + 2);
	return cli_flush_much(c);
}

void tree_close(struct cli *c, int level, bool empty)
{
	if (!empty)
		put_break(c, level + 1);
	buf_addc(&c->out, ']');
	put_break(c, level);
	buf_addc(&c->out, '}');
}

int tree_print_parts(struct cli *c, const struct node *n)
{
	if (!yaml_write_json_parts(&c->out, n, c->tty_out ? 2 : 0, cli_flush_much, c))
		return EXIT_SURROUNDINGS;
	buf_addc(&c->out, '\n');
	return EXIT_OK;
}

void tree_print(struct cli *c, const struct node *n)
{
	yaml_write_json(&c->out, n, c->tty_out ? 2 : 0);
	buf_addc(&c->out, '\n');
}
