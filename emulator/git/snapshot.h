/*
 * The list of files that a job's tree consists of: what git tracks, as it stands in the work tree
 * (uncommitted changes included), and a .git directory in which git works: HEAD detached at the
 * commit, all objects and refs, a clean configuration, no hooks, no locks.
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
	struct str source; /* FILE: absolute path to read; {NULL, 0}: content below */
	struct str data;   /* FILE without source: content; LINK: target */
};

struct snapshot {
	struct arena arena;
	VEC(struct entry) entries; /* a directory comes before what is in it */
	uint64_t bytes;            /* of files' contents */
	size_t tracked;            /* files of the work tree, without .git */
};

struct snapshot_options {
	bool no_git; /* leave .git out */
};

/*
 * Blocking (it walks directories and runs git): call it on a worker thread. The repo is only read.
 */
int snapshot_make(struct snapshot *s, const struct repo *r, const struct snapshot_options *o,
	struct error *err);
void snapshot_release(struct snapshot *s);

#endif
