/*
 * artifacts.json in a job's folder of a run: what the job left there. For `cilocal artifacts`, and
 * for jobs of later runs.
 */
#ifndef GITLAB_ARTIFACT_RECORD_H
#define GITLAB_ARTIFACT_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "base/vec.h"

struct arena;
struct error;

struct artifact_item {
	struct str type; /* "archive", "junit" ... */
	struct str path; /* below the job's folder: "artifacts.tar", "reports/junit" */
	struct str name; /* of the archive: "artifacts" */
	struct str when, expire_in, expose_as, access; /* as written; may be empty */
	uint64_t entries, bytes;
};

/* What else a job leaves: a field of "environment", "release" or "pages". */
struct job_note {
	struct str of, key, value;
};

struct artifact_record {
	struct str job;
	struct str coverage; /* may be empty */
	struct artifact_item *v;
	size_t n, cap;
	VEC(struct job_note) notes; /* those of one object stand together */
};

/* Writes <job_dir>/artifacts.json as a whole. */
int artifact_record_write(const char *job_dir, const struct artifact_record *r, struct error *err);
/* Strings go to the arena. A missing file is an empty record. */
int artifact_record_read(
	const char *job_dir, struct arena *a, struct artifact_record *out, struct error *err);

#endif
