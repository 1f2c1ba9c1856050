#include "base/base.h"
#include "emulator/log/live.h"
#include "emulator/log/ansi.h"

/* Without an answer of the terminal about its size. */
#define USUAL_COLUMNS 80
#define USUAL_LINES   24

void live_init(struct live *l)
{
	memset(l, 0, sizeof(*l));
	arena_init(&l->arena);
}

void live_release(struct live *l)
{
	arena_release(&l->arena);
	vec_release(&l->rows);
	vec_release(&l->prompt);
}

void live_clear(struct live *l)
{
	arena_release(&l->arena);
	l->rows.n = l->prompt.n = 0;
	l->head = STR_NULL;
}

/* One character of a text without sequences; false where it does not fit any more. */
static bool put_char(struct buf *out, struct str *text, size_t *used, size_t width)
{
	size_t len = utf8_len(text->p, text->n), w;
	unsigned char c = (unsigned char)text->p[0];

	if (!len || c == '\t') {
		if (*used == width)
			return false;
		buf_addc(out, len ? ' ' : '?');
		*used += 1;
		*text = str_from(*text, 1);
		return true;
	}
	/* Also the control characters between ASCII and Latin: terminals may obey them. */
	if (c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)text->p[1] < 0xa0)) {
		*text = str_from(*text, len);
		return true;
	}
	len = str_letter(*text, &w);
	if (*used + w > width)
		return false;
	buf_add(out, text->p, len);
	*used += w;
	*text = str_from(*text, len);
	return true;
}

size_t live_put_text(struct buf *out, struct str text, size_t width)
{
	struct buf plain = BUF_INIT;
	struct ansi a = ANSI_INIT;
	size_t used = 0;

	if (memchr(text.p ? text.p : "", 0x1b, text.n)) {
		ansi_strip(&a, text, &plain);
		text = buf_str(&plain);
	}
	while (text.n && put_char(out, &text, &used, width))
		;
	buf_release(&plain);
	return used;
}

/* A line that grows up to the terminal's width. */
struct pen {
	struct buf *out;
	struct live_shape *shape;
	size_t used, width;
	bool color;
};

/* Up to the column `upto`. */
static void put_upto(struct pen *p, const char *color, struct str text, size_t upto)
{
	upto = MIN(upto, p->width);
	if (p->color && color)
		buf_adds(p->out, color);
	if (upto > p->used)
		p->used += live_put_text(p->out, text, upto - p->used);
	if (p->color && color)
		buf_adds(p->out, "\033[0m");
}

static void put(struct pen *p, const char *color, struct str text)
{
	put_upto(p, color, text, p->width);
}

static void put_blanks(struct pen *p, size_t upto)
{
	for (; p->used < MIN(upto, p->width); p->used++)
		buf_addc(p->out, ' ');
}

static void line_begin(struct pen *p)
{
	if (p->shape->n)
		buf_adds(p->out, "\r\n");
	p->used = 0;
}

static void line_end(struct pen *p)
{
	p->shape->columns[p->shape->n++] = (unsigned short)MIN(p->used, (size_t)USHRT_MAX);
}

static void put_elapsed(struct pen *p, double seconds)
{
	char text[40];
	unsigned long s = (unsigned long)MAX(seconds, 0);

	if (s < 60)
		snprintf(text, sizeof(text), "%6lus ", s);
	else if (s < 3600)
		snprintf(text, sizeof(text), "%3lum%02lus ", s / 60, s % 60);
	else
		snprintf(text, sizeof(text), "%3luh%02lum ", s / 3600, s / 60 % 60);
	put(p, "\033[2m", seconds < 0 ? STR("        ") : str_c(text));
}

static void draw_row(struct pen *p, const struct live_row *row, size_t name_width)
{
	line_begin(p);
	put_upto(p, row->color, row->name, name_width);
	put_blanks(p, name_width);
	put_elapsed(p, row->seconds);
	put(p, NULL, row->text);
	line_end(p);
}

static void draw_line(struct pen *p, const char *color, struct str text)
{
	line_begin(p);
	put(p, color, text);
	line_end(p);
}

/* How many lines the block may have. */
static size_t height(const struct live *l, unsigned lines)
{
	size_t room = lines < 3 ? 0 : lines / 2, prompt = l->prompt.n;

	if (prompt)
		room = MIN(MAX(room, prompt + 2), (size_t)MAX(lines, 2) - 1);
	return MIN(room, (size_t)LIVE_MAX_LINES);
}

static void draw_rows(struct pen *p, const struct live *l, size_t room, size_t name_width)
{
	char more[48];
	size_t n = l->rows.n > room ? room - MIN(room, (size_t)1) : l->rows.n;

	for (size_t i = 0; i < n; i++)
		draw_row(p, &l->rows.v[i], name_width);
	if (n == l->rows.n || !room)
		return;
	snprintf(more, sizeof(more), "and %zu more", l->rows.n - n);
	draw_line(p, "\033[2m", str_c(more));
}

void live_draw(const struct live *l, const struct live_screen *at, struct live_shape *shape,
	struct buf *out)
{
	unsigned columns = at->columns ? at->columns : USUAL_COLUMNS;
	struct pen p = {.out = out,
		.shape = shape,
		.width = columns > 1 ? columns - 1 : 1,
		.color = at->color};
	size_t room = height(l, at->lines ? at->lines : USUAL_LINES);
	size_t prompt = MIN(l->prompt.n, room);

	shape->n = 0;
	shape->behind = prompt > 0;
	if (!room || (!l->rows.n && !prompt))
		return;
	/* A width that we count otherwise than the terminal must not become a second row. */
	buf_adds(out, "\033[?7l");
	if (room > prompt) {
		if (l->head.n)
			draw_line(&p, "\033[1m", l->head);
		draw_rows(&p, l, room - prompt - (l->head.n ? 1 : 0),
			MIN(at->name_width, (size_t)columns / 3));
	}
	for (size_t i = l->prompt.n - prompt; i < l->prompt.n; i++)
		draw_line(&p, i ? NULL : "\033[1m", l->prompt.v[i]);
	buf_adds(out, prompt ? "\033[?7h" : "\r\033[?7h");
}

static size_t rows_of(const struct live_shape *shape, const struct live_screen *at, size_t i)
{
	size_t columns = at->columns ? at->columns : USUAL_COLUMNS, w = shape->columns[i];

	return at->reflows && w > columns ? (w + columns - 1) / columns : 1;
}

/*
 * Row by row, and not by one "erase below": some terminals keep what that erases in their
 * scrollback where the block begins at the top of the screen.
 */
void live_erase(const struct live_shape *shape, const struct live_screen *at, struct buf *out)
{
	size_t up = 0, last;

	if (!shape->n)
		return;
	for (size_t i = 0; i + 1 < shape->n; i++)
		up += rows_of(shape, at, i);
	last = rows_of(shape, at, shape->n - 1);
	buf_adds(out, last > 1 && !shape->behind ? "\r\033[J" : "\r\033[2K");
	if (shape->behind)
		up += last - 1;
	while (up--)
		buf_adds(out, "\033[A\033[2K");
}
