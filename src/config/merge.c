/* Deep merge of mappings as GitLab does it: mappings recursively, all else replaces. */
#include "base/base.h"

#include "config/config_internal.h"

/* Above this many keys a lookup table pays. */
#define FEW_KEYS 12

struct node *copy_via(struct arena *a, const struct node *n, enum node_via via)
{
	struct node *copy;

	/* Trees are shared and not changed after their pass, so a mark that is there already stays.
	 */
	if (via == VIA_NONE || n->via == via || node_is_unknown(n))
		return (struct node *)n;
	copy = arena_alloc(a, sizeof(*copy));
	*copy = *n;
	copy->via = via;
	copy->origin = n;
	/* Its items are the original's: nothing may be added to them in place. */
	if (copy->kind == NODE_MAP)
		copy->u.map.cap = copy->u.map.n;
	else if (copy->kind == NODE_SEQ || copy->kind == NODE_REFERENCE)
		copy->u.seq.cap = copy->u.seq.n;
	return copy;
}

/* Pairs of a new mapping are filled in place; room for all keys of both sides. */
static struct node *new_map(struct arena *a, const struct node *like, size_t room)
{
	struct node *map = node_new(a, NODE_MAP, like->at);

	map->u.map.pairs = arena_array(a, struct node_pair, room);
	map->u.map.cap = room;
	return map;
}

struct key_index {
	struct arena scratch;
	struct map map;
	const struct node *over;
	bool used;
};

static void index_keys(struct key_index *index, const struct node *over)
{
	*index = (struct key_index){
		.scratch = ARENA_INIT, .over = over, .used = over->u.map.n > FEW_KEYS};
	if (!index->used)
		return;
	map_init(&index->map, &index->scratch);
	node_each_pair(pair, over)
	{
		map_put(&index->map, pair->key->text, pair);
	}
}

static struct node_pair *find_key(const struct key_index *index, struct str key)
{
	return index->used ? map_get(&index->map, key) : node_pair_of(index->over, key);
}

static void fill(
	struct config *c, struct node *out, const struct node *under, const struct node *over)
{
	struct key_index in_over, in_under;

	index_keys(&in_over, over);
	index_keys(&in_under, under);
	node_each_pair(pair, under)
	{
		struct node_pair *top = find_key(&in_over, pair->key->text);
		struct node_pair *to = &out->u.map.pairs[out->u.map.n++];

		to->key = top ? top->key : pair->key;
		to->value = top ? merge_deep(c, pair->value, top->value) : pair->value;
	}
	node_each_pair(pair, over)
	{
		if (!find_key(&in_under, pair->key->text))
			out->u.map.pairs[out->u.map.n++] = *pair;
	}
	arena_release(&in_over.scratch);
	arena_release(&in_under.scratch);
}

struct node *merge_deep(struct config *c, const struct node *under, const struct node *over)
{
	struct config_state *s = config_state_of(c);
	struct node *out;

	if (!node_is(under, NODE_MAP) || !node_is(over, NODE_MAP))
		return (struct node *)over;
	if (!over->u.map.n)
		return (struct node *)under;
	s->merged_keys += under->u.map.n + over->u.map.n;
	/* The caller looks at the count when it is done. */
	if (s->merged_keys > LIMIT_MERGED_KEYS)
		return (struct node *)over;
	out = new_map(c->arena, over, under->u.map.n + over->u.map.n);
	out->via = over->via;
	out->origin = over->origin;
	fill(c, out, under, over);
	return out;
}
