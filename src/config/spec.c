/* The header of a file: spec:inputs and what else it may hold, checked by shape alone. */
#include "base/base.h"

#include "config/inputs.h"
#include "config/readers.h"

#include "expr/expr.h"

bool input_type_of(struct str name, enum input_type *out)
{
	static const struct str names[] = {
		STR_INIT("string"), STR_INIT("number"), STR_INIT("boolean"), STR_INIT("array")};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(names[i], name)) {
			*out = (enum input_type)i;
			return true;
		}
	return false;
}

static void check_type(const struct frame *f, const struct node *n, struct input_def *def)
{
	struct diag *d;

	if (n->kind == NODE_STRING && input_type_of(n->text, &def->type))
		return;
	d = fault(f, "unknown-value", n->at,
		fmt_in(f, "input type unknown value: %s", ruby_text(f, n)),
		"%s must be 'string', 'number', 'boolean' or 'array', not %s", subject(f, "type"),
		found(f, n));
	if (d && n->kind == NODE_STRING) {
		const struct str names[] = {
			STR("string"), STR("number"), STR("boolean"), STR("array")};

		note_nearest(f, d, n->text, names, ARRAY_SIZE(names));
	}
}

static void check_options(const struct frame *f, const struct node *n)
{
	if (n->kind != NODE_SEQ) {
		fault(f, "wrong-type", n->at, "input options should be an array",
			"%s must be a list, not %s", subject(f, "options"), found(f, n));
		return;
	}
	if (n->u.seq.n > LIMIT_INPUT_OPTIONS)
		fault(f, "too-many-items", n->at, "config cannot define more than 50 options",
			"%s has %u entries, more than the limit of %d", subject(f, "options"),
			n->u.seq.n, LIMIT_INPUT_OPTIONS);
	node_each (item, n) {
		if (item->kind != NODE_NULL)
			continue;
		fault(f, "wrong-type", item->at, "config options array cannot contain null values",
			"%s holds an empty entry", subject(f, "options"));
		return;
	}
}

void check_input_shape(const struct frame *f, const struct node *map)
{
	const struct node *n = get_node(map, "description");

	if (n && n->kind != NODE_STRING && n->kind != NODE_INT)
		fault(f, "wrong-type", n->at, "input description must be an alphanumeric string",
			"%s must be a string, not %s", subject(f, "description"), found(f, n));
	n = get_node(map, "options");
	if (n)
		check_options(f, n);
	n = get_node(map, "regex");
	if (n && n->kind != NODE_STRING)
		fault(f, "wrong-type", n->at, "input regex should be a string",
			"%s must be a string, not %s", subject(f, "regex"), found(f, n));
}

static bool is_option(const struct node *options, const struct node *value)
{
	node_each (option, options) {
		if (node_is_null(value) ? node_is_null(option) : node_equal(option, value))
			return true;
	}
	return false;
}

/* Whether the list holds anything but null and false, as Ruby's any? asks. */
static bool has_any(const struct node *options)
{
	if (!node_is(options, NODE_SEQ))
		return false;
	node_each (option, options) {
		if (!node_is_null(option) && (option->kind != NODE_BOOL || option->u.boolean))
			return true;
	}
	return false;
}

/* A rule gives a list to choose from and the choice that is made without a value. */
static void check_rule_choice(
	const struct frame *f, struct str name, const struct node *rule, const struct node *options)
{
	const struct node *value = node_get(rule, "default");

	if (options && options->u.seq.n > LIMIT_INPUT_OPTIONS)
		input_fault(f, name, "too-many-items", options->at,
			"cannot define more than %d options", LIMIT_INPUT_OPTIONS);
	if (!value)
		input_fault(f, name, "bad-input", rule->at,
			"rule must define 'options' with at least one value and a 'default'");
	else if (has_any(options) && !is_option(options, value))
		input_fault(f, name, "bad-input", value->at.begin.line ? value->at : rule->at,
			"default '%s' must be one of the options", ruby_text(f, value));
}

