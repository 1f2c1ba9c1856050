/* Shared by the glob files of src/expr; nobody else includes this. */
#ifndef EXPR_GLOB_INTERNAL_H
#define EXPR_GLOB_INTERNAL_H

#include "base/base.h"
#include "expr/glob.h"

enum glob_item_kind {
	GLOB_CHAR,
	GLOB_ONE,  /* ? */
	GLOB_SET,  /* [...] */
	GLOB_STAR, /* any run without a slash */
	GLOB_DIRS, /* two stars and a slash at the start of a component: zero or more directories */
	GLOB_REST  /* doublestar: two stars as the last component */
};

struct glob_range {
	uint32_t lo, hi;
};

struct glob_item {
	enum glob_item_kind kind;
	bool negated;
	uint32_t cp;
	struct glob_range *ranges;
	size_t n_ranges;
};

/* One of the patterns that the braces expand to. */
struct glob_alt {
	struct glob_item *items;
	size_t n;
};

struct glob {
	enum glob_dialect dialect;
	struct glob_alt *alts;
	size_t n_alts;
};

/* The character at *at, which moves behind it; a byte that is no UTF-8 stands for itself, tagged.
 */
uint32_t glob_next(struct str s, size_t *at);

#endif
