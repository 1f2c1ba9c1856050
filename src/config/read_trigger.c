/* trigger: a downstream pipeline of another project, or a child pipeline. */
#include "base/base.h"

#include "config/readers.h"
#include "config/include.h"

static void read_strategy(const struct frame *f, const struct node *map, struct trigger_def *out)
{
	const struct node *n = get_node(map, "strategy");

	if (n && check_choice(f, n, "strategy", "depend mirror", "should be depend or mirror"))
		out->strategy = text_of(n);
}

static void read_forward(const struct frame *f, const struct node *map, struct trigger_def *out)
{
	struct frame entry = FRAME_IN(f, "forward");
	const struct node *n = get_node(map, "forward"), *value;

	if (!n)
		return;
	/* GitLab's lint lets it pass. */
	if (n->kind != NODE_MAP) {
		diag_warn(f->c->diags, "no-effect", n->at,
			"%s must be a mapping, not %s: it has no effect", subject(&entry, NULL),
			found(f, n));
		return;
	}
	check_scope(&entry, n, SCOPE_forward);
	value = get_node(n, "yaml_variables");
	if (node_is(value, NODE_BOOL))
		out->forward_yaml = value->u.boolean;
	value = get_node(n, "pipeline_variables");
	if (node_is(value, NODE_BOOL))
		out->forward_pipeline = value->u.boolean;
}

static void read_project(const struct frame *f, const struct node *map, struct trigger_def *out)
{
	const struct node *project = node_get(map, "project");

	check_scope(f, map, SCOPE_trigger_project);
	if (node_is_null(project))
		fault(f, "?missing-keyword", map->at,
			map->u.map.n
				? "project should be a string" AND_ALSO "project can't be blank"
				: "config can't be blank" AND_ALSO
				  "project should be a string" AND_ALSO "project can't be blank",
			"%s needs 'project' or 'include'", subject(f, NULL));
	else if (project->kind != NODE_STRING)
		want_string(f, project, "project");
	else if (node_is_blank(project))
		fault(f, "blank", project->at, "project can't be blank", "%s is empty",
			subject(f, "project"));
	else
		out->project = text_of(project);
	out->branch = get_text(map, "branch");
	out->inputs = node_is(node_get(map, "inputs"), NODE_MAP) ? node_get(map, "inputs") : NULL;
}

static void read_child(const struct frame *f, const struct node *map, struct trigger_def *out)
{
	struct frame entry = FRAME_IN(f, "include");
	const struct node *n = node_get(map, "include");

	check_scope(f, map, SCOPE_trigger_child);
	if (n->kind != NODE_STRING && n->kind != NODE_SEQ) {
		struct diag *d =
			fault(&entry, "wrong-type", n->at, "config should be an array or a string",
				"%s must be a path or a list of entries, not %s",
				subject(&entry, NULL), found(f, n));

		if (n->kind == NODE_MAP && d)
			diag_note(f->c->diags, d, SPAN_NONE,
				"put a '- ' in front: a trigger takes a list of entries");
		return;
	}
	if (n->kind == NODE_SEQ && n->u.seq.n > LIMIT_TRIGGER_INCLUDES) {
		fault(&entry, "too-many-includes", n->at, "config is too long (maximum is 3)",
			"%s has %u entries, more than the limit of %d", subject(&entry, NULL),
			n->u.seq.n, LIMIT_TRIGGER_INCLUDES);
		return;
	}
	if (n->kind == NODE_SEQ) {
		node_each (item, n) {
			check_include_entry(&entry, item, true);
		}
	}
	out->include = n;
}

void read_trigger(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "trigger");
	struct trigger_def *out = arena_new(frame_arena(f), struct trigger_def);

	*out = (struct trigger_def){.at = value->at, .forward_yaml = -1, .forward_pipeline = -1};
	job->trigger = out;
	if (value->kind == NODE_STRING) {
		if (node_is_blank(value))
			fault(&entry, "blank", value->at, "config can't be blank", "%s is empty",
				subject(&entry, NULL));
		else
			out->project = text_of(value);
		return;
	}
	if (value->kind != NODE_MAP) {
		fault(&entry, "wrong-type", value->at, "has to be either a string or a hash",
			"%s must be a project's path or a mapping, not %s", subject(&entry, NULL),
			found(f, value));
		return;
	}
	if (node_get(value, "include"))
		read_child(&entry, value, out);
	else
		read_project(&entry, value, out);
	read_strategy(&entry, value, out);
	read_forward(&entry, value, out);
}
