/* The two halves of `runs`: the list, and one run. */
#ifndef CLI_CMD_RUNS_H
#define CLI_CMD_RUNS_H

struct arena;
struct cli;
struct node;
struct run_record;
struct timeline;

/* A run as JSON; with t (may be NULL) also where its time went. */
struct node *runs_tree(struct arena *a, const struct run_record *r, const struct timeline *t);
/* `runs show`: an exit code. */
int runs_show(struct cli *c);

#endif
