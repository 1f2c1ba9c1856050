/*
 * The predefined variables: every CI_* that GitLab and its Runner set, from struct facts.
 * predefined.def lists them all with their availability and meaning, for code and documentation.
 */
#ifndef VARS_PREDEFINED_H
#define VARS_PREDEFINED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct facts;
struct varset;

/* When a variable exists (GitLab docs, "Predefined variables reference", column "Availability"). */
enum predefined_when {
	PREDEFINED_P0, /* pre-pipeline: include:rules, workflow, rules, jobs */
	PREDEFINED_P1, /* pipeline: rules and jobs */
	PREDEFINED_J   /* jobs only: rules do not see it */
};

struct predefined_info {
	const char *name;
	enum predefined_when when;
	const char *meaning;
};
extern const struct predefined_info predefined_table[];
extern const size_t predefined_table_n;

/* The entry of a name, or NULL where GitLab defines no such variable. */
const struct predefined_info *predefined_find(struct str name);

/*
 * Project, pipeline, commit, merge request, upstream and user variables: what rules of workflow and
 * of jobs may see (P0 and the P1 ones that need no job). Values live in the set's arena or in
 * facts. CI_PIPELINE_NAME is not set here: pipeline_build() adds it once workflow:name is expanded.
 */
void predefined_pipeline(struct varset *s, const struct facts *f);
/* The P0 ones only, without GITLAB_USER_*: for include paths and include:rules. */
void predefined_include(struct varset *s, const struct facts *f);

/* One job as its rules see it; texts may be empty where they do not apply. */
struct predefined_job {
	struct str name, stage;
	bool manual;         /* when is manual or delayed */
	bool triggered;      /* pipeline source trigger */
	unsigned node_index; /* 0: no parallel */
	unsigned node_total; /* 0 counts as 1 */
	struct str environment_name, environment_action, environment_tier, environment_url;
	bool has_environment;
};
void predefined_job(struct varset *s, const struct predefined_job *job);
/* How many that are for most jobs. */
size_t predefined_job_count(bool has_environment);

/*
 * What exists only in the running job (J): persisted variables of GitLab and those of the Runner.
 * Empty texts and zero numbers set nothing.
 */
struct predefined_run {
	uint64_t job_id;
	struct str job_token;
	struct str started_at; /* ISO 8601 */
	struct str image;      /* expanded name */
	int64_t timeout_s;
	struct str builds_dir, project_dir;
	struct str environment_slug;
	uint64_t environment_id;
	uint64_t concurrent_id, concurrent_project_id;
	struct str runner_id, runner_short_token, runner_description, runner_version;
	struct str runner_revision, runner_arch; /* "linux/amd64" */
	const struct str *runner_tags;
	size_t n_runner_tags;
	bool disposable; /* container executors */
	bool shared;     /* shell executor */
	/* PEM; the job sees paths of files with them */
	struct str server_tls_ca, server_tls_cert, server_tls_key;
	struct str pages_prefix; /* pages:path_prefix, the end of CI_PAGES_URL */
};
/* s should lie on the job's variables: URLs are built from CI_PROJECT_URL. */
void predefined_run(struct varset *s, const struct facts *f, const struct predefined_run *run);

/*
 * What images of a group are called behind the dependency proxy, without the last slash: of the top
 * group, or (direct) of the project's own. GitLab docs, "Dependency proxy"; with the local registry
 * they are below its host.
 */
struct arena;
struct str dependency_proxy_prefix(struct arena *a, const struct facts *f, bool direct);

/* Where pages of the instance live: gitlab.io for gitlab.com, else pages.HOST. */
struct str predefined_pages_domain(struct arena *a, const struct facts *f);

/* The tier that GitLab guesses from an environment's name: "production", ... "other". */
const char *environment_tier(struct str name);

#endif
