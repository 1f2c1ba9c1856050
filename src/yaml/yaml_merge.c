#include "base/base.h"

#include "yaml/yaml_internal.h"

struct spare_array {
	struct spare_array *next;
};

/* The class of an array by its bytes, which are a power of two; beyond the table it is lost. */
static struct spare_array **spare_of(struct yaml_builder *b, size_t bytes)
{
	size_t k = 0;

	while (k < ARRAY_SIZE(b->spare) && (sizeof(struct spare_array) << k) < bytes)
		k++;
	return k < ARRAY_SIZE(b->spare) ? &b->spare[k] : NULL;
}

void *yaml_room(struct yaml_builder *b, void *v, size_t n, uint32_t *cap, size_t size)
{
	size_t had = *cap * size, want = MAX(had * 2, 2 * size);
	struct spare_array **spare = spare_of(b, want), *old = v;
	void *grown;

	if (n < *cap)
		return v;
	if (spare && *spare) {
		grown = *spare;
		*spare = (*spare)->next;
	} else {
		grown = arena_alloc(b->arena, want);
	}
	if (n)
		memcpy(grown, v, n * size);
	spare = spare_of(b, had);
	if (had && spare) {
		old->next = *spare;
		*spare = old;
	}
	*cap = (uint32_t)(want / size);
	return grown;
}

static void set_flag(struct yaml_flags *f, size_t pair, unsigned char merged)
{
	while (f->n <= pair)
		vec_push(f, 0);
	f->v[pair] = merged;
}

/* A pair with a key that is not there yet. */
static void add_pair(struct yaml_builder *b, struct node *map, struct yaml_flags *flags,
	struct node *key, struct node *value, unsigned char merged)
{
	map->u.map.pairs = yaml_room(
		b, map->u.map.pairs, map->u.map.n, &map->u.map.cap, sizeof(*map->u.map.pairs));
	node_map_put(b->arena, map, key, value);
	set_flag(flags, map->u.map.n - 1, merged);
}

/* Number of the pair with this key, or STR_NPOS. */
static size_t pair_number(const struct node *map, const struct node *key)
{
	struct node_pair *p = node_map_find(map, key);

	return p ? (size_t)(p - map->u.map.pairs) : STR_NPOS;
}

/* Warnings about keys in one document: beyond, the file is generated or hostile, and they only
 * cost. */
#define MAX_WARNINGS 100

static struct diag *warn(struct yaml_builder *b, const char *code, struct span at, struct str text)
{
	if (b->warned >= MAX_WARNINGS)
		return NULL;
	b->warned++;
	return diag_warn(b->diags, code, at, STR_FMT, STR_ARG(text));
}

static struct str key_name(struct arena *a, const struct node *key)
{
	struct buf b = BUF_INIT;
	struct str s;

	if (key->kind == NODE_STRING)
		return key->text;
	node_inspect(&b, key);
	s = arena_str(a, str_n(b.p, MIN(b.n, (size_t)80)));
	buf_release(&b);
	return s;
}

/*
 * Puts a pair that the text spells out: the last one of a name wins and keeps the first one's
 * place, as in Ruby's Hash. GitLab says nothing then; people want to know.
 */
void yaml_put(struct yaml_builder *b, struct node *map, struct yaml_flags *flags, struct node *key,
	struct node *value)
{
	size_t at = pair_number(map, key);

	if (at == STR_NPOS) {
		add_pair(b, map, flags, key, value, 0);
		return;
	}
	if (!flags->v[at] && b->warned < MAX_WARNINGS) {
		struct diag *d = warn(b, "duplicate-key", key->at,
			arena_printf(b->arena,
				"key '" STR_FMT
				"' is given twice in one mapping; the last one wins",
				STR_ARG(key_name(b->arena, key))));

		diag_note(b->diags, d, map->u.map.pairs[at].key->at, "the first one is here");
	}
	map->u.map.pairs[at].value = value;
	/* The key's place is that of the value that counts. */
	map->u.map.pairs[at].key = key;
	set_flag(flags, at, 0);
}

/* Ruby's Hash#merge!: keys that are there keep their place and get the other's value. */
static void merge_map(struct yaml_builder *b, struct node *map, struct yaml_flags *flags,
	const struct node *from, struct span at)
{
	/* from may be map itself (an anchor merged inside of itself): then there is nothing to do.
	 */
	if (from == map)
		return;
	for (size_t i = 0; i < from->u.map.n; i++) {
		struct node_pair *p = &from->u.map.pairs[i];
		size_t have = pair_number(map, p->key);

		if (have == STR_NPOS) {
			add_pair(b, map, flags, p->key, p->value, 1);
			continue;
		}
		if (!flags->v[have] && b->warned < MAX_WARNINGS &&
			!node_equal(map->u.map.pairs[have].value, p->value)) {
			struct diag *d = warn(b, "merge-order", at,
				arena_printf(b->arena,
					"'<<' replaces the value of '" STR_FMT
					"' written before it",
					STR_ARG(key_name(b->arena, p->key))));

			diag_note(b->diags, d, map->u.map.pairs[have].key->at,
				"this value is lost; keys behind '<<' override it");
		}
		map->u.map.pairs[have].value = p->value;
		set_flag(flags, have, 1);
	}
}

/*
 * Psych, lib/psych/visitors/to_ruby.rb, revive_hash: an alias or a literal mapping is merged when
 * it is a map, a literal sequence when all of its items are maps, the earlier winning over the
 * later.
 */
bool yaml_merge(struct yaml_builder *b, struct node *map, struct yaml_flags *flags,
	const struct node *key, struct node *value, bool from_alias)
{
	struct node *joined;

	if (value->kind == NODE_MAP) {
		merge_map(b, map, flags, value, key->at);
		return true;
	}
	if (value->kind != NODE_SEQ || from_alias)
		return false;
	node_each (item, value)
		if (item->kind != NODE_MAP)
			return false;
	joined = node_new(b->arena, NODE_MAP, value->at);
	for (size_t i = value->u.seq.n; i-- > 0;) {
		const struct node *item = value->u.seq.items[i];

		/* Here the later replace the earlier on purpose: no warnings. */
		for (size_t k = 0; k < item->u.map.n; k++)
			node_map_put(b->arena, joined, item->u.map.pairs[k].key,
				item->u.map.pairs[k].value);
	}
	merge_map(b, map, flags, joined, key->at);
	return true;
}
