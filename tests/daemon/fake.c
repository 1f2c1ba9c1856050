#include "base/base.h"
#include "tests/daemon/fake.h"

#include "tests/daemon/fake_script.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

union fake_stream {
	uv_handle_t handle;
	uv_stream_t stream;
	uv_pipe_t pipe;
	uv_tcp_t tcp;
};

struct connection {
	struct fake *fake;
	union fake_stream stream;
	uv_timer_t timer;
	unsigned handles;
	bool closing, busy, echoing, ended;
	struct buf in; /* bytes of requests not yet answered */
	struct fake_rule *rule;
	size_t op, sent; /* place in the rule */
	size_t split;
	char read_buffer[65536];
	struct connection *next, *prev;
};

struct fake {
	uv_loop_t *loop;
	union fake_stream listener;
	bool tcp, closed;
	struct fake_script script;
	struct fake_rule missing;
	struct buf log;
	char *path;
	unsigned n_connections, n_requests;
	struct connection *connections;
};

struct write {
	uv_write_t req;
	struct connection *connection;
	struct buf data;
};

static void run(struct connection *c);

/* ---- memory ---- */

static void maybe_free(struct fake *f)
{
	if (!f->closed || f->n_connections)
		return;
	fake_script_release(&f->script);
	buf_release(&f->log);
	free(f->path);
	free(f);
}

static void on_connection_closed(uv_handle_t *h)
{
	struct connection *c = h->data;
	struct fake *f = c->fake;

	if (--c->handles)
		return;
	if (c->prev)
		c->prev->next = c->next;
	else
		f->connections = c->next;
	if (c->next)
		c->next->prev = c->prev;
	f->n_connections--;
	buf_release(&c->in);
	free(c);
	maybe_free(f);
}

static void drop(struct connection *c)
{
	if (c->closing)
		return;
	c->closing = true;
	uv_close(&c->stream.handle, on_connection_closed);
	uv_close((uv_handle_t *)&c->timer, on_connection_closed);
}

/* An RST where there is one: a Unix socket's peer sees an end like any other. */
static void reset(struct connection *c)
{
	struct linger hard = {1, 0};
	uv_os_fd_t fd;

	if (!uv_fileno(&c->stream.handle, &fd))
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	drop(c);
}

/* ---- answering ---- */

static void on_timer(uv_timer_t *t)
{
	run(t->data);
}

static void on_written(uv_write_t *req, int status)
{
	struct write *w = container_of(req, struct write, req);
	struct connection *c = w->connection;

	buf_release(&w->data);
	free(w);
	if (c->closing)
		return;
	if (status)
		drop(c);
	else if (c->busy && c->split)
		uv_timer_start(&c->timer, on_timer, 0, 0);
	else if (c->busy)
		run(c);
}

static void send_bytes(struct connection *c, struct str s)
{
	struct write *w = xcalloc(1, sizeof(*w));
	uv_buf_t b;

	w->connection = c;
	buf_init(&w->data);
	buf_addstr(&w->data, s);
	b = uv_buf_init(w->data.p, (unsigned)w->data.n);
	uv_write(&w->req, &c->stream.stream, &b, 1, on_written);
}

static void next_request(struct connection *c);

static void run_send(struct connection *c, const struct fake_op *op)
{
	struct str left = str_from(op->text, c->sent);

	if (c->split && left.n > c->split) {
		c->sent += c->split;
		send_bytes(c, str_sub(left, 0, c->split));
		return;
	}
	c->sent = 0;
	c->op++;
	send_bytes(c, left);
}

static void run(struct connection *c)
{
	const struct fake_op *op;

	if (c->closing)
		return;
	if (c->op == c->rule->ops.n) {
		c->busy = false;
		next_request(c);
		return;
	}
	op = &c->rule->ops.v[c->op];
	switch (op->verb) {
	case FAKE_SEND:
		run_send(c, op);
		break;
	case FAKE_SPLIT:
		c->split = op->number;
		c->op++;
		run(c);
		break;
	case FAKE_DELAY:
		c->op++;
		uv_timer_start(&c->timer, on_timer, op->number, 0);
		break;
	case FAKE_ECHO:
		c->echoing = true;
		if (c->ended)
			drop(c);
		break;
	case FAKE_STALL:
		break;
	case FAKE_RESET:
		reset(c);
		break;
	case FAKE_CLOSE:
		drop(c);
		break;
	}
}

