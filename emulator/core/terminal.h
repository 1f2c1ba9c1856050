/*
 * The user's terminal, or the pipe or file in its place, while somebody types into a job: standard
 * input in chunks, raw mode, size. One owner at a time; who wants it meanwhile waits in line.
 *
 * However the process ends but by SIGKILL, the terminal gets back the mode that it had: at
 * terminal_close(), at exit, and where a fatal signal of our own (abort) ends it.
 */
#ifndef CORE_TERMINAL_H
#define CORE_TERMINAL_H

#include <stdbool.h>
#include "base/str.h"
#include "emulator/core/loop.h"

struct terminal;

struct terminal *terminal_new(struct loop *loop);
/* Nobody owns it or waits for it any more. NULL is fine. */
void terminal_free(struct terminal *t);

/* Standard input and standard output both are terminals. */
bool terminal_is_tty(const struct terminal *t);
/* fn hears of each new owner, and of NULL between two: others stay silent while there is one. */
struct terminal_wait;
void terminal_on_owner(
	struct terminal *t, void (*fn)(void *arg, const struct terminal_wait *owner), void *arg);

/* Embedded in who wants it; zeroed before its first use. */
struct terminal_wait {
	struct terminal *terminal; /* NULL: neither owner nor waiting */
	loop_fn *fn;
	void *arg;
	struct loop_task task;
	struct terminal_wait *next;
};
/* fn runs once, on a later turn, when it is ours. */
void terminal_want(struct terminal *t, struct terminal_wait *w, loop_fn *fn, void *arg);
/* Gives it back, or leaves the line; closes it first where it is open. No effect on others. */
void terminal_leave(struct terminal_wait *w);

enum terminal_mode {
	TERMINAL_RAW, /* every byte is passed on as it is, both ways: a terminal is at the far end
		       */
	TERMINAL_KEYS /* each key at once, without echo; what is written is for people */
};
struct terminal_use {
	enum terminal_mode mode; /* of no account where it is no terminal */
	void (*input)(void *arg, struct str bytes);
	void (*ended)(void *arg);   /* end of input; comes once */
	void (*resized)(void *arg); /* may be NULL */
	void *arg;
};
/* For the owner. Callbacks come on later turns until terminal_close(). */
void terminal_open(struct terminal *t, const struct terminal_use *u);
void terminal_close(struct terminal *t); /* no effect when it is not open */
/* No input for the moment: the reader can't keep up. */
void terminal_pause(struct terminal *t);
void terminal_resume(struct terminal *t);

/* Rows and columns, 24 and 80 where nothing is known. */
void terminal_size(const struct terminal *t, unsigned *rows, unsigned *columns);
/* To standard output (1) or standard error (2). False: nobody reads it any more. */
bool terminal_write(struct terminal *t, int stream, struct str bytes);

/* Raw mode is on: a line for people has to begin with a carriage return. */
bool terminal_is_raw(void);
/* At once, for a process that leaves without closing anything. */
void terminal_restore(void);

#endif
