/*
 * Where in a text may one of many phrases start? Answers with candidates only: every start of a
 * phrase is one, and few others are. Shared by mask.c and mask_find.c only.
 */
#ifndef LOG_MASK_FIND_H
#define LOG_MASK_FIND_H

#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

#define MASK_FIND_BYTES 3

/*
 * Each phrase belongs to one of eight groups, by its first byte. at[k][c] has a group's bit where a
 * phrase of it has the byte c at place k; a start needs one bit in all three. low and high say the
 * same of the halves of c, for processors that look 32 bytes up at once.
 */
struct mask_find {
	uint8_t at[MASK_FIND_BYTES][256];
	uint8_t low[MASK_FIND_BYTES][16], high[MASK_FIND_BYTES][16];
	uint8_t group[256]; /* of a first byte; 0: no phrase begins with it */
	unsigned groups;
};

/* Starts from all zeroes; text has at least one byte. */
void mask_find_add(struct mask_find *f, struct str text);

/*
 * The first candidate at or after `from`, n where there is none. A phrase that begins in the last
 * bytes and is cut off by the end is a candidate too.
 */
size_t mask_find_next(const struct mask_find *f, const char *p, size_t from, size_t n);

#endif
