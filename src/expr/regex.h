/*
 * The only door to a regular-expression engine. The dialect is RE2's, as GitLab uses it: what RE2
 * refuses (look-around, back-references, possessive and atomic groups, ...) is refused here too;
 * the pattern is translated for PCRE2, so that ^ $ . \s \v and the like mean what they mean in RE2.
 * Source of the dialect: RE2, doc/syntax.txt.
 */
#ifndef EXPR_REGEX_H
#define EXPR_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct buf;

struct arena;
struct regex;

enum {
	REGEX_I = 1,      /* case folded */
	REGEX_M = 2,      /* ^ and $ at lines too */
	REGEX_S = 4,      /* dot takes line ends too */
	REGEX_U = 8,      /* greedy and lazy swapped */
	REGEX_ANCHOR = 16 /* must match the whole subject */
};

/*
 * Compiles the bare pattern (no slashes); NULL with *why (arena text in RE2's words, e.g. "invalid
 * perl operator: (?=") and *at (byte offset in the pattern; may be NULL) where RE2 would refuse it.
 * Everything, PCRE2's own memory included, lives in the arena.
 */
const struct regex *regex_new(
	struct arena *a, struct str pattern, unsigned flags, struct str *why, size_t *at);

/*
 * "/pattern/flags" (flags of i s m U): takes the text apart. False where it is not of that form.
 * "\/" in the pattern stays as it is (RE2 reads it as a slash).
 */
bool regex_split(struct str text, struct str *pattern, unsigned *flags);

enum regex_result { REGEX_NO, REGEX_YES, REGEX_LIMIT };

/*
 * Unanchored search. caps (may be NULL) gets up to n_caps views of the groups, the whole match
 * first; a group that took no part has p == NULL. REGEX_LIMIT: gave up (RE2 would not have).
 */
enum regex_result regex_search(
	const struct regex *re, struct str subject, struct str *caps, size_t n_caps);
/* The same; adds the steps that it took to *steps. */
enum regex_result regex_search_counted(const struct regex *re, struct str subject, struct str *caps,
	size_t n_caps, uint64_t *steps);
/* Number of capturing groups, the whole match not counted. */
size_t regex_groups(const struct regex *re);

/* Adds "PCRE2 10.42". */
void regex_library(struct buf *out);

#endif
