#include "base/base.h"

#include "yaml/node.h"

/* Maps from this size on are indexed: a pipeline of thousands of jobs is one map. */
#define INDEX_FROM 12

/* Slots hold the number of a pair + 1; n counts the pairs that are in. */
struct node_index {
	size_t n, n_slots;
	uint32_t slots[];
};

struct node *node_new(struct arena *a, enum node_kind kind, struct span at)
{
	struct node *n = arena_new(a, struct node);

	n->kind = kind;
	n->at = at;
	return n;
}

struct node *node_new_str(struct arena *a, struct str text, struct span at)
{
	struct node *n = node_new(a, NODE_STRING, at);

	n->text = text;
	return n;
}

struct node *node_new_int(struct arena *a, int64_t v, struct span at)
{
	struct node *n = node_new(a, NODE_INT, at);

	n->u.integer = v;
	n->text = arena_printf(a, "%" PRId64, v);
	return n;
}

struct node *node_new_bool(struct arena *a, bool v, struct span at)
{
	struct node *n = node_new(a, NODE_BOOL, at);

	n->u.boolean = v;
	n->text = v ? STR("true") : STR("false");
	return n;
}

void node_seq_push(struct arena *a, struct node *seq, struct node *item)
{
	if (seq->u.seq.n >= seq->u.seq.cap) {
		size_t cap = MAX(seq->u.seq.n, 1u);

		seq->u.seq.items = vec_grow_arena(
			a, seq->u.seq.items, seq->u.seq.n, &cap, sizeof(*seq->u.seq.items));
		seq->u.seq.cap = (uint32_t)cap;
	}
	seq->u.seq.items[seq->u.seq.n++] = item;
}

static bool same_key(const struct node *a, const struct node *b)
{
	return a == b || node_equal(a, b);
}

/* Equal nodes have equal hashes; of a mapping, whatever the order of its pairs. */
static uint32_t key_hash(const struct node *key)
{
	uint32_t h = (uint32_t)key->kind * 2654435761u;

	if (key->kind == NODE_MAP) {
		node_each_pair(p, key) h += key_hash(p->key) ^ (key_hash(p->value) * 31u);
		return h;
	}
	if (key->kind != NODE_SEQ && (key->kind != NODE_REFERENCE || !key->u.seq.n))
		return key->kind == NODE_NULL ? h : h ^ str_hash(key->text);
	node_each (item, key)
		h = h * 31u + key_hash(item);
	return h;
}

static void index_add(struct node_index *x, const struct node *key, size_t pair)
{
	size_t at = key_hash(key) & (x->n_slots - 1);

	while (x->slots[at])
		at = (at + 1) & (x->n_slots - 1);
	x->slots[at] = (uint32_t)pair + 1;
	x->n = pair + 1;
}

/* Makes the index cover all pairs, with room for one more. */
static void index_build(struct arena *a, struct node *map)
{
	struct node_index *x = map->u.map.index;
	size_t n = map->u.map.n, n_slots;

	if (n < INDEX_FROM || n >= UINT32_MAX)
		return;
	if (x && x->n == n && (n + 1) * 4 <= x->n_slots * 3)
		return;
	for (n_slots = 32; n_slots < (n + 1) * 3;)
		n_slots *= 2;
	x = arena_calloc(a, sizeof(*x) + n_slots * sizeof(*x->slots));
	x->n_slots = n_slots;
	for (size_t i = 0; i < n; i++)
		index_add(x, map->u.map.pairs[i].key, i);
	map->u.map.index = x;
}

struct node_pair *node_map_find(const struct node *map, const struct node *key)
{
	const struct node_index *x = map->u.map.index;

	if (!x || x->n != map->u.map.n) {
		node_each_pair(p, map) if (same_key(p->key, key)) return p;
		return NULL;
	}
	for (size_t at = key_hash(key) & (x->n_slots - 1); x->slots[at];
		at = (at + 1) & (x->n_slots - 1)) {
		struct node_pair *p = &map->u.map.pairs[x->slots[at] - 1];

		if (same_key(p->key, key))
			return p;
	}
	return NULL;
}

void node_map_put(struct arena *a, struct node *map, struct node *key, struct node *value)
{
	struct node_pair *p;

	index_build(a, map);
	p = node_map_find(map, key);
	if (p) {
		p->value = value;
		return;
	}
	if (map->u.map.n >= map->u.map.cap) {
		size_t cap = MAX(map->u.map.n, 1u);

		map->u.map.pairs = vec_grow_arena(
			a, map->u.map.pairs, map->u.map.n, &cap, sizeof(*map->u.map.pairs));
		map->u.map.cap = (uint32_t)cap;
	}
	map->u.map.pairs[map->u.map.n] = (struct node_pair){key, value};
	if (map->u.map.index && map->u.map.index->n == map->u.map.n)
		index_add(map->u.map.index, key, map->u.map.n);
	map->u.map.n++;
}

