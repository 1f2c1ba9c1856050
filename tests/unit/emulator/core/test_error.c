#include "base/base.h"
#include "emulator/core/error.h"

#include "emulator/core/trace.h"

#include <setjmp.h>
#include <uv.h>
#include <cmocka.h>

static void first_error_wins(void **state)
{
	struct error err = ERROR_INIT;

	UNUSED(state);
	assert_int_equal(error_set(&err, ERR_DOCKER, 404, "no such image: %s", "x"), -1);
	assert_int_equal(error_set(&err, ERR_SYS, 2, "later"), -1);
	assert_int_equal(err.domain, ERR_DOCKER);
	assert_int_equal(err.code, 404);
	assert_string_equal(err.text, "no such image: x");
	assert_int_equal(error_set(NULL, ERR_SYS, 2, "nobody listens"), -1);
}

static void wrap_prefixes(void **state)
{
	struct error err = ERROR_INIT;

	UNUSED(state);
	error_wrap(&err, "nothing to wrap");
	assert_false(error_is(&err));
	error_sys(&err, ENOENT, "cannot open '%s'", "a");
	error_wrap(&err, "job '%s'", "b");
	assert_string_equal(err.text, "job 'b': cannot open 'a': No such file or directory");
	assert_int_equal(err.code, ENOENT);
}

static void long_texts_are_cut_at_a_character(void **state)
{
	struct error err = ERROR_INIT;
	char text[1024];

	UNUSED(state);
	for (size_t i = 0; i < sizeof(text) - 1; i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	text[sizeof(text) - 2] = '\0';
	error_set(&err, ERR_SYS, 1, "x%s", text);
	assert_int_equal(strlen(err.text) % 2, 0);
	assert_true(str_ends(str_c(err.text), STR("\xc3\xa4...")));
	error_wrap(&err, "%s", text);
	assert_true(str_ends(str_c(err.text), STR("\xc3\xa4...")));
}

static void uv_errors_name_the_reason(void **state)
{
	struct error err = ERROR_INIT;

	UNUSED(state);
	error_uv(&err, UV_ECONNREFUSED, "cannot reach '%s'", "x");
	assert_string_equal(err.text, "cannot reach 'x': connection refused");
}

static void place_is_kept(void **state)
{
	struct error err = ERROR_INIT;
	struct span a = {{1, 2, 3}, {1, 2, 4}}, b = {{1, 9, 9}, {1, 9, 9}};

	UNUSED(state);
	error_set(&err, ERR_CONFIG, 0, "x");
	error_at(&err, a);
	error_at(&err, b);
	assert_int_equal(err.at.begin.line, 2);
}

static void passed_on_with_its_place(void **state)
{
	struct error from = ERROR_INIT, to = ERROR_INIT, other = ERROR_INIT;
	struct span at = {{1, 2, 3}, {1, 2, 4}};

	UNUSED(state);
	assert_int_equal(error_pass(&to, &from), -1);
	assert_false(error_is(&to));
	error_set(&from, ERR_DOCKER, 404, "no %%s such image");
	error_at(&from, at);
	assert_int_equal(error_pass(&to, &from), -1);
	assert_int_equal(to.domain, ERR_DOCKER);
	assert_int_equal(to.code, 404);
	assert_int_equal(to.at.begin.line, 2);
	assert_string_equal(to.text, "no %s such image");
	error_set(&other, ERR_SYS, 2, "later");
	error_pass(&to, &other);
	assert_int_equal(to.domain, ERR_DOCKER);
	assert_int_equal(error_pass(NULL, &from), -1);
}

static void add_line(void *arg, struct str line)
{
	buf_addstr(arg, line);
}

static void trace_channels(void **state)
{
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;

	UNUSED(state);
	trace_set_output(add_line, &out);
	TRACE(HTTP, "off");
	assert_int_equal(trace_enable(STR("http, proc"), &err), 0);
	TRACE(HTTP, "on %d", 1);
	TRACE(JOB, "off");
	assert_string_equal(out.p, "http: on 1\n");
	assert_int_equal(trace_enable(STR("http,nonsense"), &err), -1);
	assert_true(str_find(str_c(err.text), STR("'nonsense' (known: load, job, run, docker")) !=
		    STR_NPOS);
	trace_mask = 0;
	trace_verbosity(1);
	assert_true(trace_on(TRACE_JOB));
	assert_false(trace_on(TRACE_DOCKER));
	trace_mask = 0;
	trace_set_output(NULL, NULL);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_error_wins),
		cmocka_unit_test(wrap_prefixes),
		cmocka_unit_test(long_texts_are_cut_at_a_character),
		cmocka_unit_test(uv_errors_name_the_reason),
		cmocka_unit_test(place_is_kept),
		cmocka_unit_test(passed_on_with_its_place),
		cmocka_unit_test(trace_channels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
