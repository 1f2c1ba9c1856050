/* The picture of a pipeline: what `graph` draws, and the ways to draw it. */
#ifndef CLI_GRAPH_H
#define CLI_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct arena;
struct buf;
struct node;
struct job;
struct pipeline;

struct graph_job {
	const struct job *job;
	struct str note;  /* "manual", "delayed", "trigger" ...; empty: nothing */
	struct str state; /* of a run: success, failed ...; empty: none */
	double seconds;   /* < 0: unknown */
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
	const struct pipeline *p;
	struct graph_job *jobs;   /* parallel to p->jobs */
	struct graph_edge *edges; /* by `to` */
	size_t n_edges;
	struct graph_stage *stages; /* those with jobs */
	size_t n_stages;
};

/* States are filled in by the caller. In the arena. */
void graph_make(struct graph *g, struct arena *a, const struct pipeline *p);

/* columns: of the terminal, 0 for no limit; color: states in colours. */
void graph_text(const struct graph *g, struct buf *out, size_t columns, bool color);
void graph_dot(const struct graph *g, struct buf *out);
void graph_mermaid(const struct graph *g, struct buf *out);
void graph_svg(const struct graph *g, struct buf *out);
struct node *graph_tree(const struct graph *g);

#endif
