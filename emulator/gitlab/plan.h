/*
 * Which jobs of a pipeline a run consists of, and how each is treated: pure, made before anything
 * starts. A named job runs whatever its `when` says; jobs that came along (--needs, --stage, globs)
 * keep theirs.
 */
#ifndef GITLAB_PLAN_H
#define GITLAB_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct arena;
struct buf;
struct error;
struct job;
struct pipeline;
struct progress;
struct run_options;

/* Arrays are parallel to pipeline->jobs. */
struct plan {
	const struct pipeline *p;
	struct arena *arena;
	bool *chosen;
	bool *forced;  /* named by the user: manual, delayed, on_failure do not hold it back */
	bool *play;    /* a manual job that is played as soon as it could be */
	bool *adopted; /* --resume: passed in the earlier run, and not run again; NULL: none */
	size_t n;      /* jobs chosen */
	bool selected; /* jobs or stages were named: not the whole pipeline */
};

/*
 * -1 with err: domain USAGE for a name that fits nothing (with the nearest one), CONFIG where
 * nothing is left to run or a named job was kept out by its rules.
 */
int plan_make(struct plan *plan, struct arena *a, const struct pipeline *p,
	const struct run_options *o, struct error *err);

/* Sets the flags of all that comes after the jobs whose flags are set. */
void plan_add_later(const struct plan *plan, bool *flags);
/* The part of plan_make() for --resume (resume.c). */
int resume_plan(struct plan *plan, const struct run_options *o, struct error *err);

/* The algebra for the chosen jobs, to be freed with progress_free(). */
struct progress *plan_progress(const struct plan *plan);

/* Text of --dry-run: one line for each job in order, with what it waits for. */
void plan_print(const struct plan *plan, struct buf *out);
/* The same as one JSON object (no line end). */
void plan_print_json(const struct plan *plan, struct buf *out);

#endif
