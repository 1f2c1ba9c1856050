/*
 * Path patterns in the two dialects that GitLab knows, compiled once and matched in time linear in
 * pattern times path (no backtracking).
 */
#ifndef EXPR_GLOB_H
#define EXPR_GLOB_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct arena;
struct glob;

enum glob_dialect {
	/* rules:changes and rules:exists: Ruby's File.fnmatch with PATHNAME | DOTMATCH | EXTGLOB.
	 */
	GLOB_FNMATCH,
	/* artifacts:paths and cache:paths: doublestar v4, as GitLab Runner uses it. */
	GLOB_DOUBLESTAR
};

/*
 * Compiles; the result lives in the arena. A pattern that is malformed in its dialect matches
 * nothing: *why (may be NULL) then says so, and is otherwise emptied.
 */
const struct glob *glob_new(
	struct arena *a, struct str pattern, enum glob_dialect dialect, struct str *why);
bool glob_match(const struct glob *g, struct str path);

/* For a single use. */
bool glob_match_once(struct str pattern, enum glob_dialect dialect, struct str path);

/*
 * A pattern for names that are no paths, as those of jobs: a slash is like any character. Brackets
 * may stand for themselves ("test: [gcc*") or hold choices ("test-[ab]").
 */
bool glob_match_name(struct str pattern, struct str name);

/* Whether any character of the pattern is special. */
bool glob_is_literal(struct str pattern);

/*
 * The literal directory in front of the first special character, without a slash at its end:
 * "build" for "build/x*.o", "" for "*.o"; for a literal pattern the whole of it.
 */
struct str glob_base(struct str pattern);

#endif
