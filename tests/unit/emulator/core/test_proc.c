#include "base/base.h"
#include "emulator/core/proc.h"

#include "emulator/core/error.h"
#include "emulator/core/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <unistd.h>
#include <cmocka.h>

struct scene {
	struct loop *loop;
	struct proc *proc;
	struct buf out, err;
	struct proc_result r;
	struct error error;
	unsigned done;
	size_t bytes, chunks;
	bool hold;
	struct loop_timer later;
	uint64_t started;
};

static int set_up(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));

	s->loop = loop_new(NULL);
	s->started = loop_now(s->loop);
	buf_init(&s->out);
	buf_init(&s->err);
	*state = s;
	return s->loop ? 0 : -1;
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	struct error err = ERROR_INIT;

	if (loop_free(s->loop, &err))
		fail_msg("%s", err.text);
	buf_release(&s->out);
	buf_release(&s->err);
	free(s);
	return 0;
}

static void on_done(void *arg, struct error *err, const struct proc_result *r)
{
	struct scene *s = arg;

	s->done++;
	s->r = *r;
	if (err)
		s->error = *err;
	buf_addstr(&s->out, proc_stdout(s->proc));
	buf_addstr(&s->err, proc_stderr(s->proc));
	s->proc = NULL;
}

static struct proc_options options(struct scene *s, const char *const *argv)
{
	struct proc_options o = {.argv = argv, .done = on_done, .arg = s};

	return o;
}

static void run_shell(struct scene *s, const char *script)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct proc_options o = options(s, argv);

	s->proc = proc_start(s->loop, &o);
	loop_run(s->loop);
	assert_int_equal(s->done, 1);
}

static void collects_both_streams(void **state)
{
	struct scene *s = *state;

	run_shell(s, "echo out; echo err >/dev/stderr; exit 7");
	assert_int_equal(s->r.exit_code, 7);
	assert_false(error_is(&s->error));
	assert_string_equal(s->out.p, "out\n");
	assert_string_equal(s->err.p, "err\n");
}

static void a_signal_is_told(void **state)
{
	struct scene *s = *state;

	run_shell(s, "kill -9 $$");
	assert_int_equal(s->r.exit_code, 137);
	assert_int_equal(s->r.term_signal, 9);
	assert_false(s->r.killed);
}

static void what_cannot_start_is_a_completion(void **state)
{
	struct scene *s = *state;
	const char *const argv[] = {"no-such-program-here", NULL};
	struct proc_options o = options(s, argv);

	s->proc = proc_start(s->loop, &o);
	assert_int_equal(s->done, 0);
	loop_run(s->loop);
	assert_int_equal(s->done, 1);
	assert_string_equal(
		s->error.text, "cannot run 'no-such-program-here': no such file or directory");
}

static void a_missing_directory_is_named(void **state)
{
	struct scene *s = *state;
	const char *const argv[] = {"true", NULL};
	struct proc_options o = options(s, argv);

	o.cwd = "/no/such/directory";
	s->proc = proc_start(s->loop, &o);
	loop_run(s->loop);
	assert_true(str_find(str_c(s->error.text), STR("in '/no/such/directory'")) != STR_NPOS);
}

static void input_environment_and_directory(void **state)
{
	struct scene *s = *state;
	const char *const argv[] = {"sh", "-c", "cat; echo $A; pwd", NULL};
	const char *const env[] = {"A=x y", "PATH=/bin:/usr/bin", NULL};
	struct proc_options o = options(s, argv);

	o.env = env;
	o.cwd = "/";
	o.input = STR("hello\n");
	s->proc = proc_start(s->loop, &o);
	loop_run(s->loop);
	assert_string_equal(s->out.p, "hello\nx y\n/\n");
}

static void merged_output_keeps_its_order(void **state)
{
	struct scene *s = *state;
	const char *const argv[] = {"sh", "-c", "echo 1; echo 2 >&2; echo 3", NULL};
	struct proc_options o = options(s, argv);

	o.merge = true;
	s->proc = proc_start(s->loop, &o);
	loop_run(s->loop);
	assert_string_equal(s->out.p, "1\n2\n3\n");
	assert_string_equal(s->err.p, "");
}

