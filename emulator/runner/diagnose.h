/*
 * Well-known failures recognised in job logs, with the cause, the cure, and the very line of YAML
 * or config.toml to change. The table is data (diagnose.def); this is the machine behind it. Pure.
 *
 * How it is used: one `struct diagnose` a job, fed with each line of its log (services' and the
 * runner's own lines too); after the job has failed, each hit is explained and written once.
 * A line costs one pass over its bytes; expressions run only where a literal of theirs was seen.
 */
#ifndef RUNNER_DIAGNOSE_H
#define RUNNER_DIAGNOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct arena;
struct buf;
struct job_def;
struct runner_config;
struct source_set;
struct varset;

struct diagnose;

struct diagnose_entry {
	const char *id;      /* "D01": stable */
	const char *name;    /* "dind-unreachable-2375": stable */
	const char *pattern; /* POSIX extended, case ignored */
	const char *anchors; /* '|'-separated lower-case literals; one of them is in every match */
	const char *cause;   /* sentences for people; may hold {host}, {server}, {name} ... */
	const char *cure;
	const char *where;  /* blank-separated locators, see diagnose_where.c */
	bool notice;        /* jobs do not fail by it: show it only beside others or with -v */
	const char *sample; /* '\n'-separated example lines; each hits this entry first */
};

struct diagnose_hit {
	const struct diagnose_entry *entry;
	struct str line; /* the first line that matched, cleaned and cut at 512 bytes */
	/*
	 * The last of the script's commands that the log names, which is the one that a job mostly
	 * fails by; NULL where none had begun. What a command writes may come before its name.
	 */
	const struct str *command;
	size_t step; /* the number of the command that wrote it; 0: before all, after all, a service
		      */
	size_t n_line;  /* of the log, from 1 */
	struct str own; /* the command that had begun when the line was seen */
};

/* The table itself, for tests and documentation. */
const struct diagnose_entry *diagnose_table(size_t *n);

struct diagnose *diagnose_new(void);
void diagnose_free(struct diagnose *d); /* NULL is fine */

/*
 * Looks at one line (no line end needed; colours, CR progress and time stamps are removed here).
 * Returns the hit when its entry was not seen before in this job, else NULL. The hit lives as long
 * as d.
 */
const struct diagnose_hit *diagnose_line(struct diagnose *d, struct str line);

size_t diagnose_count(const struct diagnose *d);
const struct diagnose_hit *diagnose_get(const struct diagnose *d, size_t i); /* in order of sight */

/* The hits that are worth showing, in this order. */
#define DIAGNOSE_CHOICE_MAX 128
struct diagnose_choice {
	const struct diagnose_hit *hits[DIAGNOSE_CHOICE_MAX];
	size_t n;
	size_t n_reasons; /* of them; what follows is only remarked */
	bool earlier;     /* the reasons are the words of commands that passed */
};

/*
 * Chooses for a job that failed, after its whole log was seen. A script ends with the command that
 * fails (unless it has "set +e"): what earlier commands and after_script wrote is no reason, but
 * where the last one says nothing itself. job may be NULL. Hits live as long as d.
 */
void diagnose_choose(struct diagnose *d, const struct job_def *job, struct diagnose_choice *c);

/* What is known of the job; every member may be NULL. */
struct diagnose_context {
	const struct job_def *job;
	const struct varset *vars;        /* the job's variables */
	const struct source_set *sources; /* to name files of spans */
	const struct runner_config *config;
};

/* One place to change: "FILE:LINE" and what to do there. file is empty where none is known. */
struct diagnose_place {
	struct str file;
	uint32_t line;
	struct str what;
};

struct diagnose_hint {
	const struct diagnose_entry *entry;
	struct str cause, cure; /* placeholders filled */
	struct diagnose_place *places;
	size_t n_places;
};

/* Everything in the hint lives in the arena. */
void diagnose_explain(struct arena *a, const struct diagnose_hit *hit,
	const struct diagnose_context *ctx, struct diagnose_hint *out);

/*
 * The hint as lines for people, each with a line end, no colours:
 *     hint: CAUSE
 *     cure: CURE
 *       FILE:LINE: WHAT
 * Wrapped at `columns` (0: not wrapped).
 */
void diagnose_write(struct buf *out, const struct diagnose_hint *hint, unsigned columns);

#endif
