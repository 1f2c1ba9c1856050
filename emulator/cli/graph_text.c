/* The picture as text: a column for each stage where the terminal is wide enough, else a list. */
#include "base/base.h"

#include "emulator/cli/graph.h"
#include "emulator/cli/term.h"
#include "base/arena.h"
#include "base/buf.h"

static void cell(const struct graph *g, struct buf *out, size_t i, size_t width, bool color)
{
	color = color && g->jobs[i].state.n;
	if (color)
		buf_printf(out, "\033[%sm", status_color(g->jobs[i].state));
	pad_text(out, graph_label(g, &g->jobs[i]), width);
	if (color)
		buf_adds(out, "\033[0m");
}

static size_t stage_width(const struct graph *g, const struct graph_stage *s)
{
	size_t width = str_width(s->name);
	for (size_t i = 0; i < s->n; i++)
		width = MAX(width, str_width(graph_label(g, &g->jobs[s->jobs[i]])));
	return width;
}

#define GAP "  ->  "

static void text_columns(const struct graph *g, struct buf *out, const size_t *widths, bool color)
{
	size_t rows = 0;
	for (size_t s = 0; s < g->n_stages; s++) {
		rows = MAX(rows, g->stages[s].n);
		if (s)
			buf_adds(out, g->stages[s].ordered ? GAP : "      ");
		pad_text(out, g->stages[s].name, widths[s]);
	}
	end_line(out);
	for (size_t s = 0; s < g->n_stages; s++) {
		if (s)
			buf_adds(out, "      ");
		for (size_t i = 0; i < widths[s]; i++)
			buf_addc(out, '-');
	}
	end_line(out);
	for (size_t row = 0; row < rows; row++) {
		for (size_t s = 0; s < g->n_stages; s++) {
			if (s)
				buf_adds(out, "      ");
			if (row < g->stages[s].n)
				cell(g, out, g->stages[s].jobs[row], widths[s], color);
			else
				pad_text(out, STR(""), widths[s]);
		}
		end_line(out);
	}
}

static void text_rows(const struct graph *g, struct buf *out, bool color)
{
	for (size_t s = 0; s < g->n_stages; s++) {
		buf_printf(out, STR_FMT "\n", STR_ARG(g->stages[s].name));
		for (size_t i = 0; i < g->stages[s].n; i++) {
			buf_adds(out, "  ");
			cell(g, out, g->stages[s].jobs[i], 0, color);
			end_line(out);
		}
	}
}

static void text_needs(const struct graph *g, struct buf *out)
{
	size_t width = 0;
	for (size_t i = 0; i < g->n_jobs; i++)
		if (g->jobs[i].dag)
			width = MAX(width, str_width(g->jobs[i].name));
	if (!width)
		return;
	buf_adds(out, "\nneeds\n");
	const struct graph_edge *e = g->edges, *end = e + g->n_edges;
	for (size_t i = 0; i < g->n_jobs; i++) {
		const struct graph_job *j = &g->jobs[i];
		CLEANUP(buf_release) struct buf name = BUF_INIT;
		const char *between = "";
		if (!j->dag)
			continue;
		plain_text(&name, j->name);
		buf_adds(out, "  ");
		pad_text(out, buf_str(&name), width);
		buf_adds(out, "  <-  ");
		if (e == end || e->to != i)
			buf_adds(out, "nothing");
		for (; e < end && e->to == i; e++) {
			buf_adds(out, between);
			plain_text(out, g->jobs[e->from].name);
			between = ", ";
		}
		buf_addc(out, '\n');
	}
}

static void text_one(const struct graph *g, struct buf *out, size_t columns, bool color)
{
	size_t *widths = arena_array(g->arena, size_t, g->n_stages + 1), all = 0;
	for (size_t s = 0; s < g->n_stages; s++) {
		widths[s] = stage_width(g, &g->stages[s]);
		all += widths[s] + (s ? sizeof(GAP) - 1 : 0);
	}
	if (columns && all > columns)
		text_rows(g, out, color);
	else
		text_columns(g, out, widths, color);
	text_needs(g, out);
}

void graph_text(const struct graph *g, struct buf *out, size_t columns, bool color)
{
	text_one(g, out, columns, color);
	for (size_t i = 0; i < g->n_jobs; i++) {
		const struct graph_job *j = &g->jobs[i];
		if (!j->starts.n)
			continue;
		buf_addc(out, '\n');
		plain_text(out, j->starts);
		buf_adds(out, j->child ? ":\n\n" : ".\n");
		if (j->child)
			graph_text(j->child, out, columns, color);
	}
}
