/*
 * The value of each input: given, or its default, or what its rules say; converted to its type and
 * checked. GitLab, lib/gitlab/ci/config/interpolation/inputs.
 */
#include "base/base.h"

#include "config/inputs.h"
#include "config/json.h"
#include "config/readers.h"

#include "expr/expr.h"
#include "expr/regex.h"

struct resolving {
	struct interpolation *in;
	const struct node *given;
	struct span at; /* of the given inputs, or of the include that gave none */
	unsigned depth; /* rules that read inputs whose rules read inputs ... */
	bool unknown;   /* a rule has read one that is not known */
};

#define MAX_RULE_DEPTH 100

/* Jobs that extend the same one have the same inputs, and a message each. */
static const char *of_job(const struct frame *f)
{
	return f->job ? fmt_in(f, " of job '" STR_FMT "'", STR_ARG(f->job->key->text)) : "";
}

void input_fault(const struct frame *f, struct str name, const char *code, struct span at,
	const char *fmt, ...)
{
	struct str text;
	va_list ap;

	va_start(ap, fmt);
	text = arena_vprintf(frame_arena(f), fmt, ap);
	va_end(ap);
	/* Inputs of a job have GitLab's location of the job in front. */
	fault(f, code, at,
		fmt_in(f,
			f->job ? "inputs `" STR_FMT "`: " STR_FMT
			       : "=`" STR_FMT "` input: " STR_FMT,
			STR_ARG(name), STR_ARG(text)),
		"input '" STR_FMT "'%s: " STR_FMT, STR_ARG(name), of_job(f), STR_ARG(text));
}

/* Strings of the other types are JSON texts: "5", "true", "[1, 2]". */
static const struct node *convert(struct arena *a, enum input_type type, const struct node *value)
{
	const struct node *n = value;

	if (type == INPUT_STRING) {
		struct node *s;

		if (value->kind == NODE_STRING)
			return value;
		if (!node_is_scalar(value))
			return NULL;
		s = node_new_str(a, value->text, value->at);
		s->quoted = true;
		s->origin = value;
		return s;
	}
	if (value->kind == NODE_STRING)
		n = json_node_parse(a, value->text, value->at);
	if (!n)
		return NULL;
	if (type == INPUT_NUMBER)
		return n->kind == NODE_INT || n->kind == NODE_FLOAT ? n : NULL;
	return n->kind == (type == INPUT_BOOLEAN ? NODE_BOOL : NODE_SEQ) ? n : NULL;
}

static double number_of(const struct node *n)
{
	return n->kind == NODE_INT ? (double)n->u.integer : n->u.number;
}

static bool is_same(enum input_type type, const struct node *value, const struct node *option)
{
	if (type != INPUT_NUMBER)
		return str_eq(value->text, option->text);
	if (option->kind == NODE_INT && value->kind == NODE_INT)
		return str_eq(value->text, option->text);
	return (option->kind == NODE_INT || option->kind == NODE_FLOAT) &&
	       number_of(option) == number_of(value);
}

static bool check_in_options(const struct frame *f, struct str name, enum input_type type,
	const struct node *value, const struct node *options)
{
	if (!node_is(options, NODE_SEQ))
		return true;
	if (type != INPUT_STRING && type != INPUT_NUMBER) {
		input_fault(f, name, "bad-input", options->at,
			"Options can only be used with string and number inputs");
		return false;
	}
	node_each (option, options) {
		if (is_same(type, value, option))
			return true;
	}
	input_fault(f, name, "bad-input", value->at,
		"`" STR_FMT "` cannot be used because it is not in the list of %sallowed options",
		STR_ARG(value->text), type == INPUT_NUMBER ? "the " : "");
	return false;
}

static bool say_bad_regex(
	const struct frame *f, struct str name, const struct node *regex, struct str why)
{
	fault(f, "bad-regex", regex->at,
		fmt_in(f,
			f->job ? "inputs `" STR_FMT "`: invalid regular expression"
			       : "=`" STR_FMT "` input: invalid regular expression",
			STR_ARG(name)),
		"input '" STR_FMT "'%s: invalid regular expression: " STR_FMT, STR_ARG(name),
		of_job(f), STR_ARG(why));
	return false;
}

