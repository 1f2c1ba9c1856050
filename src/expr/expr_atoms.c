#include "base/base.h"

#include "expr/expr_internal.h"

struct walk {
	const struct expr *e;
	expr_atom_fn *fn;
	void *ctx;
};

/* First and last byte of a piece. */
static void extent(const struct expr_node *n, size_t *from, size_t *to)
{
	*from = MIN(*from, n->tok.at);
	*to = MAX(*to, n->tok.at + n->tok.len);
	if (n->left)
		extent(n->left, from, to);
	if (n->right)
		extent(n->right, from, to);
}

static bool ask_other(struct walk *w, const struct expr_node *n)
{
	size_t from = SIZE_MAX, to = 0;

	extent(n, &from, &to);
	return w->fn(w->ctx, &(struct expr_atom){.kind = EXPR_ATOM_OTHER,
				     .name = str_sub(w->e->text, from, to)});
}

static bool is_text(const struct expr_node *n)
{
	return n->tok.kind == TOK_STRING || n->tok.kind == TOK_BOOL;
}

static struct str text_of(const struct expr_node *n)
{
	if (n->tok.kind == TOK_BOOL)
		return n->tok.boolean ? STR("true") : STR("false");
	return n->tok.value;
}

/* $A == x, the variable on either side. */
static bool ask_equal(struct walk *w, const struct expr_node *n)
{
	const struct expr_node *l = n->left, *r = n->right;
	struct expr_atom a = {.kind = EXPR_ATOM_OTHER};

	if (l->tok.kind != TOK_VARIABLE) {
		l = n->right;
		r = n->left;
	}
	if (l->tok.kind != TOK_VARIABLE)
		return ask_other(w, n);
	a.name = l->tok.value;
	if (r->tok.kind == TOK_NULL) {
		a.kind = EXPR_ATOM_NULL;
	} else if (is_text(r)) {
		a.kind = EXPR_ATOM_IS;
		a.text = text_of(r);
	} else if (r->tok.kind == TOK_VARIABLE) {
		a.kind = EXPR_ATOM_SAME;
		a.text = r->tok.value;
	} else {
		return ask_other(w, n);
	}
	return w->fn(w->ctx, &a);
}

static bool ask_match(struct walk *w, const struct expr_node *n)
{
	if (n->left->tok.kind != TOK_VARIABLE || n->right->tok.kind != TOK_REGEX)
		return ask_other(w, n);
	return w->fn(w->ctx, &(struct expr_atom){.kind = EXPR_ATOM_MATCH,
				     .name = n->left->tok.value,
				     .text = n->right->tok.value,
				     .re = n->right->re});
}

/* Both sides are always asked about, so that a first walk meets every atom. */
static bool holds(struct walk *w, const struct expr_node *n)
{
	bool l, r;

	switch (n->tok.kind) {
	case TOK_AND:
	case TOK_OR:
		l = holds(w, n->left);
		r = holds(w, n->right);
		return n->tok.kind == TOK_AND ? l && r : l || r;
	case TOK_NOT:
		return !holds(w, n->right);
	case TOK_EQ:
		return ask_equal(w, n);
	case TOK_NE:
		return !ask_equal(w, n);
	case TOK_MATCH:
		return ask_match(w, n);
	case TOK_NO_MATCH:
		return !ask_match(w, n);
	case TOK_VARIABLE:
		return w->fn(
			w->ctx, &(struct expr_atom){.kind = EXPR_ATOM_TRUE, .name = n->tok.value});
	case TOK_BOOL:
		return n->tok.boolean;
	case TOK_STRING:
		return !str_is_blank(n->tok.value);
	case TOK_NULL:
		return false;
	case TOK_REGEX:
	case TOK_INPUT:
	case TOK_OPEN:
	case TOK_CLOSE:
		break;
	}
	return ask_other(w, n);
}

bool expr_holds(const struct expr *e, expr_atom_fn *fn, void *ctx)
{
	struct walk w = {e, fn, ctx};

	return holds(&w, e->root);
}
