/*
 * Makes sure that the engine has an image, by the job's pull policies, with the Runner's lines in
 * the log.
 *
 * Source: GitLab Runner, executors/docker/internal/pull/manager.go.
 */
#ifndef RUNNER_IMAGE_FETCH_H
#define RUNNER_IMAGE_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include "base/diag.h"
#include "base/str.h"
#include "config/job_def.h"
#include "emulator/runner/executor.h"

struct auth;
struct engine;
struct image_state;
struct job_log;
struct loop;

struct image_fetch_spec {
	struct loop *loop;
	struct engine *engine;
	struct job_log *log;
	struct str name;     /* as the job calls it, for the log */
	struct str image;    /* what is asked of the engine */
	struct str platform; /* may be empty */
	enum pull_policy policies[8];
	size_t n_policies;
	bool tag_as_name; /* what was pulled is tagged as `name` too (the local registry's images)
			   */
	/* How a pull gets on, in a few words; empty: it is over. May be NULL. */
	void (*waits)(void *arg, struct str what);
	void *waits_arg;
	/* What the engine has, right before done, with its arg. May be NULL. */
	void (*seen)(void *arg, const struct image_state *image);
	struct auth *auth; /* outlives the fetch; may be NULL: no credentials */
	struct span at;
};

/* o->reason FAIL_NONE: the engine has it; id lives during the call. */
typedef void image_fetch_fn(void *arg, const struct outcome *o, struct str id);
struct image_fetch;
/* The spec is copied, its strings are borrowed until done, which runs once on a later turn. */
struct image_fetch *image_fetch_start(
	const struct image_fetch_spec *spec, image_fetch_fn *done, void *arg);
/* done comes soon, as canceled; maybe from inside this call. */
void image_fetch_cancel(struct image_fetch *f);

const char *pull_policy_text(enum pull_policy p);
/* False where the text is no policy. */
bool pull_policy_parse(struct str text, enum pull_policy *out);

#endif
