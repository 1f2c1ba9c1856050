/*
 * What decided whether a job is in the pipeline, as the clause of a sentence: for `explain` and for
 * the notes of errors.
 */
#ifndef PIPELINE_REASON_H
#define PIPELINE_REASON_H

#include "base/str.h"

struct arena;
struct job;
struct pipeline;
struct rule_step;

/*
 * The step that decided, or NULL: the rule that matched; of only and except the one that keeps the
 * job out, else the first.
 */
const struct rule_step *job_deciding_step(const struct job *j);

/*
 * "rule 2 of 3 matched and says never, because $A is "x"", "none of its 3 rules matched, because
 * ...", "it has no rules": no capital, no full stop, in the arena.
 */
struct str job_reason(struct arena *a, const struct job *j);
/* The same of workflow:rules; empty where there are none. */
struct str workflow_reason(struct arena *a, const struct pipeline *p);

#endif
