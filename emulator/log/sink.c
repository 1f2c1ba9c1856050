#include "base/base.h"
#include "emulator/log/sink.h"
#include "emulator/log/ansi.h"
#include "emulator/log/line.h"
#include "emulator/log/section.h"
#include "emulator/log/log_internal.h"

#include <poll.h>
#include <unistd.h>

#define LINE_MAX_BYTES (64 * 1024)

void sink_write(struct sink *s, enum log_stream stream, struct str bytes)
{
	if (bytes.n)
		s->ops->write(s, stream, bytes);
}

void sink_end(struct sink *s)
{
	s->ops->end(s);
}

void sink_free(struct sink *s)
{
	if (s)
		s->ops->free(s);
}

int log_write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);

		if (w >= 0) {
			p += w;
			n -= (size_t)w;
		} else if (errno == EAGAIN) {
			struct pollfd pf = {fd, POLLOUT, 0};

			if (poll(&pf, 1, -1) < 0 && errno != EINTR)
				return errno;
		} else if (errno != EINTR) {
			return errno;
		}
	}
	return 0;
}

struct str log_last_state(struct str line)
{
	size_t cr;

	while (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	cr = str_rchr(line, '\r');
	return cr == STR_NPOS ? line : str_from(line, cr + 1);
}

/* A descriptor. */

struct sink_fd {
	struct sink sink;
	int fd;
	bool close_fd;
};

static void fd_write(struct sink *s, enum log_stream stream, struct str bytes)
{
	struct sink_fd *f = container_of(s, struct sink_fd, sink);

	if (!s->error)
		s->error = log_write_all(f->fd, bytes.p, bytes.n);
}

static void fd_end(struct sink *s)
{
	UNUSED(s);
}

static void fd_free(struct sink *s)
{
	struct sink_fd *f = container_of(s, struct sink_fd, sink);

	if (f->close_fd)
		close(f->fd);
	free(f);
}

struct sink *sink_fd_new(int fd, bool close_fd)
{
	static const struct sink_ops ops = {fd_write, fd_end, fd_free};
	struct sink_fd *f = xcalloc(1, sizeof(*f));

	f->sink.ops = &ops;
	f->fd = fd;
	f->close_fd = close_fd;
	return &f->sink;
}

/* The last bytes: a ring. */

struct sink_tail {
	struct sink sink;
	char *ring;
	size_t max, n, at; /* n bytes are kept; the next one goes to at */
};

static void tail_write(struct sink *s, enum log_stream stream, struct str b)
{
	struct sink_tail *t = container_of(s, struct sink_tail, sink);
	size_t first;

	if (b.n > t->max)
		b = str_from(b, b.n - t->max);
	first = MIN(b.n, t->max - t->at);
	memcpy(t->ring + t->at, b.p, first);
	memcpy(t->ring, b.p + first, b.n - first);
	t->at = (t->at + b.n) % t->max;
	t->n = MIN(t->n + b.n, t->max);
}

static void tail_free(struct sink *s)
{
	struct sink_tail *t = container_of(s, struct sink_tail, sink);

	free(t->ring);
	free(t);
}

struct sink *sink_tail_new(size_t max)
{
	static const struct sink_ops ops = {tail_write, fd_end, tail_free};
	struct sink_tail *t = xcalloc(1, sizeof(*t));

	t->sink.ops = &ops;
	t->max = MAX(max, (size_t)1);
	t->ring = xmalloc(t->max);
	return &t->sink;
}

void sink_tail_get(struct sink *s, struct buf *out)
{
	struct sink_tail *t = container_of(s, struct sink_tail, sink);
	size_t start = (t->at + t->max - t->n) % t->max;
	size_t first = MIN(t->n, t->max - start), old = out->n, cut;

	buf_add(out, t->ring + start, first);
	buf_add(out, t->ring, t->n - first);
	if (t->n < t->max)
		return;
	cut = str_chr(str_from(buf_str(out), old), '\n');
	if (cut == STR_NPOS)
		return;
	memmove(out->p + old, out->p + old + cut + 1, out->n - old - cut - 1);
	buf_truncate(out, out->n - cut - 1);
}

/* A function. */

struct sink_call {
	struct sink sink;
	sink_fn *fn;
	void *arg;
};

static void call_write(struct sink *s, enum log_stream stream, struct str bytes)
{
	struct sink_call *c = container_of(s, struct sink_call, sink);

	c->fn(c->arg, stream, bytes);
}

static void call_free(struct sink *s)
{
	free(container_of(s, struct sink_call, sink));
}

struct sink *sink_fn_new(sink_fn *fn, void *arg)
{
	static const struct sink_ops ops = {call_write, fd_end, call_free};
	struct sink_call *c = xcalloc(1, sizeof(*c));

	c->sink.ops = &ops;
	c->fn = fn;
	c->arg = arg;
	return &c->sink;
}

/* Whole clean lines to a function. */

struct sink_lines {
	struct sink sink;
	struct {
		struct lines lines;
		struct section_filter sections;
	} of[LOG_STREAMS];
	enum log_stream now;
	struct buf clean;
	sink_line_fn *fn;
	void *arg;
};

static void clean_line(void *arg, struct str line, bool whole)
{
	struct sink_lines *l = arg;
	struct ansi a = ANSI_INIT;

	UNUSED(whole);
	buf_clear(&l->clean);
	ansi_strip(&a, line, &l->clean);
	l->fn(l->arg, l->now, log_last_state(buf_str(&l->clean)));
}

static void without_marks(void *arg, struct str bytes)
{
	struct sink_lines *l = arg;

	lines_feed(&l->of[l->now].lines, bytes, clean_line, l);
}

static void lines_write(struct sink *s, enum log_stream stream, struct str bytes)
{
	struct sink_lines *l = container_of(s, struct sink_lines, sink);

	/* As on the console: what the job wrote without a line end stands before the Runner's
	 * words. */
	for (int i = 0; stream == LOG_RUNNER && i < LOG_STREAMS; i++) {
		l->now = (enum log_stream)i;
		if (i != LOG_RUNNER)
			lines_flush(&l->of[i].lines, clean_line, l);
	}
	l->now = stream;
	section_feed(&l->of[stream].sections, bytes, without_marks, NULL, l);
}

static void lines_end(struct sink *s)
{
	struct sink_lines *l = container_of(s, struct sink_lines, sink);
	int i;

	for (i = 0; i < LOG_STREAMS; i++) {
		l->now = (enum log_stream)i;
		section_flush(&l->of[i].sections, without_marks, l);
		lines_flush(&l->of[i].lines, clean_line, l);
	}
}

static void lines_free(struct sink *s)
{
	struct sink_lines *l = container_of(s, struct sink_lines, sink);
	int i;

	for (i = 0; i < LOG_STREAMS; i++) {
		lines_release(&l->of[i].lines);
		section_filter_release(&l->of[i].sections);
	}
	buf_release(&l->clean);
	free(l);
}

struct sink *sink_lines_new(sink_line_fn *fn, void *arg)
{
	static const struct sink_ops ops = {lines_write, lines_end, lines_free};
	struct sink_lines *l = xcalloc(1, sizeof(*l));
	int i;

	l->sink.ops = &ops;
	for (i = 0; i < LOG_STREAMS; i++) {
		lines_init(&l->of[i].lines, LINE_MAX_BYTES);
		section_filter_init(&l->of[i].sections);
	}
	buf_init(&l->clean);
	l->fn = fn;
	l->arg = arg;
	return &l->sink;
}
