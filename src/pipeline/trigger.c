#include "base/base.h"
#include "pipeline/trigger.h"
#include "yaml/node.h"

static void all_vars(
	struct arena *a, const struct job *job, const struct varset *extra, struct varset *out)
{
	varset_init_on(out, a, &job->vars);
	if (extra)
		varset_add_all(out, extra);
}

/* A path alone stands for one local include. */
static const struct node *include_list(struct arena *a, const struct node *n)
{
	struct node *seq;

	if (!n || n->kind == NODE_SEQ)
		return n;
	seq = node_new(a, NODE_SEQ, n->at);
	node_seq_push(a, seq, (struct node *)n);
	return seq;
}

void pipeline_trigger_target(struct arena *a, const struct pipeline *p, const struct job *job,
	const struct varset *extra, struct trigger_target *out)
{
	const struct trigger_def *t = job->def->trigger;
	struct varset vars;

	UNUSED(p);
	all_vars(a, job, extra, &vars);
	*out = (struct trigger_target){
		.child = t->include != NULL,
		.project = expand(a, t->project.s, &vars, EXPAND_SERVER),
		.branch = expand(a, t->branch.s, &vars, EXPAND_SERVER),
		.include = include_list(a, t->include),
		.strategy = str_is(t->strategy.s, "depend")   ? TRIGGER_DEPEND
			    : str_is(t->strategy.s, "mirror") ? TRIGGER_MIRROR
							      : TRIGGER_NONE,
		.inputs = t->inputs,
		.forward_yaml = t->forward_yaml != 0,
		.forward_pipeline = t->forward_pipeline > 0,
	};
}

struct forward {
	struct arena *a;
	const struct varset *vars;
	struct varset *out;
	enum var_layer from, to;
};

/*
 * References are replaced once by what is stored, not by what it would expand to; those to file
 * variables stay, and the file variable goes along (GitLab,
 * lib/gitlab/ci/variables/downstream/expandable_variable_generator.rb).
 */
static bool pass_on(void *ctx, const struct var *v)
{
	struct forward *f = ctx;
	struct var copy = *v;
	struct str *names;
	size_t n;

	if (v->layer < f->from || v->layer > f->to)
		return true;
	copy.layer = VAR_PIPELINE;
	copy.env_scope = NULL;
	if (v->raw || v->file) {
		varset_put(f->out, &copy);
		return true;
	}
	struct varset seen;
	varset_init_on(&seen, f->a, f->vars);
	n = text_refs(f->a, v->value, &names);
	for (size_t i = 0; i < n; i++) {
		const struct var *ref = varset_get(f->vars, names[i]);

		if (!ref || !ref->file)
			continue;
		struct var file = *ref, same = *ref;
		file.layer = VAR_PIPELINE;
		varset_put(f->out, &file);
		same.file = false;
		same.raw = true;
		same.value = arena_printf(f->a, "$" STR_FMT, STR_ARG(ref->key));
		varset_put(&seen, &same);
	}
	copy.value = expand(f->a, v->value, &seen, EXPAND_SERVER);
	varset_put(f->out, &copy);
	return true;
}

void pipeline_trigger_vars(struct arena *a, const struct pipeline *p, const struct job *job,
	const struct varset *extra, struct varset *out)
{
	const struct trigger_def *t = job->def->trigger;
	struct varset vars;

	UNUSED(p);
	all_vars(a, job, extra, &vars);
	struct forward f = {a, &vars, out, VAR_YAML_ROOT, VAR_YAML_JOB};
	if (t->forward_yaml != 0) {
		f.to = VAR_YAML_ROOT;
		varset_each(&vars, pass_on, &f);
		f.from = f.to = VAR_YAML_JOB;
		varset_each(&vars, pass_on, &f);
	}
	if (t->forward_pipeline > 0) {
		f.from = f.to = VAR_DOTENV;
		varset_each(&vars, pass_on, &f);
		f.from = f.to = VAR_PIPELINE;
		varset_each(&vars, pass_on, &f);
		f.from = f.to = VAR_SCHEDULE;
		varset_each(&vars, pass_on, &f);
	}
}

enum job_status trigger_status(enum trigger_strategy strategy, enum job_status downstream)
{
	if (strategy == TRIGGER_NONE)
		return STATUS_SUCCESS;
	if (strategy == TRIGGER_MIRROR)
		return downstream;
	switch (downstream) {
	case STATUS_SUCCESS:
		return STATUS_SUCCESS;
	case STATUS_CANCELED:
		return STATUS_CANCELED;
	case STATUS_FAILED:
	case STATUS_SKIPPED:
		return STATUS_FAILED;
	case STATUS_CREATED:
	case STATUS_WAITING_FOR_RESOURCE:
	case STATUS_PREPARING:
	case STATUS_WAITING_FOR_CALLBACK:
	case STATUS_PENDING:
	case STATUS_RUNNING:
	case STATUS_CANCELING:
	case STATUS_MANUAL:
	case STATUS_SCHEDULED:
	case STATUS_NONE:
		return STATUS_RUNNING;
	}
	BUG("trigger: status %d", (int)downstream);
}
