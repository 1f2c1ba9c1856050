#include "base/base.h"

#include "expr/expr_internal.h"

#define MAX_SHOWN 1000 /* bytes of a value that `explain` shows */

struct eval {
	struct arena *a;
	const struct expr_env *env;
	struct expr_trace *trace;
	struct str failed; /* p == NULL: not failed */
	uint64_t steps;
};

void expr_trace_init(struct expr_trace *t)
{
	t->first = NULL;
	t->tail = &t->first;
}

static struct expr_value value(enum expr_kind kind, struct str s)
{
	return (struct expr_value){.kind = kind, .str = s};
}

static struct expr_value boolean(bool b)
{
	return (struct expr_value){.kind = EXPR_BOOL, .boolean = b};
}

static struct expr_value fail(struct eval *ev, struct str why)
{
	if (!ev->failed.p)
		ev->failed = why;
	return value(EXPR_NULL, STR_NULL);
}

static void note_read(struct eval *ev, struct str name, bool input, bool defined, struct str text)
{
	struct expr_read *r;

	if (!ev->trace)
		return;
	for (r = ev->trace->first; r; r = r->next)
		if (r->input == input && str_eq(r->name, name))
			return;
	r = arena_new(ev->a, struct expr_read);
	r->name = arena_str(ev->a, name);
	/* More is never shown, and a definition may read a long value ten thousand times. */
	r->value = arena_str(ev->a, str_sub(text, 0, MIN(text.n, MAX_SHOWN + 1)));
	r->defined = defined;
	r->input = input;
	*ev->trace->tail = r;
	ev->trace->tail = &r->next;
}

static struct str to_s(const struct expr_value *v)
{
	switch (v->kind) {
	case EXPR_NULL:
		break;
	case EXPR_BOOL:
		return v->boolean ? STR("true") : STR("false");
	case EXPR_STRING:
	case EXPR_NUMBER:
	case EXPR_LIST:
		return v->str;
	case EXPR_REGEX:
		return STR("#<Gitlab::UntrustedRegexp>");
	}
	return STR("");
}

static struct expr_value read_variable(struct eval *ev, struct str name)
{
	struct str text = STR_NULL;
	bool defined = ev->env->variable && ev->env->variable(ev->env->ctx, name, &text);

	ev->steps += 1 + text.n / 64;
	note_read(ev, name, false, defined, defined ? text : STR_NULL);
	return defined ? value(EXPR_STRING, text) : value(EXPR_NULL, STR_NULL);
}

static struct expr_value read_input(struct eval *ev, struct str name)
{
	struct expr_value v = value(EXPR_NULL, STR_NULL);
	bool defined = ev->env->input && ev->env->input(ev->env->ctx, name, &v);

	if (!defined)
		v = value(EXPR_NULL, STR_NULL);
	note_read(ev, name, true, defined, to_s(&v));
	return v;
}

static bool has_own_type(const struct expr_value *v)
{
	return v->kind == EXPR_NUMBER || v->kind == EXPR_LIST;
}

/*
 * nil equals nil alone; true and false equal the strings of their names. Numbers and lists, which
 * only inputs can be, equal no string.
 */
static bool equal(struct eval *ev, const struct expr_value *l, const struct expr_value *r)
{
	if (l->kind == EXPR_REGEX && r->kind != EXPR_REGEX) {
		fail(ev, STR("a regular expression is compared with something else"));
		return false;
	}
	if (l->kind == EXPR_NULL || r->kind == EXPR_NULL)
		return l->kind == r->kind;
	if (l->kind == EXPR_REGEX)
		return str_eq(l->str, r->str);
	if (r->kind == EXPR_REGEX)
		return false;
	if ((has_own_type(l) || has_own_type(r)) && l->kind != r->kind)
		return false;
	if (l->kind == EXPR_NUMBER)
		return str_eq(l->str, r->str) || l->number == r->number;
	return str_eq(to_s(l), to_s(r));
}

/* `=~` with anything that is present on the right: a search, or a substring test the other way. */
static bool matches(struct eval *ev, const struct expr_value *l, const struct expr_value *r)
{
	const struct regex *re = r->re;
	struct str why;

	if (has_own_type(r)) {
		fail(ev, STR("a number or a list is used as a regular expression"));
		return false;
	}
	if (r->kind == EXPR_BOOL) {
		fail(ev, STR("a boolean is used as a regular expression"));
		return false;
	}
	if (r->kind == EXPR_STRING)
		re = expr_regex(ev->a, r->str, &why);
	if (!re)
		return str_find(r->str, to_s(l)) != STR_NPOS;
	switch (regex_search_counted(re, to_s(l), NULL, 0, &ev->steps)) {
	case REGEX_YES:
		return true;
	case REGEX_NO:
		return false;
	case REGEX_LIMIT:
		break;
	}
	fail(ev, arena_printf(ev->a, "the regular expression " STR_FMT " takes too many steps",
			 STR_ARG(r->str)));
	return false;
}

