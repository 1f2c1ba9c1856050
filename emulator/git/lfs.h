/* Git LFS: pointers in place of files, and the contents that this clone has. */
#ifndef GIT_LFS_H
#define GIT_LFS_H

#include <stdbool.h>
#include "base/str.h"

struct arena;
struct repo;
struct stat;

/*
 * Whether pointers are to be looked for below `files` (the work tree, or what was checked out of
 * it): the clone has a store, or the root's .gitattributes names the filter. Blocking.
 */
bool lfs_used(const struct repo *r, struct str files);

enum lfs_kind {
	LFS_NONE,   /* no pointer */
	LFS_HERE,   /* its content is in the clone's store */
	LFS_MISSING /* it is not */
};
/*
 * What the file is. LFS_HERE: *object is the content's path (in the arena) and *st the object's
 * stat, with the file's mode. Nothing is fetched. Blocking.
 */
enum lfs_kind lfs_object(const struct repo *r, struct arena *a, const char *path, struct stat *st,
	const char **object);

#endif
