#include "base/base.h"
#include "emulator/log/job_log.h"

#include <setjmp.h>
#include <signal.h>
#include <unistd.h>
#include <cmocka.h>

static long at_1000(void *arg)
{
	UNUSED(arg);
	return 1000;
}

static void to_buf(void *arg, enum log_stream stream, struct str b)
{
	UNUSED(stream);
	buf_addstr(arg, b);
}

static void lines_to_buf(void *arg, enum log_stream stream, struct str line)
{
	buf_printf(arg, "%d:" STR_FMT "|", (int)stream, STR_ARG(line));
}

static void test_fan_out(void **state)
{
	struct job_log *l = job_log_new(at_1000, NULL);
	struct buf raw = BUF_INIT, lines = BUF_INIT;
	struct str v[] = {STR("password1")};

	UNUSED(state);
	job_log_add(l, sink_fn_new(to_buf, &raw));
	job_log_add(l, sink_lines_new(lines_to_buf, &lines));
	job_log_set_mask(l, mask_set_new(v, 1, true));
	job_log_section_start(l, "step_script", "Title");
	job_log_write(l, LOG_OUT, "a pass", 6);
	job_log_write(l, LOG_ERR, "other\n", 6);
	job_log_write(l, LOG_OUT, "word1 b\n10%\r20%\r\n", 17);
	job_log_write(l, LOG_OUT, "passw", 5);
	job_log_section_end(l, "step_script");
	job_log_warnln(l, "low on %s", "space");
	job_log_end(l);
	job_log_write(l, LOG_OUT, "late", 4);
	assert_string_equal(raw.p,
		"section_start:1000:step_script\r\033[0K\033[0K\033[36;1mTitle\033[0;m\033[0;m\n"
		"a other\n[MASKED] b\n10%\r20%\r\n"
		"section_end:1000:step_script\r\033[0K"
		"\033[0;33mWARNING: low on space\033[0;m\npassw");
	assert_string_equal(
		lines.p, "0:Title|2:other|1:a [MASKED] b|1:20%|0:WARNING: low on space|1:passw|");
	job_log_free(l);
	buf_release(&raw);
	buf_release(&lines);
}

static void test_tail(void **state)
{
	struct sink *s = sink_tail_new(10);
	struct buf b = BUF_INIT;

	UNUSED(state);
	sink_tail_get(s, &b);
	assert_int_equal(b.n, 0);
	sink_write(s, LOG_OUT, STR("one\n"));
	sink_tail_get(s, &b);
	assert_string_equal(b.p, "one\n");
	buf_clear(&b);
	sink_write(s, LOG_OUT, STR("two\nthree\n"));
	sink_write(s, LOG_OUT, STR("4\n"));
	sink_tail_get(s, &b);
	assert_string_equal(b.p, "three\n4\n");
	buf_clear(&b);
	sink_write(s, LOG_OUT, STR("0123456789abcdef"));
	sink_tail_get(s, &b);
	assert_string_equal(b.p, "6789abcdef");
	buf_release(&b);
	sink_free(s);
}

static void test_fd_error(void **state)
{
	int fds[2];
	struct sink *s;
	char buf[8];

	UNUSED(state);
	assert_int_equal(pipe(fds), 0);
	s = sink_fd_new(fds[1], true);
	sink_write(s, LOG_OUT, STR("hello"));
	assert_int_equal(read(fds[0], buf, sizeof(buf)), 5);
	assert_int_equal(s->error, 0);
	close(fds[0]);
	signal(SIGPIPE, SIG_IGN);
	sink_write(s, LOG_OUT, STR("hello"));
	assert_int_equal(s->error, EPIPE);
	sink_end(s);
	sink_free(s);
}

/* The Runner speaks of what the job has written: that comes first, ended or not. */
static void test_runner_after_job(void **state)
{
	struct buf lines = BUF_INIT;
	struct sink *s = sink_lines_new(lines_to_buf, &lines);

	UNUSED(state);
	sink_write(s, LOG_OUT, STR("no end"));
	sink_write(s, LOG_ERR, STR("half "));
	sink_write(s, LOG_OUT, STR(" yet"));
	sink_write(s, LOG_RUNNER, STR("Job succeeded\n"));
	sink_end(s);
	sink_free(s);
	assert_string_equal(lines.p, "1:no end yet|2:half |0:Job succeeded|");
	buf_release(&lines);
}

static void test_limit(void **state)
{
	struct buf out = BUF_INIT;
	struct sink *s = sink_limit_new(sink_fn_new(to_buf, &out), 10, STR("trace.log"));

	UNUSED(state);
	sink_write(s, LOG_RUNNER, STR("does not count|"));
	sink_write(s, LOG_OUT, STR("12345"));
	sink_write(s, LOG_ERR, STR("67890"));
	assert_string_equal(out.p, "does not count|1234567890");
	sink_write(s, LOG_SERVICE, STR("x"));
	sink_write(s, LOG_OUT, STR("y"));
	sink_write(s, LOG_RUNNER, STR("Job succeeded"));
	sink_end(s);
	sink_free(s);
	assert_string_equal(out.p,
		"does not count|1234567890\n\033[33;1mJob's log exceeded limit of 10 bytes.\n"
		"Job execution will continue but no more output will be shown: all of it is in "
		"trace.log.\033[0;m\nJob succeeded");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_runner_after_job),
		cmocka_unit_test(test_fan_out),
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_fd_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
