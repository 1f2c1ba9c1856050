/*
 * Plays the part of GitLab's server that artifacts need: takes what a job's build uploads, keeps
 * it in the run's folder, and says what a later job gets: archives, and the variables of dotenv
 * reports. May be included by run*.c, job_*.c and show.c of this room.
 */
#ifndef GITLAB_ARTIFACT_PASS_H
#define GITLAB_ARTIFACT_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"
#include "emulator/gitlab/junit.h"

struct error;
struct job_run;
struct run;
struct var;
struct varset;

/* What an attempt of a job left; everything lives in the run's arena. */
struct job_artifacts {
	struct str archive; /* absolute path of the tar; empty: none */
	struct var *vars;   /* of its dotenv report */
	size_t n_vars;
	struct junit junit;
	bool has_junit;
	struct str coverage; /* "87.5"; empty: none */
};

/*
 * Before an attempt: forgets what an earlier one left, fills the spec's downloads, artifacts,
 * caches. Slug, name and job id of the spec are set.
 */
int artifact_pass_prepare(struct job_run *j, struct error *err);
/* The dotenv variables that the job receives, later sources over earlier ones. */
void artifact_pass_vars(struct job_run *j, struct varset *extra);
/* The attempt's log is whole: the coverage, and the record of all that it left. */
void artifact_pass_finish(struct job_run *j);
/* The failed tests of all reports, after the table. */
void artifact_pass_summary(struct run *r);

#endif
