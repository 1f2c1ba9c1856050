/* Hijacked connections against the scripted engine: over a Unix socket and over TCP. */
#include "base/base.h"
#include "emulator/docker/raw.h"

#include "emulator/core/error.h"
#include "emulator/core/http.h"
#include "emulator/core/loop.h"
#include "emulator/docker/engine.h"
#include "tests/daemon/fake.h"

#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

#define PING   "on GET /_ping\nheader Api-Version: 1.41\n"
#define ATTACH "on POST /containers/x/attach*\n"

struct scene {
	struct loop *loop;
	struct http *http;
	struct engine *engine;
	struct fake *fake;
	struct raw *raw;
	struct error err;
	unsigned done, opened, drained;
	char socket[64];
	struct buf out, err_out;
	bool cancel_on_open, cancel_on_output;
	struct loop_timer timer;
};

static int set_up(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));

	s->loop = loop_new(NULL);
	s->http = http_new(s->loop);
	buf_init(&s->out);
	buf_init(&s->err_out);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	struct error err = ERROR_INIT;

	engine_free(s->engine);
	http_free(s->http);
	fake_stop(s->fake);
	if (loop_free(s->loop, &err))
		fail_msg("%s", err.text);
	buf_release(&s->out);
	buf_release(&s->err_out);
	free(s);
	return 0;
}

static void serve(struct scene *s, bool tcp, const char *script)
{
	struct endpoint at;

	snprintf(s->socket, sizeof(s->socket), "/tmp/cilocal-raw-%d.sock", (int)getpid());
	s->fake = fake_start(loop_uv(s->loop), tcp ? NULL : s->socket, script);
	assert_non_null(s->fake);
	if (tcp)
		snprintf(s->socket, sizeof(s->socket), "tcp://localhost:%u", fake_port(s->fake));
	assert_int_equal(endpoint_parse(s->socket, &at, NULL), 0);
	at.origin = xstrdup("test");
	s->engine = engine_new(s->loop, s->http, &at);
	endpoint_release(&at);
}

static void on_done(void *arg, struct error *err)
{
	struct scene *s = arg;

	s->done++;
	s->raw = NULL;
	if (err)
		s->err = *err;
}

static void on_open(void *arg)
{
	struct scene *s = arg;

	s->opened++;
	if (s->cancel_on_open)
		raw_cancel(s->raw);
}

static void on_output(void *arg, int stream, struct str data)
{
	struct scene *s = arg;

	buf_addstr(stream == 2 ? &s->err_out : &s->out, data);
	if (s->cancel_on_output)
		raw_cancel(s->raw);
}

static void on_drain(void *arg)
{
	((struct scene *)arg)->drained++;
}

static void attach(struct scene *s)
{
	const struct raw_options o = {.stdin_open = true,
		.output = on_output,
		.open = on_open,
		.drain = on_drain,
		.done = on_done,
		.arg = s};

	s->raw = docker_attach(s->engine, STR("x"), &o);
}

static void run(struct scene *s)
{
	loop_run(s->loop);
	assert_int_equal(s->done, 1);
}

static void echoes(struct scene *s, bool tcp)
{
	char *big = xcalloc(1, 3000001);

	serve(s, tcp, PING ATTACH "upgrade\nframe 1 ready\nframe 2 warn\necho\n");
	attach(s);
	memset(big, 'z', 3000000);
	raw_write(s->raw, "before open", 11);
	raw_write(s->raw, big, 3000000);
	assert_int_equal(raw_unwritten(s->raw), 3000011);
	raw_close_stdin(s->raw);
	raw_write(s->raw, "ignored", 7);
	run(s);
	if (error_is(&s->err))
		fail_msg("%s", s->err.text);
	assert_int_equal(s->opened, 1);
	assert_true(s->drained > 0);
	assert_int_equal(s->out.n, 5 + 11 + 3000000);
	assert_true(str_starts(buf_str(&s->out), STR("readybefore openzzz")));
	assert_string_equal(s->err_out.p, "warn");
	free(big);
}

static void echo_over_a_unix_socket(void **state)
{
	echoes(*state, false);
}

static void echo_over_tcp(void **state)
{
	echoes(*state, true);
}

static void a_head_cut_at_every_byte(void **state)
{
	struct scene *s = *state;

	serve(s, false, PING ATTACH "split 1\nupgrade\nframe 1 hello\nframe 2 x\nclose\n");
	attach(s);
	run(s);
	assert_false(error_is(&s->err));
	assert_string_equal(s->out.p, "hello");
	assert_string_equal(s->err_out.p, "x");
}

static void refusals_have_the_daemons_words(void **state)
{
	struct scene *s = *state;

	serve(s, false,
		PING ATTACH "split 7\nstatus 404\nbody {\"message\":\"No such container: x\"}\n");
	attach(s);
	run(s);
	assert_int_equal(s->err.code, 404);
	assert_string_equal(s->err.text, "Error response from daemon: No such container: x");
	assert_int_equal(s->opened, 0);
}

