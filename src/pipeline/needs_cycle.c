/*
 * Circles in the needs of jobs, found as Ruby's TSort finds them, because its order is in GitLab's
 * message (GitLab, lib/gitlab/ci/yaml_processor/dag.rb). Needs of rules take no part.
 */
#include "base/base.h"
#include "pipeline/pipeline_internal.h"

#define NOT_SEEN UINT32_MAX

struct vertex {
	struct job *job;
	uint32_t *to;
	const struct need_def **why;
	uint32_t n_to, index, low;
	bool on_stack;
};

struct graph {
	struct builder *b;
	struct arena arena;
	struct vertex *v;
	uint32_t n, counter, n_stack;
	uint32_t *stack;
	bool found;
};

struct frame_at {
	uint32_t vertex, next;
};

static void self_need(struct graph *g, const struct vertex *v, const struct need_def *need)
{
	g->found = true;
	job_error(g->b, v->job, "circular-needs", need->at,
		arena_printf(&g->b->scratch,
			"The pipeline has circular dependencies: self-dependency: " STR_FMT,
			STR_ARG(v->job->name))
			.p,
		"job '" STR_FMT "' needs itself", STR_ARG(v->job->name));
}

static bool on_circle(const struct graph *g, uint32_t from, uint32_t vertex)
{
	for (uint32_t i = from; i < g->n_stack; i++)
		if (g->stack[i] == vertex)
			return true;
	return false;
}

static void circle(struct graph *g, uint32_t from)
{
	struct buf list = BUF_INIT;
	const struct vertex *first = &g->v[g->stack[from]];
	struct diag *d;

	g->found = true;
	for (uint32_t i = from; i < g->n_stack; i++)
		buf_printf(&list, "%s\"" STR_FMT "\"", i > from ? ", " : "",
			STR_ARG(g->v[g->stack[i]].job->name));
	d = job_error(g->b, first->job, "circular-needs", first->job->def->needs.at,
		arena_printf(&g->b->scratch,
			"The pipeline has circular dependencies: topological sort failed: [%s]",
			list.p)
			.p,
		"job '" STR_FMT "' needs itself through other jobs", STR_ARG(first->job->name));
	for (uint32_t i = from; i < g->n_stack && i < from + 20; i++) {
		const struct vertex *v = &g->v[g->stack[i]];

		for (uint32_t k = 0; k < v->n_to; k++)
			if (on_circle(g, from, v->to[k]))
				diag_note(g->b->d, d, v->why[k]->at,
					"'" STR_FMT "' needs '" STR_FMT "'", STR_ARG(v->job->name),
					STR_ARG(g->v[v->to[k]].job->name));
	}
	buf_release(&list);
}

static void pop_component(struct graph *g, uint32_t root)
{
	uint32_t from = g->n_stack;

	while (g->stack[--from] != root)
		;
	if (g->n_stack - from > 1)
		circle(g, from);
	while (g->n_stack > from)
		g->v[g->stack[--g->n_stack]].on_stack = false;
}

static void enter(struct graph *g, struct frame_at *frames, uint32_t *depth, uint32_t i)
{
	g->v[i].index = g->v[i].low = g->counter++;
	g->v[i].on_stack = true;
	g->stack[g->n_stack++] = i;
	frames[(*depth)++] = (struct frame_at){i, 0};
}

static void walk(struct graph *g, struct frame_at *frames, uint32_t root)
{
	uint32_t depth = 0;

	enter(g, frames, &depth, root);
	while (depth) {
		struct frame_at *f = &frames[depth - 1];
		struct vertex *v = &g->v[f->vertex];

		if (f->next < v->n_to) {
			struct vertex *to = &g->v[v->to[f->next++]];

			if (to->index == NOT_SEEN)
				enter(g, frames, &depth, (uint32_t)(to - g->v));
			else if (to->on_stack)
				v->low = MIN(v->low, to->index);
			continue;
		}
		if (v->low == v->index)
			pop_component(g, f->vertex);
		if (--depth) {
			struct vertex *up = &g->v[frames[depth - 1].vertex];

			up->low = MIN(up->low, v->low);
		}
	}
}

static void add_edges(struct graph *g, struct vertex *v)
{
	struct needed *all;
	size_t n;

	if (!v->job->def->needs.n)
		return;
	n = resolve_needs(g->b, v->job, &v->job->def->needs, &all);
	if (!count_edges(g->b, v->job, n))
		return;
	v->to = arena_array(&g->arena, uint32_t, n + 1);
	v->why = arena_array(&g->arena, const struct need_def *, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct job *to = map_get(&g->b->p->by_name, all[i].name);

		if (!to)
			continue;
		if (to == v->job) {
			self_need(g, v, all[i].def);
			continue;
		}
		v->why[v->n_to] = all[i].def;
		v->to[v->n_to++] = to->id;
	}
}

void check_cycles(struct builder *b)
{
	struct pipeline *p = b->p;
	struct graph g = {.b = b, .arena = ARENA_INIT, .n = (uint32_t)p->n_all};

	g.v = arena_array(&g.arena, struct vertex, p->n_all + 1);
	g.stack = arena_array(&g.arena, uint32_t, p->n_all + 1);
	struct frame_at *frames = arena_array(&g.arena, struct frame_at, p->n_all + 1);
	for (uint32_t i = 0; i < g.n; i++) {
		p->all[i]->id = i;
		g.v[i] = (struct vertex){.job = p->all[i], .index = NOT_SEEN};
	}
	b->n_edges = 0;
	for (uint32_t i = 0; i < g.n && !b->stopped; i++) {
		add_edges(&g, &g.v[i]);
		arena_release(&b->scratch);
	}
	for (uint32_t i = 0; i < g.n && !b->stopped; i++)
		if (g.v[i].index == NOT_SEEN)
			walk(&g, frames, i);
	arena_release(&b->scratch);
	arena_release(&g.arena);
}
