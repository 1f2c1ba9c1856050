#include "base/base.h"

#include "emulator/cli/graph.h"
#include "emulator/cli/children.h"
#include "emulator/cli/term.h"
#include "emulator/gitlab/run.h"
#include "emulator/store/run_record.h"
#include "base/arena.h"
#include "base/buf.h"
#include "config/job_def.h"
#include "pipeline/pipeline.h"
#include "base/map.h"

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

static void make_edges(struct graph *g, const struct pipeline *p)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n_jobs; i++)
		n += p->jobs[i]->n_needs;
	g->edges = arena_array(g->arena, struct graph_edge, n + 1);
	for (size_t i = 0; i < p->n_jobs; i++)
		for (size_t k = 0; k < p->jobs[i]->n_needs; k++) {
			const struct need *need = &p->jobs[i]->needs[k];
			if (need->job != UINT32_MAX)
				g->edges[g->n_edges++] = (struct graph_edge){
					need->job, i, need->optional, need->artifacts};
		}
}

void graph_make(struct graph *g, struct arena *a, const struct pipeline *p)
{
	*g = (struct graph){.arena = a, .n_jobs = p->n_jobs};
	g->jobs = arena_array(a, struct graph_job, p->n_jobs + 1);
	g->stages = arena_array(a, struct graph_stage, p->n_stages + 1);
	size_t *in_stages = arena_array(a, size_t, p->n_jobs + 1), at = 0;
	for (size_t s = 0; s < p->n_stages; s++) {
		struct graph_stage *stage = &g->stages[g->n_stages];
		*stage = (struct graph_stage){
			.name = arena_str(a, p->stages[s]), .jobs = in_stages + at};
		/* Jobs are by stage. */
		for (; at < p->n_jobs && p->jobs[at]->stage_index == s; at++) {
			const struct job *j = p->jobs[at];
			in_stages[at] = at;
			stage->n++;
			stage->ordered |= !j->dag;
			g->jobs[at] = (struct graph_job){.name = arena_str(a, j->name),
				.note = note_of(j),
				.seconds = -1,
				.dag = j->dag};
		}
		g->n_stages += stage->n > 0;
	}
	make_edges(g, p);
}

struct str graph_label(const struct graph *g, const struct graph_job *j)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	plain_text(&b, j->name);
	if (j->note.n && !str_eq(j->note, j->state))
		buf_printf(&b, " (" STR_FMT ")", STR_ARG(j->note));
	if (j->state.n)
		buf_printf(&b, " " STR_FMT, STR_ARG(j->state));
	if (j->seconds >= 0)
		buf_printf(&b, " %.1fs", j->seconds);
	return arena_str(g->arena, buf_str(&b));
}

/* ---- the pipelines that trigger jobs start ---- */

/* Definitions that one picture follows; a loop of them ends at the depth. */
#define MAX_CHILDREN 200

struct family {
	struct arena *a;
	struct load *top;
	const struct run_record *run;
	struct map records; /* name -> struct job_record * */
	size_t n;
};

static void take_states(const struct family *f, struct graph *g, struct str prefix)
{
	for (size_t i = 0; f->run && i < g->n_jobs; i++) {
		struct str name = arena_printf(
			f->a, STR_FMT STR_FMT, STR_ARG(prefix), STR_ARG(g->jobs[i].name));
		const struct job_record *r = map_get(&f->records, name);
		if (!r)
			continue;
		g->jobs[i].state = r->status;
		g->jobs[i].seconds = r->duration;
	}
}

static struct graph_stage *stage_named(struct graph *g, struct str name)
{
	for (size_t s = 0; s < g->n_stages; s++)
		if (str_eq(g->stages[s].name, name))
			return &g->stages[s];
	g->stages[g->n_stages] = (struct graph_stage){.name = name,
		.jobs = arena_array(g->arena, size_t, g->n_jobs + 1),
		.ordered = true};
	return &g->stages[g->n_stages++];
}