static void chunked_refusals_do_not_hang(void **state)
{
	struct scene *s = *state;

	serve(s, false, PING ATTACH "status 500\nopen\nchunk {\"message\":\"oops\"}\nstall\n");
	attach(s);
	run(s);
	assert_int_equal(s->err.code, 500);
}

static void ends_too_early(void **state)
{
	struct scene *s = *state;

	serve(s, false, PING ATTACH "raw HTTP/1.1 101 Swi\nclose\n");
	attach(s);
	run(s);
	assert_true(str_starts(str_c(s->err.text), STR("lost the engine")));
}

static void ends_inside_a_frame(void **state)
{
	struct scene *s = *state;

	serve(s, false,
		PING ATTACH "upgrade\nraw \\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x09abc\nclose\n");
	attach(s);
	run(s);
	assert_string_equal(s->out.p, "abc");
	assert_string_equal(s->err.text, "the engine's output ended inside a frame");
}

static void is_reset_over_tcp(void **state)
{
	struct scene *s = *state;

	serve(s, true, PING ATTACH "upgrade\nframe 1 hello\ndelay 20\nreset\n");
	attach(s);
	run(s);
	assert_string_equal(s->out.p, "hello");
	assert_true(str_starts(str_c(s->err.text), STR("lost the engine")));
}

static void is_no_http(void **state)
{
	struct scene *s = *state;

	serve(s, false, PING ATTACH "raw SSH-2.0-x\nstall\n");
	attach(s);
	run(s);
	assert_int_equal(s->err.domain, ERR_DOCKER);
}

static void cancel_now(void *arg)
{
	struct scene *s = arg;

	if (s->raw)
		raw_cancel(s->raw);
}

/* At any moment of its life: one completion, an empty loop. */
static void cancelled_at_any_moment(void **state)
{
	struct scene *s = *state;

	serve(s, false, PING ATTACH "split 20\nupgrade\nframe 1 hello\nframe 1 hello\nstall\n");
	for (unsigned turns = 0; turns < 40; turns++) {
		s->done = 0;
		s->err = ERROR_INIT;
		attach(s);
		raw_write(s->raw, "abc", 3);
		for (unsigned i = 0; i < turns && s->raw; i++)
			loop_turn(s->loop);
		cancel_now(s);
		assert_int_equal(s->done, 0);
		run(s);
		assert_int_equal(s->err.domain, ERR_CANCELLED);
	}
}

static void cancelled_from_its_own_callbacks(void **state)
{
	struct scene *s = *state;

	serve(s, false, PING ATTACH "upgrade\nframe 1 hello\nstall\n");
	s->cancel_on_open = true;
	attach(s);
	run(s);
	assert_string_equal(s->out.p, "");
	s->cancel_on_open = false;
	s->cancel_on_output = true;
	s->done = 0;
	attach(s);
	run(s);
	assert_string_equal(s->out.p, "hello");
}

static void going_down(void **state)
{
	struct scene *s = *state;

	serve(s, false, PING ATTACH "upgrade\nframe 1 hello\nstall\n");
	attach(s);
	while (!s->out.n)
		loop_turn(s->loop);
	attach(s);
	engine_free(s->engine);
	s->engine = NULL;
	assert_int_equal(s->done, 2);
	assert_int_equal(s->err.domain, ERR_CANCELLED);
	loop_run(s->loop);
}

static void going_down_at_once(void **state)
{
	struct scene *s = *state;

	serve(s, false, PING ATTACH "upgrade\nstall\n");
	attach(s);
	engine_free(s->engine);
	s->engine = NULL;
	assert_int_equal(s->done, 1);
}

static void resume_now(void *arg)
{
	struct scene *s = arg;

	assert_int_equal(s->out.n, 0);
	raw_resume(s->raw);
}

static void a_pause_holds_output_back(void **state)
{
	struct scene *s = *state;

	serve(s, false, PING ATTACH "upgrade\ndelay 20\nframe 1 hello\nclose\n");
	attach(s);
	while (!s->opened)
		loop_turn(s->loop);
	raw_pause(s->raw);
	loop_timer_start(s->loop, &s->timer, 60, resume_now, s);
	run(s);
	assert_string_equal(s->out.p, "hello");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(echo_over_a_unix_socket),
		CASE(echo_over_tcp),
		CASE(a_head_cut_at_every_byte),
		CASE(refusals_have_the_daemons_words),
		CASE(chunked_refusals_do_not_hang),
		CASE(ends_too_early),
		CASE(ends_inside_a_frame),
		CASE(is_reset_over_tcp),
		CASE(is_no_http),
		CASE(cancelled_at_any_moment),
		CASE(cancelled_from_its_own_callbacks),
		CASE(going_down),
		CASE(going_down_at_once),
		CASE(a_pause_holds_output_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
