/*
 * Child processes on the loop: own process group, output in chunks with backpressure, kill
 * escalation, exactly one completion, after the process has ended and its output has been read to
 * the end.
 */
#ifndef CORE_PROC_H
#define CORE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct error;
struct loop;
struct proc;

struct proc_result {
	int exit_code;   /* 0..255; 128 + signal where a signal ended it, as in a shell */
	int term_signal; /* 0: it exited by itself */
	bool killed;     /* proc_kill() or a time limit was at work */
};

/* stream is 1 or 2; data is valid during the call. proc_pause() holds the rest back. */
typedef void proc_output_fn(void *arg, int stream, struct str data);
/* err: it could not be started, or CANCELLED / TIMEOUT after a kill; r is valid in the latter case.
 */
typedef void proc_done_fn(void *arg, struct error *err, const struct proc_result *r);

/* Everything is copied by proc_start(). Zero means default. */
struct proc_options {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH of env */
	const char *const *env;  /* "NAME=value", NULL-terminated; NULL: inherit ours */
	const char *cwd;         /* NULL: ours */
	struct str input;   /* all of standard input: a file, with keep_input the start of a pipe */
	bool inherit_input; /* standard input is ours instead */
	bool keep_input;    /* standard input stays open for proc_write()/proc_close_input() */
	bool inherit_output; /* stdout and stderr are ours; no output callback */
	bool merge;          /* stderr into the stdout pipe: order kept, all as stream 1 */
	bool foreground;     /* stay in our process group (interactive programs) */
	uint64_t grace_ms;   /* between SIGTERM and SIGKILL; 0: 5 s */
	uint64_t timeout_ms; /* then killed, completion says TIMEOUT; 0: none */
	uint64_t drain_ms; /* after its end, wait so long for output that children of it hold open;
			      0: until they close it */
	size_t max_output; /* collected per stream where output is NULL; 0: 16 MiB, rest dropped */

	proc_output_fn *output; /* NULL: collected, see proc_stdout() and proc_stderr() */
	proc_done_fn *done;
	void *arg;
};

/* Never fails here: a program that can't be started is the completion on the next turn. */
struct proc *proc_start(struct loop *l, const struct proc_options *o);

/* 0 before the start has succeeded and after the end. */
int proc_pid(const struct proc *p);
/* SIGTERM to the group, SIGKILL after the grace period; now: SIGKILL at once. Repeatable. */
void proc_kill(struct proc *p, bool now);
void proc_pause(struct proc *p); /* no more output callbacks; the child blocks on its full pipe */
void proc_resume(struct proc *p);

/* With keep_input: queues a copy. Bytes that a dead reader refuses are dropped silently. */
void proc_write(struct proc *p, const void *data, size_t n);
size_t proc_unwritten(const struct proc *p); /* queued bytes that the child has not taken */
void proc_close_input(struct proc *p);       /* after what is queued; end of file for the child */

/* What was collected; valid during the completion. */
struct str proc_stdout(const struct proc *p);
struct str proc_stderr(const struct proc *p);

#endif