static void kill_now(void *arg)
{
	struct scene *s = arg;

	if (s->proc)
		proc_kill(s->proc, false);
}

/* Dead or waiting for whoever adopted it; not at once, because a SIGKILL takes its time. */
static bool is_gone(long pid)
{
	char path[64], text[256] = "";
	FILE *f;

	assert_true(pid > 1);
	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	for (int i = 0; i < 200; i++) {
		f = fopen(path, "r");
		if (!f)
			return true;
		if (!fgets(text, sizeof(text), f))
			text[0] = '\0';
		fclose(f);
		if (strstr(text, ") Z "))
			return true;
		usleep(10000);
	}
	return false;
}

static void a_kill_reaches_the_whole_group(void **state)
{
	struct scene *s = *state;
	const char *const argv[] = {
		"sh", "-c", "trap '' TERM; sleep 60 & echo $!; sleep 60; sleep 60", NULL};
	struct proc_options o = options(s, argv);

	o.grace_ms = 50;
	s->proc = proc_start(s->loop, &o);
	loop_timer_start(s->loop, &s->later, 100, kill_now, s);
	loop_run(s->loop);
	assert_int_equal(s->done, 1);
	assert_int_equal(s->r.term_signal, SIGKILL);
	assert_int_equal(s->error.domain, ERR_CANCELLED);
	assert_true(is_gone(strtol(s->out.p, NULL, 10)));
	assert_true(loop_now(s->loop) - s->started < 5000);
}

static void a_time_limit_kills(void **state)
{
	struct scene *s = *state;
	const char *const argv[] = {"sleep", "60", NULL};
	struct proc_options o = options(s, argv);

	o.timeout_ms = 50;
	s->proc = proc_start(s->loop, &o);
	loop_run(s->loop);
	assert_int_equal(s->error.domain, ERR_TIMEOUT);
	assert_int_equal(s->r.term_signal, SIGTERM);
}

/* A cancel at any moment of a short life gives exactly one completion and an empty loop. */
static void a_kill_at_any_moment(void **state)
{
	struct scene *s = *state;

	for (unsigned ms = 0; ms < 30; ms++) {
		const char *const argv[] = {"sh", "-c", "echo a; sleep 0.01; echo b >&2", NULL};
		struct proc_options o = options(s, argv);

		s->done = 0;
		s->proc = proc_start(s->loop, &o);
		if (ms)
			loop_timer_start(s->loop, &s->later, ms, kill_now, s);
		else
			kill_now(s);
		loop_run(s->loop);
		assert_int_equal(s->done, 1);
	}
}

static void resume_now(void *arg)
{
	struct scene *s = arg;

	assert_int_equal(s->chunks, 1);
	s->hold = false;
	proc_resume(s->proc);
}

static void count(void *arg, int stream, struct str data)
{
	struct scene *s = arg;

	assert_int_equal(stream, 1);
	assert_true(data.n > 0);
	s->bytes += data.n;
	s->chunks++;
	if (s->hold) {
		proc_pause(s->proc);
		loop_timer_start(s->loop, &s->later, 50, resume_now, s);
	}
}

static void pausing_holds_the_child_back(void **state)
{
	struct scene *s = *state;
	const char *const argv[] = {"head", "-c", "30000000", "/dev/zero", NULL};
	struct proc_options o = options(s, argv);

	s->hold = true;
	o.output = count;
	s->proc = proc_start(s->loop, &o);
	loop_run(s->loop);
	assert_int_equal(s->bytes, 30000000);
	assert_int_equal(s->done, 1);
}

static void input_to_a_dead_reader_is_dropped(void **state)
{
	struct scene *s = *state;
	const char *const argv[] = {"true", NULL};
	struct proc_options o = options(s, argv);
	char *big = xcalloc(1, 4 << 20);

	o.input = str_n(big, 4 << 20);
	s->proc = proc_start(s->loop, &o);
	free(big);
	loop_run(s->loop);
	assert_int_equal(s->done, 1);
	assert_int_equal(s->r.exit_code, 0);
}

