#include "base/base.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/core/proc.h"
#include "emulator/runner/job_env.h"
#include "emulator/runner/script.h"

#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

static char dir[] = "/tmp/cilocal-script-XXXXXX";
static struct job_env env;
static struct job_var vars[] = {
	{.key = STR_INIT("CI_JOB_STATUS"), .value = STR_INIT("running")},
	{.key = STR_INIT("QUOTED"), .value = STR_INIT("it's $HOME `x` \"\n\\ \xc3\xa9")},
	{.key = STR_INIT("EMPTY"), .value = STR_INIT("")},
	{.key = STR_INIT("not-a-name"), .value = STR_INIT("x")},
	{.key = STR_INIT("CERT"), .value = STR_INIT("no line end"), .file = true},
};
static struct buf out = BUF_INIT;

static int setup(void **state)
{
	static struct arena a = ARENA_INIT;
	struct str root;

	UNUSED(state);
	if (!mkdtemp(dir))
		return -1;
	root = str_c(dir);
	env.arena = &a;
	env.v = vars;
	env.n = ARRAY_SIZE(vars);
	env.project_dir = root;
	env.tmp_dir = arena_printf(&a, "%s.tmp", dir);
	return 0;
}

static int teardown(void **state)
{
	CLEANUP(free) char *cert = xasprintf("%s.tmp/CERT", dir);
	CLEANUP(free) char *genv = xasprintf("%s.tmp/gitlab_runner_env", dir);
	CLEANUP(free) char *tmp = xasprintf("%s.tmp", dir);

	UNUSED(state);
	unlink(cert);
	unlink(genv);
	rmdir(tmp);
	buf_release(&out);
	arena_release(env.arena);
	return rmdir(dir);
}

static void test_quote(void **state)
{
	struct buf b = BUF_INIT;

	UNUSED(state);
	script_quote(&b, STR("a'b''"));
	assert_string_equal(b.p, "'a'\\''b'\\'''\\'''");
	buf_release(&b);
}

/* The whole text, byte for byte. */
static void test_golden(void **state)
{
	static struct job_var one[] = {{.key = STR_INIT("A"), .value = STR_INIT("1")}};
	struct job_env e = {.v = one,
		.n = 1,
		.project_dir = STR("/builds/g/p"),
		.tmp_dir = STR("/builds/g/p.tmp")};
	struct str commands[] = {STR("  make 'x'\n"), STR(""), STR("if true\nthen echo\nfi")};
	struct script_spec s = {.env = &e, .commands = commands, .n_commands = 3};
	struct buf b = BUF_INIT;

	UNUSED(state);
	script_make(&b, &s);
	assert_string_equal(b.p,
		"#!/usr/bin/env bash\n\n"
		"trap 'exit 1' TERM\n"
		"command set -o pipefail 2>/dev/null || :; set -o errexit\n"
		"set +o noclobber\n"
		"(trap 'exit 1' TERM\n"
		"eval '[ -d '\\''/builds/g/p.tmp'\\'' ] || mkdir -p '\\''/builds/g/p.tmp'\\''\n"
		"export A='\\''1'\\''\n"
		"export GITLAB_ENV='\\''/builds/g/p.tmp/gitlab_runner_env'\\''\n"
		"if [ -r \"$GITLAB_ENV\" ]; then while read -r cilocal_line; do export "
		"\"$cilocal_line\"; done < \"$GITLAB_ENV\"; unset cilocal_line; fi\n"
		"cd '\\''/builds/g/p'\\''\n"
		"printf '\\''%s\\n'\\'' '\\''\033[32;1m$ make "
		"'\\''\\'\\'''\\''x'\\''\\'\\'''\\''\033[0;m"
		"'\\''\n"
		"make '\\''x'\\''\n"
		"printf '\\''\\n'\\''\n"
		"printf '\\''%s\\n'\\'' '\\''\033[32;1m$ if true # collapsed multi-line "
		"command\033[0;m'\\''\n"
		"if true\nthen echo\nfi\n"
		"'\n"
		") </dev/null\n"
		"exit 0\n");
	buf_release(&b);
}

static void on_output(void *arg, int stream, struct str data)
{
	UNUSED(arg);
	UNUSED(stream);
	buf_addstr(&out, data);
}

static void on_done(void *arg, struct error *err, const struct proc_result *r)
{
	if (err)
		fail_msg("%s", err->text);
	*(int *)arg = r->exit_code;
}

static int run(const char *shell, const struct script_spec *s)
{
	const char *argv[] = {shell, NULL};
	struct error err = ERROR_INIT;
	struct loop *l = loop_new(&err);
	struct buf text = BUF_INIT;
	struct proc_options o = {.argv = argv, .output = on_output, .done = on_done, .merge = true};
	int code = -1;

	buf_clear(&out);
	script_make(&text, s);
	o.input = buf_str(&text);
	o.arg = &code;
	proc_start(l, &o);
	loop_run(l);
	assert_int_equal(loop_free(l, &err), 0);
	buf_release(&text);
	return code;
}

