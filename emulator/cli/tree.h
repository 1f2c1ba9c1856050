/* Small helpers that make JSON out of nodes: objects with keys in order. */
#ifndef CLI_TREE_H
#define CLI_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/diag.h"
#include "base/str.h"

struct arena;
struct cli;
struct node;
struct source_set;

struct node *tree_map(struct arena *a);
struct node *tree_seq(struct arena *a);
void tree_put(struct arena *a, struct node *map, const char *key, struct node *value);
void tree_str(struct arena *a, struct node *map, const char *key, struct str value);
/* Appends a text to a list. */
void tree_push_str(struct arena *a, struct node *seq, struct str value);
void tree_bool(struct arena *a, struct node *map, const char *key, bool value);
void tree_int(struct arena *a, struct node *map, const char *key, int64_t value);
void tree_null(struct arena *a, struct node *map, const char *key);
/* null where the text is empty. */
void tree_opt(struct arena *a, struct node *map, const char *key, struct str value);
/* Seconds with three digits; null where negative. */
void tree_seconds(struct arena *a, struct node *map, const char *key, double seconds);
/* "FILE:LINE", or null for nowhere. */
void tree_place(struct arena *a, struct node *map, const char *key, const struct source_set *set,
	struct span at);

/* Appends the tree as JSON and a line end to c->out; pretty on a terminal. */
void tree_print(struct cli *c, const struct node *n);
/* The same for a tree of any size, which goes out in parts; EXIT_OK, or that output failed. */
int tree_print_parts(struct cli *c, const struct node *n);

/*
 * A long list is written item by item, so that it is never whole in memory: tree_open() appends m,
 * whose last value is an empty list, up to there; tree_item() appends an item and empties c->out
 * when there is much in it; tree_close() ends the list and m. m is so many levels deep in what is
 * around it. false: standard output failed, which has been said.
 */
void tree_open(struct cli *c, const struct node *m, int level);
bool tree_item(struct cli *c, const struct node *item, int level, bool first);
void tree_close(struct cli *c, int level, bool empty);

/* "FILE:LINE" in the arena; empty for nowhere. */
struct str place_text(struct arena *a, const struct source_set *set, struct span at);

#endif
