/*
 * Which jobs' artifacts and dotenv variables a job receives (GitLab,
 * app/models/ci/build_dependencies.rb).
 */
#ifndef PIPELINE_RECEIVERS_H
#define PIPELINE_RECEIVERS_H

#include <stddef.h>
#include <stdint.h>
#include "pipeline/pipeline.h"

struct arena;

/* Indices into pipeline->jobs, in job order: the order of download, where later ones overwrite. */
size_t pipeline_artifact_sources(
	struct arena *a, const struct pipeline *p, const struct job *job, uint32_t **out);

/*
 * `needs:pipeline` downloads: the needs (of job->needs) that name a job of another pipeline and
 * want its artifacts, with pipeline and job expanded by the job's variables and extra's.
 */
struct cross_source {
	struct str pipeline, job;
	const struct need_def *def;
};
size_t pipeline_cross_sources(struct arena *a, const struct pipeline *p, const struct job *job,
	const struct varset *extra, struct cross_source **out);

#endif
