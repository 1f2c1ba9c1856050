#include "base/base.h"
#include "emulator/log/console.h"
#include "emulator/log/ansi.h"
#include "emulator/log/line.h"
#include "emulator/log/section.h"
#include "emulator/log/console_internal.h"
#include "emulator/log/log_internal.h"

#include <time.h>

#define LINE_MAX_BYTES (64 * 1024)
/* Prefixes stop growing here; longer names are cut in them. */
#define PREFIX_MAX 40

/* One job's way to the console. */
struct console_sink {
	struct sink sink;
	struct console *console;
	char *name;
	const char *color;
	enum log_stream now;
	bool hush;  /* brief: inside a section of preparation */
	bool title; /* brief: the next line of the Runner is the title of a section to leave out */
	struct {
		struct section_filter sections;
		struct lines lines;
		struct ansi ansi;
		bool mid_line; /* lines mode: a piece without a line end went out */
	} of[LOG_STREAMS];
};

/* Colours that read on dark and light backgrounds; red is left to failures. */
static const char *const job_colors[] = {"\033[36m", "\033[33m", "\033[32m", "\033[35m", "\033[34m",
	"\033[96m", "\033[93m", "\033[92m", "\033[95m", "\033[94m"};

struct console *console_new(const struct console_options *o)
{
	struct console *c = xcalloc(1, sizeof(*c));

	c->o = *o;
	buf_init(&c->out);
	buf_init(&c->held);
	return c;
}

void console_free(struct console *c)
{
	if (!c)
		return;
	console_hold(c, false);
	console_write_out(c);
	buf_release(&c->out);
	free(c);
}

void console_write_out(struct console *c)
{
	if (c->hold) {
		console_keep(c);
		return;
	}
	if (!c->error && c->out.n)
		c->error = log_write_all(c->o.fd, c->out.p, c->out.n);
	buf_clear(&c->out);
}

void console_expect(struct console *c, const struct str *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		c->width = MAX(c->width, MIN(str_width(names[i]), (size_t)PREFIX_MAX));
}

void console_pad(struct buf *out, struct str text, size_t width)
{
	size_t w = str_width(text);

	/* Cut at a character where the text is too wide. */
	while (w > width && text.n) {
		do
			text.n--;
		while (text.n && ((unsigned char)text.p[text.n] & 0xc0) == 0x80);
		w = str_width(text);
	}
	buf_addstr(out, text);
	for (; w < width; w++)
		buf_addc(out, ' ');
}

