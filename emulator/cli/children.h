/*
 * The pipelines that trigger jobs start, compiled as data: `trigger:include` from this work tree,
 * `trigger:project` where `[cilocal.projects]` names a clone on this machine.
 */
#ifndef CLI_CHILDREN_H
#define CLI_CHILDREN_H

#include "emulator/cli/load.h"

struct job;
struct downstream;
struct downstream_ask;
struct node;

/* Levels of child pipelines below the first (GitLab docs, "Downstream pipelines"). */
#define CHILD_DEPTH 2

enum child_state {
	CHILD_BUILT,
	CHILD_INVALID,  /* load.diags say why */
	CHILD_MISSING,  /* what it is made from can't be had; load.diags say why */
	CHILD_DYNAMIC,  /* made from an artifact of a job that has to run first */
	CHILD_ELSEWHERE /* in a project that is not on this machine */
};

struct child {
	const struct job *job;
	enum child_state state;
	bool project;   /* multi-project, else a child pipeline */
	struct span at; /* the trigger's `include` or `project` */
	struct load
		load; /* facts, variables and definition are its own, the rest is the parent's */
	const struct downstream_ask *ask; /* of a run; NULL: nothing runs */
	bool own_repo;
	uint32_t made; /* the source that stands for the trigger's entries; errors in it are at `at`
			*/
};

/*
 * Compiles the pipeline of a trigger job of parent->pipeline. The child borrows from the parent,
 * which must not move, and whose sources grow by the child's. child_release() in any case.
 */
void child_load(struct load *parent, const struct job *job, struct child *out);
/* The parent's project without a definition yet. */
void child_init(struct load *parent, const struct job *job, const struct downstream_ask *ask,
	struct child *out);
/* child_load() for a run, which knows more; ask must stay. For child_run.c. */
void child_load_for(struct load *parent, const struct job *job, const struct downstream_ask *ask,
	struct child *out);
void child_release(struct child *ch);
/*
 * The path of the clone that `[cilocal.projects]` names for the trigger's project, expanded; NULL
 * without.
 */
const char *child_clone(const struct child *ch, struct str project);
/* The pipeline variables that the trigger passes on, into a set. */
void child_forward(const struct child *ch, const struct load *parent, struct varset *out);

/* child_run.c: struct run_options' downstream and downstream_free; arg is the run's struct load. */
void child_run(void *arg, const struct downstream_ask *ask, struct downstream *out);
void child_run_free(void *arg, void *made);

/*
 * Adds to l->diags what is wrong with the pipelines that its trigger jobs start, and those that
 * they start: an error at the trigger for a broken one, followed by the errors in it; a warning for
 * one that can't be had, since GitLab would only find out when the job runs.
 */
void children_lint(struct load *l);

/* "'name' starts a child pipeline:" for a table below, or why there is none. */
void child_head(struct cli *c, const struct child *ch, struct str name);
/* "'name' starts a child pipeline", without a stop; why there is none, where it is not shown. */
struct str child_sentence(struct arena *a, const struct child *ch, struct str name, bool is_shown);
const char *child_kind(const struct child *ch);       /* "child", "downstream" */
const char *child_state_name(const struct child *ch); /* "built", "invalid" ... */
/* "It starts ...", one line, and the jobs; as an object for --json. */
void child_say(struct cli *c, const struct child *ch);
struct node *child_tree(struct arena *a, const struct child *ch);

#endif