static bool have(const char *shell)
{
	CLEANUP(free) char *path = xasprintf("/bin/%s", shell);

	return !access(path, X_OK);
}

static const char *const shells[] = {"bash", "dash", "sh"};

/* What the Runner's documentation and its users' habits promise of a script. */
static void test_behaviour(void **state)
{
	static const struct {
		const char *command, *then;
		int code;
		const char *shows, *hides;
		bool bash_only;
	} rows[] = {
		{"false | true", "echo later", 1, "$ false | true", "\nlater", true},
		{"exit 0", "echo later", 0, "$ exit 0", "echo later", false},
		{"exit 7", "echo later", 7, NULL, "echo later", false},
		{"echo before", "if", 2, "yntax error", NULL, false},
		{"nosuchcommand", "echo later", 127, "not found", "echo later", false},
		{"true && false", "echo later", 1, NULL, "echo later", false},
		{"false && true", "echo later", 0, "\nlater\n", NULL, false},
		{"x=$(false)", "echo later", 1, NULL, "echo later", false},
		{"export X=$(false)", "echo later", 0, "\nlater\n", NULL, false},
		{"! true", "echo later", 0, "\nlater\n", NULL, false},
		{"cat; read x || echo eof", "echo later", 0, "eof\n", NULL, false},
		{"set +e; cd /; F=1", "false; echo $F $PWD", 0, "\n1 /\n", NULL, false},
		{"printf '%s|%s|' \"$QUOTED\" \"${EMPTY-unset}\"; cat $CERT", "echo", 0,
			"it's $HOME `x` \"\n\\ \xc3\xa9||no line end\033", NULL, false},
		{"echo \"$CI_JOB_STATUS\"", "pwd", 0, "running\n", NULL, false},
		{"echo 'a\\nb' # note", "echo", 0, "$ echo 'a\\nb' # note", NULL, false},
	};
	size_t i, j;

	UNUSED(state);
	for (j = 0; j < ARRAY_SIZE(shells); j++)
		for (i = 0; have(shells[j]) && i < ARRAY_SIZE(rows); i++) {
			struct str commands[] = {str_c(rows[i].command), str_c(rows[i].then)};
			struct script_spec s = {.env = &env, .commands = commands, .n_commands = 2};
			int code;

			if (rows[i].bash_only && j)
				continue;
			code = run(shells[j], &s);
			if (code != rows[i].code ||
				(rows[i].shows && !strstr(out.p, rows[i].shows)) ||
				(rows[i].hides && strstr(out.p, rows[i].hides)))
				fail_msg("%s: '%s': code %d, output:\n%s", shells[j],
					rows[i].command, code, out.p);
		}
}

static void test_gitlab_env(void **state)
{
	struct str write = STR("echo 'NEXT=a b' >> $GITLAB_ENV"), read = STR("echo \"[$NEXT]\"");
	struct script_spec first = {.env = &env, .commands = &write, .n_commands = 1};
	struct script_spec second = {.env = &env,
		.commands = &read,
		.n_commands = 1,
		.banner = STR("Running after script..."),
		.job_status = "failed"};

	UNUSED(state);
	assert_int_equal(run("sh", &first), 0);
	assert_int_equal(run("sh", &second), 0);
	assert_non_null(strstr(out.p, "\033[32;1mRunning after script...\033[0;m\n"));
	assert_non_null(strstr(out.p, "[a b]\n"));
	read = STR("echo $CI_JOB_STATUS");
	assert_int_equal(run("sh", &second), 0);
	assert_non_null(strstr(out.p, "failed\n"));
}

static void test_flags(void **state)
{
	struct str two = STR("echo a\necho b");
	struct script_spec s = {.env = &env,
		.commands = &two,
		.n_commands = 1,
		.sections = true,
		.now = 42,
		.check_exit_codes = true,
		.pre = STR("echo pre"),
		.post = STR("echo post")};

	UNUSED(state);
	assert_int_equal(run("sh", &s), 0);
	assert_non_null(strstr(out.p, "$ echo pre\033[0;m\npre\n"));
	assert_non_null(strstr(out.p,
		"section_start:42:section_script_step_1[hide_duration=true,collapsed=true]\r\033[0K"
		"\033[32;1m$ echo a\necho "
		"b\033[0;m\nsection_end:42:section_script_step_1\r\033[0K\n"
		"a\nb\n"));
	assert_non_null(strstr(out.p, "post\n"));
	s.trace = true;
	assert_int_equal(run("sh", &s), 0);
	assert_non_null(strstr(out.p, "export EMPTY="));
	s.trace = false;
	two = STR("false");
	assert_int_equal(run("sh", &s), 1);
	assert_null(strstr(out.p, "post\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_behaviour),
		cmocka_unit_test(test_gitlab_env),
		cmocka_unit_test(test_flags),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
