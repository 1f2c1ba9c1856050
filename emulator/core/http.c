#include "base/base.h"
#include "emulator/core/http.h"

#include "emulator/core/http_internal.h"
#include "emulator/core/trace.h"

#include <fcntl.h>

#define DEFAULT_MAX_BODY        ((size_t)16 << 20)
#define DEFAULT_CONNECT_TIMEOUT 10000
#define MAX_HEADERS             ((size_t)256 << 10)
#define RECEIVE_BUFFER          (256L << 10)
#define UPLOAD_BUFFER           (256L << 10)

/* ---- responses ---- */

struct str http_header(const struct http_response *r, const char *name)
{
	struct str_split lines = str_split(r->headers, '\n');
	struct str want = str_c(name), line;

	while (str_split_next(&lines, &line)) {
		size_t colon = str_chr(line, ':');

		if (colon != STR_NPOS && str_ieq(str_sub(line, 0, colon), want))
			return str_trim(str_from(line, colon + 1));
	}
	return STR_NULL;
}

static struct http_response response_of(const struct http_call *c)
{
	struct http_response r = {
		.status = c->status,
		.body = buf_str(&c->reply),
		.headers = buf_str(&c->headers),
		.url = buf_str(&c->url),
	};

	return r;
}

void http_urlencode(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char ch = (unsigned char)s.p[i];

		if (isalnum(ch) || strchr("-._~", ch))
			buf_addc(b, (char)ch);
		else
			buf_printf(b, "%%%02X", ch);
	}
}

/* ---- the end of a call ---- */

static void free_call(struct http_call *c)
{
	struct http *h = c->http;

	if (c->added)
		h->curl->multi_remove_handle(h->multi, c->easy);
	if (c->easy)
		h->curl->easy_cleanup(c->easy);
	if (c->header_list)
		h->curl->slist_free_all(c->header_list);
	loop_timer_stop(&c->idle);
	loop_unpost(&c->completion);
	loop_unpost(&c->later);
	if (c->prev)
		c->prev->next = c->next;
	else
		h->calls = c->next;
	if (c->next)
		c->next->prev = c->prev;
	buf_release(&c->url);
	buf_release(&c->body);
	buf_release(&c->headers);
	buf_release(&c->reply);
	free(c->unix_socket);
	free(c);
}

static void complete(void *arg)
{
	struct http_call *c = arg;
	struct http_response r = response_of(c);
	bool failed = error_is(&c->err);

	/* Out of the multi first, so that what the owner starts may reuse the connection. */
	if (c->added) {
		c->added = false;
		c->http->curl->multi_remove_handle(c->http->multi, c->easy);
	}
	TRACE(HTTP, "%s: %s", c->url.p, failed ? c->err.text : "done");
	c->done(c->arg, failed ? &c->err : NULL, &r);
	free_call(c);
}

/* The outcome is in c->err; the owner hears of it on the next turn. */
static void finish(struct http_call *c)
{
	if (c->finished)
		return;
	c->finished = true;
	loop_timer_stop(&c->idle);
	loop_post(c->http->loop, &c->completion, complete, c);
}

static void explain(struct http_call *c, CURLcode rc)
{
	const char *why = c->message[0] ? c->message : c->http->curl->easy_strerror(rc);

	if (c->too_big)
		error_set(&c->err, ERR_CURL, (int)rc, "the answer is larger than %zu bytes",
			c->reply.overflow ? c->reply.max : c->headers.max);
	else if (rc == CURLE_OPERATION_TIMEDOUT)
		error_set(&c->err, ERR_TIMEOUT, (int)rc, "%s", why);
	else
		error_set(&c->err, ERR_CURL, (int)rc, "%s", why);
}

void http_call_ended(struct http_call *c, CURLcode rc)
{
	char *url = NULL;

	if (c->finished)
		return;
	c->http->curl->easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &c->status);
	c->http->curl->easy_getinfo(c->easy, CURLINFO_EFFECTIVE_URL, &url);
	if (url) {
		buf_clear(&c->url);
		buf_adds(&c->url, url);
	}
	if (rc)
		explain(c, rc);
	finish(c);
}

void http_cancel(struct http_call *c)
{
	if (c->finished)
		return;
	error_set(&c->err, ERR_CANCELLED, 0, "cancelled");
	c->cancelled = true;
	finish(c);
}

static void nobody(void *arg, struct error *err, const struct http_response *r)
{
	UNUSED(arg);
	UNUSED(err);
	UNUSED(r);
}

void http_drop(struct http_call *c)
{
	c->done = nobody;
	http_cancel(c);
}

/* ---- callbacks of curl ---- */

static void on_idle(void *arg)
{
	struct http_call *c = arg;

	if (c->finished)
		return;
	error_set(&c->err, ERR_TIMEOUT, CURLE_OPERATION_TIMEDOUT, "no data for %" PRIu64 " ms",
		c->idle_ms);
	c->cancelled = true;
	finish(c);
}

static void rearm_idle(struct http_call *c)
{
	if (c->idle_ms && !c->paused)
		loop_timer_start(c->http->loop, &c->idle, c->idle_ms, on_idle, c);
}

