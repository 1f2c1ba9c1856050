#include "base/base.h"
#include "emulator/runner/build_internal.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/duration.h"
#include "emulator/runner/runner_config.h"
#include "emulator/runner/script.h"
#include "emulator/runner/talk.h"

/* A script of which nothing is heard for so long is worth a word. */
#define UNHEARD_MS 20000

#define ATTEMPTS_MIN 1
#define ATTEMPTS_MAX 10

#define NS_S ((int64_t)1000000000)

/* GitLab Runner, common/consts.go: DefaultAfterScriptTimeout. */
#define AFTER_SCRIPT_NS (300 * NS_S)
#define JOB_NS          (3600 * NS_S)

void build_timeout_text(int64_t ns, char *buf, size_t size)
{
	go_duration_text(ns, buf, size);
}

/* 0 where the variable is unset, zero or unusable (then with the Runner's warning). */
static int64_t timeout_setting(struct build *b, const char *name, int64_t fallback)
{
	struct str text = job_env_get(&b->env, name);
	char limit[64];
	int64_t ns;

	if (!text.n)
		return fallback;
	if (!go_duration_parse(text, &ns)) {
		job_log_warnln(
			b->log, "Ignoring malformed %s timeout: " STR_FMT, name, STR_ARG(text));
		return fallback;
	}
	if (ns < 0) {
		job_log_warnln(
			b->log, "Ignoring relative %s timeout: " STR_FMT, name, STR_ARG(text));
		return fallback;
	}
	if (ns > b->job_limit_ns) {
		go_duration_text(b->job_limit_ns, limit, sizeof(limit));
		job_log_warnln(b->log,
			"%s timeout: " STR_FMT " is longer than job timeout. Setting to job "
			"timeout: %s",
			name, STR_ARG(text), limit);
		return b->job_limit_ns;
	}
	return ns ? ns : fallback;
}

/* Source: GitLab Runner, common/build_settings.go (validateAttemptSettings). */
static unsigned attempts_setting(struct build *b, const char *name)
{
	struct str text = job_env_get(&b->env, name);
	int64_t n = 1, kept;

	if (text.n && !parse_i64(text, &n)) {
		job_log_warnln(b->log,
			"%s: expected int got \"" STR_FMT "\", using default value: 1", name,
			STR_ARG(text));
		return 1;
	}
	kept = MAX(ATTEMPTS_MIN, MIN(n, ATTEMPTS_MAX));
	if (kept != n)
		job_log_warnln(b->log,
			"%s: number of attempts out of the range [%d, %d], clamping to: %" PRId64,
			name, ATTEMPTS_MIN, ATTEMPTS_MAX, kept);
	return (unsigned)kept;
}

void build_read_settings(struct build *b)
{
	b->job_limit_ns = b->spec->timeout_s > 0 ? b->spec->timeout_s * NS_S : JOB_NS;
	b->script_limit_ns = timeout_setting(b, "RUNNER_SCRIPT_TIMEOUT", 0);
	b->after_limit_ns = timeout_setting(
		b, "RUNNER_AFTER_SCRIPT_TIMEOUT", MIN(AFTER_SCRIPT_NS, b->job_limit_ns));
	b->sources.attempts = attempts_setting(b, "GET_SOURCES_ATTEMPTS");
	build_check_settings(b);
}

void build_helper_failed(struct build *b)
{
	struct outcome o;

	outcome_fail(&o, FAIL_SCRIPT,
		b->spec->executor == EXECUTOR_SHELL ? "exit status 1" : "exit code 1");
	o.has_exit_code = true;
	o.exit_code = 1;
	build_step_done(b, &o);
}

const char *build_job_status(const struct build *b)
{
	switch (b->result.status) {
	case BUILD_SUCCESS:
		return "success";
	case BUILD_CANCELED:
		return "canceled";
	case BUILD_FAILED:
		break;
	}
	return b->result.reason == FAIL_JOB_TIMEOUT ? "timedout" : "failed";
}

static int64_t config_limit(const struct rc_text *t)
{
	int64_t ns;

	return t->set && go_duration_parse(t->v, &ns) && ns > 0 ? ns : 0;
}

static int64_t prepare_limit(const struct build *b)
{
	return config_limit(&b->host.config->prepare_timeout);
}

