/* A log that is cut at a size, as GitLab shows it; the Runner's own lines still come through. */
#include "base/base.h"
#include "emulator/log/sink.h"
#include "emulator/log/job_log.h"

#define BOLD_YELLOW "\033[33;1m"

struct sink_limit {
	struct sink sink, *inner;
	uint64_t max, written;
	bool over;
	char *more;
};

static void cut(struct sink_limit *l, enum log_stream stream, struct str bytes)
{
	struct buf b = BUF_INIT;

	sink_write(l->inner, stream, str_sub(bytes, 0, (size_t)(l->max - l->written)));
	sink_write(l->inner, stream, STR("\n"));
	/* GitLab Runner, helpers/trace/buffer.go */
	buf_printf(&b,
		BOLD_YELLOW
		"Job's log exceeded limit of %" PRIu64 " bytes.\n"
		"Job execution will continue but no more output will be shown%s%s." ANSI_RESET "\n",
		l->max, *l->more ? ": all of it is in " : "", l->more);
	sink_write(l->inner, LOG_RUNNER, buf_str(&b));
	buf_release(&b);
	l->over = true;
}

static void limit_write(struct sink *s, enum log_stream stream, struct str bytes)
{
	struct sink_limit *l = container_of(s, struct sink_limit, sink);

	if (stream == LOG_RUNNER) {
		sink_write(l->inner, stream, bytes);
		return;
	}
	if (l->over)
		return;
	if (bytes.n > l->max - l->written) {
		cut(l, stream, bytes);
		return;
	}
	l->written += bytes.n;
	sink_write(l->inner, stream, bytes);
}

static void limit_end(struct sink *s)
{
	sink_end(container_of(s, struct sink_limit, sink)->inner);
}

static void limit_free(struct sink *s)
{
	struct sink_limit *l = container_of(s, struct sink_limit, sink);

	sink_free(l->inner);
	free(l->more);
	free(l);
}

struct sink *sink_limit_new(struct sink *inner, uint64_t max, struct str more)
{
	static const struct sink_ops ops = {limit_write, limit_end, limit_free};
	struct sink_limit *l = xcalloc(1, sizeof(*l));

	l->sink.ops = &ops;
	l->inner = inner;
	l->max = max;
	l->more = xstrndup(more.p ? more.p : "", more.n);
	return &l->sink;
}
