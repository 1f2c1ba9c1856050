/* What two expanded definitions differ in: for `diff`. */
#ifndef CLI_CHANGES_H
#define CLI_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"

struct arena;
struct load;
struct node;
struct pipeline;

/* One of the two. */
struct side {
	struct str name;           /* for messages: a revision, a file */
	struct pipeline *pipeline; /* owns the texts below; NULL without one */
	struct node *globals;      /* stages, workflow, variables; an empty mapping without any */
	struct map jobs;           /* name -> struct node *, the expanded mapping */
	struct map in;             /* name of a job or copy -> struct str *, its `when` or never */
	VEC(struct str) in_order;
};

/*
 * Takes what is compared out of the definition that is loaded, and the definition with it: l has
 * none then. Without one the side is empty. side_release() in any case.
 */
void side_take(struct load *l, struct side *s);
void side_release(struct side *s);

/* A keyword whose value differs; NULL: it is not there. */
struct change {
	struct str keyword;
	const struct node *old_value, *new_value;
};
struct change_list {
	struct change *v;
	size_t n, cap;
};

enum job_change_kind { JOB_ADDED, JOB_REMOVED, JOB_RENAMED, JOB_CHANGED };
struct job_change {
	enum job_change_kind kind;
	struct str old_name, new_name; /* empty where it is not there */
	const struct node *old_job, *new_job;
	struct change_list keywords; /* of changed and renamed ones */
};

/* A job of the pipeline that is in on one side only, or with another `when`; empty: not defined. */
struct pipeline_change {
	struct str name, old_when, new_when;
};

struct differences {
	struct change_list globals; /* stages, workflow, variables ... */
	struct job_change *jobs;
	size_t n_jobs;
	struct pipeline_change *pipeline;
	size_t n_pipeline;
};

/* Adds the keys whose values differ in two mappings, those of the new one first. */
void changes_of_maps(struct arena *a, const struct node *old_map, const struct node *new_map,
	struct change_list *out);
/* pipeline: whether the pipelines are compared too. Everything is in the arena or of the sides. */
void changes_find(struct arena *a, const struct side *old_side, const struct side *new_side,
	bool pipeline, struct differences *out);

#endif
