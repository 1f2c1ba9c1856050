#include "base/base.h"
#include "vars_test.h"
#include "vars/slug.h"

static void ci_slug(void **state)
{
	struct arena a = ARENA_INIT;

	UNUSED(state);
	assert_str(slugify(&a, STR("feature/Foo_bar")), "feature-foo-bar");
	assert_str(slugify(&a, STR("-a--b-")), "a--b");
	assert_str(slugify(&a, STR("")), "");
	assert_str(slugify(&a, STR("###")), "");
	assert_str(slugify(&a, STR("\xc3\xa4x")), "x");
	struct str s = slugify(
		&a, STR("0123456789012345678901234567890123456789012345678901234567890123456789"));
	assert_int_equal(s.n, 63);
	/* The cut comes before the strip. */
	s = slugify(&a, STR("01234567890123456789012345678901234567890123456789012345678901-tail"));
	assert_int_equal(s.n, 62);
	arena_release(&a);
}

static void environment(void **state)
{
	struct arena a = ARENA_INIT;

	UNUSED(state);
	assert_str(environment_slug(&a, STR("production")), "production");
	assert_str(environment_slug(&a, STR("Production")), "production-iis43c");
	assert_str(environment_slug(&a, STR("review/feature-1")), "review-feature-1-1q251u");
	assert_str(environment_slug(&a, STR("1")), "env-1-x3mbm3");
	assert_int_equal(environment_slug(&a, STR("a-name-that-is-longer-than-that")).n, 24);
	assert_str(environment_slug(&a, STR("staging-")), "staging");
	arena_release(&a);
}

static void group_name(void **state)
{
	static const char *const rows[][2] = {
		{"test 1/3", "test"},
		{"test: [a, b]", "test"},
		{"build 1:2", "build"},
		{"build 1 2", "build"},
		{"build 1\\2", "build"},
		{"x: [a] 1/2", "x"},
		{"test", "test"},
		{"test 1", "test 1"},
		{"test1/3", "test1/3"},
		{"a 0/1 b", "a 0/1 b"},
		{"rspec: [ruby, [x]]", "rspec"},
		{"rspec:mysql 10/12", "rspec:mysql"},
		{"a 1/2 1/2 1/2 1/2", "a 1/2"},
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_str(job_group_name(str_c(rows[i][0])), rows[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ci_slug),
		cmocka_unit_test(environment),
		cmocka_unit_test(group_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
