/*
 * needs and dependencies: names to copies, what may be needed, and the edges of the pipeline
 * (GitLab, lib/gitlab/ci/yaml_processor.rb `validate_job_needs!` and
 * lib/gitlab/ci/pipeline/seed/build.rb).
 */
#include "base/base.h"
#include "pipeline/pipeline_internal.h"
#include "pipeline/reason.h"
#include "yaml/node.h"

/* GitLab's plan limit for needs (ci_needs_size_limit). */
#define NEEDS_MAX 50

static bool is_local(const struct need_def *need)
{
	return need->job.s.n && !need->far->project.s.n && !need->far->pipeline.s.n;
}

struct subst {
	struct builder *b;
	const struct instance *in;
	bool unknown; /* an expression named no variable of the matrix: the need was reported */
};

/* $[[ matrix.NAME ]] with the value of the copy that needs (GitLab, normalizer/matrix
 * interpolation). */
static struct str subst_matrix(void *ctx, struct str text, struct span at)
{
	struct subst *s = ctx;
	struct buf out = BUF_INIT;
	size_t open;

	if (!s->in->n_vars)
		return text;
	while ((open = str_find(text, STR("$[["))) != STR_NPOS) {
		struct str rest = str_from(text, open + 3);
		size_t close = str_find(rest, STR("]]"));
		struct str name = close == STR_NPOS ? STR_NULL : str_trim(str_sub(rest, 0, close));
		const struct matrix_var *v = NULL;

		if (!str_starts(name, STR("matrix."))) {
			buf_addstr(&out, str_sub(text, 0, open + 3));
			text = rest;
			continue;
		}
		name = str_from(name, 7);
		for (size_t i = 0; i < s->in->n_vars; i++)
			if (str_eq(s->in->vars[i].key, name))
				v = &s->in->vars[i];
		if (!v)
			job_error(s->b, &s->in->pub, "unknown-matrix-variable", at,
				arena_printf(&s->b->scratch,
					STR_FMT " job: '" STR_FMT
						"' does not exist in matrix configuration",
					STR_ARG(s->in->pub.base_name), STR_ARG(name))
					.p,
				"the matrix of job '" STR_FMT "' has no variable '" STR_FMT "'",
				STR_ARG(s->in->pub.base_name), STR_ARG(name));
		s->unknown |= !v;
		buf_addstr(&out, str_sub(text, 0, open));
		if (v)
			buf_addstr(&out, v->value);
		text = str_from(rest, close + 2);
	}
	buf_addstr(&out, text);
	struct str result = arena_str(&s->b->scratch, buf_str(&out));
	buf_release(&out);
	return result;
}

static bool is_parallel(const struct group *g)
{
	return g && (g->def->parallel.count || g->def->parallel.matrix);
}

/* The copies of a parallel job for its bare name, else the name itself. */
static size_t names_of(struct builder *b, struct str name, struct str **out)
{
	const struct group *g = map_get(&b->groups, name);
	size_t n = is_parallel(g) ? g->n : 1;

	*out = arena_array(&b->scratch, struct str, n + 1);
	(*out)[0] = name;
	for (size_t i = 0; is_parallel(g) && i < n; i++)
		(*out)[i] = g->v[i]->name;
	return n;
}

/* One of the job's own needs: its matrix counts only where the needed job is parallel. */
static size_t own_names(
	struct builder *b, const struct need_def *need, struct subst *s, struct str **out)
{
	struct combination *combos;
	size_t n;

	s->unknown = false;
	if (!need->far->matrix || !is_parallel(map_get(&b->groups, need->job.s))) {
		struct str name = subst_matrix(s, need->job.s, need->job.at);

		return s->unknown ? 0 : names_of(b, name, out);
	}
	n = matrix_combinations(
		&b->scratch, need->far->matrix, need->job.s, subst_matrix, s, &combos);
	*out = arena_array(&b->scratch, struct str, n + 1);
	for (size_t k = 0; k < n; k++)
		(*out)[k] = combos[k].name;
	return s->unknown ? 0 : n;
}

/* Needs of rules are taken as written: GitLab's normalizer does not look into rules. */
size_t resolve_needs(struct builder *b, const struct job *job, const struct need_defs *needs,
	struct needed **out)
{
	struct subst s = {b, instance_of((struct job *)job), false};
	bool own = needs == &job->def->needs;
	VEC(struct needed) all = {NULL, 0, 0};

	for (size_t i = 0; i < needs->n; i++) {
		struct need_def *need = &needs->v[i];
		struct str *names = &need->job.s;
		size_t n = 1;

		if (!is_local(need)) {
			vec_push_in(&b->scratch, &all, ((struct needed){STR_NULL, need}));
			continue;
		}
		if (own)
			n = own_names(b, need, &s, &names);
		for (size_t k = 0; k < n; k++)
			vec_push_in(&b->scratch, &all, ((struct needed){names[k], need}));
	}
	*out = all.v;
	return all.n;
}