/* value NULL: only whether the expression is one. */
static bool check_matches(const struct frame *f, struct str name, enum input_type type,
	const struct node *value, const struct node *regex, const char *what)
{
	struct arena scratch = ARENA_INIT;
	const struct regex *re;
	struct str why;
	bool ok;

	if (!node_is(regex, NODE_STRING))
		return true;
	if (type != INPUT_STRING) {
		input_fault(f, name, "bad-input", regex->at,
			"RegEx validation can only be used with string inputs");
		return false;
	}
	re = regex_new(&scratch, regex->text, 0, &why, NULL);
	ok = re && (!value || regex_search(re, value->text, NULL, 0) == REGEX_YES);
	if (!re)
		say_bad_regex(f, name, regex, why);
	else if (!ok)
		input_fault(f, name, "bad-input", value->at,
			"%s value does not match required RegEx pattern", what);
	arena_release(&scratch);
	return ok;
}

const struct node *check_input_value(const struct frame *f, struct str name, enum input_type type,
	const struct node *value, const struct input_limits *limits, const char *what)
{
	static const char *const names[] = {"a string", "a number", "a boolean", "an array"};
	const struct node *n = convert(frame_arena(f), type, value);
	bool ok;

	if (!n) {
		input_fault(
			f, name, "bad-input", value->at, "%s value is not %s", what, names[type]);
		return NULL;
	}
	ok = check_in_options(f, name, type, n, limits->options);
	ok = check_matches(f, name, type, n, limits->regex, what) && ok;
	return ok ? n : NULL;
}

/* --- rules --- */

static const struct node *resolve(struct resolving *r, struct input_def *def);

static bool lookup_input(void *ctx, struct str name, struct expr_value *value)
{
	struct resolving *r = ctx;
	struct input_def *def = map_get(&r->in->inputs, name);
	const struct node *n = def ? resolve(r, def) : NULL;

	*value = (struct expr_value){.kind = EXPR_NULL};
	r->unknown |= def && !n;
	if (node_is_null(n))
		return n != NULL;
	value->kind = n->kind == NODE_BOOL ? EXPR_BOOL : EXPR_STRING;
	value->boolean = n->kind == NODE_BOOL && n->u.boolean;
	value->str = n->text;
	if (n->kind == NODE_SEQ) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		node_inspect(&b, n);
		value->str = arena_str(frame_arena(r->in->root), buf_str(&b));
	}
	return true;
}

