/* variables: of the root, of jobs, of rules and of services. */
#include "base/base.h"

#include "config/readers.h"

static bool is_scalar_or_null(const struct node *n)
{
	return node_is_null(n) || node_is_scalar(n);
}

static void read_options(
	const struct frame *f, const struct node *map, const struct node *value, struct texts *out)
{
	const struct node *options = get_node(map, "options");
	struct diag *d;

	if (!options)
		return;
	if (options->kind != NODE_SEQ) {
		fault(f, "wrong-type", options->at, "config options should be an array of strings",
			"%s must be a list of strings, not %s", subject(f, "options"),
			found(f, options));
		return;
	}
	node_each (item, options) {
		if (item->kind == NODE_STRING)
			continue;
		fault(f, "wrong-type", item->at, "config options should be an array of strings",
			"%s must hold only strings, not %s", subject(f, "options"), found(f, item));
		return;
	}
	texts_of(f, options, out);
	/* GitLab compares before it makes texts: the number 1 is not the option "1". */
	for (size_t i = 0; i < out->n; i++)
		if (node_is(value, NODE_STRING) && str_eq(out->v[i].s, value->text))
			return;
	if (!out->n)
		return;
	d = fault(f, node_is_scalar(value) ? "value-not-in-options" : "?value-not-in-options",
		node_is_scalar(value) ? value->at : map->at,
		"config value must be present in options",
		"the value of %s must be one of its options", subject(f, NULL));
	diag_note(f->c->diags, d, options->at, "the options");
}

/* The long form: value, description, options, expand. */
static void read_long(const struct frame *f, const struct node *map, enum variables_kind kind,
	struct var *var, struct var_help *help)
{
	const struct node *value = node_get(map, "value"), *expand = get_node(map, "expand");
	const struct node *description = get_node(map, "description");

	check_scope_keys(f, map, kind == VARIABLES_ROOT ? SCOPE_root_variable : SCOPE_job_variable,
		"config uses invalid data keys");
	if (value && !is_scalar_or_null(value))
		fault(f, "wrong-type", value->at, "config value must be a scalar",
			"%s must be a single value, not %s", subject(f, "value"), found(f, value));
	else if (!node_is_null(value))
		var->value = value->text;
	if (kind == VARIABLES_ROOT && description) {
		if (description->kind != NODE_STRING && description->kind != NODE_INT)
			fault(f, "wrong-type", description->at,
				"config description must be an alphanumeric string",
				"%s must be a string, not %s", subject(f, "description"),
				found(f, description));
		help->description = description->text;
	}
	if (expand && expand->kind != NODE_BOOL)
		fault(f, "wrong-type", expand->at, "config expand should be a boolean value",
			"%s must be true or false, not %s", subject(f, "expand"), found(f, expand));
	var->raw = node_is(expand, NODE_BOOL) && !expand->u.boolean;
	if (kind == VARIABLES_ROOT)
		read_options(f, map, value, &help->options);
}

/*
 * Texts and integers; `yes:` and `1.5:` are neither (GitLab, config/entry/variable.rb). GitLab
 * names a key that is null or false by the kind of its value.
 */
static bool check_key(const struct frame *f, const struct node_pair *pair)
{
	struct str name = pair->key->text;
	struct frame entry =
		FRAME_AT(f, node_is_blank(pair->key) && pair->key->kind != NODE_STRING
				    ? node_is(pair->value, NODE_MAP) ? STR("complex variable")
								     : STR("simple variable")
				    : name);

	if (pair->key->kind == NODE_STRING || pair->key->kind == NODE_INT)
		return true;
	fault(&entry, "bad-name", pair->key->at.begin.line ? pair->key->at : pair->value->at,
		"key must be an alphanumeric string",
		"the name of a variable in %s must be a string (put it in quotes), not %s",
		subject(f, NULL), found(f, pair->key));
	return false;
}

/* How the kinds differ for those who get them. */
static struct var new_var(const struct node_pair *pair, enum variables_kind kind)
{
	return (struct var){
		.key = pair->key->text,
		.value = STR(""),
		.at = pair->key->at.begin.line ? pair->key->at : pair->value->at,
		.from = kind == VARIABLES_ROOT ? "variables" : "job",
		.layer = kind == VARIABLES_ROOT ? VAR_YAML_ROOT : VAR_YAML_JOB,
	};
}

static void keep_help(
	const struct frame *f, struct var_defs *out, size_t room, struct var_help help)
{
	if (!help.description.p && !help.options.set)
		return;
	if (!out->help)
		out->help = arena_array(f->c->arena, struct var_help, room);
	out->help[out->n] = help;
}

static void read_var(const struct frame *f, const struct node_pair *pair, enum variables_kind kind,
	struct var_defs *out, size_t room)
{
	const struct node *value = pair->value;
	struct frame entry = FRAME_AT(f, pair->key->text);
	struct var var = new_var(pair, kind);
	struct var_help help = {.description = STR_NULL};

	if (!check_key(f, pair))
		return;
	/* Only the variables of the root and of jobs may be null (GitLab, composable_hash.rb). */
	if (node_is_scalar(value) || (kind != VARIABLES_PLAIN && node_is_null(value))) {
		if (value->text.p)
			var.value = value->text;
	} else if (kind == VARIABLES_PLAIN && value->kind != NODE_SEQ) {
		fault(&entry, "wrong-type", value->at, "config must be a string",
			"%s must be a single value, not %s", subject(&entry, NULL),
			found(f, value));
		return;
	} else if (value->kind == NODE_MAP) {
		read_long(&entry, value, kind, &var, &help);
	} else {
		/* GitLab prints this one without any location. */
		fault(&entry, "wrong-type", value->at,
			"=variable definition must be either a string or a hash",
			"%s must be a single value or a mapping, not %s", subject(&entry, NULL),
			found(f, value));
		return;
	}
	keep_help(f, out, room, help);
	out->v[out->n++] = var;
}

void read_var_defs(
	const struct frame *f, const struct node *n, enum variables_kind kind, struct var_defs *out)
{
	if (!want_map(f, n, NULL))
		return;
	out->set = true;
	out->v = arena_array(frame_arena(f), struct var, n->u.map.n);
	node_each_pair(pair, n)
	{
		read_var(f, pair, kind, out, n->u.map.n);
	}
}

void read_variables(const struct frame *f, const struct node *value, struct job_def *job)
{
	struct frame entry = FRAME_IN(f, "variables");

	read_var_defs(&entry, value, VARIABLES_JOB, &job->vars);
}
