/* What compare.c gathers and compare_show.c prints; nobody else may include it. */
#ifndef CLI_COMPARE_INTERNAL_H
#define CLI_COMPARE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include "base/map.h"
#include "base/vec.h"
#include "config/job_def.h"
#include "emulator/cli/load.h"

enum outcome { OUTCOME_CREATED, OUTCOME_NONE, OUTCOME_INVALID };

/* One event. */
struct column {
	struct str title; /* "push", "MR": heads the column */
	struct str means; /* "a push of branch 'x'" */
	struct event_ask ask;
	enum outcome outcome;
	struct str why; /* no pipeline: why; invalid: the first error with its place */
};

/* One job in one event. */
struct entry {
	bool there; /* the definition has it: includes may depend on the event */
	bool in;
	enum job_when when;
	int rule;
	struct str why;
};

struct row {
	struct str name, base_name;
	struct entry *v; /* one a column */
	size_t copies;   /* of a parallel job with the same entries; 0: shown by an earlier row */
	bool whole;      /* these are all of its copies */
};

struct compare {
	struct cli *c;
	struct column *columns;
	size_t n_columns;
	VEC(struct row *) rows;
	struct map by_name;
};

/* Cell of the table: "yes", "manual", "-". */
const char *entry_word(const struct entry *e);
/* Is the job in, or when, different between events that have a pipeline? */
bool row_differs(const struct compare *cmp, const struct row *r);

void compare_say_table(struct compare *cmp);
void compare_say_jobs(struct compare *cmp);
void compare_say_json(struct compare *cmp);

#endif
