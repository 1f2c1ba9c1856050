/*
 * String map in an arena that remembers the order of insertion, because the order of keys is what
 * GitLab's users see (jobs, variables, stages). Open addressing over an index of entries.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct arena;
struct map_entry {
	struct str key; /* borrowed: must live as long as the map */
	void *value;
	uint32_t hash;
	bool removed;
};
struct map {
	struct arena *arena;
	struct map_entry *e; /* in order of insertion; skip the removed ones */
	size_t n, cap;       /* entries used, removed ones included */
	size_t live;
	uint32_t *slots; /* index into e + 1, 0 = free */
	size_t n_slots;
};

void map_init(struct map *m, struct arena *a);
/* Room for n entries, where their number is known: what a map grows out of is lost to its arena. */
void map_reserve(struct map *m, size_t n);
void *map_get(const struct map *m, struct str key); /* NULL when absent */
bool map_has(const struct map *m, struct str key);
/* Sets or replaces; a replaced key keeps its place. Returns the old value or NULL. */
void *map_put(struct map *m, struct str key, void *value);
bool map_remove(struct map *m, struct str key);

/* map_each(struct map_entry *, e, &m) { ... } */
#define map_each(ptrtype, name, m)                                            \
	for (ptrtype name = (m)->e; (m)->n && name < (m)->e + (m)->n; name++) \
		if (!name->removed)

uint32_t str_hash(struct str s);

#endif
