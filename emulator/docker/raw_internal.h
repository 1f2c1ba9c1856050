/* For raw.c and raw_http.c only. */
#ifndef DOCKER_RAW_INTERNAL_H
#define DOCKER_RAW_INTERNAL_H

#include "emulator/docker/docker_internal.h"
#include "emulator/docker/json.h"
#include "emulator/docker/raw.h"
#include "emulator/docker/raw_tls.h"

#include <uv.h>

enum raw_state {
	RAW_WAITING,    /* for negotiation */
	RAW_CONNECTING, /* name lookup and connect */
	RAW_HANDSHAKE,  /* the request is sent, the answer's head is read */
	RAW_REFUSED,    /* the body of an error is read */
	RAW_OPEN,
	RAW_ENDED
};

struct raw {
	struct engine *engine; /* NULL once the engine has gone */
	enum raw_state state;
	struct docker_call *negotiation;
	unsigned open; /* handles and requests that will still call back */
	bool connected, reading, paused, stdin_ending, stdin_ended, completed;
	union {
		uv_stream_t stream;
		uv_pipe_t pipe;
		uv_tcp_t tcp;
	} uv;
	bool uv_open;
	uv_connect_t connect;
	uv_getaddrinfo_t lookup;
	bool looking;
	uv_shutdown_t shutdown;
	char *read_buffer;
	struct raw_tls *tls; /* NULL: plain */
	struct buf plain;    /* what tls decrypted */

	const char *what;      /* "attach", "exec": for traces */
	struct buf path, body; /* of the request */
	struct buf head;       /* of the answer */
	struct buf refusal;    /* its body when it is an error */
	long status;
	struct buf waiting; /* stdin from before the stream was open */
	size_t unwritten;
	struct stream demux;
	struct raw_options o;
	struct error err;
	struct loop_task completion;
	struct raw *next, *prev;
};

/* raw_http.c: the request as text. */
void raw_write_request(const struct raw *r, struct buf *out);

enum raw_answer { RAW_NEED_MORE, RAW_SWITCHED, RAW_ERROR_STATUS, RAW_GARBAGE };
/*
 * Adds bytes of the answer. On RAW_SWITCHED and RAW_ERROR_STATUS *rest is what followed the head,
 * and status is set.
 */
enum raw_answer raw_read_answer(struct raw *r, struct str in, struct str *rest);
/* Adds bytes of an error's body; true when it is complete. */
bool raw_read_refusal(struct raw *r, struct str in);

#endif
