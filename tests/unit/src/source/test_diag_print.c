#include "../unit.h"

#include "source/diag_print.h"
#include "source/source.h"

static struct source_set set;
static struct diags diags;

static void start(const char *text)
{
	source_set_init(&set, &test_arena);
	diags_init(&diags, &test_arena);
	source_add(&set, STR("ci/a.yml"), str_c(text), SPAN_NONE);
}

static struct span span(uint32_t line, uint32_t from, uint32_t to)
{
	return (struct span){{1, line, from}, {1, line, to}};
}

static void check(const struct diag *d, bool color, const char *want)
{
	struct buf b = BUF_INIT;

	diag_print(&b, &set, d, color);
	assert_string_equal(b.p, want);
	buf_release(&b);
}

static void test_plain(void **state)
{
	struct diag *d;

	UNUSED(state);
	start("job:\n  scirpt: x\n");
	d = diag_error(&diags, "unknown-keyword", span(2, 3, 9), "unknown keyword 'scirpt'");
	check(d, false,
		"ci/a.yml:2:3: error: unknown keyword 'scirpt' [unknown-keyword]\n"
		"    scirpt: x\n"
		"    ^~~~~~\n");
	diag_set_gitlab(&diags, d, "jobs:job config contains unknown keys: scirpt");
	diag_note(&diags, d, span(1, 1, 4), "in this job");
	diag_note(&diags, d, SPAN_NONE, "did you mean 'script'?");
	check(d, false,
		"ci/a.yml:2:3: error: unknown keyword 'scirpt' (GitLab: \"jobs:job config contains "
		"unknown keys: scirpt\") [unknown-keyword]\n"
		"    scirpt: x\n"
		"    ^~~~~~\n"
		"ci/a.yml:1:1: note: in this job\n"
		"  job:\n"
		"  ^~~\n"
		"note: did you mean 'script'?\n");
}

static void test_same_wording_once(void **state)
{
	struct diag *d;

	UNUSED(state);
	start("");
	d = diag_warn(&diags, "c", SPAN_NONE, "the same");
	diag_set_gitlab(&diags, d, "The same");
	check(d, false, "warning: the same [c]\n");
}

static void test_tabs_and_width(void **state)
{
	UNUSED(state);
	start("a:\tx\n\xe6\x97\xa5\xe6\x9c\xac: y\ne\xcc\x81: z\n");
	check(diag_error(&diags, "c", span(1, 4, 5), "t"), false,
		"ci/a.yml:1:4: error: t [c]\n  a:      x\n          ^\n");
	check(diag_error(&diags, "c", span(2, 5, 6), "t"), false,
		"ci/a.yml:2:5: error: t [c]\n  \xe6\x97\xa5\xe6\x9c\xac: y\n        ^\n");
	check(diag_error(&diags, "c", span(2, 1, 3), "t"), false,
		"ci/a.yml:2:1: error: t [c]\n  \xe6\x97\xa5\xe6\x9c\xac: y\n  ^~~~\n");
	check(diag_error(&diags, "c", span(3, 5, 6), "t"), false,
		"ci/a.yml:3:5: error: t [c]\n  e\xcc\x81: z\n     ^\n");
}

static void test_odd_spans(void **state)
{
	struct span many = {{1, 1, 3}, {1, 2, 2}};

	UNUSED(state);
	start("abcdef\nx\n");
	check(diag_error(&diags, "c", many, "to the end of the line"), false,
		"ci/a.yml:1:3: error: to the end of the line [c]\n  abcdef\n    ^~~~\n");
	check(diag_error(&diags, "c", span(1, 7, 7), "behind"), false,
		"ci/a.yml:1:7: error: behind [c]\n  abcdef\n        ^\n");
	check(diag_error(&diags, "c", span(9, 1, 1), "no such line"), false,
		"ci/a.yml:9:1: error: no such line [c]\n");
}

