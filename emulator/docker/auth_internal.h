/* For the auth_*.c files only. */
#ifndef DOCKER_AUTH_INTERNAL_H
#define DOCKER_AUTH_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/core/proc.h"
#include "emulator/docker/auth.h"

/* One registry of one source; everything lives in the arena of the struct auth. */
struct auth_known {
	struct str path; /* normalised: auth_key_path() */
	struct auth_entry entry;
};

struct auth_source {
	const char *label, *origin; /* origin: may be NULL */
	const char *file;           /* read when the source is loaded; NULL: text */
	struct str text;
	bool is_login, legacy, loaded;
	bool missing;       /* the file is not there */
	bool warned;        /* a query was told of `warning` */
	struct str warning; /* set: nothing of this source is used */
	VEC(struct auth_known) known;
};

/* A credential helper that has to be run for a source. */
struct auth_job {
	struct auth_source *source;
	struct str program;  /* docker-credential-NAME */
	struct str registry; /* empty: "list", which adds a "get" for each registry it names */
	struct auth_job *next;
};

struct auth_query {
	struct auth *auth;
	char *image;
	auth_find_fn *done;
	void *arg;
	bool cancelled;
	struct loop_task task;
	struct auth_query *next;
};

struct auth {
	struct loop *loop;
	struct arena arena;
	VEC(struct auth_source *) sources;
	struct auth_job *jobs, **jobs_tail;
	struct proc *proc; /* the helper that runs now */
	struct error fatal;
	struct auth_query *queries;
	bool closing;
};

/* auth_config.c: entries of a source's document, jobs for its helpers. */
void auth_config_load(struct auth *a, struct auth_source *s);
/* Puts or replaces. */
void auth_known_put(
	struct auth *a, struct auth_source *s, struct str key, const struct auth_entry *entry);
/* The source is of no use; the first reason stays. */
void auth_source_fail(struct auth *a, struct auth_source *s, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* Reads what a helper printed. */
void auth_config_listed(struct auth *a, const struct auth_job *job, struct str out);
void auth_config_got(struct auth *a, const struct auth_job *job, struct str out);

/*
 * auth_words.c: the lines of auth_match.refused for the path that was looked up. from, k: what was
 * found; NULL: nothing.
 */
struct docker_strs auth_refused(struct auth *a, struct str path, const struct auth_source *from,
	const struct auth_known *k);

/* auth_helper.c: the next job; auth_jobs_done() when there is none left. */
void auth_helper_next(struct auth *a);
void auth_job_add(struct auth *a, struct auth_source *s, struct str program, struct str registry);
/* auth.c */
void auth_jobs_done(struct auth *a);

#endif
