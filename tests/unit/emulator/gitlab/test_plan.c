#include "base/base.h"
#include "emulator/gitlab/plan.h"
#include "emulator/gitlab/run.h"
#include "emulator/core/error.h"
#include "pipeline/progress.h"
#include "made.h"

#include <setjmp.h>
#include <cmocka.h>

static const struct made_job jobs[] = {
	{.name = "compile", .stage = 0},
	{.name = "lint", .stage = 0},
	{.name = "test: [linux, gcc]", .stage = 1, .base_name = "test"},
	{.name = "test: [linux, clang]", .stage = 1, .base_name = "test"},
	{.name = "approve", .stage = 1, .when = WHEN_MANUAL},
	{.name = "pack", .stage = 2, .needs = "compile approve"},
	{.name = "cleanup", .stage = 3, .when = WHEN_ON_FAILURE},
	{.name = "nightly", .stage = 3, .out = true},
};

struct fixture {
	struct made made;
	struct arena arena;
	struct run_options o;
	struct plan plan;
	struct error err;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	made_init(&f->made, jobs, ARRAY_SIZE(jobs));
	arena_init(&f->arena);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	made_release(&f->made);
	arena_release(&f->arena);
	free(f);
	return 0;
}

/* Chosen names, each followed by '!' when forced and '>' when played. */
static const char *chosen(struct fixture *f)
{
	struct buf out = BUF_INIT;
	const char *text;

	for (size_t i = 0; i < f->made.p.n_jobs; i++) {
		if (!f->plan.chosen[i])
			continue;
		buf_addstr(&out, f->made.p.jobs[i]->name);
		buf_adds(&out, f->plan.forced[i] ? "!" : "");
		buf_adds(&out, f->plan.play[i] ? ">" : "");
		buf_addc(&out, ' ');
	}
	text = arena_str(&f->arena, str_trim(buf_str(&out))).p;
	buf_release(&out);
	return text;
}

static int make(struct fixture *f, struct str word)
{
	f->o.jobs = &word;
	f->o.n_jobs = word.n ? 1 : 0;
	f->err = ERROR_INIT;
	return plan_make(&f->plan, &f->arena, &f->made.p, &f->o, &f->err);
}

static void test_whole_pipeline(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(make(f, STR("")), 0);
	assert_int_equal(f->plan.n, 7);
	assert_false(f->plan.selected);
}

static void test_named(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(make(f, STR("lint")), 0);
	assert_string_equal(chosen(f), "lint!");
	assert_int_equal(make(f, STR("test: [linux, gcc]")), 0);
	assert_string_equal(chosen(f), "test: [linux, gcc]!");
	assert_int_equal(make(f, STR("test")), 0);
	assert_string_equal(chosen(f), "test: [linux, gcc]! test: [linux, clang]!");
	assert_int_equal(make(f, STR("te*")), 0);
	assert_string_equal(chosen(f), "test: [linux, gcc] test: [linux, clang]");
}

static void test_needs(void **state)
{
	struct fixture *f = *state;

	f->o.needs = true;
	assert_int_equal(make(f, STR("pack")), 0);
	/* approve has no needs: the stage before it comes along. */
	assert_string_equal(chosen(f), "compile lint approve> pack!");
	assert_int_equal(make(f, STR("test")), 0);
	assert_string_equal(chosen(f), "compile lint test: [linux, gcc]! test: [linux, clang]!");
	assert_int_equal(make(f, STR("cleanup")), 0);
	assert_int_equal(f->plan.n, 7);
}

static void test_range(void **state)
{
	struct fixture *f = *state;
	struct str from = STR("compile"), until = STR("pack");

	f->o.from = &from;
	f->o.n_from = 1;
	assert_int_equal(make(f, STR("")), 0);
	assert_string_equal(chosen(f), "compile! test: [linux, gcc] test: [linux, clang] approve "
				       "pack cleanup");
	from = STR("approve");
	assert_int_equal(make(f, STR("")), 0);
	assert_string_equal(chosen(f), "approve! pack cleanup");
	from = STR("pack");
	assert_int_equal(make(f, STR("")), 0);
	assert_string_equal(chosen(f), "pack! cleanup");
	from = STR("compile");
	f->o.until = &until;
	f->o.n_until = 1;
	assert_int_equal(make(f, STR("")), 0);
	assert_string_equal(chosen(f), "compile! approve> pack!");
	from = STR("test");
	assert_int_equal(make(f, STR("")), -1);
	assert_int_equal(f->err.domain, ERR_USAGE);
	f->o.n_from = 0;
	assert_int_equal(make(f, STR("")), 0);
	assert_string_equal(chosen(f), "compile lint approve> pack!");
}

