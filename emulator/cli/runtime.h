/* What a job would be given where it runs, without running it. */
#ifndef CLI_RUNTIME_H
#define CLI_RUNTIME_H

struct arena;
struct cli;
struct job;
struct job_env;
struct load;
struct runner_config;

/* The first that takes the job; where none does, the first. */
const struct runner_config *runtime_runner(const struct load *l, const struct job *job);
/*
 * All variables that its script would see, in the arena; ids and tokens are examples. Prints an
 * error where they can't be made; an exit code.
 */
int job_runtime(struct cli *c, struct arena *a, const struct load *l, const struct job *job,
	struct job_env *env);

#endif
