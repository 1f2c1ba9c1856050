#include "../unit.h"

static void test_heap(void **state)
{
	VEC(int) v = {NULL, 0, 0};
	int sum = 0;

	UNUSED(state);
	vec_each (int *, none, &v)
		fail_msg("an item %d in an empty vector", *none);
	for (int i = 0; i < 100; i++)
		vec_push(&v, i);
	vec_each (int *, i, &v)
		sum += *i;
	assert_int_equal(sum, 4950);
	vec_release(&v);
	assert_null(v.v);
	assert_int_equal(v.n, 0);
}

static void test_arena_vec(void **state)
{
	VEC(struct str) v = {NULL, 0, 0};

	UNUSED(state);
	for (int i = 0; i < 50; i++)
		vec_push_in(&test_arena, &v, arena_printf(&test_arena, "%d", i));
	assert_int_equal(v.n, 50);
	assert_str(v.v[0], "0");
	assert_str(v.v[49], "49");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heap),
		cmocka_unit_test(test_arena_vec),
	};

	return RUN(tests);
}
