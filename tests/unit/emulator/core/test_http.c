/* The HTTP client against the scripted engine: what a well-behaved server never does. */
#include "base/base.h"
#include "emulator/core/http.h"

#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "tests/daemon/fake.h"

#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

struct scene {
	struct loop *loop;
	struct http *http;
	struct fake *fake;
	char socket[96], url[64];
	struct http_call *call;
	struct error error;
	struct buf body, chunks;
	char type[64];
	long status;
	unsigned done, heads, n_chunks;
	struct loop_timer later;
	bool hold, cancel_in_chunk, chain;
	size_t to_send, sent;
	bool starve;
};

static int set_up(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));

	s->loop = loop_new(NULL);
	s->http = http_new(s->loop);
	snprintf(s->socket, sizeof(s->socket), "%.40s/cilocal-http-%d.sock",
		getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
	buf_init(&s->body);
	buf_init(&s->chunks);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	struct error err = ERROR_INIT;

	http_free(s->http);
	if (s->fake)
		fake_stop(s->fake);
	if (loop_free(s->loop, &err))
		fail_msg("%s", err.text);
	buf_release(&s->body);
	buf_release(&s->chunks);
	free(s);
	return 0;
}

static void serve(struct scene *s, const char *script)
{
	s->fake = fake_start(loop_uv(s->loop), s->socket, script);
	assert_non_null(s->fake);
}

static void get(struct scene *s, const char *path, http_chunk_fn *chunk);
static void on_done(void *arg, struct error *err, const struct http_response *r)
{
	struct scene *s = arg;
	struct str type = http_header(r, "content-TYPE");

	s->done++;
	s->call = NULL;
	s->status = r->status;
	if (err)
		s->error = *err;
	buf_clear(&s->body);
	buf_addstr(&s->body, r->body);
	snprintf(s->type, sizeof(s->type), STR_FMT, STR_ARG(type));
	if (s->chain) {
		s->chain = false;
		get(s, "/next", NULL);
	}
}

static void on_head(void *arg, const struct http_response *r)
{
	struct scene *s = arg;

	s->heads++;
	s->status = r->status;
}

static void release(void *arg)
{
	struct scene *s = arg;

	assert_true(s->hold);
	s->hold = false;
	http_resume(s->call);
}

static void on_chunk(void *arg, struct str data)
{
	struct scene *s = arg;

	assert_false(s->hold && s->n_chunks);
	s->n_chunks++;
	buf_addstr(&s->chunks, data);
	if (s->cancel_in_chunk)
		http_cancel(s->call);
	if (s->hold) {
		http_pause(s->call);
		loop_timer_start(s->loop, &s->later, 30, release, s);
	}
}

static struct http_request request(struct scene *s, const char *path)
{
	struct http_request r = {.url = s->url,
		.unix_socket = s->socket,
		.head = on_head,
		.done = on_done,
		.arg = s};

	snprintf(s->url, sizeof(s->url), "http://localhost%s", path);
	return r;
}

static void get(struct scene *s, const char *path, http_chunk_fn *chunk)
{
	struct http_request r = request(s, path);

	r.chunk = chunk;
	s->call = http_start(s->http, &r);
}

static void get_and_run(struct scene *s, const char *path, http_chunk_fn *chunk)
{
	unsigned before = s->done;

	get(s, path, chunk);
	assert_int_equal(s->done, before);
	loop_run(s->loop);
	assert_int_equal(s->done, before + 1);
}

static void answers_arrive_whole_when_cut_anywhere(void **state)
{
	struct scene *s = *state;

	serve(s, "on GET /x\ntimes 1\nheader Content-Type: text/weird\nsplit 1\nbody hello\n"
		 "on GET /y\nsplit 1\nchunk hel\nchunk lo\n");
	get_and_run(s, "/x", NULL);
	assert_int_equal(s->status, 200);
	assert_string_equal(s->body.p, "hello");
	assert_string_equal(s->type, "text/weird");
	get_and_run(s, "/y", on_chunk);
	assert_string_equal(s->chunks.p, "hello");
	assert_string_equal(s->body.p, "");
	assert_int_equal(s->heads, 2);
}

static void connections_are_kept(void **state)
{
	struct scene *s = *state;

	serve(s, "on GET /x\nbody hello\n");
	for (int i = 0; i < 5; i++)
		get_and_run(s, "/x", NULL);
	assert_int_equal(fake_requests(s->fake), 5);
	assert_int_equal(fake_connections(s->fake), 1);
}

