#include "base/base.h"
#include "vars_test.h"

static struct arena a;
static struct varset s;

static int setup(void **state)
{
	UNUSED(state);
	arena_init(&a);
	varset_init(&s, &a);
	return 0;
}

static int teardown(void **state)
{
	UNUSED(state);
	arena_release(&a);
	return 0;
}

static struct varset sorted(bool keep)
{
	struct varset out;
	struct str error = STR("");

	if (!varset_sort_and_expand(&a, &s, keep, &out, &error))
		fail_msg("unexpected error: " STR_FMT, STR_ARG(error));
	return out;
}

static void chain(void **state)
{
	UNUSED(state);
	put(&s, VAR_YAML_JOB, "A", "$B");
	put(&s, VAR_YAML_JOB, "B", "$C");
	put(&s, VAR_YAML_JOB, "C", "c");
	struct varset out = sorted(false);
	assert_str(varset_value(&out, "A"), "c");
	assert_str(varset_value(&out, "B"), "c");
	assert_str(varset_value(&s, "A"), "$B");
}

static void undefined(void **state)
{
	UNUSED(state);
	put(&s, VAR_YAML_JOB, "A", "x$U-${U}%U%");
	struct varset out = sorted(false);
	assert_str(varset_value(&out, "A"), "x-");
	out = sorted(true);
	assert_str(varset_value(&out, "A"), "x$U-${U}%U%");
}

static void escapes_stay(void **state)
{
	UNUSED(state);
	put(&s, VAR_YAML_JOB, "B", "b");
	put(&s, VAR_YAML_JOB, "A", "$$B %%B%% ${} 5$$");
	for (int keep = 0; keep < 2; keep++) {
		struct varset out = sorted(keep);

		assert_str(varset_value(&out, "A"), "$$B %%B%% ${} 5$$");
	}
}

static void self_reference(void **state)
{
	UNUSED(state);
	put(&s, VAR_YAML_JOB, "A", "$A");
	struct varset out = sorted(false);
	assert_str(varset_value(&out, "A"), "");
	out = sorted(true);
	assert_str(varset_value(&out, "A"), "$A");
}

static void self_reference_sees_the_earlier_definition(void **state)
{
	UNUSED(state);
	put(&s, VAR_PROJECT_PREDEFINED, "P", "/bin");
	put(&s, VAR_YAML_JOB, "P", "/x:$P");
	struct varset out = sorted(true);
	assert_str(varset_value(&out, "P"), "/x:/bin");
}

/* Everything of its name is emitted before it, the definition that would otherwise win as well. */
static void self_reference_under_a_project_variable(void **state)
{
	UNUSED(state);
	put(&s, VAR_YAML_JOB, "P", "/x:$P");
	put(&s, VAR_PROJECT, "P", "p");
	struct varset out = sorted(true);
	assert_str(varset_value(&out, "P"), "/x:p");
}

static void root_is_replaced_by_job(void **state)
{
	struct varset job;
	struct varset out;

	UNUSED(state);
	put(&s, VAR_YAML_ROOT, "P", "root");
	varset_init_on(&job, &a, &s);
	put(&job, VAR_YAML_JOB, "P", "x:$P");
	assert_true(varset_sort_and_expand(&a, &job, true, &out, NULL));
	assert_str(varset_value(&out, "P"), "x:$P");
}

static void raw_and_file(void **state)
{
	UNUSED(state);
	put(&s, VAR_YAML_JOB, "N", "normal");
	put_raw(&s, VAR_YAML_JOB, "R", "raw-$N");
	put_file(&s, VAR_PROJECT, "F", "text");
	put(&s, VAR_YAML_JOB, "C", "$R|$F");
	struct varset out = sorted(false);
	assert_str(varset_value(&out, "C"), "raw-$N|text");
	assert_str(varset_value(&out, "R"), "raw-$N");
	out = sorted(true);
	assert_str(varset_value(&out, "C"), "$R|$F");
}

static void fails(const char *want)
{
	struct varset out;
	struct str error = STR("");

	assert_false(varset_sort_and_expand(&a, &s, false, &out, &error));
	assert_str(error, want);
	error = STR("");
	assert_false(varset_check_cycles(&a, &s, &error));
	assert_str(error, want);
}

static void cycle(void **state)
{
	UNUSED(state);
	put(&s, VAR_YAML_JOB, "A", "$B");
	put(&s, VAR_YAML_JOB, "B", "x${A}");
	put(&s, VAR_YAML_JOB, "C", "$D");
	put(&s, VAR_YAML_JOB, "D", "%E%");
	put(&s, VAR_YAML_JOB, "E", "$C");
	fails("circular variable reference detected: [\"A\", \"B\"], [\"C\", \"D\", \"E\"]");
}

/* An older definition of a name takes part although it will never be used. */
static void older_duplicate_makes_a_cycle(void **state)
{
	UNUSED(state);
	put(&s, VAR_YAML_ROOT, "A", "$B");
	put(&s, VAR_YAML_ROOT, "B", "$A");
	put(&s, VAR_PROJECT, "A", "x");
	fails("circular variable reference detected: [\"A\", \"B\"]");
}

static void long_chain(void **state)
{
	UNUSED(state);
	for (int i = 0; i < 5000; i++)
		varset_set(&s, VAR_YAML_JOB, arena_printf(&a, "V%d", i),
			arena_printf(&a, "$V%d", i + 1));
	put(&s, VAR_YAML_JOB, "V5000", "end");
	struct varset out = sorted(true);
	assert_str(varset_value(&out, "V0"), "end");
}

