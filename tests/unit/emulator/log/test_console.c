#include "base/base.h"
#include "emulator/log/console.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

static int out_fd;

static struct console *start(bool single, bool color)
{
	struct console_options o = {.single = single, .color = color};

	out_fd = memfd_create("console", 0);
	assert_true(out_fd >= 0);
	o.fd = out_fd;
	return console_new(&o);
}

static void finish(struct console *c, const char *want)
{
	char got[4096];
	ssize_t n;

	console_free(c);
	n = pread(out_fd, got, sizeof(got) - 1, 0);
	assert_true(n >= 0);
	got[n] = '\0';
	close(out_fd);
	assert_string_equal(got, want);
}

static void test_single(void **state)
{
	struct console *c = start(true, false);
	struct sink *s = console_sink(c, STR("build"));

	UNUSED(state);
	sink_write(s, LOG_RUNNER, STR("section_start:1:x\r\033[0K\033[0K\033[36;1mHead\033[0;m\n"));
	sink_write(s, LOG_OUT, STR("10%\r2"));
	sink_write(s, LOG_OUT, STR("0%\n\033[3"));
	sink_write(s, LOG_OUT, STR("1mred\033[m no end"));
	sink_end(s);
	sink_free(s);
	finish(c, "Head\n10%\r20%\nred no end");
}

static void test_single_color(void **state)
{
	struct console *c = start(true, true);
	struct sink *s = console_sink(c, STR("build"));

	UNUSED(state);
	sink_write(s, LOG_OUT, STR("\033[31mred\033[m $ "));
	sink_end(s);
	sink_free(s);
	finish(c, "\033[31mred\033[m $ ");
}

static void test_several(void **state)
{
	struct console *c = start(false, false);
	struct str names[] = {STR("a"), STR("lint: [\xc3\xa9]")};
	struct sink *a, *b;

	UNUSED(state);
	console_expect(c, names, 2);
	a = console_sink(c, names[0]);
	b = console_sink(c, names[1]);
	sink_write(a, LOG_OUT, STR("one\ntw"));
	sink_write(b, LOG_ERR, STR("error\n"));
	sink_write(a, LOG_OUT, STR("o\n1%\r2%\r3%\r\nsection_end:5:s\r\033[0Kopen"));
	sink_end(a);
	sink_end(b);
	sink_free(a);
	sink_free(b);
	finish(c, "a         | one\n"
		  "lint: [\xc3\xa9] | error\n"
		  "a         | two\n"
		  "a         | 3%\n"
		  "a         | open\n");
}

/* A line that has not ended stands before what the Runner says of it, and before other jobs' lines.
 */
static void test_unfinished(void **state)
{
	struct console *c = start(false, false);
	struct sink *a = console_sink(c, STR("a")), *b = console_sink(c, STR("b"));
	static char x[70 * 1024];

	UNUSED(state);
	sink_write(a, LOG_OUT, STR("1%\r2%"));
	sink_write(b, LOG_OUT, STR("b\n"));
	sink_write(a, LOG_RUNNER, STR("Job succeeded\n"));
	memset(x, 0, sizeof(x));
	for (size_t i = 0; i < sizeof(x); i += 7)
		memcpy(x + i, "\r  100%", MIN((size_t)7, sizeof(x) - i));
	for (size_t i = 0; i + 1000 < sizeof(x); i += 1000)
		sink_write(b, LOG_OUT, str_n(x + i, 1000));
	sink_write(b, LOG_OUT, STR("\rdone\n"));
	sink_end(a);
	sink_end(b);
	sink_free(a);
	sink_free(b);
	finish(c, "b | b\na | 2%\na | Job succeeded\nb | done\n");
}

static void test_prefix_color(void **state)
{
	struct console *c = start(false, true);
	struct sink *a = console_sink(c, STR("a"));

	UNUSED(state);
	sink_write(a, LOG_OUT, STR("plain\n\033[31mred\n"));
	sink_end(a);
	sink_free(a);
	finish(c, "\033[36ma |\033[0m plain\n\033[36ma |\033[0m \033[31mred\033[0m\n");
}