/* nil or false: what && and || stop or go on at. The empty string is neither. */
static bool falsy(const struct expr_value *v)
{
	return v->kind == EXPR_NULL || (v->kind == EXPR_BOOL && !v->boolean);
}

static struct expr_value evaluate(struct eval *ev, const struct expr_node *n);

static struct expr_value binary(struct eval *ev, const struct expr_node *n)
{
	struct expr_value l = evaluate(ev, n->left), r;
	enum token_kind k = n->tok.kind;

	if (k == TOK_AND && falsy(&l))
		return l;
	if (k == TOK_OR && !falsy(&l))
		return l;
	r = evaluate(ev, n->right);
	switch (k) {
	case TOK_EQ:
		return boolean(equal(ev, &l, &r));
	case TOK_NE:
		return boolean(!equal(ev, &l, &r));
	case TOK_MATCH:
		return boolean(!falsy(&r) && matches(ev, &l, &r));
	case TOK_NO_MATCH:
		return boolean(falsy(&r) || !matches(ev, &l, &r));
	case TOK_AND:
	case TOK_OR:
	case TOK_OPEN:
	case TOK_CLOSE:
	case TOK_INPUT:
	case TOK_VARIABLE:
	case TOK_STRING:
	case TOK_REGEX:
	case TOK_NULL:
	case TOK_BOOL:
	case TOK_NOT:
		break;
	}
	return r;
}

static struct expr_value evaluate(struct eval *ev, const struct expr_node *n)
{
	struct expr_value v;

	switch (n->tok.kind) {
	case TOK_VARIABLE:
		return read_variable(ev, n->tok.value);
	case TOK_INPUT:
		return read_input(ev, n->tok.value);
	case TOK_STRING:
		return value(EXPR_STRING, n->tok.value);
	case TOK_REGEX:
		v = value(EXPR_REGEX, n->tok.value);
		v.re = n->re;
		return v;
	case TOK_BOOL:
		return boolean(n->tok.boolean);
	case TOK_NOT:
		v = evaluate(ev, n->right);
		return boolean(!expr_truthy(&v));
	case TOK_EQ:
	case TOK_NE:
	case TOK_MATCH:
	case TOK_NO_MATCH:
	case TOK_AND:
	case TOK_OR:
		return binary(ev, n);
	case TOK_NULL:
	case TOK_OPEN:
	case TOK_CLOSE:
		break;
	}
	return value(EXPR_NULL, STR_NULL);
}

bool expr_truthy(const struct expr_value *v)
{
	switch (v->kind) {
	case EXPR_NULL:
		return false;
	case EXPR_BOOL:
		return v->boolean;
	case EXPR_STRING:
		return !str_is_blank(v->str);
	case EXPR_LIST:
		return !str_is(v->str, "[]");
	case EXPR_NUMBER:
	case EXPR_REGEX:
		return true;
	}
	return false;
}

bool expr_eval(const struct expr *e, struct arena *a, const struct expr_env *env,
	struct expr_trace *trace, struct expr_value *out, struct str *failed)
{
	struct eval ev = {.a = a, .env = env, .trace = trace};
	struct expr_value v = evaluate(&ev, e->root);

	if (env->steps)
		*env->steps += ev.steps;
	if (ev.failed.p)
		v = value(EXPR_NULL, STR_NULL);
	if (out)
		*out = v;
	if (failed)
		*failed = ev.failed;
	return expr_truthy(&v);
}

/* The start of a long value, up to a whole character. */
static struct str shown(struct str s)
{
	size_t n = MAX_SHOWN;

	if (s.n <= n)
		return s;
	while (n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n--;
	return str_sub(s, 0, n);
}

struct str expr_trace_text(struct arena *a, const struct expr_trace *t)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (const struct expr_read *r = t->first; r; r = r->next) {
		if (b.n)
			buf_adds(&b, ", ");
		buf_printf(&b, r->input ? "input '" STR_FMT "'" : "$" STR_FMT, STR_ARG(r->name));
		if (r->defined)
			buf_printf(&b, " is \"" STR_FMT "%s\"", STR_ARG(shown(r->value)),
				r->value.n > MAX_SHOWN ? "..." : "");
		else
			buf_adds(&b, " is undefined");
	}
	return arena_str(a, buf_str(&b));
}
