#include "base/base.h"
#include "emulator/core/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define CHUNK 65536

/* Reads standard input; lives until its handle is closed, which is later than the terminal's use.
 */
struct reader {
	struct terminal *terminal; /* NULL: nobody listens any more */
	uv_poll_t poll;
	uv_fs_t file; /* where it can't be polled: a file */
	bool polls, reading, paused, over;
	int fd; /* our own descriptor of what is behind standard input, or 0 */
	uv_buf_t space;
	char bytes[CHUNK];
};

struct terminal {
	struct loop *loop;
	bool tty, open;
	struct terminal_wait *owner, *first; /* first: of those who wait */
	void (*on_owner)(void *arg, const struct terminal_wait *owner);
	void *on_owner_arg;
	struct terminal_use use;
	struct reader *reader;
	uv_signal_t winch;
	bool has_winch;
};

/* ---- the mode, and getting it back ---- */

static struct termios mode_before;
static volatile sig_atomic_t mode_changed;

void terminal_restore(void)
{
	if (!mode_changed)
		return;
	mode_changed = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &mode_before);
}

bool terminal_is_raw(void)
{
	struct termios t;

	return mode_changed && !tcgetattr(STDIN_FILENO, &t) && !(t.c_oflag & OPOST);
}

static void on_fatal(int signum)
{
	terminal_restore();
	/* SA_RESETHAND: the second time it has its default effect. */
	raise(signum);
}

/* A sanitizer's own handlers are left alone. */
static void watch_fatal(int signum)
{
	struct sigaction now, ours = {.sa_handler = on_fatal, .sa_flags = (int)SA_RESETHAND};

	if (!sigaction(signum, NULL, &now) && !(now.sa_flags & SA_SIGINFO) &&
		now.sa_handler == SIG_DFL)
		sigaction(signum, &ours, NULL);
}

static void change_mode(enum terminal_mode mode)
{
	static bool watched;
	struct termios t;

	if (mode_changed || tcgetattr(STDIN_FILENO, &mode_before))
		return;
	if (!watched) {
		watched = true;
		atexit(terminal_restore);
		watch_fatal(SIGABRT);
		watch_fatal(SIGSEGV);
		watch_fatal(SIGBUS);
	}
	t = mode_before;
	t.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
	t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	if (mode == TERMINAL_RAW)
		t.c_oflag &= ~(tcflag_t)OPOST;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	mode_changed = 1;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &t);
	/* What was typed before a question is no answer to it. */
	if (mode == TERMINAL_KEYS)
		tcflush(STDIN_FILENO, TCIFLUSH);
}

/* ---- standard input ---- */

static void read_on(struct reader *r);

static void free_reader(struct reader *r)
{
	if (r->fd)
		close(r->fd);
	free(r);
}

static void on_reader_closed(uv_handle_t *h)
{
	free_reader(container_of((uv_poll_t *)h, struct reader, poll));
}

/* The reader goes when nothing of it is under way. */
static void drop_reader(struct reader *r)
{
	r->terminal = NULL;
	if (r->polls)
		uv_close((uv_handle_t *)&r->poll, on_reader_closed);
	else if (!r->reading)
		free_reader(r);
}

static void got(struct reader *r, ssize_t n)
{
	struct terminal *t = r->terminal;

	if (n > 0) {
		t->use.input(t->use.arg, str_n(r->bytes, (size_t)n));
		return;
	}
	r->over = true;
	if (r->polls)
		uv_poll_stop(&r->poll);
	t->use.ended(t->use.arg);
}

static void on_readable(uv_poll_t *p, int status, int events)
{
	struct reader *r = container_of(p, struct reader, poll);
	ssize_t n;

	UNUSED(events);
	if (status < 0) {
		got(r, status);
		return;
	}
	n = read(r->fd, r->bytes, CHUNK);
	/* A terminal that is gone says EIO. */
	if (n >= 0 || (errno != EAGAIN && errno != EINTR))
		got(r, n);
}

static void on_file(uv_fs_t *req)
{
	struct reader *r = container_of(req, struct reader, file);
	ssize_t n = req->result;

	uv_fs_req_cleanup(req);
	/* The callback may close the terminal: the reader stays until here all the same. */
	if (r->terminal)
		got(r, n);
	r->reading = false;
	if (r->terminal)
		read_on(r);
	else
		free_reader(r);
}

static void read_on(struct reader *r)
{
	if (r->paused || r->over || r->reading)
		return;
	if (r->polls) {
		uv_poll_start(&r->poll, UV_READABLE, on_readable);
		return;
	}
	r->reading = true;
	r->space = uv_buf_init(r->bytes, CHUNK);
	if (uv_fs_read(loop_uv(r->terminal->loop), &r->file, r->fd, &r->space, 1, -1, on_file))
		r->reading = false;
}

/*
 * A description of our own, because polling makes it non-blocking: the one behind descriptor 0 is
 * shared with our standard output and with the shell that started us. A socket and another user's
 * terminal (after su) can't be opened again. There the shared one is polled, and blocks as before:
 * it is read only when there is something to read. False where it can't be polled.
 */