bool count_edges(struct builder *b, const struct job *job, size_t n)
{
	b->n_edges += n;
	if (b->n_edges > LIMIT_EDGES)
		stop_at_limit(b, job->def, "the jobs have more than %d needs in all", LIMIT_EDGES);
	return !b->stopped;
}

static void note_nearest_job(struct builder *b, struct diag *d, struct str name)
{
	struct str *names = arena_array(&b->scratch, struct str, b->c->jobs.n + 1);
	size_t n = 0;

	map_each (struct map_entry *, e, &b->c->jobs) {
		const struct job_def *def = e->value;

		if (!def->hidden && n < 2000)
			names[n++] = e->key;
	}
	const struct str *near = str_nearest(name, names, n);
	if (near)
		diag_note(b->d, d, SPAN_NONE, "did you mean '" STR_FMT "'?", STR_ARG(*near));
}

struct edge {
	const struct job *from;
	struct str to;
	struct span at;
	const char *kind; /* "need" or "dependency" */
	bool optional;
};

/* GitLab's validate_job_dependency!. */
static void check_edge(struct builder *b, const struct edge *e)
{
	const struct job *to = map_get(&b->p->by_name, e->to);
	struct str from = e->from->name;
	const struct group *g = map_get(&b->groups, e->to);

	if (!to) {
		if (e->optional || errors_full(b) || config_may_have(b->c, e->to))
			return;
		struct diag *d = job_error(b, e->from, "undefined-need", e->at,
			arena_printf(&b->scratch, STR_FMT " job: undefined %s: " STR_FMT,
				STR_ARG(from), e->kind, STR_ARG(e->to))
				.p,
			"job '" STR_FMT "' %s job '" STR_FMT "', which does not exist",
			STR_ARG(from), strcmp(e->kind, "need") ? "depends on" : "needs",
			STR_ARG(e->to));
		if (!g && d)
			note_nearest_job(b, d, e->to);
		return;
	}
	/* An include that is missing may say their stages. */
	if (to->stage_index > e->from->stage_index && !config_may_have(b->c, e->to) &&
		!config_may_have(b->c, from)) {
		struct diag *d = job_error(b, e->from, "later-stage", e->at,
			arena_printf(&b->scratch,
				STR_FMT " job: %s " STR_FMT
					" is not defined in current or prior stages",
				STR_ARG(from), e->kind, STR_ARG(e->to))
				.p,
			"job '" STR_FMT "' %s job '" STR_FMT
			"', which is in the later stage '" STR_FMT "'",
			STR_ARG(from), strcmp(e->kind, "need") ? "depends on" : "needs",
			STR_ARG(e->to), STR_ARG(to->stage));
		diag_note(b->d, d, to->def->name.at, "job '" STR_FMT "' is here", STR_ARG(e->to));
	}
	if (e->to.n > 255)
		job_error(b, e->from, "long-name", e->at,
			arena_printf(&b->scratch,
				STR_FMT " job: need `" STR_FMT
					"` name is too long (maximum is 255 characters)",
				STR_ARG(from), STR_ARG(e->to))
				.p,
			"the name of a needed job is longer than 255 characters");
}

static void check_needs(struct builder *b, const struct job *job, const struct need_defs *needs)
{
	struct needed *all;
	size_t n = resolve_needs(b, job, needs, &all);
	struct map seen, told;

	if (!count_edges(b, job, n))
		return;
	map_init(&seen, &b->scratch);
	map_init(&told, &b->scratch);
	for (size_t i = 0; i < n; i++) {
		if (!all[i].name.n)
			continue;
		check_edge(b, &(struct edge){job, all[i].name, all[i].def->at, "need",
				      all[i].def->optional});
		const struct need_def *first = map_put(&seen, all[i].name, (void *)all[i].def);
		if (!first || map_put(&told, all[i].name, (void *)job))
			continue;
		struct diag *d = job_error(b, job, "duplicate-need", all[i].def->at,
			arena_printf(&b->scratch,
				STR_FMT " has the following needs duplicated: " STR_FMT ".",
				STR_ARG(job->name), STR_ARG(all[i].name))
				.p,
			"job '" STR_FMT "' needs job '" STR_FMT "' twice", STR_ARG(job->name),
			STR_ARG(all[i].name));
		diag_note(b->d, d, first->at, "first here");
	}
}

static void check_dependencies(struct builder *b, const struct job *job)
{
	const struct texts *deps = &job->def->dependencies;

	for (size_t i = 0; i < deps->n; i++) {
		struct str *names;
		size_t n = names_of(b, deps->v[i].s, &names);

		if (!count_edges(b, job, n))
			return;
		for (size_t k = 0; k < n; k++)
			check_edge(b,
				&(struct edge){job, names[k], deps->v[i].at, "dependency", false});
	}
}

