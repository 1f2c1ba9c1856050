/*
 * Bridges as data: where a trigger job leads and which variables it passes on (GitLab,
 * app/models/ci/bridge.rb, lib/gitlab/ci/variables/downstream/).
 */
#ifndef PIPELINE_TRIGGER_H
#define PIPELINE_TRIGGER_H

#include <stdbool.h>
#include <stddef.h>
#include "pipeline/pipeline.h"
#include "pipeline/progress.h"

struct arena;
struct node;

enum trigger_strategy { TRIGGER_NONE, TRIGGER_DEPEND, TRIGGER_MIRROR };

struct trigger_target {
	bool child;                 /* else multi-project */
	struct str project, branch; /* expanded; branch empty: the default branch */
	const struct node *include; /* child: a sequence of include entries, as for `include:` */
	enum trigger_strategy strategy;
	const struct node
		*inputs; /* multi-project; inputs of children are in their include entries */
	bool forward_yaml, forward_pipeline;
};

/* extra: variables that the running bridge has beyond job->vars (CI_PIPELINE_ID ...); may be NULL.
 */
void pipeline_trigger_target(struct arena *a, const struct pipeline *p, const struct job *job,
	const struct varset *extra, struct trigger_target *out);

/*
 * The pipeline variables of the downstream pipeline, at layer VAR_PIPELINE: values expanded one
 * level with all of the bridge's variables, raw ones as they are. out must be initialised.
 */
void pipeline_trigger_vars(struct arena *a, const struct pipeline *p, const struct job *job,
	const struct varset *extra, struct varset *out);

/* The status of the bridge when its downstream pipeline has this one. */
enum job_status trigger_status(enum trigger_strategy strategy, enum job_status downstream);

#endif
