/*
 * Where log bytes end: a console, a file, memory. A sink takes masked bytes of one job's log, each
 * with the stream that they came from. Writing never blocks on anything but a file descriptor and
 * never fails towards the caller: a sink that cannot write remembers the first errno.
 */
#ifndef LOG_SINK_H
#define LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/str.h"

enum log_stream {
	LOG_RUNNER, /* lines of cilocal itself */
	LOG_OUT,    /* the job's stdout */
	LOG_ERR,    /* the job's stderr */
	LOG_SERVICE /* services' output */
};
#define LOG_STREAMS 4

struct sink;
struct sink_ops {
	void (*write)(struct sink *s, enum log_stream stream, struct str bytes);
	/* End of the log: complete what is held back. Called once, before free. */
	void (*end)(struct sink *s);
	void (*free)(struct sink *s);
};

struct sink {
	const struct sink_ops *ops;
	int error;         /* first errno, 0 */
	struct sink *next; /* the fan-out's list */
};

void sink_write(struct sink *s, enum log_stream stream, struct str bytes);
void sink_end(struct sink *s);
void sink_free(struct sink *s); /* NULL is fine */

/*
 * Raw bytes to a descriptor, in order, unbuffered (so that a reader of the file sees them at once).
 * close_fd: free closes it. A short write is continued; an error stops further writing.
 */
struct sink *sink_fd_new(int fd, bool close_fd);

/* The last `max` bytes of the log, cut at a line start where there is one. */
struct sink *sink_tail_new(size_t max);
/* The kept bytes, oldest first, appended to out. */
void sink_tail_get(struct sink *s, struct buf *out);

/*
 * Passes on to inner, which it owns, the first `max` bytes of a job and its services, then a
 * warning that names the place of the whole log (`more`, may be empty), then only the lines of
 * cilocal itself.
 */
struct sink *sink_limit_new(struct sink *inner, uint64_t max, struct str more);

/* Calls fn with each write; for tests, JSON events and diagnosis. */
typedef void sink_fn(void *arg, enum log_stream stream, struct str bytes);
struct sink *sink_fn_new(sink_fn *fn, void *arg);

/*
 * Calls fn with each whole line (no line end, ANSI sequences and section markers removed, CR
 * progress reduced to its last state); lines longer than 64 KiB come in pieces.
 */
typedef void sink_line_fn(void *arg, enum log_stream stream, struct str line);
struct sink *sink_lines_new(sink_line_fn *fn, void *arg);

#endif
