/*
 * libcurl's multi interface on the loop. What was learnt the hard way:
 * - messages are read after every multi_socket_action, or the last request's timeout gets lost;
 * - curl's timer callback must not call back into curl: 0 becomes a task for the next turn;
 * - a timeout of -1 means stop; CURL_POLL_INOUT is a real value;
 * - on a poll error libuv has stopped the handle: curl is asked to look (0), because CSELECT_ERR
 *   makes it blame the wrong direction;
 * - the multi goes before what its callbacks point to.
 */
#include "base/base.h"
#include "emulator/core/http_internal.h"

#include "emulator/core/trace.h"

struct socket_watch {
	uv_poll_t poll;
	struct http *http;
	curl_socket_t fd;
};

static void read_messages(struct http *h)
{
	CURLMsg *m;
	int left;

	while (!h->closing && (m = h->curl->multi_info_read(h->multi, &left)) != NULL) {
		struct http_call *c = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		h->curl->easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
		http_call_ended(c, m->data.result);
	}
}

static void act(struct http *h, curl_socket_t fd, int what)
{
	int running;

	h->inside++;
	h->curl->multi_socket_action(h->multi, fd, what, &running);
	h->inside--;
	read_messages(h);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct socket_watch *w = container_of(poll, struct socket_watch, poll);
	int what = 0;

	if (!status) {
		if (events & UV_READABLE)
			what |= CURL_CSELECT_IN;
		if (events & UV_WRITABLE)
			what |= CURL_CSELECT_OUT;
	}
	act(w->http, w->fd, what);
}

static void on_watch_closed(uv_handle_t *handle)
{
	free(container_of((uv_poll_t *)handle, struct socket_watch, poll));
}

static void drop_watch(struct http *h, struct socket_watch *w)
{
	if (!w)
		return;
	h->curl->multi_assign(h->multi, w->fd, NULL);
	uv_close((uv_handle_t *)&w->poll, on_watch_closed);
}

static struct socket_watch *new_watch(struct http *h, curl_socket_t fd)
{
	struct socket_watch *w = xcalloc(1, sizeof(*w));

	w->http = h;
	w->fd = fd;
	if (uv_poll_init_socket(loop_uv(h->loop), &w->poll, fd)) {
		free(w);
		return NULL;
	}
	h->curl->multi_assign(h->multi, fd, w);
	return w;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *sockp)
{
	struct http *h = arg;
	struct socket_watch *w = sockp;
	int events = 0;

	UNUSED(easy);
	if (what == CURL_POLL_REMOVE) {
		drop_watch(h, w);
		return 0;
	}
	if (!w)
		w = new_watch(h, fd);
	if (!w)
		return -1;
	if (what != CURL_POLL_OUT)
		events |= UV_READABLE;
	if (what != CURL_POLL_IN)
		events |= UV_WRITABLE;
	return uv_poll_start(&w->poll, events, on_poll) ? -1 : 0;
}

static void on_timer(void *arg)
{
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int on_set_timer(CURLM *multi, long ms, void *arg)
{
	struct http *h = arg;

	UNUSED(multi);
	loop_timer_stop(&h->timer);
	if (h->closing)
		return 0;
	if (ms == 0)
		http_poll_kick(h);
	else if (ms > 0)
		loop_timer_start(h->loop, &h->timer, (uint64_t)ms, on_timer, h);
	return 0;
}

void http_poll_kick(struct http *h)
{
	if (!h->kick.loop)
		loop_post(h->loop, &h->kick, on_timer, h);
}

int http_poll_open(struct http *h, struct error *err)
{
	if (h->multi)
		return 0;
	h->curl = curl_api(err);
	if (!h->curl)
		return -1;
	h->multi = h->curl->multi_init();
	if (!h->multi)
		return error_set(err, ERR_CURL, CURLE_FAILED_INIT, "libcurl does not start");
	h->curl->multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	h->curl->multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	h->curl->multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_set_timer);
	h->curl->multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	/* Idle engine connections that are kept: enough for the parallel jobs of one machine. */
	h->curl->multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, 32L);
	return 0;
}

void http_poll_close(struct http *h)
{
	h->closing = true;
	if (h->multi)
		h->curl->multi_cleanup(h->multi);
	h->multi = NULL;
	loop_timer_stop(&h->timer);
	loop_unpost(&h->kick);
}
