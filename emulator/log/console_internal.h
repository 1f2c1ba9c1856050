/* Shared by console.c and console_table.c only. */
#ifndef LOG_CONSOLE_INTERNAL_H
#define LOG_CONSOLE_INTERNAL_H

#include "emulator/log/console.h"

struct console {
	struct console_options o;
	struct buf out; /* gathered during one call, written at its end */
	size_t width;   /* of prefixes */
	size_t n_sinks;
	int error;
	bool hold;       /* see console_hold() */
	struct buf held; /* what came meanwhile */
	size_t lost;     /* lines that did not fit */
};

/* c->out goes to c->held (console_hold.c). */
void console_keep(struct console *c);

void console_write_out(struct console *c);
/* Appends text, cut or padded to the width. */
void console_pad(struct buf *out, struct str text, size_t width);

#endif
