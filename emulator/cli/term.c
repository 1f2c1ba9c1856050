#include "base/base.h"

#include "emulator/cli/term.h"

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

bool term_is_tty(int fd)
{
	return isatty(fd);
}

bool term_color(int fd, const char *when)
{
	if (when && !strcmp(when, "always"))
		return true;
	if (when && !strcmp(when, "never"))
		return false;
	const char *force = getenv("CLICOLOR_FORCE");
	const char *no = getenv("NO_COLOR");
	if (no && *no)
		return false;
	if (force && *force && strcmp(force, "0") != 0)
		return true;
	const char *term = getenv("TERM");
	return isatty(fd) && term && strcmp(term, "dumb") != 0;
}

bool term_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *v = getenv(names[i]);
		if (v && *v)
			return strcasestr(v, "utf-8") || strcasestr(v, "utf8");
	}
	return false;
}

struct str local_time(struct arena *a, double seconds, const char *format)
{
	struct tm tm;
	char text[64];
	time_t t = (time_t)seconds;
	if (seconds < 0 || !localtime_r(&t, &tm))
		return STR_NULL;
	strftime(text, sizeof(text), format, &tm);
	return str_c(arena_strdup(a, text));
}

unsigned term_columns(int fd)
{
	struct winsize size;
	uint64_t n;
	const char *columns = getenv("COLUMNS");
	if (columns && parse_u64(str_c(columns), &n) && n > 0 && n < 10000)
		return (unsigned)n;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return 0;
}

bool term_can_draw(int fd)
{
	const char *term = getenv("TERM");
	return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

bool term_reflows(void)
{
	static const char *const fixed[] = {"linux", "rxvt", "st-", "vt"};
	const char *term = getenv("TERM");
	if (getenv("TMUX"))
		return true;
	if (!term || getenv("XTERM_VERSION") || getenv("STY"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		if (!strncmp(term, fixed[i], strlen(fixed[i])))
			return false;
	return true;
}

void wrap_text(struct buf *out, struct str text, size_t at, size_t indent, size_t columns)
{
	bool first = true;
	struct str_split it = str_split(text, ' ');
	struct str word;
	while (str_split_next(&it, &word)) {
		size_t width = str_width(word);
		if (!word.n)
			continue;
		if (!first && columns && at + 1 + width > columns) {
			buf_printf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			buf_addc(out, ' ');
			at++;
		}
		buf_addstr(out, word);
		at += width;
		first = false;
	}
}

void pad_text(struct buf *out, struct str text, size_t width)
{
	buf_addstr(out, text);
	for (size_t w = str_width(text); w < width; w++)
		buf_addc(out, ' ');
}

void end_line(struct buf *out)
{
	buf_trim_blanks(out);
	buf_addc(out, '\n');
}

void plain_text(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c == '\n' || c == '\r' || c == '\t')
			buf_addc(out, ' ');
		else if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_addc(out, (char)c);
	}
}

const char *status_color(struct str status)
{
	if (str_is(status, "success"))
		return "32";
	if (str_is(status, "failed") || str_is(status, "died"))
		return "31";
	return "33";
}

struct str size_text(struct arena *a, int64_t bytes)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	double n = (double)bytes;
	size_t u = 0;
	for (; n >= 1024 && u + 1 < ARRAY_SIZE(units); u++)
		n /= 1024;
	return arena_printf(a, u ? "%.1f %s" : "%.0f %s", n, units[u]);
}
