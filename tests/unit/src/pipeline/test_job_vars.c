#include "base/base.h"
#include "pipeline_test.h"
#include "pipeline/job_vars.h"

static void put(struct varset *s, enum var_layer layer, const char *key, const char *value)
{
	varset_set(s, layer, str_c(key), str_c(value));
}

/* GitLab leaves to the Runner what it does not know: the two steps apart. */
static void payload_and_runtime(void **state)
{
	struct made m = {.p = NULL};
	struct arena a = ARENA_INIT;
	struct varset extra, out;
	struct str error;

	UNUSED(state);
	make(&m, "a: {script: x, variables: {A: '$B-$CI_PROJECT_DIR-$$x', B: '$CI_JOB_ID'}}\n");
	varset_init(&extra, &a);
	put(&extra, VAR_PERSISTED, "CI_JOB_ID", "5");
	put(&extra, VAR_RUNNER_JOB, "CI_PROJECT_DIR", "/b/app");
	put(&extra, VAR_RUNNER_CONFIG, "B", "weaker");
	put(&extra, VAR_RUNNER_CONFIG, "FF_X", "true");
	assert_true(job_payload_vars(&a, m.p, m.p->jobs[0], &extra, &out, &error));
	assert_str(varset_value(&out, "A"), "5-$CI_PROJECT_DIR-$$x");
	assert_str(varset_value(&out, "B"), "5");
	assert_str(varset_value(&out, "FF_X"), "true");
	assert_null(out.below);
	assert_true(job_runtime_vars(&a, m.p, m.p->jobs[0], &extra, &out, &error));
	assert_str(varset_value(&out, "A"), "5-/b/app-$x");
	arena_release(&a);
	unmake(&m);
}

static void the_runners_own_win(void **state)
{
	struct made m = {.p = NULL};
	struct arena a = ARENA_INIT;
	struct varset extra, out;
	struct str error;

	UNUSED(state);
	make(&m, "a: {script: x, variables: {CI_PROJECT_DIR: /mine}}\n");
	varset_init(&extra, &a);
	put(&extra, VAR_RUNNER_JOB, "CI_PROJECT_DIR", "/b/app");
	assert_true(job_runtime_vars(&a, m.p, m.p->jobs[0], &extra, &out, &error));
	assert_str(varset_value(&out, "CI_PROJECT_DIR"), "/b/app");
	arena_release(&a);
	unmake(&m);
}

/* dotenv variables of earlier jobs: above YAML, below project variables. */
static void dotenv(void **state)
{
	struct made m = {.p = NULL};
	struct arena a = ARENA_INIT;
	struct varset settings, extra, out;
	struct str error;

	UNUSED(state);
	varset_init(&settings, &a);
	put(&settings, VAR_PROJECT, "P", "project");
	m.facts = (struct facts){.source = STR("push"),
		.branch = STR("main"),
		.ref_name = STR("main"),
		.settings_vars = &settings};
	make(&m, "a: {script: x, variables: {V: yaml, P: yaml, W: $V}}\n");
	varset_init(&extra, &a);
	put(&extra, VAR_DOTENV, "V", "dotenv");
	put(&extra, VAR_DOTENV, "P", "dotenv");
	assert_true(job_runtime_vars(&a, m.p, m.p->jobs[0], &extra, &out, &error));
	assert_str(varset_value(&out, "V"), "dotenv");
	assert_str(varset_value(&out, "P"), "project");
	assert_str(varset_value(&out, "W"), "dotenv");
	arena_release(&a);
	unmake(&m);
}

static void a_circle_at_run_time(void **state)
{
	struct made m = {.p = NULL};
	struct arena a = ARENA_INIT;
	struct varset extra, out;
	struct str error = STR_NULL;

	UNUSED(state);
	make(&m, "a: {script: x, variables: {A: $B}}\n");
	varset_init(&extra, &a);
	put(&extra, VAR_DOTENV, "B", "$A");
	assert_false(job_runtime_vars(&a, m.p, m.p->jobs[0], &extra, &out, &error));
	assert_str(error, "circular variable reference detected: [\"A\", \"B\"]");
	arena_release(&a);
	unmake(&m);
}

static void flags_survive(void **state)
{
	struct made m = {.p = NULL};
	struct arena a = ARENA_INIT;
	struct varset extra, out;
	struct str error;
	struct var secret = {.key = STR("S"),
		.value = STR("hunter22"),
		.layer = VAR_PROJECT,
		.masked = true,
		.internal = true};
	struct var file = {
		.key = STR("F"), .value = STR("body $X"), .layer = VAR_PROJECT, .file = true};

	UNUSED(state);
	make(&m, "a: {script: x, variables: {X: x}}\n");
	varset_init(&extra, &a);
	varset_put(&extra, &secret);
	varset_put(&extra, &file);
	assert_true(job_runtime_vars(&a, m.p, m.p->jobs[0], &extra, &out, &error));
	assert_true(varset_get(&out, STR("S"))->masked);
	assert_true(varset_get(&out, STR("S"))->internal);
	assert_true(varset_get(&out, STR("F"))->file);
	assert_str(varset_value(&out, "F"), "body x");
	arena_release(&a);
	unmake(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(payload_and_runtime),
		cmocka_unit_test(the_runners_own_win),
		cmocka_unit_test(dotenv),
		cmocka_unit_test(a_circle_at_run_time),
		cmocka_unit_test(flags_survive),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
