/* One job of the pipeline: its variables, whether it is in, and what its rule says. */
#include "base/base.h"
#include "pipeline/pipeline_internal.h"
#include "config/duration.h"

void put_yaml_vars(struct varset *s, enum var_layer layer, const struct var_defs *defs)
{
	for (size_t i = 0; i < defs->n; i++) {
		const struct var_def *def = &defs->v[i];
		struct var v = {
			.key = def->key.s,
			.value = def->value.s.p ? def->value.s : STR(""),
			.at = def->key.at,
			.from = layer == VAR_YAML_ROOT ? STR("variables") : STR("job"),
			.layer = layer,
			.raw = def->raw,
		};
		varset_put(s, &v);
	}
}

const struct varset *sorted_vars(struct builder *b, const struct varset *vars, struct varset *store)
{
	varset_sort_and_expand(&b->scratch, vars, false, store, NULL);
	return store;
}

static bool listed(const struct texts *list, struct str name)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i].s, name))
			return true;
	return false;
}

/* From so many on, copies of a job and jobs that extend the same one have them in one set. */
#define MANY_VARS 8

static const struct varset *shared_vars(struct builder *b, const struct var_defs *defs)
{
	if (b->shared_defs == defs->v)
		return b->shared;
	b->shared = arena_new(b->a, struct varset);
	b->shared_defs = defs->v;
	varset_init_on(b->shared, b->a, &b->p->vars);
	varset_reserve(b->shared, defs->n);
	put_yaml_vars(b->shared, VAR_YAML_JOB, defs);
	return b->shared;
}

/*
 * The set that the job's own variables lie on: with inherit:variables only what was asked for of
 * the root's (workflow's variables are among them).
 */
static void init_vars(struct builder *b, struct instance *in)
{
	const struct inherit_def *inherit = &in->pub.def->rare->inherit;
	struct varset *s = &in->pub.vars;
	const struct varset *root = &b->p->vars;

	size_t own = in->pub.def->vars.n + in->n_vars + (in->pub.def->environment ? 12 : 8);

	if (inherit->all_variables && in->pub.def->vars.n >= MANY_VARS) {
		varset_init_on(s, b->a, shared_vars(b, &in->pub.def->vars));
	} else if (inherit->all_variables) {
		varset_init_on(s, b->a, root);
		varset_reserve(s, own);
		put_yaml_vars(s, VAR_YAML_JOB, &in->pub.def->vars);
	} else {
		varset_init_on(s, b->a, b->base);
		for (size_t i = 0; i < root->n; i++)
			if (listed(&inherit->only_variables, root->v[i].key))
				varset_put(s, &root->v[i]);
		put_yaml_vars(s, VAR_YAML_JOB, &in->pub.def->vars);
	}
	for (size_t i = 0; i < in->n_vars; i++) {
		struct var v = {
			.key = in->vars[i].key,
			.value = in->vars[i].value,
			.at = in->vars[i].at,
			.from = STR("matrix"),
			.layer = VAR_YAML_JOB,
		};
		varset_put(s, &v);
	}
}

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

static void expand_texts(struct builder *b, struct job *job)
{
	const struct texts *tags = &job->def->tags;
	struct varset store;

	job->tags = *tags;
	job->tags.v = arena_array(b->a, struct text, tags->n + 1);
	for (size_t i = 0; i < tags->n; i++)
		job->tags.v[i] = (struct text){
			expand(b->a, tags->v[i].s, &job->vars, EXPAND_SERVER_EXISTING),
			tags->v[i].at};
	struct str group = job->def->resource_group.s;
	if (text_has_refs(group)) {
		struct varset with;

		varset_init_on(&with, &b->scratch, sorted_vars(b, &job->vars, &store));
		if (job->environment_slug.n)
			varset_set(&with, VAR_ENVIRONMENT, STR("CI_ENVIRONMENT_SLUG"),
				job->environment_slug);
		group = expand(b->a, group, &with, EXPAND_SERVER);
	}
	job->resource_group = group;
}

static bool check_variables(struct builder *b, struct job *job)
{
	struct str error;

	if (varset_check_cycles(&b->scratch, &job->vars, &error))
		return true;
	job_error(b, job, "circular-variables",
		job->def->vars.n ? job->def->vars.v[0].key.at : job->def->name.at,
		arena_printf(&b->scratch, STR_FMT ": " STR_FMT, STR_ARG(job->name), STR_ARG(error))
			.p,
		"variables of job '" STR_FMT "' refer to each other in a circle: " STR_FMT,
		STR_ARG(job->name), STR_ARG(str_from(error, str_chr(error, '['))));
	return false;
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
	arena_release(&b->scratch);
}
