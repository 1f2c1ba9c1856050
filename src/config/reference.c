/*
 * !reference: resolved after extends over the whole merged tree, in place. Subtrees are shared
 * between jobs, so each is walked once. GitLab, lib/gitlab/ci/config/yaml/tags/reference.rb and
 * resolver.rb.
 */
#include "base/base.h"

#include "config/config_internal.h"

/* A set of node addresses with the number of nodes that each stands for, shared ones counted again.
 */
struct seen {
	const struct node **keys;
	size_t *weights;
	size_t n, cap;
};

/*
 * The weight of a mapping or sequence whose walk has not ended: this, plus the number of references
 * that were under way when it began.
 */
#define UNDER_WAY (SIZE_MAX - LIMIT_REFERENCE_DEPTH)
/* A bit of a weight: a value that is not known is among the nodes. */
#define HOLDS_UNKNOWN ((size_t)1 << 62)

struct resolver {
	struct config *c;
	struct frame root;
	struct seen seen;
	const struct node *active[LIMIT_REFERENCE_DEPTH];
	unsigned depth;
	bool too_deep; /* said once */
};

static size_t seen_slot(const struct seen *s, const struct node *n)
{
	size_t at = (size_t)(((uintptr_t)n >> 4) * 0x9E3779B97F4A7C15u >> 20) & (s->cap - 1);

	while (s->keys[at] && s->keys[at] != n)
		at = (at + 1) & (s->cap - 1);
	return at;
}

static void seen_grow(struct seen *s)
{
	struct seen old = *s;

	s->cap = old.cap ? old.cap * 2 : 1024;
	s->keys = xcalloc(s->cap, sizeof(*s->keys));
	s->weights = xcalloc(s->cap, sizeof(*s->weights));
	for (size_t i = 0; i < old.cap; i++) {
		size_t at;

		if (!old.keys[i])
			continue;
		at = seen_slot(s, old.keys[i]);
		s->keys[at] = old.keys[i];
		s->weights[at] = old.weights[i];
	}
	free(old.keys);
	free(old.weights);
}

static size_t *seen_get(struct seen *s, const struct node *n)
{
	size_t at;

	if (!s->cap)
		return NULL;
	at = seen_slot(s, n);
	return s->keys[at] ? &s->weights[at] : NULL;
}

static void seen_put(struct seen *s, const struct node *n, size_t weight)
{
	size_t at;

	if (s->n * 2 >= s->cap)
		seen_grow(s);
	at = seen_slot(s, n);
	if (!s->keys[at]) {
		s->keys[at] = n;
		s->n++;
	}
	s->weights[at] = weight;
}

static struct diag *reference_fault(
	struct resolver *r, const struct node *ref, const char *code, const char *what)
{
	return fault(&r->root, code, ref->at,
		fmt_in(&r->root, "=!reference " STR_FMT " %s", STR_ARG(ref->text), what),
		"!reference " STR_FMT " %s", STR_ARG(ref->text), what);
}

/* What refers to it does not complain again. */
static size_t set_unknown(struct resolver *r, struct node **at)
{
	*at = unknown_node(r->c, (*at)->at);
	return 1 | HOLDS_UNKNOWN;
}

static size_t add_weights(size_t a, size_t b)
{
	return ((a & ~HOLDS_UNKNOWN) + (b & ~HOLDS_UNKNOWN)) | ((a | b) & HOLDS_UNKNOWN);
}

static bool is_valid(const struct node *ref)
{
	if (!ref->u.seq.n)
		return false;
	node_each (item, ref) {
		if (item->kind != NODE_STRING)
			return false;
	}
	return true;
}

/*
 * The place that holds the value, or NULL. The path may not lead through another !reference, which
 * GitLab has not replaced when it looks; such values carry VIA_REFERENCE here. *unknown: what the
 * path leads to may be in something that could not be had.
 */
static struct node **dig(struct resolver *r, const struct node *ref, bool *unknown)
{
	struct str root = ref->u.seq.items[0]->text;
	struct node_pair *pair = root_pair(r->c, root);

	*unknown = pair ? node_is_unknown(pair->value) : r->c->incomplete;
	for (size_t i = 1; pair && !*unknown && i < ref->u.seq.n; i++) {
		if (pair->value->kind != NODE_MAP || pair->value->via == VIA_REFERENCE)
			return NULL;
		pair = node_pair_of(pair->value, ref->u.seq.items[i]->text);
		*unknown = pair ? node_is_unknown(pair->value) : may_lack(r->c, root);
	}
	return pair ? &pair->value : NULL;
}

