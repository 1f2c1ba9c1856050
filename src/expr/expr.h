/*
 * The language of `rules:if`, `only:variables` and rules of inputs: text to a tree, tree to a
 * value. Source of the rules: GitLab, lib/gitlab/ci/pipeline/expression (lexer, parser, lexemes).
 */
#ifndef EXPR_EXPR_H
#define EXPR_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/diag.h"
#include "base/str.h"

struct arena;
struct regex;
struct expr;

enum expr_kind { EXPR_NULL, EXPR_BOOL, EXPR_STRING, EXPR_REGEX, EXPR_NUMBER, EXPR_LIST };

struct expr_value {
	enum expr_kind kind;
	bool boolean;
	double number;  /* NUMBER */
	struct str str; /* STRING; of NUMBER and LIST as Ruby prints them; for REGEX its source
			   with slashes and flags */
	const struct regex *re; /* REGEX */
};

struct expr_error {
	struct span
		at; /* inside the expression where the text sits on one line; else the whole node */
	struct str text; /* arena */
};

/*
 * Parses; NULL with *err filled where GitLab says "invalid expression syntax" (which covers a
 * regular expression that RE2 refuses). `at` is the span of the scalar that holds the text: when
 * the scalar is plain or quoted on one line, positions are exact. The tree keeps text and
 * positions. The arena must live as long as the tree, and so must text.
 */
const struct expr *expr_parse(
	struct arena *a, struct str text, struct span at, struct expr_error *err);

/* Answers for a name: true and *value, or false where it is undefined (null). */
typedef bool expr_lookup_fn(void *ctx, struct str name, struct str *value);
/* The same for $[[ inputs.NAME ]]; values may be of any kind. */
typedef bool expr_input_fn(void *ctx, struct str name, struct expr_value *value);

struct expr_env {
	expr_lookup_fn *variable;
	expr_input_fn *input; /* NULL outside the rules of inputs: every input is then null */
	void *ctx;
	uint64_t *steps; /* NULL, or what the evaluation took is added: searches, long values */
};

/* What an evaluation read, in order, each name once; made in the arena given to expr_eval. */
struct expr_read {
	struct str name;  /* without the dollar sign */
	struct str value; /* empty where undefined */
	bool defined;
	bool input;
	struct expr_read *next;
};
struct expr_trace {
	struct expr_read *first, **tail;
};
void expr_trace_init(struct expr_trace *t);

/*
 * Evaluates; true when the value is present (GitLab's verdict: not null, false, empty or blank).
 * out and trace may be NULL. Where GitLab fails at run time the value is null and the verdict
 * false; then *failed (may be NULL) says why, otherwise it is emptied. Scratch and results: arena
 * a.
 */
bool expr_eval(const struct expr *e, struct arena *a, const struct expr_env *env,
	struct expr_trace *trace, struct expr_value *out, struct str *failed);

/* GitLab's truth for a value. */
bool expr_truthy(const struct expr_value *v);

/* Every variable ($NAME) that the expression mentions, in order of appearance, for lint. */
typedef void expr_variable_fn(void *ctx, struct str name, struct span at);
void expr_each_variable(const struct expr *e, expr_variable_fn *fn, void *ctx);

/* What an expression is put together from with && and || and !, for reasoning about it. */
enum expr_atom_kind {
	EXPR_ATOM_TRUE,  /* $NAME */
	EXPR_ATOM_NULL,  /* $NAME == null */
	EXPR_ATOM_IS,    /* $NAME == "TEXT" */
	EXPR_ATOM_SAME,  /* $NAME == $TEXT */
	EXPR_ATOM_MATCH, /* $NAME =~ TEXT */
	EXPR_ATOM_OTHER  /* anything else: NAME is its text */
};
struct expr_atom {
	enum expr_atom_kind kind;
	struct str name, text;
	const struct regex *re; /* MATCH */
};
/* Whether the atom is to be taken as true. */
typedef bool expr_atom_fn(void *ctx, const struct expr_atom *a);
/*
 * The verdict if each atom were as fn says; all of them are asked about. != and !~ are asked as the
 * negation of == and =~. The empty string, which GitLab's && and || take for neither, is false.
 */
bool expr_holds(const struct expr *e, expr_atom_fn *fn, void *ctx);

/* The whole text. */
struct str expr_text(const struct expr *e);

/* `$A is "x", $B is undefined`, for explain; empty when nothing was read. */
struct str expr_trace_text(struct arena *a, const struct expr_trace *t);

#endif
