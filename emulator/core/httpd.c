#include "base/base.h"
#include "emulator/core/httpd.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/core/trace.h"

#include <arpa/inet.h>

#define REQUEST_MAX  8192
#define PATIENCE_MS  10000
#define CLIENTS_MAX  64
#define LISTEN_QUEUE 32

struct listener {
	uv_tcp_t tcp;
	struct httpd *h;
	struct listener *next;
};

struct client {
	uv_tcp_t tcp;
	uv_write_t write;
	struct loop_timer timer;
	struct httpd *h;
	struct client *next, *prev;
	struct buf in, out;
	bool answered, closing;
};

struct httpd {
	struct loop *loop;
	httpd_fn *fn;
	void *arg;
	struct listener *listeners;
	struct client *clients;
	unsigned n_clients, handles; /* handles: not closed yet */
	bool freed;
};

static void let_go(struct httpd *h)
{
	h->handles--;
	if (h->freed && !h->handles)
		free(h);
}

/* ---- one client ---- */

static void on_client_closed(uv_handle_t *handle)
{
	struct client *c = handle->data;

	buf_release(&c->in);
	buf_release(&c->out);
	let_go(c->h);
	free(c);
}

static void client_close(struct client *c)
{
	if (c->closing)
		return;
	c->closing = true;
	loop_timer_stop(&c->timer);
	if (c->prev)
		c->prev->next = c->next;
	else
		c->h->clients = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->h->n_clients--;
	uv_close((uv_handle_t *)&c->tcp, on_client_closed);
}

static void on_patience(void *arg)
{
	client_close(arg);
}

static void on_written(uv_write_t *w, int status)
{
	UNUSED(status);
	client_close(w->data);
}

static const char *reason(unsigned status)
{
	switch (status) {
	case 200:
		return "OK";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	default:
		return "Bad Request";
	}
}

static void reply(struct client *c, const struct httpd_answer *a, bool with_body)
{
	uv_buf_t bytes;

	c->answered = true;
	buf_printf(&c->out,
		"HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s"
		"Cache-Control: no-store\r\nConnection: close\r\n\r\n",
		a->status, reason(a->status), a->type, a->body.n,
		a->status == 405 ? "Allow: GET, HEAD\r\n" : "");
	if (with_body)
		buf_addstr(&c->out, a->body);
	uv_read_stop((uv_stream_t *)&c->tcp);
	bytes = uv_buf_init(c->out.p, (unsigned)c->out.n);
	c->write.data = c;
	if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &bytes, 1, on_written))
		client_close(c);
}

static void refuse(struct client *c, unsigned status)
{
	struct httpd_answer a = {.status = status, .type = "text/plain"};

	a.body = str_c(reason(status));
	reply(c, &a, true);
}

static struct str header_host(struct str head)
{
	struct str_split it = str_split(head, '\n');
	struct str line;

	while (str_split_next(&it, &line))
		if (line.n > 5 && str_ieq(str_sub(line, 0, 5), STR("host:")))
			return str_trim(str_from(line, 5));
	return STR_NULL;
}

/* "GET /path?query HTTP/1.1" and what follows, up to the empty line. */
static void answer(struct client *c, struct str head)
{
	struct str line = str_sub(head, 0, MIN(str_chr(head, '\r'), str_chr(head, '\n')));
	size_t sp = str_chr(line, ' '), end;
	struct str method = str_sub(line, 0, sp), target, version;
	struct httpd_request q;
	struct httpd_answer a = {0};

	target = sp == STR_NPOS ? STR_NULL : str_from(line, sp + 1);
	end = str_chr(target, ' ');
	version = end == STR_NPOS ? STR_NULL : str_from(target, end + 1);
	target = str_sub(target, 0, end);
	if (!str_starts(version, STR("HTTP/1.")) || !target.n || target.p[0] != '/') {
		refuse(c, 400);
		return;
	}
	if (!str_is(method, "GET") && !str_is(method, "HEAD")) {
		refuse(c, 405);
		return;
	}
	q.path = str_sub(target, 0, str_chr(target, '?'));
	q.host = header_host(head);
	c->h->fn(c->h->arg, &q, &a);
	TRACE(HTTP, "served " STR_FMT ": %u", STR_ARG(q.path), a.status ? a.status : 404);
	if (!a.status) {
		refuse(c, 404);
		return;
	}
	reply(c, &a, str_is(method, "GET"));
}

