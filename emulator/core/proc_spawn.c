/*
 * Pipes and process. Real pipes instead of libuv's socket pairs, because a script that opens
 * /dev/stdout or /dev/stderr fails on a socket (ENXIO).
 */
#include "base/base.h"
#include "emulator/core/proc.h"

#include "emulator/core/proc_internal.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIPE_SIZE (1 << 20)

/* The child's ends, closed here after the spawn. */
struct ends {
	int in, out, err;
};

static void close_ends(struct ends *e)
{
	if (e->err >= 0 && e->err != e->out)
		close(e->err);
	if (e->out >= 0)
		close(e->out);
	if (e->in >= 0)
		close(e->in);
}

static int make_pipe(int fds[2], struct error *err)
{
	if (pipe2(fds, O_CLOEXEC))
		return error_sys(err, errno, "cannot make a pipe");
	/* Larger than a user may have is refused; then the default size has to do. */
	fcntl(fds[1], F_SETPIPE_SZ, PIPE_SIZE);
	return 0;
}

static int open_pipe(struct proc *p, uv_pipe_t *pipe, int fd)
{
	int rc;

	uv_pipe_init(loop_uv(p->loop), pipe, 0);
	p->handles++;
	rc = uv_pipe_open(pipe, fd);
	if (!rc)
		return 0;
	close(fd);
	return error_uv(&p->err, rc, "cannot read from a pipe");
}

/* Our end is p->out[i], theirs goes to *child. */
static int make_output(struct proc *p, size_t i, int *child)
{
	int fds[2];

	if (make_pipe(fds, &p->err))
		return -1;
	*child = fds[1];
	p->out[i].open = true;
	return open_pipe(p, &p->out[i].pipe, fds[0]);
}

/*
 * Input that is known as a whole is a file in memory: a shell reads its script from a pipe byte by
 * byte, because what follows a command is that command's input, but from a file in blocks.
 */
static int whole_input(const struct proc *p)
{
	int fd = memfd_create("input", MFD_CLOEXEC);
	size_t done = 0;

	while (fd >= 0 && done < p->first_input.n) {
		ssize_t n = write(fd, p->first_input.p + done, p->first_input.n - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			close(fd);
			return -1;
		}
		done += (size_t)n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static int make_input(struct proc *p, int *child)
{
	int fds[2];

	*child = p->keep_input ? -1 : whole_input(p);
	if (*child >= 0)
		return 0;

	if (make_pipe(fds, &p->err))
		return -1;
	*child = fds[0];
	p->input_open = true;
	return open_pipe(p, &p->input, fds[1]);
}

static int make_ends(struct proc *p, struct ends *e)
{
	if (!p->inherit_input && (p->keep_input || p->first_input.n) && make_input(p, &e->in))
		return -1;
	if (p->inherit_output)
		return 0;
	if (make_output(p, 0, &e->out))
		return -1;
	if (p->merge) {
		e->err = e->out;
		return 0;
	}
	return make_output(p, 1, &e->err);
}

static uv_stdio_container_t stdio_of(int fd, bool inherit, int ours)
{
	uv_stdio_container_t c = {.flags = UV_IGNORE};

	if (fd >= 0 || inherit) {
		c.flags = UV_INHERIT_FD;
		c.data.fd = fd >= 0 ? fd : ours;
	}
	return c;
}

static void explain(struct proc *p, int rc)
{
	struct stat st;

	if (p->cwd && (stat(p->cwd, &st) || !S_ISDIR(st.st_mode)))
		error_uv(&p->err, rc, "cannot run '%s' in '%s'", p->argv[0], p->cwd);
	else
		error_uv(&p->err, rc, "cannot run '%s'", p->argv[0]);
}

static void on_uv_exit(uv_process_t *process, int64_t status, int signum)
{
	struct proc *p = container_of(process, struct proc, process);

	proc_exited(p, (int)status, signum);
}

static int spawn(struct proc *p, const struct ends *e)
{
	uv_stdio_container_t stdio[3];
	uv_process_options_t o = {0};
	int rc;

	stdio[0] = stdio_of(e->in, p->inherit_input, 0);
	stdio[1] = stdio_of(e->out, p->inherit_output, 1);
	stdio[2] = stdio_of(e->err, p->inherit_output, 2);
	o.exit_cb = on_uv_exit;
	o.file = p->argv[0];
	o.args = p->argv;
	o.env = p->env;
	o.cwd = p->cwd;
	o.flags = p->foreground ? 0 : UV_PROCESS_DETACHED;
	o.stdio = stdio;
	o.stdio_count = 3;
	rc = uv_spawn(loop_uv(p->loop), &p->process, &o);
	/* After a failed exec the handle is in the loop all the same and must be closed. */
	p->process_open = true;
	p->handles++;
	if (rc)
		explain(p, rc);
	else
		p->pid = p->process.pid;
	return rc ? -1 : 0;
}

int proc_spawn(struct proc *p)
{
	struct ends e = {-1, -1, -1};
	int r = -1;

	if (!make_ends(p, &e)) {
		const int fds[3] = {e.in, e.out, e.err};

		r = proc_spawn_quick(p, fds) ? 0 : spawn(p, &e);
	}
	close_ends(&e);
	if (r)
		return -1;
	p->started = true;
	p->group = p->pid;
	return 0;
}
