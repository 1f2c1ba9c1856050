#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "emulator/cli/term.h"

static void test_color_choice(void **state)
{
	unsetenv("NO_COLOR");
	unsetenv("CLICOLOR_FORCE");
	assert_true(term_color(-1, "always"));
	assert_false(term_color(-1, "never"));
	assert_false(term_color(-1, "auto"));
	assert_false(term_color(-1, NULL));
	setenv("CLICOLOR_FORCE", "1", 1);
	assert_true(term_color(-1, NULL));
	assert_false(term_color(-1, "never"));
	setenv("CLICOLOR_FORCE", "0", 1);
	assert_false(term_color(-1, NULL));
	setenv("CLICOLOR_FORCE", "1", 1);
	setenv("NO_COLOR", "", 1);
	assert_true(term_color(-1, NULL));
	setenv("NO_COLOR", "1", 1);
	assert_false(term_color(-1, NULL));
	assert_true(term_color(-1, "always"));
}

static void test_columns(void **state)
{
	setenv("COLUMNS", "57", 1);
	assert_int_equal(term_columns(-1), 57);
	setenv("COLUMNS", "many", 1);
	assert_int_equal(term_columns(-1), 0);
	unsetenv("COLUMNS");
	assert_int_equal(term_columns(-1), 0);
}

static void wraps(const char *text, size_t at, size_t indent, size_t columns, const char *wanted)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	wrap_text(&b, str_c(text), at, indent, columns);
	assert_string_equal(b.p, wanted);
}

static void test_wrap(void **state)
{
	wraps("one two three", 0, 2, 8, "one two\n  three");
	wraps("one two three", 6, 0, 8, "one\ntwo\nthree");
	wraps("averyveryverylongword x", 0, 0, 8, "averyveryverylongword\nx");
	wraps("one  two", 0, 0, 0, "one two");
	wraps("", 0, 0, 8, "");
	wraps("\xe4\xb8\xad\xe6\x96\x87 \xe4\xb8\xad", 0, 0, 6,
		"\xe4\xb8\xad\xe6\x96\x87\n\xe4\xb8\xad");
}

static void test_pad_counts_columns(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	pad_text(&b, STR("\xe4\xb8\xad"), 4);
	assert_string_equal(b.p, "\xe4\xb8\xad  ");
}

static void test_plain(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	plain_text(&b, STR("a\nb\tc\033[31m\x7f\xc3\xa9"));
	assert_string_equal(b.p, "a b c\\x1b[31m\\x7f\xc3\xa9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_color_choice),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_pad_counts_columns),
		cmocka_unit_test(test_plain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
