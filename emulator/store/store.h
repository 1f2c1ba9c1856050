/*
 * The layout of .cilocal/ in the project's root:
 *
 *     .cilocal/.gitignore            "*": the folder ignores itself
 *     .cilocal/pipeline              the number of the newest pipeline that was run
 *     .cilocal/runs/<id>/lock        held (flock) while the run lives; of one that died it stays
 *     .cilocal/runs/<id>/run.json    the run's record (run_record.h)
 *     .cilocal/runs/<id>/<slug>/trace.log
 *     .cilocal/cache/                caches (cache_store.h)
 *     .cilocal/slots/<n>             locks of jobs that run at once (slot.h)
 *     .cilocal/sources/              what is on an engine of the sources (runner/layer_list.h)
 *
 * Ids sort by age: YYYYMMDD-HHMMSS-xxxx. Files are small and local: calls block.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"

struct error;

struct store {
	struct arena arena;
	const char *root; /* absolute: PROJECT/.cilocal */
};

/* Finds or (create) makes .cilocal in the project's root. Without create a missing one is fine.
 * -1: nothing is to be released. */
int store_open(struct store *s, const char *project_root, bool create, struct error *err);
void store_release(struct store *s);

/* The number that the project's next pipeline will have (CI_PIPELINE_ID, CI_PIPELINE_IID); from 1.
 */
uint64_t store_next_pipeline(const char *project_root);
/* Remembers that the pipeline of this number was made. */
int store_pipeline_made(struct store *s, uint64_t number, struct error *err);

/* A run of this process: its folder and its lock. */
struct store_run {
	struct arena arena;
	const char *id;
	const char *dir;       /* absolute */
	const char *lock_path; /* absolute */
	int lock_fd;
};

/* now_s: seconds since the epoch. The lock is held until store_run_close() or death. */
int store_run_create(struct store *s, struct store_run *r, long now_s, struct error *err);
/* Releases the lock and takes it away: the run ended in order. The folder stays. */
void store_run_close(struct store_run *r);
/* Removes the folder as a whole, and releases the lock. */
void store_run_remove(struct store_run *r);
/*
 * The same for what leaves no run (a shell in a job): below .cilocal/shells, for
 * store_run_remove(). Folders there that dead processes left go.
 */
int store_shell_create(struct store *s, struct store_run *r, long now_s, struct error *err);

/*
 * Calls fn (may be NULL) with each folder below root/place ("runs", "shells") whose lock is there
 * and held by nobody: a run that ends in order takes its lock away. How many there are.
 */
size_t store_each_dead(
	const char *root, const char *place, void (*fn)(void *arg, const char *dir), void *arg);

/* Is the run alive (lock held by some process)? A missing lock file: no. */
bool store_lock_held(const char *lock_path);

/*
 * The job's file name within a run: lower case, [a-z0-9-], at most 60 bytes and a hash where
 * something was lost. Distinct names give distinct slugs. In the arena.
 */
struct str store_slug(struct arena *a, struct str job_name);

/* Makes <run>/<slug>/ and returns <run>/<slug>/<file> (in the arena); NULL with err set. */
const char *store_job_path(
	struct store_run *r, struct arena *a, struct str slug, const char *file, struct error *err);

/*
 * The files below a job's folder, as hard links below another: what one run left belongs to two
 * then, and stays as long as one of them. The copy of the sources is left out.
 */
int store_link_tree(const char *from, const char *to, struct error *err);

/* Run ids, newest first, in the arena. */
int store_list(struct store *s, struct arena *a, struct str **ids, size_t *n, struct error *err);
/* Absolute path of a run's folder (in the arena); NULL when there is no such run. */
const char *store_run_dir(struct store *s, struct arena *a, struct str id);

/* Removes all but the newest `keep` runs; live ones stay. Returns how many went. */
size_t store_prune(struct store *s, size_t keep);
/* Removes a directory tree, never following links. Missing: fine. Read-only folders are opened. */
int store_remove_tree(const char *path, struct error *err);
int store_make_dirs(const char *path, struct error *err); /* mkdir -p */

/* Writes a file as a whole: a temporary one beside it, then rename. */
int store_write_file(const char *path, struct str data, struct error *err);
int store_read_file(
	const char *path, struct arena *a, size_t max, struct str *out, struct error *err);

#endif
