/*
 * The status block at the bottom of a terminal while jobs run: what is in it, how it is drawn, how
 * it is taken away again. Pure: rows in, bytes out.
 *
 * The block is written behind the log and the cursor stays in its last line, at the left. Lines are
 * cut to the terminal's width, wide and combining characters counted, so that one line is one row.
 */
#ifndef LOG_LIVE_H
#define LOG_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"

#define LIVE_MAX_LINES 64

struct live_row {
	struct str name, text; /* text: as the job wrote it, sequences and all; only a line of it */
	const char *color;     /* of the name, an escape sequence; NULL: none */
	double seconds;        /* since it started; < 0: it has not */
};

struct live {
	struct arena arena; /* for the texts; emptied by live_clear() */
	VEC(struct live_row) rows;
	struct str head;        /* the first line: counts */
	VEC(struct str) prompt; /* lines at the very end; the cursor stays behind the last */
};

void live_init(struct live *l);
void live_release(struct live *l);
void live_clear(struct live *l);

/* What was drawn: enough to take it away again. */
struct live_shape {
	size_t n;    /* lines; 0: nothing is drawn */
	bool behind; /* the cursor is at the end of the last, not at its left */
	unsigned short columns[LIVE_MAX_LINES]; /* that each takes */
};

struct live_screen {
	unsigned columns, lines; /* of the terminal now; 0: unknown */
	bool color;
	bool reflows; /* it wraps what it shows anew when it gets narrower */
	size_t name_width;
};

/*
 * Appends the block, with the cursor as described above, and fills shape. Where the terminal is
 * too low for all rows, the last ones become "and N more"; below three lines nothing but a prompt
 * is drawn.
 */
void live_draw(const struct live *l, const struct live_screen *at, struct live_shape *shape,
	struct buf *out);

/* Appends what erases it, wherever it is: the cursor is then where the block began. */
void live_erase(const struct live_shape *shape, const struct live_screen *at, struct buf *out);

/*
 * Appends at most `width` columns of a text that may hold anything: sequences and control
 * characters are left out, tabs are blanks, what is no UTF-8 is '?'. Returns the columns.
 */
size_t live_put_text(struct buf *out, struct str text, size_t width);

#endif
