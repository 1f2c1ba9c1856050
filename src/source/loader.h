/*
 * The only file access of src/: texts that `include: local` names, below the project's root (or in
 * a tree that its user reads for it). Paths are relative to the root (a leading slash is allowed
 * and means the same). What leads outside is refused: "..", and symbolic links whose target lies
 * elsewhere.
 */
#ifndef SOURCE_LOADER_H
#define SOURCE_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct arena;

enum loader_status {
	LOADER_OK,
	LOADER_MISSING, /* no such file */
	LOADER_REFUSED, /* leads outside the root, or holds a NUL */
	LOADER_FAILED   /* unreadable, a directory, too large */
};

/* The files of a tree that does not lie on the disk: another revision. Links are followed by it. */
struct loader_tree {
	void *ctx;
	const struct str *paths; /* of its files, sorted, without a leading slash */
	size_t n;
	/* As loader_read(), of one of these paths. */
	enum loader_status (*read)(
		void *ctx, struct arena *a, struct str path, struct str *text, struct str *why);
};

struct loader {
	struct arena *arena;
	struct str root;                /* real path, no slash at the end unless it is "/" */
	size_t max_size;                /* of one file, in bytes */
	const struct loader_tree *tree; /* read from here, not from the disk; or NULL */
};

/* LOADER_OK, or the reason in *why (arena text, lower case, no full stop). */
enum loader_status loader_init(struct loader *l, struct arena *a, struct str root, struct str *why);

/* Whole text of one file into *text (arena, NUL-terminated); *why as above when it is not OK. */
enum loader_status loader_read(
	struct loader *l, struct str path, struct str *text, struct str *why);

/* Whether path is an existing file (no directory) inside the root. */
bool loader_exists(struct loader *l, struct str path);

/*
 * Regular files below the root whose path matches the wildcard of `include: local`, sorted by path:
 * a star matches anything but a slash, two stars anything, two stars and a slash zero or more
 * directories. Nothing below .git and .cilocal is looked at. Paths have no leading slash.
 */
enum loader_status loader_glob(
	struct loader *l, struct str pattern, struct str **paths, size_t *n, struct str *why);

/* The pure half of loader_glob: does the path match the wildcard? Time is pattern times path. */
bool loader_glob_match(struct str pattern, struct str path);

#endif
