#include "base/base.h"

/* FNV-1a with a final mix: short keys, no adversary worth a keyed hash (growth is bounded by
 * limits). */
uint32_t str_hash(struct str s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;
	h ^= h >> 15;
	h *= 2246822519u;
	h ^= h >> 13;
	return h;
}

void *vec_grow_heap(void *v, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap * 2 : 8;

	if (want > SIZE_MAX / size)
		die_oom(want);
	*cap = want;
	return xrealloc(v, want * size);
}

void *vec_grow_arena(struct arena *a, void *v, size_t n, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap * 2 : 4;
	void *p;

	if (want > SIZE_MAX / size)
		die_oom(want);
	p = arena_calloc(a, want * size);
	if (n)
		memcpy(p, v, n * size);
	*cap = want;
	return p;
}

void map_init(struct map *m, struct arena *a)
{
	*m = (struct map){.arena = a};
}

static size_t slot_of(const struct map *m, struct str key, uint32_t hash)
{
	size_t at = hash & (m->n_slots - 1);

	while (m->slots[at]) {
		const struct map_entry *e = &m->e[m->slots[at] - 1];

		if (e->hash == hash && str_eq(e->key, key))
			break;
		at = (at + 1) & (m->n_slots - 1);
	}
	return at;
}

static struct map_entry *lookup(const struct map *m, struct str key)
{
	size_t at;

	if (!m->n_slots)
		return NULL;
	at = slot_of(m, key, str_hash(key));
	if (!m->slots[at] || m->e[m->slots[at] - 1].removed)
		return NULL;
	return &m->e[m->slots[at] - 1];
}

void *map_get(const struct map *m, struct str key)
{
	const struct map_entry *e = lookup(m, key);

	return e ? e->value : NULL;
}

bool map_has(const struct map *m, struct str key)
{
	return lookup(m, key) != NULL;
}

static void rehash(struct map *m, size_t n_slots)
{
	m->slots = arena_array(m->arena, uint32_t, n_slots);
	m->n_slots = n_slots;
	for (size_t i = 0; i < m->n; i++) {
		size_t at;

		if (m->e[i].removed)
			continue;
		at = slot_of(m, m->e[i].key, m->e[i].hash);
		m->slots[at] = (uint32_t)i + 1;
	}
}

void map_reserve(struct map *m, size_t n)
{
	size_t n_slots = MAX(m->n_slots, (size_t)8);
	struct map_entry *old = m->e;

	while (n * 4 > n_slots * 3)
		n_slots *= 2;
	if (n_slots > m->n_slots)
		rehash(m, n_slots);
	if (n <= m->cap)
		return;
	m->e = arena_array(m->arena, struct map_entry, n);
	m->cap = n;
	if (m->n)
		memcpy(m->e, old, m->n * sizeof(*old));
}

void *map_put(struct map *m, struct str key, void *value)
{
	struct map_entry *e = lookup(m, key);
	uint32_t hash;

	if (e) {
		void *old = e->value;

		e->value = value;
		return old;
	}
	if ((m->n + 1) * 4 > m->n_slots * 3)
		rehash(m, m->n_slots ? m->n_slots * 2 : 8);
	if (m->n == m->cap)
		m->e = vec_grow_arena(m->arena, m->e, m->n, &m->cap, sizeof(*m->e));
	hash = str_hash(key);
	m->e[m->n] = (struct map_entry){.key = key, .value = value, .hash = hash};
	/* A removed entry of the same key may hold the slot: the new one takes it over. */
	m->slots[slot_of(m, key, hash)] = (uint32_t)++m->n;
	m->live++;
	return NULL;
}

bool map_remove(struct map *m, struct str key)
{
	struct map_entry *e = lookup(m, key);

	if (!e)
		return false;
	e->removed = true;
	m->live--;
	return true;
}
