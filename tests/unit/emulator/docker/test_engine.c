/* Engine calls against the scripted engine: negotiation, errors, broken answers, silence. */
#include "base/base.h"
#include "emulator/docker/engine.h"

#include "emulator/core/error.h"
#include "emulator/core/http.h"
#include "emulator/core/loop.h"
#include "emulator/docker/archive.h"
#include "emulator/docker/container.h"
#include "emulator/docker/image.h"
#include "tests/daemon/fake.h"

#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

#define PING "on GET /_ping\nheader Api-Version: 1.41\nbody OK\n"

struct scene {
	struct loop *loop;
	struct http *http;
	struct engine *engine;
	struct fake *fake;
	struct error err;
	unsigned done;
	char socket[64], text[256];
	struct buf progress;
	int64_t number;
	struct docker_call *call;
};

static int set_up(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));
	struct endpoint at;

	s->loop = loop_new(NULL);
	s->http = http_new(s->loop);
	buf_init(&s->progress);
	snprintf(s->socket, sizeof(s->socket), "/tmp/cilocal-engine-%d.sock", (int)getpid());
	assert_int_equal(endpoint_parse(s->socket, &at, NULL), 0);
	at.origin = xstrdup("test");
	s->engine = engine_new(s->loop, s->http, &at);
	endpoint_release(&at);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	struct error err = ERROR_INIT;

	engine_free(s->engine);
	http_free(s->http);
	if (s->fake)
		fake_stop(s->fake);
	if (loop_free(s->loop, &err))
		fail_msg("%s", err.text);
	buf_release(&s->progress);
	free(s);
	return 0;
}

static void serve(struct scene *s, const char *script)
{
	s->fake = fake_start(loop_uv(s->loop), s->socket, script);
	assert_non_null(s->fake);
}

static void on_done(void *arg, struct error *err)
{
	struct scene *s = arg;

	s->done++;
	s->call = NULL;
	s->err = err ? *err : ERROR_INIT;
}

static void run(struct scene *s)
{
	s->done = 0;
	loop_run(s->loop);
	assert_int_equal(s->done, 1);
}

static void connect_to(struct scene *s)
{
	engine_connect(s->engine, on_done, s);
	run(s);
}

static bool asked(struct scene *s, const char *what)
{
	return str_find(fake_log(s->fake), str_c(what)) != STR_NPOS;
}

/* Root's socket is an engine's whose networks are here; one without root has its own. */
static void whose_network_it_is(void **state)
{
	struct scene *s = *state;
	struct endpoint at;
	struct engine *tcp;

	assert_false(engine_shares_network(s->engine));
	serve(s, PING);
	assert_int_equal(engine_shares_network(s->engine), geteuid() == 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(s->socket, 1, 1), 0);
		assert_false(engine_shares_network(s->engine));
	}
	assert_int_equal(endpoint_parse("tcp://127.0.0.1:1", &at, NULL), 0);
	tcp = engine_new(s->loop, s->http, &at);
	assert_false(engine_shares_network(tcp));
	engine_free(tcp);
	endpoint_release(&at);
}

static void an_older_engine(void **state)
{
	struct scene *s = *state;

	serve(s, PING "on POST /containers/x/start\nstatus 204\n");
	docker_container_start(s->engine, STR("x"), on_done, s);
	run(s);
	assert_false(error_is(&s->err));
	assert_string_equal(engine_api_version(s->engine), "1.41");
	assert_true(asked(s, "POST /v1.41/containers/x/start\n"));
	assert_true(engine_api_at_least(s->engine, 1, 41));
	assert_false(engine_api_at_least(s->engine, 1, 42));
}

static void a_newer_engine(void **state)
{
	struct scene *s = *state;

	serve(s, "on GET /_ping\nheader Api-Version: 1.51\n"
		 "on GET /version\nbody {\"ApiVersion\":\"1.51\",\"MinAPIVersion\":\"1.44\"}\n");
	connect_to(s);
	assert_string_equal(engine_api_version(s->engine), "1.47");
}

static void an_engine_that_has_given_our_version_up(void **state)
{
	struct scene *s = *state;

	serve(s, "on GET /_ping\nheader Api-Version: 1.60\n"
		 "on GET /version\nbody {\"MinAPIVersion\":\"1.50\"}\n");
	connect_to(s);
	assert_string_equal(engine_api_version(s->engine), "1.50");
}

static void an_engine_without_version(void **state)
{
	struct scene *s = *state;

	serve(s, "on GET /_ping\nbody OK\n");
	connect_to(s);
	assert_string_equal(engine_api_version(s->engine), "1.24");
}

