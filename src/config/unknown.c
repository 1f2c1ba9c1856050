/*
 * What a fault leaves unknown. The passes go on after their faults, and must not complain about
 * what only follows from one: a value that could not be made is a null that is marked (its place is
 * remembered), a job that lacks a parent or holds such a value is unsure, and where an included
 * file is missing any key may be. GitLab ends at its first faulty pass and has nothing like it.
 */
#include "base/base.h"

#include "config/config_internal.h"

static int by_place(const void *x, const void *y)
{
	const struct span *a = x, *b = y;

	if (loc_before(a->begin, b->begin))
		return -1;
	return loc_before(b->begin, a->begin) ? 1 : 0;
}

void remember_unknown(struct config *c, struct span at)
{
	struct unknowns *u = &config_state_of(c)->unknown;

	if (u->n && !by_place(&u->places[u->n - 1], &at))
		return;
	if (u->n == u->cap)
		u->places = vec_grow_arena(c->arena, u->places, u->n, &u->cap, sizeof(*u->places));
	u->places[u->n++] = at;
	u->sorted = false;
}

struct node *unknown_node(struct config *c, struct span at)
{
	struct node *n = node_new(c->arena, NODE_NULL, at);

	n->via = VIA_UNKNOWN;
	if (at.begin.line)
		remember_unknown(c, at);
	return n;
}

bool has_unknown(const struct config *c)
{
	const struct config_state *s = config_state_of((struct config *)c);

	return c->incomplete || c->unsure.n || s->unknown.n;
}

/* Whether a value that is not known begins inside the span. */
static bool spans_unknown(struct unknowns *u, const struct span *at)
{
	size_t low = 0, high = u->n;

	if (!u->n || !at->begin.line)
		return false;
	if (!u->sorted)
		qsort(u->places, u->n, sizeof(*u->places), by_place);
	u->sorted = true;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (loc_before(u->places[mid].begin, at->begin))
			low = mid + 1;
		else
			high = mid;
	}
	return low < u->n && (!loc_before(at->begin, u->places[low].begin) ||
				     loc_before(u->places[low].begin, at->end));
}

bool holds_unknown(const struct node *n)
{
	if (node_is_unknown(n))
		return true;
	if (node_is(n, NODE_SEQ)) {
		node_each (item, n) {
			if (holds_unknown(item))
				return true;
		}
	} else if (node_is(n, NODE_MAP)) {
		node_each_pair(pair, n)
		{
			if (holds_unknown(pair->value))
				return true;
		}
	}
	return false;
}

void set_unsure(struct config *c, struct str key)
{
	if (!map_has(&c->unsure, key))
		map_put(&c->unsure, key, c);
}

bool may_lack(const struct config *c, struct str key)
{
	return c->incomplete || map_has(&c->unsure, key);
}

/* The key of the root that the frame is in; empty in the root itself. */
static struct str root_key(const struct frame *f)
{
	struct str key = STR_NULL;

	for (; f; f = f->up) {
		if (f->job)
			return f->job->key->text;
		if (f->key.n)
			key = f->key;
	}
	return key;
}

bool is_consequence(const struct frame *f, bool of_lack, struct span at)
{
	struct config_state *s = config_state_of(f->c);

	if (!has_unknown(f->c))
		return false;
	if (!(of_lack && may_lack(f->c, root_key(f))) && !spans_unknown(&s->unknown, &at))
		return false;
	s->n_consequences++;
	return true;
}
