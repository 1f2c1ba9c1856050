/*
 * .cilocal.lock in the project's root: what a pipeline takes from elsewhere, exactly. The commits
 * that refs of projects and versions of components meant, the hash of each file, the digest of each
 * image. In TOML, so that a change of it reads well.
 */
#ifndef CLI_LOCK_FILE_H
#define CLI_LOCK_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/diag.h"
#include "base/str.h"
#include "base/vec.h"
#include "emulator/gitlab/fetch_include.h"

#define LOCK_FILE ".cilocal.lock"

struct cli;
struct buf;

struct lock_project {
	struct str host, project, ref; /* host empty: this server; ref as written */
	struct str version, sha;       /* version: the tag that a component's ~latest meant */
	struct str newest;             /* not in the file: newest release of a component */
};
struct lock_include {
	struct str kind; /* remote, template, project, component */
	struct str path, project, ref;
	struct str sha256;
};
struct lock_image {
	struct str name;  /* as the pipeline has it */
	struct str exact; /* "alpine@sha256:...", or an id, "sha256:..." */
};

struct lock_file {
	struct arena *arena;
	VEC(struct lock_project) projects;
	VEC(struct lock_include) includes;
	VEC(struct lock_image) images;
	bool with_images; /* false: images are not locked */
	struct fetch_lock fetch;
};

/*
 * Reads that of the project. Prints what is wrong, also that there is none; an exit code. All
 * memory is c->arena's.
 */
int lock_file_read(struct cli *c, const char *root, struct lock_file *out);
void lock_file_write(struct buf *out, const struct lock_file *l);

/* l->fetch writes down what is fetched, into l, which is empty. newest: see struct fetch_lock. */
void lock_file_record(struct lock_file *l, struct arena *a, bool newest);
/* l->fetch allows what is in l, and nothing else. */
void lock_file_hold(struct lock_file *l);

const struct lock_project *lock_find_project(
	const struct lock_file *l, struct str host, struct str project, struct str ref);
const struct lock_include *lock_find_include(
	const struct lock_file *l, const struct lock_include *like);
const struct lock_image *lock_find_image(const struct lock_file *l, struct str name);
/* "component example.com/group/project/name@1", in the arena. */
struct str lock_include_name(struct arena *a, const struct lock_include *i);

#endif
