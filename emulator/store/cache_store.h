/*
 * The caches of a project's jobs:
 *
 *     .cilocal/cache/lock                        held (flock) for the moment of a change
 *     .cilocal/cache/<name of key>/cache.tar     replaced as a whole, so readers need no lock
 *     .cilocal/cache/<name of key>/metadata.json the key; its time is that of the last use
 *
 * Files are local: calls block, shortly.
 */
#ifndef STORE_CACHE_STORE_H
#define STORE_CACHE_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

struct arena;
struct error;

/* The archive of a key (in the arena), there or not. */
const char *cache_archive(struct arena *a, const char *cache_dir, struct str key);
/* A new file beside it, open for writing; its path in the arena. -1 with err. */
int cache_part(struct arena *a, const char *cache_dir, struct str key, const char **path,
	struct error *err);
/*
 * The part becomes the key's archive. Then the caches that were used longest ago go until all
 * together are below limit bytes (0: none); the one just written stays. *evicted: how many went.
 */
int cache_commit(const char *cache_dir, struct str key, const char *part, uint64_t limit,
	size_t *evicted, struct error *err);
/* One cache as it lies there. */
struct cache_info {
	struct str key; /* as the job had it; the folder's name where that is lost */
	const char *dir;
	uint64_t bytes; /* on the disk */
	int64_t used;   /* seconds since the epoch */
};
/*
 * All of them, in the order in which a limit would remove them: the one used longest ago first. In
 * the arena; parts of dead processes go. Returns their number.
 */
size_t cache_list(struct arena *a, const char *cache_dir, struct cache_info **out);
/* Removes one, while no other process changes it. */
int cache_remove(const char *cache_dir, const struct cache_info *c, struct error *err);
/* Marks the key as used now. */
void cache_touch(const char *cache_dir, struct str key);

#endif
