/* Durations: the rows of the chronic_duration grammar that GitLab relies on. */
#include "base/base.h"

#include "config/duration.h"

#include <setjmp.h>
#include <cmocka.h>

static void valid(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = {
		{"42", 42},
		{"3 mins 4 sec", 184},
		{"2h20min", 8400},
		{"6 mos 1 day", 15638400},
		{"3 weeks and 2 days", 1987200},
		{"47 yrs 6 mos and 4d", 1499104800},
		{"1 hour, 30 minutes", 5400},
		{"3 days 3 days", 518400},
		{"1:30", 90},
		{"10:20:30:40", 937840},
		{"1:02:03", 3723},
		{"one hour", 3600},
		{"one hundred days", 8640000},
		{"1.5 hours", 5400},
		{"1M", 60},
		{"1 Month", 2592000},
		{"1 HOUR", 3600},
		{"2 wks", 1209600},
		{"twenty five minutes", 1500},
		{"1 day with 1 hour plus 1 s", 90001},
		{" 5 ", 5},
		{"1 year", 31557600},
		{"0.5 s", 1},
		{"1 day 5", 86405},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t got = -1;

		if (!duration_parse(str_c(rows[i].text), &got) || got != rows[i].seconds)
			fail_msg("'%s' is %lld", rows[i].text, (long long)got);
	}
}

static void invalid(void **state)
{
	static const char *const rows[] = {"", "0", "foo", "a day", "1 day ago", "-1", "-", "1 foo",
		"day", "1 2 days", "$X", "1..5 s", ":", "1:", "one two:", "99999999999999999999999",
		"1\xc3\xa9", "never"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t got = 7;

		if (duration_parse(str_c(rows[i]), &got))
			fail_msg("'%s' is %lld", rows[i], (long long)got);
		assert_int_equal(got, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid),
		cmocka_unit_test(invalid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
