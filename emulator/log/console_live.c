/*
 * The console with a status block: log lines are gathered for a moment, then one write takes the
 * block away, adds the lines, and draws the block again below them. What the block says is made
 * anew at most ten times a second, whatever the jobs write.
 */
#include "base/base.h"
#include "emulator/log/console.h"
#include "emulator/log/console_internal.h"
#include "emulator/log/log_internal.h"

/* Nothing is drawn for pipelines that are over by then. */
#define FIRST_MS  200
#define WRITE_MS  50
#define MAKE_MS   100
#define CLOCK_MS  1000
#define WRITE_MAX ((size_t)64 * 1024)

/* Terminals that know it show the frame as a whole; the others ignore it. */
#define FRAME_BEGIN "\033[?2026h"
#define FRAME_END   "\033[?2026l"

static uint64_t now(const struct console *c)
{
	return c->o.live->now(c->o.live->arg);
}

static void wake(const struct console *c, uint64_t ms)
{
	c->o.live->wake(c->o.live->arg, (unsigned)ms);
}

void console_live_start(struct console *c)
{
	struct console_live *l = &c->live;

	buf_init(&l->block);
	buf_init(&l->frame);
	live_init(&l->rows);
	l->on = c->o.live != NULL;
	if (!l->on)
		return;
	l->stale = true;
	l->first = now(c) + FIRST_MS;
	wake(c, FIRST_MS);
}

void console_live_release(struct console *c)
{
	buf_release(&c->live.block);
	buf_release(&c->live.frame);
	live_release(&c->live.rows);
}

/* The block's bytes for what is the case now; only when they may have changed. */
static void make(struct console *c, const struct live_screen *at)
{
	struct console_live *l = &c->live;
	uint64_t t = now(c);
	bool resized = at->columns != l->screen.columns || at->lines != l->screen.lines;

	if (!resized && (!l->stale || t - l->made < MAKE_MS))
		return;
	l->screen = *at;
	l->made = t;
	l->stale = false;
	live_clear(&l->rows);
	c->o.live->fill(c->o.live->arg, &l->rows);
	buf_clear(&l->block);
	live_draw(&l->rows, at, &l->shape, &l->block);
}

static struct live_screen screen_of(const struct console *c)
{
	struct live_screen at = {
		.color = c->o.color, .reflows = c->o.live->reflows, .name_width = c->width};

	c->o.live->size(c->o.live->arg, &at.columns, &at.lines);
	return at;
}

static bool wants_block(const struct console *c)
{
	const struct console_live *l = &c->live;

	return !l->hidden && !l->mid_line && now(c) >= l->first;
}

/* One write: block away, log, block. Nothing where nothing changes. */
static void flush(struct console *c)
{
	struct console_live *l = &c->live;
	struct live_screen at = screen_of(c);
	bool same = at.columns == l->screen.columns && at.lines == l->screen.lines, draw;
	uint64_t made = l->made;

	if (c->out.n)
		l->mid_line = c->out.p[c->out.n - 1] != '\n';
	draw = wants_block(c);
	if (draw)
		make(c, &at);
	draw = draw && l->shape.n;
	if (!c->out.n && l->drawn == draw && (!draw || (same && l->made == made)))
		return;
	buf_clear(&l->frame);
	buf_adds(&l->frame, FRAME_BEGIN);
	if (l->drawn)
		live_erase(&l->there, &at, &l->frame);
	buf_addstr(&l->frame, buf_str(&c->out));
	l->drawn = draw;
	if (draw) {
		buf_addstr(&l->frame, buf_str(&l->block));
		l->there = l->shape;
	}
	buf_adds(&l->frame, FRAME_END);
	buf_clear(&c->out);
	if (!c->error)
		c->error = log_write_all(c->o.fd, l->frame.p, l->frame.n);
	l->wrote = now(c);
}

void console_live_write(struct console *c)
{
	struct console_live *l = &c->live;
	uint64_t since = now(c) - l->wrote;

	l->stale = true;
	if (c->out.n >= WRITE_MAX || since >= WRITE_MS || (c->o.single && c->out.n)) {
		flush(c);
		wake(c, l->stale ? MAKE_MS : CLOCK_MS);
	} else {
		wake(c, c->out.n ? WRITE_MS - since : MAKE_MS);
	}
}

void console_tick(struct console *c)
{
	if (!c->live.on)
		return;
	c->live.stale = true;
	flush(c);
	wake(c, c->live.stale ? MAKE_MS : CLOCK_MS);
}

void console_refresh(struct console *c)
{
	if (!c || !c->live.on)
		return;
	c->live.made = 0;
	console_tick(c);
}

void console_touch(struct console *c)
{
	if (c && c->live.on && !c->live.hidden)
		console_live_write(c);
}

void console_hide(struct console *c)
{
	if (!c || !c->live.on)
		return;
	c->live.hidden++;
	flush(c);
}

void console_show(struct console *c)
{
	if (!c || !c->live.on)
		return;
	c->live.hidden--;
	c->live.stale = true;
	flush(c);
}

void console_live_end(struct console *c)
{
	if (!c || !c->live.on)
		return;
	console_hide(c);
	c->live.on = false;
}
