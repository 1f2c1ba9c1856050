/* The picture of a pipeline: what `graph` draws, and the ways to draw it. */
#ifndef CLI_GRAPH_H
#define CLI_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct arena;
struct buf;
struct load;
struct node;
struct pipeline;
struct run_record;

struct graph;
struct graph_job {
	struct str name;
	struct str note;  /* "manual", "delayed", "trigger" ...; empty: nothing */
	struct str state; /* of a run: success, failed ...; empty: none */
	double seconds;   /* < 0: unknown */
	bool dag;         /* it has `needs`, maybe empty */
	/* Of a trigger job: a sentence about the pipeline that it starts, and that pipeline or
	 * NULL. */
	struct str starts;
	const char *kind,
		*made; /* "child", "downstream"; "built", "dynamic" ... as of list; or NULL */
	struct graph *child;
};
struct graph_stage {
	struct str name;
	size_t *jobs; /* indices of graph.jobs */
	size_t n;
	bool ordered; /* a job in it waits for all earlier stages: it has no `needs` */
};
/* A need of a job on one of this pipeline. */
struct graph_edge {
	size_t from, to; /* indices of graph.jobs */
	bool optional, artifacts;
};
struct graph {
	struct arena *arena;
	struct str
		title; /* "parts > engine": the trigger jobs that lead here; empty for the first */
	struct graph_job *jobs;
	size_t n_jobs;
	struct graph_edge *edges; /* by `to` */
	size_t n_edges;
	struct graph_stage *stages; /* those with jobs */
	size_t n_stages;
};

/* A pipeline; texts are copied into the arena. States are filled in later. */
void graph_make(struct graph *g, struct arena *a, const struct pipeline *p);
/*
 * The pipelines that its trigger jobs start, and those that they start: from files, and from clones
 * that are known; what a job had to make first comes out of the run's record. run: states and times
 * of all of them; NULL without.
 */
void graph_family(struct graph *g, struct load *l, const struct run_record *run);
/* The graph and all of its children, each behind the one that starts it; in the arena. */
const struct graph **graph_all(const struct graph *g, size_t *n);

/* "deploy (manual) failed 1.2s" */
struct str graph_label(const struct graph *g, const struct graph_job *j);

/* columns: of the terminal, 0 for no limit; color: states in colours. */
void graph_text(const struct graph *g, struct buf *out, size_t columns, bool color);
void graph_dot(const struct graph *g, struct buf *out);
void graph_mermaid(const struct graph *g, struct buf *out);
void graph_svg(const struct graph *g, struct buf *out);
struct node *graph_tree(const struct graph *g);

#endif
