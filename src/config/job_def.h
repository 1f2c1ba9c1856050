/*
 * The typed form of a job's keywords after include, extends, !reference, inputs and default: what
 * the config room's readers make and the pipeline room instantiates. Everything lives in the
 * config's arena. Where a keyword was not given (after inheritance), pointers are NULL, counts 0
 * and `set` flags false.
 */
#ifndef CONFIG_JOB_DEF_H
#define CONFIG_JOB_DEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/diag.h"
#include "base/str.h"
#include "vars/varset.h"

struct node;
struct varset;
struct expr;

/* A string with the place that wrote it. */
struct text {
	struct str s;
	struct span at;
};
struct texts {
	struct text *v;
	uint32_t n;
	bool set; /* the keyword was there, maybe empty */
	struct span at;
};

enum job_when {
	WHEN_ON_SUCCESS,
	WHEN_ON_FAILURE,
	WHEN_ALWAYS,
	WHEN_MANUAL,
	WHEN_DELAYED,
	WHEN_NEVER,
	WHEN_UNSET
};
const char *job_when_name(enum job_when when); /* "on_success" ... */

enum pull_policy { PULL_ALWAYS, PULL_IF_NOT_PRESENT, PULL_NEVER };

struct image {
	struct text name; /* unexpanded */
	struct texts entrypoint;
	enum pull_policy *pull_policies;
	size_t n_pull_policies;
	struct text platform, user; /* docker: options */
	struct span at;
};

struct service {
	struct image image;
	struct text alias; /* blank- and comma-separated names, unexpanded */
	struct texts command;
	const struct varset *vars; /* service variables, or NULL */
};

struct allow_failure {
	bool set;   /* written; else the default of the job's when */
	bool value; /* true/false form */
	int64_t *exit_codes;
	size_t n_exit_codes;
	struct span at;
};

/* For who starts a pipeline by hand. */
struct var_help {
	struct str description;
	struct texts options;
};
/*
 * variables: as jobs get them, so that many can lie on the same. `at` is the place of the name. Of
 * two names that are the same text (1 and "1") both are here; the later counts.
 */
struct var_defs {
	struct var *v;
	struct var_help *help; /* of the root's, one for each; else NULL */
	size_t n;
	bool set;
};

struct changes {
	struct texts paths;
	struct text compare_to;
	struct span at;
};
struct exists {
	struct texts paths;
	struct text project, ref;
	struct span at;
};

/*
 * Kinds: a job of this pipeline (job only), cross-pipeline (pipeline and job), cross-project
 * (project, ref, job), bridge (pipeline only: a project whose status a trigger job mirrors).
 */
struct need_far {
	struct text project, ref, pipeline; /* cross-project, cross-pipeline; empty otherwise */
	const struct node *matrix;          /* parallel:matrix of the need, or NULL */
};
extern const struct need_far need_near;
struct need_def {
	struct text job;
	struct span at;
	const struct need_far *far; /* what few have; never NULL, but often &need_near: nothing */
	bool artifacts, optional;
};
struct need_defs {
	struct need_def *v;
	size_t n;
	bool set;
	struct span at;
};

struct auto_cancel {
	struct text on_new_commit, on_job_failure;
};

struct rule_def {
	struct text if_text;     /* empty: no `if` */
	const struct expr *expr; /* parsed `if` (expr room), NULL without */
	struct changes *changes;
	struct exists *exists;
	enum job_when when; /* WHEN_UNSET: the job's */
	struct text start_in;
	struct allow_failure allow_failure;
	struct var_defs vars;
	struct need_defs needs;
	int8_t interruptible;                  /* -1 unset */
	const struct auto_cancel *auto_cancel; /* workflow rules only, or NULL */
	struct span at;
};
struct rule_defs {
	struct rule_def *v;
	size_t n;
	bool set;
	struct span at;
};

