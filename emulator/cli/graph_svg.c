/*
 * The picture as SVG: stages as columns, the pipelines of trigger jobs below, each in a frame of
 * its own. It follows the reader's light or dark scheme.
 */
#include "base/base.h"

#include "emulator/cli/graph.h"
#include "emulator/cli/graph_layout.h"
#include "emulator/cli/xml.h"
#include "base/arena.h"
#include "base/buf.h"

#define MARGIN 20
/* A frame around a child's pipeline, and its title. */
#define FRAME 16
#define TITLE 36
#define APART 18

struct svg {
	struct arena *arena;
	struct buf *out;
	struct graph_layout *v; /* one a pipeline */
	const struct graph **graphs;
	size_t n;
	double right, bottom;
};

static void lay_out(struct svg *s)
{
	double y = MARGIN;
	for (size_t i = 0; i < s->n; i++) {
		struct graph_layout *v = &s->v[i];
		double title = i ? (double)(str_width(s->graphs[i]->title) + 12) * GRAPH_LETTER : 0;
		graph_lay_out(
			v, s->arena, s->graphs[i], i ? MARGIN + FRAME : MARGIN, y, i ? TITLE : 0);
		v->right = MAX(v->right + (i ? FRAME : 0), v->x + title + FRAME);
		v->bottom += i ? 2 : 0;
		s->right = MAX(s->right, v->right);
		y = v->bottom + APART;
	}
	s->right += MARGIN;
	s->bottom = y - APART + MARGIN - (GRAPH_ROW - GRAPH_HEIGHT);
}

static void draw_style(struct svg *s)
{
	buf_printf(s->out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
		"width=\"%.0f\" height=\"%.0f\" role=\"img\" aria-label=\"pipeline\">\n",
		s->right, s->bottom, s->right, s->bottom);
	buf_adds(s->out,
		"<style>\n"
		"text{font:13px ui-sans-serif,system-ui,sans-serif;fill:#1f1e24}\n"
		".stage{font-weight:600}.note{fill:#737278}\n"
		".back{fill:#ffffff}.frame{fill:#f6f5fa;stroke:#dcdcde}\n"
		".job{fill:#fbfafd;stroke:#a4a3a8}\n"
		".success{stroke:#108548}.failed{stroke:#dd2b0e}.other{stroke:#ab6100}\n"
		".mark{fill:none;stroke-width:2}\n"
		".need{fill:none;stroke:#a4a3a8;stroke-width:1.4}\n"
		".need:hover{stroke:#1f75cb;stroke-width:2.4}\n"
		".optional{stroke-dasharray:2 3}.order{stroke-dasharray:5 4}\n"
		".tip{fill:#a4a3a8}\n"
		"@media (prefers-color-scheme:dark){\n"
		"text{fill:#ececef}.note{fill:#a4a3a8}.back{fill:#1f1e24}\n"
		".frame{fill:#26252b;stroke:#434248}\n"
		".job{fill:#2f2e35;stroke:#737278}.need{stroke:#737278}.tip{fill:#737278}\n"
		".need:hover{stroke:#63a6e9}\n"
		".success{stroke:#52b87a}.failed{stroke:#f57f6c}.other{stroke:#e9be74}\n"
		"}\n"
		"</style>\n"
		"<rect class=\"back\" width=\"100%\" height=\"100%\"/>\n"
		"<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
		"markerWidth=\"7\" "
		"markerHeight=\"7\" orient=\"auto\"><path class=\"tip\" d=\"M0 0 8 4 0 "
		"8z\"/></marker></defs>\n");
}

static void draw_frame(struct svg *s, size_t i)
{
	const struct graph_layout *v = &s->v[i];
	if (!i)
		return;
	buf_printf(s->out,
		"<rect id=\"p%zu\" class=\"frame\" x=\"%d\" y=\"%.1f\" width=\"%.1f\" "
		"height=\"%.1f\" "
		"rx=\"8\"/><text class=\"stage\" x=\"%.1f\" y=\"%.1f\">",
		i, MARGIN, v->y, s->right - 2 * MARGIN, v->bottom - v->y, v->x, v->y + 22);
	buf_adds(s->out, "<tspan class=\"note\">pipeline of</tspan><tspan dx=\"5\">");
	xml_text(s->out, s->graphs[i]->title, false);
	buf_adds(s->out, "</tspan></text>\n");
}

