/*
 * Two-way connections: attach and exec start. They are HTTP requests that turn into a raw stream
 * (Upgrade: tcp), with stdin going out, framed output coming in, and a half-close for end of input.
 */
#ifndef DOCKER_RAW_H
#define DOCKER_RAW_H

#include "emulator/docker/types.h"

struct raw;

/* The engine has switched the connection: output from here on is not lost. Now start the container.
 */
typedef void raw_open_fn(void *arg);
/* Everything queued by raw_write() has been taken by the engine's socket. */
typedef void raw_drain_fn(void *arg);

struct raw_options {
	bool stdin_open; /* connect standard input */
	bool no_stdout, no_stderr;
	bool tty;                 /* output is not framed; all of it is stream 1 */
	bool logs;                /* attach: replay what was logged before */
	docker_output_fn *output; /* may be NULL: dropped */
	raw_open_fn *open;        /* optional */
	raw_drain_fn *drain;      /* optional */
	/* Exactly once: the engine closed the stream (err NULL), or it failed, or was cancelled. */
	docker_done_fn *done;
	void *arg; /* for all callbacks */
};

/* POST /containers/ID/attach. Output and stdin flow when the container runs; attach before start.
 */
struct raw *docker_attach(struct engine *e, struct str id, const struct raw_options *o);
/* POST /exec/ID/start. The process starts with it; done comes at its end, then inspect the exec. */
struct raw *docker_exec_start(struct engine *e, struct str exec_id, const struct raw_options *o);

/* Queues a copy; allowed before open. Ignored after close_stdin and once the stream has failed. */
void raw_write(struct raw *r, const void *data, size_t n);
size_t raw_unwritten(const struct raw *r); /* bytes that the engine's socket has not taken yet */
void raw_close_stdin(struct raw *r);       /* half-close, after what is queued */
/* Reads no more; what was read already (up to 256 KiB) still arrives. The engine is held back. */
void raw_pause(struct raw *r);
void raw_resume(struct raw *r);
void raw_cancel(struct raw *r); /* completion on a later turn with domain CANCELLED */

#endif
