/*
 * The list of files that a job's tree consists of: what git tracks, as it stands in the work tree
 * (uncommitted changes included), and a .git directory in which git works: HEAD detached at the
 * commit, all objects, the refs that a runner would fetch, a clean configuration, no hooks, no
 * locks.
 *
 * Submodules that are checked out follow, as they stand, each with a .git of its own; who wants
 * them says so when a job's tree is made.
 *
 * A snapshot is a list, not a copy: files are read when a job's tree is made.
 */
#ifndef GIT_SNAPSHOT_H
#define GIT_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

struct error;
struct repo;

enum entry_kind { ENTRY_DIR, ENTRY_FILE, ENTRY_LINK };

struct entry {
	enum entry_kind kind;
	struct str path; /* relative to the project directory, no leading or trailing slash */
	uint32_t mode;   /* permission bits that the job sees: 0777 dirs, a+rw files, a+x kept */
	uint64_t size;
	int64_t mtime_s;
	uint32_t mtime_ns;
	/* FILE with a source: with size and mtime they tell whether it was written since. */
	int64_t ctime_s;
	uint32_t ctime_ns;
	uint64_t inode;
	struct str id;     /* of a file of exactly HEAD: git's id of its content; else empty */
	struct str source; /* FILE: absolute path to read; {NULL, 0}: content below */
	struct str data;   /* FILE without source: content; LINK: target */
	uint32_t module;   /* what it belongs to: 0 the project, else 1 + index in modules */
};

struct submodule {
	struct str path; /* relative to the project directory */
	unsigned level;  /* 1: of the project, 2: of one of its submodules ... */
	uint32_t parent; /* as entry.module */
	bool missing;    /* not checked out here, or its commit is not */
};

/* A file that an earlier commit has and the work tree has not. It went when its folder (or what is
 * left of the way to it) was last changed, or before. */
struct gone_file {
	struct str path;
	int64_t mtime_s;
	uint32_t mtime_ns;
};

struct snapshot {
	struct arena arena;
	VEC(struct entry) entries; /* a directory comes before what is in it */
	uint64_t bytes;            /* of files' contents */
	int64_t taken_s;           /* when it was begun, seconds since the epoch */
	size_t tracked;            /* files of the work tree, without .git */
	VEC(struct submodule) modules;
	struct str untracked[3];    /* files that are neither tracked nor ignored: the first ones */
	size_t n_untracked;         /* all of them */
	struct str pointer;         /* of Git LFS, whose content is not in the clone: the first */
	size_t n_pointers;          /* all of them */
	VEC(struct gone_file) gone; /* where options.earlier is set */
};

struct snapshot_options {
	bool no_git; /* leave .git out */
	/*
	 * Exactly HEAD instead of the work tree: its files are written below this folder (absolute;
	 * made here, removed by the caller once no job's tree is made any more). NULL: the work
	 * tree.
	 */
	const char *committed_dir;
	struct str earlier; /* id of a commit that the work tree is compared with; empty: none */
};

/*
 * Blocking (it walks directories and runs git): call it on a worker thread. The repo is only read.
 */
int snapshot_make(struct snapshot *s, const struct repo *r, const struct snapshot_options *o,
	struct error *err);
void snapshot_release(struct snapshot *s);

/*
 * The text of a .git/shallow that ends the history of `sha` after `depth` commits on each line of
 * descent, as `git fetch --depth` would; appended to out. Nothing where the history is shorter.
 * Blocking.
 */
struct buf;
int snapshot_shallow(
	const struct repo *r, struct str sha, unsigned depth, struct buf *out, struct error *err);

#endif