static void not_an_engine(void **state)
{
	struct scene *s = *state;

	serve(s, "on GET /_ping\nheader Api-Version: seven\n");
	connect_to(s);
	assert_int_equal(s->err.domain, ERR_DOCKER);
}

static void too_old_a_client_is_told_in_the_daemons_words(void **state)
{
	struct scene *s = *state;

	serve(s, PING
		"on POST /containers/y/start\nstatus 400\nbody {\"message\":\"client version 1.41 "
		"is too old. Minimum supported API version is 1.44\"}\n");
	docker_container_start(s->engine, STR("y"), on_done, s);
	run(s);
	assert_string_equal(s->err.text,
		"Error response from daemon: client version 1.41 is too old. Minimum supported API "
		"version is 1.44");
	assert_int_equal(s->err.code, 400);
}

static void nobody_there(void **state)
{
	struct scene *s = *state;
	char expected[256];

	connect_to(s);
	snprintf(expected, sizeof(expected),
		"cannot connect to the Docker engine at unix://%s (test): "
		"there is no such socket: is the engine running?",
		s->socket);
	assert_string_equal(s->err.text, expected);
	assert_null(engine_api_version(s->engine));
	/* The engine comes up: the next call asks again. */
	serve(s, PING);
	connect_to(s);
	assert_false(error_is(&s->err));
}

static void a_broken_answer(void **state)
{
	struct scene *s = *state;
	struct archive_put put = {.container = STR("x"),
		.path = STR("/"),
		.tar = STR("tar"),
		.done = on_done,
		.arg = s};

	serve(s, PING "on PUT /containers/x/archive*\nlength 50\nbody {\nclose\n");
	docker_archive_put(s->engine, &put);
	run(s);
	assert_int_equal(s->err.domain, ERR_CURL);
	assert_true(str_starts(str_c(s->err.text), STR("lost the engine at unix://")));
	assert_true(asked(s, "PUT /v1.41/containers/x/archive?path=%2F tar\n"));
}

static void on_wait(void *arg, struct error *err, const struct container_exit *r)
{
	struct scene *s = arg;

	if (!err)
		s->number = r->status;
	on_done(s, err);
}

static void a_wait_cut_at_every_byte(void **state)
{
	struct scene *s = *state;

	serve(s, PING "on POST /containers/x/wait*\nsplit 1\nchunk {\"StatusCode\"\nchunk :137}\n"
		      "on POST /containers/y/wait*\nbody nonsense\n");
	docker_container_wait(s->engine, STR("x"), WAIT_NEXT_EXIT, NULL, on_wait, s);
	run(s);
	assert_false(error_is(&s->err));
	assert_int_equal(s->number, 137);
	docker_container_wait(s->engine, STR("y"), WAIT_NEXT_EXIT, NULL, on_wait, s);
	run(s);
	assert_int_equal(s->err.domain, ERR_DOCKER);
	assert_int_equal(s->err.code, 0);
}

static void cancel(void *arg)
{
	struct scene *s = arg;

	docker_call_cancel(s->call);
}

/* Cancelled while the ping stalls, and while the call itself does. */
static void silence_can_be_cancelled(void **state)
{
	struct scene *s = *state;
	struct loop_timer timer = {0};

	serve(s, "on GET /_ping\ntimes 1\ndelay 50\n" PING "on POST /containers/x/wait*\nstall\n");
	s->call = docker_container_wait(s->engine, STR("x"), WAIT_NEXT_EXIT, NULL, on_wait, s);
	docker_call_cancel(s->call);
	run(s);
	assert_int_equal(s->err.domain, ERR_CANCELLED);
	s->call = docker_container_wait(s->engine, STR("x"), WAIT_NEXT_EXIT, NULL, on_wait, s);
	loop_timer_start(s->loop, &timer, 50, cancel, s);
	run(s);
	assert_int_equal(s->err.domain, ERR_CANCELLED);
}

static void going_down(void **state)
{
	struct scene *s = *state;
	struct endpoint at;

	serve(s, PING "on POST /containers/*/wait*\nstall\n");
	docker_container_wait(s->engine, STR("x"), WAIT_NEXT_EXIT, NULL, on_wait, s);
	for (int i = 0; i < 20; i++)
		loop_turn(s->loop);
	docker_container_wait(s->engine, STR("y"), WAIT_NEXT_EXIT, NULL, on_wait, s);
	s->done = 0;
	engine_free(s->engine);
	assert_int_equal(s->done, 2);
	assert_int_equal(endpoint_parse(s->socket, &at, NULL), 0);
	s->engine = engine_new(s->loop, s->http, &at);
	endpoint_release(&at);
}