static void draw_stages(struct svg *s, const struct graph_layout *v)
{
	for (size_t k = 0; k < v->g->n_stages; k++) {
		double y = v->top - 22;
		buf_printf(
			s->out, "<text class=\"stage\" x=\"%.1f\" y=\"%.1f\">", v->stage_x[k], y);
		xml_text(s->out, graph_name(s->arena, v->g->stages[k].name), false);
		buf_adds(s->out, "</text>\n");
		if (k && v->g->stages[k].ordered)
			buf_printf(s->out,
				"<path class=\"need order\" marker-end=\"url(#tip)\" d=\"M%.1f "
				"%.1fH%.1f\"/>\n",
				v->stage_x[k - 1] + v->stage_width[k - 1] + 8, y - 4,
				v->stage_x[k] - 8);
	}
}

static void draw_need(struct svg *s, struct graph_layout *v, const struct graph_edge *e)
{
	buf_printf(s->out, "<path class=\"need%s\" marker-end=\"url(#tip)\" d=\"",
		e->optional ? " optional" : "");
	graph_route(v, e, s->out);
	buf_adds(s->out, "\"><title>");
	xml_text(s->out, v->g->jobs[e->to].name, false);
	buf_adds(s->out, " needs ");
	xml_text(s->out, v->g->jobs[e->from].name, false);
	buf_adds(s->out, "</title></path>\n");
}

static const char *class_of(struct str state)
{
	if (str_is(state, "success"))
		return " success";
	if (str_is(state, "failed"))
		return " failed";
	return state.n ? " other" : "";
}

/* A tick, a cross or a ring: states differ in more than their colour. */
static void draw_mark(struct svg *s, const struct graph_job *j, double x, double y)
{
	const char *shape = "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0";
	if (str_is(j->state, "success"))
		shape = "m-5 0 4 4 6-8";
	else if (str_is(j->state, "failed"))
		shape = "m-4-4 8 8m0-8-8 8";
	buf_printf(s->out, "<path class=\"mark%s\" d=\"M%.1f %.1f%s\"/>", class_of(j->state), x, y,
		shape);
}

/* The number of the pipeline that the job starts; 0: none is drawn. */
static size_t child_of(const struct svg *s, const struct graph_job *j)
{
	for (size_t i = 0; j->child && i < s->n; i++)
		if (s->graphs[i] == j->child)
			return i;
	return 0;
}

static void draw_text(struct svg *s, const struct graph_job *j, double x, double y)
{
	buf_printf(s->out, "<text x=\"%.1f\" y=\"%.1f\">", x, y);
	xml_text(s->out, graph_name(s->arena, j->name), false);
	if (j->note.n) {
		buf_adds(s->out, "<tspan class=\"note\" dx=\"6\">(");
		xml_text(s->out, j->note, false);
		buf_adds(s->out, ")</tspan>");
	}
	if (j->seconds >= 0)
		buf_printf(s->out, "<tspan class=\"note\" dx=\"6\">%.1f s</tspan>", j->seconds);
	buf_adds(s->out, "</text>");
}

static void draw_job(struct svg *s, const struct graph_layout *v, size_t i)
{
	const struct graph_job *j = &v->g->jobs[i];
	const struct graph_place *p = &v->jobs[i];
	size_t child = child_of(s, j);
	if (child)
		buf_printf(s->out, "<a href=\"#p%zu\">", child);
	buf_printf(s->out,
		"<g><rect class=\"job%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" "
		"rx=\"6\"/>",
		class_of(j->state), p->x, p->y, p->width, GRAPH_HEIGHT);
	if (j->state.n)
		draw_mark(s, j, p->x + 16, p->y + GRAPH_HEIGHT / 2.0);
	draw_text(s, j, p->x + (j->state.n ? 30 : 12), p->y + 20);
	if (j->state.n || str_width(j->name) > GRAPH_NAME) {
		buf_adds(s->out, "<title>");
		xml_text(s->out, j->name, false);
		buf_adds(s->out, j->state.n ? ": " : "");
		xml_text(s->out, j->state, false);
		buf_adds(s->out, "</title>");
	}
	buf_adds(s->out, child ? "</g></a>\n" : "</g>\n");
}

void graph_svg(const struct graph *g, struct buf *out)
{
	struct svg s = {.arena = g->arena, .out = out};
	s.graphs = graph_all(g, &s.n);
	s.v = arena_array(g->arena, struct graph_layout, s.n);
	lay_out(&s);
	draw_style(&s);
	for (size_t i = 0; i < s.n; i++) {
		const struct graph *one = s.graphs[i];
		draw_frame(&s, i);
		draw_stages(&s, &s.v[i]);
		for (const struct graph_edge *e = one->edges; e < one->edges + one->n_edges; e++)
			draw_need(&s, &s.v[i], e);
		for (size_t k = 0; k < one->n_jobs; k++)
			draw_job(&s, &s.v[i], k);
	}
	buf_adds(out, "</svg>\n");
}