static bool check_rule_if(const struct frame *f, struct str name, const struct node *cond)
{
	struct expr_error err = {SPAN_NONE, STR("it must be a string")};

	if (!cond || (cond->kind == NODE_STRING &&
			     expr_parse(frame_arena(f), cond->text, cond->at, &err)))
		return true;
	fault(f, "bad-expression", err.at.begin.line ? err.at : cond->at,
		fmt_in(f, "=`" STR_FMT "` input: if invalid expression syntax", STR_ARG(name)),
		"invalid expression in a rule of input '" STR_FMT "': " STR_FMT, STR_ARG(name),
		STR_ARG(err.text));
	return false;
}

/* GitLab, lib/gitlab/ci/config/header/input/rules/rule.rb. */
static void check_rule(const struct frame *f, struct str name, const struct node *rule)
{
	const struct node *options;
	bool ok;

	if (rule->kind != NODE_MAP) {
		fault(f, "wrong-type", rule->at,
			fmt_in(f, "=`" STR_FMT "` input: should be a hash", STR_ARG(name)),
			"a rule of input '" STR_FMT "' must be a mapping, not %s", STR_ARG(name),
			found(f, rule));
		return;
	}
	if (!rule->u.map.n) {
		fault(f, "blank", rule->at,
			fmt_in(f, "=`" STR_FMT "` input: can't be blank", STR_ARG(name)),
			"a rule of input '" STR_FMT "' is empty", STR_ARG(name));
		return;
	}
	ok = check_scope_keys(f, rule, SCOPE_spec_input_rule,
		fmt_in(f, "=`" STR_FMT "` input: contains unknown keys", STR_ARG(name)));
	ok = check_rule_if(f, name, get_node(rule, "if")) && ok;
	options = get_node(rule, "options");
	if (options && options->kind != NODE_SEQ) {
		fault(f, "wrong-type", options->at,
			fmt_in(f, "=`" STR_FMT "` input: options should be an array",
				STR_ARG(name)),
			"'options' in a rule of input '" STR_FMT "' must be a list, not %s",
			STR_ARG(name), found(f, options));
		ok = false;
	}
	if (ok)
		check_rule_choice(f, name, rule, options);
}

static void check_rules(const struct frame *f, const struct node *map, const struct node *rules)
{
	static const char *const others[] = {"options", "default"};
	struct frame entry = FRAME_IN(f, "rules");

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (node_get(map, others[i]))
			fault(f, "exclusive-keywords", span_of_key(map, others[i]),
				fmt_in(f, "config these keys cannot be used together: %s",
					keys_present(
						f, map, fmt_in(f, "rules %s", others[i]), true)),
				"'rules' and '%s' can't be used together in %s", others[i],
				subject(f, NULL));
	if (rules->kind != NODE_SEQ) {
		fault(&entry, "wrong-type", rules->at, "config should be an array",
			"%s must be a list of mappings, not %s", subject(&entry, NULL),
			found(f, rules));
		return;
	}
	node_each (rule, rules) {
		check_rule(&entry, f->key, rule);
	}
}

static void read_input_def(const struct frame *f, struct interpolation *in, struct node_pair *pair)
{
	struct frame entry = FRAME_AT(f, pair->key->text);
	struct input_def *def = arena_new(frame_arena(f), struct input_def);
	const struct node *map = pair->value, *n;
	unsigned before = f->c->diags->errors;

	*def = (struct input_def){.name = pair->key->text, .at = pair->key->at};
	map_put(&in->inputs, def->name, def);
	if (node_is_null(map))
		return;
	def->faulty = true;
	if (!want_map(&entry, map, NULL))
		return;
	def->spec = map;
	def->has_default = node_get(map, "default") != NULL;
	check_scope(&entry, map, SCOPE_spec_input);
	n = node_get(map, "type");
	if (node_is_null(n) && n)
		fault(&entry, "wrong-type", n->at,
			fmt_in(f,
				"=unknown input specification for `" STR_FMT
				"` (valid types: array, boolean, number, string)",
				STR_ARG(def->name)),
			"%s is empty", subject(&entry, "type"));
	else if (n)
		check_type(&entry, n, def);
	check_input_shape(&entry, map);
	n = get_node(map, "rules");
	if (n)
		check_rules(&entry, map, n);
	def->faulty = f->c->diags->errors != before;
}

