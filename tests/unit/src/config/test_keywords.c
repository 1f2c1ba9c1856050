/* Section by section: what each keyword refuses, in GitLab's words. */
#include "config_test.h"

#define JOB(rest) "a: {script: x, " rest "}"

static void test_script(void **state)
{
	static const struct error_row rows[] = {
		{"a: {script: }", "jobs:a script can't be blank"},
		{"a: {script: ''}", "jobs:a script can't be blank"},
		{"a: {script: []}", "jobs:a script can't be blank"},
		{"a: {script: 1}", "jobs:a:script config should be a string or a nested array of "
				   "strings up to "
				   "10 levels deep"},
		{"a: {script: [x, null]}", "jobs:a:script config should be a string or a nested "
					   "array of strings up to "
					   "10 levels deep"},
		{"a: {script: [x, [y, [z]]]}", ""},
		{"a: {script: [[[[[[[[[[x]]]]]]]]]]}", ""},
		{"a: {script: [[[[[[[[[[[x]]]]]]]]]]]}", "jobs:a:script config should be a string "
							 "or a nested array of strings up to "
							 "10 levels deep"},
		{JOB("before_script: {a: b}"), "jobs:a:before_script config should be a string or "
					       "a nested array of strings "
					       "up to 10 levels deep"},
		{JOB("before_script: []"), ""},
		{"a: {stage: x}",
			"jobs a config should implement the script:, run:, or trigger: keyword\n"
			"jobs config should contain at least one visible job"},
		{"Build App: {script: x, Artifacts: {}}",
			"jobs:build app config contains unknown keys: artifacts"},
	};

	(void)state;
	check_error_rows(rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_script),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
