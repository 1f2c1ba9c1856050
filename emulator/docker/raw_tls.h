/*
 * For raw.c only: TLS between memory and memory, for hijacked connections to engines on TCP.
 * (libcurl does TLS for all other requests, but has no half-close, which is the end of input for a
 * process.) OpenSSL is loaded when the first such connection is made.
 */
#ifndef DOCKER_RAW_TLS_H
#define DOCKER_RAW_TLS_H

#include <stdbool.h>
#include "base/str.h"

struct buf;
struct endpoint;
struct error;
struct raw_tls;

/* NULL with an error: no OpenSSL, unreadable certificates. The handshake starts with the first
 * feed. */
struct raw_tls *raw_tls_new(const struct endpoint *at, struct error *err);
void raw_tls_free(struct raw_tls *t);

/* Plain bytes for the peer; they wait for the end of the handshake by themselves. */
int raw_tls_write(struct raw_tls *t, struct str plain, struct error *err);
/* Our side has nothing more to say; what was written before goes first. */
void raw_tls_end(struct raw_tls *t);
/*
 * Bytes from the socket (none: to start the handshake). Decrypted ones go onto plain; *ended is set
 * when the peer has said that it will send no more. -1: a fault, or a certificate that is not good.
 */
int raw_tls_feed(
	struct raw_tls *t, struct str in, struct buf *plain, bool *ended, struct error *err);
/* Moves the bytes that want to go to the socket onto out. */
void raw_tls_take(struct raw_tls *t, struct buf *out);

#endif
