#include "base/base.h"
#include "emulator/docker/ssh.h"

#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/core/trace.h"
#include "emulator/docker/engine.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* One connection: its socket is the program's standard input and output. */
struct ssh_dial {
	uv_pipe_t pipe;
	uv_process_t process;
	struct ssh_relay *relay;
	bool running; /* the process handle is open */
	unsigned open;
	struct ssh_dial *next, *prev;
};

struct ssh_relay {
	struct loop *loop;
	uv_pipe_t listener;
	char *dir, *socket, *errors;
	char *user, *host;
	char port[12];
	int error_fd;
	char said[256];
	bool listening, closing;
	struct ssh_dial *dials;
};

static void maybe_free(struct ssh_relay *r)
{
	if (!r->closing || r->dials || r->listening)
		return;
	free(r->dir);
	free(r->socket);
	free(r->errors);
	free(r->user);
	free(r->host);
	free(r);
}

static void on_dial_closed(uv_handle_t *h)
{
	struct ssh_dial *d = h->data;
	struct ssh_relay *r = d->relay;

	if (--d->open)
		return;
	if (d->prev)
		d->prev->next = d->next;
	else
		r->dials = d->next;
	if (d->next)
		d->next->prev = d->prev;
	free(d);
	maybe_free(r);
}

static void end_process(struct ssh_dial *d)
{
	if (!d->running)
		return;
	d->running = false;
	uv_close((uv_handle_t *)&d->process, on_dial_closed);
}

static void on_ssh_exit(uv_process_t *p, int64_t status, int sig)
{
	TRACE(DOCKER, "ssh %s ended: %d, signal %d", ((struct ssh_dial *)p->data)->relay->host,
		(int)status, sig);
	end_process(p->data);
}

static int spawn(struct ssh_dial *d)
{
	struct ssh_relay *r = d->relay;
	char *argv[20];
	size_t n = 0;
	int fd = -1, rc;
	uv_stdio_container_t stdio[3];
	uv_process_options_t o = {.exit_cb = on_ssh_exit,
		.file = "ssh",
		.args = argv,
		.stdio = stdio,
		.stdio_count = 3,
		/* Ctrl-C at the terminal must not take the connection down before we are done. */
		.flags = UV_PROCESS_DETACHED};

	argv[n++] = (char *)"ssh";
	if (r->user) {
		argv[n++] = (char *)"-l";
		argv[n++] = r->user;
	}
	if (r->port[0]) {
		argv[n++] = (char *)"-p";
		argv[n++] = r->port;
	}
	argv[n++] = (char *)"-o";
	argv[n++] = (char *)"ConnectTimeout=30";
	argv[n++] = (char *)"-T";
	argv[n++] = (char *)"--";
	argv[n++] = r->host;
	argv[n++] = (char *)"docker";
	argv[n++] = (char *)"system";
	argv[n++] = (char *)"dial-stdio";
	argv[n] = NULL;
	uv_fileno((uv_handle_t *)&d->pipe, &fd);
	stdio[0] = stdio[1] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data = {.fd = fd}};
	stdio[2] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data = {.fd = r->error_fd}};
	rc = uv_spawn(loop_uv(r->loop), &d->process, &o);
	if (rc)
		dprintf(r->error_fd, "cannot run ssh: %s\n", uv_strerror(rc));
	return rc;
}

/* Programs of others read and write as it suits them. */
static void make_blocking(uv_pipe_t *pipe)
{
	int fd = -1;

	if (!uv_fileno((uv_handle_t *)pipe, &fd))
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct ssh_relay *r = listener->data;
	struct ssh_dial *d;

	if (status < 0)
		return;
	d = xcalloc(1, sizeof(*d));
	d->relay = r;
	d->pipe.data = d->process.data = d;
	uv_pipe_init(loop_uv(r->loop), &d->pipe, 0);
	d->open = 2;
	d->next = r->dials;
	if (d->next)
		d->next->prev = d;
	r->dials = d;
	if (!uv_accept(listener, (uv_stream_t *)&d->pipe)) {
		make_blocking(&d->pipe);
		d->running = true;
		if (spawn(d))
			end_process(d);
		else
			uv_unref((uv_handle_t *)&d->process);
	} else {
		d->open = 1;
	}
	/* The program has its own copy: when it ends, the connection does. */
	uv_close((uv_handle_t *)&d->pipe, on_dial_closed);
}

static int listen_at(struct ssh_relay *r, struct error *err)
{
	const char *tmp = getenv("TMPDIR");
	int rc;

	r->error_fd = -1;
	r->dir = xasprintf("%s/cilocal-ssh-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(r->dir))
		return error_sys(err, errno, "cannot make '%s'", r->dir);
	r->socket = xasprintf("%s/socket", r->dir);
	r->errors = xasprintf("%s/errors", r->dir);
	r->error_fd = open(r->errors, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	uv_pipe_init(loop_uv(r->loop), &r->listener, 0);
	r->listener.data = r;
	r->listening = true;
	rc = uv_pipe_bind(&r->listener, r->socket);
	if (!rc)
		rc = uv_listen((uv_stream_t *)&r->listener, 64, on_connection);
	uv_unref((uv_handle_t *)&r->listener);
	return rc ? error_uv(err, rc, "'%s'", r->socket) : 0;
}

struct ssh_relay *ssh_relay_new(struct loop *l, const struct endpoint *at, struct error *err)
{
	struct ssh_relay *r = xcalloc(1, sizeof(*r));

	r->loop = l;
	r->host = xstrdup(at->host);
	r->user = at->user ? xstrdup(at->user) : NULL;
	if (at->port)
		snprintf(r->port, sizeof(r->port), "%u", at->port);
	if (!listen_at(r, err))
		return r;
	ssh_relay_free(r);
	return NULL;
}

static void on_listener_closed(uv_handle_t *h)
{
	struct ssh_relay *r = h->data;

	r->listening = false;
	maybe_free(r);
}

void ssh_relay_free(struct ssh_relay *r)
{
	struct ssh_dial *next;

	if (!r)
		return;
	r->closing = true;
	for (struct ssh_dial *d = r->dials; d; d = next) {
		next = d->next;
		if (d->running)
			uv_process_kill(&d->process, SIGTERM);
		end_process(d);
	}
	if (r->error_fd >= 0)
		close(r->error_fd);
	if (r->errors)
		unlink(r->errors);
	if (r->socket)
		unlink(r->socket);
	rmdir(r->dir);
	if (r->listening)
		uv_close((uv_handle_t *)&r->listener, on_listener_closed);
	else
		maybe_free(r);
}

const char *ssh_relay_socket(const struct ssh_relay *r)
{
	return r->socket;
}

const char *ssh_relay_said(struct ssh_relay *r)
{
	char text[2048];
	off_t size = lseek(r->error_fd, 0, SEEK_END);
	ssize_t n = pread(r->error_fd, text, sizeof(text), MAX(size - (off_t)sizeof(text), 0));
	struct str s = str_trim(str_n(text, n > 0 ? (size_t)n : 0));
	size_t cut = str_rchr(s, '\n');

	if (cut != STR_NPOS)
		s = str_trim(str_from(s, cut + 1));
	snprintf(r->said, sizeof(r->said), STR_FMT, STR_ARG(s));
	return r->said;
}
