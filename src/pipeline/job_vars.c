#include "base/base.h"
#include "pipeline/job_vars.h"
#include "pipeline/pipeline.h"

/* Layers that the Runner adds around GitLab's list. */
static bool is_runners(const struct var *v)
{
	return v->layer == VAR_RUNNER_CONFIG || v->layer == VAR_RUNNER_JOB;
}

struct split {
	struct varset *server, *runner;
};

static bool put_split(void *ctx, const struct var *v)
{
	struct split *s = ctx;

	varset_put(is_runners(v) ? s->runner : s->server, v);
	return true;
}

static void put_winners(struct varset *out, const struct varset *from)
{
	struct arena scratch = ARENA_INIT;
	const struct var **w;
	size_t n = varset_winners(from, &scratch, &w);

	varset_reserve(out, out->n + n);
	for (size_t i = 0; i < n; i++)
		varset_put(out, w[i]);
	arena_release(&scratch);
}

bool job_payload_vars(struct arena *a, const struct pipeline *p, const struct job *job,
	const struct varset *extra, struct varset *out, struct str *error)
{
	struct varset server, runner, sorted;

	UNUSED(p);
	varset_init_on(&server, a, &job->vars);
	varset_init(&runner, a);
	/* extra may lie on the job's own variables: then those are simply put again. */
	if (extra)
		varset_each(extra, put_split, &(struct split){&server, &runner});
	varset_init(out, a);
	if (!varset_sort_and_expand(a, &server, true, &sorted, error))
		return false;
	put_winners(out, &sorted);
	for (size_t i = 0; i < runner.n; i++) {
		const struct var *v = varset_get(out, runner.v[i].key);

		/* One definition a name: the Runner's last ones win, its first ones lose. */
		if (v && runner.v[i].layer == VAR_RUNNER_CONFIG)
			continue;
		if (v)
			varset_unset(out, runner.v[i].key);
		varset_put(out, &runner.v[i]);
	}
	return true;
}

void runner_expand_vars(struct arena *a, const struct varset *payload, struct varset *out)
{
	const struct var **w;
	size_t n = varset_winners(payload, a, &w);

	varset_init(out, a);
	for (size_t i = 0; i < n; i++) {
		struct var v = *w[i];

		if (!v.raw)
			v.value = expand(a, v.value, payload, EXPAND_RUNNER);
		varset_put(out, &v);
	}
}

bool job_runtime_vars(struct arena *a, const struct pipeline *p, const struct job *job,
	const struct varset *extra, struct varset *out, struct str *error)
{
	struct varset payload;

	if (!job_payload_vars(a, p, job, extra, &payload, error)) {
		varset_init(out, a);
		return false;
	}
	runner_expand_vars(a, &payload, out);
	return true;
}
