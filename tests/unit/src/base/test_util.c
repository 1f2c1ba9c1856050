#include "../unit.h"

static void test_integers(void **state)
{
	int64_t i = 77;
	uint64_t u = 77;

	UNUSED(state);
	assert_true(parse_i64(STR("-9223372036854775808"), &i) && i == INT64_MIN);
	assert_true(parse_i64(STR("9223372036854775807"), &i) && i == INT64_MAX);
	assert_true(parse_i64(STR("+5"), &i) && i == 5);
	assert_false(parse_i64(STR("9223372036854775808"), &i));
	assert_false(parse_i64(STR("-9223372036854775809"), &i));
	assert_int_equal(i, 5); /* untouched */
	assert_true(parse_u64(STR("18446744073709551615"), &u) && u == UINT64_MAX);
	assert_false(parse_u64(STR("18446744073709551616"), &u));
	assert_false(parse_u64(STR(""), &u));
	assert_false(parse_u64(STR("+1"), &u));
	assert_false(parse_u64(STR("1 "), &u));
	assert_false(parse_i64(STR("--1"), &i));
	assert_false(parse_i64(STR("-"), &i));
	assert_false(parse_i64(STR("0x1"), &i));
}

static void test_doubles(void **state)
{
	static const char *const bad[] = {
		"", " 1", "1 ", "0x10", "inf", "nan", "1e999", "1.2.3", "e", ".", "1e", "--1"};
	double d = 7;

	UNUSED(state);
	assert_true(parse_double(STR("1.5"), &d) && d > 1.4 && d < 1.6);
	assert_true(parse_double(STR("-2e3"), &d) && d < -1999 && d > -2001);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (parse_double(str_c(bad[i]), &d))
			fail_msg("'%s' was taken", bad[i]);
	assert_false(parse_double(str_n("1\0002", 3), &d));
}

struct holder {
	int before;
	int member;
};

static void test_macros(void **state)
{
	struct holder h = {1, 2};
	int v[3];

	UNUSED(state);
	assert_ptr_equal(container_of(&h.member, struct holder, member), &h);
	assert_int_equal(ARRAY_SIZE(v), 3);
	assert_int_equal(MIN(2, 3), 2);
	assert_int_equal(MAX(2, 3), 3);
}

static void test_alloc(void **state)
{
	CLEANUP(free) char *s = xstrndup("abcdef", 3);
	CLEANUP(free) char *f = xasprintf("%s-%d", s, 4);
	CLEANUP(free) void *none = xmalloc(0);

	UNUSED(state);
	assert_string_equal(s, "abc");
	assert_string_equal(f, "abc-4");
	assert_non_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_macros),
		cmocka_unit_test(test_alloc),
	};

	return RUN(tests);
}
