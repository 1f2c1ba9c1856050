/* Shared by the expression files of src/expr; nobody else includes this. */
#ifndef EXPR_EXPR_INTERNAL_H
#define EXPR_EXPR_INTERNAL_H

#include "base/base.h"
#include "expr/expr.h"
#include "expr/regex.h"

/* GitLab, lib/gitlab/ci/pipeline/expression/lexer.rb: MAX_TOKENS is 100, and 100 are too many. */
#define EXPR_MAX_TOKENS 99

enum token_kind {
	TOK_OPEN,
	TOK_CLOSE,
	TOK_INPUT,
	TOK_VARIABLE,
	TOK_STRING,
	TOK_REGEX,
	TOK_NULL,
	TOK_BOOL,
	TOK_EQ,
	TOK_NE,
	TOK_MATCH,
	TOK_NO_MATCH,
	TOK_AND,
	TOK_OR,
	TOK_NOT
};

struct token {
	enum token_kind kind;
	size_t at, len;   /* bytes of the expression */
	struct str value; /* name, content of the string, or the expression with its slashes */
	bool boolean;
};

struct expr_node {
	struct token tok;
	const struct expr_node *left, *right; /* NOT has only a right one */
	const struct regex *re;
};

struct expr {
	struct str text;
	struct span at;
	const struct expr_node *root;
	struct token *tokens;
	size_t n_tokens;
};

/* A fault at [from, to) of the expression. */
struct expr_fault {
	size_t from, to;
	struct str text;
};

/* All tokens (at most EXPR_MAX_TOKENS into v); false with *f. */
bool expr_lex(struct arena *a, struct str text, struct token *v, size_t *n, struct expr_fault *f);

/* Place of [from, to) of an expression whose scalar is at `at`. */
struct span expr_place(struct str text, struct span at, size_t from, size_t to);

/*
 * A text as `=~` takes it for a regular expression: "\/" made "/", then /.../flags of RE2. NULL
 * with *why where it is none (why is empty when it does not even look like one).
 */
const struct regex *expr_regex(struct arena *a, struct str text, struct str *why);

#endif
