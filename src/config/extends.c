/*
 * extends: each root mapping that has the key is merged over its parents, depth first and once
 * each. GitLab, lib/gitlab/ci/config/extendable.rb and extendable/entry.rb.
 */
#include "base/base.h"

#include "config/config_internal.h"

enum visit { NEW, ACTIVE, DONE, FAILED };

struct entry {
	struct node_pair *pair; /* in the root */
	enum visit visit;
	unsigned links;     /* of the longest chain below */
	struct node *given; /* what children get of it: its values marked as inherited; or NULL */
};

struct extender {
	struct config *c;
	struct frame root;
	struct map entries; /* root key -> struct entry */
	bool too_deep, too_many;
};

static const struct node *extends_of(const struct node_pair *pair)
{
	return node_is(pair->value, NODE_MAP) ? node_get(pair->value, "extends") : NULL;
}

static size_t parent_count(const struct node *extends)
{
	if (node_is_null(extends))
		return 0;
	return extends->kind == NODE_SEQ ? extends->u.seq.n : 1;
}

static const struct node *parent_at(const struct node *extends, size_t i)
{
	return extends->kind == NODE_SEQ ? extends->u.seq.items[i] : extends;
}

static bool is_bad_parent(struct extender *x, const struct node *name, bool want_unknown)
{
	struct entry *e = map_get(&x->entries, name->text);

	if (want_unknown)
		return !e;
	return e && !node_is(e->pair->value, NODE_MAP);
}

/* One diagnostic a parent, all with GitLab's line that lists them. */
static bool check_parents(
	struct extender *x, struct entry *e, const struct node *extends, bool unknown)
{
	CLEANUP(buf_release) struct buf list = BUF_INIT;
	struct frame f = FRAME_AT(&x->root, e->pair->key->text);
	size_t n = parent_count(extends), bad = 0;

	for (size_t i = 0; i < n; i++)
		if (is_bad_parent(x, parent_at(extends, i), unknown) && list.n < 2000)
			buf_printf(&list, "%s" STR_FMT, bad++ ? ", " : "",
				STR_ARG(parent_at(extends, i)->text));
	if (!bad)
		return true;
	for (size_t i = 0; i < n; i++) {
		const struct node *name = parent_at(extends, i);
		struct diag *d;

		if (!is_bad_parent(x, name, unknown))
			continue;
		d = fault(&f, unknown ? "unknown-parent" : "bad-parent", name->at,
			fmt_in(&f, "=" STR_FMT ": %s in `extends` (%s)", STR_ARG(f.key),
				unknown ? "unknown keys" : "invalid base hashes", list.p),
			unknown ? "'" STR_FMT "' extends '" STR_FMT "', which does not exist"
				: "'" STR_FMT "' extends '" STR_FMT "', which is no mapping",
			STR_ARG(f.key), STR_ARG(name->text));
		if (unknown)
			note_nearest_key(&f, d, name->text, &x->entries, NULL, f.key);
	}
	return false;
}

static bool resolve(struct extender *x, struct entry *e, unsigned depth);

static void say_cycle(struct extender *x, struct entry *e, const struct node *at)
{
	struct frame f = FRAME_AT(&x->root, e->pair->key->text);

	fault(&f, "extends-cycle", at->at,
		fmt_in(&f, "=" STR_FMT ": circular dependency detected in `extends`",
			STR_ARG(f.key)),
		"'" STR_FMT "' extends itself, directly or through others", STR_ARG(f.key));
}

/* e is the entry whose own `extends` would be one link too many. */
static bool say_deep(struct extender *x, struct entry *e)
{
	struct frame f = FRAME_AT(&x->root, e->pair->key->text);

	if (!x->too_deep)
		fault(&f, "extends-too-deep", extends_of(e->pair)->at,
			fmt_in(&f, "=" STR_FMT ": nesting too deep in `extends`", STR_ARG(f.key)),
			"'" STR_FMT "' makes a chain of more than %d 'extends'", STR_ARG(f.key),
			LIMIT_EXTENDS_DEPTH + 1);
	x->too_deep = true;
	return false;
}