static int64_t sources_limit(const struct build *b)
{
	return config_limit(&b->host.config->get_sources_timeout);
}

static int64_t script_limit(const struct build *b)
{
	return b->script_limit_ns;
}

static int64_t after_limit(const struct build *b)
{
	return b->after_limit_ns;
}

static void run_prepare(struct build *b)
{
	struct outcome o;

	if (b->env.refused.n) {
		outcome_fail(&o, FAIL_RUNNER_CONFIG, STR_FMT, STR_ARG(b->env.refused));
		o.at = b->env.refused_at;
		build_step_done(b, &o);
		return;
	}
	b->executor->ops->prepare(b->executor);
}

/* The Runner's shell says here where it runs, and comes up here for the first time. */
static void run_prepare_script(struct build *b)
{
	struct outcome ok = OUTCOME_OK;

	job_log_raw(b->log, "Running in " STR_FMT "...\n", STR_ARG(b->env.project_dir));
	if (b->executor->ops->prepare_shell)
		b->executor->ops->prepare_shell(b->executor);
	else
		build_step_done(b, &ok);
}

bool build_has_commands(const struct texts *t)
{
	return t && t->n;
}

static bool wants_script(const struct build *b)
{
	if (b->spec->debug && b->spec->debug->only)
		return false;
	return build_has_commands(b->spec->before_script) || build_has_commands(b->spec->script);
}

static bool wants_after(const struct build *b)
{
	return build_has_commands(b->spec->after_script);
}

void build_add_commands(struct build *b, struct script_spec *s, const struct texts *t)
{
	struct str *all;
	size_t i;

	if (!build_has_commands(t))
		return;
	all = arena_array(&b->arena, struct str, s->n_commands + t->n);
	for (i = 0; i < s->n_commands; i++)
		all[i] = s->commands[i];
	for (i = 0; i < t->n; i++)
		all[s->n_commands + i] = t->v[i].s;
	s->commands = all;
	s->n_commands += t->n;
}

/* A script shows each command before it runs it. */
static const char shown[] = ANSI_GREEN;

static void heard(struct build *b, struct str bytes)
{
	for (size_t i = 0; i < bytes.n && shown[b->heard]; i++)
		b->heard = bytes.p[i] == shown[b->heard] ? b->heard + 1 : bytes.p[i] == shown[0];
	if (!shown[b->heard])
		loop_timer_stop(&b->unheard);
}

static void to_log(void *arg, struct str bytes)
{
	struct build *b = arg;

	job_log_write(b->log, LOG_OUT, bytes.p, bytes.n);
}

void build_output(struct build *b, struct talk *t, int stream, struct str data)
{
	if (stream != 2)
		heard(b, data);
	if (stream != 2 && t)
		talk_feed(t, data, to_log, b);
	else
		job_log_write(b->log, stream == 2 ? LOG_ERR : LOG_OUT, data.p, data.n);
}

void build_output_end(struct build *b, struct talk *t)
{
	if (t)
		talk_flush(t, to_log, b);
}

/* Of one that is stepped through, each command may be skipped. */
static bool should_be_heard(const struct build *b)
{
	return !b->step.talk && str_find(b->step.script, str_c(shown)) != STR_NPOS;
}

static void on_unheard(void *arg)
{
	struct build *b = arg;

	job_log_warnln(b->log, "nothing of the script has run yet: %s",
		b->spec->executor == EXECUTOR_SHELL
			? "one of the login shell's profiles is still running"
			: "the image's entrypoint is still doing something else than running the "
			  "shell that it was given; image: {name: ..., entrypoint: [\"\"]} goes "
			  "without it");
}

void build_run_script(struct build *b, struct script_spec *s, const char *name)
{
	const struct runner_config *c = b->host.config;

	s->env = &b->env;
	s->trace = !c->debug_trace_disabled.v && job_env_bool(&b->env, "CI_DEBUG_TRACE", false);
	s->check_exit_codes = job_env_flag(&b->env, c, "FF_ENABLE_BASH_EXIT_CODE_CHECK", false);
	s->sections = job_env_flag(&b->env, c, "FF_SCRIPT_SECTIONS", false);
	s->now = job_log_now(b->log);
	buf_clear(&b->script);
	script_make(&b->script, s);
	b->heard = 0;
	b->step.name = name;
	b->step.script = buf_str(&b->script);
	b->step.talk = s->mark ? &b->shell.talk : NULL;
	if (should_be_heard(b))
		loop_timer_start(b->host.loop, &b->unheard, UNHEARD_MS, on_unheard, b);
	b->executor->ops->run(b->executor, &b->step);
}

