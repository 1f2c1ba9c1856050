#include "base/base.h"
#include "emulator/runner/executor.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/core/proc.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/files_local.h"
#include "emulator/runner/job_env.h"
#include "emulator/runner/runner_config.h"
#include "emulator/runner/shell_enter.h"
#include "emulator/runner/shell_login.h"
#include "emulator/runner/sources.h"
#include "emulator/runner/stray.h"
#include "emulator/runner/talk.h"
#include "emulator/store/store.h"

#include <signal.h>
#include <unistd.h>
#include <uv.h>

extern char **environ;

/* GitLab Runner waits ten minutes between SIGTERM and SIGKILL; nobody at a terminal does. */
#define GRACE_MS 10000
/* A login shell that takes longer is worth a word. */
#define SLOW_LOGIN_MS 5000
/* Output that a background process holds open does not hold the job. */
#define DRAIN_MS 2000

struct executor_shell {
	struct executor base;
	struct str dir;        /* <run_dir>/<slug> */
	struct str builds_dir; /* <dir>/builds */
	struct sources_wait wait;
	struct sources_copy *copy;
	struct proc *proc;
	struct files_local *files;
	struct shell_enter *enter; /* somebody is inside */
	struct shell_login_wait login;
	struct loop_timer slow_login;
	const struct step *step; /* waits for the login's answer */
	struct buf input;        /* the script, with what a login shell adds */
	bool stop, stop_now;
	uv_work_t removal;
	struct error removal_error;
};

static struct executor_shell *self(struct executor *e)
{
	return container_of(e, struct executor_shell, base);
}

static void answer(struct executor_shell *e, enum failure_reason reason, const char *text)
{
	struct outcome o = OUTCOME_OK;

	if (reason != FAIL_NONE) {
		outcome_fail(&o, reason, "%s", text);
		o.surroundings = reason == FAIL_RUNNER_SYSTEM;
	}
	build_step_done(e->base.build, &o);
}

static struct executor *shell_open(struct build *b)
{
	struct executor_shell *e = xcalloc(1, sizeof(*e));
	struct arena *a = build_arena(b);

	e->base.ops = &executor_shell;
	e->base.build = b;
	buf_init(&e->input);
	e->dir = arena_printf(
		a, "%s/" STR_FMT, build_host(b)->run_dir, STR_ARG(build_spec(b)->slug));
	e->builds_dir = arena_printf(a, STR_FMT "/builds", STR_ARG(e->dir));
	return &e->base;
}

static struct str shell_builds_dir(struct executor *e)
{
	return self(e)->builds_dir;
}

static void shell_prepare(struct executor *base)
{
	struct executor_shell *e = self(base);
	struct error err = ERROR_INIT;

	job_log_println(build_log(base->build), "Using Shell (%s) executor...",
		str_is(build_host(base->build)->config->shell.v, "sh") ? "sh" : "bash");
	/* The folder of the builds comes with the sources. */
	if (store_make_dirs(e->dir.p, &err))
		answer(e, FAIL_RUNNER_SYSTEM, err.text);
	else
		answer(e, FAIL_NONE, "");
}

static void on_copied(void *arg, const struct error *err)
{
	struct executor_shell *e = arg;

	e->copy = NULL;
	answer(e, err ? FAIL_RUNNER_SYSTEM : FAIL_NONE, err ? err->text : "");
}

static void copy(struct executor_shell *e)
{
	struct build *b = e->base.build;

	e->copy = sources_copy_start(build_host(b)->sources, e->builds_dir,
		build_env(b)->project_dir, build_sources_view(b), on_copied, e);
	if (e->stop)
		sources_copy_cancel(e->copy);
}

static void on_sources(void *arg, const struct snapshot *s, const struct error *err)
{
	struct executor_shell *e = arg;

	UNUSED(s);
	if (err)
		answer(e, FAIL_RUNNER_SYSTEM, err->text);
	else
		copy(e);
}

static void shell_get_sources(struct executor *base)
{
	struct executor_shell *e = self(base);
	struct build *b = base->build;
	const struct job_env *env = build_env(b);
	struct error err = ERROR_INIT;

	if (build_host(b)->sources && build_wants_sources(b)) {
		sources_want(build_host(b)->sources, &e->wait, on_sources, e);
		return;
	}
	if (store_make_dirs(env->project_dir.p, &err) || store_make_dirs(env->tmp_dir.p, &err))
		answer(e, FAIL_RUNNER_SYSTEM, err.text);
	else
		answer(e, FAIL_NONE, "");
}

