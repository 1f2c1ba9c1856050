#include "base/base.h"
#include "emulator/runner/shell_enter.h"
#include "base/arena.h"
#include "emulator/core/error.h"
#include "emulator/core/proc.h"
#include "emulator/core/terminal.h"
#include "emulator/runner/executor.h"
#include "emulator/runner/script.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <uv.h>

/* An interactive shell ignores SIGTERM. */
#define GRACE_MS 2000
/* What a process in the background holds open does not hold us. */
#define DRAIN_MS      500
#define UNWRITTEN_MAX ((size_t)1 << 20)
#define FULL_MS       20
/* After its end, of what it left in its terminal. */
#define LAST_READS 64

/* Our end of its terminal; lives until the handle is closed. */
struct far_end {
	uv_poll_t poll;
	int fd;
};

struct shell_enter {
	struct loop *loop;
	const struct visit *v;
	struct proc *proc;
	void (*done)(void *arg, const struct outcome *o);
	void *arg;
	struct far_end *pty; /* NULL: pipes */
	int near_end;        /* ours, so that the terminal lasts until we have read all; -1: none */
	bool stopped;
	bool unread;      /* nobody reads what it prints */
	struct buf typed; /* not taken yet by the terminal */
	struct loop_timer full;
	struct loop_task task;
	struct error err;
};

/* ---- the terminal of its own ---- */

static void on_pty_closed(uv_handle_t *h)
{
	struct far_end *f = container_of((uv_poll_t *)h, struct far_end, poll);

	close(f->fd);
	free(f);
}

static void copy_size(void *arg)
{
	struct shell_enter *s = arg;
	unsigned rows, columns;
	struct winsize w = {0};

	if (!s->pty)
		return;
	terminal_size(s->v->terminal, &rows, &columns);
	w.ws_row = (unsigned short)rows;
	w.ws_col = (unsigned short)columns;
	ioctl(s->pty->fd, TIOCSWINSZ, &w);
}

/* True: there may be more. */
static bool read_once(struct shell_enter *s)
{
	char bytes[16384];
	ssize_t n = read(s->pty->fd, bytes, sizeof(bytes));

	if (n > 0)
		terminal_write(s->v->terminal, 1, str_n(bytes, (size_t)n));
	return n > 0 || (n < 0 && errno == EINTR);
}

static void watch(struct shell_enter *s);

