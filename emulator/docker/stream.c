#include "base/base.h"
#include "emulator/docker/stream.h"

#include "emulator/core/error.h"

/* Stream 3 carries an error of the engine itself (moby, pkg/stdcopy: Systemerr). */
#define STREAM_ERROR 3
#define HEADER       8

void stream_init(struct stream *s, bool tty)
{
	memset(s, 0, sizeof(*s));
	s->tty = tty;
}

/* Takes bytes of a header; the header is complete when have is HEADER. */
static void take_header(struct stream *s, struct str *in)
{
	size_t n = MIN(in->n, (size_t)(HEADER - s->have));

	memcpy(s->head + s->have, in->p, n);
	s->have = (uint8_t)(s->have + n);
	*in = str_from(*in, n);
}

static int read_header(struct stream *s, struct error *err)
{
	const unsigned char *h = s->head;

	if (h[0] > STREAM_ERROR || h[1] || h[2] || h[3])
		return error_set(err, ERR_DOCKER, 0,
			"the engine's output is not framed as expected (header %02x %02x %02x "
			"%02x)",
			h[0], h[1], h[2], h[3]);
	s->id = h[0];
	s->left = (uint32_t)h[4] << 24 | (uint32_t)h[5] << 16 | (uint32_t)h[6] << 8 | h[7];
	if (!s->left)
		s->have = 0;
	return 0;
}

static int take_payload(
	struct stream *s, struct str *in, docker_output_fn *fn, void *arg, struct error *err)
{
	struct str piece = str_sub(*in, 0, s->left);

	*in = str_from(*in, piece.n);
	s->left -= (uint32_t)piece.n;
	if (!s->left)
		s->have = 0;
	if (s->id == STREAM_ERROR)
		return error_set(err, ERR_DOCKER, 0, "Error response from daemon: " STR_FMT,
			STR_ARG(str_trim(piece)));
	if (fn)
		fn(arg, s->id == 2 ? 2 : 1, piece);
	return 0;
}

int stream_feed(struct stream *s, struct str in, docker_output_fn *fn, void *arg, struct error *err)
{
	if (s->tty) {
		if (fn && in.n)
			fn(arg, 1, in);
		return 0;
	}
	while (in.n) {
		if (s->have < HEADER) {
			take_header(s, &in);
			if (s->have == HEADER && read_header(s, err))
				return -1;
			continue;
		}
		if (take_payload(s, &in, fn, arg, err))
			return -1;
	}
	return 0;
}

int stream_end(const struct stream *s, struct error *err)
{
	if (s->tty || !s->have)
		return 0;
	return error_set(err, ERR_DOCKER, 0, "the engine's output ended inside a frame");
}
