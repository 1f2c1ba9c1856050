/* What `lint` found, as programs read it: lines as of gcc, JSON, SARIF 2.1.0. */
#ifndef CLI_LINT_FORMAT_H
#define CLI_LINT_FORMAT_H

#include <stdbool.h>
#include "base/map.h"

struct load;
struct node;

/* Gathers the findings of several files; init, then lint_report_add() for each definition. */
struct lint_report {
	struct node *errors, *warnings; /* of `lint --json` */
	struct node *results, *rules;   /* of SARIF */
	struct map rule_index;          /* code -> its place in rules, from 1 on */
	bool sarif;
};

void lint_report_init(struct lint_report *r, struct load *l, bool sarif);
/* The diagnostics of the definition that is loaded. */
void lint_report_add(struct lint_report *r, struct load *l);
/* Prints the whole. */
void lint_report_json(const struct lint_report *r, struct load *l, bool valid);
void lint_report_sarif(const struct lint_report *r, struct load *l);

/*
 * The diagnostics of the definition that is loaded, one a line into c->out: "FILE:LINE:COLUMN:
 * error: TEXT [code]", notes behind theirs. Files of the project are named as seen from the current
 * directory.
 */
void lint_gcc(struct load *l);

#endif
