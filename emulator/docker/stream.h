/*
 * Docker's multiplexed output: 8 bytes of header (stream, three zeros, big-endian length), payload,
 * and so on. Resumable: input may be cut at any byte. Payload is passed on without copying.
 * (Docker Engine API, "Attach to a container", stream format.)
 */
#ifndef DOCKER_STREAM_H
#define DOCKER_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "emulator/docker/types.h"

struct stream {
	bool tty;              /* not framed: everything is stream 1 */
	unsigned char head[8]; /* a header that came in parts */
	uint8_t have;          /* bytes of it */
	uint8_t id;            /* stream of the payload under way */
	uint32_t left;         /* bytes of payload to come */
};

void stream_init(struct stream *s, bool tty);
/*
 * Calls fn for each piece of payload. -1 on a header that can't be (then the rest is dropped).
 * An engine's system error frame (stream 3) becomes the error's text.
 */
int stream_feed(
	struct stream *s, struct str in, docker_output_fn *fn, void *arg, struct error *err);
/* -1 when the input ended inside a frame. */
int stream_end(const struct stream *s, struct error *err);

#endif
