/*
 * One job on one executor: what GitLab Runner does with a job that it was given. A build knows
 * nothing of pipelines; the job machine (emulator/gitlab) makes the spec, owns the build and hears
 * how it ended.
 *
 * How it is used:
 *
 *     struct build *b = build_new(&host, &spec, log);     // host, spec, log outlive the build
 *     build_start(b, done, arg);                           // done comes once, never from inside
 *     ...
 *     build_cancel(b);      // any time: stops the script, after_script still runs
 *     build_abort(b);       // any time: stops everything; cleanup still runs
 *     ...
 *     done(b, result, arg)  // everything of the job is removed; may call build_free(b)
 *
 * The build's own lines (titles, sections, "Job succeeded") go to `log`, as does the job's output.
 * The log is not ended by the build: its owner does that, in done.
 *
 * Source: GitLab Runner, common/build.go.
 */
#ifndef RUNNER_BUILD_H
#define RUNNER_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/diag.h"
#include "base/str.h"
#include "emulator/runner/image_rule.h"
#include "config/job_def.h"
#include "vars/varset.h"

struct loop;
struct engine;
struct error;
struct job_log;
struct layers;
struct shell_login;
struct sources;
struct terminal;
struct runner_config;
struct build;

/* Where a file of build_spec.release_file is kept, below the job's folder. */
#define RELEASE_FILES "reports/release"

enum executor_kind { EXECUTOR_SHELL, EXECUTOR_DOCKER };

/*
 * A container that must be reachable from the jobs under a host name: the local registry, and the
 * mirror that Docker-in-Docker services ask before Docker Hub.
 */
struct extra_name {
	struct str host;      /* registry.gitlab.example.com */
	struct str container; /* its id */
	struct str address;   /* where the engine itself reaches it: 127.0.0.1:PORT; may be empty */
	struct str mirror;    /* of Docker Hub, HOST:PORT in the jobs: for dind only; else empty */
};

/* Somebody who wants to see a job from the inside. Everything is borrowed and outlives the build.
 */
struct build_debug {
	struct terminal *terminal;
	bool only;       /* a shell in place of the scripts, and nothing of the job is kept */
	bool on_failure; /* a shell where the script failed, before after_script */
	bool step;       /* asks before each command of the script */
	const struct str *command; /* with `only`: instead of a shell; none: a shell */
	size_t n_command;
	/* One line for people. */
	void (*say)(void *arg, const char *text);
	/* They want all of it to end. */
	void (*quit)(void *arg);
	void *arg;
};

struct registry_login {
	struct str registry, user, password; /* from the job's payload: CI_REGISTRY and its token */
};

/* Artifacts that the job gets before its script: a tar of this machine. */
struct build_download {
	struct str job; /* who made them */
	uint64_t job_id;
	struct str archive; /* absolute path */
};

/* One entry of `cache:`, with the keys as GitLab sends them (variables not expanded). */
struct build_cache {
	const struct cache_def *def;
	struct str key;
	const struct str *fallbacks;
	size_t n_fallbacks;
};

/* Something of a job that was collected: what a Runner would upload to GitLab. */
struct build_upload {
	struct str type; /* "archive", or the report's: "junit", "dotenv" ... */
	struct str path; /* absolute: the tar, or the folder that the report's files are below */
	struct str name; /* of the archive for people, expanded: "artifacts" */
	size_t entries;  /* files and folders */
	uint64_t bytes;
};

/* A volume with the file ca.crt, for the folder where Docker looks for it. */
struct ca_mount {
	struct str volume; /* empty: none */
	struct str folder; /* /etc/docker/certs.d/HOST[:PORT] */
};

/* What all builds of one run share. Everything is borrowed and outlives the builds. */
struct build_host {
	struct loop *loop;
	struct engine *docker; /* NULL: no engine; then only the shell executor works */
	const struct runner_config
		*config;         /* never NULL: runner_config_init() gives the defaults */
	struct sources *sources; /* the run's snapshot of the work tree (sources.h) */
	struct layers *layers;   /* the same on the engine (layers.h); NULL: uploaded for each job
				  */
	struct shell_login
		*login; /* of the shell executor (shell_login.h); NULL: each script logs in */
	const char *run_id;
	const char *run_dir; /* absolute: .cilocal/runs/<id>; shell jobs get their trees below it */
	const char *lock_path; /* absolute: the lock file that this process holds while it lives */
	const char *cache_dir; /* absolute: .cilocal/cache; NULL: caches are neither read nor kept
				*/
	const char *slots_dir; /* absolute: .cilocal/slots; NULL: every job has the number 0 */
	uint64_t cache_limit;  /* bytes of all caches together; 0: no limit */
	const char
		*project_root; /* absolute: the user's work tree, for relative paths in volumes */
	struct str pull_override; /* --pull: always, if-not-present, never; empty: as configured */
	const struct image_rule *image_rules;
	size_t n_image_rules;
	bool only_image_rules; /* --locked: an image that no rule fits is refused */
	const struct extra_name *extra_names;
	size_t n_extra_names;
	struct ca_mount ca_mount;
	bool keep_failed;        /* --keep: what a failed job was made of stays */
	const char *docker_host; /* as users have to name the engine to docker; NULL: not at all */
};

