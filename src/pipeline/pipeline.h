/*
 * The pipeline that GitLab would create: stages, job instances with resolved rules, needs,
 * variables. Made by pipeline_build() from a compiled config and facts; read-only afterwards.
 */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/diag.h"
#include "base/map.h"
#include "base/str.h"
#include "config/job_def.h"
#include "vars/varset.h"

struct config;
struct facts;
struct source_set;

/* One resolved need: an edge to another job of this pipeline, or a cross-pipeline download. */
struct need {
	uint32_t job; /* index in pipeline->jobs; UINT32_MAX for cross-pipeline and cross-project
			 needs */
	bool artifacts, optional;
	const struct need_def *def;
};

/* Why a job is in or out, and with which of its rules: for `explain` and `list --json`. */
struct rule_step {
	int index; /* in rules, 0-based; -1 only/except */
	bool matched;
	uint32_t because; /* offset in why: what can stand behind the word "because" */
	struct str why;   /* a sentence with the values that decided */
	struct span at;
};

struct job {
	struct str name, base_name, stage;
	uint32_t id;          /* index in pipeline->jobs */
	uint32_t stage_index; /* index in pipeline->stages */
	const struct job_def *def;
	bool in;            /* false: kept out by rules (only in pipeline->all) */
	enum job_when when; /* never for jobs that are out */
	int64_t start_in_s; /* delayed jobs */
	bool allow_failure;
	const int64_t *allow_exit_codes;
	size_t n_allow_exit_codes;
	int rule; /* index of the rule that decided, -1 without rules */
	struct rule_step *steps;
	size_t n_steps;
	bool interruptible;
	bool dag; /* needs were written, maybe empty */
	struct need *needs;
	size_t n_needs;
	struct str *dependencies; /* names, parallel copies resolved; see has_dependencies */
	size_t n_dependencies;
	bool has_dependencies;
	unsigned node_index, node_total; /* parallel; index 0 without */
	/*
	 * All variables known when the pipeline is created, layers as in enum var_layer, not
	 * expanded. The emulator adds the persisted, runner and dotenv ones before a job starts.
	 */
	struct varset vars;
	struct str environment_name, environment_slug; /* expanded; empty without environment */
	struct str resource_group;                     /* expanded */
	struct texts tags;                             /* expanded */
};

struct pipeline {
	struct arena arena; /* owns everything reachable from here; config and sources too */
	struct source_set *sources;
	struct config *config;
	const struct facts *facts;
	struct str name;   /* workflow:name, expanded; may be empty */
	bool run;          /* workflow:rules say yes */
	int workflow_rule; /* -1 without */
	struct rule_step *workflow_steps;
	size_t n_workflow_steps;
	struct str auto_cancel_on_job_failure; /* none, all */
	struct str auto_cancel_on_new_commit;  /* conservative, interruptible, none */
	/*
	 * GitLab's words where it would create no pipeline although the definition is valid:
	 * workflow rules said no, or nothing but .pre and .post jobs is left. Then n_jobs is 0;
	 * `all` tells why.
	 */
	struct str refusal;
	struct str *stages; /* those with jobs or not, .pre first */
	size_t n_stages;
	struct job **jobs; /* the jobs of the pipeline: by stage, then by order in the definition */
	size_t n_jobs;
	struct job **all; /* every visible instance, in order of the definition, the ones out too */
	size_t n_all;
	struct map by_name; /* name -> struct job * (of `all`) */
	struct varset vars; /* pipeline-level variables (no job) */
	unsigned refs;
};

/*
 * What can be said without facts about needs, dependencies and parallel copies: undefined,
 * duplicate, in later stages, circular. pipeline_build() does it too; of a definition that has
 * errors this tells those of the jobs that are sound otherwise (config->unsure has the others).
 * Returns false with errors in config->diags.
 */
bool pipeline_check(struct config *config);

/*
 * Evaluates workflow, rules, parallel, needs. Errors go to config->diags (then NULL is returned and
 * everything stays with the caller). On success the pipeline owns what was in the arena that config
 * lives in, and config->arena is the pipeline's; the caller's arena is empty, and still to be
 * released by the caller. facts must outlive the pipeline.
 */
struct pipeline *pipeline_build(struct config *config, const struct facts *facts);
struct pipeline *pipeline_ref(struct pipeline *p);
void pipeline_unref(struct pipeline *p);

/*
 * The tree of `list --json`: stages, workflow, jobs with the keys of that contract. all: also the
 * jobs that are out, with when: never.
 */
struct node;
struct node *pipeline_dump(struct arena *a, const struct pipeline *p, bool all);
/*
 * The same as JSON and a line end, job by job; pretty when indent is > 0. flush empties out where
 * much has gathered, or returns false, which ends it: so does then this function.
 */
struct buf;
bool pipeline_write_json(struct buf *out, const struct pipeline *p, bool all, int indent,
	bool (*flush)(void *ctx), void *ctx);
/*
 * The same with everything that golden tests compare: script, before_script, after_script,
 * variables (YAML ones, unexpanded), cache, artifacts, retry, timeout, interruptible, dependencies,
 * parallel ...
 */
struct node *pipeline_dump_full(struct arena *a, const struct pipeline *p, bool all);

/*
 * Jobs of that name, of that base name (all parallel copies), or that a glob fits; in pipeline
 * order. Returns their number; *out lives in the arena.
 */
size_t pipeline_find_jobs(
	struct arena *a, const struct pipeline *p, struct str pattern, bool all, struct job ***out);

#endif
