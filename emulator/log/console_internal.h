/* Shared by console.c, console_live.c and console_table.c only. */
#ifndef LOG_CONSOLE_INTERNAL_H
#define LOG_CONSOLE_INTERNAL_H

#include "emulator/log/console.h"
#include "emulator/log/live.h"

struct console_sink;

/* The status block: what is on the terminal of it, and when. */
struct console_live {
	bool on;         /* there may be a block */
	bool mid_line;   /* the log's last line on the terminal has not ended: no place for one */
	unsigned hidden; /* console_hide() that were not taken back */
	bool stale;      /* something changed since `block` was made */
	uint64_t first;  /* not before */
	uint64_t wrote, made;
	struct live rows;
	struct live_screen screen; /* as `block` was made for */
	struct live_shape shape;   /* of block */
	struct buf block;          /* its bytes */
	bool drawn;                /* it is on the terminal now */
	struct live_shape there;   /* then: its shape */
	struct buf frame;
};

struct console {
	struct console_options o;
	struct buf out; /* gathered during one call, written at its end */
	size_t width;   /* of prefixes */
	size_t n_sinks;
	struct console_sink *open; /* whose line has not ended; NULL: none */
	struct console_live live;
	int error;
	bool hold;       /* see console_hold() */
	struct buf held; /* what came meanwhile */
	size_t lost;     /* lines that did not fit */
};

/* c->out goes to c->held (console_hold.c). */
void console_keep(struct console *c);

/* At once, or with a status block gathered for a moment. */
void console_write_out(struct console *c);
/* Appends text, cut or padded to the width. */
void console_pad(struct buf *out, struct str text, size_t width);

/* console_live.c */
void console_live_start(struct console *c);
void console_live_release(struct console *c);
/* What is in c->out goes out now or soon. */
void console_live_write(struct console *c);

#endif