static bool poll_input(struct reader *r, uv_loop_t *uv)
{
	int mode = -1;

	r->fd = open("/proc/self/fd/0", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (r->fd < 0) {
		mode = fcntl(STDIN_FILENO, F_GETFL);
		r->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	}
	if (r->fd >= 0 && !uv_poll_init(uv, &r->poll, r->fd)) {
		if (mode != -1)
			fcntl(r->fd, F_SETFL, mode);
		return true;
	}
	if (r->fd >= 0)
		close(r->fd);
	r->fd = 0;
	return false;
}

static struct reader *new_reader(struct terminal *t)
{
	struct reader *r = xcalloc(1, sizeof(*r));
	struct stat st;
	bool file = fstat(STDIN_FILENO, &st) || S_ISREG(st.st_mode);

	r->terminal = t;
	/* Devices like /dev/null can't be polled, and need not be. */
	r->polls = !file && poll_input(r, loop_uv(t->loop));
	return r;
}

/* ---- owners ---- */

static void on_winch(uv_signal_t *h, int signum)
{
	struct terminal *t = container_of(h, struct terminal, winch);

	UNUSED(signum);
	if (t->open && t->use.resized)
		t->use.resized(t->use.arg);
}

static void on_winch_closed(uv_handle_t *h)
{
	free(container_of((uv_signal_t *)h, struct terminal, winch));
}

struct terminal *terminal_new(struct loop *loop)
{
	struct terminal *t = xcalloc(1, sizeof(*t));

	t->loop = loop;
	t->tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	return t;
}

void terminal_free(struct terminal *t)
{
	if (!t)
		return;
	if (t->owner || t->first)
		BUG("the terminal is freed while somebody has it");
	if (t->has_winch)
		uv_close((uv_handle_t *)&t->winch, on_winch_closed);
	else
		free(t);
}

bool terminal_is_tty(const struct terminal *t)
{
	return t->tty;
}

void terminal_on_owner(
	struct terminal *t, void (*fn)(void *arg, const struct terminal_wait *owner), void *arg)
{
	t->on_owner = fn;
	t->on_owner_arg = arg;
}

static void on_turn(void *arg)
{
	struct terminal_wait *w = arg;

	w->fn(w->arg);
}

static void give(struct terminal *t)
{
	struct terminal_wait *w = t->first;

	if (t->owner || !w)
		return;
	t->first = w->next;
	t->owner = w;
	if (t->on_owner)
		t->on_owner(t->on_owner_arg, w);
	loop_post(t->loop, &w->task, on_turn, w);
}

void terminal_want(struct terminal *t, struct terminal_wait *w, loop_fn *fn, void *arg)
{
	struct terminal_wait **at = &t->first;

	if (w->terminal)
		BUG("the terminal is wanted twice by one");
	*w = (struct terminal_wait){.terminal = t, .fn = fn, .arg = arg};
	while (*at)
		at = &(*at)->next;
	*at = w;
	give(t);
}

void terminal_leave(struct terminal_wait *w)
{
	struct terminal *t = w->terminal;
	struct terminal_wait **at;

	if (!t)
		return;
	loop_unpost(&w->task);
	w->terminal = NULL;
	if (t->owner != w) {
		for (at = &t->first; *at != w; at = &(*at)->next)
			;
		*at = w->next;
		return;
	}
	terminal_close(t);
	t->owner = NULL;
	if (t->on_owner)
		t->on_owner(t->on_owner_arg, NULL);
	give(t);
}

/* ---- use ---- */

static void watch_size(struct terminal *t)
{
	if (!t->has_winch && !uv_signal_init(loop_uv(t->loop), &t->winch)) {
		t->has_winch = true;
		uv_unref((uv_handle_t *)&t->winch);
	}
	if (t->has_winch)
		uv_signal_start(&t->winch, on_winch, SIGWINCH);
}

void terminal_open(struct terminal *t, const struct terminal_use *u)
{
	if (t->open)
		BUG("the terminal is open already");
	t->open = true;
	t->use = *u;
	if (t->tty) {
		change_mode(u->mode);
		watch_size(t);
	}
	t->reader = new_reader(t);
	read_on(t->reader);
}

void terminal_close(struct terminal *t)
{
	if (!t->open)
		return;
	t->open = false;
	drop_reader(t->reader);
	t->reader = NULL;
	if (t->has_winch)
		uv_signal_stop(&t->winch);
	terminal_restore();
}

void terminal_pause(struct terminal *t)
{
	if (!t->open)
		return;
	t->reader->paused = true;
	if (t->reader->polls)
		uv_poll_stop(&t->reader->poll);
}

void terminal_resume(struct terminal *t)
{
	if (!t->open || !t->reader->paused)
		return;
	t->reader->paused = false;
	read_on(t->reader);
}

void terminal_size(const struct terminal *t, unsigned *rows, unsigned *columns)
{
	struct winsize w;
	bool known = t->tty && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_row && w.ws_col;

	*rows = known ? w.ws_row : 24;
	*columns = known ? w.ws_col : 80;
}

bool terminal_write(struct terminal *t, int stream, struct str bytes)
{
	int fd = stream == 2 ? STDERR_FILENO : STDOUT_FILENO;

	UNUSED(t);
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n >= 0) {
			bytes = str_from(bytes, (size_t)n);
		} else if (errno == EAGAIN) {
			struct pollfd p = {fd, POLLOUT, 0};

			poll(&p, 1, -1);
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}