/* With several jobs the preparation is left out, but for what the user should know or waits for. */
static void test_brief(void **state)
{
	struct console_options o = {.brief = true};
	struct console *c;
	struct sink *s;

	UNUSED(state);
	out_fd = o.fd = memfd_create("console", 0);
	c = console_new(&o);
	s = console_sink(c, STR("j"));
	sink_write(s, LOG_RUNNER, STR("\033[0KRunning with cilocal\033[0;m\n"));
	sink_write(s, LOG_RUNNER, STR("section_start:1:prepare_executor\r\033[0KPrepare\n"));
	sink_write(s, LOG_RUNNER, STR("Pulling docker image x ...\nUsing docker image y\n"));
	sink_write(s, LOG_SERVICE, STR("a service\n"));
	sink_write(s, LOG_RUNNER, STR("section_end:1:prepare_executor\r\033[0K"));
	sink_write(s, LOG_RUNNER, STR("section_start:1:get_sources\r\033[0KGet\nquiet\n"));
	sink_write(s, LOG_RUNNER, STR("\033[0;33mWARNING: old\033[0;m\nbecause\n"));
	sink_write(s, LOG_RUNNER, STR("section_end:1:get_sources\r\033[0K"));
	sink_write(s, LOG_RUNNER, STR("section_start:1:step_script\r\033[0KExecuting\n"));
	sink_write(s, LOG_OUT, STR("$ true\n"));
	sink_write(s, LOG_RUNNER, STR("canceled\nsection_end:1:step_script\r\033[0K"));
	sink_write(s, LOG_RUNNER, STR("section_start:1:after_script\r\033[0KAfter\n"));
	sink_write(s, LOG_RUNNER, STR("section_end:1:after_script\r\033[0KJob succeeded\n"));
	sink_end(s);
	sink_free(s);
	finish(c, "j | Pulling docker image x ...\nj | a service\nj | WARNING: old\nj | because\n"
		  "j | $ true\nj | canceled\nj | After\nj | Job succeeded\n");
}

/* Names are cut, with a mark, where a row would not fit the terminal. */
static void test_table_narrow(void **state)
{
	struct console_options o = {.columns = 60};
	struct console_row rows[] = {
		{.job = STR("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e and a long name of a job"),
			.stage = STR("test"),
			.status = STR("success"),
			.seconds = 1},
		{.job = STR("\xe6\x97\xa5\xe6\x9c\xac"),
			.stage = STR("test"),
			.status = STR("skipped"),
			.seconds = -1},
	};
	struct console *c;

	UNUSED(state);
	out_fd = o.fd = memfd_create("console", 0);
	c = console_new(&o);
	console_table(c, rows, ARRAY_SIZE(rows));
	finish(c, "\n"
		  "  JOB              STAGE  STATUS     TIME\n"
		  "  \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e and a...  test   success    1.0s\n"
		  "  \xe6\x97\xa5\xe6\x9c\xac             test   skipped    -\n");
}

static struct console *start_fold(enum console_fold fold, bool single)
{
	struct console_options o = {.fold = fold, .single = single};

	out_fd = o.fd = memfd_create("console", 0);
	return console_new(&o);
}

