/* What the files of src/pipeline share. Only they (and their unit tests) may include it. */
#ifndef PIPELINE_PIPELINE_INTERNAL_H
#define PIPELINE_PIPELINE_INTERNAL_H

#include "base/arena.h"
#include "base/diag.h"
#include "config/config.h"
#include "config/limits.h"
#include "pipeline/pipeline.h"
#include "vars/facts.h"

/* One variable of a parallel copy. */
struct matrix_var {
	struct str key, value;
	struct span at;
};

/* A job with what only its construction needs. */
struct instance {
	struct job pub; /* first: struct job * is a struct instance * */
	const struct matrix_var *vars;
	size_t n_vars;
	const struct need_defs *needs; /* the job's or the matched rule's; NULL: none */
	bool rule_needs;               /* they came from a rule */
};

static inline struct instance *instance_of(struct job *job)
{
	return container_of(job, struct instance, pub);
}

/* The value of a masked variable, which no message may show. */
struct secret {
	struct str value;
	struct secret *next;
};

/* The definitions that a set was made of. */
struct recent_vars {
	const struct var *defs;
	const struct varset *set;
};

/* Why the jobs that have these rules are in, or not. */
struct kept_steps {
	const void *of;
	struct rule_step *v;
	size_t n;
};

struct builder {
	struct pipeline *p;
	struct arena *a; /* results; p->arena once the pipeline exists */
	struct config *c;
	const struct facts *f;
	struct diags *d;
	struct arena scratch; /* emptied after each job */
	struct varset *base;  /* predefined and settings: below everything */
	struct map groups;    /* job_def's name -> struct group * */
	struct map layers;    /* sets that several jobs lie on: what made it -> struct layer * */
	struct recent_vars recent[256];
	struct kept_steps kept[64];
	const struct varset *below;      /* of these, the one that the job at hand has a base of */
	struct map clauses;              /* of rules, by address: what they say to every job */
	uint64_t work;                   /* steps that are left of LIMIT_STEPS */
	size_t n_vars, n_bytes, n_edges; /* of the limits of the same names */
	bool stopped;                    /* a limit was passed: nothing more is built */
	struct secret *secrets;
	bool knows_secrets;
	bool sharing; /* the sets below the jobs are complete */
	bool failed;  /* job_error was called (the error itself may be known already) */
};

/* A set that jobs lie on, and what its definitions make of each other. */
struct layer {
	struct varset set;
	struct var_base *base; /* made when it is asked for */
};

/* The copies of one definition, in order. */
struct group {
	const struct job_def *def;
	struct job **v;
	size_t n;
};

/* No more errors are kept: a loop that makes long texts for them may end. */
static inline bool errors_full(const struct builder *b)
{
	return b->d->errors >= LIMIT_ERRORS;
}

/* An error of this phase: gitlab is GitLab's whole line. NULL when LIMIT_ERRORS are known already.
 */
struct diag *job_error(struct builder *b, const struct job *job, const char *code, struct span at,
	const char *gitlab, const char *fmt, ...) PRINTF_LIKE(6, 7);

/* The definition passes one of our limits: an error at the job, once, and the end of the build. */
void stop_at_limit(struct builder *b, const struct job_def *def, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* --- job_layers.c --- */
/* Puts the job's variables into its set, on what it can share with other jobs. */
void init_vars(struct builder *b, struct instance *in);
/* Like varset_check_cycles() and varset_sort_and_expand() for a set that lies on a shared one. */
bool job_vars_acyclic(struct builder *b, const struct varset *vars, struct str *error);
/* The set sorted and expanded, made once a job in b->scratch. */
const struct varset *sorted_vars(
	struct builder *b, const struct varset *vars, struct varset *store);
void put_yaml_vars(struct varset *s, enum var_layer layer, const struct var_defs *defs);

/* --- matrix.c --- */
/*
 * The combinations of parallel:matrix: names "base: [v1, v2]" and their variables, first key
 * slowest. subst replaces values (for needs; may be NULL). Returns their number.
 */
struct combination {
	struct str name;
	struct matrix_var *vars;
	size_t n;
};
typedef struct str matrix_subst_fn(void *ctx, struct str value, struct span at);
size_t matrix_combinations(struct arena *a, const struct node *matrix, struct str base,
	matrix_subst_fn *subst, void *ctx, struct combination **out);
/* Fills p->all, p->by_name and b->groups with the copies of every visible job. */
void expand_jobs(struct builder *b);

/* --- needs.c --- */
/* One need with its parallel copies resolved to names; in b->scratch. */
struct needed {
	struct str name;
	const struct need_def *def;
};
size_t resolve_needs(struct builder *b, const struct job *job, const struct need_defs *needs,
	struct needed **out);
/* Against LIMIT_EDGES; false when the build has stopped. */
bool count_edges(struct builder *b, const struct job *job, size_t n);
/* Existence, stages, duplicates, cycles: what needs no facts. */
void check_edges(struct builder *b);
void check_cycles(struct builder *b); /* needs_cycle.c */
/* Once it is known which jobs are in: the edges of p->jobs, or errors. */
void link_needs(struct builder *b);

/* --- workflow.c --- */
void build_workflow(struct builder *b);

/* --- job_build.c --- */
/* Variables, environment, rules, tags of one job; sets pub.in. */
void build_job(struct builder *b, struct instance *in);

/* --- rules.c --- */
struct rules_ctx {
	struct builder *b;
	const struct varset *vars;
	struct varset *sorted; /* made when a clause wants it */
	bool is_sorted;
};
enum rules_verdict { RULES_MATCH, RULES_NONE, RULES_INVALID };
/*
 * The first rule that matches: *index, with a step for each that was looked at. A clause that
 * cannot be evaluated gives RULES_INVALID with GitLab's words in *why.
 */
enum rules_verdict eval_rules(struct rules_ctx *ctx, const struct rule_defs *rules, int *index,
	struct rule_step **steps, size_t *n_steps, struct str *why);

/* Moves steps out of b->scratch; jobs that have the same rules, or policy, mostly share them. */
void keep_steps(struct builder *b, const void *of, struct rule_step **steps, size_t n);

/* Patterns and references are shown with their variables' values: not those of masked ones. */
struct str hide_secrets(struct builder *b, struct str text);
/* The values that an expression read, for `explain`; changes the trace. Both in b->scratch. */
struct expr_trace;
struct str trace_text(const struct rules_ctx *ctx, struct expr_trace *trace);

/* --- policy.c --- */
/* only and except with their defaults; adds a step for each that decided. */
bool eval_policies(struct rules_ctx *ctx, const struct job_def *def, struct rule_step **steps,
	size_t *n_steps);
void push_step(struct arena *a, struct rule_step **steps, size_t *n, struct rule_step step);

/* --- environment.c --- */
void build_environment(struct builder *b, struct instance *in);
void settle_manual(struct instance *in); /* once the rules have decided */

#endif