/* ---- requests ---- */

/* Length of a complete chunked body in s, 0 when it is not complete; its bytes go to out. */
static size_t read_chunks(struct str s, struct buf *out)
{
	size_t at = 0;

	for (;;) {
		size_t end = str_find(str_from(s, at), STR("\r\n"));
		unsigned long n;

		if (end == STR_NPOS)
			return 0;
		n = strtoul(s.p + at, NULL, 16);
		at += end + 2;
		if (s.n < at + n + 2)
			return 0;
		buf_addstr(out, str_sub(s, at, at + n));
		at += n + 2;
		if (!n)
			return at;
	}
}

/* Length of the body, with *complete; out gets its bytes. */
static size_t read_body(struct str head, struct str rest, struct buf *out, bool *complete)
{
	static const struct str length = STR_INIT("\r\nContent-Length: ");
	size_t at = str_find(head, length), n = 0;

	*complete = true;
	if (str_find(head, STR("\r\nTransfer-Encoding: chunked")) != STR_NPOS) {
		n = read_chunks(rest, out);
		*complete = n > 0;
		return n;
	}
	if (at == STR_NPOS)
		return 0;
	n = strtoul(head.p + at + length.n, NULL, 10);
	*complete = rest.n >= n;
	if (*complete)
		buf_addstr(out, str_sub(rest, 0, n));
	return n;
}

static struct str without_version(struct str path)
{
	size_t slash = path.n > 2 ? str_chr(str_from(path, 1), '/') : STR_NPOS;

	if (path.n > 2 && path.p[1] == 'v' && isdigit((unsigned char)path.p[2]) &&
		slash != STR_NPOS)
		return str_from(path, slash + 1);
	return path;
}

static void note(struct fake *f, struct str method, struct str path, struct str body)
{
	f->n_requests++;
	buf_printf(&f->log, STR_FMT " " STR_FMT "%s", STR_ARG(method), STR_ARG(path),
		body.n ? " " : "");
	buf_addstr(&f->log, body);
	buf_addc(&f->log, '\n');
}

static void next_request(struct connection *c)
{
	struct str in = buf_str(&c->in), head, method, path;
	size_t end = str_find(in, STR("\r\n\r\n")), n, space;
	struct buf body = BUF_INIT;
	bool complete;

	if (c->busy || end == STR_NPOS)
		return;
	head = str_sub(in, 0, end + 2);
	n = read_body(head, str_from(in, end + 4), &body, &complete);
	if (complete) {
		space = str_chr(head, ' ');
		method = str_sub(head, 0, space);
		path = str_from(head, space + 1);
		path = str_sub(path, 0, str_chr(path, ' '));
		note(c->fake, method, path, buf_str(&body));
		c->rule = fake_script_match(&c->fake->script, method, without_version(path));
		if (!c->rule)
			c->rule = &c->fake->missing;
		c->busy = true;
		c->op = c->sent = c->split = 0;
		buf_remove(&c->in, end + 4 + n);
		run(c);
	}
	buf_release(&body);
}

static void echo(struct connection *c, struct str s)
{
	unsigned char head[8] = {1, 0, 0, 0};
	struct buf b = BUF_INIT;

	head[4] = (unsigned char)(s.n >> 24);
	head[5] = (unsigned char)(s.n >> 16);
	head[6] = (unsigned char)(s.n >> 8);
	head[7] = (unsigned char)s.n;
	buf_add(&b, head, sizeof(head));
	buf_addstr(&b, s);
	send_bytes(c, buf_str(&b));
	buf_release(&b);
}

static void on_alloc(uv_handle_t *h, size_t hint, uv_buf_t *b)
{
	struct connection *c = h->data;

	UNUSED(hint);
	*b = uv_buf_init(c->read_buffer, sizeof(c->read_buffer));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct connection *c = s->data;

	if (n == UV_EOF && c->rule && c->busy) {
		c->ended = true;
		if (c->echoing)
			drop(c);
	} else if (n < 0) {
		drop(c);
	} else if (c->echoing) {
		echo(c, str_n(b->base, (size_t)n));
	} else {
		buf_add(&c->in, b->base, (size_t)n);
		next_request(c);
	}
}

