/* Git LFS: pointers in place of files, and the contents that this clone has. */
#ifndef GIT_LFS_H
#define GIT_LFS_H

#include <stdbool.h>
#include "base/str.h"

struct arena;
struct repo;
struct stat;

/*
 * Is the file a pointer whose content is in the clone's store? Then *object is its path (in the
 * arena) and *st the object's stat, with the file's mode. Nothing is fetched. Blocking.
 */
bool lfs_object(const struct repo *r, struct arena *a, const char *path, struct stat *st,
	const char **object);

#endif
