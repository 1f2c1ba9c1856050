#include "base/base.h"

#include "emulator/cli/graph_layout.h"
#include "emulator/cli/graph.h"
#include "emulator/log/console.h"
#include "base/arena.h"
#include "base/buf.h"

/* Between two columns: more where many lines bend. */
#define GAP_LEAST 56.0
#define GAP_MOST  150.0
#define GAP_LINE  2.5
/* Between a box and a line that passes it. */
#define PASS 8.0
/* Lines in one gap between rows lie so far apart, and so many beside each other. */
#define LANE  2.6
#define LANES 5

/* Cut in the middle: names that begin alike mostly differ at their ends. */
struct str graph_name(struct arena *a, struct str name)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t tail = 0;
	if (str_width(name) <= GRAPH_NAME)
		return name;
	while (str_width(str_from(name, tail)) > GRAPH_NAME / 3) {
		size_t len = utf8_len(name.p + tail, name.n - tail);
		tail += len ? len : 1;
	}
	console_fit(&b, name, GRAPH_NAME - GRAPH_NAME / 3);
	buf_trim_blanks(&b);
	buf_addstr(&b, str_from(name, tail));
	return arena_str(a, buf_str(&b));
}

/* With a mark for its state, a note and a time. */
static double box_width(struct arena *a, const struct graph_job *j)
{
	size_t letters = str_width(graph_name(a, j->name)) +
			 (j->note.n ? str_width(j->note) + 3 : 0) + (j->seconds >= 0 ? 9 : 0);
	return (double)letters * GRAPH_LETTER + 26 + (j->state.n ? 18 : 0);
}

static double gap_behind(const struct graph *g, const size_t *stage_of, size_t s)
{
	size_t n = 0;
	for (const struct graph_edge *e = g->edges; e < g->edges + g->n_edges; e++)
		n += stage_of[e->from] <= s && stage_of[e->to] > s;
	return MIN(GAP_LEAST + GAP_LINE * (double)n, GAP_MOST);
}

static void place_stage(struct graph_layout *v, struct arena *a, size_t s, double x)
{
	const struct graph_stage *stage = &v->g->stages[s];
	double width = (double)str_width(graph_name(a, stage->name)) * GRAPH_LETTER + 10;
	for (size_t i = 0; i < stage->n; i++)
		width = MAX(width, box_width(a, &v->g->jobs[stage->jobs[i]]));
	for (size_t i = 0; i < stage->n; i++)
		v->jobs[stage->jobs[i]] =
			(struct graph_place){x, v->top + (double)i * GRAPH_ROW, width, s};
	v->bottom = MAX(v->bottom, v->top + (double)stage->n * GRAPH_ROW);
	v->stage_x[s] = x;
	v->stage_width[s] = width;
	v->lanes[s] = arena_array(a, unsigned, stage->n + 1);
}

void graph_lay_out(struct graph_layout *v, struct arena *a, const struct graph *g, double x,
	double y, double head)
{
	size_t *stage_of = arena_array(a, size_t, g->n_jobs + 1);
	*v = (struct graph_layout){.g = g, .x = x, .y = y, .top = y + head + 36};
	v->jobs = arena_array(a, struct graph_place, g->n_jobs + 1);
	v->stage_x = arena_array(a, double, g->n_stages + 1);
	v->stage_width = arena_array(a, double, g->n_stages + 1);
	v->lanes = arena_array(a, unsigned *, g->n_stages + 1);
	v->bottom = v->top;
	v->right = x;
	for (size_t s = 0; s < g->n_stages; s++)
		for (size_t i = 0; i < g->stages[s].n; i++)
			stage_of[g->stages[s].jobs[i]] = s;
	for (size_t s = 0; s < g->n_stages; s++) {
		place_stage(v, a, s, x);
		v->right = x + v->stage_width[s];
		x = v->right + gap_behind(g, stage_of, s);
	}
}

/* The height at which a line that comes along at y passes a column. */
static double lane(struct graph_layout *v, size_t s, double y)
{
	const struct graph_stage *stage = &v->g->stages[s];
	double half = (GRAPH_ROW - GRAPH_HEIGHT) / 2.0, row = (y - v->top + half) / GRAPH_ROW;
	size_t at = row < 0.5 ? 0 : (size_t)(row + 0.5);
	/* Below the last box there is room at any height. */
	if (at > stage->n)
		return y;
	/* The first in the middle, the others above and below by turns. */
	unsigned n = v->lanes[s][at]++ % LANES;
	double off = (double)((n + 1) / 2) * LANE;
	return v->top + (double)at * GRAPH_ROW - half + (n % 2 ? off : -off);
}

static void bend(struct buf *out, double x1, double y1, double x2, double y2)
{
	double middle = (x1 + x2) / 2;
	buf_printf(out, "C%.1f %.1f %.1f %.1f %.1f %.1f", middle, y1, middle, y2, x2, y2);
}

void graph_route(struct graph_layout *v, const struct graph_edge *e, struct buf *out)
{
	const struct graph_place *a = &v->jobs[e->from], *b = &v->jobs[e->to];
	double x = a->x + a->width, y = a->y + GRAPH_HEIGHT / 2.0, end = b->y + GRAPH_HEIGHT / 2.0;
	buf_printf(out, "M%.1f %.1f", x, y);
	if (a->stage == b->stage) {
		/* Within a stage it goes round on the right. */
		double round = x + 22 + MIN(22.0, (end > y ? end - y : y - end) / 12);
		buf_printf(out, "C%.1f %.1f %.1f %.1f %.1f %.1f", round, y, round, end, x, end);
		return;
	}
	for (size_t s = a->stage + 1; s < b->stage; s++) {
		double part = (v->stage_x[s] - x) / (b->x - x);
		double at = lane(v, s, y + (end - y) * MAX(part, 0.0));
		bend(out, x, y, v->stage_x[s] - PASS, at);
		x = v->stage_x[s] + v->stage_width[s] + PASS;
		y = at;
		buf_printf(out, "H%.1f", x);
	}
	bend(out, x, y, b->x, end);
}
