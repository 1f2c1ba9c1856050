/*
 * What the user sees of the jobs' logs. With one job the log is the job's own, with no prefix; with
 * several, each line is prefixed by its job's name in its colour, padded to the widest. Section
 * markers are dropped (their titles stay), CR progress bars become lines of their last state when
 * prefixed, and ANSI codes are stripped where colour is off.
 *
 * With `brief`, what the Runner says while it prepares a job is left out, but for warnings, errors
 * and what takes time (pulling an image, waiting for services); the trace file has it all.
 *
 * Ends with a table of all jobs.
 */
#ifndef LOG_CONSOLE_H
#define LOG_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "emulator/log/fold.h"
#include "emulator/log/sink.h"

struct console;

struct live;
struct live_row;

/*
 * A status block below the log, on a terminal. The console asks what is to be said, and wants to be
 * called again.
 */
struct console_live_options {
	void (*fill)(void *arg, struct live *l);                     /* l is empty */
	void (*size)(void *arg, unsigned *columns, unsigned *lines); /* of the terminal now */
	void (*wake)(void *arg, unsigned ms); /* console_tick() then; the earliest wish counts */
	uint64_t (*now)(void *arg);           /* milliseconds that never go back */
	bool reflows; /* the terminal wraps what it shows anew when it gets narrower */
	void *arg;
};

struct console_options {
	int fd; /* where job logs go, usually 1 */
	bool color;
	bool tty;          /* fd is a terminal: CR progress of a single job is passed through */
	bool raw_sections; /* keep section markers (a trace for GitLab's viewers) */
	bool timestamps;   /* HH:MM:SS before each line */
	bool quiet;        /* no job logs; the table only for what failed */
	bool single;       /* one job: no prefixes */
	bool brief;        /* with prefixes: without the Runner's lines of a job's preparation */
	enum console_fold fold;                  /* sections that are one line */
	unsigned columns;                        /* width of the terminal, 0: unlimited */
	const struct console_live_options *live; /* a status block; NULL: none; must stay */
	long long (*now_ms)(void *arg);          /* epoch; needed with timestamps only */
	void *now_arg;
};

struct console *console_new(const struct console_options *o);
void console_free(struct console *c);

/*
 * Names that will appear, so that prefixes have one width from the first line on. Optional; call
 * before the first sink. Names are copied.
 */
void console_expect(struct console *c, const struct str *names, size_t n);

/* A sink for one job's log; the console must outlive it. */
struct sink *console_sink(struct console *c, struct str job);

/* One line between the logs (not of a job): "pipeline ...". No line end in text. */
void console_line(struct console *c, struct str text);

/*
 * While hold, nothing is written: what comes is kept, up to a mebibyte, and written when the hold
 * ends. For whoever else uses the terminal.
 */
void console_hold(struct console *c, bool hold);
/* ---- with a status block; no effect without ---- */

/* The time that was asked for has come. */
void console_tick(struct console *c);
/* The user waits for an answer: without the pause between two states of the block. */
void console_refresh(struct console *c);
/* What the block says has changed. */
void console_touch(struct console *c);
/*
 * Around whatever else writes to the terminal: everything so far is written and the block is gone;
 * then it comes back. They nest. c may be NULL.
 */
void console_hide(struct console *c);
void console_show(struct console *c);
/* Gone for good. c may be NULL. */
void console_live_end(struct console *c);
/* The row of a job that runs: name, colour, last line. Good until its sink is written to. */
void console_sink_row(const struct sink *s, struct live_row *row);

/* What one row of the final table says. */
struct console_row {
	struct str job, stage;
	struct str status; /* success, failed, canceled, skipped, manual, ... */
	bool allowed_failure;
	double seconds; /* < 0: did not run */
	bool has_exit_code;
	int exit_code;
	struct str coverage; /* a number of percent as text; empty: none */
	struct str reason;   /* for a failed job: why, in one line; may be empty */
	struct str tail;     /* for a failed job: the last lines of its log; may be empty */
	struct str log_path; /* for a failed job: the whole log; may be empty */
};
void console_table(struct console *c, const struct console_row *rows, size_t n);

/* For other tables that people read. A time in at most 7 letters: "12.3s", "2m 05s", "-" for < 0.
 */
void console_duration(struct buf *out, double seconds);
/* Adds text in exactly so many columns of a terminal: filled up, or cut with "..." (width >= 3). */
void console_fit(struct buf *out, struct str text, size_t width);

#endif
