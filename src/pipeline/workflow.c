/*
 * workflow: whether there is a pipeline at all, its name and its variables (GitLab,
 * lib/gitlab/ci/pipeline/chain/evaluate_workflow_rules.rb, populate_metadata.rb).
 */
#include "base/base.h"
#include "pipeline/pipeline_internal.h"

#define NOT_RUN \
	"The pipeline did not run. Review the workflow:rules configuration for the pipeline."

/* What rules of workflow see: no job, and no number of the pipeline yet. */
static void workflow_vars(struct builder *b, struct varset *s)
{
	varset_init_on(s, b->a, &b->p->vars);
	varset_set(s, VAR_PIPELINE_PREDEFINED, STR("CI_PIPELINE_IID"), STR(""));
	varset_set(s, VAR_JOB_PREDEFINED, STR("CI_NODE_TOTAL"), STR("1"));
	if (str_is(b->f->source, "trigger"))
		varset_set(s, VAR_JOB_PREDEFINED, STR("CI_PIPELINE_TRIGGERED"), STR("true"));
}

static void take_auto_cancel(struct str *to, struct text from)
{
	if (from.s.n)
		*to = from.s;
}

static void set_name(struct builder *b, const struct varset *vars)
{
	struct str name = b->c->workflow.name.s;
	struct varset store;

	if (text_has_refs(name))
		name = expand(b->a, name, sorted_vars(b, vars, &store), EXPAND_SERVER);
	b->p->name = str_trim(name);
}

void build_workflow(struct builder *b)
{
	const struct workflow_def *w = &b->c->workflow;
	struct pipeline *p = b->p;
	const struct rule_def *rule = NULL;
	struct str why;
	struct varset vars;

	workflow_vars(b, &vars);
	p->run = true;
	p->workflow_rule = -1;
	p->auto_cancel_on_new_commit = STR("conservative");
	p->auto_cancel_on_job_failure = STR("none");
	take_auto_cancel(&p->auto_cancel_on_new_commit, w->auto_cancel_on_new_commit);
	take_auto_cancel(&p->auto_cancel_on_job_failure, w->auto_cancel_on_job_failure);
	if (w->rules.set) {
		struct rules_ctx ctx = {.b = b, .vars = &vars};
		/* A clause that cannot be evaluated counts as `never`. */
		enum rules_verdict v = eval_rules(&ctx, &w->rules, &p->workflow_rule,
			&p->workflow_steps, &p->n_workflow_steps, &why);

		keep_steps(b, w, &p->workflow_steps, p->n_workflow_steps);
		if (v == RULES_MATCH)
			rule = &w->rules.v[p->workflow_rule];
		p->run = rule && rule->when != WHEN_NEVER;
	}
	if (rule) {
		put_yaml_vars(&p->vars, VAR_YAML_ROOT, &rule->vars);
	}
	if (rule && rule->auto_cancel) {
		take_auto_cancel(&p->auto_cancel_on_new_commit, rule->auto_cancel->on_new_commit);
		take_auto_cancel(&p->auto_cancel_on_job_failure, rule->auto_cancel->on_job_failure);
	}
	if (!p->run)
		p->refusal = STR(NOT_RUN);
	set_name(b, &vars);
	arena_release(&b->scratch);
}
