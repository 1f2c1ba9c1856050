#include "base/base.h"

#include "expr/expr_internal.h"

/*
 * GitLab's parser (parser.rb) is a shunting yard without a notion of which token may follow which,
 * so it takes some odd orders too, like operators behind their operands. It is rebuilt here as it
 * is, for what it takes must be taken.
 */

static int precedence(enum token_kind k)
{
	switch (k) {
	case TOK_NOT:
		return 1;
	case TOK_EQ:
	case TOK_NE:
	case TOK_MATCH:
	case TOK_NO_MATCH:
		return 10;
	case TOK_AND:
		return 11;
	case TOK_OR:
		return 12;
	case TOK_OPEN:
	case TOK_CLOSE:
	case TOK_INPUT:
	case TOK_VARIABLE:
	case TOK_STRING:
	case TOK_REGEX:
	case TOK_NULL:
	case TOK_BOOL:
		break;
	}
	return 0;
}

static bool is_operator(const struct token *t)
{
	return precedence(t->kind) > 0;
}

struct yard {
	struct arena *a;
	const struct token *output[EXPR_MAX_TOKENS], *stack[EXPR_MAX_TOKENS];
	size_t n_output, n_stack;
	struct expr_fault *f;
};

static bool fault(struct expr_fault *f, const struct token *t, struct str text)
{
	*f = (struct expr_fault){t->at, t->at + t->len, text};
	return false;
}

static void pop_while(struct yard *y, int at_most)
{
	while (y->n_stack && y->stack[y->n_stack - 1]->kind != TOK_OPEN &&
		precedence(y->stack[y->n_stack - 1]->kind) <= at_most)
		y->output[y->n_output++] = y->stack[--y->n_stack];
}

/* To reverse Polish notation. */
static bool sort(struct yard *y, const struct token *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct token *t = &v[i];

		if (t->kind == TOK_CLOSE) {
			pop_while(y, INT_MAX);
			if (!y->n_stack)
				return fault(y->f, t, STR("')' without '('"));
			y->n_stack--;
		} else if (t->kind == TOK_OPEN || t->kind == TOK_NOT) {
			y->stack[y->n_stack++] = t;
		} else if (is_operator(t)) {
			pop_while(y, precedence(t->kind));
			y->stack[y->n_stack++] = t;
		} else {
			y->output[y->n_output++] = t;
		}
	}
	while (y->n_stack) {
		const struct token *t = y->stack[--y->n_stack];

		if (t->kind == TOK_OPEN)
			return fault(y->f, t, STR("'(' is not closed"));
		y->output[y->n_output++] = t;
	}
	return true;
}

const struct regex *expr_regex(struct arena *a, struct str text, struct str *why)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct str pattern;
	unsigned flags;

	*why = STR_NULL;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\\' && i + 1 < text.n && text.p[i + 1] == '/')
			i++;
		buf_addc(&b, text.p[i]);
	}
	if (!regex_split(buf_str(&b), &pattern, &flags))
		return NULL;
	return regex_new(a, pattern, flags, why, NULL);
}

static struct expr_node *leaf(struct yard *y, const struct token *t)
{
	struct expr_node *n = arena_new(y->a, struct expr_node);
	struct str why;

	n->tok = *t;
	if (t->kind != TOK_REGEX)
		return n;
	n->re = expr_regex(y->a, t->value, &why);
	if (n->re)
		return n;
	fault(y->f, t,
		why.n ? arena_printf(y->a, "invalid regular expression: " STR_FMT, STR_ARG(why))
		      : STR("a regular expression must be on one line"));
	return NULL;
}

/* What GitLab's own classes break on; they would answer with an internal error. */
static bool check_operands(struct yard *y, const struct expr_node *n)
{
	enum token_kind k = n->tok.kind;

	if ((k == TOK_EQ || k == TOK_NE) && n->left->tok.kind == TOK_REGEX &&
		n->right->tok.kind != TOK_REGEX)
		return fault(y->f, &n->left->tok,
			STR("a regular expression cannot be compared: use =~ with it on the "
			    "right"));
	if ((k == TOK_MATCH || k == TOK_NO_MATCH) && n->right->tok.kind == TOK_BOOL &&
		n->right->tok.boolean)
		return fault(y->f, &n->right->tok, STR("expected a regular expression"));
	return true;
}

static struct expr_node *build(struct yard *y)
{
	struct expr_node *stack[EXPR_MAX_TOKENS], *n;
	size_t sp = 0;

	for (size_t i = 0; i < y->n_output; i++) {
		const struct token *t = y->output[i];
		size_t wants = t->kind == TOK_NOT ? 1 : is_operator(t) ? 2 : 0;

		if (sp < wants) {
			fault(y->f, t,
				arena_printf(
					y->a, "'" STR_FMT "' lacks an operand", STR_ARG(t->value)));
			return NULL;
		}
		n = leaf(y, t);
		if (!n)
			return NULL;
		n->right = wants ? stack[--sp] : NULL;
		n->left = wants == 2 ? stack[--sp] : NULL;
		if (wants == 2 && !check_operands(y, n))
			return NULL;
		stack[sp++] = n;
	}
	if (sp == 1)
		return stack[0];
	if (!sp)
		*y->f = (struct expr_fault){0, 0, STR("the expression is empty")};
	else
		fault(y->f, &stack[1]->tok, STR("an operator is missing before this"));
	return NULL;
}

static uint32_t chars(struct str s)
{
	uint32_t n = 0;

	for (size_t i = 0; i < s.n; n++) {
		size_t len = utf8_len(s.p + i, s.n - i);

		i += len ? len : 1;
	}
	return n;
}

struct span expr_place(struct str text, struct span at, size_t from, size_t to)
{
	struct span s = at;
	uint32_t width = at.end.col - at.begin.col, n = chars(text), quote;

	/* The scalar's own characters can only be found again when it was written without escapes.
	 */
	if (!at.begin.line || at.begin.line != at.end.line || (width != n && width != n + 2))
		return at;
	quote = width == n ? 0 : 1;
	s.begin.col += quote + chars(str_sub(text, 0, from));
	s.end = s.begin;
	s.end.col += MAX(chars(str_sub(text, from, to)), 1u);
	return s;
}

const struct expr *expr_parse(
	struct arena *a, struct str text, struct span at, struct expr_error *err)
{
	struct token v[EXPR_MAX_TOKENS];
	struct expr_fault f = {0, 0, STR_NULL};
	struct yard y = {.a = a, .f = &f};
	struct expr *e = arena_new(a, struct expr);

	e->text = text;
	e->at = at;
	if (expr_lex(a, text, v, &e->n_tokens, &f) && sort(&y, v, e->n_tokens))
		e->root = build(&y);
	if (!e->root) {
		err->at = expr_place(text, at, f.from, f.to);
		err->text = f.text;
		return NULL;
	}
	e->tokens = arena_alloc(a, sizeof(*v) * e->n_tokens);
	memcpy(e->tokens, v, sizeof(*v) * e->n_tokens);
	return e;
}

struct str expr_text(const struct expr *e)
{
	return e->text;
}

void expr_each_variable(const struct expr *e, expr_variable_fn *fn, void *ctx)
{
	for (size_t i = 0; i < e->n_tokens; i++) {
		const struct token *t = &e->tokens[i];

		if (t->kind == TOK_VARIABLE)
			fn(ctx, t->value, expr_place(e->text, e->at, t->at, t->at + t->len));
	}
}
