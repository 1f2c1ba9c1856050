#include "base/base.h"
#include "emulator/log/fold.h"
#include "emulator/log/ansi.h"

#define TITLE_MAX 4096

void fold_init(struct fold *f, enum console_fold mode)
{
	memset(f, 0, sizeof(*f));
	f->mode = mode;
	buf_init(&f->name);
	buf_init(&f->title);
}

void fold_release(struct fold *f)
{
	buf_release(&f->name);
	buf_release(&f->title);
}

static bool wanted(const struct fold *f, enum log_stream stream, const struct section_mark *m)
{
	if (f->mode == FOLD_ALL)
		return stream != LOG_RUNNER ||
		       (!str_is(m->name, "step_script") && !str_is(m->name, "after_script"));
	return f->mode == FOLD_COLLAPSED && m->collapsed;
}

static void put_title(struct fold *f, struct buf *out)
{
	/* A title that was never written: the section's name says what it is. */
	buf_addstr(out, f->has_title ? buf_str(&f->title) : buf_str(&f->name));
	f->open = false;
}

bool fold_mark(
	struct fold *f, enum log_stream stream, const struct section_mark *m, struct buf *out)
{
	long long s = m->seconds - f->since;

	if (!f->open) {
		if (!m->start || !wanted(f, stream, m))
			return false;
		f->open = true;
		f->stream = stream;
		f->has_title = f->blank = false;
		f->since = m->seconds;
		f->hide_duration = m->hide_duration;
		buf_clear(&f->name);
		buf_addstr(&f->name, m->name);
		buf_clear(&f->title);
		return false;
	}
	/* The script is over, and with it what it left open. */
	if (stream == LOG_RUNNER && !m->start && f->stream != LOG_RUNNER)
		return fold_end(f, out);
	if (m->start || stream != f->stream || !str_eq(m->name, buf_str(&f->name)))
		return false;
	put_title(f, out);
	f->blank = true;
	if (!f->hide_duration && s >= 0)
		buf_printf(out, " [%02lld:%02lld]", s / 60, s % 60);
	return true;
}

static bool is_important(struct str text)
{
	return str_starts(text, STR("WARNING:")) || str_starts(text, STR("ERROR:")) ||
	       str_starts(text, STR("*** WARNING:"));
}

bool fold_hides(struct fold *f, enum log_stream stream, struct str line)
{
	struct buf text = BUF_INIT;
	struct ansi a = ANSI_INIT;
	bool hides;

	if (!f->open && !(f->blank && stream == f->stream))
		return false;
	ansi_strip(&a, str_sub(line, 0, TITLE_MAX), &text);
	if (!f->open) {
		f->blank = false;
		hides = !str_trim(buf_str(&text)).n;
	} else if (stream == LOG_RUNNER) {
		/* What cilocal has to say is told, but for what belongs into the section. */
		hides = f->stream == LOG_RUNNER && !is_important(buf_str(&text));
	} else {
		hides = true;
	}
	if (f->open && hides && stream == f->stream && !f->has_title) {
		buf_addstr(&f->title, buf_str(&text));
		f->has_title = true;
	}
	buf_release(&text);
	return hides;
}

bool fold_end(struct fold *f, struct buf *out)
{
	if (!f->open)
		return false;
	put_title(f, out);
	buf_adds(out, " [not ended]");
	return true;
}
