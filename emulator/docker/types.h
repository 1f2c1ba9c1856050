/* What the calls of this room have in common: lists, the handle of a call, its completion. */
#ifndef DOCKER_TYPES_H
#define DOCKER_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct error;
struct engine;

/* Borrowed lists. Everything given to a call is read before the call returns; nothing is kept. */
struct docker_strs {
	const struct str *v;
	size_t n;
};
struct docker_kv {
	struct str key, value;
};
struct docker_kvs {
	const struct docker_kv *v;
	size_t n;
};

struct str docker_kv_get(struct docker_kvs kvs, const char *key); /* p is NULL when absent */

/*
 * One call under way. Every call has exactly one completion, never from inside the function that
 * started it; after the completion the handle is gone. In completions err is NULL on success;
 * result data is valid during the completion only: copy what you keep.
 */
struct docker_call;

/* The completion comes on a later turn with domain CANCELLED. */
void docker_call_cancel(struct docker_call *c);
/* For calls that stream: hold output back, let it flow (and ask a producer again). */
void docker_call_pause(struct docker_call *c);
void docker_call_resume(struct docker_call *c);

typedef void docker_done_fn(void *arg, struct error *err);
/* Output of a container or exec: stream is 1 (stdout, or a terminal's output) or 2 (stderr). */
typedef void docker_output_fn(void *arg, int stream, struct str data);

#endif
