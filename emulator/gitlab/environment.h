/*
 * environment: what jobs deploy to. The record lasts from run to run (.cilocal/environments.json),
 * so that a job that stops an environment knows the URL that an earlier pipeline gave it. May be
 * included by run*.c, job_*.c and show.c of this room.
 */
#ifndef GITLAB_ENVIRONMENT_H
#define GITLAB_ENVIRONMENT_H

#include <stdbool.h>
#include <stdint.h>

struct error;
struct job_run;
struct run;
struct varset;

/* Of the current attempt. */
struct job_environment {
	uint64_t id;  /* CI_ENVIRONMENT_ID; 0: the job has no environment */
	bool changed; /* it passed, and the record knows */
};

/*
 * Before an attempt: the environment exists from now on, as on GitLab once the pipeline does. Sets
 * j->environment; and in extra CI_ENVIRONMENT_URL, which without `url` is that of the record.
 */
int environment_begin(struct job_run *j, struct varset *extra, struct error *err);
/* The attempt is over, its variables are still there: the record follows where it passed. */
void environment_finish(struct job_run *j);

/* Before the first job: those whose auto_stop_in is over. */
void environment_overdue(const struct run *r);
/*
 * After the table: what became of the environments of this pipeline's jobs. The first of several
 * summaries that has something to say puts an empty line before it, and sets *any.
 */
void environment_summary(struct run *r, bool *any);

#endif
