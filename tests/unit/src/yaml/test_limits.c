#include "yaml_test.h"

static bool too_big(struct str text)
{
	struct reading r;

	read_file(&r, text);
	if (r.ok)
		return false;
	assert_str(first_of(&r, DIAG_ERROR)->gitlab, "The parsed YAML is too big");
	return true;
}

static struct str nested(size_t depth)
{
	struct buf b = BUF_INIT;
	struct str s;

	buf_adds(&b, "a: ");
	for (size_t i = 1; i < depth; i++)
		buf_addc(&b, '[');
	for (size_t i = 1; i < depth; i++)
		buf_addc(&b, ']');
	s = arena_str(&test_arena, buf_str(&b));
	buf_release(&b);
	return s;
}

static void test_depth(void **state)
{
	UNUSED(state);
	assert_false(too_big(nested(100)));
	assert_true(too_big(nested(101)));
	assert_true(too_big(nested(5000)));
}

/* Aliases deepen what they are put into. */
static void test_alias_depth(void **state)
{
	struct buf b = BUF_INIT;

	UNUSED(state);
	buf_adds(&b, "a0: &a0 [[[[[[[[[x]]]]]]]]]\n");
	for (int i = 1; i < 14; i++)
		buf_printf(&b, "a%d: &a%d [[[[[[[[*a%d]]]]]]]]\n", i, i, i - 1);
	assert_true(too_big(buf_str(&b)));
	buf_release(&b);
}

static void test_billion_laughs(void **state)
{
	struct buf b = BUF_INIT;
	size_t before = test_arena.used;

	UNUSED(state);
	buf_adds(&b, "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
	for (int i = 1; i < 10; i++) {
		buf_printf(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			buf_printf(&b, "%s*a%d", k ? ", " : "", i - 1);
		buf_adds(&b, "]\n");
	}
	assert_true(too_big(buf_str(&b)));
	assert_true(test_arena.used - before < (size_t)48 << 20);
	buf_release(&b);
}

/* What a later duplicate drops is not measured, but must not cost without bound either. */
static void test_dropped_aliases(void **state)
{
	struct buf b = BUF_INIT;
	size_t before = test_arena.used;

	UNUSED(state);
	buf_adds(&b, "a: &a [");
	for (int i = 0; i < 10000; i++)
		buf_adds(&b, "1,");
	buf_adds(&b, "]\n");
	for (int i = 0; i < 20000; i++)
		buf_adds(&b, "x: *a\n");
	assert_true(too_big(buf_str(&b)));
	assert_true(test_arena.used - before < (size_t)64 << 20);
	buf_release(&b);
}

static const char *large(struct str text)
{
	struct reading r;

	read_file(&r, text);
	if (!r.ok)
		return "refused";
	return first_of(&r, DIAG_WARNING) ? first_of(&r, DIAG_WARNING)->code : "fits";
}

/* 40 bytes a short string, 8 a slot of an array: the measure that GitLab takes. */
static void test_memory(void **state)
{
	struct buf b = BUF_INIT;

	UNUSED(state);
	buf_adds(&b, "a: [");
	for (int i = 0; i < 40000; i++)
		buf_adds(&b, "x,");
	buf_adds(&b, "]\n");
	assert_string_equal(large(buf_str(&b)), "fits");
	buf_truncate(&b, b.n - 2);
	for (int i = 0; i < 10000; i++)
		buf_adds(&b, "x,");
	buf_adds(&b, "]\n");
	/* Without aliases it is only told: what counts depends on the instance. */
	assert_string_equal(large(buf_str(&b)), "yaml-large");
	buf_clear(&b);
	buf_adds(&b, "a: &a [");
	for (int i = 0; i < 5000; i++)
		buf_adds(&b, "x,");
	buf_adds(&b, "]\nb: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n");
	assert_true(too_big(buf_str(&b)));
	buf_release(&b);
}

/* More values than any definition has: a bound on memory, whatever the text. */
static void test_many_values(void **state)
{
	struct buf b = BUF_INIT;
	size_t before = test_arena.used;

	UNUSED(state);
	buf_adds(&b, "a: {");
	for (int i = 0; i < 500000; i++)
		buf_adds(&b, "x,");
	buf_adds(&b, "}\n");
	assert_true(too_big(buf_str(&b)));
	assert_true(test_arena.used - before < (size_t)56 << 20);
	buf_release(&b);
}

/* Keys that are no strings are found by hash as well. */
static void test_odd_keys(void **state)
{
	struct buf b = BUF_INIT;
	struct reading r;

	UNUSED(state);
	for (int i = 0; i < 30000; i++)
		buf_printf(&b, "%d: x\n? [a, %d]\n: y\n", i, i);
	read_file(&r, buf_str(&b));
	assert_int_equal(r.file.content->u.map.n, 60000);
	buf_release(&b);
}

static void test_many_errors(void **state)
{
	struct buf b = BUF_INIT;
	struct reading r;

	UNUSED(state);
	buf_adds(&b, "a:\n");
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "- *none%d\n- 2020-01-01\n", i);
	buf_adds(&b, "b: [\n");
	read_file(&r, buf_str(&b));
	assert_false(r.ok);
	/* The first hundred, and the error of syntax behind them. */
	assert_int_equal(r.d.errors, 101);
	buf_release(&b);
}

static void test_many_warnings(void **state)
{
	struct buf b = BUF_INIT;
	struct reading r;

	UNUSED(state);
	for (int i = 0; i < 100000; i++)
		buf_adds(&b, "a: 1\n");
	read_file(&r, buf_str(&b));
	assert_true(r.ok);
	assert_int_equal(r.d.warnings, 100);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_alias_depth),
		cmocka_unit_test(test_billion_laughs),
		cmocka_unit_test(test_dropped_aliases),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_many_values),
		cmocka_unit_test(test_odd_keys),
		cmocka_unit_test(test_many_errors),
		cmocka_unit_test(test_many_warnings),
	};

	return RUN(tests);
}