/* Before the first step it is the login shell's profile that is heard. */
static void on_output(void *arg, int stream, struct str data)
{
	struct executor_shell *e = arg;

	build_output(e->base.build, e->step ? e->step->talk : NULL, stream, data);
}

static void on_exit_code(void *arg, struct error *err, const struct proc_result *r)
{
	struct executor_shell *e = arg;
	struct outcome o = OUTCOME_OK;
	struct build *b = e->base.build;

	e->proc = NULL;
	build_output_end(e->base.build, e->step->talk);
	if (err && err->domain != ERR_CANCELLED) {
		outcome_fail(&o, FAIL_RUNNER_SYSTEM, "%s", err->text);
		o.surroundings = true;
	} else if (r && r->term_signal) {
		outcome_fail(&o, FAIL_SCRIPT, "signal: %s", strsignal(r->term_signal));
		o.has_exit_code = true;
		o.exit_code = -1;
	} else if (err || r->exit_code) {
		outcome_fail(&o, FAIL_SCRIPT, "exit status %d", r->exit_code);
		o.has_exit_code = true;
		o.exit_code = r->exit_code;
	}
	build_step_done(b, &o);
}

/*
 * Our own environment, as the Runner's shell executor does it; git must not find the user's
 * repository above an empty project directory. By the same variable what stays behind is known.
 */
static const char **environment(struct executor_shell *e, const char *const *from)
{
	struct arena *a = build_arena(e->base.build);
	size_t n = 0, i, used = 0;
	const char **env;

	while (from[n])
		n++;
	env = arena_array(a, const char *, n + 2);
	for (i = 0; i < n; i++)
		if (strncmp(from[i], STRAY_MARK, strlen(STRAY_MARK)) != 0 &&
			strncmp(from[i], "GIT_DIR=", 8) != 0 &&
			strncmp(from[i], "GIT_WORK_TREE=", 14) != 0 &&
			strncmp(from[i], "GIT_INDEX_FILE=", 15) != 0)
			env[used++] = from[i];
	env[used] = arena_printf(a, STRAY_MARK STR_FMT, STR_ARG(e->builds_dir)).p;
	return env;
}

