#include "../unit.h"

static void test_alignment(void **state)
{
	struct arena a = ARENA_INIT;

	UNUSED(state);
	for (size_t n = 0; n < 5000; n = n * 2 + 1) {
		char *p = arena_alloc(&a, n);

		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		memset(p, 1, n);
		p = arena_calloc(&a, n);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
	}
	arena_release(&a);
	assert_int_equal(a.used, 0);
	assert_non_null(arena_alloc(&a, (size_t)3 << 20));
	arena_release(&a);
}

static void test_strings(void **state)
{
	struct arena a = ARENA_INIT;
	struct str s = arena_str(&a, str_n("abcdef", 3));

	UNUSED(state);
	assert_string_equal(s.p, "abc");
	assert_int_equal(arena_str(&a, STR_NULL).n, 0);
	assert_string_equal(arena_cstr(&a, STR_NULL), "");
	assert_string_equal(arena_strdup(&a, "x"), "x");
	assert_str(arena_printf(&a, "%d-" STR_FMT, 7, STR_ARG(s)), "7-abc");
	arena_release(&a);
}

static void test_adopt(void **state)
{
	struct arena to = ARENA_INIT, from = ARENA_INIT;
	char *mine = arena_strdup(&to, "mine"), *theirs = arena_strdup(&from, "theirs");

	UNUSED(state);
	arena_adopt(&to, &from);
	assert_null(from.head);
	assert_string_equal(mine, "mine");
	assert_string_equal(theirs, "theirs");
	assert_string_equal(arena_strdup(&to, "more"), "more");
	arena_adopt(&to, &from);
	arena_release(&to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_adopt),
	};

	return RUN(tests);
}