/* False when a parent failed; its own message is enough. */
static bool resolve_parents(
	struct extender *x, struct entry *e, const struct node *extends, unsigned depth)
{
	bool ok = true;

	for (size_t i = 0; i < parent_count(extends); i++) {
		struct entry *parent = map_get(&x->entries, parent_at(extends, i)->text);

		if (parent->visit == ACTIVE) {
			say_cycle(x, parent, parent_at(extends, i));
			ok = false;
		} else if (!resolve(x, parent, depth + 1)) {
			ok = false;
		} else {
			e->links = MAX(e->links, parent->links + 1);
		}
	}
	return ok;
}

/* One marked copy of each value serves all children. */
static const struct node *given_of(struct extender *x, struct entry *parent)
{
	const struct node *from = parent->pair->value;

	if (parent->given)
		return parent->given;
	parent->given = node_new(x->c->arena, NODE_MAP, from->at);
	parent->given->u.map.pairs = arena_array(x->c->arena, struct node_pair, from->u.map.n);
	parent->given->u.map.cap = from->u.map.n;
	node_each_pair(pair, from)
	{
		parent->given->u.map.pairs[parent->given->u.map.n++] = (struct node_pair){
			pair->key, copy_via(x->c->arena, pair->value, VIA_EXTENDS)};
	}
	return parent->given;
}

static bool merge_parents(struct extender *x, struct entry *e, const struct node *extends)
{
	struct frame f = FRAME_AT(&x->root, e->pair->key->text);
	const struct node *merged = NULL;

	for (size_t i = 0; i < parent_count(extends); i++) {
		const struct node *from =
			given_of(x, map_get(&x->entries, parent_at(extends, i)->text));

		merged = merged ? merge_deep(x->c, merged, from) : from;
	}
	if (merged)
		e->pair->value = merge_deep(x->c, merged, e->pair->value);
	if (config_state_of(x->c)->merged_keys <= LIMIT_MERGED_KEYS)
		return true;
	if (!x->too_many)
		fault(&f, "definition-too-large", e->pair->key->at, NULL,
			"'extends' makes more than %d keys in all", LIMIT_MERGED_KEYS);
	x->too_many = true;
	return false;
}

static bool resolve(struct extender *x, struct entry *e, unsigned depth)
{
	const struct node *extends = extends_of(e->pair);

	if (e->visit == DONE || e->visit == FAILED)
		return e->visit == DONE;
	if (!parent_count(extends)) {
		e->visit = DONE;
		return true;
	}
	/* Not marked as failed: by itself the entry may be well. */
	if (depth > LIMIT_EXTENDS_DEPTH)
		return say_deep(x, e);
	e->visit = ACTIVE;
	if (!check_parents(x, e, extends, true) || !check_parents(x, e, extends, false) ||
		!resolve_parents(x, e, extends, depth)) {
		e->visit = x->too_deep && depth ? NEW : FAILED;
		return false;
	}
	if (e->links > LIMIT_EXTENDS_DEPTH + 1) {
		e->visit = FAILED;
		return say_deep(x, e);
	}
	e->visit = merge_parents(x, e, extends) ? DONE : FAILED;
	return e->visit == DONE;
}

bool pass_extends(struct config *c)
{
	struct extender x = {.c = c, .root = FRAME_ROOT(c)};
	unsigned before = c->diags->errors;

	map_init(&x.entries, c->arena);
	node_each_pair(pair, c->root)
	{
		struct entry *e = arena_new(c->arena, struct entry);

		e->pair = pair;
		map_put(&x.entries, pair->key->text, e);
	}
	map_each (struct map_entry *, m, &x.entries) {
		if (!x.too_many)
			resolve(&x, m->value, 0);
	}
	return c->diags->errors == before;
}
