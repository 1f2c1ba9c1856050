/* The machinery under every typed call: negotiation first, then one HTTP request, one completion.
 */
#include "base/base.h"
#include "emulator/docker/docker_internal.h"
#include "emulator/docker/ssh.h"

#include "emulator/core/trace.h"
#include "emulator/docker/json.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Of libcurl's codes: no connection could be made, the TLS part of it included. */
#define CANNOT_CONNECT 7
#define UNTRUSTED      60
static const int cannot_connect[] = {6, CANNOT_CONNECT, 35, 58, 59, 60, 77, 83};

struct docker_call *call_new(
	struct engine *e, const char *method, call_finish_fn *finish, call_user_fn *user, void *arg)
{
	struct docker_call *c = xcalloc(1, sizeof(*c));

	c->engine = e;
	c->method = method;
	c->finish = finish;
	c->user = user;
	c->arg = arg;
	buf_init(&c->path);
	buf_init(&c->body);
	buf_init(&c->header);
	c->next = e->calls;
	if (e->calls)
		e->calls->prev = c;
	e->calls = c;
	return c;
}

static void free_call(struct docker_call *c)
{
	struct engine *e = c->engine;

	loop_unpost(&c->task);
	if (c->prev)
		c->prev->next = c->next;
	else
		e->calls = c->next;
	if (c->next)
		c->next->prev = c->prev;
	if (c->release)
		c->release(c->extra);
	buf_release(&c->path);
	buf_release(&c->body);
	buf_release(&c->header);
	free(c);
}

void call_path(struct docker_call *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&c->path, fmt, ap);
	va_end(ap);
}

void call_path_arg(struct docker_call *c, struct str s)
{
	http_urlencode(&c->path, s);
}

void call_path_name(struct docker_call *c, struct str s)
{
	while (s.n) {
		size_t plain = 0;

		while (plain < s.n && s.p[plain] != '/' && s.p[plain] != ':' && s.p[plain] != '@')
			plain++;
		http_urlencode(&c->path, str_sub(s, 0, plain));
		if (plain < s.n)
			buf_addc(&c->path, s.p[plain++]);
		s = str_from(s, plain);
	}
}

/* ---- errors ---- */

int call_daemon_error(struct error *err, long status, struct str body)
{
	struct error ignored = ERROR_INIT;
	CLEANUP(json_decref) json_t *doc = json_parse(body, "answer", &ignored);
	struct str text = json_str(doc, "message");

	/* Podman's own half of the API says "cause" as well; plain text comes from proxies. */
	if (!text.n)
		text = json_str(doc, "cause");
	if (!text.n)
		text = str_trim(body);
	if (!text.n)
		return error_set(err, ERR_DOCKER, (int)status,
			"Error response from daemon: HTTP status %ld", status);
	return error_set(err, ERR_DOCKER, (int)status, "Error response from daemon: " STR_FMT,
		STR_ARG(text));
}

static const char *socket_advice(const char *path)
{
	struct stat st;

	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return "the socket's path is too long";
	if (stat(path, &st))
		return errno == EACCES ? "permission denied on the way to the socket"
				       : "there is no such socket: is the engine running?";
	if (!S_ISSOCK(st.st_mode))
		return "that is not a socket";
	if (access(path, R_OK | W_OK))
		return "permission denied: is your user in the group that owns the socket?";
	return "nobody listens on the socket: is the engine running?";
}

#define WHERE_TLS                                                                      \
	"DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, a docker context, or tls_verify and " \
	"tls_cert_path of [runners.docker]"

/* What to do about TLS; NULL: nothing is known. In the error's own words it is about certificates.
 */
static const char *tls_advice(const struct engine *e, const struct error *why)
{
	if (!e->at.tls)
		return NULL;
	if (why->domain == ERR_CURL && why->code == UNTRUSTED)
		return e->at.ca_file ? "ca.pem in the folder of certificates is not the authority "
				       "of that engine, or the engine has another name"
				     : "there is no ca.pem to know it by; the folder of "
				       "certificates is named by " WHERE_TLS;
	if (strstr(why->text, "alert") && strstr(why->text, "certificate") && !e->at.cert_file)
		return "the engine wants to know who asks: cert.pem and key.pem are missing in the "
		       "folder of certificates";
	return NULL;
}

void call_explain_refusal(const struct engine *e, struct error *err)
{
	if (!e->at.tls && strstr(err->text, "HTTP request to an HTTPS server"))
		error_wrap(err, "the engine at %s (%s) wants TLS, which is asked for by " WHERE_TLS,
			e->at.url, e->at.origin);
	else
		error_wrap(err, "the engine at %s (%s) refuses", e->at.url, e->at.origin);
}

static bool never_connected(const struct error *err)
{
	if (err->domain == ERR_CURL) {
		for (size_t i = 0; i < ARRAY_SIZE(cannot_connect); i++)
			if (err->code == cannot_connect[i])
				return true;
		return false;
	}
	if (err->domain == ERR_UV)
		return err->code != UV_ECONNRESET && err->code != UV_EPIPE && err->code != UV_EOF;
	/* The only time limits of engine calls are those of connecting and of the first ping. */
	return err->domain == ERR_TIMEOUT;
}

