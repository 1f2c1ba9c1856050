/*
 * extends: each root mapping that has the key is merged over its parents, depth first and once
 * each. GitLab, lib/gitlab/ci/config/extendable.rb and extendable/entry.rb.
 */
#include "base/base.h"

#include "config/config_internal.h"

enum visit { NEW, ACTIVE, DONE };

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
	if (extends->kind == NODE_MAP)
		return extends->u.map.n;
	return extends->kind == NODE_SEQ ? extends->u.seq.n : 1;
}

static const struct node *parent_at(const struct node *extends, size_t i)
{
	if (extends->kind == NODE_MAP)
		return extends->u.map.pairs[i].value;
	return extends->kind == NODE_SEQ ? extends->u.seq.items[i] : extends;
}

/* The text that GitLab makes of whatever stands there. */
static struct str parent_name(struct extender *x, const struct node *extends, size_t i)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct node *n = parent_at(extends, i);

	if (extends->kind == NODE_MAP)
		node_inspect_pair(&b, &extends->u.map.pairs[i]);
	else if (n->kind == NODE_SEQ || n->kind == NODE_MAP)
		node_inspect_symbols(&b, n);
	else
		return n->text;
	return arena_str(x->c->arena, buf_str(&b));
}

static bool is_bad_parent(struct extender *x, struct str name, bool want_unknown)
{
	struct entry *e = map_get(&x->entries, name);

	if (want_unknown)
		return !e;
	return e && !node_is(e->pair->value, NODE_MAP) && !node_is_unknown(e->pair->value);
}

/*
 * One diagnostic a parent, all with GitLab's line that lists them. Where an included file is
 * missing, it may be the one that has the parent.
 */
static void check_parents(
	struct extender *x, struct entry *e, const struct node *extends, bool unknown)
{
	CLEANUP(buf_release) struct buf list = BUF_INIT;
	struct frame f = FRAME_AT(&x->root, e->pair->key->text);
	size_t n = parent_count(extends), bad = 0;

	for (size_t i = 0; i < n; i++)
		if (is_bad_parent(x, parent_name(x, extends, i), unknown) && list.n < 2000)
			buf_printf(&list, "%s" STR_FMT, bad++ ? ", " : "",
				STR_ARG(parent_name(x, extends, i)));
	if (!bad)
		return;
	set_unsure(x->c, f.key);
	if (unknown && x->c->incomplete)
		return;
	for (size_t i = 0; i < n; i++) {
		struct str name = parent_name(x, extends, i);
		struct diag *d;

		if (!is_bad_parent(x, name, unknown))
			continue;
		d = fault(&f, unknown ? "unknown-parent" : "bad-parent", parent_at(extends, i)->at,
			fmt_in(&f, "=" STR_FMT ": %s in `extends` (%s)", STR_ARG(f.key),
				unknown ? "unknown keys" : "invalid base hashes", list.p),
			unknown ? "'" STR_FMT "' extends '" STR_FMT "', which does not exist"
				: "'" STR_FMT "' extends '" STR_FMT "', which is no mapping",
			STR_ARG(f.key), STR_ARG(name));
		/* What is no text need not be said to be none as well. */
		if (extends->kind != NODE_STRING && parent_at(extends, i)->kind != NODE_STRING)
			remember_unknown(x->c, extends->kind == NODE_SEQ ? parent_at(extends, i)->at
									 : extends->at);
		if (unknown)
			note_nearest_key(&f, d, name, &x->entries, NULL, f.key);
	}
}

static void resolve(struct extender *x, struct entry *e, unsigned depth);

static void say_cycle(struct extender *x, struct entry *e, const struct node *at)
{
	struct frame f = FRAME_AT(&x->root, e->pair->key->text);

	fault(&f, "extends-cycle", at->at,
		fmt_in(&f, "=" STR_FMT ": circular dependency detected in `extends`",
			STR_ARG(f.key)),
		"'" STR_FMT "' extends itself, directly or through others", STR_ARG(f.key));
}

/* e is the entry whose own `extends` is one link too many. */
static void say_deep(struct extender *x, struct entry *e)
{
	struct frame f = FRAME_AT(&x->root, e->pair->key->text);

	if (!x->too_deep)
		fault(&f, "extends-too-deep", extends_of(e->pair)->at,
			fmt_in(&f, "=" STR_FMT ": nesting too deep in `extends`", STR_ARG(f.key)),
			"'" STR_FMT "' makes a chain of more than %d 'extends'", STR_ARG(f.key),
			LIMIT_EXTENDS_DEPTH + 1);
	x->too_deep = true;
	set_unsure(x->c, f.key);
}

