#include "base/base.h"
#include "emulator/log/section.h"

/* Longer than this is no marker: a stream must not be held back on its account. */
#define MARK_MAX 1024

void section_filter_init(struct section_filter *f)
{
	buf_init(&f->held);
}

void section_filter_release(struct section_filter *f)
{
	buf_release(&f->held);
}

/* Length of the prefix when text starts with it; 0 when not; SECTION_MORE when it is cut short. */
static size_t prefix(struct str text, const char *lit)
{
	size_t n = strlen(lit), have = MIN(n, text.n);

	if (memcmp(text.p, lit, have) != 0)
		return 0;
	return have == n ? n : SECTION_MORE;
}

static bool name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-';
}

static void options(struct str text, struct section_mark *m)
{
	struct str_split it = str_split(text, ',');
	struct str one;

	while (str_split_next(&it, &one)) {
		one = str_trim(one);
		if (str_is(one, "collapsed=true"))
			m->collapsed = true;
		else if (str_is(one, "hide_duration=true"))
			m->hide_duration = true;
	}
}

/* The parts behind "section_start:" up to the CR; returns where they end, as section_parse. */
static size_t body(struct str t, size_t at, struct section_mark *m)
{
	size_t from = at;

	m->seconds = 0;
	while (at < t.n && at - from < 15 && isdigit((unsigned char)t.p[at]))
		m->seconds = m->seconds * 10 + (t.p[at++] - '0');
	if (at == t.n)
		return SECTION_MORE;
	if (at == from || t.p[at] != ':')
		return 0;
	from = ++at;
	while (at < t.n && name_byte(t.p[at]))
		at++;
	m->name = str_sub(t, from, at);
	if (at == t.n)
		return SECTION_MORE;
	if (at == from)
		return 0;
	if (t.p[at] == '[') {
		from = ++at;
		while (at < t.n && t.p[at] != ']' && t.p[at] != '\n' && t.p[at] != '\r')
			at++;
		if (at == t.n)
			return SECTION_MORE;
		if (t.p[at] != ']')
			return 0;
		options(str_sub(t, from, at++), m);
	}
	return at;
}

size_t section_parse(struct str text, struct section_mark *m)
{
	size_t s = prefix(text, "section_start:"), e = prefix(text, "section_end:"), at, end;

	*m = (struct section_mark){0};
	if (!s && !e)
		return 0;
	if (s == SECTION_MORE || e == SECTION_MORE)
		return SECTION_MORE;
	m->start = s != 0;
	at = body(text, s ? s : e, m);
	if (at && at != SECTION_MORE) {
		struct str rest = str_from(text, at);

		if (!rest.n)
			return text.n > MARK_MAX ? 0 : SECTION_MORE;
		if (rest.p[0] != '\r')
			return 0;
		/* The erase behind CR belongs to the marker, but people forget it. */
		end = prefix(str_from(rest, 1), "\033[0K");
		at = end == SECTION_MORE ? SECTION_MORE : at + 1 + end;
	}
	return at == SECTION_MORE && text.n > MARK_MAX ? 0 : at;
}

/* First place at or after `from` where a marker starts or may start; t.n where there is none. */
static size_t find(struct str t, size_t from)
{
	while (from < t.n) {
		const char *p = memmem(t.p + from, t.n - from, "section_", 8);
		size_t i;

		if (p)
			return (size_t)(p - t.p);
		for (i = t.n - MIN(t.n - from, (size_t)7); i < t.n; i++)
			if (!memcmp(t.p + i, "section_", t.n - i))
				return i;
		return t.n;
	}
	return t.n;
}

static void filter(struct section_filter *f, struct str t, bool final, section_out_fn *out,
	section_fn *mark, void *arg)
{
	size_t from = 0, at = 0;

	while ((at = find(t, at)) < t.n) {
		struct section_mark m;
		size_t n = section_parse(str_from(t, at), &m);

		if (n == SECTION_MORE && !final) {
			if (at > from)
				out(arg, str_sub(t, from, at));
			buf_addstr(&f->held, str_from(t, at));
			return;
		}
		if (!n || n == SECTION_MORE) {
			at++;
			continue;
		}
		if (at > from)
			out(arg, str_sub(t, from, at));
		if (mark)
			mark(arg, &m);
		at += n;
		from = at;
	}
	if (from < t.n)
		out(arg, str_from(t, from));
}

void section_feed(struct section_filter *f, struct str bytes, section_out_fn *out, section_fn *mark,
	void *arg)
{
	struct buf joined;

	if (!f->held.n) {
		filter(f, bytes, false, out, mark, arg);
		return;
	}
	joined = f->held;
	buf_init(&f->held);
	buf_addstr(&joined, bytes);
	filter(f, buf_str(&joined), false, out, mark, arg);
	buf_release(&joined);
}

void section_flush(struct section_filter *f, section_out_fn *out, void *arg)
{
	struct buf rest = f->held;

	buf_init(&f->held);
	if (rest.n)
		filter(f, buf_str(&rest), true, out, NULL, arg);
	buf_release(&rest);
}
