#include "base/base.h"
#include "pipeline/receivers.h"

static bool is_listed(const struct job *job, struct str name)
{
	if (!job->has_dependencies)
		return true;
	for (size_t i = 0; i < job->n_dependencies; i++)
		if (str_eq(job->dependencies[i], name))
			return true;
	return false;
}

static int by_id(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return a < b ? -1 : a > b;
}

size_t pipeline_artifact_sources(
	struct arena *a, const struct pipeline *p, const struct job *job, uint32_t **out)
{
	VEC(uint32_t) ids = {NULL, 0, 0};

	if (job->dag) {
		for (size_t i = 0; i < job->n_needs; i++) {
			const struct need *n = &job->needs[i];

			if (n->job != UINT32_MAX && n->artifacts &&
				is_listed(job, p->jobs[n->job]->name))
				vec_push_in(a, &ids, n->job);
		}
		if (ids.n)
			qsort(ids.v, ids.n, sizeof(*ids.v), by_id);
	} else {
		for (size_t i = 0; i < p->n_jobs; i++)
			if (p->jobs[i]->stage_index < job->stage_index &&
				is_listed(job, p->jobs[i]->name))
				vec_push_in(a, &ids, (uint32_t)i);
	}
	*out = ids.v;
	return ids.n;
}

size_t pipeline_cross_sources(struct arena *a, const struct pipeline *p, const struct job *job,
	const struct varset *extra, struct cross_source **out)
{
	VEC(struct cross_source) all = {NULL, 0, 0};
	struct varset vars;

	UNUSED(p);
	varset_init_on(&vars, a, &job->vars);
	if (extra)
		varset_add_all(&vars, extra);
	for (size_t i = 0; i < job->n_needs; i++) {
		const struct need_def *def = job->needs[i].def;

		if (job->needs[i].job != UINT32_MAX || !def->artifacts || !def->far->pipeline.s.n ||
			!def->job.s.n)
			continue;
		vec_push_in(a, &all,
			((struct cross_source){
				expand(a, def->far->pipeline.s, &vars, EXPAND_SERVER),
				expand(a, def->job.s, &vars, EXPAND_SERVER), def}));
	}
	*out = all.v;
	return all.n;
}
