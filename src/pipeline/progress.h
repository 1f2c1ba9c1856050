/*
 * The status algebra of a pipeline, pure: told how jobs ended, it says which jobs may start now,
 *are skipped, wait for a click or for their delay, and what the pipeline's status is. The scheduler
 * owns the truth about running jobs; this owns the rules (GitLab,
 *lib/gitlab/ci/status/composite.rb, app/services/ci/process_build_service.rb,
 *app/services/ci/pipeline_processing/).
 *
 *	struct progress *pg = progress_new(pipeline, NULL);
 *	while (progress_next(pg, &move))
 *		... move.to is PENDING: start it; MANUAL, SCHEDULED, SKIPPED: note it ...
 *	progress_set(pg, job, STATUS_SUCCESS);   and progress_next() again
 *
 * Work is linear in jobs plus needs over a whole run (a logarithm for the order of starts aside).
 */
#ifndef PIPELINE_PROGRESS_H
#define PIPELINE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "config/job_def.h"

struct pipeline;

enum job_status {
	STATUS_CREATED,
	STATUS_WAITING_FOR_RESOURCE,
	STATUS_PREPARING,
	STATUS_WAITING_FOR_CALLBACK,
	STATUS_PENDING,
	STATUS_RUNNING,
	STATUS_SUCCESS,
	STATUS_FAILED,
	STATUS_CANCELING,
	STATUS_CANCELED,
	STATUS_SKIPPED,
	STATUS_MANUAL,
	STATUS_SCHEDULED,
	STATUS_NONE /* composite of no jobs */
};
const char *job_status_name(enum job_status s); /* "waiting_for_resource"; NONE: "" */
/* success, failed, canceled, skipped (GitLab's COMPLETED_STATUSES). */
bool job_status_completed(enum job_status s);

/* One job as the algebra sees it. */
struct progress_job {
	uint32_t stage;
	enum job_when when; /* WHEN_UNSET counts as on_success */
	bool allow_failure;
	bool dag;              /* scheduled by needs */
	const uint32_t *needs; /* indices of jobs */
	size_t n_needs;
};

struct progress;

/*
 * The jobs of a pipeline, all `created`. selected (n_jobs flags, or NULL for all) takes part of
 * them only: the others are as if they were not in the pipeline. Malloc'ed; the pipeline must
 * outlive it.
 */
struct progress *progress_new(const struct pipeline *p, const bool *selected);
/* The same from bare data; everything is copied. present may be NULL (all). */
struct progress *progress_new_jobs(const struct progress_job *jobs, size_t n, const bool *present);
void progress_free(struct progress *pg);

/* The next job that leaves `created`; it already has its new status in here. */
struct progress_move {
	uint32_t job;
	enum job_status to; /* PENDING (start it), SKIPPED, MANUAL or SCHEDULED */
};
bool progress_next(struct progress *pg, struct progress_move *out);

/* What the scheduler saw: RUNNING, SUCCESS, FAILED, CANCELED, WAITING_FOR_RESOURCE ... */
void progress_set(struct progress *pg, uint32_t job, enum job_status s);
/* allow_failure:exit_codes: the exit code was in the list (call before progress_set FAILED). */
void progress_set_allow_failure(struct progress *pg, uint32_t job, bool allow);
/*
 * A manual or scheduled job is played, or a finished one is tried again: it becomes PENDING (start
 * it) and what was skipped because of it becomes `created` again.
 */
void progress_play(struct progress *pg, uint32_t job);
/* Cancels what has not begun (created, pending, manual, scheduled, waiting); running jobs are left.
 */
void progress_cancel(struct progress *pg);

enum job_status progress_status(const struct progress *pg, uint32_t job);
bool progress_allow_failure(const struct progress *pg, uint32_t job);
/* Composite of a stage, and of everything: what GitLab shows as the pipeline's status. */
enum job_status progress_stage_status(const struct progress *pg, uint32_t stage);
enum job_status progress_pipeline_status(const struct progress *pg);
bool progress_has_warnings(
	const struct progress *pg); /* an allowed failure: "passed with warnings" */
/* Nothing can move any more unless someone plays, retries or waits for a delay. */
bool progress_settled(const struct progress *pg);

/*
 * The composite of any set, as GitLab computes it; the formulation that tests compare against reads
 * the reference's table row by row (GitLab, lib/gitlab/ci/status/composite.rb).
 */
enum job_status status_composite(
	const enum job_status *s, const bool *allow_failure, size_t n, bool dag);

/*
 * Retries left after a failure: whether `retry` of the job asks for another attempt. attempt counts
 * from 1; reason is GitLab's failure_reason; exit_code is -1 where there is none (GitLab,
 * lib/gitlab/ci/build/auto_retry.rb).
 */
bool progress_retry_wanted(
	const struct retry_def *retry, unsigned attempt, const char *reason, int exit_code);

#endif
