/* Where the keywords of a job come from: the places that wrote them and the ways they took. */
#ifndef CLI_ORIGINS_H
#define CLI_ORIGINS_H

#include "base/str.h"

struct cli;
struct job;
struct load;
struct node;

/*
 * For `explain`: one line a keyword, with the templates of extends on the way, nearest first; one
 * line a key below it where the keys of a mapping were put together from several places; then which
 * include asked for each file that is not the main one.
 */
void origins_say(struct cli *c, const struct load *l, const struct job *j);

/*
 * The same as [{"keyword", "source", "through", "extends", "keys", "needs_gitlab"}]; in the
 * command's arena.
 */
struct node *origins_tree(const struct load *l, const struct job *j);
/* Of the sources that origins_tree() names: [{"file", "included_at"}]. */
struct node *origins_files(const struct load *l, const struct job *j);

#endif