static void a_body_cut_short_is_an_error(void **state)
{
	struct scene *s = *state;

	serve(s, "on GET /x\nlength 100\nbody hello\nclose\non GET /y\nopen\nchunk hello\nreset\n");
	get_and_run(s, "/x", NULL);
	assert_int_equal(s->error.domain, ERR_CURL);
	s->error = ERROR_INIT;
	get_and_run(s, "/y", on_chunk);
	assert_int_equal(s->error.domain, ERR_CURL);
	assert_string_equal(s->chunks.p, "hello");
}

static void silence_can_be_cancelled(void **state)
{
	struct scene *s = *state;

	serve(s, "on GET /x\nstall\n");
	get(s, "/x", NULL);
	for (int i = 0; i < 5; i++)
		loop_turn(s->loop);
	http_cancel(s->call);
	assert_int_equal(s->done, 0);
	http_cancel(s->call);
	loop_run(s->loop);
	assert_int_equal(s->done, 1);
	assert_int_equal(s->error.domain, ERR_CANCELLED);
}

static void cancelling_at_once_works(void **state)
{
	struct scene *s = *state;

	serve(s, "on GET /x\nbody hello\n");
	get(s, "/x", NULL);
	http_cancel(s->call);
	loop_run(s->loop);
	assert_int_equal(s->done, 1);
	assert_int_equal(s->error.domain, ERR_CANCELLED);
}

static void cancelling_inside_a_chunk_works(void **state)
{
	struct scene *s = *state;

	s->cancel_in_chunk = true;
	serve(s, "on GET /x\nraw HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
		 "1\\r\\na\\r\\n1\\r\\nb\\r\\n1\\r\\nc\\r\\n0\\r\\n\\r\\n\n");
	get_and_run(s, "/x", on_chunk);
	assert_int_equal(s->error.domain, ERR_CANCELLED);
	assert_int_equal(s->n_chunks, 1);
}

static void the_last_timeout_is_reported(void **state)
{
	struct scene *s = *state;
	struct http_request r;

	serve(s, "on GET /x\nstall\n");
	r = request(s, "/x");
	r.timeout_ms = 50;
	s->call = http_start(s->http, &r);
	loop_run(s->loop);
	assert_int_equal(s->done, 1);
	assert_int_equal(s->error.domain, ERR_TIMEOUT);
}

static void idle_time_is_limited(void **state)
{
	struct scene *s = *state;
	struct http_request r;

	serve(s, "on GET /x\nchunk a\ndelay 250\nchunk b\ndelay 250\nchunk c\nstall\n");
	r = request(s, "/x");
	r.idle_timeout_ms = 450;
	r.chunk = on_chunk;
	s->call = http_start(s->http, &r);
	loop_run(s->loop);
	assert_int_equal(s->error.domain, ERR_TIMEOUT);
	assert_string_equal(s->chunks.p, "abc");
}

static void nobody_there(void **state)
{
	struct scene *s = *state;

	get_and_run(s, "/x", NULL);
	assert_int_equal(s->error.domain, ERR_CURL);
	assert_int_equal(s->error.code, 7);
}

static void too_large_an_answer_is_refused(void **state)
{
	struct scene *s = *state;
	struct http_request r;

	serve(s, "on GET /x\nbody 0123456789\n");
	r = request(s, "/x");
	r.max_body = 5;
	s->call = http_start(s->http, &r);
	loop_run(s->loop);
	assert_string_equal(s->error.text, "the answer is larger than 5 bytes");
}

static void bodies_of_errors_are_collected(void **state)
{
	struct scene *s = *state;

	serve(s, "on GET /x\nstatus 500\nbody {\"message\":\"no\"}\n");
	get_and_run(s, "/x", on_chunk);
	assert_int_equal(s->status, 500);
	assert_int_equal(s->n_chunks, 0);
	assert_string_equal(s->body.p, "{\"message\":\"no\"}");
}

static void pausing_holds_chunks_back(void **state)
{
	struct scene *s = *state;

	s->hold = true;
	serve(s, "on GET /x\nchunk a\ndelay 1\nchunk b\ndelay 1\nchunk c\n");
	get_and_run(s, "/x", on_chunk);
	assert_string_equal(s->chunks.p, "abc");
	assert_false(s->hold);
}

static void feed_later(void *arg)
{
	struct scene *s = arg;

	s->starve = false;
	http_resume(s->call);
}

static ptrdiff_t produce(void *arg, char *buf, size_t n)
{
	struct scene *s = arg;
	size_t now = MIN(MIN(n, s->to_send - s->sent), (size_t)70000);

	if (s->starve) {
		loop_timer_start(s->loop, &s->later, 20, feed_later, s);
		return HTTP_LATER;
	}
	memset(buf, 'z', now);
	s->sent += now;
	s->starve = s->sent == 70000;
	return (ptrdiff_t)now;
}

