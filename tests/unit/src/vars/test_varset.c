#include "base/base.h"
#include "vars_test.h"

static void highest_layer_wins(void **state)
{
	struct arena a = ARENA_INIT;
	struct varset s;

	UNUSED(state);
	varset_init(&s, &a);
	put(&s, VAR_PROJECT, "V", "project");
	put(&s, VAR_YAML_JOB, "V", "yaml");
	put(&s, VAR_DOTENV, "V", "dotenv");
	assert_str(varset_value(&s, "V"), "project");
	put(&s, VAR_SCHEDULE, "V", "schedule");
	assert_str(varset_value(&s, "V"), "schedule");
	assert_null(varset_get(&s, STR("W")));
	assert_null(varset_value(&s, "W").p);
	arena_release(&a);
}

static void same_layer_replaces(void **state)
{
	struct arena a = ARENA_INIT;
	struct varset s;

	UNUSED(state);
	varset_init(&s, &a);
	put(&s, VAR_YAML_JOB, "V", "$X");
	put(&s, VAR_YAML_JOB, "V", "2");
	assert_int_equal(s.n, 1);
	assert_int_equal(s.n_refs, 0);
	assert_str(varset_value(&s, "V"), "2");
	arena_release(&a);
}

static void many_names_keep_order_and_values(void **state)
{
	struct arena a = ARENA_INIT;
	struct varset s;
	const struct var **w;

	UNUSED(state);
	varset_init(&s, &a);
	for (int i = 0; i < 1000; i++) {
		struct str key = arena_printf(&a, "K%d", i);

		varset_set(&s, i % 2 ? VAR_YAML_JOB : VAR_PROJECT, key, arena_printf(&a, "%d", i));
		if (i % 3 == 0)
			varset_set(&s, VAR_DOTENV, key, STR("d"));
	}
	assert_str(varset_value(&s, "K3"), "d");
	assert_str(varset_value(&s, "K6"), "6");
	assert_str(varset_value(&s, "K999"), "d");
	assert_str(varset_value(&s, "K998"), "998");
	size_t n = varset_winners(&s, &a, &w);
	assert_int_equal(n, 1000);
	assert_str(w[0]->key, "K1");
	assert_str(w[n - 1]->key, "K998");
	for (size_t i = 1; i < n; i++)
		assert_true(w[i - 1]->layer <= w[i]->layer);
	assert_true(varset_unset(&s, STR("K6")));
	assert_false(varset_unset(&s, STR("K6")));
	assert_null(varset_get(&s, STR("K6")));
	assert_str(varset_value(&s, "K998"), "998");
	arena_release(&a);
}

static void sets_lie_on_each_other(void **state)
{
	struct arena a = ARENA_INIT;
	struct varset low, up;
	const struct var **w;

	UNUSED(state);
	varset_init(&low, &a);
	put(&low, VAR_YAML_ROOT, "A", "root");
	put(&low, VAR_PROJECT, "B", "project");
	put(&low, VAR_PROJECT, "C", "low");
	varset_init_on(&up, &a, &low);
	put(&up, VAR_YAML_JOB, "A", "job");
	put(&up, VAR_YAML_JOB, "B", "job");
	put(&up, VAR_PROJECT, "C", "up");
	assert_str(varset_value(&up, "A"), "job");
	assert_str(varset_value(&up, "B"), "project");
	assert_str(varset_value(&up, "C"), "up");
	assert_int_equal(varset_winners(&up, &a, &w), 3);

	struct varset flat;
	varset_init(&flat, &a);
	varset_add_all(&flat, &up);
	assert_str(varset_value(&flat, "C"), "up");
	assert_int_equal(flat.n, 5);
	arena_release(&a);
}

static void scopes(void **state)
{
	UNUSED(state);
	assert_true(env_scope_matches(STR("*"), STR("")));
	assert_true(env_scope_matches(STR(""), STR("x")));
	assert_true(env_scope_matches(STR("review/*"), STR("review/a/b")));
	assert_false(env_scope_matches(STR("review/*"), STR("review")));
	assert_true(env_scope_matches(STR("*/a*b"), STR("x/aabab")));
	assert_false(env_scope_matches(STR("prod"), STR("production")));
	assert_false(env_scope_matches(STR("prod"), STR("")));
}

static void most_specific_scope_wins(void **state)
{
	struct arena a = ARENA_INIT;
	struct varset set, to;

	UNUSED(state);
	varset_init(&set, &a);
	put_scope(&set, VAR_PROJECT, "V", "exact", "review/a");
	put_scope(&set, VAR_PROJECT, "V", "any", "*");
	put_scope(&set, VAR_PROJECT, "V", "review", "review/*");
	put_scope(&set, VAR_GROUP, "G", "prod", "production");
	assert_int_equal(set.n, 4);

	varset_init(&to, &a);
	varset_add_scoped(&to, &set, STR(""));
	assert_str(varset_value(&to, "V"), "any");
	assert_null(varset_get(&to, STR("G")));
	varset_init(&to, &a);
	varset_add_scoped(&to, &set, STR("review/b"));
	assert_str(varset_value(&to, "V"), "review");
	assert_int_equal(to.n, 1);
	varset_init(&to, &a);
	varset_add_scoped(&to, &set, STR("review/a"));
	assert_str(varset_value(&to, "V"), "exact");
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(highest_layer_wins),
		cmocka_unit_test(same_layer_replaces),
		cmocka_unit_test(many_names_keep_order_and_values),
		cmocka_unit_test(sets_lie_on_each_other),
		cmocka_unit_test(scopes),
		cmocka_unit_test(most_specific_scope_wins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