static void output_held_by_others_is_not_waited_for(void **state)
{
	struct scene *s = *state;
	const char *const argv[] = {"sh", "-c", "setsid sleep 3 & echo x", NULL};
	struct proc_options o = options(s, argv);

	o.drain_ms = 50;
	s->proc = proc_start(s->loop, &o);
	loop_run(s->loop);
	assert_string_equal(s->out.p, "x\n");
	assert_true(loop_now(s->loop) - s->started < 2500);
}

static void what_is_left_of_a_group_is_killed(void **state)
{
	struct scene *s = *state;
	const char *const argv[] = {"sh", "-c", "sleep 60 & echo $!", NULL};
	struct proc_options o = options(s, argv);

	s->proc = proc_start(s->loop, &o);
	loop_timer_start(s->loop, &s->later, 200, kill_now, s);
	loop_run(s->loop);
	assert_int_equal(s->error.domain, ERR_CANCELLED);
	assert_int_equal(s->r.exit_code, 0);
	assert_true(is_gone(strtol(s->out.p, NULL, 10)));
}

static void write_more(void *arg)
{
	struct scene *s = arg;

	proc_write(s->proc, "two\n", 4);
	proc_close_input(s->proc);
}

static void kept_input(void **state)
{
	struct scene *s = *state;
	const char *const argv[] = {"cat", NULL};
	struct proc_options o = options(s, argv);

	o.keep_input = true;
	s->proc = proc_start(s->loop, &o);
	proc_write(s->proc, "one\n", 4);
	loop_timer_start(s->loop, &s->later, 20, write_more, s);
	loop_run(s->loop);
	assert_string_equal(s->out.p, "one\ntwo\n");
}

/* Of the signals that programs know; glibc has two of its own. */
static unsigned long signals(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	assert_non_null(at);
	return strtoul(at + strlen(name), NULL, 16) & 0x7fffffff;
}

/* Nothing of what this process does with signals and sessions is the child's. */
static void a_child_starts_clean(void **state)
{
	struct scene *s = *state;
	sigset_t usr1, was;
	int session;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, &was);
	signal(SIGHUP, SIG_IGN);
	run_shell(s, "exec grep -E '^(SigBlk|SigIgn|NSsid):' /proc/self/status");
	signal(SIGHUP, SIG_DFL);
	sigprocmask(SIG_SETMASK, &was, NULL);
	assert_int_equal(s->r.exit_code, 0);
	assert_int_equal(signals(s->out.p, "SigBlk:"), 0);
	assert_int_equal(signals(s->out.p, "SigIgn:"), 0);
	assert_int_equal(sscanf(strstr(s->out.p, "NSsid:"), "NSsid:%d", &session), 1);
	assert_int_not_equal(session, getsid(0));
}

static void no_input_is_the_null_device(void **state)
{
	struct scene *s = *state;

	run_shell(s, "exec readlink /proc/self/fd/0");
	assert_string_equal(s->out.p, "/dev/null\n");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(collects_both_streams),
		CASE(a_signal_is_told),
		CASE(what_cannot_start_is_a_completion),
		CASE(a_missing_directory_is_named),
		CASE(input_environment_and_directory),
		CASE(merged_output_keeps_its_order),
		CASE(a_kill_reaches_the_whole_group),
		CASE(a_time_limit_kills),
		CASE(a_kill_at_any_moment),
		CASE(pausing_holds_the_child_back),
		CASE(input_to_a_dead_reader_is_dropped),
		CASE(output_held_by_others_is_not_waited_for),
		CASE(what_is_left_of_a_group_is_killed),
		CASE(kept_input),
		CASE(a_child_starts_clean),
		CASE(no_input_is_the_null_device),
	};
	int quick = cmocka_run_group_tests_name("posix_spawn", tests, NULL, NULL);

	/* Whoever ignores it gets no exit codes but those that libuv catches. */
	signal(SIGCHLD, SIG_IGN);
	return cmocka_run_group_tests_name("uv_spawn", tests, NULL, NULL) + quick;
}