static void write_typed(struct shell_enter *s)
{
	ssize_t n = write(s->pty->fd, s->typed.p, s->typed.n);

	if (n > 0)
		buf_remove(&s->typed, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		buf_clear(&s->typed);
	if (!s->typed.n)
		terminal_resume(s->v->terminal);
	watch(s);
}

static void on_pty(uv_poll_t *p, int status, int events)
{
	struct shell_enter *s = p->data;

	if (status < 0) {
		uv_poll_stop(p);
		return;
	}
	if (events & UV_READABLE)
		read_once(s);
	if (events & UV_WRITABLE)
		write_typed(s);
}

static void watch(struct shell_enter *s)
{
	uv_poll_start(&s->pty->poll, UV_READABLE | (s->typed.n ? UV_WRITABLE : 0), on_pty);
}

/* The name of the near end, or NULL with err. */
static const char *make_pty(struct shell_enter *s, struct arena *a, struct error *err)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char name[128];

	if (fd < 0 || grantpt(fd) || unlockpt(fd) || ptsname_r(fd, name, sizeof(name))) {
		error_sys(err, errno, "cannot make a terminal");
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	s->near_end = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	s->pty = xcalloc(1, sizeof(*s->pty));
	s->pty->fd = fd;
	s->pty->poll.data = s;
	if (uv_poll_init(loop_uv(s->loop), &s->pty->poll, fd)) {
		error_sys(err, EMFILE, "cannot watch a terminal");
		close(fd);
		free(s->pty);
		s->pty = NULL;
		return NULL;
	}
	s->pty->poll.data = s;
	copy_size(s);
	watch(s);
	return arena_str(a, str_c(name)).p;
}

static void close_pty(struct shell_enter *s)
{
	if (!s->pty)
		return;
	for (int i = 0; i < LAST_READS && read_once(s); i++)
		;
	uv_close((uv_handle_t *)&s->pty->poll, on_pty_closed);
	s->pty = NULL;
	close(s->near_end);
}

/* ---- input and output ---- */

static void look_again(void *arg)
{
	struct shell_enter *s = arg;

	if (s->proc && proc_unwritten(s->proc) > UNWRITTEN_MAX)
		loop_timer_start(s->loop, &s->full, FULL_MS, look_again, s);
	else
		terminal_resume(s->v->terminal);
}

static void on_input(void *arg, struct str bytes)
{
	struct shell_enter *s = arg;

	if (s->pty) {
		buf_addstr(&s->typed, bytes);
		terminal_pause(s->v->terminal);
		write_typed(s);
	} else if (s->proc) {
		proc_write(s->proc, bytes.p, bytes.n);
		if (proc_unwritten(s->proc) > UNWRITTEN_MAX) {
			terminal_pause(s->v->terminal);
			look_again(s);
		}
	}
}

static void on_ended(void *arg)
{
	struct shell_enter *s = arg;

	if (s->pty)
		proc_kill(s->proc, false);
	else if (s->proc)
		proc_close_input(s->proc);
}

static void on_output(void *arg, int stream, struct str data)
{
	struct shell_enter *s = arg;

	if (terminal_write(s->v->terminal, stream, data) || s->unread)
		return;
	s->unread = true;
	proc_kill(s->proc, false);
}

static void on_exit_code(void *arg, struct error *err, const struct proc_result *r)
{
	struct shell_enter *s = arg;
	struct outcome o = OUTCOME_OK;

	close_pty(s);
	loop_timer_stop(&s->full);
	terminal_close(s->v->terminal);
	if (err && !r) {
		outcome_fail(&o, FAIL_RUNNER_SYSTEM, "%s", err->text);
		o.surroundings = true;
	} else if (s->unread) {
		visit_unread(&o);
	} else if (s->stopped) {
		outcome_fail(&o, FAIL_CANCELED, "canceled");
	} else if (r->exit_code) {
		outcome_fail(&o, FAIL_SCRIPT, "exit status %d", r->exit_code);
		o.has_exit_code = true;
		o.exit_code = r->exit_code;
	}
	s->done(s->arg, &o);
	buf_release(&s->typed);
	free(s);
}

static void on_no_pty(void *arg)
{
	struct shell_enter *s = arg;

	on_exit_code(s, &s->err, NULL);
}

/*
 * With a terminal the process is the leader of a session (proc.h starts it as one), so the terminal
 * that it opens first becomes its own.
 */
static const char *const *command(
	struct arena *a, const struct visit *v, const char *shell, const char *pts)
{
	const char **argv = arena_array(a, const char *, v->n_command + 8);
	size_t n = 0;

	argv[n++] = shell;
	argv[n++] = "-c";
	argv[n++] = pts ? arena_printf(a, "exec <>'%s' >&0 2>&0\n%s", pts, script_enter).p
			: script_enter;
	argv[n++] = "cilocal";
	argv[n++] = arena_cstr(a, v->dir);
	argv[n++] = shell;
	for (size_t i = 0; i < v->n_command; i++)
		argv[n++] = arena_cstr(a, v->command[i]);
	argv[n] = NULL;
	return argv;
}

struct shell_enter *shell_enter_start(struct loop *loop, struct arena *a, const struct visit *v,
	const char *shell, const char *const *env, const char *cwd,
	void (*done)(void *arg, const struct outcome *o), void *arg)
{
	struct shell_enter *s = xcalloc(1, sizeof(*s));
	struct proc_options o = {.env = env,
		.cwd = cwd,
		.grace_ms = GRACE_MS,
		.drain_ms = DRAIN_MS,
		.output = on_output,
		.done = on_exit_code,
		.arg = s};
	const char *pts = NULL;

	*s = (struct shell_enter){
		.loop = loop, .v = v, .done = done, .arg = arg, .near_end = -1, .typed = BUF_INIT};
	s->err = ERROR_INIT;
	if (terminal_is_tty(v->terminal)) {
		pts = make_pty(s, a, &s->err);
		if (!pts) {
			loop_post(loop, &s->task, on_no_pty, s);
			return s;
		}
	}
	o.keep_input = !pts;
	o.argv = command(a, v, shell, pts);
	s->proc = proc_start(loop, &o);
	terminal_open(v->terminal, &(struct terminal_use){.mode = TERMINAL_RAW,
					   .input = on_input,
					   .ended = on_ended,
					   .resized = copy_size,
					   .arg = s});
	return s;
}

void shell_enter_stop(struct shell_enter *s, bool now)
{
	s->stopped = true;
	if (s->proc)
		proc_kill(s->proc, now);
}
