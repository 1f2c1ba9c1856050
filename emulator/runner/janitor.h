/*
 * Removes what runs that died (SIGKILL, power) left on the engine: containers, networks, volumes
 * (leftover.h says which). It looks again until it finds nothing. Runs in the background and never
 * delays a job.
 */
#ifndef RUNNER_JANITOR_H
#define RUNNER_JANITOR_H

#include <stdbool.h>
#include <stddef.h>

struct loop;
struct engine;
struct error;
struct janitor;

struct janitor_result {
	size_t containers, networks, volumes; /* removed */
	size_t failed;
	const struct error *error; /* first failure, or NULL */
	bool clean; /* nothing of dead runs is on this engine, and nothing more is to come */
};

typedef void janitor_done_fn(void *arg, const struct janitor_result *r);

/* A file of this name beside the lock says that --keep was given: such a run's things stay. */
#define JANITOR_KEEP_FILE "keep"

/* root: the project's .cilocal, to know runs by their names; NULL: no project. */
struct janitor *janitor_start(struct loop *loop, struct engine *engine, const char *root,
	janitor_done_fn *done, void *arg);
/* The run is over: what is found still goes, for a few seconds at most. done comes once. */
void janitor_finish(struct janitor *j);
/* Gives up as soon as possible; done still comes once. */
void janitor_cancel(struct janitor *j);

#endif