bool node_map_remove(struct node *map, const char *key)
{
	struct node_pair *p = node_pair_of(map, str_c(key));
	size_t after;

	if (!p)
		return false;
	after = map->u.map.n - (size_t)(p - map->u.map.pairs) - 1;
	memmove(p, p + 1, after * sizeof(*p));
	map->u.map.n--;
	map->u.map.index = NULL;
	return true;
}

struct node_pair *node_pair_of(const struct node *map, struct str key)
{
	struct node probe = {.kind = NODE_STRING, .text = key};

	if (!node_is(map, NODE_MAP))
		return NULL;
	return node_map_find(map, &probe);
}

struct node *node_get_str(const struct node *map, struct str key)
{
	struct node_pair *p = node_pair_of(map, key);

	return p ? p->value : NULL;
}

struct node *node_get(const struct node *map, const char *key)
{
	return node_get_str(map, str_c(key));
}

bool node_is_blank(const struct node *n)
{
	if (!n)
		return true;
	switch (n->kind) {
	case NODE_NULL:
		return true;
	case NODE_BOOL:
		return !n->u.boolean;
	case NODE_STRING:
		return str_is_blank(n->text);
	case NODE_SEQ:
		return !n->u.seq.n;
	case NODE_MAP:
		return !n->u.map.n;
	case NODE_INT:
	case NODE_FLOAT:
	case NODE_REFERENCE:
		return false;
	}
	return false;
}

bool node_is_scalar(const struct node *n)
{
	return n && (n->kind == NODE_BOOL || n->kind == NODE_INT || n->kind == NODE_FLOAT ||
			    n->kind == NODE_STRING);
}

const char *node_kind_name(enum node_kind kind)
{
	static const char *const names[] = {"null", "boolean", "integer", "number", "string",
		"sequence", "mapping", "!reference"};

	return names[kind];
}

struct node *node_clone(struct arena *a, const struct node *n, enum node_via via)
{
	struct node *c = arena_alloc(a, sizeof(*c));

	*c = *n;
	if (via != VIA_NONE) {
		c->origin = n;
		c->via = via;
	}
	if (n->kind == NODE_SEQ || n->kind == NODE_REFERENCE) {
		c->u.seq.cap = c->u.seq.n;
		c->u.seq.items = arena_array(a, struct node *, n->u.seq.n);
		for (size_t i = 0; i < n->u.seq.n; i++)
			c->u.seq.items[i] = node_clone(a, n->u.seq.items[i], via);
	} else if (n->kind == NODE_MAP) {
		c->u.map.cap = c->u.map.n;
		c->u.map.index = NULL;
		c->u.map.pairs = arena_array(a, struct node_pair, n->u.map.n);
		for (size_t i = 0; i < n->u.map.n; i++) {
			c->u.map.pairs[i].key = node_clone(a, n->u.map.pairs[i].key, via);
			c->u.map.pairs[i].value = node_clone(a, n->u.map.pairs[i].value, via);
		}
		index_build(a, c);
	}
	return c;
}

static bool equal_maps(const struct node *a, const struct node *b)
{
	if (a->u.map.n != b->u.map.n)
		return false;
	for (size_t i = 0; i < a->u.map.n; i++) {
		const struct node_pair *p = &a->u.map.pairs[i], *q = &b->u.map.pairs[i];

		/* Mostly in the same order; Ruby's hashes are equal in any. */
		if (!same_key(p->key, q->key))
			q = node_map_find(b, p->key);
		if (!q || !node_equal(p->value, q->value))
			return false;
	}
	return true;
}

bool node_equal(const struct node *a, const struct node *b)
{
	if (!a || !b)
		return node_is_null(a) && node_is_null(b);
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case NODE_NULL:
		return true;
	case NODE_BOOL:
		return a->u.boolean == b->u.boolean;
	case NODE_INT:
	case NODE_FLOAT:
	case NODE_STRING:
		return str_eq(a->text, b->text);
	case NODE_REFERENCE:
		if (!a->u.seq.n && !b->u.seq.n)
			return str_eq(a->text, b->text);
		__attribute__((fallthrough));
	case NODE_SEQ:
		if (a->u.seq.n != b->u.seq.n)
			return false;
		for (size_t i = 0; i < a->u.seq.n; i++)
			if (!node_equal(a->u.seq.items[i], b->u.seq.items[i]))
				return false;
		return true;
	case NODE_MAP:
		return equal_maps(a, b);
	}
	return false;
}
