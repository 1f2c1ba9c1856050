/*
 * Trees of jobs on this machine, in use again by later jobs of the same run. As the Runner does it
 * with GIT_STRATEGY=fetch, a job's tree is not thrown away but put right: a file whose inode, size
 * and times are what they were when it was written is left alone, all else is written anew, and
 * what does not belong there goes. So a job costs a look at each file instead of a copy.
 *
 * For sources.c, sources_copy.c only; on worker threads, but for the making and freeing.
 */
#ifndef RUNNER_SOURCES_TREE_H
#define RUNNER_SOURCES_TREE_H

#include <stdatomic.h>
#include <stdbool.h>
#include "base/str.h"

struct error;
struct sources;
struct sources_trees;
struct sources_view;
struct tree;

struct sources_trees *sources_trees_new(void);
/* Removes the trees that nobody has from the disk. */
void sources_trees_free(struct sources_trees *t);

/*
 * A tree for the view at dir, which must not exist: one that was given back, or an empty one. Where
 * top, the folder of the job's builds above dir, does not exist or is empty, it may come with the
 * tree. <dir>.tmp is made. NULL with err where none can be made. It stays known by dir until it is
 * given back or the trees are freed.
 */
struct tree *tree_take(struct sources_trees *t, const struct sources *s,
	const struct sources_view *view, const char *top, const char *dir, struct error *err);
/*
 * Fills it, or puts it right. Where that fails for a tree that was used before, it is made anew.
 * The error is CANCELLED where *stop became true; then it may still be given back.
 */
int tree_fill(struct tree *t, const atomic_bool *stop, struct error *err);
/*
 * The job is over: dir goes into pool, a folder beside it, where possible with all of top. -1: it
 * stays where it is, for the caller to remove.
 */
int tree_give_back(struct sources_trees *t, const char *top, const char *dir, const char *pool);
/* A tree in a folder that had something in it already: filled once, known to nobody. */
int tree_fill_once(const struct sources *s, const struct sources_view *view, const char *dir,
	const atomic_bool *stop, struct error *err);

#endif
