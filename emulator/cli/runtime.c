#include "base/base.h"

#include "emulator/cli/runtime.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/load.h"
#include "emulator/runner/job_env.h"
#include "emulator/runner/runner_choose.h"
#include "emulator/store/store.h"
#include "pipeline/job_vars.h"
#include "pipeline/pipeline.h"
#include "vars/predefined.h"
#include "vars/slug.h"
#include "yaml/node.h"

/* The part that only exists in a running job; its ids are examples. */
static void running_job(
	struct arena *a, const struct load *l, const struct job *job, struct varset *extra)
{
	const struct runner_configs *all = &l->settings.runners;
	struct predefined_run run = {.job_id = job->id + 1,
		.server_tls_ca = l->registry_ca,
		.job_token = l->facts.job_token.n ? l->facts.job_token : STR("cilocal"),
		.started_at = l->facts.created_at,
		.timeout_s = job->def->timeout_s ? job->def->timeout_s : 3600};
	runner_tell(all, runners_first(all, &job->tags), &job->tags, a, &run);
	if (job->environment_name.n) {
		run.environment_slug = job->environment_slug.n
					       ? job->environment_slug
					       : environment_slug(a, job->environment_name);
		run.environment_id = 1;
	}
	varset_init(extra, a);
	predefined_run(extra, &l->facts, &run);
}

static void put_unknown(struct varset *extra, enum var_layer layer, struct str key, struct span at,
	const char *from)
{
	varset_put(extra, &(struct var){.key = key,
				  .value = STR("[MASKED]"),
				  .at = at,
				  .from = from,
				  .layer = layer,
				  .masked = true,
				  .raw = true,
				  .internal = true});
}

/* Their values are made, or looked for, when the job starts. */
static void add_tokens_and_secrets(const struct job *job, struct varset *extra)
{
	const struct job_rare *rare = job->def->rare;
	for (size_t i = 0; i < rare->n_id_tokens; i++)
		put_unknown(extra, VAR_PERSISTED, rare->id_tokens[i].name.s,
			rare->id_tokens[i].name.at, "id_tokens");
	if (!rare->secrets)
		return;
	node_each_pair(pair, rare->secrets)
	{
		put_unknown(extra, VAR_RUNNER_JOB, pair->key->text, pair->key->at, "secrets");
	}
}

const struct runner_config *runtime_runner(const struct load *l, const struct job *job)
{
	const struct runner_configs *all = &l->settings.runners;
	const struct runner_config *first = runners_first(all, &job->tags);
	return first ? first : &all->v[0];
}

int job_runtime(struct cli *c, struct arena *a, const struct load *l, const struct job *job,
	struct job_env *env)
{
	const struct runner_config *runner = runtime_runner(l, job);
	struct varset extra, *payload = arena_new(a, struct varset);
	struct str why;
	running_job(a, l, job, &extra);
	add_tokens_and_secrets(job, &extra);
	if (!job_payload_vars(a, l->pipeline, job, &extra, payload, &why)) {
		cli_error(c, "job '" STR_FMT "': " STR_FMT, STR_ARG(job->name), STR_ARG(why));
		return EXIT_INVALID;
	}
	struct build_spec *spec = arena_new(a, struct build_spec);
	spec->name = job->name;
	spec->slug = store_slug(a, job->name);
	spec->executor = runner_executor(runner, job->def);
	spec->project_path = l->facts.project_path;
	spec->sha = l->facts.sha;
	spec->ref = l->facts.ref_name;
	spec->vars = payload;
	spec->image = job->def->image;
	spec->timeout_s = job->def->timeout_s;
	struct str builds = spec->executor == EXECUTOR_SHELL
				    ? arena_printf(a, "%s/.cilocal/runs/RUN/" STR_FMT "/builds",
					      l->root, STR_ARG(spec->slug))
				    : rc_builds_dir(runner);
	job_env_make(env, a, spec, runner, builds, 0, "running");
	return EXIT_OK;
}