static bool is_streamed(const struct http_call *c)
{
	return c->chunk && (c->status == 101 || (c->status >= 200 && c->status < 300));
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct http_call *c = arg;
	struct str line = str_n(p, size * n);
	struct http_response r;

	if (c->cancelled)
		return 0;
	rearm_idle(c);
	/* A new status line starts a new block: after 100 Continue, after a redirect. */
	if (str_starts(line, STR("HTTP/")))
		buf_clear(&c->headers);
	buf_addstr(&c->headers, line);
	if (c->headers.overflow) {
		c->too_big = true;
		return 0;
	}
	if (str_trim(line).n)
		return line.n;
	c->http->curl->easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &c->status);
	if ((c->status < 200 && c->status != 101) || c->headers_done)
		return line.n;
	r = response_of(c);
	TRACE(HTTP, "%s: status %ld", c->url.p, c->status);
	if (c->follow && c->status >= 300 && c->status < 400 && http_header(&r, "Location").p)
		return line.n;
	c->headers_done = true;
	if (c->head)
		c->head(c->arg, &r);
	return c->cancelled ? 0 : line.n;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct http_call *c = arg;
	struct str data = str_n(p, size * n);

	if (c->cancelled)
		return 0;
	rearm_idle(c);
	if (is_streamed(c)) {
		c->chunk(c->arg, data);
		return c->cancelled ? 0 : data.n;
	}
	buf_addstr(&c->reply, data);
	c->too_big = c->reply.overflow;
	return c->too_big ? 0 : data.n;
}

static size_t on_read(char *p, size_t size, size_t n, void *arg)
{
	struct http_call *c = arg;
	ptrdiff_t got;

	if (c->cancelled)
		return CURL_READFUNC_ABORT;
	rearm_idle(c);
	got = c->produce(c->arg, p, size * n);
	if (c->cancelled)
		return CURL_READFUNC_ABORT;
	if (got == HTTP_LATER) {
		c->send_waits = true;
		return CURL_READFUNC_PAUSE;
	}
	if (got < 0) {
		error_set(&c->err, ERR_CANCELLED, 0, "the upload was given up");
		return CURL_READFUNC_ABORT;
	}
	return (size_t)got;
}

static int pause_bits(const struct http_call *c)
{
	return (c->paused ? CURLPAUSE_RECV : 0) | (c->send_waits ? CURLPAUSE_SEND : 0);
}

void http_pause(struct http_call *c)
{
	if (c->paused || c->finished)
		return;
	c->paused = true;
	loop_timer_stop(&c->idle);
	if (c->added)
		c->http->curl->easy_pause(c->easy, pause_bits(c));
}

static void resume(void *arg)
{
	struct http_call *c = arg;

	if (c->finished || !c->added)
		return;
	/* What curl held back while paused is delivered from inside this call. */
	c->http->inside++;
	c->http->curl->easy_pause(c->easy, pause_bits(c));
	c->http->inside--;
	http_poll_kick(c->http);
}

void http_resume(struct http_call *c)
{
	if (c->finished || (!c->paused && !c->send_waits))
		return;
	c->paused = c->send_waits = false;
	rearm_idle(c);
	/* Not at once: chunks would arrive from inside the owner's call. */
	if (!c->later.loop)
		loop_post(c->http->loop, &c->later, resume, c);
}

/* ---- starting ---- */

