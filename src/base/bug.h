/* The two ways in which the program ends itself: a broken invariant, and memory exhaustion. */
#ifndef BASE_BUG_H
#define BASE_BUG_H

#include <stddef.h>
#include "base/util.h"

/* A broken invariant of ours: prints file, line and text, then aborts. Never for bad input. */
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)

void bug_at(const char *file, int line, const char *fmt, ...) NORETURN PRINTF_LIKE(3, 4);

/* The one exit on exhausted memory; n is the size that could not be had (0: unknown). */
void die_oom(size_t n) NORETURN;

#endif