void call_explain_transport(const struct engine *e, struct error *err)
{
	struct error why = *err;
	const char *advice = why.text, *said, *tls = tls_advice(e, &why);

	if (why.domain != ERR_CURL && why.domain != ERR_TIMEOUT && why.domain != ERR_UV)
		return;
	*err = ERROR_INIT;
	said = e->relay ? ssh_relay_said(e->relay) : e->no_relay.text;
	if (e->at.ssh && *said) {
		error_set(err, why.domain, why.code, "cannot reach the engine at %s (%s): %s",
			e->at.url, e->at.origin, said);
		return;
	}
	if (!tls && !never_connected(&why)) {
		error_set(err, why.domain, why.code, "lost the engine at %s (%s): %s", e->at.url,
			e->at.origin, why.text);
		return;
	}
	if (engine_is_local(e) && (why.domain == ERR_UV || why.code == CANNOT_CONNECT))
		advice = socket_advice(e->at.socket);
	error_set(err, why.domain, why.code,
		"cannot connect to the Docker engine at %s (%s): %s%s%s", e->at.url, e->at.origin,
		advice, tls ? ": " : "", tls ? tls : "");
}

/* ---- the end ---- */

static void end(struct docker_call *c, struct error *err, const struct http_response *r)
{
	if (c->ended)
		BUG("a call of the engine completed twice");
	c->ended = true;
	c->http = NULL;
	TRACE(DOCKER, "%s %s: %s", c->method, c->path.p, err ? err->text : "ok");
	c->finish(c, err, r);
	if (c->again)
		c->again = c->ended = false;
	else
		free_call(c);
}

static void on_http_done(void *arg, struct error *err, const struct http_response *r)
{
	struct docker_call *c = arg;

	if (!err && r->status >= 300 && r->status != c->also_ok)
		call_daemon_error(&c->err, r->status, r->body);
	/* What a stream's own callbacks found beats how the transfer then ended. */
	if (error_is(&c->err)) {
		end(c, &c->err, r);
		return;
	}
	if (err)
		call_explain_transport(c->engine, err);
	end(c, err, r);
}

static void end_with_error(void *arg)
{
	struct docker_call *c = arg;

	end(c, error_is(&c->err) ? &c->err : NULL, NULL);
}

void call_finish_plain(struct docker_call *c, struct error *err, const struct http_response *r)
{
	UNUSED(r);
	((docker_done_fn *)c->user)(c->arg, err);
}

void call_user_chunk(void *call, struct str data)
{
	struct docker_call *c = call;

	((http_chunk_fn *)c->user_chunk)(c->arg, data);
}

ptrdiff_t call_user_produce(void *call, char *buf, size_t n)
{
	struct docker_call *c = call;

	return ((http_produce_fn *)c->user_chunk)(c->arg, buf, n);
}

/* ---- the request ---- */

static void send_request(struct docker_call *c)
{
	struct engine *e = c->engine;
	struct buf url = BUF_INIT;
	const char *headers[4] = {NULL};
	size_t n = 0;
	char type[64];
	struct http_request req = {
		.method = c->method,
		.unix_socket = e->at.socket,
		.produce = c->produce,
		.head = c->head,
		.chunk = c->chunk,
		.max_body = c->max_body ? c->max_body : (size_t)64 << 20,
		.done = on_http_done,
		.arg = c,
	};

	engine_url(e, true, &url);
	buf_addstr(&url, buf_str(&c->path));
	req.url = url.p;
	engine_tls(e, &req.tls);
	if (c->has_body || c->produce) {
		snprintf(type, sizeof(type), "Content-Type: %s",
			c->content_type ? c->content_type : "application/json");
		headers[n++] = type;
	}
	if (c->has_body)
		req.body = buf_str(&c->body);
	if (c->header.n)
		headers[n++] = c->header.p;
	req.headers = headers;
	TRACE(DOCKER, "%s %s", c->method, c->path.p);
	c->http = http_start(e->http, &req);
	buf_release(&url);
}

void call_again(struct docker_call *c, const char *path, call_finish_fn *finish)
{
	buf_clear(&c->path);
	buf_adds(&c->path, path);
	c->finish = finish;
	c->again = true;
	send_request(c);
}

void call_negotiated(struct engine *e, const struct error *err)
{
	struct docker_call *c, *next;

	for (c = e->calls; c; c = next) {
		next = c->next;
		if (c->http || c->ended || c->task.loop)
			continue;
		if (err)
			c->err = *err;
		if (err || c->no_request)
			loop_post(e->loop, &c->task, end_with_error, c);
		else
			send_request(c);
	}
}

struct docker_call *call_go(struct docker_call *c)
{
	struct engine *e = c->engine;

	if (e->closing) {
		error_set(&c->err, ERR_CANCELLED, 0, "cancelled");
		loop_post(e->loop, &c->task, end_with_error, c);
	} else if (e->state != ENGINE_READY) {
		engine_ask(e);
	} else if (c->no_request) {
		loop_post(e->loop, &c->task, end_with_error, c);
	} else {
		send_request(c);
	}
	return c;
}

void docker_call_cancel(struct docker_call *c)
{
	if (c->ended)
		return;
	if (c->http) {
		http_cancel(c->http);
		return;
	}
	error_set(&c->err, ERR_CANCELLED, 0, "cancelled");
	if (!c->task.loop)
		loop_post(c->engine->loop, &c->task, end_with_error, c);
}

void docker_call_pause(struct docker_call *c)
{
	if (c->http)
		http_pause(c->http);
}

void docker_call_resume(struct docker_call *c)
{
	if (c->http)
		http_resume(c->http);
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	e->closing = true;
	if (e->asking)
		http_drop(e->asking);
	e->asking = NULL;
	raw_abandon_all(e);
	while (e->calls) {
		struct docker_call *c = e->calls;

		if (c->http)
			http_drop(c->http);
		error_set(&c->err, ERR_CANCELLED, 0, "cancelled");
		end(c, &c->err, NULL);
	}
	ssh_relay_free(e->relay);
	endpoint_release(&e->at);
	free(e);
}
