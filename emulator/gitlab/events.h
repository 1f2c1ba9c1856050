/*
 * `run --json`: one JSON object a line on a descriptor, each with "event" and "time" (UTC, ISO 8601
 * with milliseconds). Writes are gathered and go out when the loop has nothing else to do, so that
 * a flood of log lines does not cost a system call each.
 */
#ifndef GITLAB_EVENTS_H
#define GITLAB_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct loop;
struct events;
struct job_note;
struct junit;

struct events *events_new(struct loop *loop, int fd);
void events_free(struct events *e); /* writes what is left; NULL is fine */
/* First errno of a failed write, 0: none (a reader that went away). */
int events_error(const struct events *e);

/* Which pipeline the next events are about: the trigger jobs above it; empty: the run's own. */
void events_set_pipeline(struct events *e, struct str pipeline);

struct event_pipeline {
	struct str run, name, ref, sha, source;
	const struct str *jobs;
	size_t n_jobs;
};
void events_pipeline_started(struct events *e, const struct event_pipeline *p);
/* exit_code is that of the process; < 0: of no process, the pipeline of a trigger job. */
void events_pipeline_finished(
	struct events *e, struct str status, bool warnings, double seconds, int exit_code);

void events_job_started(
	struct events *e, struct str job, struct str stage, const char *executor, unsigned attempt);
void events_section(struct events *e, struct str job, const char *name, bool begin);
/* One line of a log, as masked; stream is "runner", "stdout", "stderr" or "service". */
void events_log(struct events *e, struct str job, const char *stream, struct str text);

struct event_job {
	struct str job, stage, status;
	bool allow_failure;
	bool retried; /* another attempt follows */
	unsigned attempt;
	bool has_exit_code;
	int exit_code;
	const char *failure_reason;   /* NULL: none */
	struct str message;           /* why, for people; may be empty */
	struct str coverage;          /* percent; empty: none */
	const struct junit *tests;    /* of its junit reports; NULL: none */
	const struct job_note *notes; /* objects of their own beside the rest */
	size_t n_notes;
	double seconds; /* < 0: did not run */
};
void events_job_finished(struct events *e, const struct event_job *j);

#endif
