#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "emulator/cli/line_diff.h"

static struct arena arena = ARENA_INIT;

static struct str shown(const char *x, const char *y)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct diff_line *v;
	size_t n = line_diff(&arena, str_c(x), str_c(y), &v);

	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%c" STR_FMT "|",
			v[i].kind == LINE_OLD   ? '-'
			: v[i].kind == LINE_NEW ? '+'
						: ' ',
			STR_ARG(v[i].text));
	return arena_str(&arena, buf_str(&b));
}

#define SHOWS(x, y, want) assert_string_equal(shown(x, y).p, want)

static void test_changes(void **state)
{
	UNUSED(state);
	SHOWS("a\nb\nc\n", "a\nx\nc\n", " a|-b|+x| c|");
	SHOWS("a\nb\n", "a\nb\n", " a| b|");
	SHOWS("", "a\n", "+a|");
	SHOWS("a\nb", "", "-a|-b|");
	SHOWS("a\n\nb\n", "a\nb\n", " a|-| b|");
	SHOWS("a\na\na\n", "a\na\n", " a| a|-a|");
	SHOWS("one\ntwo\nthree\nfour\n", "two\nthree\nextra\nfour\n",
		"-one| two| three|+extra| four|");
}

/* Too long to be compared: all goes, all comes, but for what both begin and end with. */
static void test_long(void **state)
{
	CLEANUP(buf_release) struct buf x = BUF_INIT;
	CLEANUP(buf_release) struct buf y = BUF_INIT;
	struct diff_line *v;
	size_t n, same = 0;

	UNUSED(state);
	buf_adds(&x, "head\n");
	buf_adds(&y, "head\n");
	for (int i = 0; i < 3000; i++) {
		buf_printf(&x, "%d\n", i);
		buf_printf(&y, "%d\n", 3000 - i);
	}
	buf_adds(&x, "tail\n");
	buf_adds(&y, "tail\n");
	n = line_diff(&arena, buf_str(&x), buf_str(&y), &v);
	assert_int_equal(n, 6002);
	for (size_t i = 0; i < n; i++)
		same += v[i].kind == LINE_SAME;
	assert_int_equal(same, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_long),
	};

	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	arena_release(&arena);
	return failed;
}