/* Is it a job of the pipeline itself, or one of a pipeline that a job of it started? */
static bool is_direct(const struct family *f, struct str prefix, struct str rest)
{
	for (size_t at = str_find(rest, STR(BRIDGE_ARROW)), from = 0; at != STR_NPOS;
		at = str_find(str_from(rest, from), STR(BRIDGE_ARROW))) {
		from += at;
		if (map_has(&f->records, arena_printf(f->a, STR_FMT STR_FMT, STR_ARG(prefix),
						 STR_ARG(str_sub(rest, 0, from)))))
			return false;
		from += sizeof(BRIDGE_ARROW) - 1;
	}
	return true;
}

/* What a run had below this name, in the order of its record; NULL: nothing. Needs are not kept. */
static struct graph *from_record(const struct family *f, struct str prefix)
{
	struct graph *g = arena_new(f->a, struct graph);
	g->arena = f->a;
	for (int pass = 0; f->run && pass < 2; pass++) {
		size_t n = 0;
		for (size_t i = 0; i < f->run->n_jobs; i++) {
			const struct job_record *r = &f->run->jobs[i];
			if (!str_starts(r->name, prefix) ||
				!is_direct(f, prefix, str_from(r->name, prefix.n)))
				continue;
			if (pass) {
				struct graph_stage *s = stage_named(g, r->stage);
				s->jobs[s->n++] = n;
				g->jobs[n] = (struct graph_job){.name = str_from(r->name, prefix.n),
					.state = r->status,
					.seconds = r->duration};
			}
			n++;
		}
		if (!pass) {
			g->n_jobs = n;
			g->jobs = arena_array(f->a, struct graph_job, n + 1);
			g->stages = arena_array(f->a, struct graph_stage, n + 1);
		}
	}
	return g->n_jobs ? g : NULL;
}

static void follow(struct family *f, struct graph *g, struct load *l, struct str prefix, int depth);

static void follow_job(struct family *f, struct graph *g, struct load *l, const struct job *job,
	struct str prefix, int depth)
{
	struct graph_job *j = &g->jobs[job->id];
	struct child *ch = xcalloc(1, sizeof(*ch));
	struct str path = arena_printf(f->a, STR_FMT STR_FMT, STR_ARG(prefix), STR_ARG(j->name));
	struct str below = arena_printf(f->a, STR_FMT BRIDGE_ARROW, STR_ARG(path));
	child_load(l, job, ch);
	j->kind = child_kind(ch);
	j->made = child_state_name(ch);
	if (ch->state == CHILD_BUILT) {
		load_mask_pipeline(f->top, ch->load.pipeline);
		j->child = arena_new(f->a, struct graph);
		graph_make(j->child, f->a, ch->load.pipeline);
		take_states(f, j->child, below);
		if (depth < CHILD_DEPTH)
			follow(f, j->child, &ch->load, below, depth + 1);
	} else {
		j->child = from_record(f, below);
	}
	if (j->child)
		j->child->title = path;
	j->starts = arena_str(f->a, child_sentence(f->a, ch, path, j->child != NULL));
	l->sources = ch->load.sources;
	child_release(ch);
	free(ch);
}

static void follow(struct family *f, struct graph *g, struct load *l, struct str prefix, int depth)
{
	const struct pipeline *p = l->pipeline;
	for (size_t i = 0; i < p->n_jobs && f->n < MAX_CHILDREN; i++)
		if (p->jobs[i]->def->trigger) {
			f->n++;
			follow_job(f, g, l, p->jobs[i], prefix, depth);
		}
}

void graph_family(struct graph *g, struct load *l, const struct run_record *run)
{
	struct family f = {.a = g->arena, .top = l, .run = run};
	map_init(&f.records, g->arena);
	for (size_t i = 0; run && i < run->n_jobs; i++)
		map_put(&f.records, run->jobs[i].name, &run->jobs[i]);
	take_states(&f, g, STR(""));
	follow(&f, g, l, STR(""), 1);
}

static size_t gather(const struct graph *g, const struct graph **out)
{
	size_t n = 1;
	if (out)
		out[0] = g;
	for (size_t i = 0; i < g->n_jobs; i++)
		if (g->jobs[i].child)
			n += gather(g->jobs[i].child, out ? out + n : NULL);
	return n;
}

const struct graph **graph_all(const struct graph *g, size_t *n)
{
	const struct graph **all = arena_array(g->arena, const struct graph *, gather(g, NULL));
	*n = gather(g, all);
	return all;
}
