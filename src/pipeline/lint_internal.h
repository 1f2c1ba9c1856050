/* What the files of `lint` share. Only they may include it. */
#ifndef PIPELINE_LINT_INTERNAL_H
#define PIPELINE_LINT_INTERNAL_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/map.h"
#include "config/config.h"
#include "config/job_def.h"
#include "expr/expr.h"
#include "pipeline/lint.h"

struct lint {
	const struct config *c;
	const struct facts *f;
	struct diags *d;
	struct arena a;
	struct map defined; /* names that any variables: sets */
	struct map told;    /* undefined names that were reported */
	struct map checked; /* rules, by address, whose variables were looked at */
	struct str *names;  /* all defined ones, made when they are first wanted */
	size_t n_names;
	struct map compared; /* pairs of rules that were thought about: the example, or "" */
	size_t worlds;       /* that were tried: there is an end to it */
	const struct job_def *job;
};

bool rule_is_unconditional(const struct rule_def *r);
/* out (may be NULL) gets the diagnostic, for notes. */
void lint_warn(
	struct lint *l, const char *code, struct span at, struct str text, struct diag **out);

/* lint_needs.c: needs on a job that rules may leave out. */
void lint_absent_needs(struct lint *l, const struct job_def *job);

/*
 * lint_worlds.c: conditions as atoms that are true or false, tried in all combinations that can be:
 * a variable has one value, and a pipeline is for a branch, a tag or a merge request.
 */
#define WORLD_ATOMS 10
struct worlds {
	struct arena *a;
	struct expr_atom v[WORLD_ATOMS];
	size_t n;
	bool collecting, too_many;
	uint32_t now; /* bit i: atom i is true */
};

/* Whether these rules let a job in: never and no match keep it out. Collects atoms, or uses them.
 */
bool world_rules_in(struct worlds *w, const struct rule_defs *rules);
/* Whether what is true now can be true at once. */
bool world_is_possible(const struct worlds *w);
/* Whether it is certain to be a merge request's pipeline. */
bool world_is_merge_request(const struct worlds *w);
/* "$A == \"x\" and $B": what is true now; at most three. */
struct str world_text(const struct worlds *w);

#endif
