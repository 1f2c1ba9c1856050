/* The files of another revision, read out of git's objects: nothing is checked out. */
#ifndef GIT_TREE_H
#define GIT_TREE_H

#include <stddef.h>
#include "base/arena.h"
#include "base/str.h"

struct error;
struct repo;

struct repo_file {
	struct str path, id;
	bool link; /* its content is a path */
};

struct repo_tree {
	struct arena arena; /* owns all strings here */
	const struct repo *repo;
	struct str name; /* as asked for */
	struct str commit;
	struct repo_file *files; /* by path, in the order of bytes; no submodules */
	struct str *paths; /* the same paths, links to definitions that lead nowhere left out */
	size_t n, n_paths;
};

/*
 * Lists the files of a revision: anything that `git rev-parse` knows. 0, or -1 with err: there is
 * no such revision, git failed. Blocks for one `git ls-tree`. repo must outlive the tree.
 */
int repo_tree_open(
	struct repo_tree *t, const struct repo *repo, const char *rev, struct error *err);
void repo_tree_release(struct repo_tree *t);

/*
 * The text of a file, links followed inside the tree. 0 with *text in a; an errno: ENOENT where
 * there is none, ELOOP for links without end or out of the tree; -1 where git failed.
 */
int repo_tree_read(const struct repo_tree *t, struct arena *a, struct str path, struct str *text);

#endif