static void on_alloc(uv_handle_t *handle, size_t want, uv_buf_t *out)
{
	struct client *c = handle->data;

	UNUSED(want);
	buf_reserve(&c->in, 2048);
	*out = uv_buf_init(c->in.p + c->in.n, (unsigned)(c->in.cap - c->in.n - 1));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *at)
{
	struct client *c = stream->data;
	size_t end;

	UNUSED(at);
	if (n < 0) {
		client_close(c);
		return;
	}
	c->in.n += (size_t)n;
	c->in.p[c->in.n] = '\0';
	end = str_find(buf_str(&c->in), STR("\r\n\r\n"));
	if (end == STR_NPOS)
		end = str_find(buf_str(&c->in), STR("\n\n"));
	if (MIN(end, c->in.n) > REQUEST_MAX)
		refuse(c, 400);
	else if (end != STR_NPOS)
		answer(c, str_sub(buf_str(&c->in), 0, end + 1));
}

/* ---- the server ---- */

static void on_connection(uv_stream_t *server, int status)
{
	struct listener *l = server->data;
	struct httpd *h = l->h;
	struct client *c;

	if (status)
		return;
	c = xcalloc(1, sizeof(*c));
	c->h = h;
	buf_init(&c->in);
	buf_init(&c->out);
	if (uv_tcp_init(loop_uv(h->loop), &c->tcp)) {
		free(c);
		return;
	}
	c->tcp.data = c;
	h->handles++;
	h->n_clients++;
	c->next = h->clients;
	if (c->next)
		c->next->prev = c;
	h->clients = c;
	if (uv_accept(server, (uv_stream_t *)&c->tcp) || h->n_clients > CLIENTS_MAX ||
		uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read)) {
		client_close(c);
		return;
	}
	loop_timer_start(h->loop, &c->timer, PATIENCE_MS, on_patience, c);
}

struct httpd *httpd_new(struct loop *l, httpd_fn *fn, void *arg)
{
	struct httpd *h = xcalloc(1, sizeof(*h));

	h->loop = l;
	h->fn = fn;
	h->arg = arg;
	return h;
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct listener *l = handle->data;

	let_go(l->h);
	free(l);
}

static int bound_port(const struct listener *l, unsigned *port)
{
	struct sockaddr_in in;
	int len = sizeof(in), rc;

	memset(&in, 0, sizeof(in));
	rc = uv_tcp_getsockname(&l->tcp, (struct sockaddr *)&in, &len);
	*port = ntohs(in.sin_port);
	return rc;
}

unsigned httpd_listen(struct httpd *h, const char *address, unsigned port, struct error *err)
{
	struct listener *l = xcalloc(1, sizeof(*l));
	struct sockaddr_in in;
	unsigned got = 0;
	int rc;

	l->h = h;
	rc = uv_tcp_init(loop_uv(h->loop), &l->tcp);
	if (rc) {
		free(l);
		error_uv(err, rc, "can't listen at %s", address);
		return 0;
	}
	l->tcp.data = l;
	h->handles++;
	rc = uv_ip4_addr(address, (int)port, &in);
	if (!rc)
		rc = uv_tcp_bind(&l->tcp, (const struct sockaddr *)&in, 0);
	if (!rc)
		rc = uv_listen((uv_stream_t *)&l->tcp, LISTEN_QUEUE, on_connection);
	if (!rc)
		rc = bound_port(l, &got);
	if (rc) {
		uv_close((uv_handle_t *)&l->tcp, on_listener_closed);
		error_uv(err, rc, "can't listen at %s", address);
		return 0;
	}
	uv_unref((uv_handle_t *)&l->tcp);
	l->next = h->listeners;
	h->listeners = l;
	return got;
}

void httpd_free(struct httpd *h)
{
	struct listener *l, *next;

	if (!h)
		return;
	while (h->clients)
		client_close(h->clients);
	for (l = h->listeners; l; l = next) {
		next = l->next;
		uv_close((uv_handle_t *)&l->tcp, on_listener_closed);
	}
	h->freed = true;
	/* Without a handle nothing would let go of it. */
	h->handles++;
	let_go(h);
}