static void on_progress(void *arg, const struct image_progress *p)
{
	struct scene *s = arg;

	buf_printf(&s->progress, STR_FMT ":" STR_FMT ":%" PRId64 ";", STR_ARG(p->id),
		STR_ARG(p->status), p->total);
}

static void pull(struct scene *s, const char *name)
{
	struct image_pull p = {.name = str_c(name),
		.auth = STR("e30="),
		.progress = on_progress,
		.done = on_done,
		.arg = s};

	docker_image_pull(s->engine, &p);
	run(s);
}

static void pulls(void **state)
{
	struct scene *s = *state;

	serve(s, PING
		"on POST /images/create?fromImage=good&tag=latest\nsplit 3\n"
		"chunk {\"status\":\"Pulling\",\"id\":\"latest\"}\\r\\n{\"status\":\"Down\nchunk "
		"loading\",\"progressDetail\":{\"current\":1,\"total\":9},\"id\":\"abc\"}\\r\\n\n"
		"on POST /images/create?fromImage=bad&tag=1\n"
		"chunk {\"status\":\"Pulling\"}\nchunk {\"errorDetail\":{\"message\":\"manifest "
		"unknown\"},\"error\":\"manifest unknown\"}\n"
		"on POST /images/create?fromImage=reg%3A5000%2Fx&tag=sha256%3A*\nchunk {\"sta\n"
		"on POST /images/create?fromImage=denied&tag=latest\nstatus 500\n"
		"body {\"message\":\"Get https://x: no such host\"}\n");
	pull(s, "good");
	assert_false(error_is(&s->err));
	assert_string_equal(s->progress.p, "latest:Pulling:0;abc:Downloading:9;");
	pull(s, "bad:1");
	assert_int_equal(s->err.domain, ERR_DOCKER);
	assert_string_equal(s->err.text, "Error response from daemon: manifest unknown");
	pull(s, "reg:5000/x:tag@sha256:0123456789abcdef0123456789abcdef");
	assert_string_equal(s->err.text, "the engine's progress report ended too early");
	pull(s, "denied");
	assert_string_equal(s->err.text, "Error response from daemon: Get https://x: no such host");
	assert_int_equal(s->err.code, 500);
}

static ptrdiff_t nothing(void *arg, char *p, size_t n)
{
	UNUSED(arg);
	UNUSED(p);
	UNUSED(n);
	return 0;
}

/* Both ways in which engines say in a success that it was none; the second is the one to stay. */
static void loads(void **state)
{
	struct scene *s = *state;

	serve(s, PING "on POST /images/load*\ntimes 1\nbody {\"stream\":\"Loaded image: x\"}\\n\n"
		      "on POST /images/load*\ntimes 1\nbody {\"error\":\"no space left\"}\\n\n"
		      "on POST /images/load*\ntimes 1\n"
		      "body {\"errorDetail\":{\"message\":\"unrecognized image format\"}}\\n\n");
	docker_image_load(s->engine, nothing, on_done, s);
	run(s);
	assert_false(error_is(&s->err));
	docker_image_load(s->engine, nothing, on_done, s);
	run(s);
	assert_string_equal(s->err.text, "Error response from daemon: no space left");
	docker_image_load(s->engine, nothing, on_done, s);
	run(s);
	assert_string_equal(s->err.text, "Error response from daemon: unrecognized image format");
}

static void on_output(void *arg, int stream, struct str data)
{
	struct scene *s = arg;

	UNUSED(stream);
	buf_addstr(&s->progress, data);
}

static void logs_that_break(void **state)
{
	struct scene *s = *state;
	const struct logs_options o = {.follow = true};

	serve(s, PING
		"on GET /containers/x/logs*\nchunk \\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x05he\n"
		"on GET /containers/y/logs*\nchunk garbage!\nstall\n");
	docker_container_logs(s->engine, STR("x"), &o, on_output, on_done, s);
	run(s);
	assert_string_equal(s->progress.p, "he");
	assert_string_equal(s->err.text, "the engine's output ended inside a frame");
	docker_container_logs(s->engine, STR("y"), &o, on_output, on_done, s);
	run(s);
	assert_true(str_find(str_c(s->err.text), STR("not framed as expected")) != STR_NPOS);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(whose_network_it_is),
		CASE(an_older_engine),
		CASE(a_newer_engine),
		CASE(an_engine_that_has_given_our_version_up),
		CASE(an_engine_without_version),
		CASE(not_an_engine),
		CASE(too_old_a_client_is_told_in_the_daemons_words),
		CASE(nobody_there),
		CASE(a_broken_answer),
		CASE(a_wait_cut_at_every_byte),
		CASE(silence_can_be_cancelled),
		CASE(going_down),
		CASE(pulls),
		CASE(loads),
		CASE(logs_that_break),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
