#include "base/base.h"

#include "emulator/cli/graph.h"
#include "emulator/cli/term.h"
#include "emulator/cli/tree.h"
#include "base/arena.h"
#include "base/buf.h"
#include "config/job_def.h"
#include "pipeline/pipeline.h"
#include "yaml/node.h"

static struct str note_of(const struct job *j)
{
	if (j->def->trigger)
		return STR("trigger");
	switch (j->when) {
	case WHEN_MANUAL:
		return STR("manual");
	case WHEN_DELAYED:
		return STR("delayed");
	case WHEN_ON_FAILURE:
		return STR("on failure");
	case WHEN_ALWAYS:
		return STR("always");
	case WHEN_ON_SUCCESS:
	case WHEN_NEVER:
	case WHEN_UNSET:
		break;
	}
	return STR_NULL;
}

static void make_edges(struct graph *g)
{
	size_t n = 0;
	for (size_t i = 0; i < g->p->n_jobs; i++)
		n += g->p->jobs[i]->n_needs;
	g->edges = arena_array(g->arena, struct graph_edge, n + 1);
	for (size_t i = 0; i < g->p->n_jobs; i++)
		for (size_t k = 0; k < g->p->jobs[i]->n_needs; k++) {
			const struct need *need = &g->p->jobs[i]->needs[k];
			if (need->job != UINT32_MAX)
				g->edges[g->n_edges++] = (struct graph_edge){
					need->job, i, need->optional, need->artifacts};
		}
}

void graph_make(struct graph *g, struct arena *a, const struct pipeline *p)
{
	*g = (struct graph){.arena = a, .p = p};
	g->jobs = arena_array(a, struct graph_job, p->n_jobs + 1);
	g->stages = arena_array(a, struct graph_stage, p->n_stages + 1);
	for (size_t s = 0; s < p->n_stages; s++) {
		struct graph_stage *stage = &g->stages[g->n_stages];
		*stage = (struct graph_stage){
			.name = p->stages[s], .jobs = arena_array(a, size_t, p->n_jobs + 1)};
		for (size_t i = 0; i < p->n_jobs; i++) {
			if (p->jobs[i]->stage_index != s)
				continue;
			stage->jobs[stage->n++] = i;
			stage->ordered |= !p->jobs[i]->dag;
			g->jobs[i] =
				(struct graph_job){p->jobs[i], note_of(p->jobs[i]), STR_NULL, -1};
		}
		g->n_stages += stage->n > 0;
	}
	make_edges(g);
}

/* "deploy (manual) failed 1.2s" */
static struct str label(const struct graph *g, size_t i)
{
	const struct graph_job *j = &g->jobs[i];
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	plain_text(&b, j->job->name);
	if (j->note.n)
		buf_printf(&b, " (" STR_FMT ")", STR_ARG(j->note));
	if (j->state.n)
		buf_printf(&b, " " STR_FMT, STR_ARG(j->state));
	if (j->seconds >= 0)
		buf_printf(&b, " %.1fs", j->seconds);
	return arena_str(g->arena, buf_str(&b));
}

/* ---- text ---- */

static void cell(const struct graph *g, struct buf *out, size_t i, size_t width, bool color)
{
	color = color && g->jobs[i].state.n;
	if (color)
		buf_printf(out, "\033[%sm", status_color(g->jobs[i].state));
	pad_text(out, label(g, i), width);
	if (color)
		buf_adds(out, "\033[0m");
}

static size_t stage_width(const struct graph *g, const struct graph_stage *s)
{
	size_t width = str_width(s->name);
	for (size_t i = 0; i < s->n; i++)
		width = MAX(width, str_width(label(g, s->jobs[i])));
	return width;
}

static void trim_line(struct buf *out)
{
	while (out->n && out->p[out->n - 1] == ' ')
		buf_truncate(out, out->n - 1);
	buf_addc(out, '\n');
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
	trim_line(out);
	for (size_t s = 0; s < g->n_stages; s++) {
		if (s)
			buf_adds(out, "      ");
		for (size_t i = 0; i < widths[s]; i++)
			buf_addc(out, '-');
	}
	trim_line(out);
	for (size_t row = 0; row < rows; row++) {
		for (size_t s = 0; s < g->n_stages; s++) {
			if (s)
				buf_adds(out, "      ");
			if (row < g->stages[s].n)
				cell(g, out, g->stages[s].jobs[row], widths[s], color);
			else
				pad_text(out, STR(""), widths[s]);
		}
		trim_line(out);
	}
}

static void text_rows(const struct graph *g, struct buf *out, bool color)
{
	for (size_t s = 0; s < g->n_stages; s++) {
		buf_printf(out, STR_FMT "\n", STR_ARG(g->stages[s].name));
		for (size_t i = 0; i < g->stages[s].n; i++) {
			buf_adds(out, "  ");
			cell(g, out, g->stages[s].jobs[i], 0, color);
			trim_line(out);
		}
	}
}

