#include "base/base.h"
#include "emulator/store/run_record.h"
#include "emulator/store/store.h"
#include "emulator/core/error.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_round_trip(void **state)
{
	char dir[] = "/tmp/cilocal-record-XXXXXX";
	struct error err = ERROR_INIT;
	struct arena a = ARENA_INIT;
	struct job_phase phases[] = {{STR("waiting"), 0, 0.0124}, {STR("step_script"), 0.0124, -1}};
	struct job_record jobs[] = {
		{.name = STR("test: [a, \"b\"]"),
			.stage = STR("test"),
			.slug = STR("test-a"),
			.status = STR("failed"),
			.has_exit_code = true,
			.exit_code = 137,
			.failure_reason = STR("script_failure"),
			.reason = STR("exit code 137"),
			.fingerprint = STR("0123456789abcdef"),
			.started = 1700000000.25,
			.duration = 1.5,
			.attempt = 2,
			.after = STR("build"),
			.phases = phases,
			.n_phases = 2},
		{.name = STR("bad \xff name"),
			.status = STR("created"),
			.started = -1,
			.duration = -1},
	};
	struct run_record r = {.id = STR("20240101-000000-0001"),
		.status = STR("running"),
		.ref = STR("main"),
		.sha = STR("abc"),
		.source = STR("push"),
		.started = 1700000000,
		.duration = -1,
		.setup = 0.25,
		.pid = 42,
		.selected = true,
		.jobs = jobs,
		.n_jobs = 2};
	struct run_record got;

	UNUSED(state);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(run_record_write(dir, &r, &err), 0);
	assert_int_equal(run_record_read(dir, &a, &got, &err), 0);
	/* no lock is held: whoever wrote "running" is dead */
	assert_string_equal(got.status.p, "died");
	assert_int_equal(got.n_jobs, 2);
	assert_string_equal(got.jobs[0].name.p, "test: [a, \"b\"]");
	assert_true(got.selected);
	assert_string_equal(got.jobs[0].fingerprint.p, "0123456789abcdef");
	assert_int_equal(got.jobs[0].exit_code, 137);
	assert_true(got.jobs[0].has_exit_code);
	assert_true(got.jobs[0].started == 1700000000.25);
	assert_int_equal(got.jobs[0].attempt, 2);
	assert_string_equal(got.jobs[0].after.p, "build");
	assert_int_equal(got.jobs[0].n_phases, 2);
	assert_string_equal(got.jobs[0].phases[1].name.p, "step_script");
	/* To the millisecond, which is all that is known. */
	assert_true(got.jobs[0].phases[0].duration == 0.012);
	assert_true(got.jobs[0].phases[1].start == 0.012 && got.jobs[0].phases[1].duration == -1);
	assert_true(got.setup == 0.25);
	assert_int_equal(got.jobs[1].n_phases, 0);
	assert_string_equal(got.jobs[1].name.p, "bad \xef\xbf\xbd name");
	assert_false(got.jobs[1].has_exit_code);
	assert_int_equal(
		store_write_file(arena_printf(&a, "%s/run.json", dir).p, STR("{\"id\": "), &err),
		0);
	assert_int_equal(run_record_read(dir, &a, &got, &err), -1);
	assert_non_null(strstr(err.text, "is damaged: line 1"));
	store_remove_tree(dir, NULL);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
