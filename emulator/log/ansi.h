/* Terminal control sequences in a log: removal, in a stream of any cut or in one line. */
#ifndef LOG_ANSI_H
#define LOG_ANSI_H

#include <stddef.h>
#include "base/buf.h"
#include "base/str.h"

struct ansi {
	int state;
};
#define ANSI_INIT \
	{         \
		0 \
	}

/* Appends bytes without escape sequences (CSI, OSC, others) to out. Line ends and CR stay. */
void ansi_strip(struct ansi *a, struct str bytes, struct buf *out);
/* The same, but sequences of colours and weight (SGR) stay, where none is cut. */
void ansi_keep_colors(struct ansi *a, struct str bytes, struct buf *out);

#endif
