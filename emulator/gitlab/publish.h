/*
 * release and pages: what GitLab makes of a job whose script passed. Nothing is sent anywhere; what
 * would have been made is checked, recorded and shown. May be included by run*.c, job_*.c and
 * show.c of this room.
 */
#ifndef GITLAB_PUBLISH_H
#define GITLAB_PUBLISH_H

#include <stdbool.h>
#include "base/str.h"

struct error;
struct job_run;
struct run;

/*
 * The release into the job's spec. Once the script has passed, in the stage step_release, it is
 * checked as the variables make it then, and recorded; the job fails where GitLab's tool would: no
 * name of a tag, a link without a URL ...
 */
void release_make(struct job_run *j);

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
