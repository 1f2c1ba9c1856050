/* Rules of inputs: which default and which options an input has, by the values of others. */
#include "base/base.h"

#include "config/inputs.h"
#include "config/readers.h"

#include "expr/expr.h"

struct matching {
	struct interpolation *in;
	const struct node *given;
	bool unknown;
};

static bool lookup_input(void *ctx, struct str name, struct expr_value *value)
{
	struct matching *m = ctx;
	struct input_def *def = map_get(&m->in->inputs, name);
	const struct node *n = def && def->done ? def->value : node_get_str(m->given, name);
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	*value = (struct expr_value){.kind = EXPR_NULL};
	m->unknown |= def && def->done && !n;
	if (node_is_null(n))
		return false;
	value->str = n->text;
	switch (n->kind) {
	case NODE_BOOL:
		value->kind = EXPR_BOOL;
		value->boolean = n->u.boolean;
		break;
	case NODE_INT:
	case NODE_FLOAT:
		value->kind = EXPR_NUMBER;
		value->number = n->kind == NODE_INT ? (double)n->u.integer : n->u.number;
		break;
	case NODE_SEQ:
	case NODE_MAP:
		value->kind = EXPR_LIST;
		node_inspect(&b, n);
		value->str = arena_str(frame_arena(m->in->root), buf_str(&b));
		break;
	case NODE_STRING:
	case NODE_REFERENCE:
	case NODE_NULL:
		value->kind = EXPR_STRING;
		break;
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

/* GitLab takes such names for null, which is hardly what was meant. */
static void warn_unseen(struct matching *m, const struct input_def *def, const struct node *cond)
{
	struct diags *diags = m->in->root->c->diags;
	struct str rest = cond->text;
	size_t at;

	while ((at = str_find(rest, STR("inputs."))) != STR_NPOS) {
		struct input_def *other;
		struct str name;

		rest = str_from(rest, at + strlen("inputs."));
		for (at = 0; at < rest.n && is_name_char(rest.p[at]);)
			at++;
		name = str_sub(rest, 0, at);
		other = map_get(&m->in->inputs, name);
		if (!name.n || (other && other->done) || diags->warnings >= LIMIT_ERRORS)
			continue;
		diag_warn(diags, "unseen-input", cond->at,
			other ? "a rule of input '" STR_FMT "' reads input '" STR_FMT
				"', which is declared after it: its default is not seen here"
			      : "a rule of input '" STR_FMT "' reads input '" STR_FMT
				"', which is not declared: it is always null",
			STR_ARG(def->name), STR_ARG(name));
	}
}

const struct node *matching_input_rule(struct interpolation *in, const struct node *given,
	const struct input_def *def, bool *unknown)
{
	struct matching m = {.in = in, .given = given};
	struct expr_env env = {.variable = no_variable, .input = lookup_input, .ctx = &m};
	const struct node *rules = get_node(def->spec, "rules"), *found_rule = NULL;
	struct arena *a = frame_arena(in->root);

	for (size_t i = 0; node_is(rules, NODE_SEQ) && i < rules->u.seq.n; i++) {
		const struct node *cond = get_node(rules->u.seq.items[i], "if");
		struct expr_error err;
		const struct expr *e;

		if (node_is_null(cond)) {
			found_rule = found_rule ? found_rule : rules->u.seq.items[i];
			continue;
		}
		warn_unseen(&m, def, cond);
		e = expr_parse(a, cond->text, cond->at, &err);
		if (!found_rule && e && expr_eval(e, a, &env, NULL, NULL, NULL))
			found_rule = rules->u.seq.items[i];
	}
	*unknown = m.unknown;
	return found_rule;
}