static void set_tls(struct http_call *c, const struct http_tls *tls)
{
	const struct curl_api *curl = c->http->curl;

	if (tls->ca_file)
		curl->easy_setopt(c->easy, CURLOPT_CAINFO, tls->ca_file);
	if (tls->cert_file)
		curl->easy_setopt(c->easy, CURLOPT_SSLCERT, tls->cert_file);
	if (tls->key_file)
		curl->easy_setopt(c->easy, CURLOPT_SSLKEY, tls->key_file);
	curl->easy_setopt(c->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (tls->insecure) {
		curl->easy_setopt(c->easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl->easy_setopt(c->easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static void add_header(struct http_call *c, const char *line)
{
	struct curl_slist *list = c->http->curl->slist_append(c->header_list, line);

	if (!list)
		die_oom(0);
	c->header_list = list;
}

static void set_body(struct http_call *c, const struct http_request *req)
{
	const struct curl_api *curl = c->http->curl;

	if (req->produce) {
		curl->easy_setopt(c->easy, CURLOPT_UPLOAD, 1L);
		curl->easy_setopt(c->easy, CURLOPT_READFUNCTION, on_read);
		curl->easy_setopt(c->easy, CURLOPT_READDATA, c);
		curl->easy_setopt(c->easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
		if (req->produce_size > 0)
			curl->easy_setopt(
				c->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)req->produce_size);
	} else if (c->has_body) {
		curl->easy_setopt(c->easy, CURLOPT_POST, 1L);
		curl->easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body.n);
		curl->easy_setopt(c->easy, CURLOPT_POSTFIELDS, c->body.p);
		if (!req->body.n)
			add_header(c, "Content-Type:");
	}
	/* A server that does not answer "Expect: 100-continue" would cost a second each time. */
	add_header(c, "Expect:");
}

/* Child processes must not hold our connections open. */
static int on_new_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	UNUSED(arg);
	UNUSED(purpose);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return CURL_SOCKOPT_OK;
}

static void set_options(struct http_call *c, const struct http_request *req)
{
	const struct curl_api *curl = c->http->curl;
	const char *method = req->method ? req->method : "GET";
	uint64_t connect_ms =
		req->connect_timeout_ms ? req->connect_timeout_ms : DEFAULT_CONNECT_TIMEOUT;

	curl->easy_setopt(c->easy, CURLOPT_PRIVATE, c);
	curl->easy_setopt(c->easy, CURLOPT_URL, c->url.p);
	curl->easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->message);
	curl->easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
	curl->easy_setopt(c->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl->easy_setopt(c->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl->easy_setopt(c->easy, CURLOPT_PATH_AS_IS, 1L);
	curl->easy_setopt(c->easy, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
	curl->easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
	curl->easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)req->timeout_ms);
	curl->easy_setopt(c->easy, CURLOPT_SOCKOPTFUNCTION, on_new_socket);
	curl->easy_setopt(c->easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl->easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl->easy_setopt(c->easy, CURLOPT_HEADERDATA, c);
	curl->easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl->easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
	if (c->unix_socket) {
		curl->easy_setopt(c->easy, CURLOPT_UNIX_SOCKET_PATH, c->unix_socket);
		/* A proxy of the environment is for the outside, never for a local socket. */
		curl->easy_setopt(c->easy, CURLOPT_PROXY, "");
	}
	if (req->follow) {
		curl->easy_setopt(c->easy, CURLOPT_FOLLOWLOCATION, 1L);
		curl->easy_setopt(c->easy, CURLOPT_MAXREDIRS, 10L);
	}
	set_tls(c, &req->tls);
	for (size_t i = 0; req->headers && req->headers[i]; i++)
		add_header(c, req->headers[i]);
	set_body(c, req);
	if (!strcmp(method, "HEAD"))
		curl->easy_setopt(c->easy, CURLOPT_NOBODY, 1L);
	else
		curl->easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, method);
	curl->easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->header_list);
}

static struct http_call *new_call(struct http *h, const struct http_request *req)
{
	struct http_call *c = xcalloc(1, sizeof(*c));

	c->http = h;
	c->produce = req->produce;
	c->head = req->head;
	c->chunk = req->chunk;
	c->done = req->done;
	c->arg = req->arg;
	c->follow = req->follow;
	c->idle_ms = req->idle_timeout_ms;
	c->unix_socket = req->unix_socket ? xstrdup(req->unix_socket) : NULL;
	c->has_body = req->body.p || (req->method && !strcmp(req->method, "POST"));
	buf_init(&c->url);
	buf_adds(&c->url, req->url);
	buf_init(&c->body);
	buf_addstr(&c->body, req->body);
	buf_init_max(&c->headers, MAX_HEADERS);
	buf_init_max(&c->reply, req->max_body ? req->max_body : DEFAULT_MAX_BODY);
	c->next = h->calls;
	if (h->calls)
		h->calls->prev = c;
	h->calls = c;
	return c;
}

static void add(void *arg)
{
	struct http_call *c = arg;

	if (c->finished)
		return;
	if (c->http->curl->multi_add_handle(c->http->multi, c->easy)) {
		error_set(&c->err, ERR_CURL, CURLE_FAILED_INIT, "libcurl refuses the request");
		finish(c);
		return;
	}
	c->added = true;
	if (c->paused)
		c->http->curl->easy_pause(c->easy, pause_bits(c));
}

struct http_call *http_start(struct http *h, const struct http_request *req)
{
	struct http_call *c = new_call(h, req);

	TRACE(HTTP, "%s %s", req->method ? req->method : "GET", req->url);
	if (http_poll_open(h, &c->err)) {
		finish(c);
		return c;
	}
	c->easy = h->curl->easy_init();
	if (!c->easy)
		die_oom(0);
	set_options(c, req);
	rearm_idle(c);
	/* curl refuses new transfers from inside its own callbacks. */
	if (h->inside)
		loop_post(h->loop, &c->later, add, c);
	else
		add(c);
	return c;
}

struct http *http_new(struct loop *l)
{
	struct http *h = xcalloc(1, sizeof(*h));

	h->loop = l;
	return h;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	while (h->calls) {
		struct http_call *c = h->calls;

		if (!c->finished) {
			error_set(&c->err, ERR_CANCELLED, 0, "cancelled");
			c->finished = c->cancelled = true;
		}
		loop_unpost(&c->completion);
		complete(c);
	}
	http_poll_close(h);
	free(h);
}

bool http_fault_is_certificate(const struct error *err)
{
	return err->domain == ERR_CURL && (err->code == CURLE_PEER_FAILED_VERIFICATION ||
						  err->code == CURLE_SSL_CACERT_BADFILE);
}

bool http_fault_may_pass(const struct error *err)
{
	if (err->domain != ERR_CURL)
		return false;
	switch (err->code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return true;
	default:
		return false;
	}
}
