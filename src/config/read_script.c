/* script, before_script, after_script, hooks:pre_get_sources_script, run. */
#include "base/base.h"

#include "config/readers.h"

struct flat {
	struct arena *a;
	struct text *v;
	size_t n, cap;
	const struct node *bad;
};

static bool flatten(struct flat *out, const struct node *n, unsigned levels)
{
	if (n->kind == NODE_STRING) {
		vec_push_in(out->a, out, text_of(n));
		return true;
	}
	if (n->kind != NODE_SEQ || !levels) {
		out->bad = n;
		return false;
	}
	node_each (item, n) {
		if (!flatten(out, item, levels - 1))
			return false;
	}
	return true;
}

bool flatten_strings(struct arena *a, const struct node *n, unsigned levels, struct texts *out,
	const struct node **bad)
{
	struct flat flat = {.a = a, .cap = count_flat(n)};
	flat.v = arena_array(a, struct text, flat.cap);
	bool ok = flatten(&flat, n, levels);

	*out = (struct texts){.v = flat.v, .n = flat.n, .set = true, .at = n->at};
	*bad = flat.bad;
	return ok;
}

/* The text of a line that YAML read as a mapping: "echo a: b" is the commonest slip in a script. */
static void note_colon(const struct frame *f, struct diag *d, const struct node *bad)
{
	if (d && bad->kind == NODE_MAP && bad->u.map.n == 1)
		diag_note(f->c->diags, d, SPAN_NONE,
			"a line that holds ': ' is a mapping in YAML; put the whole line in "
			"quotes");
}

bool read_commands(const struct frame *f, const struct node *n, struct texts *out)
{
	const char *gitlab =
		"config should be a string or a nested array of strings up to 10 levels deep";
	const struct node *bad;
	struct diag *d;

	if (!count_texts(f, n, count_flat(n)))
		return false;
	if (flatten_strings(frame_arena(f), n, LIMIT_NESTED_ARRAYS, out, &bad))
		return true;
	if (bad->kind == NODE_SEQ)
		d = fault(f, "nested-too-deep", bad->at, gitlab,
			"%s holds lists in lists more than %d levels deep", subject(f, NULL),
			LIMIT_NESTED_ARRAYS);
	else if (bad == n)
		d = fault(f, "wrong-type", bad->at, gitlab,
			"%s must be a string or a list of strings, not %s", subject(f, NULL),
			found(f, bad));
	else
		d = fault(f, "wrong-type", bad->at, gitlab, "%s must hold only strings, not %s",
			subject(f, NULL), found(f, bad));
	note_colon(f, d, bad);
	return false;
}

static void read_lines(
	const struct frame *f, const struct node *value, struct str key, struct texts *out)
{
	struct frame entry = FRAME_AT(f, key);

	read_commands(&entry, value, out);
}

void read_before_script(const struct frame *f, const struct node *value, struct job_def *job)
{
	read_lines(f, value, STR("before_script"), &job->before_script);
}

void read_after_script(const struct frame *f, const struct node *value, struct job_def *job)
{
	read_lines(f, value, STR("after_script"), &job->after_script);
}

void read_script(const struct frame *f, const struct node *value, struct job_def *job)
{
	/* Blank ones are reported with the job: "script can't be blank". */
	if (node_is_blank(value))
		return;
	read_lines(f, value, STR("script"), &job->script);
}

void read_hooks(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame hooks = FRAME_IN(f, "hooks");
	const struct node *script;

	if (!want_map(&hooks, value, NULL))
		return;
	check_scope(&hooks, value, SCOPE_hooks);
	script = get_node(value, "pre_get_sources_script");
	if (script)
		read_lines(&hooks, script, STR("pre_get_sources_script"),
			&job->rare->pre_get_sources_script);
}

static void check_step_env(const struct frame *f, const struct node *step)
{
	const struct node *env = get_node(step, "env");

	if (!node_is(env, NODE_MAP))
		return;
	node_each_pair(pair, env)
	{
		if (pair->value->kind != NODE_STRING)
			fault(f, "wrong-type", pair->value->at, NULL,
				"'env' of a step must hold strings, not %s", found(f, pair->value));
	}
}

static const char *missing_key(const struct node *map, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!node_is(get_node(map, keys[i]), NODE_STRING))
			return keys[i];
	return NULL;
}

/* {git: {url, rev ...}} or {oci: {registry, repository, tag ...}}. */
static void check_step_reference(const struct frame *f, const struct node *ref)
{
	static const char *const git_keys[] = {"url", "rev"};
	static const char *const oci_keys[] = {"registry", "repository", "tag"};
	const struct node *git = get_node(ref, "git"), *oci = get_node(ref, "oci");
	const char *missing = NULL;

	if (!git == !oci) {
		fault(f, "bad-step", ref->at, NULL,
			"the reference of a step needs exactly one of 'git' and 'oci'");
		return;
	}
	if (!node_is(git ? git : oci, NODE_MAP)) {
		fault(f, "wrong-type", (git ? git : oci)->at, NULL,
			"'%s' of a step must be a mapping, not %s", git ? "git" : "oci",
			found(f, git ? git : oci));
		return;
	}
	missing = git ? missing_key(git, git_keys, ARRAY_SIZE(git_keys))
		      : missing_key(oci, oci_keys, ARRAY_SIZE(oci_keys));
	if (missing)
		fault(f, "missing-keyword", (git ? git : oci)->at, NULL,
			"'%s' of a step needs '%s', a string", git ? "git" : "oci", missing);
}

/* A step names exactly one thing to do (GitLab, app/validators/json_schemas/run_steps.json). */
static void check_step(const struct frame *f, const struct node *step)
{
	const struct node *name, *ref;
	unsigned actions;

	if (step->kind != NODE_MAP) {
		fault(f, "wrong-type", step->at, NULL, "a step of 'run' must be a mapping, not %s",
			found(f, step));
		return;
	}
	check_scope(f, step, SCOPE_run_step);
	name = get_node(step, "name");
	if (!node_is(name, NODE_STRING) || !str_is_identifier(name->text))
		fault(f, "bad-step", name ? name->at : step->at, NULL,
			"a step of 'run' needs a 'name' of letters, digits and '_'");
	ref = get_node(step, "step");
	if (!ref)
		ref = get_node(step, "func");
	actions = (get_node(step, "script") != NULL) + (get_node(step, "step") != NULL) +
		  (get_node(step, "func") != NULL);
	if (actions != 1)
		fault(f, "bad-step", step->at, NULL,
			"a step of 'run' needs exactly one of 'script', 'step' and 'func'");
	if (ref && ref->kind != NODE_STRING && ref->kind != NODE_MAP)
		fault(f, "wrong-type", ref->at, NULL,
			"the reference of a step must be a string or a mapping, not %s",
			found(f, ref));
	if (node_is(ref, NODE_MAP))
		check_step_reference(f, ref);
	check_step_env(f, step);
}

void read_run(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame run = FRAME_IN(f, "run");

	if (value->kind != NODE_SEQ) {
		fault(f, "wrong-type", value->at, "run should be an array",
			"'run' of job '" STR_FMT "' must be a list of steps, not %s",
			STR_ARG(job->name.s), found(f, value));
		return;
	}
	node_each (step, value) {
		check_step(&run, step);
	}
	job->rare->run = value;
}
