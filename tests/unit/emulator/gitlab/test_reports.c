#include "base/base.h"
#include "emulator/gitlab/coverage.h"
#include "emulator/gitlab/junit.h"
#include "base/arena.h"
#include "emulator/core/error.h"

#include <setjmp.h>
#include <cmocka.h>

static struct arena a;

static void covers(const char *log, const char *expression, const char *want)
{
	struct str got = coverage_of_text(&a, str_c(log), str_c(expression));

	assert_string_equal(arena_cstr(&a, got), want);
}

static void test_coverage(void **state)
{
	UNUSED(state);
	covers("Total 87%\n", "/Total.*?(\\d+)%/", "87");
	covers("Total 87.25%\n", "/Total.*?(\\d+\\.\\d+)%/", "87.25");
	covers("coverage: 91.3% of statements\n", "/coverage: \\d+/", "91");
	/* The last line that matches, and its last match. */
	covers("cov 10%\ncov 20%\nend\n", "/cov (\\d+)%/", "20");
	covers("cov 10% cov 30%\n", "/cov (\\d+)%/", "30");
	/* No number: on upwards. A group that took no part: no coverage. */
	covers("cov 10\ncov none\n", "/cov (\\w+)/", "10");
	covers("cov 10\ncov x\n", "/cov (?:(\\d+)|x)/", "");
	covers("nothing\n", "/cov (\\d+)/", "");
	covers("", "/cov (\\d+)/", "");
	covers("12 12\n", "/^\\d+/", "12");
	covers("abc\n", "/x*/", "");
	covers("5\n", "/(/", "");
	covers("5\n", "no slashes", "");
	covers("\xff cov 3\n", "/cov (\\d)/", "3");
}

static int read_text(const char *xml, struct junit *out, struct error *err)
{
	memset(out, 0, sizeof(*out));
	return junit_read(&a, str_c(xml), out, err);
}

static void test_junit(void **state)
{
	struct error err = ERROR_INIT;
	struct junit t;

	UNUSED(state);
	assert_int_equal(
		read_text("<?xml version='1.0'?><testsuites><testsuite name='s'>"
			  "<testcase classname='A' name='ok'/>"
			  "<testcase classname='A' name='bad' file='a.c'>"
			  "<failure message='want 1 &lt; 2'>trace</failure></testcase>"
			  "<testcase name='broke'><error>\n  first\n second</error></testcase>"
			  "<testcase name='left'><skipped/></testcase>"
			  "</testsuite></testsuites>",
			&t, &err),
		0);
	assert_int_equal(t.tests, 4);
	assert_int_equal(t.failed, 1);
	assert_int_equal(t.errors, 1);
	assert_int_equal(t.skipped, 1);
	assert_int_equal(t.n, 2);
	assert_string_equal(t.v[0].suite.p, "A");
	assert_string_equal(t.v[0].test.p, "bad");
	assert_string_equal(t.v[0].file.p, "a.c");
	assert_string_equal(t.v[0].message.p, "want 1 < 2");
	assert_true(t.v[1].error);
	assert_string_equal(t.v[1].message.p, "first");
	/* A sum over files; a broken one changes nothing. */
	assert_int_equal(
		junit_read(&a, STR("<testcase name='x'><failure/></testcase>"), &t, &err), 0);
	assert_int_equal(t.tests, 5);
	assert_int_equal(junit_read(&a, STR("<a>\n<testcase name='x'/><b></a>"), &t, &err), -1);
	assert_string_equal(err.text, "line 2: mismatched tag");
	assert_int_equal(t.tests, 5);
	assert_int_equal(t.n, 3);
}

static void test_junit_broken(void **state)
{
	static const char *const texts[] = {"", "x", "<a", "<a>", "\xff\xfe<",
		"<!DOCTYPE a [<!ENTITY x 'y'><!ENTITY z '&x;&x;&x;'>]><a>&nope;</a>"};
	struct buf deep = BUF_INIT;
	struct junit t;

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error err = ERROR_INIT;

		assert_int_equal(read_text(texts[i], &t, &err), -1);
		assert_int_equal(t.tests, 0);
	}
	for (size_t i = 0; i < 5000; i++)
		buf_adds(&deep, "<a>");
	{
		struct error err = ERROR_INIT;

		assert_int_equal(read_text(deep.p, &t, &err), -1);
		assert_string_equal(err.text, "line 1: elements are nested too deeply");
	}
	buf_release(&deep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_junit),
		cmocka_unit_test(test_junit_broken),
	};
	int r;

	arena_init(&a);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	arena_release(&a);
	return r;
}
