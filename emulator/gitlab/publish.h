/*
 * release and pages: what GitLab makes of a job that passed. Nothing is sent anywhere; what would
 * have been made is checked, recorded and shown. May be included by run*.c, job_*.c and show.c of
 * this room.
 */
#ifndef GITLAB_PUBLISH_H
#define GITLAB_PUBLISH_H

#include <stdbool.h>
#include "base/str.h"

struct artifacts_def;
struct error;
struct job_run;
struct run;
struct varset;

/*
 * The job's artifacts with the file that a release's description may name: it is collected like a
 * report. d may be NULL; so may be the result.
 */
const struct artifacts_def *release_artifacts(struct job_run *j, const struct artifacts_def *d);
/*
 * Before the script: the release as the variables make it. -1 with err where GitLab's tool would
 * fail after the script: no name of a tag, a link without a URL ...
 */
int release_check(struct job_run *j, const struct varset *payload, struct error *err);
/* The job passed: into its record. */
void release_finish(struct job_run *j);

/* pages:path_prefix as part of a URL; empty: none. */
struct str pages_prefix(struct job_run *j);
/*
 * The job passed. -1 with err where GitLab would have nothing to publish: then its job
 * pages:deploy fails, and so does the pipeline.
 */
int pages_finish(struct job_run *j, struct error *err);

/* After the table: the releases and pages of this pipeline; any: as of environment_summary(). */
void publish_summary(struct run *r, bool *any);

#endif
