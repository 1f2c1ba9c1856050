/* For the files of this room only: the machinery under every typed call. */
#ifndef DOCKER_INTERNAL_H
#define DOCKER_INTERNAL_H

#include "base/buf.h"
#include "emulator/core/error.h"
#include "emulator/core/http.h"
#include "emulator/core/loop.h"
#include "emulator/docker/engine.h"
#include "emulator/docker/stream.h"
#include "emulator/docker/types.h"

enum engine_state { ENGINE_NEW, ENGINE_ASKING, ENGINE_READY };

struct engine {
	struct loop *loop;
	struct http *http;
	struct endpoint at; /* of ssh: with the relay's socket */
	struct ssh_relay *relay;
	struct error no_relay;
	enum engine_state state;
	unsigned major, minor; /* negotiated */
	char version[16];
	bool podman, elsewhere;
	struct http_call *asking;
	struct docker_call *calls; /* all that have not completed */
	struct raw *raws;
	bool closing;
};

/* Translates the answer and calls the user's completion. r is NULL where err says so. */
typedef void call_finish_fn(
	struct docker_call *c, struct error *err, const struct http_response *r);
/* The user's own completion, cast back by the finish function that knows its type. */
typedef void call_user_fn(void);

struct docker_call {
	struct engine *engine;
	struct http_call *http; /* NULL while waiting for negotiation, and for engine_connect() */
	struct loop_task task;
	struct error err;
	bool ended, again;

	const char *method, *content_type;
	struct buf path;         /* "/containers/x/start?t=1", percent-encoded */
	struct buf body, header; /* header: one more "Name: value" line */
	bool has_body, no_request;
	int also_ok; /* a status outside of 2xx that is a success too */
	size_t max_body;
	http_produce_fn *produce;
	http_head_fn *head;
	http_chunk_fn *chunk;
	void *stream_arg; /* for the three above */

	call_finish_fn *finish;
	call_user_fn *user;
	void *arg;

	/* Used by the calls that stream. */
	struct stream demux;
	docker_output_fn *output;
	call_user_fn *user_ready, *user_chunk;
	void *extra; /* owned: freed with release */
	void (*release)(void *extra);

	struct docker_call *next, *prev;
};

/* A call with its place in the engine's list. The caller fills it and hands it to call_go(). */
struct docker_call *call_new(struct engine *e, const char *method, call_finish_fn *finish,
	call_user_fn *user, void *arg);
/* Appends to the path: printf-like for fixed parts, encoded for everything that came from outside.
 */
void call_path(struct docker_call *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void call_path_arg(struct docker_call *c, struct str s);
/* Image names in paths: like call_path_arg but slashes and colons stay. */
void call_path_name(struct docker_call *c, struct str s);
/* Value of a filters= parameter that wants all these labels. */
void call_path_labels(struct docker_call *c, struct docker_strs labels);
struct docker_call *call_go(struct docker_call *c);

/* From inside a finish function: the same call goes on with another GET instead of ending. */
void call_again(struct docker_call *c, const char *path, call_finish_fn *finish);

/* A finish for calls whose completion is a docker_done_fn. */
void call_finish_plain(struct docker_call *c, struct error *err, const struct http_response *r);

/* For calls that stream: c->user_chunk is the user's http_chunk_fn, or http_produce_fn. */
void call_user_chunk(void *call, struct str data);
ptrdiff_t call_user_produce(void *call, char *buf, size_t n);

/* "Error response from daemon: ..." from an answer's status and body. */
int call_daemon_error(struct error *err, long status, struct str body);
/* Names the engine and says what to do. */
void call_explain_transport(const struct engine *e, struct error *err);
/* The same for an answer that is an error, to the first question. */
void call_explain_refusal(const struct engine *e, struct error *err);

/* engine.c: the negotiation has ended. */
void engine_ask(struct engine *e);
void call_negotiated(struct engine *e, const struct error *err);

/* URL up to and with the version prefix. */
void engine_url(const struct engine *e, bool versioned, struct buf *out);
void engine_tls(const struct engine *e, struct http_tls *tls);

/* raw.c */
void raw_abandon_all(struct engine *e);

#endif
