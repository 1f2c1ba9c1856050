/*
 * The environments that jobs of a project deployed to, in .cilocal/environments.json: what GitLab
 * keeps of them from pipeline to pipeline. Several runs may change it at once: each change reads
 * the file, and writes it as a whole, under a lock.
 */
#ifndef STORE_ENVIRONMENT_RECORD_H
#define STORE_ENVIRONMENT_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct arena;
struct error;

/* Texts may be empty, times are seconds since the epoch, < 0: none. */
struct environment_record {
	uint64_t id; /* from 1, in the order in which they came to be */
	struct str name, slug, tier, url;
	struct str state;          /* available, stopped */
	struct str on_stop;        /* the job that stops it */
	double created, auto_stop; /* auto_stop: when it is to be stopped */
	uint64_t deployments;      /* that passed; the last one: */
	struct str job, run, ref, sha;
	double deployed;
};

struct environment_list {
	struct environment_record *v;
	size_t n;
};

/* All of a project; dir is its .cilocal. Strings go to the arena. A missing file: none. */
int environment_list_read(
	const char *dir, struct arena *a, struct environment_list *out, struct error *err);
/* The one of that name, or NULL. */
struct environment_record *environment_find(const struct environment_list *l, struct str name);

/*
 * Changes the environment of this name, made first where there is none (state available, the next
 * id). fn gets it and may put views of any memory that outlives the call. *out (may be NULL) is
 * what was written, in the arena.
 */
typedef void environment_change_fn(void *arg, struct environment_record *e);
int environment_change(const char *dir, struct str name, environment_change_fn *fn, void *arg,
	struct arena *a, struct environment_record *out, struct error *err);

#endif
