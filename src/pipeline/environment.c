/*
 * environment: its name decides which settings a job sees, and gives it CI_ENVIRONMENT_* (GitLab,
 * lib/gitlab/ci/variables/builder.rb).
 */
#include "base/base.h"
#include "pipeline/pipeline_internal.h"
#include "vars/predefined.h"
#include "vars/slug.h"

static bool is_manual(enum job_when when)
{
	return when == WHEN_MANUAL || when == WHEN_DELAYED;
}

/*
 * Rules see CI_JOB_MANUAL by the job's own `when`, the running job by what its rule made of it
 * (GitLab, Ci::Build#action?).
 */
void settle_manual(struct instance *in)
{
	if (is_manual(in->pub.when) == is_manual(in->pub.def->when))
		return;
	if (is_manual(in->pub.when))
		varset_set(&in->pub.vars, VAR_JOB_PREDEFINED, STR("CI_JOB_MANUAL"), STR("true"));
	else
		varset_unset(&in->pub.vars, STR("CI_JOB_MANUAL"));
}

/* The job's predefined variables, with those of the environment once its name is known. */
static void put_predefined(struct builder *b, struct instance *in)
{
	const struct environment_def *env = in->pub.def->environment;
	struct str name = in->pub.environment_name;
	struct predefined_job pj = {
		.name = in->pub.name,
		.stage = in->pub.stage,
		.manual = is_manual(in->pub.def->when),
		.triggered = str_is(b->f->source, "trigger"),
		.node_index = in->pub.node_index,
		.node_total = in->pub.node_total,
	};

	if (env && name.n) {
		pj.has_environment = true;
		pj.environment_name = name;
		pj.environment_action = env->action.s;
		pj.environment_url = env->url.s;
		pj.environment_tier = env->deployment_tier.s;
		if (!pj.environment_tier.n)
			pj.environment_tier = str_c(environment_tier(name));
	}
	predefined_job(&in->pub.vars, &pj);
}

void build_environment(struct builder *b, struct instance *in)
{
	const struct environment_def *env = in->pub.def->environment;
	struct varset store;

	put_predefined(b, in);
	if (!env)
		return;
	struct str name = env->name.s;
	if (text_has_refs(name))
		name = expand(b->a, name, sorted_vars(b, &in->pub.vars, &store), EXPAND_SERVER);
	in->pub.environment_name = name;
	if (!name.n)
		return;
	in->pub.environment_slug = environment_slug(b->a, name);
	put_predefined(b, in);
	if (b->f->settings_vars)
		varset_add_scoped(&in->pub.vars, b->f->settings_vars, name);
}
