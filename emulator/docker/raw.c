#include "base/base.h"
#include "emulator/docker/raw.h"

#include "emulator/core/trace.h"
#include "emulator/docker/raw_internal.h"

#define READ_BUFFER ((size_t)256 << 10)

struct raw_write {
	uv_write_t req;
	struct raw *raw;
	struct buf data;
};

/* ---- the end ---- */

static void unlink_raw(struct raw *r)
{
	if (!r->engine)
		return;
	if (r->prev)
		r->prev->next = r->next;
	else
		r->engine->raws = r->next;
	if (r->next)
		r->next->prev = r->prev;
	r->engine = NULL;
}

static void free_raw(struct raw *r)
{
	buf_release(&r->path);
	buf_release(&r->body);
	buf_release(&r->head);
	buf_release(&r->refusal);
	buf_release(&r->waiting);
	buf_release(&r->plain);
	raw_tls_free(r->tls);
	free(r->read_buffer);
	free(r);
}

static void complete(struct raw *r)
{
	if (r->completed)
		return;
	r->completed = true;
	TRACE(DOCKER, "%s %s: %s", r->what, r->path.p, error_is(&r->err) ? r->err.text : "ended");
	unlink_raw(r);
	r->o.done(r->o.arg, error_is(&r->err) ? &r->err : NULL);
}

static void complete_and_free(void *arg)
{
	struct raw *r = arg;

	complete(r);
	free_raw(r);
}

/* A callback that was owed has come. */
static void settle(struct raw *r)
{
	if (--r->open == 0 && r->state == RAW_ENDED)
		complete_and_free(r);
}

static void on_closed(uv_handle_t *h)
{
	settle(h->data);
}

static void finish(struct raw *r)
{
	if (r->state == RAW_ENDED)
		return;
	r->state = RAW_ENDED;
	if (r->negotiation)
		docker_call_cancel(r->negotiation);
	if (r->looking)
		uv_cancel((uv_req_t *)&r->lookup);
	if (r->uv_open) {
		r->uv_open = false;
		uv_close((uv_handle_t *)&r->uv.stream, on_closed);
	}
	if (r->open)
		return;
	if (r->engine->closing)
		complete_and_free(r);
	else
		loop_post(r->engine->loop, &r->completion, complete_and_free, r);
}

static void fail_uv(struct raw *r, int code)
{
	error_uv(&r->err, code, "%s", r->what);
	if (r->engine)
		call_explain_transport(r->engine, &r->err);
	finish(r);
}

void raw_cancel(struct raw *r)
{
	error_set(&r->err, ERR_CANCELLED, 0, "cancelled");
	finish(r);
}

static struct raw *next_to_abandon(struct engine *e)
{
	struct raw *r = e->raws;

	/* Negotiation's own end brings down the ones that wait for it. */
	while (r && r->negotiation)
		r = r->next;
	return r;
}

void raw_abandon_all(struct engine *e)
{
	struct raw *r;

	while ((r = next_to_abandon(e)) != NULL) {
		error_set(&r->err, ERR_CANCELLED, 0, "cancelled");
		loop_unpost(&r->completion);
		if (r->state == RAW_ENDED && !r->open)
			complete_and_free(r);
		else if (r->open) {
			/* The owner hears of it now, the memory waits for the last callback. */
			finish(r);
			complete(r);
		} else {
			finish(r);
		}
	}
}

/* ---- output ---- */

static void got_output(struct raw *r, struct str data)
{
	if (data.n && stream_feed(&r->demux, data, r->o.output, r->o.arg, &r->err))
		finish(r);
}

static void got_refusal(struct raw *r, struct str data, bool ended)
{
	if (!raw_read_refusal(r, data) && !ended)
		return;
	call_daemon_error(&r->err, r->status, buf_str(&r->refusal));
	finish(r);
}

static void send_bytes(struct raw *r, struct buf *data);
static void end_stdin(struct raw *r);

static void got_switched(struct raw *r, struct str rest)
{
	r->state = RAW_OPEN;
	TRACE(DOCKER, "%s %s: open", r->what, r->path.p);
	if (r->o.open)
		r->o.open(r->o.arg);
	if (r->state != RAW_OPEN)
		return;
	if (r->waiting.n)
		send_bytes(r, &r->waiting);
	if (r->stdin_ending)
		end_stdin(r);
	got_output(r, rest);
}

static void got_answer(struct raw *r, struct str data)
{
	struct str rest = STR_NULL;

	switch (raw_read_answer(r, data, &rest)) {
	case RAW_NEED_MORE:
		break;
	case RAW_SWITCHED:
		got_switched(r, rest);
		break;
	case RAW_ERROR_STATUS:
		r->state = RAW_REFUSED;
		got_refusal(r, rest, false);
		break;
	case RAW_GARBAGE:
		error_set(&r->err, ERR_DOCKER, 0, "the engine at %s does not answer with HTTP",
			r->engine->at.url);
		finish(r);
		break;
	}
}