/* The parent of that name that can be merged, or NULL. */
static struct entry *usable_parent(struct extender *x, struct str name)
{
	struct entry *e = map_get(&x->entries, name);

	return e && e->visit != ACTIVE && node_is(e->pair->value, NODE_MAP) ? e : NULL;
}

/* What a parent lacks, its children lack too; its own message is enough. */
static void resolve_parents(
	struct extender *x, struct entry *e, const struct node *extends, unsigned depth)
{
	for (size_t i = 0; i < parent_count(extends); i++) {
		struct entry *parent = map_get(&x->entries, parent_name(x, extends, i));

		if (!parent)
			continue;
		if (parent->visit == ACTIVE) {
			say_cycle(x, parent, parent_at(extends, i));
			set_unsure(x->c, parent->pair->key->text);
		} else {
			resolve(x, parent, depth + 1);
			e->links = MAX(e->links, parent->links + 1);
		}
		if (map_has(&x->c->unsure, parent->pair->key->text))
			set_unsure(x->c, e->pair->key->text);
	}
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

static void merge_parents(struct extender *x, struct entry *e, const struct node *extends)
{
	struct frame f = FRAME_AT(&x->root, e->pair->key->text);
	const struct node *merged = NULL;

	for (size_t i = 0; i < parent_count(extends); i++) {
		struct entry *parent = usable_parent(x, parent_name(x, extends, i));
		const struct node *from = parent ? given_of(x, parent) : NULL;

		if (from)
			merged = merged ? merge_deep(x->c, merged, from) : from;
	}
	if (merged)
		e->pair->value = merge_deep(x->c, merged, e->pair->value);
	if (config_state_of(x->c)->merged_keys <= LIMIT_MERGED_KEYS)
		return;
	if (!x->too_many)
		fault(&f, "definition-too-large", e->pair->key->at, NULL,
			"'extends' makes more than %d keys in all", LIMIT_MERGED_KEYS);
	x->too_many = true;
}

/* GitLab goes down from e in the order that parents are named in, and stops at the first too deep.
 */
static struct entry *too_deep_below(struct extender *x, struct entry *e)
{
	for (unsigned left = LIMIT_EXTENDS_DEPTH + 1; left; left--) {
		const struct node *extends = extends_of(e->pair);
		struct entry *next = NULL;

		for (size_t i = 0; !next && i < parent_count(extends); i++) {
			next = map_get(&x->entries, parent_name(x, extends, i));
			if (next && next->links < left)
				next = NULL;
		}
		if (!next)
			break;
		e = next;
	}
	return e;
}

static void resolve(struct extender *x, struct entry *e, unsigned depth)
{
	const struct node *extends = extends_of(e->pair);

	if (e->visit == DONE || x->too_many)
		return;
	if (node_is_unknown(extends))
		set_unsure(x->c, e->pair->key->text);
	if (!parent_count(extends)) {
		e->visit = DONE;
		return;
	}
	if (depth > LIMIT_EXTENDS_DEPTH) {
		say_deep(x, e);
		return;
	}
	e->visit = ACTIVE;
	check_parents(x, e, extends, true);
	check_parents(x, e, extends, false);
	resolve_parents(x, e, extends, depth);
	if (e->links > LIMIT_EXTENDS_DEPTH + 1) {
		say_deep(x, too_deep_below(x, e));
		set_unsure(x->c, e->pair->key->text);
	}
	if (!x->too_many)
		merge_parents(x, e, extends);
	e->visit = DONE;
}

bool pass_extends(struct config *c)
{
	struct extender x = {.c = c, .root = FRAME_ROOT(c)};
	struct arena scratch = ARENA_INIT;

	map_init(&x.entries, &scratch);
	map_reserve(&x.entries, c->root->u.map.n);
	node_each_pair(pair, c->root)
	{
		struct entry *e = arena_new(&scratch, struct entry);

		e->pair = pair;
		map_put(&x.entries, pair->key->text, e);
	}
	map_each (struct map_entry *, m, &x.entries) {
		resolve(&x, m->value, 0);
	}
	arena_release(&scratch);
	return !x.too_many;
}
