/*
 * Which of the configured runners takes a job. Pure.
 *
 * A runner takes a job whose tags it has all; one without tags is taken where `run_untagged` holds
 * (GitLab docs, "Configuring runners", "Control jobs that a runner can run"). GitLab knows both
 * from the registration of a runner; here [[runners]] has them as keys of its own. Where no runner
 * says either, tags choose nothing: the first runner takes every job.
 */
#ifndef RUNNER_RUNNER_CHOOSE_H
#define RUNNER_RUNNER_CHOOSE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"
#include "emulator/runner/build.h"
#include "emulator/runner/runner_config.h"

struct arena;
struct job_def;
struct predefined_run;
struct texts;

/* Some runner has `tags` or `run_untagged`. */
bool runners_choose(const struct runner_configs *r);
/* Bit i: r->v[i] takes a job with these tags (expanded). */
uint64_t runners_taking(const struct runner_configs *r, const struct texts *tags);
/* The first that takes such a job; NULL: none does. */
const struct runner_config *runners_first(const struct runner_configs *r, const struct texts *tags);
/* Why none takes such a job: what it has, what each runner has. In the arena. */
struct str runners_refusal(
	const struct runner_configs *r, const struct texts *tags, struct arena *a);
/* How it runs a job: as its executor says, else by whether there is an image. */
enum executor_kind runner_executor(const struct runner_config *c, const struct job_def *job);
/*
 * What a running job is told of the runner (CI_RUNNER_*). c NULL: none takes the job. Where tags
 * choose nothing, the one runner has those that the job asks for. In the arena.
 */
void runner_tell(const struct runner_configs *r, const struct runner_config *c,
	const struct texts *job_tags, struct arena *a, struct predefined_run *out);
/* Its name, or "runner 2". In the arena. */
struct str runner_title(const struct runner_configs *r, size_t index, struct arena *a);

#endif