static void on_connection(uv_stream_t *server, int status)
{
	struct fake *f = server->data;
	struct connection *c;

	if (status)
		return;
	c = xcalloc(1, sizeof(*c));
	c->fake = f;
	c->handles = 2;
	buf_init(&c->in);
	if (f->tcp)
		uv_tcp_init(f->loop, &c->stream.tcp);
	else
		uv_pipe_init(f->loop, &c->stream.pipe, 0);
	uv_timer_init(f->loop, &c->timer);
	c->stream.handle.data = c->timer.data = c;
	c->next = f->connections;
	if (f->connections)
		f->connections->prev = c;
	f->connections = c;
	f->n_connections++;
	uv_accept(server, &c->stream.stream);
	/* Waiting for a client is no reason for a test's loop to go on. */
	uv_unref(&c->stream.handle);
	uv_read_start(&c->stream.stream, on_alloc, on_read);
}

static void add_missing(struct fake *f)
{
	static const char text[] =
		"HTTP/1.1 404 Scripted\r\nContent-Type: application/json\r\n"
		"Content-Length: 31\r\n\r\n{\"message\":\"no rule in script\"}\n";
	struct fake_op op = {FAKE_SEND, STR_NULL, 0};

	op.text = arena_str(&f->script.arena, str_c(text));
	vec_push_in(&f->script.arena, &f->missing.ops, op);
}

static int listen_somewhere(struct fake *f)
{
	struct sockaddr_in any;
	int rc;

	if (f->tcp) {
		uv_tcp_init(f->loop, &f->listener.tcp);
		uv_ip4_addr("127.0.0.1", 0, &any);
		rc = uv_tcp_bind(&f->listener.tcp, (const struct sockaddr *)&any, 0);
	} else {
		unlink(f->path);
		uv_pipe_init(f->loop, &f->listener.pipe, 0);
		rc = uv_pipe_bind(&f->listener.pipe, f->path);
	}
	if (!rc)
		rc = uv_listen(&f->listener.stream, 64, on_connection);
	f->listener.handle.data = f;
	uv_unref(&f->listener.handle);
	return rc;
}

struct fake *fake_start(uv_loop_t *loop, const char *path, const char *script)
{
	struct fake *f = xcalloc(1, sizeof(*f));
	unsigned bad = fake_script_parse(&f->script, str_c(script));
	int rc;

	buf_init(&f->log);
	if (bad) {
		fprintf(stderr, "fake daemon: line %u of the script is wrong\n", bad);
		fake_script_release(&f->script);
		free(f);
		return NULL;
	}
	add_missing(f);
	f->loop = loop;
	f->tcp = path == NULL;
	f->path = path ? xstrdup(path) : NULL;
	rc = listen_somewhere(f);
	if (!rc)
		return f;
	fprintf(stderr, "fake daemon: %s: %s\n", path ? path : "tcp", uv_strerror(rc));
	fake_stop(f);
	return NULL;
}

unsigned fake_port(const struct fake *f)
{
	struct sockaddr_in sa;
	int n = sizeof(sa);

	if (uv_tcp_getsockname(&f->listener.tcp, (struct sockaddr *)&sa, &n))
		return 0;
	return ntohs(sa.sin_port);
}

static void on_listener_closed(uv_handle_t *h)
{
	struct fake *f = h->data;

	f->closed = true;
	maybe_free(f);
}

void fake_stop(struct fake *f)
{
	for (struct connection *c = f->connections; c; c = c->next)
		drop(c);
	if (f->path)
		unlink(f->path);
	uv_close(&f->listener.handle, on_listener_closed);
}

struct str fake_log(const struct fake *f)
{
	return buf_str(&f->log);
}

unsigned fake_connections(const struct fake *f)
{
	return f->n_connections;
}

unsigned fake_requests(const struct fake *f)
{
	return f->n_requests;
}