/* only / except, each clause NULL or unset when absent. */
struct only_except {
	bool set;
	struct texts refs; /* names, keywords (branches, tags ...), /regex/ */
	struct texts variables;
	const struct expr **exprs; /* parallel to variables */
	struct texts changes;
	bool kubernetes_active;
	struct span at;
};

extern const struct only_except no_policy;

struct artifacts_def {
	struct texts paths, exclude;
	struct text name, expire_in, expose_as, access;
	bool untracked;
	enum job_when when; /* on_success, on_failure, always */
	int8_t is_public;   /* -1 unset */
	struct {
		struct str type; /* junit, dotenv ... */
		struct texts paths;
		struct str format; /* coverage_report */
	} * reports;
	size_t n_reports;
	struct span at;
};

struct cache_def {
	struct text key; /* unexpanded; unset: default */
	struct texts key_files, key_files_commits;
	struct text key_prefix;
	struct texts paths, fallback_keys;
	struct text policy; /* "pull-push", "pull", "push" or with variables */
	bool untracked, unprotect;
	enum job_when when;
	struct span at;
};

struct environment_def {
	struct text name, url, on_stop, auto_stop_in, deployment_tier;
	struct text action; /* start, stop, prepare, verify, access; empty: start */
	const struct node *kubernetes;
	struct span at;
};

struct retry_def {
	bool set;
	unsigned max;
	struct texts when;
	int64_t *exit_codes;
	size_t n_exit_codes;
	struct span at;
};

struct trigger_def {
	struct text project, branch; /* multi-project */
	const struct node
		*include;     /* child pipeline: list of include entries (a local path: one) */
	struct text strategy; /* "", depend, mirror */
	int8_t forward_yaml, forward_pipeline; /* -1 unset */
	const struct node *inputs;
	struct span at;
};

struct parallel_def {
	unsigned count;            /* > 0: parallel: N */
	const struct node *matrix; /* sequence of mappings, or NULL */
	struct span at;
};

struct inherit_def {
	bool all_default, all_variables; /* true unless false or a list was written */
	struct texts only_default, only_variables;
};

struct release_def {
	struct text tag_name, tag_message, name, description, ref, released_at;
	struct texts milestones;
	const struct node *assets;
	struct span at;
};

struct id_token_def {
	struct text name;
	struct texts aud;
	bool aud_list; /* written as a list: the claim is one too */
};

struct pages_def {
	bool enabled;
	struct text publish, path_prefix, expire_in;
};

/* What few jobs have. Equal ones are shared between jobs, so nothing changes them afterwards. */
struct job_rare {
	struct inherit_def inherit;
	struct texts pre_get_sources_script;
	struct text start_in, manual_confirmation;
	const struct only_except *only, *except; /* never NULL, but often &no_policy */
	struct retry_def retry;
	struct text timeout, coverage;
	const struct release_def *release;
	struct pages_def pages;
	struct text publish; /* deprecated form of pages:publish */
	struct id_token_def *id_tokens;
	size_t n_id_tokens;
	const struct node *secrets, *run, *inputs, *identity, *dast_configuration;
};

struct job_def {
	struct text name;
	const struct node *node; /* the merged mapping, for messages, expand and explain */
	struct job_rare *rare;   /* never NULL but where hidden */
	bool hidden;             /* starts with a dot: only `name` and `node` are set */
	bool bridge;             /* a trigger job */
	bool caches_set;
	int8_t interruptible; /* -1 unset */
	enum job_when when;   /* WHEN_UNSET: on_success */
	struct text stage;    /* default test */
	const struct image *image;
	struct service *services;
	size_t n_services;
	struct texts before_script, script, after_script;
	struct var_defs vars;
	struct allow_failure allow_failure;
	struct need_defs needs;
	struct texts dependencies;
	struct rule_defs rules;
	struct parallel_def parallel;
	int64_t timeout_s; /* 0: not given */
	struct text resource_group;
	struct texts tags;
	const struct artifacts_def *artifacts;
	struct cache_def *caches;
	size_t n_caches;
	const struct environment_def *environment;
	const struct trigger_def *trigger;
};

#endif
