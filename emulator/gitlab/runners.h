/*
 * The runners of a run: what config.toml has, each with its engine and the number of its jobs. They
 * belong to the run that the user started; its children share them.
 */
#ifndef GITLAB_RUNNERS_H
#define GITLAB_RUNNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "emulator/docker/engine.h"
#include "emulator/runner/build.h"

struct error;
struct janitor;
struct job;
struct run;
struct runner_config;

struct run_runner {
	struct run *run; /* top */
	const struct runner_config *config;
	size_t index; /* in the configuration and in hosts */
	struct endpoint_lookup where;
	struct engine *engine; /* NULL: no job wanted it, or there is none */
	bool first;            /* no runner before it is connected to the same engine */
	struct str no_engine;  /* why there is none, where trigger jobs may yet want one */
	struct janitor *janitor;
	bool clean;       /* the janitor has found that nothing of dead runs is left there */
	unsigned running; /* jobs of all runs */
};

/* What config.toml says; connects to nothing. */
void runners_open(struct run *top);
/* Bit i: runner i takes the job. */
uint64_t runners_for(const struct run *r, const struct job *job);
/* One of these that has room for a job, the first; NULL: none now. */
struct run_runner *runners_free_one(const struct run *r, uint64_t set);

/* How a job runs on that runner: --executor, else the runner's executor, else by the image. */
enum executor_kind runners_executor(
	const struct run *r, const struct run_runner *runner, const struct job *job);
/* Whether the job may run on some engine. */
bool runners_wants_docker(const struct run *r, const struct job *job);
/* The reason why an engine that the run's jobs may want is not there; empty: none is missing. */
struct str runners_missing_engine(const struct run *r);

/*
 * Connects to the engines that chosen jobs want. The first becomes the session's: the registry is
 * there. -1 with err.
 */
int runners_connect(struct run *top, struct error *err);
/*
 * In the background, what dead runs left on each engine of the run. Once nothing is left on any of
 * them (at once where the run has none), the dead runs count as looked after.
 */
void runners_clean_start(struct run *top);
/* Waits until that is done. */
void runners_clean_end(struct run *top);
/* Gives up as soon as possible; false: it is over anyway. */
bool runners_clean_cancel(struct run *top);
/* After the builds are gone. The session's own engine stays. */
void runners_release(struct run *top);

#endif