static void test_control_characters(void **state)
{
	UNUSED(state);
	start("a: \033[31mx\xff\n");
	check(diag_error(&diags, "c", span(1, 1, 2), "bad '\033]0;t\007'"), false,
		"ci/a.yml:1:1: error: bad '?]0;t?' [c]\n  a: ?[31mx?\n  ^\n");
}

static void test_long_line(void **state)
{
	struct buf text = BUF_INIT, out = BUF_INIT;

	UNUSED(state);
	for (int i = 0; i < 5000; i++)
		buf_addc(&text, 'x');
	buf_adds(&text, "HERE");
	for (int i = 0; i < 5000; i++)
		buf_addc(&text, 'y');
	start(text.p);
	diag_print(&out, &set, diag_error(&diags, "c", span(1, 5001, 5005), "t"), false);
	assert_non_null(strstr(out.p, "xHEREy"));
	assert_non_null(strstr(out.p, "^~~~\n"));
	assert_true(out.n < 500);
	/* The carets stand below the word. */
	assert_int_equal(strchr(out.p, 'H') - strchr(out.p, '\n'),
		strchr(out.p, '^') - strrchr(strstr(out.p, "HERE"), '\n') +
			(strrchr(strstr(out.p, "HERE"), '\n') -
				strchr(strstr(out.p, "HERE"), '\n')));
	buf_release(&text);
	buf_release(&out);
}

/* A definition on one line with an error in each word: as much is printed as can be read, and soon.
 */
static void test_many_in_a_long_line(void **state)
{
	struct buf text = BUF_INIT, out = BUF_INIT;

	UNUSED(state);
	for (int i = 0; i < 300000; i++)
		buf_adds(&text, "abc ");
	start(text.p);
	for (uint32_t i = 0; i < 2500; i++)
		diag_error(&diags, "c", span(1, 400 * i + 1, 400 * i + 4), "t%u", i);
	diags_print(&out, &set, &diags, false);
	assert_non_null(strstr(out.p, "... and 500 more\n"));
	assert_null(strstr(out.p, "t2000 "));
	buf_release(&text);
	buf_release(&out);
}

static void test_include_chain(void **state)
{
	struct span at = {{3, 1, 1}, {3, 1, 2}};

	UNUSED(state);
	start("include: b.yml\n");
	source_add(&set, STR("b.yml"), STR("include: c.yml\n"), span(1, 10, 15));
	source_add(&set, STR("c.yml"), STR("x: 1\n"), (struct span){{2, 1, 10}, {2, 1, 15}});
	check(diag_error(&diags, "c", at, "t"), false,
		"c.yml:1:1: error: t [c]\n  x: 1\n  ^\n"
		"b.yml:1:10: note: 'c.yml' is included here\n"
		"ci/a.yml:1:10: note: 'b.yml' is included here\n");
}

static void test_color(void **state)
{
	struct buf b = BUF_INIT;

	UNUSED(state);
	start("a: 1\n");
	diag_print(&b, &set, diag_error(&diags, "c", span(1, 1, 2), "t"), true);
	assert_non_null(strstr(b.p, "\033[1;31merror:\033[0m"));
	buf_release(&b);
}

static void test_order(void **state)
{
	struct buf b = BUF_INIT;
	const char *one, *two, *three;

	UNUSED(state);
	start("a\nb\n");
	diag_error(&diags, "c", span(2, 1, 2), "second");
	diag_warn(&diags, "c", span(1, 1, 2), "first");
	diag_error(&diags, "c", SPAN_NONE, "without a place");
	diags_print(&b, &set, &diags, false);
	one = strstr(b.p, "without");
	two = strstr(b.p, "first");
	three = strstr(b.p, "second");
	assert_true(one && two && three && one < two && two < three);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_same_wording_once),
		cmocka_unit_test(test_tabs_and_width),
		cmocka_unit_test(test_odd_spans),
		cmocka_unit_test(test_control_characters),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_many_in_a_long_line),
		cmocka_unit_test(test_include_chain),
		cmocka_unit_test(test_color),
		cmocka_unit_test(test_order),
	};

	return RUN(tests);
}
