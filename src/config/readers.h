/*
 * Readers that more than one keyword uses. Only the readers of this room may include it. Each takes
 * the frame of the value itself; reports what is wrong and fills what is right.
 */
#ifndef CONFIG_READERS_H
#define CONFIG_READERS_H

#include "config/config_internal.h"
#include "config/schema.h"

/* read_script.c: a string, or strings in lists nested up to ten levels. */
bool read_commands(const struct frame *f, const struct node *n, struct texts *out);
/* Pushes the strings of nested lists; false at the first value that is none (*bad), or too deep. */
bool flatten_strings(struct arena *a, const struct node *n, unsigned levels, struct texts *out,
	const struct node **bad);

/* read_variables.c */
enum variables_kind { VARIABLES_ROOT, VARIABLES_JOB, VARIABLES_PLAIN };
void read_var_defs(const struct frame *f, const struct node *n, enum variables_kind kind,
	struct var_defs *out);

/* read_needs.c */
enum needs_kind { NEEDS_JOB, NEEDS_BRIDGE, NEEDS_RULE };
void read_need_defs(
	const struct frame *f, const struct node *n, enum needs_kind kind, struct need_defs *out);

/* read_rules.c */
enum rules_kind { RULES_JOB, RULES_WORKFLOW, RULES_INCLUDE };
void read_rule_defs(
	const struct frame *f, const struct node *n, enum rules_kind kind, struct rule_defs *out);

/* read_parallel.c: checks a matrix (of parallel, or of a need); false when it is unfit for use. */
bool check_matrix(const struct frame *f, const struct node *n);

/* read_retry.c: an integer or a list of integers under `exit_codes`; false on a fault. */
bool read_exit_codes(const struct frame *f, const struct node *map, int64_t **out, size_t *n);

/* read_misc.c: a list of items, nested lists flattened at any depth; GitLab drops empty items. */
typedef void each_item_fn(const struct frame *f, const struct node *item, void *ctx);
void each_flat(const struct frame *f, const struct node *seq, each_item_fn *fn, void *ctx);
size_t count_flat(const struct node *seq);
/* Whether RE2 takes the pattern; *why is set where not. */
bool check_regex(const struct frame *f, struct str pattern, unsigned flags, struct str *why);
/* One of a blank-separated list; reports "ATTR should be one of: a, b" and the like. */
bool check_choice(const struct frame *f, const struct node *n, const char *attr,
	const char *choices, const char *gitlab);

#endif
