/*
 * `cilocal clean`: removes what cilocal made, here and on the engine, except what belongs to a run
 * that is still going on (its lock is held).
 */
#ifndef GITLAB_CLEAN_H
#define GITLAB_CLEAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "emulator/gitlab/registry.h"

struct arena;
struct error;

enum clean_what {
	CLEAN_ENGINE = 1,   /* containers, networks and volumes of jobs, by their labels */
	CLEAN_REGISTRY = 2, /* the local registry: container, storage, credentials */
	CLEAN_CACHES = 4,   /* .cilocal/cache, .cilocal/sources, and their volumes */
	CLEAN_RUNS = 8,     /* .cilocal/runs, and what killed runs left running */
	CLEAN_ALL = 15
};

struct clean_options {
	unsigned what;    /* enum clean_what; 0: CLEAN_ALL */
	bool dry_run;     /* only say what would go */
	const char *root; /* the work tree's root; NULL: no project, then caches and runs are left
			     out */
	struct registry_options registry;   /* of the first engine */
	const struct endpoint_lookup *more; /* further engines */
	size_t n_more;
};

struct clean_item {
	struct str kind; /* "container", "network", "volume", "cache", "run", "registry" ... */
	struct str name;
	int64_t bytes;   /* -1: unknown */
	int64_t used;    /* when it was used last, seconds since the epoch; 0: unknown */
	struct str kept; /* why it was not removed; empty: it was (or would be) */
};
struct clean_result {
	struct clean_item *items;
	size_t n;
};

/*
 * Synchronous. 0 with the items in the arena, or -1 with the first error; what could be removed was
 * removed all the same. Without an engine, containers, networks and volumes are left out and
 * *no_engine is set (no error, unless `what` asks for nothing else).
 */
int clean(struct clean_result *out, bool *no_engine, struct arena *a, const struct clean_options *o,
	struct error *err);

#endif
