/*
 * The value of each input: given, or its default, or what its rules say; converted to its type and
 * checked. GitLab, lib/ci/inputs.
 */
#include "base/base.h"

#include "config/inputs.h"
#include "config/json.h"
#include "config/readers.h"

#include "expr/regex.h"

struct resolving {
	struct interpolation *in;
	const struct node *given;
	struct span at; /* of the given inputs, or of the include that gave none */
};

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

/* Ruby's to_s, which a string input applies to whatever it is given. */
static struct str as_text(struct arena *a, const struct node *n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (n->kind != NODE_SEQ && n->kind != NODE_MAP)
		return n->text;
	node_inspect(&b, n);
	return arena_str(a, buf_str(&b));
}

/* Strings of the other types are JSON texts: "5", "true", "[1, 2]". */
static const struct node *convert(struct arena *a, enum input_type type, const struct node *value)
{
	const struct node *n = value;

	if (type == INPUT_STRING) {
		struct node *s;

		if (value->kind == NODE_STRING)
			return value;
		s = node_new_str(a, as_text(a, value), value->at);
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
	bool unknown = false;
	const struct node *rule =
		rules ? matching_input_rule(r->in, r->given, def, &unknown) : NULL;
	const struct node *given = given_value(r, def, rules != NULL);
	const struct node *otherwise = node_get(rules ? rule : def->spec, "default");
	struct input_limits limits = limits_of(def, rule);
	const struct node *value = NULL;

	if (unknown || f->c->diags->errors != before)
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
		struct input_def *def = e->value;

		def->value = def->faulty ? NULL : compute(&r, def);
		def->done = true;
	}
}
