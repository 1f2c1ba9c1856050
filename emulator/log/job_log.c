#include "base/base.h"
#include "emulator/log/job_log.h"

struct job_log {
	struct mask_set *set;
	struct mask mask[LOG_STREAMS];
	struct sink *sinks;
	enum log_stream stream; /* of the write under way */
	bool ended;
	long (*now)(void *arg);
	void *now_arg;
};

struct job_log *job_log_new(long (*now)(void *arg), void *arg)
{
	struct job_log *l = xcalloc(1, sizeof(*l));
	int i;

	for (i = 0; i < LOG_STREAMS; i++)
		mask_init(&l->mask[i], NULL);
	l->now = now;
	l->now_arg = arg;
	return l;
}

static void to_sinks(void *arg, struct str bytes)
{
	struct job_log *l = arg;
	struct sink *s;

	for (s = l->sinks; s; s = s->next)
		sink_write(s, l->stream, bytes);
}

void job_log_flush(struct job_log *l, enum log_stream stream)
{
	l->stream = stream;
	mask_flush(&l->mask[stream], to_sinks, l);
}

void job_log_set_mask(struct job_log *l, struct mask_set *set)
{
	int i;

	for (i = 0; i < LOG_STREAMS; i++) {
		job_log_flush(l, (enum log_stream)i);
		mask_release(&l->mask[i]);
		mask_init(&l->mask[i], set);
	}
	mask_set_free(l->set);
	l->set = set;
}

const struct mask_set *job_log_mask(const struct job_log *l)
{
	return l->set;
}

void job_log_add(struct job_log *l, struct sink *s)
{
	struct sink **at = &l->sinks;

	while (*at)
		at = &(*at)->next;
	s->next = NULL;
	*at = s;
}

void job_log_end(struct job_log *l)
{
	struct sink *s;
	int i;

	if (l->ended)
		return;
	for (i = 0; i < LOG_STREAMS; i++)
		job_log_flush(l, (enum log_stream)i);
	l->ended = true;
	for (s = l->sinks; s; s = s->next)
		sink_end(s);
}

void job_log_free(struct job_log *l)
{
	int i;

	if (!l)
		return;
	job_log_end(l);
	while (l->sinks) {
		struct sink *s = l->sinks;

		l->sinks = s->next;
		sink_free(s);
	}
	for (i = 0; i < LOG_STREAMS; i++)
		mask_release(&l->mask[i]);
	mask_set_free(l->set);
	free(l);
}

void job_log_write(struct job_log *l, enum log_stream stream, const char *p, size_t n)
{
	if (l->ended || !n)
		return;
	l->stream = stream;
	mask_feed(&l->mask[stream], p, n, to_sinks, l);
}

/* The Runner's own texts are whole: nothing of them waits for what comes next. */
static void put(struct job_log *l, struct buf *b)
{
	job_log_write(l, LOG_RUNNER, b->p, b->n);
	if (!l->ended)
		job_log_flush(l, LOG_RUNNER);
	buf_release(b);
}

static void put_line(struct job_log *l, const char *color, const char *fmt, va_list ap)
{
	struct buf b = BUF_INIT;

	buf_adds(&b, color);
	buf_vprintf(&b, fmt, ap);
	buf_adds(&b, ANSI_RESET "\n");
	put(l, &b);
}

void job_log_println(struct job_log *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line(l, ANSI_CLEAR, fmt, ap);
	va_end(ap);
}

void job_log_infoln(struct job_log *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line(l, ANSI_GREEN, fmt, ap);
	va_end(ap);
}

void job_log_warnln(struct job_log *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line(l, ANSI_YELLOW "WARNING: ", fmt, ap);
	va_end(ap);
}

void job_log_errorln(struct job_log *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line(l, ANSI_RED "ERROR: ", fmt, ap);
	va_end(ap);
}

void job_log_raw(struct job_log *l, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	put(l, &b);
}

long job_log_now(const struct job_log *l)
{
	return l->now ? l->now(l->now_arg) : 0;
}

void job_log_section_start(struct job_log *l, const char *name, const char *title)
{
	job_log_raw(l,
		"section_start:%ld:%s\r" ANSI_CLEAR ANSI_CLEAR ANSI_CYAN "%s" ANSI_RESET ANSI_RESET
		"\n",
		job_log_now(l), name, title);
}

void job_log_section_end(struct job_log *l, const char *name)
{
	job_log_raw(l, "section_end:%ld:%s\r" ANSI_CLEAR, job_log_now(l), name);
}
