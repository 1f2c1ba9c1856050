#include "base/base.h"

#include "yaml/yaml_internal.h"

/*
 * Bytes that Ruby 3.1 on a 64-bit machine counts for an object (ObjectSpace.memsize_of): a slot of
 * 40, and what lies outside of it. Small numbers, booleans and null cost nothing.
 */
#define SLOT ((size_t)40)

static size_t string_size(const struct node *n)
{
	return n->text.n > 23 ? SLOT + n->text.n + 1 : SLOT;
}

/* Three items lie in the slot; after that the array grows by half. */
static size_t array_size(size_t n)
{
	size_t cap = 3;

	if (n <= 3)
		return SLOT;
	while (cap < n)
		cap += 1 + MAX(cap / 2, (size_t)16);
	return SLOT + cap * 8;
}

/* Up to eight pairs in a small table, then entries in powers of two with an index of twice as many.
 */
static size_t hash_size(size_t n)
{
	size_t entries = 32, bins;

	if (!n)
		return SLOT;
	if (n <= 8)
		return 168;
	while (entries < n)
		entries *= 2;
	bins = entries * 2;
	return SLOT + 56 + entries * 24 + bins * (bins <= 256 ? 1 : bins <= 65536 ? 2 : 4);
}

struct meter {
	size_t size, by_alias; /* by_alias: the part of size that aliases added */
	unsigned depth;
};

static void add(struct meter *m, const struct node *n, size_t size)
{
	m->size += size;
	if (n->via == VIA_ALIAS)
		m->by_alias += size;
}

static bool measure(struct meter *m, const struct node *n)
{
	bool ok = true;

	switch (n->kind) {
	case NODE_NULL:
	case NODE_BOOL:
		break;
	case NODE_FLOAT:
		break;
	case NODE_INT:
		add(m, n, n->text.n > 19 ? SLOT : 0);
		break;
	case NODE_STRING:
		add(m, n, string_size(n));
		break;
	case NODE_REFERENCE: /* an object of its own class: GitLab does not look into it */
		add(m, n, SLOT);
		break;
	case NODE_SEQ:
		add(m, n, array_size(n->u.seq.n));
		break;
	case NODE_MAP:
		add(m, n, hash_size(n->u.map.n));
		break;
	}
	if (n->kind != NODE_SEQ && n->kind != NODE_MAP)
		return true;
	if (++m->depth > YAML_MAX_DEPTH)
		return false;
	if (n->kind == NODE_SEQ) {
		for (size_t i = 0; ok && i < n->u.seq.n; i++)
			ok = measure(m, n->u.seq.items[i]);
	} else {
		for (size_t i = 0; ok && i < n->u.map.n; i++)
			ok = measure(m, n->u.map.pairs[i].key) &&
			     measure(m, n->u.map.pairs[i].value);
	}
	m->depth--;
	return ok;
}

enum yaml_measure yaml_measure(const struct node *root)
{
	struct meter m = {0, 0, 0};

	if (!measure(&m, root))
		return YAML_TOO_DEEP;
	if (m.size <= YAML_MAX_BYTES)
		return YAML_FITS;
	if (m.by_alias * 2 >= m.size)
		return YAML_BLOWN_UP;
	return m.size > YAML_MAX_MEMORY ? YAML_HUGE : YAML_LARGE;
}
