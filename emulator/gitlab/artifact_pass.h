/*
 * What a job's artifacts tell people: the record of what is kept, the failed tests of its reports,
 * its coverage. Which files a job gets and gives is job_files.c's. May be included by run*.c,
 * job_*.c and show.c of this room.
 */
#ifndef GITLAB_ARTIFACT_PASS_H
#define GITLAB_ARTIFACT_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"
#include "emulator/gitlab/junit.h"

struct build_upload;
struct error;
struct job_run;
struct run;

/* What an attempt of a job left; everything lives in the run's arena. */
struct job_artifacts {
	struct junit junit;
	bool has_junit;
	struct str coverage; /* "87.5"; empty: none */
};

/* Before an attempt: what an earlier one left goes. */
int artifact_pass_forget(struct job_run *j, struct error *err);
/* Notes an upload; reads it where it is a junit report. */
int artifact_pass_upload(struct job_run *j, const struct build_upload *u, struct error *err);
/* The attempt's log is whole: the coverage, and the record of all that it left. */
void artifact_pass_finish(struct job_run *j);
/* A text with the job's secrets masked, in the run's arena. */
struct str job_run_masked(struct job_run *j, struct str text);
/* For the record and the event of the job's end: key of the object `of`; the value is masked. */
void job_note_add(struct job_run *j, const char *of, const char *key, struct str value);
/* The failed tests of all reports, after the table. */
void artifact_pass_summary(struct run *r);

#endif
