#include "base/base.h"

#include "build_fixture.h"

static void test_success(void **state)
{
	const char *script[] = {"echo out", "echo err >&2", "pwd", "X=1", NULL};
	const char *after[] = {"echo after $CI_JOB_STATUS [$X]", NULL};
	CLEANUP(free) char *builds = xasprintf("%s/job/builds", dir);
	struct stat st;
	struct job j;

	UNUSED(state);
	job_init(&j, script, after);
	set(&j, "TOKEN", "s3cr3t-value", true);
	job_run(&j, NULL);
	assert_int_equal(j.result.status, BUILD_SUCCESS);
	shows(&j,
		"section_start:0:prepare_executor\r\033[0K\033[0K\033[36;1mPreparing the \"shell\" "
		"executor\033[0;m\033[0;m\n");
	shows(&j, "section_end:0:prepare_executor\r\033[0Ksection_start:0:prepare_script\r");
	shows(&j, "\033[32;1m$ echo out\033[0;m\nout\n");
	shows(&j, "err\n");
	shows(&j, "/job/builds/group/project\n");
	shows(&j, "\033[32;1mRunning after script...\033[0;m\n");
	shows(&j, "after success []\n");
	shows(&j, "\033[32;1mJob succeeded\033[0;m\n");
	assert_int_not_equal(stat(builds, &st), 0);
	job_release(&j);
}

static void test_failure(void **state)
{
	const char *script[] = {"echo $TOKEN", "sh -c 'exit 42'", "echo never", NULL};
	const char *after[] = {"echo after $CI_JOB_STATUS", "exit 3", NULL};
	struct job j;

	UNUSED(state);
	job_init(&j, script, after);
	set(&j, "TOKEN", "s3cr3t-value", true);
	job_run(&j, NULL);
	assert_int_equal(j.result.status, BUILD_FAILED);
	assert_int_equal(j.result.reason, FAIL_SCRIPT);
	assert_true(j.result.has_exit_code);
	assert_int_equal(j.result.exit_code, 42);
	assert_string_equal(j.result.text, "exit status 42");
	shows(&j, "after failed\n");
	shows(&j, "WARNING: after_script failed, but job will continue unaffected: exit status 3");
	shows(&j, "\033[31;1mERROR: Job failed: exit status 42\033[0;m\n");
	hides(&j, "never");
	hides(&j, "s3cr3t-value");
	shows(&j, "\n[MASKED]\n");
	job_release(&j);
}

static void test_after_script_may_count(void **state)
{
	const char *script[] = {"true", NULL}, *after[] = {"exit 3", NULL};
	struct job j;

	UNUSED(state);
	job_init(&j, script, after);
	set(&j, "AFTER_SCRIPT_IGNORE_ERRORS", "false", false);
	job_run(&j, NULL);
	assert_int_equal(j.result.status, BUILD_FAILED);
	assert_int_equal(j.result.exit_code, 3);
	job_release(&j);
}

static void test_signal(void **state)
{
	const char *script[] = {"kill -9 $$", NULL};
	struct job j;

	UNUSED(state);
	job_init(&j, script, NULL);
	job_run(&j, NULL);
	assert_int_equal(j.result.status, BUILD_FAILED);
	assert_string_equal(j.result.text, "signal: Killed");
	job_release(&j);
}

static void test_script_timeout(void **state)
{
	const char *script[] = {"echo start", "sleep 60", NULL};
	const char *after[] = {"echo after $CI_JOB_STATUS", NULL};
	struct job j;

	UNUSED(state);
	job_init(&j, script, after);
	set(&j, "RUNNER_SCRIPT_TIMEOUT", "300ms", false);
	set(&j, "RUNNER_AFTER_SCRIPT_TIMEOUT", "soon", false);
	job_run(&j, NULL);
	assert_int_equal(j.result.status, BUILD_FAILED);
	assert_int_equal(j.result.reason, FAIL_JOB_TIMEOUT);
	assert_false(j.result.has_exit_code);
	assert_string_equal(j.result.text, "script timeout: context deadline exceeded");
	shows(&j, "WARNING: Ignoring malformed RUNNER_AFTER_SCRIPT_TIMEOUT timeout: soon");
	shows(&j, "WARNING: step_script could not run to completion because the timeout");
	shows(&j, "after timedout\n");
	job_release(&j);
}

/* The job's own limit leaves no time for after_script. */
static void test_job_timeout(void **state)
{
	const char *script[] = {"sleep 60", NULL}, *after[] = {"echo after", NULL};
	struct job j;

	UNUSED(state);
	job_init(&j, script, after);
	j.spec.timeout_s = 1;
	job_run(&j, NULL);
	assert_int_equal(j.result.reason, FAIL_JOB_TIMEOUT);
	assert_string_equal(j.result.text, "execution took longer than 1s seconds");
	hides(&j, "Running after script");
	job_release(&j);
}

