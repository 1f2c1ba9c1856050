#include "../unit.h"

#include "source/source.h"

static const struct source *add(struct source_set *s, const char *text)
{
	source_set_init(s, &test_arena);
	return source_get(s, source_add(s, STR("f"), str_c(text), SPAN_NONE));
}

static void check(const struct source *src, size_t offset, uint32_t line, uint32_t col)
{
	struct loc l = source_loc(src, offset);

	assert_int_equal(l.source, src->id);
	assert_int_equal(l.line, line);
	assert_int_equal(l.col, col);
}

static void test_places(void **state)
{
	struct source_set s;
	const struct source *src = add(&s, "ab\n\nc\xc3\xa9"
					   "d\n");

	UNUSED(state);
	check(src, 0, 1, 1);
	check(src, 2, 1, 3);
	check(src, 3, 2, 1);
	check(src, 4, 3, 1);
	check(src, 7, 3, 3); /* columns count characters */
	check(src, 9, 4, 1);
	check(src, 999, 4, 1);
}

static void test_lines(void **state)
{
	struct source_set s;
	const struct source *src = add(&s, "a\r\nb\rc\nd");

	UNUSED(state);
	assert_int_equal(src->n_lines, 4);
	assert_str(source_line(src, 1), "a");
	assert_str(source_line(src, 2), "b");
	assert_str(source_line(src, 3), "c");
	assert_str(source_line(src, 4), "d");
	assert_int_equal(source_line(src, 0).n, 0);
	assert_int_equal(source_line(src, 5).n, 0);
	check(src, 3, 2, 1);
}

static void test_set(void **state)
{
	struct source_set s;
	char text[] = "text";
	const struct source *src;

	UNUSED(state);
	source_set_init(&s, &test_arena);
	for (uint32_t i = 1; i <= 20; i++)
		assert_int_equal(source_add(&s, STR("n"), str_c(text), SPAN_NONE), i);
	text[0] = 'X';
	src = source_get(&s, 20);
	assert_str(src->text, "text"); /* copied */
	assert_null(source_get(&s, 0));
	assert_null(source_get(&s, 21));
	assert_null(source_get(NULL, 1));
	src = add(&s, "\xef\xbb\xbf"
		      "x");
	assert_str(src->text, "x");
	src = add(&s, "");
	assert_int_equal(src->n_lines, 1);
	check(src, 0, 1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_set),
	};

	return RUN(tests);
}
