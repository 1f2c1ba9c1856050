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
/* A progress bar that never ends its line is cut down to its last state from here on. */
#define PROGRESS_MAX 4096
/* Of a line, for the status block: more than any terminal shows, sequences included. */
#define KEPT_MAX 1024

/* One job's way to the console. */
struct console_sink {
	struct sink sink;
	struct console *console;
	char *name;
	const char *color;
	enum log_stream now, open_stream; /* open_stream: see console.open */
	bool hush;                        /* brief: inside a section of preparation */
	bool title; /* brief: the next line of the Runner is the title of a section to leave out */
	struct buf kept; /* the last line, for the status block */
	struct fold fold;
	struct {
		struct section_filter sections;
		struct lines lines;
		struct ansi ansi;
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
	console_live_start(c);
	return c;
}

void console_free(struct console *c)
{
	if (!c)
		return;
	console_hold(c, false);
	console_live_end(c);
	console_write_out(c);
	console_live_release(c);
	buf_release(&c->out);
	free(c);
}

void console_write_out(struct console *c)
{
	if (c->hold) {
		console_keep(c);
		return;
	}
	if (c->live.on) {
		console_live_write(c);
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

/* A line of another job that has not ended must not run into this one. */
static void close_open(struct console *c, const struct console_sink *s)
{
	if (!c->open || (c->open == s && s->open_stream == s->now))
		return;
	buf_addc(&c->out, '\n');
	c->open = NULL;
}

static void put_folded(struct console_sink *s, const struct buf *line)
{
	struct console *c = s->console;

	close_open(c, NULL);
	put_prefix(c, s);
	buf_adds(&c->out, c->o.color ? "\033[36;1m" : "");
	buf_addstr(&c->out, buf_str(line));
	buf_adds(&c->out, c->o.color ? "\033[0m\n" : "\n");
}

/* Stages in which nothing of the job itself happens, by the names of their sections. */
static void on_mark(void *arg, const struct section_mark *m)
{
	static const char *const names[] = {"prepare_executor", "prepare_script", "get_sources",
		"shell", "cleanup_file_variables"};
	struct console_sink *s = arg;
	struct buf line = BUF_INIT;

	/* What the Runner says while it prepares is left out anyway. */
	if ((s->now != LOG_RUNNER || !s->console->o.brief || s->fold.open) &&
		fold_mark(&s->fold, s->now, m, &line))
		put_folded(s, &line);
	buf_release(&line);
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

/* The prefix keeps neighbours apart: of a job's sequences only colours may come between them. */
static void put_colored(struct console *c, struct str line)
{
	struct ansi a = ANSI_INIT;

	if (!memchr(line.p, 0x1b, line.n)) {
		buf_addstr(&c->out, line);
		return;
	}
	if (c->o.single)
		buf_addstr(&c->out, line);
	else
		ansi_keep_colors(&a, line, &c->out);
	/* A job that leaves a colour on must not colour its neighbours' lines. */
	if (!c->o.single)
		buf_adds(&c->out, "\033[0m");
}

static void keep_last(struct console_sink *s, struct str line)
{
	if (!s->console->live.on || !line.n)
		return;
	buf_clear(&s->kept);
	buf_addstr(&s->kept, str_sub(line, 0, KEPT_MAX));
}

static void put_line(void *arg, struct str line, bool whole)
{
	struct console_sink *s = arg;
	struct console *c = s->console;
	bool fresh;

	close_open(c, s);
	fresh = c->open != s;
	keep_last(s, line);
	if (c->o.brief && fresh && s->now == LOG_RUNNER && is_noise(s, line))
		return;
	if (fresh && fold_hides(&s->fold, s->now, line))
		return;
	if (fresh) {
		line = without_erase(log_last_state(line));
		put_prefix(c, s);
	}
	if (c->o.color) {
		put_colored(c, line);
	} else {
		struct ansi a = ANSI_INIT;

		ansi_strip(&a, line, &c->out);
	}
	c->open = whole ? NULL : s;
	s->open_stream = s->now;
	if (whole)
		buf_addc(&c->out, '\n');
}

/* What a progress bar showed before is of no use to anybody. */
static void shorten(struct buf *part)
{
	struct str last;

	if (part->n < PROGRESS_MAX)
		return;
	last = log_last_state(buf_str(part));
	if (last.p > part->p)
		buf_remove(part, (size_t)(last.p - part->p));
}

static void put_text(void *arg, struct str bytes)
{
	struct console_sink *s = arg;
	struct console *c = s->console;

	if (!c->o.single || c->o.timestamps || c->o.fold != FOLD_NONE) {
		lines_feed(&s->of[s->now].lines, bytes, put_line, s);
		shorten(&s->of[s->now].lines.part);
	} else if (!c->o.color) {
		ansi_strip(&s->of[s->now].ansi, bytes, &c->out);
	} else if (!c->out.n && !c->hold && !c->live.drawn) {
		/* The usual case, a job's log to a terminal: no copy. */
		if (!c->error)
			c->error = log_write_all(c->o.fd, bytes.p, bytes.n);
		c->live.mid_line = bytes.p[bytes.n - 1] != '\n';
	} else {
		buf_addstr(&c->out, bytes);
	}
}

void console_sink_row(const struct sink *sink, struct live_row *row)
{
	const struct console_sink *s = container_of(sink, struct console_sink, sink);
	const struct buf *part = &s->of[s->now].lines.part;

	*row = (struct live_row){.name = str_c(s->name),
		.text = log_last_state(buf_str(part->n ? part : &s->kept)),
		.color = s->color};
}

/* What a stream wrote without a line end becomes a line. */
static void finish_line(struct console_sink *s, enum log_stream stream)
{
	s->now = stream;
	lines_flush(&s->of[stream].lines, put_line, s);
	if (s->console->open == s && s->open_stream == stream) {
		buf_addc(&s->console->out, '\n');
		s->console->open = NULL;
	}
}

static void console_sink_write(struct sink *sink, enum log_stream stream, struct str bytes)
{
	struct console_sink *s = container_of(sink, struct console_sink, sink);
	struct console *c = s->console;

	if (c->o.quiet)
		return;
	/* The Runner speaks of what the job has written so far: that stands before it. */
	for (int i = 0; stream == LOG_RUNNER && i < LOG_STREAMS; i++)
		if (i != LOG_RUNNER)
			finish_line(s, (enum log_stream)i);
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
	struct buf line = BUF_INIT;
	int i;

	for (i = 0; i < LOG_STREAMS; i++) {
		s->now = (enum log_stream)i;
		section_flush(&s->of[i].sections, put_text, s);
		finish_line(s, (enum log_stream)i);
	}
	if (fold_end(&s->fold, &line))
		put_folded(s, &line);
	buf_release(&line);
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
	buf_release(&s->kept);
	fold_release(&s->fold);
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
	buf_init(&s->kept);
	fold_init(&s->fold, c->o.fold);
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
