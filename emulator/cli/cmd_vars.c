#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/jobs.h"
#include "emulator/cli/load.h"
#include "emulator/cli/runtime.h"
#include "emulator/cli/term.h"
#include "emulator/cli/tree.h"
#include "emulator/runner/job_env.h"
#include "pipeline/pipeline.h"
#include "yaml/node.h"

#include <unistd.h>

/* Where a value comes from, in words. */
static struct str origin_of(const struct var *v)
{
	static const char *const layers[VAR_LAYERS] = {
		[VAR_RUNNER_CONFIG] = "runner configuration",
		[VAR_PERSISTED] = "predefined, of the running job",
		[VAR_JOB_PREDEFINED] = "predefined, of the job",
		[VAR_PROJECT_PREDEFINED] = "predefined, of the project",
		[VAR_PIPELINE_PREDEFINED] = "predefined, of the pipeline",
		[VAR_RUNNER] = "predefined, of the runner",
		[VAR_DEPLOYMENT] = "deployment",
		[VAR_YAML_ROOT] = "variables of the definition",
		[VAR_YAML_JOB] = "variables of the job",
		[VAR_USER] = "predefined, of the user",
		[VAR_DOTENV] = "dotenv report",
		[VAR_INSTANCE] = "settings of the instance",
		[VAR_GROUP] = "settings of the group",
		[VAR_PROJECT] = "settings of the project",
		[VAR_PIPELINE] = "pipeline variable",
		[VAR_SCHEDULE] = "schedule",
		[VAR_MANUAL] = "manual job",
		[VAR_RELEASE] = "release",
		[VAR_ENVIRONMENT] = "environment",
		[VAR_RUNNER_JOB] = "runner",
	};
	if (!v)
		return STR("runner");
	if (v->from && strcmp(v->from, "predefined"))
		return str_c(v->from);
	return str_c(layers[v->layer]);
}

/* The variables of one job, each written when it is made: there may be very many. */
static bool put_json(
	struct cli *c, struct load *l, const struct job *job, const struct job_env *env, bool first)
{
	struct arena a = ARENA_INIT;
	struct node *m = tree_map(&a);
	bool ok = true;
	tree_str(&a, m, "job", job->name);
	tree_put(&a, m, "variables", tree_seq(&a));
	if (!first)
		buf_addc(&c->out, ',');
	tree_open(c, m, 2);
	for (size_t i = 0; ok && i < env->n; i++) {
		const struct job_var *v = &env->v[i];
		const struct var *def = varset_get(&env->vars, v->key);
		struct node *one = tree_map(&a);
		tree_str(&a, one, "name", v->key);
		tree_str(&a, one, "value", v->masked ? STR("[MASKED]") : load_masked(l, v->value));
		tree_bool(&a, one, "masked", v->masked);
		tree_bool(&a, one, "file", v->file);
		tree_str(&a, one, "origin", origin_of(def));
		tree_place(&a, one, "source", &l->sources, def ? def->at : SPAN_NONE);
		ok = tree_item(c, one, 2, !i);
		arena_release(&a);
	}
	tree_close(c, 2, !env->n);
	arena_release(&a);
	return ok;
}

static bool put_text(struct cli *c, struct load *l, const struct job_env *env)
{
	struct arena a = ARENA_INIT;
	size_t width = 0;
	bool ok = true;
	for (size_t k = 0; k < env->n; k++)
		width = MAX(width, str_width(env->v[k].key));
	for (size_t i = 0; ok && i < env->n; i++) {
		const struct job_var *v = &env->v[i];
		const struct var *def = varset_get(&env->vars, v->key);
		struct str at = place_text(&a, &l->sources, def ? def->at : SPAN_NONE);
		pad_text(&c->out, v->key, MIN(width, (size_t)40));
		buf_adds(&c->out, "  ");
		if (v->masked)
			buf_adds(&c->out, "[MASKED]");
		else
			plain_text(&c->out, load_masked(l, v->value));
		buf_adds(&c->out, c->color_out ? "  \033[2m# " : "  # ");
		buf_addstr(&c->out, origin_of(def));
		if (at.n && !str_starts(at, origin_of(def)))
			buf_printf(&c->out, ", " STR_FMT, STR_ARG(at));
		else if (at.n)
			buf_addstr(&c->out, str_from(at, origin_of(def).n));
		if (v->file)
			buf_adds(&c->out, ", a file");
		buf_adds(&c->out, c->color_out ? "\033[0m\n" : "\n");
		ok = cli_flush_much(c);
		arena_release(&a);
	}
	return ok;
}

/* What is shown would not be so: the job does not start. */
static int check_place(
	struct cli *c, const struct load *l, const struct job *job, const struct job_env *env)
{
	struct str at = place_text(&c->arena, &l->sources, env->refused_at);
	if (!env->refused.n)
		return EXIT_OK;
	cli_error(c, "job '" STR_FMT "': " STR_FMT "%s" STR_FMT "%s", STR_ARG(job->name),
		STR_ARG(env->refused), at.n ? " (" : "", STR_ARG(at), at.n ? ")" : "");
	return EXIT_INVALID;
}

static int put_jobs(struct cli *c, struct load *l, struct job *const *jobs, size_t n, bool json)
{
	int code = EXIT_OK;
	for (size_t i = 0; !code && i < n; i++) {
		struct arena a = ARENA_INIT;
		struct job_env env;
		code = job_runtime(c, &a, l, jobs[i], &env);
		if (!code)
			code = check_place(c, l, jobs[i], &env);
		if (!code && !json && n > 1)
			buf_printf(
				&c->out, "%s" STR_FMT ":\n", i ? "\n" : "", STR_ARG(jobs[i]->name));
		if (!code && !(json ? put_json(c, l, jobs[i], &env, !i) : put_text(c, l, &env)))
			code = EXIT_SURROUNDINGS;
		arena_release(&a);
	}
	return code;
}

static int run(struct cli *c)
{
	struct load l;
	struct job **jobs;
	size_t n;
	int code = load_pipeline(c, &l);
	if (!code)
		code = jobs_find(c, l.pipeline, c->opt.args[0], true, &jobs, &n);
	bool json = opt_flag(&c->opt, OPT_JSON);
	if (!code && json) {
		struct node *m = tree_map(&c->arena);
		tree_put(&c->arena, m, "jobs", tree_seq(&c->arena));
		tree_open(c, m, 0);
	}
	if (!code)
		code = put_jobs(c, &l, jobs, n, json);
	if (!code && json) {
		tree_close(c, 0, !n);
		buf_addc(&c->out, '\n');
	} else if (json) {
		buf_clear(&c->out);
	}
	load_release(&l);
	return code;
}

const struct cmd cmd_vars = {
	.id = CMD_vars,
	.args = "JOB",
	.summary = "show the variables that a job would see, with the origin of each value",
	.details = "Values are as the script gets them. Masked ones are shown as [MASKED]; ids, "
		   "tokens and times "
		   "are different in each run.",
	.output = "With --json: {\"jobs\":[{\"job\", \"variables\":[{\"name\", \"value\", "
		  "\"masked\":bool, "
		  "\"file\":bool, \"origin\", \"source\":null|\"FILE:LINE\"}]}]}.",
	.kind = ARG_JOBS,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
