/*
 * Diagnostics: what is wrong with a definition, where, and notes that lead there. Compilation goes
 * on after an error; a pass adds to the list and returns its best result.
 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "base/util.h"

/*
 * 1-based place in a source; line 0 means nowhere. col counts characters (UTF-8), as editors do.
 * Every node has two of them, hence the bit-fields; loc_at() keeps to the largest that fit.
 */
struct loc {
	uint64_t source : 14, line : 26, col : 24;
};
#define LOC_SOURCE_MAX 16383u
#define LOC_LINE_MAX   67108863u
#define LOC_COL_MAX    16777215u
static inline struct loc loc_at(size_t source, size_t line, size_t col)
{
	return (struct loc){MIN(source, (size_t)LOC_SOURCE_MAX), MIN(line, (size_t)LOC_LINE_MAX),
		MIN(col, (size_t)LOC_COL_MAX)};
}
/* Whether a stands before b, files in the order in which they were read. */
static inline bool loc_before(struct loc a, struct loc b)
{
	if (a.source != b.source)
		return a.source < b.source;
	return a.line != b.line ? a.line < b.line : a.col < b.col;
}

struct span {
	struct loc begin, end; /* end is the place behind the last character */
};
#define SPAN_NONE ((struct span){{0, 0, 0}, {0, 0, 0}})

enum diag_level { DIAG_NOTE, DIAG_WARNING, DIAG_ERROR };

struct diag_note {
	struct span at; /* SPAN_NONE: a plain sentence */
	struct str text;
	struct diag_note *next;
};

struct diag {
	enum diag_level level;
	const char *code; /* stable name, e.g. "unknown-keyword"; tests and programs rely on it */
	struct span at;
	struct str text;   /* cilocal's words: lower case, no full stop, subject in quotes */
	struct str gitlab; /* GitLab's own wording where it has one (may be empty) */
	struct str job;    /* the job concerned, or empty */
	struct diag_note *notes, **notes_tail;
	struct diag *next;
};

struct arena;
struct diags {
	struct arena *arena;
	struct diag *first, **tail;
	unsigned errors, warnings;
	unsigned left_out;   /* errors that were only counted: enough are known already */
	struct diag **slots; /* by hash of place and text, to find identical ones; NULL = free */
	size_t n, n_slots;
};

void diags_init(struct diags *d, struct arena *a);

/* Adds one; texts are copied into the arena. Identical ones (level, code, place, text) add once. */
struct diag *diag_add(struct diags *d, enum diag_level level, const char *code, struct span at,
	const char *fmt, ...) PRINTF_LIKE(5, 6);
struct diag *diag_vadd(struct diags *d, enum diag_level level, const char *code, struct span at,
	const char *fmt, va_list ap) PRINTF_LIKE(5, 0);
#define diag_error(d, code, at, ...) diag_add((d), DIAG_ERROR, (code), (at), __VA_ARGS__)
#define diag_warn(d, code, at, ...)  diag_add((d), DIAG_WARNING, (code), (at), __VA_ARGS__)

/* A note under a diagnostic; diag may be NULL (then nothing happens). */
void diag_note(struct diags *d, struct diag *diag, struct span at, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
void diag_set_job(struct diags *d, struct diag *diag, struct str job);
/* GitLab's wording for the same fault, which the printed message carries so that a search finds it.
 */
void diag_set_gitlab(struct diags *d, struct diag *diag, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