static void on_end_of_stream(struct raw *r, int code)
{
	if (r->state == RAW_OPEN && code == UV_EOF) {
		stream_end(&r->demux, &r->err);
		finish(r);
	} else if (r->state == RAW_REFUSED) {
		got_refusal(r, STR_NULL, true);
	} else {
		fail_uv(r, code);
	}
}

static void on_alloc(uv_handle_t *h, size_t hint, uv_buf_t *b)
{
	struct raw *r = h->data;

	UNUSED(hint);
	if (!r->read_buffer)
		r->read_buffer = xmalloc(READ_BUFFER);
	*b = uv_buf_init(r->read_buffer, READ_BUFFER);
}

static void got_bytes(struct raw *r, struct str data)
{
	if (r->state == RAW_OPEN)
		got_output(r, data);
	else if (r->state == RAW_REFUSED)
		got_refusal(r, data, false);
	else if (r->state == RAW_HANDSHAKE)
		got_answer(r, data);
}

static void flush_tls(struct raw *r);

static void got_encrypted(struct raw *r, struct str data)
{
	bool ended = false;

	if (raw_tls_feed(r->tls, data, &r->plain, &ended, &r->err)) {
		/* The peer is to hear why, if there is something to say. */
		flush_tls(r);
		finish(r);
		return;
	}
	flush_tls(r);
	if (r->plain.n)
		got_bytes(r, buf_str(&r->plain));
	buf_clear(&r->plain);
	if (ended && r->state != RAW_ENDED)
		on_end_of_stream(r, UV_EOF);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct raw *r = stream->data;

	if (r->state == RAW_ENDED)
		return;
	if (n < 0)
		on_end_of_stream(r, (int)n);
	else if (n > 0 && r->tls)
		got_encrypted(r, str_n(b->base, (size_t)n));
	else if (n > 0)
		got_bytes(r, str_n(b->base, (size_t)n));
}

static void read_on(struct raw *r)
{
	if (r->connected && r->state != RAW_ENDED && !r->paused)
		uv_read_start(&r->uv.stream, on_alloc, on_read);
}

void raw_pause(struct raw *r)
{
	r->paused = true;
	/* The answer's head is always read, or nothing would ever open. */
	if (r->state == RAW_OPEN)
		uv_read_stop(&r->uv.stream);
}

void raw_resume(struct raw *r)
{
	if (!r->paused)
		return;
	r->paused = false;
	read_on(r);
}

/* ---- input ---- */

static void on_written(uv_write_t *req, int status)
{
	struct raw_write *w = container_of(req, struct raw_write, req);
	struct raw *r = w->raw;

	UNUSED(status);
	r->unwritten -= w->data.n;
	buf_release(&w->data);
	free(w);
	/* A write that fails is no end yet: what the process printed before it died is still to be
	 * read, and then the end of the stream. */
	if (r->state == RAW_OPEN && !r->unwritten && r->o.drain)
		r->o.drain(r->o.arg);
	settle(r);
}

/* Takes the bytes out of data. */
static void write_now(struct raw *r, struct buf *data)
{
	struct raw_write *w = xcalloc(1, sizeof(*w));
	size_t n = data->n;
	uv_buf_t b;

	w->raw = r;
	w->data = *data;
	buf_init(data);
	b = uv_buf_init(w->data.p, (unsigned)n);
	r->unwritten += n;
	r->open++;
	if (uv_write(&w->req, &r->uv.stream, &b, 1, on_written)) {
		r->unwritten -= n;
		r->open--;
		buf_release(&w->data);
		free(w);
	}
}

static void flush_tls(struct raw *r)
{
	struct buf out = BUF_INIT;

	raw_tls_take(r->tls, &out);
	if (out.n && r->uv_open)
		write_now(r, &out);
	buf_release(&out);
}

/* Takes the bytes out of data. */
static void send_bytes(struct raw *r, struct buf *data)
{
	if (!r->tls) {
		write_now(r, data);
		return;
	}
	if (raw_tls_write(r->tls, buf_str(data), &r->err))
		finish(r);
	else
		flush_tls(r);
	buf_release(data);
}

void raw_write(struct raw *r, const void *data, size_t n)
{
	struct buf piece = BUF_INIT;

	if (r->state == RAW_ENDED || r->state == RAW_REFUSED || r->stdin_ending || !n)
		return;
	if (r->state != RAW_OPEN) {
		buf_add(&r->waiting, data, n);
		return;
	}
	for (size_t at = 0; at < n;) {
		buf_init(&piece);
		/* uv_buf_t lengths are unsigned int. */
		buf_add(&piece, (const char *)data + at, MIN(n - at, (size_t)1 << 30));
		at += piece.n;
		send_bytes(r, &piece);
	}
}

size_t raw_unwritten(const struct raw *r)
{
	return r->unwritten + r->waiting.n;
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
	UNUSED(status);
	settle(container_of(req, struct raw, shutdown));
}