static void read_input_defs(const struct frame *f, struct interpolation *in, const struct node *map)
{
	if (node_is_null(map))
		return;
	if (!want_map(f, map, NULL)) {
		in->inputs_unknown = true;
		return;
	}
	node_each_pair(pair, map)
	{
		if (map_has(&in->inputs, pair->key->text))
			fault(f, "duplicate-input", pair->key->at,
				fmt_in(f, "=Duplicate input keys found: " STR_FMT,
					STR_ARG(pair->key->text)),
				"input '" STR_FMT "' is defined twice", STR_ARG(pair->key->text));
		else
			read_input_def(f, in, pair);
	}
}

static bool is_component_fact(struct str s)
{
	return is_one_of(s, "name sha version reference");
}

static void check_components(const struct frame *f, const struct node *n)
{
	struct frame entry = FRAME_IN(f, "component");

	if (!want_strings(&entry, n, NULL))
		return;
	node_each (item, n) {
		if (!is_component_fact(item->text) && !faults_full(f))
			fault(&entry, "unknown-value", item->at,
				fmt_in(f, "config contains unknown values: %s",
					values_unknown(f, n, is_component_fact)),
				"'" STR_FMT
				"' in %s is none of 'name', 'sha', 'version' and 'reference'",
				STR_ARG(item->text), subject(&entry, NULL));
	}
}

static void check_description(const struct frame *f, const struct node *n)
{
	if (n->kind != NODE_STRING)
		fault(f, "wrong-type", n->at, "config description should be a string",
			"%s must be a string, not %s", subject(f, "description"), found(f, n));
	else if (n->text.n > LIMIT_SPEC_DESCRIPTION)
		fault(f, "name-too-long", n->at,
			"config description is too long (maximum is 256 characters)",
			"%s has more than %d characters", subject(f, "description"),
			LIMIT_SPEC_DESCRIPTION);
}

void read_spec(struct interpolation *in, const struct node *header, const struct node *const *extra,
	size_t n_extra)
{
	struct config *c = in->root->c;
	struct frame top = FRAME_IN(in->root, "header"), spec_frame = FRAME_IN(&top, "spec");
	struct frame inputs = FRAME_IN(&spec_frame, "inputs");
	const struct node *spec = node_get(header, "spec"), *n;
	unsigned before;

	check_scope(&top, header, SCOPE_header);
	if (node_is_null(spec))
		return;
	in->inputs_unknown = in->component_unknown = !want_map(&spec_frame, spec, NULL);
	if (!in->inputs_unknown) {
		check_scope(&spec_frame, spec, SCOPE_spec);
		for (size_t i = 0; i < n_extra; i++)
			read_input_defs(&inputs, in, extra[i]);
		read_input_defs(&inputs, in, node_get(spec, "inputs"));
		n = get_node(spec, "component");
		before = c->diags->errors;
		if (n)
			check_components(&spec_frame, n);
		in->component_unknown = c->diags->errors != before;
		n = get_node(spec, "description");
		if (n)
			check_description(&spec_frame, n);
	}
}

void read_spec_component(
	struct interpolation *in, const struct node *header, const struct config_resolved *as)
{
	const struct node *names = node_get(node_get(header, "spec"), "component");
	struct arena *a = frame_arena(in->root);

	if (!node_is(names, NODE_SEQ))
		return;
	node_each (item, names) {
		struct str value = str_is(item->text, "name")      ? as->name
				   : str_is(item->text, "sha")     ? as->sha
				   : str_is(item->text, "version") ? as->version
								   : as->reference;

		map_put(&in->component, item->text, node_new_str(a, value, item->at));
	}
}
