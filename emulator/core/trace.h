/*
 * Named trace channels for people who look inside: CILOCAL_TRACE=http,job or -v. One test and
 * branch when off. A trace line never holds headers with credentials, request bodies or variable
 * values.
 */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include <stdarg.h>
#include "base/str.h"
#include "base/util.h"

struct error;

/* X(constant suffix, name in CILOCAL_TRACE, level of -v that turns it on; 0: never) */
#define TRACE_CHANNELS(X)      \
	X(LOAD, "load", 1)     \
	X(JOB, "job", 1)       \
	X(RUN, "run", 1)       \
	X(DOCKER, "docker", 2) \
	X(GIT, "git", 2)       \
	X(STORE, "store", 2)   \
	X(HTTP, "http", 3)     \
	X(PROC, "proc", 3)     \
	X(LOOP, "loop", 4)

enum trace_channel {
#define TRACE_ENUM(id, name, level) TRACE_##id,
	TRACE_CHANNELS(TRACE_ENUM)
#undef TRACE_ENUM
		TRACE_N
};

extern unsigned trace_mask;
#define trace_on(ch) (__builtin_expect((trace_mask >> (ch)) & 1u, 0))
/* TRACE(HTTP, "...", ...): the channel without its prefix. */
#define TRACE(id, ...)                                        \
	do {                                                  \
		if (trace_on(TRACE_##id))                     \
			trace_write(TRACE_##id, __VA_ARGS__); \
	} while (0)

/* "CHANNEL: text" and a newline. Use TRACE(), which tests first. */
void trace_write(enum trace_channel ch, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Turns on a comma-separated list ("all" for all). -1 with the known names on an unknown one. */
int trace_enable(struct str list, struct error *err);
/* Turns on what that many -v turn on; never turns anything off. */
void trace_verbosity(unsigned level);

/* Where lines go, newline included; NULL: standard error. The command line puts masking here. */
typedef void trace_output_fn(void *arg, struct str line);
void trace_set_output(trace_output_fn *fn, void *arg);

#endif