static void end_stdin(struct raw *r)
{
	if (r->stdin_ended)
		return;
	r->stdin_ended = true;
	if (r->tls) {
		/* Half-close of TLS: the peer reads an end, and we go on reading. */
		raw_tls_end(r->tls);
		flush_tls(r);
	} else if (!uv_shutdown(&r->shutdown, &r->uv.stream, on_shutdown))
		r->open++;
}

void raw_close_stdin(struct raw *r)
{
	if (r->state == RAW_ENDED || r->stdin_ending)
		return;
	r->stdin_ending = true;
	if (r->state == RAW_OPEN)
		end_stdin(r);
}

/* ---- connecting ---- */

static void on_connect(uv_connect_t *req, int status)
{
	struct raw *r = container_of(req, struct raw, connect);
	struct buf request = BUF_INIT;

	if (r->state == RAW_ENDED) {
		settle(r);
		return;
	}
	if (status) {
		fail_uv(r, status);
		settle(r);
		return;
	}
	r->connected = true;
	r->state = RAW_HANDSHAKE;
	if (r->engine->at.tls) {
		r->tls = raw_tls_new(&r->engine->at, &r->err);
		if (!r->tls) {
			finish(r);
			settle(r);
			return;
		}
	}
	raw_write_request(r, &request);
	send_bytes(r, &request);
	uv_read_start(&r->uv.stream, on_alloc, on_read);
	if (r->tls)
		got_encrypted(r, STR_NULL);
	settle(r);
}

static void connect_tcp(struct raw *r, const struct sockaddr *sa)
{
	int rc;

	uv_tcp_init(loop_uv(r->engine->loop), &r->uv.tcp);
	r->uv.stream.data = r;
	r->uv_open = true;
	r->open++;
	uv_tcp_nodelay(&r->uv.tcp, 1);
	rc = uv_tcp_connect(&r->connect, &r->uv.tcp, sa, on_connect);
	if (rc)
		fail_uv(r, rc);
	else
		r->open++;
}

static void on_address(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
	struct raw *r = container_of(req, struct raw, lookup);

	r->looking = false;
	if (r->state != RAW_ENDED) {
		if (status)
			fail_uv(r, status);
		else
			connect_tcp(r, list->ai_addr);
	}
	uv_freeaddrinfo(list);
	settle(r);
}

static void connect_unix(struct raw *r)
{
	uv_pipe_init(loop_uv(r->engine->loop), &r->uv.pipe, 0);
	r->uv.stream.data = r;
	r->uv_open = true;
	r->open += 2; /* the handle and the connect */
	uv_pipe_connect(&r->connect, &r->uv.pipe, r->engine->at.socket, on_connect);
}

static void on_negotiated(void *arg, struct error *err)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct raw *r = arg;
	char port[16];
	int rc;

	r->negotiation = NULL;
	if (r->state == RAW_ENDED) {
		settle(r);
		return;
	}
	r->open--;
	if (err) {
		r->err = *err;
		finish(r);
		return;
	}
	r->state = RAW_CONNECTING;
	if (r->engine->at.socket) {
		connect_unix(r);
		return;
	}
	snprintf(port, sizeof(port), "%u", r->engine->at.port);
	rc = uv_getaddrinfo(
		loop_uv(r->engine->loop), &r->lookup, on_address, r->engine->at.host, port, &hints);
	if (rc) {
		fail_uv(r, rc);
		return;
	}
	r->looking = true;
	r->open++;
}

static struct raw *new_raw(struct engine *e, const char *what, const struct raw_options *o)
{
	struct raw *r = xcalloc(1, sizeof(*r));

	r->engine = e;
	r->what = what;
	r->o = *o;
	stream_init(&r->demux, o->tty);
	buf_init(&r->path);
	buf_init(&r->body);
	buf_init(&r->head);
	buf_init(&r->refusal);
	buf_init(&r->waiting);
	buf_init(&r->plain);
	r->next = e->raws;
	if (e->raws)
		e->raws->prev = r;
	e->raws = r;
	return r;
}

static struct raw *go(struct raw *r)
{
	TRACE(DOCKER, "%s %s", r->what, r->path.p);
	r->open++;
	r->negotiation = engine_connect(r->engine, on_negotiated, r);
	return r;
}

struct raw *docker_attach(struct engine *e, struct str id, const struct raw_options *o)
{
	struct raw *r = new_raw(e, "attach", o);

	buf_adds(&r->path, "/containers/");
	http_urlencode(&r->path, id);
	buf_printf(&r->path, "/attach?stream=1&stdin=%d&stdout=%d&stderr=%d&logs=%d", o->stdin_open,
		!o->no_stdout, !o->no_stderr, o->logs);
	return go(r);
}

struct raw *docker_exec_start(struct engine *e, struct str exec_id, const struct raw_options *o)
{
	struct raw *r = new_raw(e, "exec", o);
	json_t *body = json_object();

	buf_adds(&r->path, "/exec/");
	http_urlencode(&r->path, exec_id);
	buf_adds(&r->path, "/start");
	json_object_set_new(body, "Detach", json_false());
	json_object_set_new(body, "Tty", json_boolean(o->tty));
	json_write(&r->body, body);
	return go(r);
}
