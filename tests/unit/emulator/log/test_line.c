#include "base/base.h"
#include "emulator/log/line.h"

#include <setjmp.h>
#include <cmocka.h>

static void collect(void *arg, struct str line, bool whole)
{
	struct buf *b = arg;

	buf_addc(b, '<');
	buf_addstr(b, line);
	buf_adds(b, whole ? ">" : "~>");
}

static void check(size_t max, const char *text, const char *want)
{
	size_t piece, i, n = strlen(text);

	for (piece = 1; piece <= n; piece++) {
		struct lines l;
		struct buf out = BUF_INIT;

		lines_init(&l, max);
		for (i = 0; i < n; i += piece)
			lines_feed(&l, str_n(text + i, MIN(piece, n - i)), collect, &out);
		lines_flush(&l, collect, &out);
		assert_string_equal(out.p, want);
		buf_release(&out);
		lines_release(&l);
	}
}

static void test_lines(void **state)
{
	UNUSED(state);
	check(100, "a\nbc\n\nd", "<a><bc><><d~>");
	check(100, "a\n", "<a>");
	check(100, "\n", "<>");
}

static void test_cap(void **state)
{
	UNUSED(state);
	check(4, "abcdefghij\nk\n", "<abcd~><efgh~><ij><k>");
	check(4, "abcd\ne\n", "<abcd><e>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
