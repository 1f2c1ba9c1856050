#include "../unit.h"

#include "base/diag.h"

static struct span at_line(uint32_t line)
{
	return (struct span){{1, line, 1}, {1, line, 2}};
}

static void test_once(void **state)
{
	struct diags d;
	struct diag *first, *again;

	UNUSED(state);
	diags_init(&d, &test_arena);
	first = diag_error(&d, "code", at_line(3), "text %d", 1);
	again = diag_error(&d, "code", at_line(3), "text 1");
	assert_ptr_equal(first, again);
	assert_ptr_not_equal(first, diag_error(&d, "code", at_line(4), "text 1"));
	assert_ptr_not_equal(first, diag_error(&d, "other", at_line(3), "text 1"));
	assert_ptr_not_equal(first, diag_warn(&d, "code", at_line(3), "text 1"));
	assert_int_equal(d.errors, 3);
	assert_int_equal(d.warnings, 1);
	assert_ptr_equal(d.first, first);
}

static void test_notes(void **state)
{
	struct diags d;
	struct diag *e;

	UNUSED(state);
	diags_init(&d, &test_arena);
	e = diag_error(&d, "code", SPAN_NONE, "text");
	diag_note(&d, e, at_line(1), "a");
	diag_note(&d, e, at_line(1), "a");
	diag_note(&d, e, at_line(2), "b");
	diag_note(&d, NULL, at_line(2), "nothing happens");
	assert_str(e->notes->text, "a");
	assert_str(e->notes->next->text, "b");
	assert_null(e->notes->next->next);
	diag_set_job(&d, e, STR("build"));
	diag_set_gitlab(&d, e, "jobs:%s", "build");
	assert_str(e->job, "build");
	assert_str(e->gitlab, "jobs:build");
}

/* Many of them must not take time by the square. */
static void test_many(void **state)
{
	struct diags d;
	uint32_t n = 0;

	UNUSED(state);
	diags_init(&d, &test_arena);
	for (uint32_t i = 0; i < 200000; i++)
		diag_warn(&d, "code", at_line(i % 100000), "text %u", i % 100000);
	assert_int_equal(d.warnings, 100000);
	for (const struct diag *e = d.first; e; e = e->next)
		assert_int_equal(e->at.begin.line, n++);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_many),
	};

	return RUN(tests);
}
