/* The picture as SVG, drawn by stages; it follows the reader's light or dark scheme. */
#include "base/base.h"

#include "emulator/cli/graph.h"
#include "emulator/cli/xml.h"
#include "base/arena.h"
#include "base/buf.h"
#include "pipeline/pipeline.h"

/* In units of SVG; letters are about 7 wide. */
#define LETTER 7.2
#define ROW    44
#define HEIGHT 30
#define GAP    70
#define MARGIN 20
#define TOP    56

struct place {
	double x, y, width;
	size_t stage;
};

struct svg {
	const struct graph *g;
	struct buf *out;
	struct place *places; /* of jobs */
	double *x, *widths;   /* of stages */
	double right, bottom;
};

static double job_width(const struct graph_job *j)
{
	size_t letters = str_width(j->job->name) + (j->note.n ? str_width(j->note) + 3 : 0) +
			 (j->seconds >= 0 ? 9 : 0);
	return (double)letters * LETTER + 30;
}

static void lay_out(struct svg *v)
{
	const struct graph *g = v->g;
	double x = MARGIN;
	for (size_t s = 0; s < g->n_stages; s++) {
		const struct graph_stage *stage = &g->stages[s];
		double width = (double)str_width(stage->name) * LETTER + 10;
		for (size_t i = 0; i < stage->n; i++) {
			double w = job_width(&g->jobs[stage->jobs[i]]);
			width = w > width ? w : width;
		}
		for (size_t i = 0; i < stage->n; i++)
			v->places[stage->jobs[i]] =
				(struct place){x, TOP + (double)i * ROW, width, s};
		if (TOP + (double)stage->n * ROW > v->bottom)
			v->bottom = TOP + (double)stage->n * ROW;
		v->x[s] = x;
		v->widths[s] = width;
		x += width + GAP;
	}
	v->right = x - GAP + MARGIN;
	v->bottom += MARGIN;
}

static void draw_style(struct svg *v)
{
	buf_printf(v->out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
		"width=\"%.0f\" "
		"height=\"%.0f\" role=\"img\" aria-label=\"pipeline\">\n",
		v->right, v->bottom, v->right, v->bottom);
	buf_adds(v->out,
		"<style>\n"
		"text{font:13px ui-sans-serif,system-ui,sans-serif;fill:#1f1e24}\n"
		".stage{font-weight:600}.note{fill:#737278}\n"
		".back{fill:#ffffff}.job{fill:#fbfafd;stroke:#a4a3a8}\n"
		".success{stroke:#108548}.failed{stroke:#dd2b0e}.other{stroke:#ab6100}\n"
		".need{fill:none;stroke:#a4a3a8;stroke-width:1.4}\n"
		".optional{stroke-dasharray:2 3}.order{stroke-dasharray:5 4}\n"
		".tip{fill:#a4a3a8}\n"
		"@media (prefers-color-scheme:dark){\n"
		"text{fill:#ececef}.note{fill:#a4a3a8}.back{fill:#1f1e24}\n"
		".job{fill:#28272d;stroke:#737278}.need{stroke:#737278}.tip{fill:#737278}\n"
		".success{stroke:#52b87a}.failed{stroke:#f57f6c}.other{stroke:#e9be74}\n"
		"}\n"
		"</style>\n"
		"<rect class=\"back\" width=\"100%\" height=\"100%\"/>\n"
		"<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
		"markerWidth=\"7\" "
		"markerHeight=\"7\" orient=\"auto\"><path class=\"tip\" d=\"M0 0 8 4 0 "
		"8z\"/></marker></defs>\n");
}

static void draw_stages(struct svg *v)
{
	for (size_t s = 0; s < v->g->n_stages; s++) {
		buf_printf(v->out, "<text class=\"stage\" x=\"%.1f\" y=\"34\">", v->x[s]);
		xml_text(v->out, v->g->stages[s].name, false);
		buf_adds(v->out, "</text>\n");
		if (s && v->g->stages[s].ordered)
			buf_printf(v->out,
				"<path class=\"need order\" marker-end=\"url(#tip)\" d=\"M%.1f "
				"30H%.1f\"/>\n",
				v->x[s - 1] + v->widths[s - 1] + 8, v->x[s] - 8);
	}
}

static void draw_need(struct svg *v, const struct graph_edge *e)
{
	const struct place *a = &v->places[e->from], *b = &v->places[e->to];
	double x1 = a->x + a->width, y1 = a->y + HEIGHT / 2.0, x2 = b->x, y2 = b->y + HEIGHT / 2.0;
	buf_printf(v->out, "<path class=\"need%s\" marker-end=\"url(#tip)\" d=\"M%.1f %.1f",
		e->optional ? " optional" : "", x1, y1);
	/* Within a stage it goes round on the right. */
	if (a->stage == b->stage)
		buf_printf(v->out, "C%.1f %.1f %.1f %.1f %.1f %.1f\"/>\n", x1 + 40, y1, x1 + 40, y2,
			b->x + b->width, y2);
	else
		buf_printf(v->out, "C%.1f %.1f %.1f %.1f %.1f %.1f\"/>\n", x1 + GAP * 0.6, y1,
			x2 - GAP * 0.6, y2, x2, y2);
}

static const char *class_of(struct str state)
{
	if (str_is(state, "success"))
		return " success";
	if (str_is(state, "failed"))
		return " failed";
	return state.n ? " other" : "";
}

static void draw_job(struct svg *v, size_t i)
{
	const struct graph_job *j = &v->g->jobs[i];
	const struct place *p = &v->places[i];
	buf_printf(v->out,
		"<rect class=\"job%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" "
		"rx=\"6\"/>",
		class_of(j->state), p->x, p->y, p->width, HEIGHT);
	buf_printf(v->out, "<text x=\"%.1f\" y=\"%.1f\">", p->x + 12, p->y + 20);
	xml_text(v->out, j->job->name, false);
	if (j->note.n) {
		buf_adds(v->out, "<tspan class=\"note\" dx=\"6\">(");
		xml_text(v->out, j->note, false);
		buf_adds(v->out, ")</tspan>");
	}
	if (j->seconds >= 0)
		buf_printf(v->out, "<tspan class=\"note\" dx=\"6\">%.1f s</tspan>", j->seconds);
	buf_adds(v->out, "</text>");
	if (j->state.n) {
		buf_adds(v->out, "<title>");
		xml_text(v->out, j->job->name, false);
		buf_adds(v->out, ": ");
		xml_text(v->out, j->state, false);
		buf_adds(v->out, "</title>");
	}
	buf_addc(v->out, '\n');
}

void graph_svg(const struct graph *g, struct buf *out)
{
	struct svg v = {.g = g, .out = out};
	v.places = arena_array(g->arena, struct place, g->p->n_jobs + 1);
	v.x = arena_array(g->arena, double, g->n_stages + 1);
	v.widths = arena_array(g->arena, double, g->n_stages + 1);
	lay_out(&v);
	draw_style(&v);
	draw_stages(&v);
	for (const struct graph_edge *e = g->edges; e < g->edges + g->n_edges; e++)
		draw_need(&v, e);
	for (size_t i = 0; i < g->p->n_jobs; i++)
		draw_job(&v, i);
	buf_adds(out, "</svg>\n");
}
