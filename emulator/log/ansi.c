#include "base/base.h"
#include "emulator/log/ansi.h"

enum { TEXT, ESCAPE, CSI, STRING, STRING_ESCAPE, CHARSET };

static int step(int state, unsigned char c)
{
	switch (state) {
	case ESCAPE:
		if (c == '[')
			return CSI;
		if (c == ']' || c == 'P' || c == '^' || c == '_' || c == 'X')
			return STRING;
		if (c >= 0x20 && c < 0x30)
			return CHARSET;
		return TEXT;
	case CSI:
		return c >= 0x40 && c <= 0x7e ? TEXT : CSI;
	case STRING:
		return c == 0x07 ? TEXT : c == 0x1b ? STRING_ESCAPE : STRING;
	case CHARSET:
		return c >= 0x20 && c < 0x30 ? CHARSET : TEXT;
	default:
		return TEXT;
	}
}

static void filter(struct ansi *a, struct str bytes, struct buf *out, bool colors)
{
	const char *p = bytes.p, *end = bytes.p + bytes.n, *from = NULL;

	while (p < end) {
		bool csi = a->state == CSI;

		if (a->state == TEXT) {
			const char *esc = memchr(p, 0x1b, (size_t)(end - p));

			buf_add(out, p, (size_t)((esc ? esc : end) - p));
			if (!esc)
				return;
			a->state = ESCAPE;
			from = esc;
			p = esc + 1;
			continue;
		}
		/* A line end is never part of a sequence: a broken one must not eat the log. */
		if (*p == '\n' || *p == '\r') {
			a->state = TEXT;
			continue;
		}
		a->state = step(a->state, (unsigned char)*p++);
		if (colors && from && csi && a->state == TEXT && p[-1] == 'm')
			buf_add(out, from, (size_t)(p - from));
	}
}

void ansi_strip(struct ansi *a, struct str bytes, struct buf *out)
{
	filter(a, bytes, out, false);
}

void ansi_keep_colors(struct ansi *a, struct str bytes, struct buf *out)
{
	filter(a, bytes, out, true);
}
