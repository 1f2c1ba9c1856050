#include "base/base.h"
#include "emulator/runner/duration.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* INT64_MIN: refused */
	} rows[] = {
		{"40s", 40000},
		{"1h20m", 4800000},
		{"1.5h", 5400000},
		{"300ms", 300},
		{"0", 0},
		{"-5m", -300000},
		{"+1s", 1000},
		{"2h45m30s", 9930000},
		{"1\xc2\xb5s", 0},
		{"", INT64_MIN},
		{"5", INT64_MIN},
		{"s", INT64_MIN},
		{"5 m", INT64_MIN},
		{"1d", INT64_MIN},
		{"1h-5m", INT64_MIN},
		{"..s", INT64_MIN},
		{"9999999999h", INT64_MIN},
	};
	size_t i;

	UNUSED(state);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t ns = 0;
		bool ok = go_duration_parse(str_c(rows[i].text), &ns);

		assert_int_equal(ok, rows[i].ms != INT64_MIN);
		if (ok)
			assert_int_equal(ns / 1000000, rows[i].ms);
	}
}

static void test_text(void **state)
{
	char b[64];

	UNUSED(state);
	assert_string_equal(go_duration_text(3600000000000, b, sizeof(b)), "1h0m0s");
	assert_string_equal(go_duration_text(40000000000, b, sizeof(b)), "40s");
	assert_string_equal(go_duration_text(90500000000, b, sizeof(b)), "1m30.5s");
	assert_string_equal(go_duration_text(0, b, sizeof(b)), "0s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
