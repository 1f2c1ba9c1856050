/*
 * Notices when files that git tracks change in the work tree. Folders are watched (inotify), and
 * what they say only wakes: which files have changed is found by looking at all of them, so that
 * editors' renames, lost events and new folders make no difference. Neither what git ignores nor
 * what it does not track counts, nor a touch that leaves size, time and mode as they were.
 */
#ifndef GIT_WATCH_H
#define GIT_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"
#include "vars/facts.h"

struct arena;
struct error;
struct loop;
struct repo;
struct tree_watch;

/*
 * woken is called on the loop a moment after something was written in a folder that is watched,
 * once until the next look. The repo must outlive it.
 */
struct tree_watch *tree_watch_new(
	struct loop *l, const struct repo *r, void (*woken)(void *arg), void *arg);
/* Its handles close on the loop's next turns. NULL is fine. */
void tree_watch_free(struct tree_watch *w);

/* Files that count although git may not track them (relative to the root, or absolute); copied. */
void tree_watch_also(struct tree_watch *w, const struct str *paths, size_t n);

/*
 * Which files are other ones than at the last look (the first: none are); paths in the arena.
 * Blocking, for what a `git ls-files` and a look at each file take. -1 with err where git fails.
 */
int tree_watch_look(
	struct tree_watch *w, struct arena *a, struct str_list *changed, struct error *err);

struct tree_watch_state {
	size_t files, folders;
	size_t unwatched; /* folders that could not be watched */
	int why;          /* libuv's code of the first of those: UV_ENOSPC, UV_EMFILE ... */
};
struct tree_watch_state tree_watch_state(const struct tree_watch *w);

#endif
