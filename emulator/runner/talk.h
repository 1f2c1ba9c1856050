/*
 * A script that asks: it writes a mark into its output and waits for a line on its standard input.
 * So marks and output keep their order, on every executor. The mark holds a random token that only
 * the script's text knows, so a job's own output can't be taken for one.
 */
#ifndef RUNNER_TALK_H
#define RUNNER_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/str.h"

#define TALK_TOKEN 32

struct talk {
	char mark[16 + TALK_TOKEN +
		  1]; /* what a mark begins with; it goes to the end of the line */
	bool in_mark;
	struct buf held; /* the start of what may be a mark, or the words of one */
	/* The script waits for an answer. words: what it asks, valid during the call. */
	void (*asked)(void *arg, struct str words);
	void *arg;
};

/* With a new token. */
void talk_init(struct talk *t, void (*asked)(void *arg, struct str words), void *arg);
void talk_release(struct talk *t);

/* Takes the marks out of standard output; the rest goes to out, in order. */
void talk_feed(
	struct talk *t, struct str bytes, void (*out)(void *arg, struct str bytes), void *arg);
/* At the end of output: what was held because it looked like a mark. */
void talk_flush(struct talk *t, void (*out)(void *arg, struct str bytes), void *arg);

#endif
