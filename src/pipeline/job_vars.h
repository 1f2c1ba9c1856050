/*
 * The variables of a job at run time: what GitLab puts into the job's payload, and what the Runner
 * makes of it.
 */
#ifndef PIPELINE_JOB_VARS_H
#define PIPELINE_JOB_VARS_H

#include <stdbool.h>
#include "base/str.h"
#include "vars/varset.h"

struct arena;
struct pipeline;
struct job;

/*
 * The job's variables and extra's (persisted, dotenv, environment slug ...; may be NULL) as GitLab
 * sends them: references resolved in dependency order, unknown ones and those to raw or file
 * variables left as text. Layers VAR_RUNNER_CONFIG and VAR_RUNNER_JOB of extra are copied but not
 * looked at. out is initialised here, flat (nothing below), with one definition a name. On a cycle
 * false, and *cycle has GitLab's words (GitLab, Ci::Build#variables;
 * sort_and_expand_all(keep_undefined: true)).
 */
bool job_payload_vars(struct arena *a, const struct pipeline *p, const struct job *job,
	const struct varset *extra, struct varset *out, struct str *error);

/*
 * The same after the Runner's own pass: what the script sees, in the order of export
 * (varset_winners(out)). File variables hold their content; raw ones are as written.
 */
bool job_runtime_vars(struct arena *a, const struct pipeline *p, const struct job *job,
	const struct varset *extra, struct varset *out, struct str *error);

/* The Runner's pass alone over a payload (GitLab Runner, common/spec/variables.go `Expand`). */
void runner_expand_vars(struct arena *a, const struct varset *payload, struct varset *out);

#endif
