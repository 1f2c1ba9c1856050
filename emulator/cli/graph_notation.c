/* The picture in the notations of other programs: Graphviz, Mermaid, JSON. */
#include "base/base.h"

#include "emulator/cli/graph.h"
#include "emulator/cli/tree.h"
#include "base/arena.h"
#include "base/buf.h"
#include "yaml/node.h"

/* Names of what is drawn go on counting through all pipelines. */
struct numbers {
	size_t job, stage, pipeline;
};

/* Colours that can be told apart on white and on black; NULL: as everything else. */
static const char *state_color(struct str state)
{
	if (!state.n)
		return NULL;
	return str_is(state, "success")  ? "#108548"
	       : str_is(state, "failed") ? "#dd2b0e"
					 : "#ab6100";
}

static const char *state_class(struct str state)
{
	return str_is(state, "success") || str_is(state, "failed") ? state.p : "other";
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

static void dot_stages(const struct graph *g, struct buf *out, const struct numbers *at)
{
	for (size_t s = 0; s < g->n_stages; s++) {
		buf_printf(out, "\tsubgraph cluster_%zu {\n\t\tlabel=\"", at->stage + s);
		quoted(out, g->stages[s].name);
		buf_adds(out, "\";\n");
		for (size_t i = 0; i < g->stages[s].n; i++) {
			size_t id = g->stages[s].jobs[i];
			buf_printf(out, "\t\tj%zu [label=\"", at->job + id);
			quoted(out, graph_label(g, &g->jobs[id]));
			const char *color = state_color(g->jobs[id].state);
			if (color)
				buf_printf(out, "\", color=\"%s", color);
			buf_adds(out, "\"];\n");
		}
		buf_adds(out, "\t}\n");
	}
	for (size_t s = 1; s < g->n_stages; s++)
		if (g->stages[s].ordered)
			buf_printf(out,
				"\tj%zu -> j%zu [ltail=cluster_%zu, lhead=cluster_%zu, "
				"style=dashed];\n",
				at->job + g->stages[s - 1].jobs[0], at->job + g->stages[s].jobs[0],
				at->stage + s - 1, at->stage + s);
	for (const struct graph_edge *e = g->edges; e < g->edges + g->n_edges; e++)
		buf_printf(out, "\tj%zu -> j%zu%s;\n", at->job + e->from, at->job + e->to,
			e->optional ? " [style=dotted]" : "");
}

static void dot_pipeline(const struct graph *g, struct buf *out, struct numbers *next)
{
	struct numbers at = *next;
	next->job += g->n_jobs;
	next->stage += g->n_stages;
	if (g->title.n) {
		buf_printf(out, "\tsubgraph cluster_p%zu {\n\tstyle=rounded;\n\tlabel=\"",
			at.pipeline);
		quoted(out, g->title);
		buf_adds(out, "\";\n");
	}
	dot_stages(g, out, &at);
	if (g->title.n)
		buf_adds(out, "\t}\n");
	for (size_t i = 0; i < g->n_jobs; i++) {
		const struct graph *child = g->jobs[i].child;
		if (!child || !child->n_stages)
			continue;
		next->pipeline++;
		buf_printf(out, "\tj%zu -> j%zu [lhead=cluster_p%zu, style=bold];\n", at.job + i,
			next->job + child->stages[0].jobs[0], next->pipeline);
		dot_pipeline(child, out, next);
	}
}

void graph_dot(const struct graph *g, struct buf *out)
{
	struct numbers next = {0, 0, 0};
	buf_adds(out, "digraph pipeline {\n\trankdir=LR;\n\tcompound=true;\n"
		      "\tnode [shape=box, style=rounded];\n");
	dot_pipeline(g, out, &next);
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

static void mermaid_stages(
	const struct graph *g, struct buf *out, const struct numbers *at, const char *indent)
{
	for (size_t s = 0; s < g->n_stages; s++) {
		buf_printf(out, "%ssubgraph s%zu[\"", indent, at->stage + s);
		entities(out, g->stages[s].name);
		buf_adds(out, "\"]\n");
		for (size_t i = 0; i < g->stages[s].n; i++) {
			size_t id = g->stages[s].jobs[i];
			buf_printf(out, "%s  j%zu[\"", indent, at->job + id);
			entities(out, graph_label(g, &g->jobs[id]));
			buf_adds(out, "\"]");
			if (g->jobs[id].state.n)
				buf_printf(out, ":::%s", state_class(g->jobs[id].state));
			buf_addc(out, '\n');
		}
		buf_printf(out, "%send\n", indent);
	}
}

static void mermaid_edges(const struct graph *g, struct buf *out, const struct numbers *at)
{
	for (size_t s = 1; s < g->n_stages; s++)
		if (g->stages[s].ordered)
			buf_printf(out, "  s%zu --> s%zu\n", at->stage + s - 1, at->stage + s);
	for (const struct graph_edge *e = g->edges; e < g->edges + g->n_edges; e++)
		buf_printf(out, "  j%zu %s j%zu\n", at->job + e->from, e->optional ? "-.->" : "-->",
			at->job + e->to);
}

static void mermaid_pipeline(const struct graph *g, struct buf *out, struct numbers *next)
{
	struct numbers at = *next;
	next->job += g->n_jobs;
	next->stage += g->n_stages;
	if (g->title.n) {
		buf_printf(out, "  subgraph p%zu[\"", at.pipeline);
		entities(out, g->title);
		buf_adds(out, "\"]\n");
	}
	mermaid_stages(g, out, &at, g->title.n ? "    " : "  ");
	buf_adds(out, g->title.n ? "  end\n" : "");
	mermaid_edges(g, out, &at);
	for (size_t i = 0; i < g->n_jobs; i++) {
		if (!g->jobs[i].child || !g->jobs[i].child->n_stages)
			continue;
		next->pipeline++;
		buf_printf(out, "  j%zu ==> p%zu\n", at.job + i, next->pipeline);
		mermaid_pipeline(g->jobs[i].child, out, next);
	}
}

void graph_mermaid(const struct graph *g, struct buf *out)
{
	struct numbers next = {0, 0, 0};
	buf_adds(out, "flowchart LR\n");
	if (g->n_jobs && g->jobs[0].state.n)
		buf_printf(out,
			"  classDef success stroke:%s\n  classDef failed stroke:%s\n"
			"  classDef other stroke:%s\n",
			state_color(STR("success")), state_color(STR("failed")),
			state_color(STR("other")));
	mermaid_pipeline(g, out, &next);
}

/* ---- JSON ---- */

static struct node *job_tree(const struct graph *g, const struct graph_job *j)
{
	struct arena *a = g->arena;
	struct node *job = tree_map(a), *down = tree_map(a);
	tree_str(a, job, "name", j->name);
	tree_opt(a, job, "note", j->note);
	tree_opt(a, job, "status", j->state);
	tree_seconds(a, job, "duration", j->seconds);
	if (!j->kind) {
		tree_null(a, job, "downstream");
		return job;
	}
	tree_str(a, down, "kind", str_c(j->kind));
	tree_str(a, down, "state", str_c(j->made));
	if (j->child)
		tree_put(a, down, "pipeline", graph_tree(j->child));
	else
		tree_null(a, down, "pipeline");
	tree_put(a, job, "downstream", down);
	return job;
}

struct node *graph_tree(const struct graph *g)
{
	struct arena *a = g->arena;
	struct node *m = tree_map(a), *stages = tree_seq(a), *edges = tree_seq(a);
	for (size_t s = 0; s < g->n_stages; s++) {
		struct node *stage = tree_map(a), *jobs = tree_seq(a);
		tree_str(a, stage, "name", g->stages[s].name);
		tree_bool(a, stage, "waits_for_earlier_stages", s && g->stages[s].ordered);
		for (size_t i = 0; i < g->stages[s].n; i++)
			node_seq_push(a, jobs, job_tree(g, &g->jobs[g->stages[s].jobs[i]]));
		tree_put(a, stage, "jobs", jobs);
		node_seq_push(a, stages, stage);
	}
	for (const struct graph_edge *e = g->edges; e < g->edges + g->n_edges; e++) {
		struct node *edge = tree_map(a);
		tree_str(a, edge, "from", g->jobs[e->from].name);
		tree_str(a, edge, "to", g->jobs[e->to].name);
		tree_bool(a, edge, "optional", e->optional);
		tree_bool(a, edge, "artifacts", e->artifacts);
		node_seq_push(a, edges, edge);
	}
	tree_put(a, m, "stages", stages);
	tree_put(a, m, "needs", edges);
	return m;
}
