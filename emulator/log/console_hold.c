/* Somebody else uses the terminal: what comes meanwhile is shown when they are done. */
#include "base/base.h"
#include "emulator/log/console_internal.h"
#include "emulator/log/log_internal.h"

/* A job that floods its log must not fill our memory while somebody thinks. */
#define HELD_MAX ((size_t)1 << 20)

void console_keep(struct console *c)
{
	struct str rest = buf_str(&c->out);
	size_t room = HELD_MAX - MIN(HELD_MAX, c->held.n);

	/* The first line that does not fit any more, and all that follow. */
	if (c->lost || rest.n > room) {
		for (size_t i = 0; i < rest.n; i++)
			c->lost += rest.p[i] == '\n';
		c->lost += c->lost == 0;
	} else {
		buf_addstr(&c->held, rest);
	}
	buf_clear(&c->out);
}

void console_hold(struct console *c, bool hold)
{
	if (c->hold == hold)
		return;
	if (hold) {
		if (c->live.on)
			console_hide(c);
		else
			console_write_out(c);
		c->hold = true;
		return;
	}
	c->hold = false;
	buf_addstr(&c->out, buf_str(&c->held));
	if (c->lost)
		buf_printf(&c->out,
			"(%zu lines more while the terminal was in use; 'cilocal logs' has them)\n",
			c->lost);
	buf_release(&c->held);
	c->lost = 0;
	if (c->live.on)
		console_show(c);
	else
		console_write_out(c);
}
