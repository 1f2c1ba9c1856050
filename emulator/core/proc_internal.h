/* For proc.c, proc_spawn.c and proc_vfork.c only. */
#ifndef CORE_PROC_INTERNAL_H
#define CORE_PROC_INTERNAL_H

#include "base/buf.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/core/proc.h"

struct proc_stream {
	struct proc *proc;
	uv_pipe_t pipe;
	bool open;  /* the handle is initialised and not closed */
	bool ended; /* end of file, or given up */
	int stream; /* 1 or 2 */
	struct buf collected;
};

struct proc_write {
	uv_write_t req;
	struct proc *proc;
	size_t n;
	char data[];
};

struct proc {
	struct loop *loop;
	uv_process_t process;
	bool process_open; /* the process handle needs a close */
	bool watched;      /* instead of process: ended, on pidfd (proc_vfork.c) */
	uv_poll_t ended;
	int pidfd;
	bool started; /* the process is or was there */
	bool exited, finished, paused;
	bool input_open, input_ending;
	unsigned handles; /* not yet through their close callback */
	uv_pipe_t input;
	uv_shutdown_t shutdown;
	size_t unwritten;
	struct proc_stream out[2];
	char *read_buffer; /* lent to one read at a time */

	char **argv, **env;
	char *cwd;
	bool inherit_input, keep_input, inherit_output, merge, foreground;
	struct buf first_input;
	uint64_t grace_ms, timeout_ms, drain_ms;

	struct loop_task start, completion;
	struct loop_timer escalate, timeout, drain;
	int pid;   /* 0 once it has ended */
	int group; /* its first process's id, also after the end of that */
	struct proc_result result;
	struct error err;
	proc_output_fn *output;
	proc_done_fn *done;
	void *arg;
};

/* proc_spawn.c: makes the pipes and the process. -1: nothing runs, what was opened needs closing.
 */
int proc_spawn(struct proc *p);

/* proc_vfork.c: fds are the child's ends, -1: /dev/null. False: nothing has happened. */
bool proc_spawn_quick(struct proc *p, const int fds[3]);
void proc_unwatch(struct proc *p); /* no effect where it is not watched */

/* proc.c. The process has ended; it is not yet known whether its output has. */
void proc_exited(struct proc *p, int exit_code, int signum);
/* Closes one of the handles that are counted. */
void proc_close_handle(struct proc *p, void *handle);

#endif