static void text_needs(const struct graph *g, struct buf *out)
{
	size_t width = 0;
	for (size_t i = 0; i < g->p->n_jobs; i++)
		if (g->p->jobs[i]->dag)
			width = MAX(width, str_width(g->p->jobs[i]->name));
	if (!width)
		return;
	buf_adds(out, "\nneeds\n");
	const struct graph_edge *e = g->edges, *end = e + g->n_edges;
	for (size_t i = 0; i < g->p->n_jobs; i++) {
		const struct job *j = g->p->jobs[i];
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
			plain_text(out, g->p->jobs[e->from]->name);
			between = ", ";
		}
		buf_addc(out, '\n');
	}
}

void graph_text(const struct graph *g, struct buf *out, size_t columns, bool color)
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

/* ---- Graphviz ---- */

static void quoted(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addc(out, '\\');
		buf_addc(out, (unsigned char)s.p[i] < ' ' ? ' ' : s.p[i]);
	}
}

void graph_dot(const struct graph *g, struct buf *out)
{
	buf_adds(out, "digraph pipeline {\n\trankdir=LR;\n\tcompound=true;\n"
		      "\tnode [shape=box, style=rounded];\n");
	for (size_t s = 0; s < g->n_stages; s++) {
		buf_printf(out, "\tsubgraph cluster_%zu {\n\t\tlabel=\"", s);
		quoted(out, g->stages[s].name);
		buf_adds(out, "\";\n");
		for (size_t i = 0; i < g->stages[s].n; i++) {
			size_t id = g->stages[s].jobs[i];
			buf_printf(out, "\t\tj%zu [label=\"", id);
			quoted(out, label(g, id));
			buf_adds(out, "\"];\n");
		}
		buf_adds(out, "\t}\n");
	}
	for (size_t s = 1; s < g->n_stages; s++)
		if (g->stages[s].ordered)
			buf_printf(out,
				"\tj%zu -> j%zu [ltail=cluster_%zu, lhead=cluster_%zu, "
				"style=dashed];\n",
				g->stages[s - 1].jobs[0], g->stages[s].jobs[0], s - 1, s);
	for (const struct graph_edge *e = g->edges; e < g->edges + g->n_edges; e++)
		buf_printf(out, "\tj%zu -> j%zu%s;\n", e->from, e->to,
			e->optional ? " [style=dotted]" : "");
	buf_adds(out, "}\n");
}

/* ---- Mermaid ---- */

static void entities(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (strchr("\"#;<>&", s.p[i]))
			buf_printf(out, "#%d;", s.p[i]);
		else
			buf_addc(out, (unsigned char)s.p[i] < ' ' ? ' ' : s.p[i]);
	}
}

void graph_mermaid(const struct graph *g, struct buf *out)
{
	buf_adds(out, "flowchart LR\n");
	for (size_t s = 0; s < g->n_stages; s++) {
		buf_printf(out, "  subgraph s%zu[\"", s);
		entities(out, g->stages[s].name);
		buf_adds(out, "\"]\n");
		for (size_t i = 0; i < g->stages[s].n; i++) {
			size_t id = g->stages[s].jobs[i];
			buf_printf(out, "    j%zu[\"", id);
			entities(out, label(g, id));
			buf_adds(out, "\"]\n");
		}
		buf_adds(out, "  end\n");
	}
	for (size_t s = 1; s < g->n_stages; s++)
		if (g->stages[s].ordered)
			buf_printf(out, "  s%zu --> s%zu\n", s - 1, s);
	for (const struct graph_edge *e = g->edges; e < g->edges + g->n_edges; e++)
		buf_printf(out, "  j%zu %s j%zu\n", e->from, e->optional ? "-.->" : "-->", e->to);
}

/* ---- JSON ---- */

struct node *graph_tree(const struct graph *g)
{
	struct arena *a = g->arena;
	struct node *m = tree_map(a), *stages = tree_seq(a), *edges = tree_seq(a);
	for (size_t s = 0; s < g->n_stages; s++) {
		struct node *stage = tree_map(a), *jobs = tree_seq(a);
		tree_str(a, stage, "name", g->stages[s].name);
		tree_bool(a, stage, "waits_for_earlier_stages", s && g->stages[s].ordered);
		for (size_t i = 0; i < g->stages[s].n; i++) {
			const struct graph_job *j = &g->jobs[g->stages[s].jobs[i]];
			struct node *job = tree_map(a);
			tree_str(a, job, "name", j->job->name);
			tree_opt(a, job, "note", j->note);
			tree_opt(a, job, "status", j->state);
			tree_seconds(a, job, "duration", j->seconds);
			node_seq_push(a, jobs, job);
		}
		tree_put(a, stage, "jobs", jobs);
		node_seq_push(a, stages, stage);
	}
	for (const struct graph_edge *e = g->edges; e < g->edges + g->n_edges; e++) {
		struct node *edge = tree_map(a);
		tree_str(a, edge, "from", g->p->jobs[e->from]->name);
		tree_str(a, edge, "to", g->p->jobs[e->to]->name);
		tree_bool(a, edge, "optional", e->optional);
		tree_bool(a, edge, "artifacts", e->artifacts);
		node_seq_push(a, edges, edge);
	}
	tree_put(a, m, "stages", stages);
	tree_put(a, m, "needs", edges);
	return m;
}
