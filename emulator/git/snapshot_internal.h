/* Shared by snapshot*.c only. */
#ifndef GIT_SNAPSHOT_INTERNAL_H
#define GIT_SNAPSHOT_INTERNAL_H

#include <stdint.h>
#include "emulator/git/snapshot.h"

struct stat;

uint32_t snapshot_mode(const struct stat *st);
void snapshot_add_dir(struct snapshot *s, struct str path);
void snapshot_add_data(
	struct snapshot *s, const char *path, struct str data, const struct stat *st);
int snapshot_add_file(struct snapshot *s, struct str path, const char *source,
	const struct stat *st, struct error *err);
/*
 * The .git directory (snapshot_git.c), with the index of index_dir and HEAD at sha. module: of a
 * submodule, which keeps its refs as they are.
 */
int snapshot_add_git(struct snapshot *s, const struct repo *r, struct str index_dir, struct str sha,
	bool module, struct error *err);
/* Its refs, where it is the project's (snapshot_refs.c). */
void snapshot_add_refs(struct snapshot *s, const struct repo *r, struct str sha);
/* A NUL-separated list of files below root that are not there (snapshot_gone.c). */
void snapshot_add_gone(struct snapshot *s, struct str root, struct str list);

#endif