/*
 * An entrypoint that runs something else than the shell it is given, and ends well: the Runner
 * sees a job that succeeded, and so do we; but nobody should have to find out from an empty log.
 */
void build_check_heard(struct build *b)
{
	if (!shown[b->heard] || !should_be_heard(b))
		return;
	if (b->spec->executor == EXECUTOR_SHELL)
		job_log_warnln(b->log,
			"none of the script ran: the login shell ended before it, in one of its "
			"profiles (/etc/profile, ~/.bash_profile, ~/.profile). GitLab's runner "
			"takes that for success, too.");
	else
		job_log_warnln(b->log,
			"none of the script ran: the image's entrypoint ended without running the "
			"shell that it was given. GitLab's runner takes that for success, too; "
			"image: {name: ..., entrypoint: [\"\"]} runs the script.");
}

static void run_step(struct build *b)
{
	struct script_spec s = {0};

	s.pre = b->host.config->pre_build_script.v;
	s.post = b->host.config->post_build_script.v;
	build_add_commands(b, &s, b->spec->before_script);
	build_add_commands(b, &s, b->spec->script);
	s.state = b->spec->debug && b->spec->debug->on_failure;
	if (build_wants_steps(b))
		build_prepare_steps(b, &s);
	build_run_script(b, &s, "step_script");
}

static void run_after(struct build *b)
{
	struct script_spec s = {.job_status = build_job_status(b)};

	s.banner = STR("Running after script...");
	build_add_commands(b, &s, b->spec->after_script);
	build_run_script(b, &s, "after_script");
}

/* File variables go with the job's tree or container. */
static void run_cleanup(struct build *b)
{
	struct outcome ok = OUTCOME_OK;

	build_step_done(b, &ok);
}

const struct stage build_stages[] = {
	{"prepare_executor", "Preparing the \"%s\" executor", STAGE_OK, NULL, run_prepare,
		prepare_limit},
	{"prepare_script", "Preparing environment", STAGE_OK, NULL, run_prepare_script, NULL},
	{"clear_worktree", "Deleting all tracked and untracked files due to source fetch failure",
		STAGE_OK, build_wants_clear, build_clear_worktree, sources_limit},
	{"get_sources", "Getting source from Git repository", STAGE_OK, NULL, build_get_sources,
		sources_limit},
	{"restore_cache", "Restoring cache", STAGE_OK, build_wants_restore, build_restore_cache,
		NULL},
	{"download_artifacts", "Downloading artifacts", STAGE_OK, build_wants_download,
		build_download_artifacts, NULL},
	{"step_script", "Executing \"step_script\" stage of the job script", STAGE_OK, wants_script,
		run_step, script_limit},
	{"step_release", "Executing \"step_release\" stage of the job script", STAGE_OK,
		build_wants_release, build_release, NULL},
	{"shell", "Opening a shell in the job", STAGE_DEBUG, build_wants_shell, build_open_shell,
		NULL},
	{"after_script", "Running after_script", STAGE_SCRIPT, wants_after, run_after, after_limit},
	{"archive_cache", "Saving cache for successful job", STAGE_ALWAYS, build_wants_archive_ok,
		build_archive_cache, NULL},
	{"archive_cache_on_failure", "Saving cache for failed job", STAGE_ALWAYS,
		build_wants_archive_failed, build_archive_cache, NULL},
	{"upload_artifacts_on_success", "Uploading artifacts for successful job", STAGE_ALWAYS,
		build_wants_upload_ok, build_upload_artifacts, NULL},
	{"upload_artifacts_on_failure", "Uploading artifacts for failed job", STAGE_ALWAYS,
		build_wants_upload_failed, build_upload_artifacts, NULL},
	{"cleanup_file_variables", "Cleaning up project directory and file based variables",
		STAGE_ALWAYS, NULL, run_cleanup, NULL},
};
const size_t build_n_stages = ARRAY_SIZE(build_stages);
static_assert(ARRAY_SIZE(build_stages) == STAGE_CLEANUP + 1, "the constants are the rows");