static void test_cancel(void **state)
{
	const char *script[] = {"echo now", "sleep 60", "echo never", NULL};
	const char *after[] = {"echo after $CI_JOB_STATUS", NULL};
	struct job j;

	UNUSED(state);
	job_init(&j, script, after);
	j.trigger = "\nnow\n";
	j.act = cancel;
	job_run(&j, NULL);
	assert_int_equal(j.result.status, BUILD_CANCELED);
	assert_int_equal(j.result.reason, FAIL_CANCELED);
	shows(&j, "after canceled\n");
	hides(&j, "never\n");
	job_release(&j);
}

static void test_abort(void **state)
{
	const char *script[] = {"trap '' TERM INT", "echo now; sleep 60 & sleep 60", NULL};
	const char *after[] = {"echo after", NULL};
	struct job j;

	UNUSED(state);
	job_init(&j, script, after);
	j.trigger = "\nnow\n";
	j.act = abort_it;
	job_run(&j, NULL);
	assert_int_equal(j.result.status, BUILD_CANCELED);
	hides(&j, "Running after script");
	job_release(&j);
}

/* Cancel and abort in each stage before the script: canceled, nothing runs, one completion. */
static void test_stop_early(void **state)
{
	static const char *const at[] = {"Running with", "Using Shell",
		"section_end:0:prepare_exec", "Running in", "section_start:0:get_sources",
		"section_end:0:get_sources"};
	const char *script[] = {"echo ran", NULL}, *after[] = {"echo after", NULL};
	size_t i, k;

	UNUSED(state);
	for (k = 0; k < 2; k++)
		for (i = 0; i < ARRAY_SIZE(at); i++) {
			struct job j;

			job_init(&j, script, after);
			j.trigger = at[i];
			j.act = k ? abort_it : cancel;
			job_run(&j, NULL);
			assert_int_equal(j.result.status, BUILD_CANCELED);
			hides(&j, "\nran\n");
			hides(&j, "Running after script");
			job_release(&j);
		}
}

static void cancel_now(void *arg)
{
	cancel(arg);
}

static void test_cancel_before_begin(void **state)
{
	const char *script[] = {"echo ran", NULL};
	struct error err = ERROR_INIT;
	struct job_log *log = job_log_new(NULL, NULL);
	struct job j;

	UNUSED(state);
	job_init(&j, script, NULL);
	j.host.loop = loop_new(&err);
	j.build = build_new(&j.host, &j.spec, log);
	build_start(j.build, on_done, &j);
	cancel_now(&j);
	loop_run(j.host.loop);
	assert_int_equal(j.dones, 1);
	assert_int_equal(j.result.status, BUILD_CANCELED);
	build_free(j.build);
	job_log_free(log);
	assert_int_equal(loop_free(j.host.loop, &err), 0);
	job_release(&j);
}

static void test_sources(void **state)
{
	const char *script[] = {
		"cat a/file; git log --format=%s; git status --short; touch new", NULL};
	CLEANUP(free) char *path = xasprintf("%s/repo", dir);
	CLEANUP(free) char *created = xasprintf("%s/repo/new", dir);
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	struct repo here = {.root = str_c(dir)}, repo;
	struct stat st;
	struct job j;
	const char *init[] = {"init", "-q", path, NULL};
	const char *add[] = {"-C", path, "add", "a/file", NULL};
	const char *commit[] = {"-C", path, "-c", "user.name=a", "-c", "user.email=a@b", "commit",
		"-qm", "first", NULL};
	CLEANUP(free) char *sub = xasprintf("%s/repo/a", dir);
	CLEANUP(free) char *file = xasprintf("%s/repo/a/file", dir);

	UNUSED(state);
	assert_int_equal(repo_git(&here, &out, &err, init), 0);
	assert_int_equal(store_make_dirs(sub, &err), 0);
	assert_int_equal(store_write_file(file, STR("one\n"), &err), 0);
	assert_int_equal(repo_git(&here, &out, &err, add), 0);
	assert_int_equal(repo_git(&here, &out, &err, commit), 0);
	assert_int_equal(store_write_file(file, STR("changed\n"), &err), 0);
	assert_int_equal(repo_open(&repo, path, &err), 0);
	job_init(&j, script, NULL);
	job_run(&j, &repo);
	if (j.result.status != BUILD_SUCCESS)
		fail_msg("%s", j.log.p);
	shows(&j, "changed\nfirst\n M a/file\n");
	/* the user's tree is never written */
	assert_int_not_equal(stat(created, &st), 0);
	job_release(&j);
	job_init(&j, script, NULL);
	set(&j, "GIT_STRATEGY", "none", false);
	job_run(&j, &repo);
	assert_int_equal(j.result.status, BUILD_FAILED);
	shows(&j, "Skipping Git repository setup");
	job_release(&j);
	repo_release(&repo);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_success),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_after_script_may_count),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_script_timeout),
		cmocka_unit_test(test_job_timeout),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_stop_early),
		cmocka_unit_test(test_cancel_before_begin),
		cmocka_unit_test(test_sources),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
