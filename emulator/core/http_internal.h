/* For http.c, http_poll.c and http_curl.c only. */
#ifndef CORE_HTTP_INTERNAL_H
#define CORE_HTTP_INTERNAL_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "emulator/core/error.h"
#include "emulator/core/http.h"
#include "emulator/core/loop.h"

/* The part of libcurl that is used, found with dlsym at the first transfer. */
struct curl_api {
	CURLcode (*global_init)(long flags);
	CURL *(*easy_init)(void);
	void (*easy_cleanup)(CURL *);
	CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
	CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
	CURLcode (*easy_pause)(CURL *, int);
	const char *(*easy_strerror)(CURLcode);
	CURLM *(*multi_init)(void);
	CURLMcode (*multi_cleanup)(CURLM *);
	CURLMcode (*multi_setopt)(CURLM *, CURLMoption, ...);
	CURLMcode (*multi_add_handle)(CURLM *, CURL *);
	CURLMcode (*multi_remove_handle)(CURLM *, CURL *);
	CURLMcode (*multi_socket_action)(CURLM *, curl_socket_t, int, int *);
	CURLMcode (*multi_assign)(CURLM *, curl_socket_t, void *);
	CURLMsg *(*multi_info_read)(CURLM *, int *);
	struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
	void (*slist_free_all)(struct curl_slist *);
};

/* Loads libcurl once for the process; NULL with an error that says what to install. */
const struct curl_api *curl_api(struct error *err);

struct http {
	struct loop *loop;
	const struct curl_api *curl; /* NULL before the first transfer */
	CURLM *multi;
	struct loop_timer timer;
	struct loop_task kick; /* curl asked to be called at once */
	bool closing;
	unsigned inside; /* depth of calls into curl that may call us back */
	struct http_call *calls;
};

struct http_call {
	struct http *http;
	CURL *easy;
	bool added;    /* the easy handle is in the multi */
	bool finished; /* the outcome is known, the completion is posted */
	bool headers_done, follow, paused, send_waits, too_big, cancelled, has_body;
	long status;
	struct curl_slist *header_list;
	struct buf url, body, headers, reply;
	char message[CURL_ERROR_SIZE];
	struct error err;
	struct loop_task completion;
	struct loop_task later; /* adding or resuming, from outside of curl's callbacks */
	struct loop_timer idle;
	uint64_t idle_ms;

	char *unix_socket;
	http_produce_fn *produce;
	http_head_fn *head;
	http_chunk_fn *chunk;
	http_done_fn *done;
	void *arg;
	struct http_call *next, *prev;
};

/* http_poll.c: sockets and curl's timer on the loop. */
int http_poll_open(struct http *h, struct error *err);
void http_poll_close(struct http *h);
/* Lets curl look at what may have changed, on the next turn. */
void http_poll_kick(struct http *h);

/* http.c: curl says that this transfer has ended. */
void http_call_ended(struct http_call *c, CURLcode rc);

#endif
