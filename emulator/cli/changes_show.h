/* `diff` as text and as JSON. */
#ifndef CLI_CHANGES_SHOW_H
#define CLI_CHANGES_SHOW_H

#include <stdbool.h>

struct differences;
struct cli;
struct load;
struct node;
struct side;

/* Into c->out; event: what the pipelines were compared for, NULL: they were not. */
void changes_say(struct load *l, const struct differences *ch, const char *event);
struct node *changes_tree(struct load *l, const struct differences *ch, const struct side *old_side,
	const struct side *new_side, const char *event);

#endif