static void note_where(struct resolver *r, struct diag *d, const struct node *ref)
{
	struct node_pair *pair = root_pair(r->c, ref->u.seq.items[0]->text);

	if (!pair)
		diag_note(r->c->diags, d, SPAN_NONE,
			"there is no '" STR_FMT "' in the merged definition",
			STR_ARG(ref->u.seq.items[0]->text));
	else
		diag_note(r->c->diags, d, pair->key->at, "'" STR_FMT "' is here",
			STR_ARG(pair->key->text));
}

static size_t walk(struct resolver *r, struct node **at);

/*
 * The reference that closes a circle: ref itself when it is under way, or when its target is, the
 * one that is under way in there (GitLab goes through the target again until it meets that one).
 * NULL without a circle.
 */
static const struct node *circular(struct resolver *r, const struct node *ref, struct node **target)
{
	const size_t *weight = target ? seen_get(&r->seen, *target) : NULL;

	if (weight && *weight >= UNDER_WAY)
		return *weight - UNDER_WAY < r->depth ? r->active[*weight - UNDER_WAY] : ref;
	for (unsigned i = 0; i < r->depth; i++)
		if (r->active[i] == ref)
			return ref;
	return NULL;
}

static size_t resolve(struct resolver *r, struct node **at)
{
	struct node *ref = *at, **target;
	const struct node *closing;
	bool unknown;
	size_t weight;

	if (!is_valid(ref)) {
		reference_fault(r, ref, "bad-reference", "is not valid");
		return set_unknown(r, at);
	}
	target = dig(r, ref, &unknown);
	closing = circular(r, ref, target);
	if (closing) {
		reference_fault(r, closing, "reference-cycle", "is part of a circular chain");
		return set_unknown(r, at);
	}
	if (unknown)
		return set_unknown(r, at);
	if (!target || (*target)->kind == NODE_NULL ||
		((*target)->kind == NODE_BOOL && !(*target)->u.boolean)) {
		note_where(
			r, reference_fault(r, ref, "unknown-reference", "could not be found"), ref);
		return set_unknown(r, at);
	}
	if (r->depth == LIMIT_REFERENCE_DEPTH) {
		if (!r->too_deep)
			reference_fault(r, ref, "reference-too-deep", "is nested too deeply");
		r->too_deep = true;
		return set_unknown(r, at);
	}
	r->active[r->depth++] = ref;
	weight = walk(r, target);
	r->depth--;
	if ((*target)->kind != NODE_REFERENCE)
		*at = copy_via(r->c->arena, *target, VIA_REFERENCE);
	return weight;
}

/* Resolves everything below; returns the number of nodes with shared ones counted each time. */
static size_t walk(struct resolver *r, struct node **at)
{
	struct node *n = *at;
	size_t weight = 1, *known, unknown;

	if (n->kind == NODE_REFERENCE)
		return resolve(r, at);
	if (n->kind != NODE_MAP && n->kind != NODE_SEQ)
		return node_is_unknown(n) ? 1 | HOLDS_UNKNOWN : 1;
	known = seen_get(&r->seen, n);
	if (known)
		return *known;
	seen_put(&r->seen, n, UNDER_WAY + r->depth);
	if (n->kind == NODE_SEQ) {
		for (size_t i = 0; i < n->u.seq.n; i++)
			weight = add_weights(weight, walk(r, &n->u.seq.items[i]));
	} else {
		for (size_t i = 0; i < n->u.map.n; i++)
			weight = add_weights(weight, walk(r, &n->u.map.pairs[i].value));
	}
	unknown = weight & HOLDS_UNKNOWN;
	weight = MIN(weight & ~HOLDS_UNKNOWN, (size_t)1 << 40) | unknown;
	seen_put(&r->seen, n, weight);
	return weight;
}

bool pass_reference(struct config *c)
{
	struct resolver r = {.c = c, .root = FRAME_ROOT(c)};
	size_t total = 0;

	for (size_t i = 0; i < c->root->u.map.n; i++) {
		struct node_pair *pair = &c->root->u.map.pairs[i];
		size_t weight = walk(&r, &pair->value);

		if (weight & HOLDS_UNKNOWN)
			set_unsure(c, pair->key->text);
		total += weight & ~HOLDS_UNKNOWN;
	}
	free(r.seen.keys);
	free(r.seen.weights);
	if (total <= LIMIT_EXPANDED_NODES)
		return true;
	fault(&r.root, "definition-too-large", c->root->at, NULL,
		"the definition has more than %d values after 'extends' and '!reference'",
		LIMIT_EXPANDED_NODES);
	return false;
}