/* What a job waits for: nothing any more, an image that is pulled, or something else. */
enum build_wait { BUILD_WAIT_OVER, BUILD_WAIT_IMAGE, BUILD_WAIT_OTHER };

/* One job. Everything is borrowed and outlives the build. */
struct build_spec {
	struct str name; /* job name: log, label */
	struct str slug; /* file name of the job within run_dir: [a-z0-9-], unique within the run */
	uint64_t job_id;
	enum executor_kind executor;
	struct str project_path; /* group/sub/name: the end of CI_PROJECT_DIR, see job_env.h */
	struct str sha, ref;     /* for "Checking out ..." */

	/*
	 * As GitLab would send them: varset_sort_and_expand(..., keep_undefined = true) of every
	 * layer that GitLab knows. The Runner's own (CI_PROJECT_DIR, CI_BUILDS_DIR, CI_JOB_STATUS
	 * ...) and
	 * [[runners]] environment are added here, then the Runner's expansion pass runs.
	 */
	const struct varset *vars;

	const struct image *image; /* unexpanded; NULL: the runner configuration's */
	const struct service *services;
	size_t n_services;
	const struct texts *before_script, *script, *after_script; /* NULL: none */
	const struct texts *pre_get_sources_script;                /* hooks:, NULL: none */
	int64_t timeout_s;                                         /* 0: an hour */
	const struct registry_login *logins;
	size_t n_logins;

	const struct build_download *downloads; /* in the order of unpacking */
	size_t n_downloads;
	const struct artifacts_def *artifacts; /* NULL: none */
	const struct build_cache *caches;
	size_t n_caches;
	/*
	 * Takes one upload (its files are in <run_dir>/<slug>/); -1 with err in GitLab's words:
	 * refused, which fails the job. NULL: everything is taken.
	 */
	int (*on_upload)(void *arg, const struct build_upload *u, struct error *err);
	void *upload_arg;
	/*
	 * release: the stage step_release, once the script has passed. 0, or -1 with err where
	 * GitLab's tool would fail: then the job does. NULL: no such stage. vars: those of the job
	 * after the Runner's pass.
	 */
	int (*on_release)(void *arg, const struct varset *vars, struct error *err);
	void *release_arg;
	/* What its description may name (a pattern; empty: nothing): kept before in
	 * <run_dir>/<slug>/RELEASE_FILES, where it is there. */
	struct str release_file;

	const struct build_debug *debug; /* NULL: nobody looks inside */

	/* Events for whoever watches; all may be NULL. Called from inside the loop. */
	void (*on_stage)(void *arg, const char *stage, bool begin);
	/* What the job waits for now, in a few words for people; empty for BUILD_WAIT_OVER. */
	void (*on_wait)(void *arg, enum build_wait kind, struct str what);
	void *on_arg;
};

enum build_status { BUILD_SUCCESS, BUILD_FAILED, BUILD_CANCELED };

/* GitLab's failure_reason values that a Runner reports. */
enum failure_reason {
	FAIL_NONE,
	FAIL_SCRIPT,
	FAIL_RUNNER_SYSTEM,
	FAIL_JOB_TIMEOUT,
	FAIL_IMAGE_PULL,
	FAIL_RUNNER_CONFIG,
	FAIL_EXTERNAL_DEPENDENCY,
	FAIL_RUNNER_INTERRUPTED,
	FAIL_CANCELED,
	FAIL_REASONS
};
/* "script_failure", "runner_system_failure", ... as `retry:when` and the API name them. */
const char *failure_reason_name(enum failure_reason reason);

struct build_result {
	enum build_status status;
	enum failure_reason reason;
	bool has_exit_code;
	int exit_code;
	char text[512]; /* "exit code 1"; what follows "Job failed: ", masked by the log only */
	struct span at; /* the YAML at fault where one is known (image, service), else SPAN_NONE */
	bool visited;   /* the shell of build_debug.only was there; its exit code is exit_code */
	bool surroundings; /* the engine, disk or network failed, not the job: exit code 4 */
	double prepare_s, script_s, total_s;
	char kept[1024]; /* keep_failed: the command that enters what was kept; empty: nothing */
};

typedef void build_done_fn(struct build *b, const struct build_result *result, void *arg);

struct build *build_new(
	const struct build_host *host, const struct build_spec *spec, struct job_log *log);
void build_start(struct build *b, build_done_fn *done, void *arg);
/* The user cancels the job: the running script ends, after_script runs, the result is canceled. */
void build_cancel(struct build *b);
/* The process wants to end: nothing of the job runs any more; takes down what it started. */
void build_abort(struct build *b);
/* Only before build_start() or from done on. */
void build_free(struct build *b);

#endif