static void uploads_are_produced_in_pieces(void **state)
{
	struct scene *s = *state;
	struct http_request r;
	struct str log;

	serve(s, "on PUT /x\nstatus 200\n");
	r = request(s, "/x");
	r.method = "PUT";
	r.produce = produce;
	s->to_send = 300000;
	s->call = http_start(s->http, &r);
	loop_run(s->loop);
	assert_int_equal(s->done, 1);
	assert_false(error_is(&s->error));
	log = fake_log(s->fake);
	assert_int_equal(log.n, strlen("PUT /x \n") + 300000);
}

static ptrdiff_t give_up(void *arg, char *buf, size_t n)
{
	UNUSED(arg);
	UNUSED(buf);
	UNUSED(n);
	return HTTP_ABORT;
}

static void an_upload_can_be_given_up(void **state)
{
	struct scene *s = *state;
	struct http_request r;

	serve(s, "on PUT /x\nstatus 200\n");
	r = request(s, "/x");
	r.method = "PUT";
	r.produce = give_up;
	s->call = http_start(s->http, &r);
	loop_run(s->loop);
	assert_int_equal(s->done, 1);
	assert_int_equal(s->error.domain, ERR_CANCELLED);
}

static void a_completion_may_start_the_next(void **state)
{
	struct scene *s = *state;

	serve(s, "on GET /x\nbody first\non GET /next\nbody second\n");
	s->chain = true;
	get(s, "/x", NULL);
	loop_run(s->loop);
	assert_int_equal(s->done, 2);
	assert_string_equal(s->body.p, "second");
	assert_int_equal(fake_connections(s->fake), 1);
}

static void start_another(void *arg, struct str data)
{
	struct scene *s = arg;

	UNUSED(data);
	get(s, "/next", NULL);
}

static void a_chunk_may_start_another(void **state)
{
	struct scene *s = *state;

	serve(s, "on GET /x\nchunk a\non GET /next\nbody second\n");
	get(s, "/x", start_another);
	loop_run(s->loop);
	assert_int_equal(s->done, 2);
	assert_true(str_find(fake_log(s->fake), STR("GET /next")) != STR_NPOS);
}

static void going_down_completes_what_is_under_way(void **state)
{
	struct scene *s = *state;

	serve(s, "on GET /x\nstall\n");
	get(s, "/x", NULL);
	get(s, "/x", NULL);
	loop_turn(s->loop);
	http_free(s->http);
	assert_int_equal(s->done, 2);
	assert_int_equal(s->error.domain, ERR_CANCELLED);
	s->http = http_new(s->loop);
}

static void over_tcp_with_a_reset(void **state)
{
	struct scene *s = *state;
	struct http_request r;

	s->fake = fake_start(loop_uv(s->loop), NULL, "on GET /x\nopen\nchunk hello\nreset\n");
	r = request(s, "/x");
	r.unix_socket = NULL;
	snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%u/x", fake_port(s->fake));
	s->call = http_start(s->http, &r);
	loop_run(s->loop);
	assert_int_equal(s->error.domain, ERR_CURL);
	assert_int_equal(s->done, 1);
}

static void urlencoding(void **state)
{
	struct buf b = BUF_INIT;

	UNUSED(state);
	http_urlencode(&b, STR("a b/c?d=\xc3\xa4~._-"));
	assert_string_equal(b.p, "a%20b%2Fc%3Fd%3D%C3%A4~._-");
	buf_release(&b);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(answers_arrive_whole_when_cut_anywhere),
		CASE(connections_are_kept),
		CASE(a_body_cut_short_is_an_error),
		CASE(silence_can_be_cancelled),
		CASE(cancelling_at_once_works),
		CASE(cancelling_inside_a_chunk_works),
		CASE(the_last_timeout_is_reported),
		CASE(idle_time_is_limited),
		CASE(nobody_there),
		CASE(too_large_an_answer_is_refused),
		CASE(bodies_of_errors_are_collected),
		CASE(pausing_holds_chunks_back),
		CASE(uploads_are_produced_in_pieces),
		CASE(an_upload_can_be_given_up),
		CASE(a_completion_may_start_the_next),
		CASE(a_chunk_may_start_another),
		CASE(going_down_completes_what_is_under_way),
		CASE(over_tcp_with_a_reset),
		cmocka_unit_test(urlencoding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
