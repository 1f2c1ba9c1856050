/* Shared by the regex files of src/expr; nobody else includes this. */
#ifndef EXPR_REGEX_INTERNAL_H
#define EXPR_REGEX_INTERNAL_H

#include "base/base.h"
#include "expr/regex.h"

/* RE2's kMaxRepeat: of one repetition, and of nested ones multiplied. */
#define REGEX_MAX_REPEAT 1000
/* RE2 refuses deeper nesting. */
#define REGEX_MAX_NESTING 1000

struct regex_src {
	struct arena *arena;
	struct str s;
	size_t at;
	struct buf *out;
	struct str why; /* p == NULL: no error yet */
	size_t why_at;
};

/* Records the first error; always false. */
bool regex_refuse(struct regex_src *r, size_t at, const char *what, struct str subject);

/* Translates RE2 syntax to PCRE2's; false with r->why where RE2 would refuse. groups: capturing
 * ones. */
bool regex_translate(struct regex_src *r, size_t *groups);

/* A bracket expression; r->at is behind the '['. */
bool regex_class(struct regex_src *r);

/* \p{Greek}, \pN, \P{^Lu}: r->at is at the p. Copies it when RE2 has such a form. */
bool regex_unicode_class(struct regex_src *r);

/*
 * An escape that stands for one character (\n, \x41, \x{41}, \012, \.); r->at is behind the
 * backslash. False with an error where RE2 knows none.
 */
bool regex_escaped_char(struct regex_src *r, size_t backslash, uint32_t *cp);

/* The next character of the pattern (valid UTF-8 was checked). */
uint32_t regex_next_char(struct regex_src *r);
void regex_put_char(struct buf *out, uint32_t cp);

#endif