static void explosion_is_an_error(void **state)
{
	struct varset out;
	struct str error = STR("");

	UNUSED(state);
	put(&s, VAR_YAML_JOB, "V0", "xxxxxxxxxx");
	for (int i = 1; i < 40; i++)
		varset_set(&s, VAR_YAML_JOB, arena_printf(&a, "V%d", i),
			arena_printf(&a, "$V%d$V%d", i - 1, i - 1));
	assert_false(varset_sort_and_expand(&a, &s, true, &out, &error));
	assert_true(str_find(error, STR("too large")) != STR_NPOS);
}

static uint64_t seed = 1;

static unsigned pick(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static const enum var_layer random_layers[] = {
	VAR_JOB_PREDEFINED, VAR_YAML_ROOT, VAR_YAML_JOB, VAR_PROJECT};

static void random_vars(struct varset *to, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char key[2] = {(char)('A' + pick(8)), '\0'};
		struct str value = arena_printf(&a, "%u", pick(100));

		for (unsigned k = pick(3); k; k--)
			value = arena_printf(
				&a, STR_FMT "$%c", STR_ARG(value), (char)('A' + pick(9)));
		varset_set(to, random_layers[pick(ARRAY_SIZE(random_layers))],
			arena_str(&a, str_c(key)), value);
	}
}

/* What is worked out once about the lower set changes no answer. */
static void shared_base(void **state)
{
	unsigned cycles = 0, values = 0;

	UNUSED(state);
	for (int round = 0; round < 3000; round++) {
		struct varset low, middle;
		uint64_t work = 1000000;

		varset_init(&low, &a);
		random_vars(&low, pick(6));
		struct var_base *base = var_base_new(&a, &low);
		for (int job = 0; job < 3; job++) {
			struct str error = STR(""), error2 = STR("");
			struct varset out, out2;

			varset_init_on(&middle, &a, &low);
			random_vars(&middle, pick(3));
			varset_init_on(&s, &a, pick(2) ? &middle : &low);
			random_vars(&s, pick(4));
			bool ok = varset_check_cycles(&a, &s, &error);
			assert_int_equal(ok, var_base_check_cycles(base, &a, &s, &work, &error2));
			assert_true(str_eq(error, error2));
			cycles += !ok;
			assert_int_equal(ok, varset_sort_and_expand(&a, &s, false, &out, NULL));
			assert_int_equal(
				ok, var_base_sort_and_expand(base, &a, &s, &work, &out2, &error2));
			for (char c = 'A'; ok && c <= 'I'; c++) {
				const char key[2] = {c, '\0'};
				struct str x = varset_value(&out, key),
					   y = varset_value(&out2, key);

				values += x.n > 0;
				if (!str_eq(x, y))
					fail_msg("round %d: %s is '" STR_FMT "', not '" STR_FMT "'",
						round, key, STR_ARG(y), STR_ARG(x));
			}
		}
	}
	assert_true(cycles > 100 && values > 10000);
}

static void work_ends(void **state)
{
	uint64_t work = 3000;
	struct varset low;
	struct str error = STR("");

	UNUSED(state);
	varset_init(&low, &a);
	for (unsigned i = 0; i < 1000; i++)
		varset_set(&low, VAR_YAML_ROOT, arena_printf(&a, "V%u", i),
			arena_printf(&a, "$V%u", i + 1));
	varset_set(&low, VAR_YAML_ROOT, STR("W"), STR("$V0 $X"));
	struct var_base *base = var_base_new(&a, &low);
	/* What the lower set does not refer to costs nothing. */
	varset_init_on(&s, &a, &low);
	put(&s, VAR_YAML_JOB, "Y", "$V0");
	for (int i = 0; i < 100; i++)
		assert_true(var_base_check_cycles(base, &a, &s, &work, &error));
	/* Nor does what is in the order in which the lower set has them. */
	put(&s, VAR_YAML_JOB, "V5", "$V9");
	for (int i = 0; i < 100; i++)
		assert_true(var_base_check_cycles(base, &a, &s, &work, &error));
	put(&s, VAR_YAML_JOB, "V0", "$W");
	assert_false(var_base_check_cycles(base, &a, &s, &work, &error));
	assert_true(work > 0);
	put(&s, VAR_YAML_JOB, "V0", "$X");
	work = 3000;
	assert_true(var_base_check_cycles(base, &a, &s, &work, &error));
	assert_false(var_base_check_cycles(base, &a, &s, &work, &error));
	assert_true(work == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(chain, setup, teardown),
		cmocka_unit_test_setup_teardown(undefined, setup, teardown),
		cmocka_unit_test_setup_teardown(escapes_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(self_reference, setup, teardown),
		cmocka_unit_test_setup_teardown(
			self_reference_sees_the_earlier_definition, setup, teardown),
		cmocka_unit_test_setup_teardown(
			self_reference_under_a_project_variable, setup, teardown),
		cmocka_unit_test_setup_teardown(root_is_replaced_by_job, setup, teardown),
		cmocka_unit_test_setup_teardown(raw_and_file, setup, teardown),
		cmocka_unit_test_setup_teardown(cycle, setup, teardown),
		cmocka_unit_test_setup_teardown(older_duplicate_makes_a_cycle, setup, teardown),
		cmocka_unit_test_setup_teardown(long_chain, setup, teardown),
		cmocka_unit_test_setup_teardown(explosion_is_an_error, setup, teardown),
		cmocka_unit_test_setup_teardown(shared_base, setup, teardown),
		cmocka_unit_test_setup_teardown(work_ends, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