static bool have_bash(void)
{
	static const char *const places[] = {"/usr/local/bin/bash", "/usr/bin/bash", "/bin/bash"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		if (!access(places[i], X_OK))
			return true;
	return false;
}

static void start(struct executor_shell *e, const char *const *argv, const char *const *env,
	struct str input, proc_done_fn *done)
{
	struct proc_options o = {
		.argv = argv,
		.env = environment(e, env),
		.cwd = e->dir.p,
		.input = input,
		.keep_input = e->step && e->step->talk,
		.grace_ms = GRACE_MS,
		.drain_ms = DRAIN_MS,
		.output = on_output,
		.done = done,
		.arg = e,
	};

	e->proc = proc_start(build_host(e->base.build)->loop, &o);
}

static const char *const *own_environment(void)
{
	return (const char *const *)environ;
}

/* A plain shell with what the login shell had; its logout file comes where `exit` would run it. */
static void run_plain(struct executor_shell *e, const struct shell_login_env *login)
{
	static const char *const bash[] = {"bash", NULL};
	struct str script = e->step->script, end = STR("exit 0\n");

	buf_clear(&e->input);
	buf_printf(&e->input, "umask " STR_FMT "\n", STR_ARG(login->umask));
	if (login->logout && str_ends(script, end)) {
		buf_addstr(&e->input, str_sub(script, 0, script.n - end.n));
		buf_adds(&e->input, ". ~/.bash_logout\n");
		buf_addstr(&e->input, end);
	} else {
		buf_addstr(&e->input, script);
	}
	start(e, bash, login->env, buf_str(&e->input), on_exit_code);
}

/*
 * A login shell: the Runner's is one, and what a profile sets (or resets, as Debian's does with
 * PATH) is what the job sees there. Source: GitLab Runner, shells/bash.go.
 */
static void on_login(void *arg, const struct shell_login_env *login)
{
	static const char *const bash[] = {"bash", "--login", NULL};
	struct executor_shell *e = arg;

	if (login)
		run_plain(e, login);
	else
		start(e, bash, own_environment(), e->step->script, on_exit_code);
}

static void on_slow_login(void *arg)
{
	struct executor_shell *e = arg;

	job_log_warnln(build_log(e->base.build),
		"the login shell does not come up: one of its profiles (/etc/profile, "
		"~/.bash_profile, ~/.profile) is still running. As the Runner does, the job waits "
		"for it until its timeout.");
}

/* Source: GitLab Runner, common/build.go, the error of BuildStagePrepare. */
static void shell_came_up(struct executor_shell *e, int exit_code, int term_signal)
{
	struct build *b = e->base.build;
	struct outcome o = OUTCOME_OK;

	loop_timer_stop(&e->slow_login);
	build_waits_over(b);
	if (exit_code || term_signal) {
		CLEANUP(free)
		char *cause = term_signal ? xasprintf("signal: %s", strsignal(term_signal))
					  : xasprintf("exit status %d", exit_code);

		outcome_fail(&o, FAIL_SCRIPT,
			"prepare environment: %s. Check https://docs.gitlab.com/runner/shells/"
			"#shell-profile-loading for more information",
			cause);
		o.has_exit_code = true;
		o.exit_code = term_signal ? -1 : exit_code;
	}
	build_step_done(b, &o);
}

static void on_first_login(void *arg, const struct shell_login_env *login)
{
	struct executor_shell *e = arg;
	struct build *b = e->base.build;
	const struct shell_login_end *end = shell_login_end(build_host(b)->login);

	UNUSED(login);
	if (end->exit_code || end->term_signal)
		job_log_write(build_log(b), LOG_OUT, end->said.p, end->said.n);
	shell_came_up(e, end->exit_code, end->term_signal);
}

static void on_first_sh(void *arg, struct error *err, const struct proc_result *r)
{
	struct executor_shell *e = arg;

	e->proc = NULL;
	if (err && err->domain != ERR_CANCELLED) {
		loop_timer_stop(&e->slow_login);
		answer(e, FAIL_RUNNER_SYSTEM, err->text);
	} else {
		shell_came_up(e, r ? r->exit_code : 1, r ? r->term_signal : 0);
	}
}

static const char *const login_sh[] = {"sh", "-l", NULL};

static bool wants_sh(const struct executor_shell *e)
{
	return str_is(build_host(e->base.build)->config->shell.v, "sh") || !have_bash();
}

static void shell_prepare_shell(struct executor *base)
{
	struct executor_shell *e = self(base);
	const struct build_host *h = build_host(base->build);

	e->stop = e->stop_now = false;
	e->step = NULL;
	if (!wants_sh(e) && !h->login) {
		answer(e, FAIL_NONE, "");
		return;
	}
	build_waits(base->build, BUILD_WAIT_OTHER, "waits for the login shell's profile");
	loop_timer_start(h->loop, &e->slow_login, SLOW_LOGIN_MS, on_slow_login, e);
	if (wants_sh(e))
		/* There is nothing that could be asked once for all scripts: one does nothing. */
		start(e, login_sh, own_environment(), STR("exit 0\n"), on_first_sh);
	else
		shell_login_want(
			h->login, &e->login, environment(e, own_environment()), on_first_login, e);
}

static void shell_run(struct executor *base, const struct step *s)
{
	struct executor_shell *e = self(base);
	const struct build_host *h = build_host(base->build);

	e->stop = e->stop_now = false;
	e->step = s;
	if (wants_sh(e))
		start(e, login_sh, own_environment(), s->script, on_exit_code);
	else if (h->login)
		shell_login_want(
			h->login, &e->login, environment(e, own_environment()), on_login, e);
	else
		on_login(e, NULL);
}

static void shell_say(struct executor *base, const char *line)
{
	struct executor_shell *e = self(base);

	if (!e->proc)
		return;
	proc_write(e->proc, line, strlen(line));
	proc_write(e->proc, "\n", 1);
}

static void on_left(void *arg, const struct outcome *o)
{
	struct executor_shell *e = arg;

	e->enter = NULL;
	build_visit_done(e->base.build, o);
}

static void shell_enter(struct executor *base, const struct visit *v)
{
	struct executor_shell *e = self(base);

	e->enter = shell_enter_start(build_host(base->build)->loop, build_arena(base->build), v,
		wants_sh(e) ? "sh" : "bash", environment(e, own_environment()), e->dir.p, on_left,
		e);
}

static void shell_stop(struct executor *base, bool now)
{
	struct executor_shell *e = self(base);

	e->stop = true;
	if (e->enter)
		shell_enter_stop(e->enter, now);
	if (e->proc && (!e->stop_now || now)) {
		e->stop_now = now;
		proc_kill(e->proc, now);
	}
	if (e->copy)
		sources_copy_cancel(e->copy);
	if (e->files)
		files_local_cancel(e->files);
	if (e->wait.sources || e->login.login) {
		sources_unwant(&e->wait);
		shell_login_unwant(&e->login);
		loop_timer_stop(&e->slow_login);
		answer(e, FAIL_CANCELED, "canceled");
	}
}

static void on_files(void *arg, const struct error *err)
{
	struct executor_shell *e = arg;

	e->files = NULL;
	answer(e, err ? FAIL_RUNNER_SYSTEM : FAIL_NONE, err ? err->text : "");
}

static void shell_put(struct executor *base, struct str archive)
{
	struct executor_shell *e = self(base);

	e->files = files_local_put(build_host(base->build)->loop,
		build_env(base->build)->project_dir, archive, on_files, e);
}

static void shell_get(struct executor *base, struct selection *selection, int fd)
{
	struct executor_shell *e = self(base);

	e->files = files_local_get(build_host(base->build)->loop,
		build_env(base->build)->project_dir, selection, fd, on_files, e);
}

static void shell_read(struct executor *base, struct str path, struct buf *out)
{
	struct arena *a = build_arena(base->build);
	struct str text;

	if (!store_read_file(arena_cstr(a, path), a, EXECUTOR_READ_MAX, &text, NULL))
		buf_addstr(out, text);
	answer(self(base), FAIL_NONE, "");
}

static void remove_tree(uv_work_t *w)
{
	struct executor_shell *e = container_of(w, struct executor_shell, removal);
	const struct build *b = e->base.build;

	if (build_host(b)->sources)
		sources_copy_done(build_host(b)->sources, e->builds_dir.p,
			build_env(b)->project_dir.p, build_host(b)->run_dir);
	store_remove_tree(e->builds_dir.p, &e->removal_error);
	/* Beside it, where the project directory is that of the builds (GIT_CLONE_PATH). */
	if (!error_is(&e->removal_error))
		store_remove_tree(build_env(b)->tmp_dir.p, &e->removal_error);
}

static void on_removed(uv_work_t *w, int status)
{
	struct executor_shell *e = container_of(w, struct executor_shell, removal);

	UNUSED(status);
	answer(e, error_is(&e->removal_error) ? FAIL_RUNNER_SYSTEM : FAIL_NONE,
		e->removal_error.text);
}

static void shell_cleanup(struct executor *base)
{
	struct executor_shell *e = self(base);
	struct build *b = base->build;

	if (build_host(b)->keep_failed && build_failed(b)) {
		job_log_println(build_log(b), "The job's files are kept in " STR_FMT,
			STR_ARG(build_env(b)->project_dir));
		build_kept(b, "cd '" STR_FMT "'", STR_ARG(build_env(b)->project_dir));
		answer(e, FAIL_NONE, "");
		return;
	}
	if (uv_queue_work(loop_uv(build_host(b)->loop), &e->removal, remove_tree, on_removed))
		answer(e, FAIL_RUNNER_SYSTEM, "cannot start a worker thread");
}

static void shell_free(struct executor *base)
{
	buf_release(&self(base)->input);
	free(self(base));
}

const struct executor_ops executor_shell = {
	.name = "shell",
	.open = shell_open,
	.builds_dir = shell_builds_dir,
	.prepare = shell_prepare,
	.prepare_shell = shell_prepare_shell,
	.get_sources = shell_get_sources,
	.run = shell_run,
	.put = shell_put,
	.get = shell_get,
	.read = shell_read,
	.say = shell_say,
	.enter = shell_enter,
	.stop = shell_stop,
	.cleanup = shell_cleanup,
	.free = shell_free,
};
