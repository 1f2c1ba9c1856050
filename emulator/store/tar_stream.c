#include "base/base.h"
#include "emulator/store/archive.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"

#include <uv.h>

/*
 * Two buffers: a worker fills one while the loop empties the other. The worker runs only while the
 * other one is empty, so memory stays at two buffers and a slice.
 */
#define FILL_SIZE ((size_t)1024 * 1024)

struct tar_stream {
	uv_work_t work;
	struct loop *loop;
	struct tar_stream_source source;
	void (*wake)(void *arg);
	void *wake_arg;

	struct buf front; /* the loop's */
	size_t taken;     /* of front */
	bool working, ended, freed;
	bool hungry; /* a read found nothing: wake is owed */
	struct error error;

	/* the worker's, between uv_queue_work and its completion */
	struct archive_writer *writer;
	struct buf back;
	bool in_item, back_ended;
	struct error back_error;
};

static int to_back(void *arg, const void *p, size_t n, struct error *err)
{
	struct tar_stream *t = arg;

	UNUSED(err);
	buf_add(&t->back, p, n);
	return 0;
}

static void next_item(struct tar_stream *t)
{
	struct archive_item item = {0};

	if (t->source.next(t->source.next_arg, &item)) {
		t->in_item = !archive_writer_begin(t->writer, &item, &t->back_error);
		t->back_ended = !t->in_item;
	} else {
		archive_writer_close(t->writer, &t->back_error);
		t->back_ended = true;
	}
}

static void work(uv_work_t *w)
{
	struct tar_stream *t = container_of(w, struct tar_stream, work);

	while (t->back.n < FILL_SIZE && !t->back_ended) {
		int more;

		if (!t->in_item) {
			next_item(t);
			continue;
		}
		more = archive_writer_more(t->writer, &t->back_error);
		t->in_item = more > 0;
		t->back_ended = more < 0;
	}
}

static void destroy(struct tar_stream *t)
{
	archive_writer_free(t->writer);
	buf_release(&t->front);
	buf_release(&t->back);
	if (t->source.release)
		t->source.release(t->source.next_arg);
	free(t);
}

static void after_work(uv_work_t *w, int status);

static void fill(struct tar_stream *t)
{
	int r;

	if (t->working || t->back_ended || t->back.n)
		return;
	t->working = true;
	r = uv_queue_work(loop_uv(t->loop), &t->work, work, after_work);
	if (r) {
		t->working = false;
		t->back_ended = true;
		error_uv(&t->back_error, r, "cannot start a worker thread");
	}
}

/* The loop's buffer is empty and the worker's is at rest: they change places. */
static void swap(struct tar_stream *t)
{
	struct buf b = t->front;

	if (t->working || t->taken < t->front.n)
		return;
	t->front = t->back;
	t->back = b;
	buf_clear(&t->back);
	t->taken = 0;
	if (t->back_ended) {
		t->ended = true;
		t->error = t->back_error;
	}
	fill(t);
}

static void after_work(uv_work_t *w, int status)
{
	struct tar_stream *t = container_of(w, struct tar_stream, work);

	UNUSED(status);
	t->working = false;
	if (t->freed) {
		destroy(t);
		return;
	}
	swap(t);
	if (t->hungry) {
		t->hungry = false;
		t->wake(t->wake_arg);
	}
}

struct tar_stream *tar_stream_new(struct loop *loop, const struct tar_stream_source *source,
	void (*wake)(void *arg), void *wake_arg)
{
	struct tar_stream *t = xcalloc(1, sizeof(*t));

	t->loop = loop;
	t->source = *source;
	t->wake = wake;
	t->wake_arg = wake_arg;
	buf_init(&t->front);
	buf_init(&t->back);
	t->writer = archive_writer_new(ARCHIVE_TAR, to_back, t);
	fill(t);
	return t;
}

long tar_stream_read(struct tar_stream *t, char *p, size_t n)
{
	size_t take;

	if (t->taken == t->front.n)
		swap(t);
	take = MIN(n, t->front.n - t->taken);
	if (take) {
		memcpy(p, t->front.p + t->taken, take);
		t->taken += take;
		return (long)take;
	}
	if (!t->ended) {
		t->hungry = true;
		return 0;
	}
	return error_is(&t->error) ? -2 : -1;
}

const struct error *tar_stream_error(const struct tar_stream *t)
{
	return &t->error;
}

void tar_stream_free(struct tar_stream *t)
{
	if (!t)
		return;
	t->freed = true;
	if (!t->working)
		destroy(t);
}
