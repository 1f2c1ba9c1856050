/* Shared by the files of src/vars only. */
#ifndef VARS_VARS_INTERNAL_H
#define VARS_VARS_INTERNAL_H

#include "base/str.h"
#include "vars/varset.h"

enum ref_kind {
	REF_NONE,   /* no more references */
	REF_NAME,   /* $NAME, ${NAME}, %NAME% */
	REF_ESCAPE, /* $$ or %% where they count as one token */
	REF_EMPTY   /* ${} where it counts as a token */
};
struct ref {
	enum ref_kind kind;
	size_t begin, end; /* in the text */
	struct str name;
};

/*
 * The next reference at or behind from. escapes: $$, %% and ${} are tokens of their own (the
 * pattern of Collection::Item); without, they are plain text (the pattern of ExpandVariables).
 */
struct ref ref_next(struct str text, size_t from, bool escapes);

/* The highest definition of the stack whose layer is below `limit`, or NULL. */
const struct var *varset_get_below(const struct varset *s, struct str key, int limit);
/* The definition of exactly that layer that shows (the upper set's), or NULL. */
const struct var *varset_get_layer(const struct varset *s, struct str key, enum var_layer layer);

struct facts;
/* https://gitlab.example.com, with the port unless it is the protocol's own. */
struct str server_url(struct arena *a, const struct facts *f);

#endif