static bool no_variable(void *ctx, struct str name, struct str *value)
{
	UNUSED(ctx), UNUSED(name), UNUSED(value);
	return false;
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* GitLab refuses a rule that names an input that is not declared, whether it is reached or not. */
static bool check_names(const struct frame *f, struct resolving *r, struct input_def *def,
	const struct node *cond, size_t i)
{
	CLEANUP(buf_release) struct buf missing = BUF_INIT;
	struct str rest = cond->text;
	size_t at;

	while ((at = str_find(rest, STR("inputs."))) != STR_NPOS) {
		struct str name;

		rest = str_from(rest, at + strlen("inputs."));
		for (at = 0; at < rest.n && is_name_char(rest.p[at]);)
			at++;
		name = str_sub(rest, 0, at);
		if (name.n && !map_has(&r->in->inputs, name))
			buf_printf(&missing, "%s" STR_FMT, missing.n ? ", " : "", STR_ARG(name));
	}
	if (missing.n)
		input_fault(f, def->name, "bad-input", cond->at,
			"rule[%zu] references undefined inputs: %s", i, missing.p);
	return !missing.n;
}

static bool rule_holds(
	struct resolving *r, struct input_def *def, const struct node *cond, size_t i)
{
	const struct frame *f = r->in->root;
	struct expr_env env = {.variable = no_variable, .input = lookup_input, .ctx = r};
	struct expr_error err = {SPAN_NONE, STR_NULL};
	const struct expr *e;

	if (node_is_null(cond))
		return true;
	if (cond->kind != NODE_STRING || !check_names(f, r, def, cond, i))
		return false;
	e = expr_parse(frame_arena(f), cond->text, cond->at, &err);
	/* Its shape has been checked. */
	return e && expr_eval(e, frame_arena(f), &env, NULL, NULL, NULL);
}

/* The first rule that holds, or NULL. */
static const struct node *matching_rule(struct resolving *r, struct input_def *def)
{
	const struct node *rules = get_node(def->spec, "rules");

	for (size_t i = 0; node_is(rules, NODE_SEQ) && i < rules->u.seq.n; i++) {
		const struct node *rule = rules->u.seq.items[i];

		if (rule_holds(r, def, get_node(rule, "if"), i))
			return rule;
	}
	return NULL;
}

/* --- values --- */

static const struct node *given_value(struct resolving *r, const struct input_def *def, bool ruled)
{
	const struct node *n = node_get_str(r->given, def->name);

	if (node_is_null(n) || (ruled && n->kind == NODE_STRING && !n->text.n))
		return NULL;
	return n;
}

static const struct node *empty_value(struct resolving *r, const struct input_def *def)
{
	struct node *n = node_new(frame_arena(r->in->root),
		def->type == INPUT_STRING ? NODE_STRING : NODE_NULL, def->at);

	n->quoted = true;
	return n;
}

/* Options come from the rule, for the types that can have some; the regex does not. */
static struct input_limits limits_of(const struct input_def *def, const struct node *rule)
{
	struct input_limits l = {
		.options = node_get(def->spec, "options"), .regex = node_get(def->spec, "regex")};

	if (rule)
		l.options = def->type == INPUT_STRING || def->type == INPUT_NUMBER
				    ? node_get(rule, "options")
				    : NULL;
	return l;
}

static const struct node *missing(struct resolving *r, const struct input_def *def)
{
	const struct frame *f = r->in->root;

	input_fault(f, def->name, "missing-input", r->at.begin.line ? r->at : def->at,
		"required value has not been provided");
	/* The next thing that would be said. */
	check_matches(f, def->name, def->type, NULL, node_get(def->spec, "regex"), "");
	return NULL;
}

static const struct node *compute(struct resolving *r, struct input_def *def)
{
	const struct frame *f = r->in->root;
	unsigned before = f->c->diags->errors;
	const struct node *rules = get_node(def->spec, "rules");
	const struct node *rule = rules ? matching_rule(r, def) : NULL;
	const struct node *given = given_value(r, def, rules != NULL);
	const struct node *otherwise = node_get(rules ? rule : def->spec, "default");
	struct input_limits limits = limits_of(def, rule);
	const struct node *value = NULL;

	if (r->unknown || f->c->diags->errors != before)
		return NULL;
	if (rules ? !rules->u.seq.n : !otherwise) {
		if (!given)
			return missing(r, def);
	} else if (node_is_null(otherwise)) {
		/* Also where no rule holds. */
		value = empty_value(r, def);
	} else {
		value = check_input_value(f, def->name, def->type, otherwise, &limits, "default");
		if (!value)
			return NULL;
	}
	if (given)
		value = check_input_value(f, def->name, def->type, given, &limits, "provided");
	return value;
}

static const struct node *resolve(struct resolving *r, struct input_def *def)
{
	if (def->state == INPUT_ACTIVE) {
		input_fault(r->in->root, def->name, "input-cycle", def->at,
			"circular dependency detected");
		return NULL;
	}
	if (def->state == INPUT_DONE)
		return def->value;
	if (r->depth == MAX_RULE_DEPTH) {
		input_fault(r->in->root, def->name, "bad-input", def->at,
			"its rules depend on more than %d others", MAX_RULE_DEPTH);
		return NULL;
	}
	def->state = INPUT_ACTIVE;
	if (!def->faulty) {
		bool unknown = r->unknown;

		r->depth++;
		r->unknown = false;
		def->value = compute(r, def);
		r->unknown = unknown;
		r->depth--;
	}
	def->state = INPUT_DONE;
	return def->value;
}

static void check_extra(struct resolving *r)
{
	const struct frame *f = r->in->root;
	CLEANUP(buf_release) struct buf list = BUF_INIT;

	node_each_pair(pair, r->given)
	{
		if (list.n < 2000 && !map_has(&r->in->inputs, pair->key->text))
			buf_printf(
				&list, "%s" STR_FMT, list.n ? ", " : "", STR_ARG(pair->key->text));
	}
	node_each_pair(pair, r->given)
	{
		struct str names[64];
		struct diag *d;
		size_t n = 0;

		if (map_has(&r->in->inputs, pair->key->text) || faults_full(f))
			continue;
		d = fault(f, "unknown-input", pair->key->at,
			fmt_in(f, "=unknown input arguments: %s", list.p),
			"input '" STR_FMT "' is not declared by the file",
			STR_ARG(pair->key->text));
		map_each (struct map_entry *, e, &r->in->inputs) {
			if (n < ARRAY_SIZE(names))
				names[n++] = e->key;
		}
		note_nearest(f, d, pair->key->text, names, n);
	}
}

void resolve_inputs(struct interpolation *in, const struct node *given, struct span at)
{
	struct resolving r = {.in = in, .given = given, .at = at};

	if (given && !in->inputs_unknown)
		check_extra(&r);
	map_each (struct map_entry *, e, &in->inputs) {
		resolve(&r, e->value);
	}
}
