/*
 * What a job is, in 16 characters: two runs of jobs with the same one did the same, as far as the
 * definition decides it. For --resume. Pure.
 */
#ifndef GITLAB_FINGERPRINT_H
#define GITLAB_FINGERPRINT_H

#include "base/str.h"

struct arena;
struct job;

/* Of images, scripts, variables (values of masked ones left out), needs, artifacts. Where the
 * definition stands, and when the job runs, is of no account. */
struct str job_fingerprint(struct arena *a, const struct job *job);

#endif
