#include "base/base.h"
#include "emulator/gitlab/events.h"
#include "emulator/core/loop.h"

#include <jansson.h>
#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

struct fixture {
	struct loop *loop;
	struct events *events;
	FILE *file;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->loop = loop_new(NULL);
	f->file = tmpfile();
	f->events = events_new(f->loop, fileno(f->file));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	events_free(f->events);
	fclose(f->file);
	assert_int_equal(loop_free(f->loop, NULL), 0);
	free(f);
	return 0;
}

/* The next line of what was written, parsed; NULL at the end. */
static json_t *next(struct fixture *f)
{
	static char line[65536];

	return fgets(line, sizeof(line), f->file) ? json_loads(line, 0, NULL) : NULL;
}

static const char *text(json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static void test_lines(void **state)
{
	struct fixture *f = *state;
	struct event_job job = {.job = STR("j"),
		.stage = STR("test"),
		.status = STR("failed"),
		.attempt = 1,
		.has_exit_code = true,
		.exit_code = 3,
		.failure_reason = "script_failure",
		.seconds = 1.5};
	json_t *o;

	events_job_started(f->events, STR("j"), STR("test"), "docker", 1);
	events_log(f->events, STR("j"), "stdout", STR("a\"b\\ \xff end"));
	events_job_finished(f->events, &job);
	job = (struct event_job){.job = STR("k"), .status = STR("skipped"), .seconds = -1};
	events_job_finished(f->events, &job);
	/* Nothing is written before the loop has turned. */
	assert_int_equal(lseek(fileno(f->file), 0, SEEK_END), 0);
	loop_turn(f->loop);
	rewind(f->file);

	o = next(f);
	assert_string_equal(text(o, "event"), "job_started");
	assert_int_equal(strlen(text(o, "time")), strlen("2026-01-01T00:00:00.000Z"));
	json_decref(o);
	o = next(f);
	assert_string_equal(text(o, "event"), "log");
	assert_string_equal(text(o, "text"), "a\"b\\ \xef\xbf\xbd end");
	json_decref(o);
	o = next(f);
	assert_string_equal(text(o, "failure_reason"), "script_failure");
	assert_int_equal(json_integer_value(json_object_get(o, "exit_code")), 3);
	json_decref(o);
	o = next(f);
	assert_true(json_is_null(json_object_get(o, "exit_code")));
	assert_true(json_is_null(json_object_get(o, "failure_reason")));
	assert_true(json_is_null(json_object_get(o, "duration")));
	json_decref(o);
	assert_null(next(f));
}

static void test_flood(void **state)
{
	struct fixture *f = *state;
	size_t n = 0;
	json_t *o;

	for (int i = 0; i < 5000; i++)
		events_log(f->events, STR("j"), "stdout", STR("a line of a job that writes much"));
	loop_turn(f->loop);
	rewind(f->file);
	while ((o = next(f))) {
		json_decref(o);
		n++;
	}
	assert_int_equal(n, 5000);
}

static void test_reader_gone(void **state)
{
	struct fixture *f = *state;
	struct events *e;
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	close(fd[0]);
	e = events_new(f->loop, fd[1]);
	events_section(e, STR("j"), "step_script", true);
	loop_turn(f->loop);
	assert_int_equal(events_error(e), EPIPE);
	events_section(e, STR("j"), "step_script", false);
	loop_turn(f->loop);
	events_free(e);
	close(fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flood, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reader_gone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
