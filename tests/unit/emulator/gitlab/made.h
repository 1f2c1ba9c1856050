/* Pipelines made by hand for the tests of this folder: only what a run looks at. */
#ifndef TEST_MADE_H
#define TEST_MADE_H

#include "base/arena.h"
#include "pipeline/pipeline.h"
#include "vars/facts.h"

#define MADE_MAX 32

struct made_job {
	const char *name;
	uint32_t stage;
	const char *needs; /* blank-separated names; NULL: by stage; "": no needs */
	enum job_when when;
	bool allow_failure;
	unsigned retry;
	const char *resource_group;
	int64_t allow_exit_code; /* 0: none */
	const char *base_name;   /* NULL: name */
	bool out;                /* kept out by rules */
};

struct made {
	struct pipeline p;
	struct facts facts;
	struct job jobs[MADE_MAX];
	struct job_def defs[MADE_MAX];
	struct job_rare rares[MADE_MAX];
	struct need needs[MADE_MAX][MADE_MAX];
	struct job *in[MADE_MAX], *all[MADE_MAX];
	int64_t codes[MADE_MAX];
};

/* Jobs in order of stages; stages are called a, b, c ... */
void made_init(struct made *m, const struct made_job *jobs, size_t n);
void made_release(struct made *m);

#endif