static void test_stage(void **state)
{
	struct fixture *f = *state;
	struct str stage = STR("b");

	f->o.stages = &stage;
	f->o.n_stages = 1;
	assert_int_equal(make(f, STR("")), 0);
	assert_string_equal(chosen(f), "test: [linux, gcc] test: [linux, clang] approve");
	stage = STR("e");
	assert_int_equal(make(f, STR("")), -1);
	assert_int_equal(f->err.domain, ERR_CONFIG);
	stage = STR("build");
	assert_int_equal(make(f, STR("")), -1);
	assert_int_equal(f->err.domain, ERR_USAGE);
	assert_string_equal(f->err.text,
		"there is no stage 'build' in the pipeline; 'cilocal graph' shows them");
}

static void test_unknown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(make(f, STR("complie")), -1);
	assert_int_equal(f->err.domain, ERR_USAGE);
	assert_string_equal(
		f->err.text, "there is no job 'complie' in the pipeline; did you mean 'compile'?");
	assert_int_equal(make(f, STR("zzz")), -1);
	assert_string_equal(f->err.text,
		"there is no job 'zzz' in the pipeline; 'cilocal list' shows the jobs");
	assert_int_equal(make(f, STR("zzz*")), -1);
	assert_string_equal(f->err.text,
		"no job of the pipeline fits the pattern 'zzz*'; 'cilocal list' shows the jobs");
}

static void test_kept_out(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(make(f, STR("nightly")), -1);
	assert_int_equal(f->err.domain, ERR_CONFIG);
	assert_non_null(strstr(f->err.text, "its rules keep it out"));
	f->made.p.run = false;
	assert_int_equal(make(f, STR("")), -1);
	assert_non_null(strstr(f->err.text, "workflow:rules"));
}

/* A named job that waits for failures runs without any; a manual one needs no click. */
static void test_forced_runs(void **state)
{
	struct fixture *f = *state;
	struct str words[] = {STR("cleanup"), STR("approve")};
	struct progress_move m;
	struct progress *pg;
	size_t pending = 0;

	f->o.jobs = words;
	f->o.n_jobs = 2;
	assert_int_equal(plan_make(&f->plan, &f->arena, &f->made.p, &f->o, &f->err), 0);
	pg = plan_progress(&f->plan);
	while (progress_next(pg, &m)) {
		assert_int_equal(m.to, STATUS_PENDING);
		pending++;
		progress_set(pg, m.job, STATUS_SUCCESS);
	}
	assert_int_equal(pending, 2);
	progress_free(pg);
}

static void test_print(void **state)
{
	struct fixture *f = *state;
	struct buf out = BUF_INIT;

	f->o.needs = true;
	assert_int_equal(make(f, STR("pack")), 0);
	plan_print(&f->plan, &out);
	assert_string_equal(out.p, "STAGE  JOB      WHEN        STARTS\n"
				   "a      compile  on_success  at the start\n"
				   "a      lint     on_success  at the start\n"
				   "b      approve  played      after the earlier stages\n"
				   "c      pack     on_success  needs compile, approve\n");
	buf_clear(&out);
	plan_print_json(&f->plan, &out);
	assert_non_null(strstr(out.p, "\"needs\":[\"compile\",\"approve\"]"));
	assert_non_null(strstr(out.p, "\"needs\":null"));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole_pipeline, setup, teardown),
		cmocka_unit_test_setup_teardown(test_named, setup, teardown),
		cmocka_unit_test_setup_teardown(test_needs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_range, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forced_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_print, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
