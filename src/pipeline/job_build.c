/* One job of the pipeline: its variables, whether it is in, and what its rule says. */
#include "base/base.h"
#include "pipeline/pipeline_internal.h"
#include "config/duration.h"

static void set_start_in(struct job *job, struct text start_in)
{
	int64_t seconds;

	if (job->when == WHEN_DELAYED && start_in.s.n && duration_parse(start_in.s, &seconds))
		job->start_in_s = seconds;
}

/* What the job says by itself, before any rule. */
static void set_defaults(struct instance *in)
{
	struct job *job = &in->pub;
	const struct job_def *def = job->def;

	job->when = def->when == WHEN_UNSET ? WHEN_ON_SUCCESS : def->when;
	job->allow_failure =
		def->allow_failure.set ? def->allow_failure.value : def->when == WHEN_MANUAL;
	if (def->allow_failure.n_exit_codes) {
		job->allow_failure = false;
		job->allow_exit_codes = def->allow_failure.exit_codes;
		job->n_allow_exit_codes = def->allow_failure.n_exit_codes;
	}
	job->interruptible = def->interruptible > 0;
	in->needs = def->needs.set ? &def->needs : NULL;
	set_start_in(job, def->rare->start_in);
}

static void apply_rule(struct builder *b, struct instance *in, const struct rule_def *rule)
{
	struct job *job = &in->pub;

	if (rule->when != WHEN_UNSET)
		job->when = rule->when;
	set_start_in(job, rule->start_in);
	if (rule->allow_failure.set) {
		job->allow_failure = rule->allow_failure.value;
		job->allow_exit_codes = NULL;
		job->n_allow_exit_codes = 0;
	}
	if (rule->interruptible >= 0)
		job->interruptible = rule->interruptible > 0;
	/* An empty list overrides nothing (GitLab, lib/gitlab/ci/build/rules.rb: `needs.present?`).
	 */
	if (rule->needs.n) {
		in->needs = &rule->needs;
		in->rule_needs = true;
	}
	if (rule->vars.n) {
		varset_reserve(&job->vars, job->vars.n + rule->vars.n);
		put_yaml_vars(&job->vars, VAR_YAML_JOB, &rule->vars);
		build_environment(b, in); /* its name may use them */
	}
}

/* Rules, or only and except; false where the job stays out. */
static bool decide(struct builder *b, struct instance *in)
{
	struct job *job = &in->pub;
	struct rules_ctx ctx = {.b = b, .vars = &job->vars};
	struct str why = STR_NULL;

	if (!job->def->rules.set)
		return eval_policies(&ctx, job->def, &job->steps, &job->n_steps);
	switch (eval_rules(&ctx, &job->def->rules, &job->rule, &job->steps, &job->n_steps, &why)) {
	case RULES_MATCH:
		apply_rule(b, in, &job->def->rules.v[job->rule]);
		return job->when != WHEN_NEVER;
	case RULES_NONE:
		return false;
	case RULES_INVALID:
		job_error(b, job, "bad-rule",
			job->n_steps ? job->steps[job->n_steps - 1].at : job->def->rules.at,
			arena_printf(&b->scratch, "Failed to parse rule for " STR_FMT ": " STR_FMT,
				STR_ARG(job->name), STR_ARG(why))
				.p,
			"a rule of job '" STR_FMT "' can't be evaluated: " STR_FMT,
			STR_ARG(job->name), STR_ARG(why));
		return false;
	}
	BUG("rules: verdict");
}

static bool only_bridge_needs(const struct need_defs *needs)
{
	for (size_t i = 0; i < needs->n; i++)
		if (needs->v[i].job.s.n)
			return false;
	return needs->n > 0;
}

/* Counts what expanding made of a text that is kept. */
static void count_bytes(
	struct builder *b, const struct job *job, struct str text, struct str expanded)
{
	if (text.p == expanded.p)
		return;
	b->n_bytes += expanded.n;
	if (b->n_bytes > LIMIT_JOB_BYTES)
		stop_at_limit(b, job->def,
			"the expanded tags, environments and resource groups "
			"of all jobs are longer than %d bytes",
			LIMIT_JOB_BYTES);
}

static bool any_refs(const struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (text_has_refs(t->v[i].s))
			return true;
	return false;
}

static void expand_texts(struct builder *b, struct job *job)
{
	const struct texts *tags = &job->def->tags;
	struct varset store;

	job->tags = *tags;
	if (any_refs(tags))
		job->tags.v = arena_array(b->a, struct text, tags->n + 1);
	for (size_t i = 0; job->tags.v != tags->v && i < tags->n && !b->stopped; i++) {
		job->tags.v[i] = (struct text){
			expand(b->a, tags->v[i].s, &job->vars, EXPAND_SERVER_EXISTING),
			tags->v[i].at};
		count_bytes(b, job, tags->v[i].s, job->tags.v[i].s);
	}
	struct str group = job->def->resource_group.s;
	if (text_has_refs(group)) {
		struct varset with;

		varset_init_on(&with, &b->scratch, sorted_vars(b, &job->vars, &store));
		if (job->environment_slug.n)
			varset_set(&with, VAR_ENVIRONMENT, STR("CI_ENVIRONMENT_SLUG"),
				job->environment_slug);
		group = expand(b->a, group, &with, EXPAND_SERVER);
		count_bytes(b, job, STR_NULL, group);
	}
	job->resource_group = group;
}

static bool check_variables(struct builder *b, struct job *job)
{
	struct str error;

	if (job_vars_acyclic(b, &job->vars, &error) || !b->work)
		return true;
	job_error(b, job, "circular-variables",
		job->def->vars.n ? job->def->vars.v[0].at : job->def->name.at,
		arena_printf(&b->scratch, STR_FMT ": " STR_FMT, STR_ARG(job->name), STR_ARG(error))
			.p,
		"variables of job '" STR_FMT "' refer to each other in a circle: " STR_FMT,
		STR_ARG(job->name), STR_ARG(str_from(error, str_chr(error, '['))));
	return false;
}

static void check_limits(struct builder *b, const struct job *job)
{
	b->n_vars += job->vars.n;
	if (job->environment_name.n)
		count_bytes(b, job, job->def->environment->name.s, job->environment_name);
	if (b->n_vars > LIMIT_JOB_VARS)
		stop_at_limit(
			b, job->def, "the jobs have more than %d variables in all", LIMIT_JOB_VARS);
	if (!b->work)
		stop_at_limit(b, job->def,
			"the variables and rules of all jobs take more than %d steps", LIMIT_STEPS);
}

void build_job(struct builder *b, struct instance *in)
{
	struct job *job = &in->pub;

	init_vars(b, in);
	build_environment(b, in);
	set_defaults(in);
	job->in = decide(b, in);
	if (!job->in) {
		job->when = WHEN_NEVER;
	} else if (check_variables(b, job)) {
		settle_manual(in);
		job->dag = in->needs && !only_bridge_needs(in->needs);
		expand_texts(b, job);
	}
	check_limits(b, job);
	keep_steps(b, job->def->rules.set ? (const void *)job->def->rules.v : job->def->rare,
		&job->steps, job->n_steps);
	arena_release(&b->scratch);
}
