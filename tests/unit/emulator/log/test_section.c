#include "base/base.h"
#include "emulator/log/section.h"

#include <setjmp.h>
#include <cmocka.h>

static void text(void *arg, struct str b)
{
	buf_addstr(arg, b);
}

static void mark(void *arg, const struct section_mark *m)
{
	buf_printf(arg, "{%s %lld " STR_FMT "%s%s}", m->start ? "start" : "end", m->seconds,
		STR_ARG(m->name), m->collapsed ? " collapsed" : "",
		m->hide_duration ? " hide" : "");
}

static void check(const char *in, const char *want)
{
	size_t piece, i, n = strlen(in);

	for (piece = 1; piece <= n; piece++) {
		struct section_filter f;
		struct buf out = BUF_INIT;

		section_filter_init(&f);
		for (i = 0; i < n; i += piece)
			section_feed(&f, str_n(in + i, MIN(piece, n - i)), text, mark, &out);
		section_flush(&f, text, &out);
		assert_string_equal(out.p, want);
		buf_release(&out);
		section_filter_release(&f);
	}
}

static void test_markers(void **state)
{
	UNUSED(state);
	check("section_start:1560896352:prepare_executor\r\033[0KHead\n",
		"{start 1560896352 prepare_executor}Head\n");
	check("a\nsection_end:12:x.y-z\r\033[0Ksection_start:13:b\r\033[0KB\n",
		"a\n{end 12 x.y-z}{start 13 b}B\n");
	check("section_start:1:s[hide_duration=true,collapsed=true]\r\033[0KS",
		"{start 1 s collapsed hide}S");
	check("\033[0Ksection_start:1:s\r\033[0KS\n", "\033[0K{start 1 s}S\n");
	check("section_end:1:s\rx", "{end 1 s}x");
}

static void test_not_markers(void **state)
{
	UNUSED(state);
	check("section_start:now:s\r\033[0K\n", "section_start:now:s\r\033[0K\n");
	check("section_start:1:s\n", "section_start:1:s\n");
	check("sections section_ section_start", "sections section_ section_start");
	check("section_section_end:1:s\r\033[0K!", "section_{end 1 s}!");
	check("section_end:1:s\r\033[", "section_end:1:s\r\033[");
}

static void test_not_held_for_ever(void **state)
{
	struct section_filter f;
	struct buf out = BUF_INIT;
	int i;

	UNUSED(state);
	section_filter_init(&f);
	section_feed(&f, STR("section_start:1:"), text, mark, &out);
	for (i = 0; i < 200; i++)
		section_feed(&f, STR("aaaaaaaaaa"), text, mark, &out);
	assert_true(out.n > 1000);
	section_flush(&f, text, &out);
	assert_int_equal(out.n, 16 + 2000);
	buf_release(&out);
	section_filter_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_markers),
		cmocka_unit_test(test_not_markers),
		cmocka_unit_test(test_not_held_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
