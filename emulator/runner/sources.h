/*
 * The sources of a run's jobs: one snapshot of the user's work tree (emulator/git), made once,
 * given to each job as its own tree. Made lazily: the first job that wants sources starts the work,
 * others wait for the same answer.
 */
#ifndef RUNNER_SOURCES_H
#define RUNNER_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>
#include "base/arena.h"
#include "base/str.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/store/archive.h"

struct buf;
struct repo;
struct snapshot;
struct sources;

/* repo (emulator/git/repo.h) is borrowed; NULL: jobs get an empty directory. */
struct sources *sources_new(struct loop *loop, const struct repo *repo);
/* Not while a build uses it. Work that is under way ends on a worker thread, then it is freed. */
void sources_free(struct sources *s);

/*
 * Exactly HEAD instead of the work tree (snapshot.h), checked out below dir, which goes with the
 * sources. Before the first job wants them; dir is copied.
 */
void sources_set_committed(struct sources *s, const char *dir);
bool sources_committed(const struct sources *s);
/* The snapshot says which files of that commit (its id, borrowed) are gone. At the same time. */
void sources_set_earlier(struct sources *s, struct str commit);

/* What one job gets of the files. Zeroed: all that is the project's own, and .git. */
struct sources_view {
	bool empty;          /* no files at all */
	bool git_only;       /* GIT_CHECKOUT=false: .git alone */
	bool above;          /* the files are there (layers.h): only what is this job's own */
	unsigned submodules; /* the deepest level; 0: none */
	struct str submodule_paths; /* GIT_SUBMODULE_PATHS as written; empty: all */
	struct str shallow;         /* lines for .git/shallow */
};
/* Is the submodule (index in the snapshot's modules) part of the view? */
bool sources_has_module(const struct sources *s, const struct sources_view *v, size_t module);
/* The text of .git/shallow that GIT_DEPTH asks for; blocking, for a worker thread. */
int sources_shallow(const struct sources *s, unsigned depth, struct buf *out, struct error *err);
/* True once a run, where the snapshot has something to be told (untracked files, pointers of LFS).
 */
bool sources_take_note(struct sources *s);

/* The list of files, once it is there; NULL before, and where there is no repository. */
const struct snapshot *sources_snapshot(const struct sources *s);

/* err NULL: s holds the snapshot. */
typedef void sources_ready_fn(void *arg, const struct snapshot *s, const struct error *err);
struct sources_wait {
	struct sources *sources; /* NULL: not waiting */
	sources_ready_fn *fn;
	void *arg;
	struct loop_task task;
	struct sources_wait *next;
};
/* fn runs once, on a later turn. w is embedded in the caller, zeroed before its first use. */
void sources_want(struct sources *s, struct sources_wait *w, sources_ready_fn *fn, void *arg);
void sources_unwant(struct sources_wait *w); /* no effect when not waiting */

/*
 * Once ready: a tar of the project's tree for the root of a container. dir: absolute project
 * directory ("/builds/group/project"); its parents from below the root, and <dir>.tmp, are in the
 * tar, world-writable. The view's strings must outlive the stream. See tar_stream_new() for wake.
 */
struct tar_stream *sources_tar(struct sources *s, struct str dir, const struct sources_view *view,
	void (*wake)(void *arg), void *wake_arg);

/* What such a tar is made of. */
struct tar_stream_source sources_items(
	struct sources *s, struct str dir, const struct sources_view *view);

/* A part of a view, for a layer (layers.h) above an older one. */
struct sources_part {
	struct arena arena; /* of all that it points to */
	const bool *take;   /* by the order of the view's entries */
	size_t n;
	const struct str *gone; /* paths that the layer takes away; no '/' at either end */
	size_t n_gone;
};
/* As sources_tar(), of that part. The part becomes the stream's: malloc'ed, released with it. */
struct tar_stream *sources_tar_part(struct sources *s, struct str dir,
	const struct sources_view *view, struct sources_part *part, void (*wake)(void *arg),
	void *wake_arg);
void sources_part_free(struct sources_part *part);

/*
 * Once ready: a copy of the tree at dir (made, with its parents and <dir>.tmp), on a worker thread;
 * by reflink or copy_file_range where the file system can, or what a job has left is put right.
 * top: the folder of the job's builds, above dir, which need not exist. done runs once, on a later
 * turn.
 */
struct sources_copy;
typedef void sources_copy_fn(void *arg, const struct error *err);
struct sources_copy *sources_copy_start(struct sources *s, struct str top, struct str dir,
	const struct sources_view *view, sources_copy_fn *done, void *arg);
/*
 * The job is over, nothing uses the copy any more: a later one may be made of it. pool: a folder on
 * the same file system. All of top may go there with it. Blocking. -1: dir is as before, for the
 * caller to remove.
 */
int sources_copy_done(struct sources *s, const char *top, const char *dir, const char *pool);
/* done comes soon, with an error of domain CANCELLED. */
void sources_copy_cancel(struct sources_copy *c);

#endif