/* The marker as people write it, with an erase in front of it. */
static void test_fold_collapsed(void **state)
{
	struct console *c = start_fold(FOLD_COLLAPSED, false);
	struct sink *s = console_sink(c, STR("j"));

	UNUSED(state);
	sink_write(s, LOG_OUT, STR("a\n\033[0Ksection_start:10:one[collapsed=true]\r\033[0K"));
	sink_write(s, LOG_OUT, STR("\033[1mFirst\033[m part\nhidden\n"));
	sink_write(s, LOG_ERR, STR("hidden too\n"));
	sink_write(s, LOG_OUT,
		STR("section_start:11:inner\r\033[0Kx\nsection_end:12:inner\r\033[0K\n"));
	sink_write(s, LOG_RUNNER, STR("\033[0;33mWARNING: told\033[0;m\n"));
	sink_write(s, LOG_OUT, STR("\033[0Ksection_end:75:one\r\033[0K\nb\n\n"));
	sink_write(s, LOG_OUT,
		STR("section_start:80:two\r\033[0KShown\nline\nsection_end:90:two\r\033[0K"));
	sink_write(s, LOG_OUT,
		STR("section_start:90:three[hide_duration=true,collapsed=true]\r\033["
		    "0KThird\nx\n"));
	sink_write(s, LOG_OUT, STR("section_end:91:three\r\033[0K\n"));
	sink_write(
		s, LOG_OUT, STR("section_start:95:four[collapsed=true]\r\033[0KFourth\nfails\n"));
	sink_write(s, LOG_RUNNER, STR("section_end:99:step_script\r\033[0KERROR: Job failed\n"));
	sink_end(s);
	sink_free(s);
	finish(c, "j | a\nj | WARNING: told\nj | First part [01:05]\nj | b\nj | \nj | Shown\nj | "
		  "line\n"
		  "j | Third\nj | Fourth [not ended]\nj | ERROR: Job failed\n");
}

static void test_fold_all(void **state)
{
	struct console *c = start_fold(FOLD_ALL, true);
	struct sink *s = console_sink(c, STR("j"));

	UNUSED(state);
	sink_write(s, LOG_RUNNER, STR("section_start:1:get_sources\r\033[0KGetting source\n"));
	sink_write(s, LOG_RUNNER, STR("Fetching\nWARNING: old\n"));
	sink_write(s, LOG_RUNNER, STR("section_end:4:get_sources\r\033[0K"));
	sink_write(s, LOG_RUNNER, STR("section_start:4:step_script\r\033[0KExecuting\n"));
	sink_write(s, LOG_OUT, STR("$ make\nsection_start:5:c\r\033[0KCompile\ncc\n"));
	sink_write(s, LOG_OUT, STR("section_end:6:c\r\033[0Kdone\n"));
	sink_write(s, LOG_RUNNER, STR("section_end:9:step_script\r\033[0KJob succeeded\n"));
	sink_end(s);
	sink_free(s);
	finish(c, "WARNING: old\nGetting source [00:03]\nExecuting\n$ make\nCompile [00:01]\ndone\n"
		  "Job succeeded\n");
}

static void test_table(void **state)
{
	struct console *c = start(false, false);
	struct console_row rows[] = {
		{.job = STR("build"),
			.stage = STR("build"),
			.status = STR("success"),
			.seconds = 1.24},
		{.job = STR("unit tests"),
			.stage = STR("test"),
			.status = STR("failed"),
			.seconds = 75,
			.has_exit_code = true,
			.exit_code = 3,
			.reason = STR("exit code 3"),
			.tail = STR("one\n\033[31mtwo\033[m\n"),
			.log_path = STR(".cilocal/runs/1/unit-tests/trace.log")},
		{.job = STR("lint"),
			.stage = STR("test"),
			.status = STR("failed"),
			.seconds = 3700,
			.allowed_failure = true,
			.reason = STR("no such image")},
		{.job = STR("deploy"),
			.stage = STR("deploy"),
			.status = STR("skipped"),
			.seconds = -1},
	};

	UNUSED(state);
	console_table(c, rows, ARRAY_SIZE(rows));
	finish(c, "\n"
		  "  JOB         STAGE   STATUS     TIME\n"
		  "  build       build   success    1.2s\n"
		  "  unit tests  test    failed     75.0s     exit code 3\n"
		  "  lint        test    failed     1h 01m    no such image (allowed to fail)\n"
		  "  deploy      deploy  skipped    -\n"
		  "\n"
		  "  unit tests:\n"
		  "    | one\n"
		  "    | two\n"
		  "    whole log: .cilocal/runs/1/unit-tests/trace.log\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single),
		cmocka_unit_test(test_single_color),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_prefix_color),
		cmocka_unit_test(test_unfinished),
		cmocka_unit_test(test_brief),
		cmocka_unit_test(test_fold_collapsed),
		cmocka_unit_test(test_fold_all),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_narrow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
