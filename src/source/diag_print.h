/*
 * Diagnostics as a compiler prints them: FILE:LINE:COL: error: MESSAGE [code], the source line,
 * carets under the span, then the notes in the same form.
 */
#ifndef SOURCE_DIAG_PRINT_H
#define SOURCE_DIAG_PRINT_H

#include <stdbool.h>
#include "base/diag.h"
#include "base/str.h"

struct arena;
struct buf;
struct source_set;

/* Appends one diagnostic with its notes, and the chain of includes that led to its file. */
void diag_print(struct buf *out, const struct source_set *set, const struct diag *d, bool color);

/* All of them: errors and warnings ordered by file and place, those without a place first. */
void diags_print(struct buf *out, const struct source_set *set, const struct diags *ds, bool color);

/*
 * The message alone, as lint --json has it: the text, followed by GitLab's wording in parentheses
 * where it differs: unknown keyword 'foo' (GitLab: "jobs:a config contains unknown keys: foo").
 */
struct str diag_message(struct arena *a, const struct diag *d);

/* The diagnostics in the order in which diags_print shows them: an arena array of *n pointers. */
const struct diag **diags_sorted(struct arena *a, const struct diags *ds, size_t *n);

/* Name of the source that a place lies in; empty for nowhere. */
struct str loc_file(const struct source_set *set, struct loc at);

#endif
