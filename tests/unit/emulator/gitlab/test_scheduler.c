/* The order of a run and how it ends, with builds that only take time. */
#include "base/base.h"
#include "emulator/gitlab/run.h"
#include "emulator/core/error.h"
#include "emulator/runner/runner_config.h"
#include "emulator/store/store.h"
#include "fake_build.h"
#include "made.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <unistd.h>
#include <cmocka.h>

struct fixture {
	struct made made;
	struct runner_config config;
	struct runner_configs runners;
	struct run_options o;
	struct error err;
	char root[64];
	struct buf messages;
	int out; /* the real stdout */
};

static void on_message(void *arg, enum diag_level level, const char *text)
{
	struct fixture *f = arg;

	UNUSED(level);
	buf_printf(&f->messages, "%s\n", text);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	int null = open("/dev/null", O_WRONLY);

	snprintf(f->root, sizeof(f->root), "/tmp/cilocal-test-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	runner_config_init(&f->config);
	f->runners = (struct runner_configs){.v = &f->config, .n = 1};
	buf_init(&f->messages);
	f->o = (struct run_options){.runners = &f->runners,
		.root = f->root,
		.limit = 4,
		.pull = -1,
		.message = on_message,
		.message_arg = f};
	fflush(stdout);
	f->out = dup(STDOUT_FILENO);
	dup2(null, STDOUT_FILENO);
	close(null);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fflush(stdout);
	dup2(f->out, STDOUT_FILENO);
	close(f->out);
	store_remove_tree(f->root, NULL);
	buf_release(&f->messages);
	made_release(&f->made);
	fake_release();
	free(f);
	return 0;
}

static int run(struct fixture *f, const struct made_job *jobs, size_t n,
	const struct fake_script *scripts, size_t n_scripts)
{
	int code;

	made_release(&f->made);
	fake_release();
	made_init(&f->made, jobs, n);
	fake_builds(scripts, n_scripts);
	f->err = ERROR_INIT;
	code = run_pipeline(&f->made.p, &f->o, &f->err);
	assert_string_equal(f->err.text, "");
	return code;
}

#define RUN(f, jobs, scripts) run((f), (jobs), ARRAY_SIZE(jobs), (scripts), ARRAY_SIZE(scripts))

static const struct fake_script none[] = {{.job = ""}};

static void test_stages_in_order(void **state)
{
	static const struct made_job jobs[] = {{.name = "a1"}, {.name = "a2"},
		{.name = "b1", .stage = 1}, {.name = "c1", .stage = 2}};
	struct fixture *f = *state;

	f->o.limit = 1;
	assert_int_equal(RUN(f, jobs, none), 0);
	assert_string_equal(fake_journal(), "+a1 -a1 +a2 -a2 +b1 -b1 +c1 -c1");
	assert_int_equal(fake_most(), 1);
}

/* A job starts the moment its needs are done, not when its stage's turn comes. */
static void test_dag_does_not_wait(void **state)
{
	static const struct made_job jobs[] = {{.name = "quick"}, {.name = "slow"},
		{.name = "after", .stage = 1, .needs = "quick"},
		{.name = "free", .stage = 2, .needs = ""}, {.name = "last", .stage = 2}};
	static const struct fake_script scripts[] = {
		{.job = "quick", .ms = 30}, {.job = "slow", .ms = 120}, {.job = "after", .ms = 30}};
	struct fixture *f = *state;

	assert_int_equal(RUN(f, jobs, scripts), 0);
	assert_string_equal(
		fake_journal(), "+quick +slow +free -free -quick +after -after -slow +last -last");
}

static void test_limit(void **state)
{
	static const struct made_job jobs[] = {
		{.name = "j1"}, {.name = "j2"}, {.name = "j3"}, {.name = "j4"}, {.name = "j5"}};
	static const struct fake_script scripts[] = {{.job = "j1", .ms = 20},
		{.job = "j2", .ms = 60}, {.job = "j3", .ms = 20}, {.job = "j4", .ms = 20},
		{.job = "j5", .ms = 20}};
	struct fixture *f = *state;

	f->o.limit = 2;
	assert_int_equal(RUN(f, jobs, scripts), 0);
	assert_int_equal(fake_most(), 2);
	assert_int_equal(strncmp(fake_journal(), "+j1 +j2 -j1 +j3", 15), 0);
}

static void test_failure(void **state)
{
	static const struct made_job jobs[] = {{.name = "bad"}, {.name = "good"},
		{.name = "next", .stage = 1},
		{.name = "rescue", .stage = 1, .when = WHEN_ON_FAILURE},
		{.name = "always", .stage = 2, .when = WHEN_ALWAYS}};
	static const struct fake_script scripts[] = {{.job = "bad", .exit_code = 3}};
	struct fixture *f = *state;

	f->o.limit = 1;
	assert_int_equal(RUN(f, jobs, scripts), 1);
	assert_string_equal(
		fake_journal(), "+bad -bad +good -good +rescue -rescue +always -always");
}

static void test_allowed_failures(void **state)
{
	static const struct made_job jobs[] = {{.name = "soft", .allow_failure = true},
		{.name = "coded", .allow_exit_code = 42}, {.name = "next", .stage = 1}};
	static const struct fake_script scripts[] = {
		{.job = "soft", .exit_code = 1}, {.job = "coded", .exit_code = 42}};
	static const struct fake_script other[] = {{.job = "coded", .exit_code = 41}};
	struct fixture *f = *state;

	f->o.limit = 1;
	assert_int_equal(RUN(f, jobs, scripts), 0);
	assert_string_equal(fake_journal(), "+soft -soft +coded -coded +next -next");
	assert_int_equal(RUN(f, jobs, other), 1);
	assert_string_equal(fake_journal(), "+soft -soft +coded -coded");
}

static void test_retry(void **state)
{
	static const struct made_job jobs[] = {
		{.name = "flaky", .retry = 2}, {.name = "next", .stage = 1}};
	static const struct fake_script twice[] = {{.job = "flaky", .failures = 2}};
	static const struct fake_script thrice[] = {{.job = "flaky", .failures = 3}};
	struct fixture *f = *state;

	assert_int_equal(RUN(f, jobs, twice), 0);
	assert_string_equal(
		fake_journal(), "+flaky -flaky +flaky -flaky +flaky -flaky +next -next");
	assert_int_equal(RUN(f, jobs, thrice), 1);
	assert_string_equal(fake_journal(), "+flaky -flaky +flaky -flaky +flaky -flaky");
}

static void test_surroundings(void **state)
{
	static const struct made_job jobs[] = {{.name = "job"}};
	static const struct fake_script scripts[] = {
		{.job = "job", .exit_code = 1, .surroundings = true}};
	struct fixture *f = *state;

	assert_int_equal(RUN(f, jobs, scripts), 4);
}

static void test_manual(void **state)
{
	static const struct made_job jobs[] = {
		{.name = "ask", .when = WHEN_MANUAL, .allow_failure = true},
		{.name = "gate", .stage = 1, .when = WHEN_MANUAL},
		{.name = "dep", .stage = 1, .needs = "ask"}, {.name = "last", .stage = 2}};
	struct fixture *f = *state;
	struct str play[] = {STR("gate"), STR("ask")};

	f->o.limit = 1;
	/* The optional one is passed over, the blocking one stops what follows, which is no
	 * failure. */
	assert_int_equal(RUN(f, jobs, none), 0);
	assert_string_equal(fake_journal(), "");
	assert_non_null(strstr(f->messages.p, "blocked: manual job 'gate'"));
	f->o.manual = play;
	f->o.n_manual = 1;
	assert_int_equal(RUN(f, jobs, none), 0);
	assert_string_equal(fake_journal(), "+gate -gate +last -last");
	f->o.n_manual = 2;
	assert_int_equal(RUN(f, jobs, none), 0);
	assert_string_equal(fake_journal(), "+ask -ask +gate -gate +dep -dep +last -last");
}

static void test_resource_group(void **state)
{
	static const struct made_job jobs[] = {{.name = "d1", .resource_group = "prod"},
		{.name = "d2", .resource_group = "prod"}, {.name = "other"}};
	static const struct fake_script scripts[] = {
		{.job = "d1", .ms = 40}, {.job = "d2", .ms = 10}, {.job = "other", .ms = 10}};
	struct fixture *f = *state;

	assert_int_equal(RUN(f, jobs, scripts), 0);
	assert_string_equal(fake_journal(), "+d1 +other -other -d1 +d2 -d2");
}

static void test_fail_fast(void **state)
{
	static const struct made_job jobs[] = {
		{.name = "bad"}, {.name = "slow"}, {.name = "next", .stage = 1}};
	static const struct fake_script scripts[] = {
		{.job = "bad", .ms = 10, .exit_code = 1}, {.job = "slow", .ms = 5000}};
	struct fixture *f = *state;

	f->o.fail_fast = true;
	assert_int_equal(RUN(f, jobs, scripts), 1);
	assert_string_equal(fake_journal(), "+bad +slow -bad cslow -slow");
}

static void test_interrupt(void **state)
{
	static const struct made_job jobs[] = {
		{.name = "one"}, {.name = "two"}, {.name = "three", .stage = 1}};
	static const struct fake_script scripts[] = {
		{.job = "one", .ms = 5000, .raise_signal = SIGINT}, {.job = "two", .ms = 5000}};
	struct fixture *f = *state;

	assert_int_equal(RUN(f, jobs, scripts), 130);
	assert_string_equal(fake_journal(), "+one +two cone ctwo -one -two");
}

static void test_interrupt_twice(void **state)
{
	static const struct made_job jobs[] = {{.name = "first"}, {.name = "second"}};
	static const struct fake_script scripts[] = {
		{.job = "first", .ms = 5000, .stubborn = true, .raise_signal = SIGINT},
		{.job = "second", .ms = 5000, .stubborn = true, .raise_signal = SIGTERM}};
	struct fixture *f = *state;

	/* The first signal decides the exit code. */
	assert_int_equal(RUN(f, jobs, scripts), 130);
	assert_non_null(strstr(fake_journal(), "afirst"));
	assert_non_null(strstr(fake_journal(), "asecond"));
}

static void test_terminate(void **state)
{
	static const struct made_job jobs[] = {{.name = "one"}, {.name = "next", .stage = 1}};
	static const struct fake_script scripts[] = {
		{.job = "one", .ms = 5000, .raise_signal = SIGTERM}};
	struct fixture *f = *state;

	assert_int_equal(RUN(f, jobs, scripts), 143);
	assert_string_equal(fake_journal(), "+one aone -one");
}

/* A retry that waits for its turn is canceled too. */
static void test_cancel_before_retry(void **state)
{
	static const struct made_job jobs[] = {{.name = "quick"},
		{.name = "killer", .needs = "quick", .resource_group = "g"},
		{.name = "flaky", .retry = 2, .resource_group = "g"}};
	static const struct fake_script scripts[] = {
		{.job = "killer", .ms = 5000, .raise_signal = SIGINT},
		{.job = "flaky", .ms = 30, .failures = 3}};
	struct fixture *f = *state;

	assert_int_equal(RUN(f, jobs, scripts), 130);
	assert_string_equal(fake_journal(), "+quick +flaky -quick -flaky +killer ckiller -killer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stages_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dag_does_not_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(test_allowed_failures, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retry, setup, teardown),
		cmocka_unit_test_setup_teardown(test_surroundings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_manual, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resource_group, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fail_fast, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interrupt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interrupt_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(test_terminate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel_before_retry, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
