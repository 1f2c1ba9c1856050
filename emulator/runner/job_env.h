/*
 * The variables that a job's scripts and containers get: those that GitLab sent, the Runner's own,
 * and [[runners]] environment, after the Runner's single expansion pass. Pure.
 *
 * Source: GitLab Runner, common/build.go (GetAllVariables) and common/spec/variables.go.
 */
#ifndef RUNNER_JOB_ENV_H
#define RUNNER_JOB_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/diag.h"
#include "base/str.h"
#include "vars/varset.h"

struct build_spec;
struct runner_config;

struct job_var {
	struct str key, value; /* value of a file variable: its content */
	bool file, masked, internal;
};

struct job_env {
	struct arena *arena;
	unsigned slot; /* CI_CONCURRENT_ID */
	struct varset
		vars; /* layered, values already expanded by the Runner's pass; files as paths */
	struct job_var *v; /* in the order of export */
	size_t n;
	struct str project_dir; /* absolute, as the job sees it */
	struct str tmp_dir;     /* <project_dir>.tmp */
	/* Of GIT_CLONE_PATH, which the Runner would refuse; the job must not start. Empty: good. */
	struct str refused;
	struct span refused_at;
};

/*
 * builds_dir: absolute, no slash at its end. slot: the job's number among those that run at once.
 * The executor decides CI_DISPOSABLE/SHARED_ENVIRONMENT. spec->vars must outlive e, whose sets lie
 * on it.
 *
 * The project directory is <builds_dir>/<project_path>, with "-empty" behind it for GIT_STRATEGY
 * empty, or what GIT_CLONE_PATH says, expanded once, before there is a CI_PROJECT_DIR: in the
 * builds_dir, where the configuration (custom_build_dir) or the executor allows it (GitLab Runner,
 * common/build.go, StartBuild and getCustomBuildDir).
 */
void job_env_make(struct job_env *e, struct arena *a, const struct build_spec *spec,
	const struct runner_config *config, struct str builds_dir, unsigned slot,
	const char *job_status);

/* The value as scripts see it (path of file variables), {NULL, 0} when there is no such variable.
 */
struct str job_env_get(const struct job_env *e, const char *key);
/* A Go boolean (1 t T TRUE true True ...); fallback where absent or not boolean. */
bool job_env_bool(const struct job_env *e, const char *key, bool fallback);
/* Feature flag: [runners.feature_flags], then the variable, then fallback. */
bool job_env_flag(const struct job_env *e, const struct runner_config *config, const char *flag,
	bool fallback);
/* The Runner's expansion of a text that the job wrote (image, alias, ...). */
struct str job_env_expand(const struct job_env *e, struct arena *a, struct str text);
/* All values to be masked in the job's log; array in the arena. */
size_t job_env_secrets(const struct job_env *e, struct arena *a, struct str **out);

/* What CI_RUNNER_EXECUTABLE_ARCH says of this machine, in Go's names: "linux/amd64". */
struct str runner_arch(struct arena *a);

#endif
