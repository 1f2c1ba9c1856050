#include "base/base.h"

#include "config/workflow.h"
#include "config/readers.h"

static void read_choice(const struct frame *f, const struct node *map, const char *key,
	const char *choices, const char *gitlab, struct text *out)
{
	const struct node *n = get_node(map, key);

	if (n && check_choice(f, n, key, choices, gitlab))
		*out = text_of(n);
}

void read_auto_cancel(const struct frame *f, const struct node *n, struct text *on_new_commit,
	struct text *on_job_failure)
{
	if (!want_map(f, n, NULL))
		return;
	check_scope(f, n, SCOPE_auto_cancel);
	read_choice(f, n, "on_new_commit", "conservative interruptible none",
		"must be one of: conservative, interruptible, none", on_new_commit);
	read_choice(
		f, n, "on_job_failure", "none all", "must be one of: none, all", on_job_failure);
}

static void read_workflow_name(const struct frame *f, const struct node *n, struct text *out)
{
	if (n->kind != NODE_STRING && n->kind != NODE_INT) {
		want_string(f, n, "name");
		return;
	}
	if (n->text.n > LIMIT_WORKFLOW_NAME) {
		fault(f, "name-too-long", n->at, "name is too long (maximum is 255 characters)",
			"%s has %zu characters, more than the limit of %d", subject(f, "name"),
			n->text.n, LIMIT_WORKFLOW_NAME);
		return;
	}
	*out = text_of(n);
}

void read_workflow(const struct frame *root, const struct node *n, struct workflow_def *out)
{
	struct frame workflow = FRAME_IN(root, "workflow");
	struct frame rules_frame = FRAME_IN(&workflow, "rules");
	struct frame cancel_frame = FRAME_IN(&workflow, "auto_cancel");
	const struct node *value;

	if (!want_map(&workflow, n, NULL))
		return;
	/* GitLab takes such a `workflow` for a job as well and then says nothing about its keys. */
	if (holds_job(n))
		diag_warn(root->c->diags, "workflow-like-job", n->at,
			"'workflow' holds keywords of a job, which have no effect there");
	else
		check_scope(&workflow, n, SCOPE_workflow);
	value = get_node(n, "name");
	if (value)
		read_workflow_name(&workflow, value, &out->name);
	value = get_node(n, "rules");
	if (value)
		read_rule_defs(&rules_frame, value, RULES_WORKFLOW, &out->rules);
	value = get_node(n, "auto_cancel");
	if (value)
		read_auto_cancel(&cancel_frame, value, &out->auto_cancel_on_new_commit,
			&out->auto_cancel_on_job_failure);
}