static void put_time(struct console *c)
{
	long long ms = c->o.now_ms ? c->o.now_ms(c->o.now_arg) : 0;
	time_t s = (time_t)(ms / 1000);
	struct tm tm;

	localtime_r(&s, &tm);
	buf_printf(&c->out, "%02d:%02d:%02d ", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void put_prefix(struct console *c, const struct console_sink *s)
{
	if (c->o.timestamps)
		put_time(c);
	if (c->o.single)
		return;
	if (c->o.color)
		buf_adds(&c->out, s->color);
	console_pad(&c->out, str_c(s->name), c->width);
	buf_adds(&c->out, c->o.color ? " |\033[0m " : " | ");
}

/* ESC[0K before the text of a prefixed line is noise: there is nothing to erase. */
static struct str without_erase(struct str line)
{
	while (str_starts(line, STR("\033[0K")))
		line = str_from(line, 4);
	return line;
}

/* Stages in which nothing of the job itself happens, by the names of their sections. */
static void on_mark(void *arg, const struct section_mark *m)
{
	static const char *const names[] = {"prepare_executor", "prepare_script", "get_sources",
		"shell", "cleanup_file_variables"};
	struct console_sink *s = arg;

	if (s->now != LOG_RUNNER)
		return;
	s->hush = false;
	for (size_t i = 0; m->start && i < ARRAY_SIZE(names); i++)
		s->hush = s->hush || str_is(m->name, names[i]);
	s->title = m->start && str_is(m->name, "step_script");
}

/* Lines of the Runner that a user of several jobs can do without. */
static bool is_noise(struct console_sink *s, struct str line)
{
	static const struct str warnings[] = {
		STR_INIT("WARNING:"), STR_INIT("ERROR:"), STR_INIT("*** WARNING:")};
	static const struct str slow[] = {STR_INIT("Pulling "), STR_INIT("Waiting for "),
		STR_INIT("Starting service "), STR_INIT("Using Docker executor with image ")};
	struct buf text = BUF_INIT;
	struct ansi a = ANSI_INIT;
	bool noise = s->hush || s->title;

	s->title = false;
	if (!noise)
		return false;
	ansi_strip(&a, line, &text);
	for (size_t i = 0; i < ARRAY_SIZE(warnings); i++)
		if (str_starts(buf_str(&text), warnings[i]))
			noise = s->hush = false; /* what follows explains it */
	for (size_t i = 0; i < ARRAY_SIZE(slow); i++)
		noise = noise && !str_starts(buf_str(&text), slow[i]);
	buf_release(&text);
	return noise;
}

static void put_line(void *arg, struct str line, bool whole)
{
	struct console_sink *s = arg;
	struct console *c = s->console;
	bool fresh = !s->of[s->now].mid_line;

	if (c->o.brief && fresh && s->now == LOG_RUNNER && is_noise(s, line))
		return;
	if (fresh) {
		line = without_erase(log_last_state(line));
		put_prefix(c, s);
	}
	if (c->o.color) {
		buf_addstr(&c->out, line);
	} else {
		struct ansi a = ANSI_INIT;

		ansi_strip(&a, line, &c->out);
	}
	s->of[s->now].mid_line = !whole;
	if (whole) {
		/* A job that leaves a colour on must not colour its neighbours' lines. */
		if (c->o.color && !c->o.single && memchr(line.p, 0x1b, line.n))
			buf_adds(&c->out, "\033[0m");
		buf_addc(&c->out, '\n');
	}
}

static void put_text(void *arg, struct str bytes)
{
	struct console_sink *s = arg;
	struct console *c = s->console;

	if (!c->o.single || c->o.timestamps) {
		lines_feed(&s->of[s->now].lines, bytes, put_line, s);
	} else if (!c->o.color) {
		ansi_strip(&s->of[s->now].ansi, bytes, &c->out);
	} else if (!c->out.n && !c->hold) {
		/* The usual case, a job's log to a terminal: no copy. */
		if (!c->error)
			c->error = log_write_all(c->o.fd, bytes.p, bytes.n);
	} else {
		buf_addstr(&c->out, bytes);
	}
}

static void console_sink_write(struct sink *sink, enum log_stream stream, struct str bytes)
{
	struct console_sink *s = container_of(sink, struct console_sink, sink);
	struct console *c = s->console;

	if (c->o.quiet)
		return;
	s->now = stream;
	if (c->o.raw_sections)
		put_text(s, bytes);
	else
		section_feed(&s->of[stream].sections, bytes, put_text, on_mark, s);
	console_write_out(c);
	sink->error = c->error;
}

static void console_sink_end(struct sink *sink)
{
	struct console_sink *s = container_of(sink, struct console_sink, sink);
	int i;

	for (i = 0; i < LOG_STREAMS; i++) {
		s->now = (enum log_stream)i;
		section_flush(&s->of[i].sections, put_text, s);
		if (s->of[i].lines.part.n || s->of[i].mid_line) {
			lines_flush(&s->of[i].lines, put_line, s);
			buf_addc(&s->console->out, '\n');
			s->of[i].mid_line = false;
		}
	}
	console_write_out(s->console);
}

static void console_sink_free(struct sink *sink)
{
	struct console_sink *s = container_of(sink, struct console_sink, sink);
	int i;

	for (i = 0; i < LOG_STREAMS; i++) {
		section_filter_release(&s->of[i].sections);
		lines_release(&s->of[i].lines);
	}
	free(s->name);
	free(s);
}

struct sink *console_sink(struct console *c, struct str job)
{
	static const struct sink_ops ops = {
		console_sink_write, console_sink_end, console_sink_free};
	struct console_sink *s = xcalloc(1, sizeof(*s));
	int i;

	s->sink.ops = &ops;
	s->console = c;
	s->hush = c->o.brief; /* the lines before the first section */
	s->name = xstrndup(job.p ? job.p : "", job.n);
	s->color = job_colors[c->n_sinks++ % ARRAY_SIZE(job_colors)];
	for (i = 0; i < LOG_STREAMS; i++) {
		section_filter_init(&s->of[i].sections);
		lines_init(&s->of[i].lines, LINE_MAX_BYTES);
	}
	console_expect(c, &job, 1);
	return &s->sink;
}

void console_line(struct console *c, struct str text)
{
	struct ansi a = ANSI_INIT;

	if (c->o.color)
		buf_addstr(&c->out, text);
	else
		ansi_strip(&a, text, &c->out);
	buf_addc(&c->out, '\n');
	console_write_out(c);
}
