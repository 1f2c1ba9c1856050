#include "../unit.h"

static void test_order(void **state)
{
	struct map m;
	int v[3] = {1, 2, 3};
	struct buf b = BUF_INIT;

	UNUSED(state);
	map_init(&m, &test_arena);
	map_each (struct map_entry *, none, &m)
		fail_msg("an entry '%.*s' in an empty map", STR_ARG(none->key));
	assert_null(map_get(&m, STR("a")));
	assert_false(map_remove(&m, STR("a")));
	assert_null(map_put(&m, STR("b"), &v[0]));
	assert_null(map_put(&m, STR("a"), &v[1]));
	assert_ptr_equal(map_put(&m, STR("b"), &v[2]), &v[0]); /* keeps its place */
	map_each (struct map_entry *, e, &m)
		buf_printf(&b, STR_FMT "%d ", STR_ARG(e->key), *(int *)e->value);
	assert_string_equal(b.p, "b3 a2 ");
	assert_int_equal(m.live, 2);
	buf_release(&b);
}

static void test_null_value(void **state)
{
	struct map m;

	UNUSED(state);
	map_init(&m, &test_arena);
	map_put(&m, STR("x"), NULL);
	assert_true(map_has(&m, STR("x")));
	assert_null(map_get(&m, STR("x")));
}

static void test_remove_and_put(void **state)
{
	struct map m;
	int v[2] = {1, 2};

	UNUSED(state);
	map_init(&m, &test_arena);
	map_put(&m, STR("a"), &v[0]);
	map_put(&m, STR("b"), &v[0]);
	assert_true(map_remove(&m, STR("a")));
	assert_false(map_has(&m, STR("a")));
	map_put(&m, STR("a"), &v[1]); /* a new entry, at the end */
	assert_ptr_equal(map_get(&m, STR("a")), &v[1]);
	assert_int_equal(m.live, 2);
	map_each (struct map_entry *, e, &m)
		if (str_is(e->key, "a"))
			assert_ptr_equal(e, &m.e[m.n - 1]);
}

/* Against a plain array, with removals, over several rehashes. */
static void test_many(void **state)
{
	enum { N = 2000 };
	static bool there[N];
	struct map m;
	uint32_t seed = 1;
	size_t live = 0;

	UNUSED(state);
	map_init(&m, &test_arena);
	for (int step = 0; step < 20000; step++) {
		size_t k = (seed = seed * 1103515245u + 12345u) >> 16;
		struct str key = arena_printf(&test_arena, "key-%zu", k % N);

		k %= N;
		if (step % 3) {
			map_put(&m, key, &there[k]);
			live += !there[k];
			there[k] = true;
		} else {
			assert_int_equal(map_remove(&m, key), there[k]);
			live -= there[k];
			there[k] = false;
		}
		assert_int_equal(m.live, live);
	}
	for (size_t k = 0; k < N; k++)
		assert_int_equal(map_has(&m, arena_printf(&test_arena, "key-%zu", k)), there[k]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_null_value),
		cmocka_unit_test(test_remove_and_put),
		cmocka_unit_test(test_many),
	};

	return RUN(tests);
}
