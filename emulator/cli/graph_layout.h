/*
 * Where the parts of a picture lie: jobs below each other in the column of their stage, and lines
 * that go around the boxes, never through them: between two columns they bend, past a column they
 * run in the gap between two rows.
 */
#ifndef CLI_GRAPH_LAYOUT_H
#define CLI_GRAPH_LAYOUT_H

#include <stddef.h>
#include "base/str.h"

struct arena;
struct buf;
struct graph;
struct graph_edge;

#define GRAPH_LETTER 7.2 /* the width of a letter; all in units of SVG */
#define GRAPH_ROW    44
#define GRAPH_HEIGHT 30 /* of a box */
#define GRAPH_NAME   44 /* columns of a name that are shown */

struct graph_place {
	double x, y, width;
	size_t stage;
};
struct graph_layout {
	const struct graph *g;
	double x, y; /* of the pipeline's upper left corner */
	double top;  /* of the first row of boxes */
	struct graph_place *jobs;
	double *stage_x, *stage_width;
	unsigned **lanes; /* of each stage: how many lines run above each row already */
	double right, bottom;
};

/* Lays one pipeline out with its corner at x, y; head: room above its stages. In the arena. */
void graph_lay_out(struct graph_layout *v, struct arena *a, const struct graph *g, double x,
	double y, double head);
/* The `d` of the path from one job to another. */
void graph_route(struct graph_layout *v, const struct graph_edge *e, struct buf *out);
/* The name as it is shown: cut where it is very long. */
struct str graph_name(struct arena *a, struct str name);

#endif
