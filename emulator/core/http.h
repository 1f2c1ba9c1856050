/*
 * HTTP client: libcurl's multi interface on the loop. One struct http_call per transfer, exactly
 * one completion each. Connections are kept alive and shared by everything on one struct http.
 * libcurl is loaded when the first transfer starts (see README.md for what that saves).
 */
#ifndef CORE_HTTP_H
#define CORE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct error;
struct loop;
struct http;
struct buf;
struct http_call;

struct http_response {
	long status;        /* 0 when no answer came */
	struct str body;    /* what was collected; empty where a chunk callback took it */
	struct str headers; /* raw lines of the last header block, for http_header() */
	struct str url;     /* the last URL after redirects */
};

/* Value of a header, case of the name ignored, white space trimmed; p is NULL when absent. */
struct str http_header(const struct http_response *r, const char *name);

/* err is NULL on success, whatever the status. All of r is valid during the call only. */
typedef void http_done_fn(void *arg, struct error *err, const struct http_response *r);
/* The headers are there (final ones, not 100 or a redirect that is followed). */
typedef void http_head_fn(void *arg, const struct http_response *r);
/* A piece of a 2xx (or 101) body, valid during the call. Call http_pause() to hold the rest back.
 */
typedef void http_chunk_fn(void *arg, struct str data);
/*
 * Fills buf with up to n bytes of the request's body. Returns how many, 0 at the end, HTTP_LATER
 * when there is nothing yet (http_resume() asks again), HTTP_ABORT to give the transfer up.
 */
typedef ptrdiff_t http_produce_fn(void *arg, char *buf, size_t n);
#define HTTP_LATER ((ptrdiff_t)-1)
#define HTTP_ABORT ((ptrdiff_t)-2)

struct http_tls {
	const char *ca_file;              /* NULL: the system's store */
	const char *cert_file, *key_file; /* NULL: no client certificate */
	bool insecure;                    /* do not verify the peer */
};

/* Everything here is copied by http_start(). Zero means default. */
struct http_request {
	const char *method;         /* NULL: GET */
	const char *url;            /* http:// or https:// */
	const char *unix_socket;    /* connect there instead of to the URL's host */
	const char *const *headers; /* "Name: value" lines, NULL-terminated; may be NULL */
	struct str body;            /* sent as it is */
	http_produce_fn *produce;   /* or asked for piece by piece, sent chunked */
	int64_t produce_size;       /* > 0: the length, sent as Content-Length instead of chunked */
	struct http_tls tls;
	bool follow;                 /* up to 10 redirects; credentials stay with the first host */
	size_t max_body;             /* of a collected body; 0: 16 MiB. More is an error */
	uint64_t connect_timeout_ms; /* 0: 10 s */
	uint64_t timeout_ms;         /* of the whole transfer; 0: none */
	uint64_t idle_timeout_ms;    /* with no byte in either direction; 0: none */

	http_head_fn *head;   /* optional */
	http_chunk_fn *chunk; /* NULL: the body is collected. Bodies of errors always are */
	http_done_fn *done;
	void *arg; /* for all four callbacks */
};

/* Adds "libcurl 7.88.1", or that it is missing; loads it. */
void http_library(struct buf *out);
struct http *http_new(struct loop *l); /* cheap; loads nothing */
/* Ends what is under way (each with its completion, CANCELLED, before this returns) and frees. */
void http_free(struct http *h);

/* Never fails here: a fault found at once is the completion on the next turn. */
struct http_call *http_start(struct http *h, const struct http_request *req);

/*
 * The completion comes on the next turn with domain CANCELLED; chunk and produce are not called any
 * more. A call whose completion has run is gone: don't touch it.
 */
void http_cancel(struct http_call *c);
/* Ends it without a completion; for an owner that goes down itself. */
void http_drop(struct http_call *c);
/* No more chunks; allowed inside the chunk callback. */
void http_pause(struct http_call *c);
void http_resume(struct http_call *c); /* chunks flow and produce is asked again */

/* Of a completion's error: the peer's certificate was refused. */
bool http_fault_is_certificate(const struct error *err);
/* Of a completion's error: the same question may have another answer in a second (no connection,
 * a time-out, an answer cut short). */
bool http_fault_may_pass(const struct error *err);

/* Percent-encodes everything but unreserved characters (RFC 3986, 2.3) onto b. */
void http_urlencode(struct buf *b, struct str s);

#endif
