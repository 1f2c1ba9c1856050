/*
 * Bytes to lines. A line reaches the callback without its line feed; one that grows beyond the cap
 * comes in pieces. Whole lines inside a chunk are views of the chunk, nothing is copied.
 */
#ifndef LOG_LINE_H
#define LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/str.h"

struct lines {
	struct buf part; /* the line that has not ended */
	size_t max;
};

/* whole is false for a piece of a line that is too long (the rest follows) and for a last line
 * without a line feed. */
typedef void line_fn(void *arg, struct str line, bool whole);

void lines_init(struct lines *l, size_t max);
void lines_release(struct lines *l);
void lines_feed(struct lines *l, struct str bytes, line_fn *fn, void *arg);
void lines_flush(struct lines *l, line_fn *fn, void *arg);

#endif