static bool uses_matrix(const struct need_defs *needs)
{
	for (size_t i = 0; i < needs->n; i++)
		if (needs->v[i].far->matrix || str_find(needs->v[i].job.s, STR("$[[")) != STR_NPOS)
			return true;
	return false;
}

void check_edges(struct builder *b)
{
	map_each (struct map_entry *, e, &b->groups) {
		const struct group *g = e->value;

		/* Copies differ in what they need only through the values of their matrix. */
		for (size_t i = 0; i < g->n && !b->stopped; i++) {
			if (i && !uses_matrix(&g->def->needs))
				break;
			if (!i)
				check_dependencies(b, g->v[i]);
			check_needs(b, g->v[i], &g->def->needs);
			for (size_t r = 0; !i && r < g->def->rules.n && !b->stopped; r++)
				check_needs(b, g->v[i], &g->def->rules.v[r].needs);
			arena_release(&b->scratch);
		}
	}
}

static void absent_need(struct builder *b, const struct job *job, const struct needed *need)
{
	const struct job *other = map_get(&b->p->by_name, need->name);
	struct diag *d = job_error(b, job, "absent-need", need->def->at,
		arena_printf(&b->scratch,
			"'" STR_FMT "' job needs '" STR_FMT "' job, but '" STR_FMT
			"' does not exist in the pipeline. This might be because of the only, "
			"except, or "
			"rules keywords. To need a job that sometimes does not exist in the "
			"pipeline, use "
			"needs:optional.",
			STR_ARG(job->name), STR_ARG(need->name), STR_ARG(need->name))
			.p,
		"job '" STR_FMT "' needs job '" STR_FMT "', which is not in this pipeline",
		STR_ARG(job->name), STR_ARG(need->name));

	if (other)
		diag_note(b->d, d,
			other->def->rules.set ? other->def->rules.at : other->def->name.at,
			"job '" STR_FMT "' is left out: " STR_FMT, STR_ARG(need->name),
			STR_ARG(job_reason(&b->scratch, other)));
	diag_note(b->d, d, SPAN_NONE, "'optional: true' makes it a need that may be absent");
}

/*
 * GitLab looks at the needs of the job itself, also where its rule has brought others (GitLab,
 * lib/gitlab/ci/pipeline/seed/build.rb `needs_errors`).
 */
static void check_presence(struct builder *b, const struct job *job)
{
	const struct need_defs *defs = &job->def->needs;
	struct needed *all;
	size_t n = resolve_needs(b, job, defs, &all), local = 0;

	for (size_t i = 0; i < n; i++)
		local += all[i].name.n > 0;
	if (local > NEEDS_MAX) {
		job_error(b, job, "too-many-needs", defs->at,
			arena_printf(&b->scratch,
				STR_FMT ": one job can only need %d others, but you have listed "
					"%zu. See needs "
					"keyword documentation for more details",
				STR_ARG(job->name), NEEDS_MAX, local)
				.p,
			"job '" STR_FMT "' needs %zu jobs, more than the limit of %d",
			STR_ARG(job->name), local, NEEDS_MAX);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct job *other = map_get(&b->p->by_name, all[i].name);

		if (all[i].name.n && (!other || !other->in) && !all[i].def->optional)
			absent_need(b, job, &all[i]);
	}
}

static void link_job(struct builder *b, struct instance *in)
{
	struct job *job = &in->pub;
	struct needed *all;
	size_t n = resolve_needs(b, job, in->needs, &all);

	if (!count_edges(b, job, n))
		return;
	job->needs = arena_array(b->a, struct need, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct job *other = map_get(&b->p->by_name, all[i].name);

		if (all[i].name.n && (!other || !other->in))
			continue;
		job->needs[job->n_needs++] = (struct need){
			.job = all[i].name.n ? other->id : UINT32_MAX,
			.artifacts = all[i].def->artifacts,
			.optional = all[i].def->optional,
			.def = all[i].def,
		};
	}
}

static void link_dependencies(struct builder *b, struct job *job)
{
	const struct texts *deps = &job->def->dependencies;
	VEC(struct str) all = {NULL, 0, 0};

	job->has_dependencies = deps->set;
	for (size_t i = 0; i < deps->n; i++) {
		struct str *names;
		size_t n = names_of(b, deps->v[i].s, &names);

		if (!count_edges(b, job, n))
			return;

		for (size_t k = 0; k < n; k++)
			vec_push_in(b->a, &all, names[k]);
	}
	job->dependencies = all.v;
	job->n_dependencies = all.n;
}

void link_needs(struct builder *b)
{
	b->n_edges = 0;
	for (size_t i = 0; i < b->p->n_jobs && !b->stopped; i++) {
		struct instance *in = instance_of(b->p->jobs[i]);

		link_dependencies(b, &in->pub);
		check_presence(b, &in->pub);
		if (in->needs)
			link_job(b, in);
		arena_release(&b->scratch);
	}
}
