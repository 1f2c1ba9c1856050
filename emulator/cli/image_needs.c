#include "base/base.h"

#include "emulator/cli/image_needs.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/load.h"
#include "emulator/cli/runtime.h"
#include "emulator/docker/image.h"
#include "emulator/gitlab/run.h"
#include "emulator/runner/job_env.h"
#include "emulator/runner/runner_choose.h"
#include "pipeline/pipeline.h"

struct finding {
	struct cli *c;
	struct load *l;
	const struct run_options *o;
	struct image_needs *out;
};

static void add(
	struct finding *x, const struct job *job, struct str name, struct span at, bool service)
{
	struct arena *a = &x->c->arena;
	struct str host = x->l->facts.registry_host;
	name = str_trim(name);
	if (!name.n)
		return;
	struct image_need *n = map_get(&x->out->by_name, name);
	if (!n) {
		n = arena_new(a, struct image_need);
		n->name = arena_str(a, name);
		n->at = at;
		n->taken = image_rule_apply(
			x->o->stand_ins, x->o->n_stand_ins + x->o->n_proxies, n->name, a);
		n->size = -1;
		n->first = arena_str(a, job->name);
		n->local = x->l->registry && host.n && str_starts(n->taken, host) &&
			   n->taken.n > host.n && n->taken.p[host.n] == '/';
		map_put(&x->out->by_name, n->name, n);
		vec_push_in(a, &x->out->all, n);
	}
	n->jobs++;
	n->service |= service;
}

static int add_job(struct finding *x, const struct job *job)
{
	struct arena *a = &x->c->arena;
	const struct runner_config *r = runtime_runner(x->l, job);
	const struct image *image = job->def->image;
	struct job_env env;
	if (job->def->trigger || runner_executor(r, job->def) != EXECUTOR_DOCKER)
		return EXIT_OK;
	int code = job_runtime(x->c, a, x->l, job, &env);
	if (code)
		return code;
	add(x, job, job_env_expand(&env, a, image ? image->name.s : r->docker.image.v),
		image ? image->at : SPAN_NONE, false);
	for (size_t i = 0; i < job->def->n_services; i++)
		add(x, job, job_env_expand(&env, a, job->def->services[i].image.name.s),
			job->def->services[i].image.at, true);
	for (size_t i = 0; i < r->docker.n_services; i++)
		add(x, job, job_env_expand(&env, a, r->docker.services[i].name.v), SPAN_NONE, true);
	return EXIT_OK;
}

int image_needs_find(struct cli *c, struct load *l, const struct run_options *o,
	struct job *const *jobs, size_t n, struct image_needs *out)
{
	struct finding x = {c, l, o, out};
	if (!out->by_name.arena)
		map_init(&out->by_name, &c->arena);
	for (size_t i = 0; i < n; i++) {
		int code = add_job(&x, jobs[i]);
		if (code)
			return code;
	}
	return EXIT_OK;
}

struct str image_with_tag(struct arena *a, struct str name)
{
	struct image_ref ref;
	if (!image_ref_parse(name, &ref) || ref.is_id || ref.tag.n || ref.digest.n)
		return name;
	return arena_printf(a, STR_FMT ":latest", STR_ARG(name));
}
