#include "../unit.h"

static void test_empty(void **state)
{
	struct buf b = BUF_INIT;
	char *p;

	UNUSED(state);
	assert_string_equal(b.p, "");
	buf_add(&b, NULL, 0);
	buf_truncate(&b, 0);
	assert_string_equal(b.p, "");
	p = buf_take(&b);
	assert_string_equal(p, "");
	free(p);
	buf_release(&b);
	buf_release(&b);
}

static void test_growth(void **state)
{
	struct buf b = BUF_INIT;
	char *p;

	UNUSED(state);
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%03d", i);
	assert_int_equal(b.n, 3000);
	assert_int_equal(strlen(b.p), 3000);
	assert_memory_equal(b.p + 2997, "999", 4);
	buf_remove(&b, 2994);
	assert_string_equal(b.p, "998999");
	buf_remove(&b, 100);
	assert_string_equal(b.p, "");
	buf_addstr(&b, STR("x"));
	buf_addc(&b, '\0');
	buf_addc(&b, 'y');
	assert_int_equal(b.n, 3);
	p = buf_take(&b);
	assert_memory_equal(p, "x\0y", 4);
	assert_int_equal(b.n, 0);
	free(p);
	buf_release(&b);
}

static void test_maximum(void **state)
{
	struct buf b;

	UNUSED(state);
	buf_init_max(&b, 5);
	buf_adds(&b, "abcde");
	assert_false(b.overflow);
	buf_addc(&b, 'f');
	assert_true(b.overflow);
	buf_truncate(&b, 2);
	/* Once over, nothing is taken: half a text would look whole. */
	buf_addc(&b, 'f');
	buf_printf(&b, "%d", 1);
	assert_string_equal(b.p, "ab");
	buf_clear(&b);
	buf_adds(&b, "ok");
	assert_string_equal(b.p, "ok");
	assert_false(b.overflow);
	buf_release(&b);
	assert_int_equal(b.max, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_maximum),
	};

	return RUN(tests);
}
