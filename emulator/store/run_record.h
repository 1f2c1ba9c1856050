/*
 * The record of a run, for `runs`, `logs` and `--resume`: run.json in the run's folder, rewritten
 * as a whole at each change of a job's state.
 */
#ifndef STORE_RUN_RECORD_H
#define STORE_RUN_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"

struct error;

/* What a job did from when to when; those of a job follow one another. */
struct job_phase {
	struct str name;        /* "waiting", "pull_image", "pipeline", or a stage of the Runner */
	double start, duration; /* seconds, from the start of the run; duration < 0: goes on */
};

struct job_record {
	struct str name, stage, slug;
	struct str status; /* created, running, success, failed, canceled, skipped, manual ... */
	bool allow_failure;
	bool has_exit_code;
	int exit_code;
	struct str failure_reason; /* "" or e.g. script_failure */
	struct str reason;         /* for people; masked by the caller */
	struct str fingerprint;    /* of its definition; may be empty */
	double started, duration;  /* seconds since the epoch; < 0: not */
	unsigned attempt;
	struct str after;               /* the job whose end let it start; may be empty */
	const struct job_phase *phases; /* of all attempts; none in records of older runs */
	size_t n_phases;
};

struct run_record {
	struct str id;
	struct str status; /* running, success, failed, canceled */
	struct str ref, sha, source, pipeline_name;
	double started, duration; /* duration < 0: not finished */
	double setup;             /* seconds until the first job might start; < 0: not told */
	int64_t pid;
	bool selected; /* a part of the pipeline only */
	struct job_record *jobs;
	size_t n_jobs;
};

/* Writes <run_dir>/run.json atomically. */
int run_record_write(const char *run_dir, const struct run_record *r, struct error *err);
/*
 * Reads it; strings go to the arena. A record that says "running" though the run's lock is free is
 * reported with status "died".
 */
int run_record_read(
	const char *run_dir, struct arena *a, struct run_record *out, struct error *err);

#endif
