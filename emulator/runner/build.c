#include "base/base.h"
#include "emulator/runner/build.h"
#include "emulator/runner/build_internal.h"
#include "emulator/core/trace.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/duration.h"
#include "emulator/runner/runner_config.h"

#include <unistd.h>

#define MS ((int64_t)1000000)

#define RETRY_MIN_MS ((uint64_t)1000)
#define RETRY_MAX_MS ((uint64_t)5000)

static const char *const state_names[] = {
#define BUILD_NAME(name) #name,
	BUILD_STATES(BUILD_NAME)
#undef BUILD_NAME
};

const char *failure_reason_name(enum failure_reason reason)
{
	static const char *const names[] = {"", "script_failure", "runner_system_failure",
		"job_execution_timeout", "image_pull_failure", "runner_configuration_error",
		"runner_external_dependency_failure", "runner_interrupted", "job_canceled"};

	static_assert(ARRAY_SIZE(names) == FAIL_REASONS, "a name for each reason");
	return names[reason];
}

const struct executor_ops *executor_find(enum executor_kind kind)
{
	switch (kind) {
	case EXECUTOR_SHELL:
		return &executor_shell;
	case EXECUTOR_DOCKER:
		return &executor_docker;
	}
	BUG("unknown executor %d", (int)kind);
}

static void build_enter(struct build *b, enum build_state state)
{
	TRACE(JOB, STR_FMT ": %s -> %s", STR_ARG(b->spec->name), state_names[b->state],
		state_names[state]);
	b->state = state;
}

struct build *build_new(
	const struct build_host *host, const struct build_spec *spec, struct job_log *log)
{
	struct build *b = xcalloc(1, sizeof(*b));

	b->host = *host;
	b->spec = spec;
	b->log = log;
	arena_init(&b->arena);
	b->slot = SLOT_NONE;
	buf_init(&b->script);
	buf_init(&b->sources.shallow);
	buf_init(&b->env_file);
	return b;
}

void build_free(struct build *b)
{
	if (!b)
		return;
	if (b->state != BUILD_NEW && b->state != BUILD_DONE)
		BUG("build of '" STR_FMT "' freed while it runs", STR_ARG(b->spec->name));
	buf_release(&b->script);
	buf_release(&b->sources.shallow);
	buf_release(&b->env_file);
	arena_release(&b->arena);
	free(b);
}

/* The end */

static double seconds(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) / 1000 : 0;
}

static void finish(struct build *b)
{
	struct build_result *r = &b->result;
	uint64_t now = loop_now(b->host.loop);
	struct buf text = BUF_INIT;

	r->total_s = seconds(b->started_ms, now);
	if (!b->script_entered)
		r->prepare_s = r->total_s;
	/* The text leaves the process by other ways than the log. */
	mask_text(job_log_mask(b->log), str_c(r->text), &text);
	snprintf(r->text, sizeof(r->text), "%s", text.p);
	buf_release(&text);
	b->executor->ops->free(b->executor);
	b->executor = NULL;
	slot_give(&b->slot);
	build_enter(b, BUILD_DONE);
	b->done(b, r, b->arg);
}

static void clean_up(struct build *b)
{
	const struct build_result *r = &b->result;

	loop_timer_stop(&b->job_timer);
	if (r->visited)
		;
	else if (r->status == BUILD_SUCCESS)
		job_log_infoln(b->log, "Job succeeded");
	else
		job_log_errorln(b->log, "Job failed%s: %s",
			r->reason == FAIL_RUNNER_SYSTEM ? " (system failure)" : "", r->text);
	build_enter(b, BUILD_CLEANING);
	b->busy = true;
	b->executor->ops->cleanup(b->executor);
}

/* Stages */

static void try_again(void *arg);

static void stop_operation(struct build *b, bool now)
{
	if (b->sources.again.loop) {
		loop_timer_stop(&b->sources.again);
		loop_post(b->host.loop, &b->task, try_again, b);
	}
	if (b->busy && !build_shell_stop(b))
		b->executor->ops->stop(b->executor, now);
}

static void set_result(
	struct build *b, enum build_status status, enum failure_reason reason, const char *text)
{
	if (b->result.status != BUILD_SUCCESS)
		return;
	b->result.status = status;
	b->result.reason = reason;
	snprintf(b->result.text, sizeof(b->result.text), "%s", text);
}

/* What fails later changes nothing of it, its exit code least of all. */
static void set_failed(struct build *b, const struct outcome *o)
{
	if (b->result.status != BUILD_SUCCESS)
		return;
	set_result(b, BUILD_FAILED, o->reason, o->text);
	b->result.has_exit_code = o->has_exit_code;
	b->result.exit_code = o->exit_code;
	b->result.at = o->at;
	b->result.surroundings = o->surroundings;
}

/* The script and the release are one to a cancel, as the Runner's steps are. */
static bool in_script(const struct build *b)
{
	return b->stage == STAGE_STEP || b->stage == STAGE_RELEASE;
}

static bool in_sources(const struct build *b)
{
	return b->stage == STAGE_SOURCES || b->stage == STAGE_CLEAR;
}

/* What stopped the build from outside comes before what its operation says of it. */
static bool stopped_result(struct build *b)
{
	char text[160], limit[64];

	if (b->abort) {
		set_result(b, BUILD_CANCELED, FAIL_CANCELED, "canceled");
	} else if (b->job_timed_out) {
		build_timeout_text(b->job_limit_ns, limit, sizeof(limit));
		snprintf(text, sizeof(text), "execution took longer than %s seconds", limit);
		set_result(b, BUILD_FAILED, FAIL_JOB_TIMEOUT, text);
	} else if (b->cancel && b->stage <= STAGE_RELEASE) {
		set_result(b, BUILD_CANCELED, FAIL_CANCELED, "canceled");
	} else if (b->stage_timed_out && b->stage == STAGE_STEP) {
		set_result(b, BUILD_FAILED, FAIL_JOB_TIMEOUT,
			"script timeout: context deadline exceeded");
	} else if (b->stage_timed_out && b->stage < STAGE_STEP) {
		build_timeout_text(build_stages[b->stage].limit_ns(b), limit, sizeof(limit));
		snprintf(text, sizeof(text), "%s timeout: exceeded timeout of %s",
			in_sources(b) ? "get sources" : "prepare", limit);
		set_result(b, BUILD_FAILED, FAIL_JOB_TIMEOUT, text);
	} else {
		return false;
	}
	return true;
}

/* after_script's status counts only where the job asks for it. */
static void after_script_result(struct build *b, const struct outcome *o)
{
	if (o->reason == FAIL_NONE || b->abort || b->job_timed_out)
		return;
	if (b->stage_timed_out) {
		job_log_warnln(b->log, "after_script failed, but job will continue unaffected: "
				       "context deadline exceeded");
		return;
	}
	if (o->reason == FAIL_SCRIPT && job_env_bool(&b->env, "AFTER_SCRIPT_IGNORE_ERRORS", true)) {
		job_log_warnln(b->log, "after_script failed, but job will continue unaffected: %s",
			o->text);
		return;
	}
	set_failed(b, o);
}

/* GET_SOURCES_ATTEMPTS: what an attempt failed by is not yet what the job does. */
static bool tries_again(struct build *b)
{
	if (!in_sources(b) || b->outcome.reason == FAIL_NONE || build_stopping(b))
		return false;
	return ++b->sources.failed < b->sources.attempts;
}

/* True: the same once more. */
static bool stage_ended(struct build *b)
{
	const struct stage *s = &build_stages[b->stage];
	const struct outcome *o = &b->outcome;
	bool again = tries_again(b);

	loop_timer_stop(&b->stage_timer);
	job_log_flush(b->log, LOG_OUT);
	job_log_flush(b->log, LOG_ERR);
	if ((b->stage_timed_out || b->job_timed_out) && b->stage >= STAGE_STEP &&
		b->stage != STAGE_SHELL)
		job_log_warnln(b->log,
			"%s could not run to completion because the timeout was exceeded. For more "
			"control over job and script timeouts see: "
			"https://docs.gitlab.com/ci/runners/configure_runners/"
			"#set-script-and-after_script-timeouts",
			s->name);
	if (b->stage == STAGE_STEP && o->reason == FAIL_NONE && !build_stopping(b))
		build_check_heard(b);
	if (b->cancel && in_script(b) && !b->abort)
		job_log_warnln(b->log, "script canceled by the user");
	job_log_section_end(b->log, s->name);
	if (b->spec->on_stage)
		b->spec->on_stage(b->spec->on_arg, s->name, false);
	if (b->stage == STAGE_STEP)
		b->result.script_s = seconds(b->script_ms, loop_now(b->host.loop));
	if (b->stage == STAGE_AFTER) {
		after_script_result(b, o);
		stopped_result(b);
	} else if (!stopped_result(b) && o->reason != FAIL_NONE && !again) {
		set_failed(b, o);
	}
	/* Once the time of the sources is over, the Runner keeps nothing of the job. */
	if (b->stage_timed_out && in_sources(b))
		b->sources_entered = false;
	b->stage_timed_out = false;
	return again;
}

static bool runs(const struct build *b, const struct stage *s)
{
	bool over = b->abort || b->job_timed_out;

	if (s->wanted && !s->wanted(b))
		return false;
	/* Who only looks leaves nothing behind. */
	if (b->spec->debug && b->spec->debug->only && b->stage > STAGE_SHELL)
		return false;
	switch (s->when) {
	case STAGE_OK:
		return !over && b->result.status == BUILD_SUCCESS && !b->cancel;
	case STAGE_SCRIPT:
		return !over && b->script_entered;
	case STAGE_DEBUG:
		return !b->abort && !b->cancel;
	case STAGE_ALWAYS:
		return !over && b->sources_entered;
	}
	return false;
}

static void on_stage_timeout(void *arg)
{
	struct build *b = arg;

	b->stage_timed_out = true;
	stop_operation(b, false);
}

/* All attempts at the sources have one limit together. */
static uint64_t limit_ms(struct build *b)
{
	const struct stage *s = &build_stages[b->stage];
	int64_t limit = s->limit_ns ? s->limit_ns(b) : 0;
	uint64_t ms = limit > 0 ? (uint64_t)((limit + MS - 1) / MS) : 0;
	uint64_t gone = loop_now(b->host.loop) - b->sources.began_ms;

	if (!ms || !in_sources(b))
		return ms;
	return ms > gone ? ms - gone : 1;
}

static void enter_stage(struct build *b)
{
	const struct stage *s = &build_stages[b->stage];
	uint64_t limit;
	char title[128];

	TRACE(JOB, STR_FMT ": stage %s", STR_ARG(b->spec->name), s->name);
	if (b->stage == STAGE_SOURCES && !b->sources_entered) {
		b->sources_entered = true;
		b->sources.began_ms = loop_now(b->host.loop);
	}
	limit = limit_ms(b);
	if (b->stage == STAGE_STEP) {
		b->script_entered = true;
		b->script_ms = loop_now(b->host.loop);
		b->result.prepare_s = seconds(b->started_ms, b->script_ms);
	}
	snprintf(title, sizeof(title), s->title, b->executor->ops->name);
	job_log_section_start(b->log, s->name, title);
	if (b->spec->on_stage)
		b->spec->on_stage(b->spec->on_arg, s->name, true);
	if (limit)
		loop_timer_start(b->host.loop, &b->stage_timer, limit, on_stage_timeout, b);
	b->busy = true;
	if (s->when == STAGE_DEBUG ? b->abort || b->cancel : build_stopping(b)) {
		struct outcome o;

		/* Whoever heard of the stage stopped the build: nothing is under way to be stopped.
		 */
		build_step_done(b, outcome_fail(&o, FAIL_CANCELED, "canceled"));
		return;
	}
	s->run(b);
}

static void next_stage(struct build *b)
{
	for (; b->stage < build_n_stages; b->stage++) {
		if (b->stage == STAGE_AFTER + 1)
			b->job_failed = build_failed(b);
		if (runs(b, &build_stages[b->stage])) {
			enter_stage(b);
			return;
		}
	}
	/* A cancel between two stages has stopped those that were to come. */
	b->stage = STAGE_STEP;
	if (!b->script_entered || b->abort || b->job_timed_out)
		stopped_result(b);
	clean_up(b);
}

static void try_again(void *arg)
{
	struct build *b = arg;

	b->stage = STAGE_CLEAR;
	stopped_result(b);
	next_stage(b);
}

/* The Runner's pauses (helpers/retry/retry.go): each twice as long as the one before. */
static void wait_for_again(struct build *b)
{
	uint64_t ms = MIN(RETRY_MIN_MS << (b->sources.failed - 1), RETRY_MAX_MS);

	job_log_warnln(b->log, "Retrying...");
	loop_timer_start(b->host.loop, &b->sources.again, ms, try_again, b);
}

/* The only way on: each answer of the executor comes here on a turn of its own. */
static void step(void *arg)
{
	struct build *b = arg;

	b->busy = false;
	loop_timer_stop(&b->unheard);
	if (b->then) {
		void (*then)(struct build *) = b->then;

		b->then = NULL;
		b->busy = true;
		then(b);
		return;
	}
	if (b->state == BUILD_CLEANING) {
		if (b->outcome.reason != FAIL_NONE)
			job_log_warnln(b->log, "%s", b->outcome.text);
		finish(b);
		return;
	}
	if (stage_ended(b)) {
		wait_for_again(b);
		return;
	}
	b->stage++;
	next_stage(b);
}

void build_step_done(struct build *b, const struct outcome *o)
{
	if (!b->busy || b->task.loop)
		BUG("two answers for one operation of '" STR_FMT "'", STR_ARG(b->spec->name));
	b->outcome = *o;
	loop_post(b->host.loop, &b->task, step, b);
}

const struct outcome *outcome_fail(
	struct outcome *o, enum failure_reason reason, const char *fmt, ...)
{
	va_list ap;

	*o = OUTCOME_OK;
	o->reason = reason;
	va_start(ap, fmt);
	vsnprintf(o->text, sizeof(o->text), fmt, ap);
	va_end(ap);
	return o;
}

/* The start */

static void on_job_timeout(void *arg)
{
	struct build *b = arg;

	b->job_timed_out = true;
	stop_operation(b, false);
}

static void install_mask(struct build *b)
{
	struct str *secrets;
	size_t n = job_env_secrets(&b->env, &b->arena, &secrets), i;
	VEC(struct str) v = {0};

	for (i = 0; i < n; i++)
		vec_push(&v, secrets[i]);
	for (i = 0; i < b->spec->n_logins; i++)
		vec_push(&v, b->spec->logins[i].password);
	job_log_set_mask(b->log,
		mask_set_new(v.v, v.n, job_env_bool(&b->env, "FF_MASK_ALL_DEFAULT_TOKENS", true)));
	vec_release(&v);
}

static void begin(void *arg)
{
	struct build *b = arg;
	const struct rc_text *name = &b->host.config->name;
	struct error err = ERROR_INIT;
	char host[256] = "";

	b->started_ms = loop_now(b->host.loop);
	if (b->host.slots_dir)
		slot_take(&b->slot, b->host.slots_dir, &err);
	b->executor = executor_find(b->spec->executor)->open(b);
	job_env_make(&b->env, &b->arena, b->spec, b->host.config,
		b->executor->ops->builds_dir(b->executor), b->slot.number, "running");
	install_mask(b);
	/* It runs as the first of all, then, and may meet others in what they share. */
	if (error_is(&err))
		job_log_warnln(b->log, "%s", err.text);
	gethostname(host, sizeof(host) - 1);
	job_log_println(b->log, "Running with cilocal %s", CILOCAL_VERSION);
	if (name->set)
		job_log_println(b->log, "  on " STR_FMT " (%s)", STR_ARG(name->v), host);
	else
		job_log_println(b->log, "  on %s", host);
	build_say_flags(b);
	build_read_settings(b);
	loop_timer_start(
		b->host.loop, &b->job_timer, (uint64_t)(b->job_limit_ns / MS), on_job_timeout, b);
	build_enter(b, BUILD_RUNNING);
	next_stage(b);
}

void build_start(struct build *b, build_done_fn *done, void *arg)
{
	b->done = done;
	b->arg = arg;
	b->result.status = BUILD_SUCCESS;
	loop_post(b->host.loop, &b->task, begin, b);
}

void build_cancel(struct build *b)
{
	/* After the script, later stages finish as if nothing had been asked. */
	if (b->state > BUILD_RUNNING || (b->state == BUILD_RUNNING && b->stage > STAGE_SHELL))
		return;
	if (b->cancel)
		return;
	b->cancel = true;
	stop_operation(b, false);
}

void build_abort(struct build *b)
{
	if (b->state > BUILD_RUNNING || b->abort)
		return;
	b->abort = true;
	stop_operation(b, true);
}

const struct build_host *build_host(const struct build *b)
{
	return &b->host;
}

void build_waits(const struct build *b, enum build_wait kind, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	if (!b->spec->on_wait)
		return;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	b->spec->on_wait(b->spec->on_arg, kind, buf_str(&text));
	buf_release(&text);
}

void build_waits_over(const struct build *b)
{
	if (b->spec->on_wait)
		b->spec->on_wait(b->spec->on_arg, BUILD_WAIT_OVER, STR_NULL);
}

const struct build_spec *build_spec(const struct build *b)
{
	return b->spec;
}

struct job_log *build_log(const struct build *b)
{
	return b->log;
}

struct arena *build_arena(struct build *b)
{
	return &b->arena;
}

const struct job_env *build_env(const struct build *b)
{
	return &b->env;
}

bool build_stopping(const struct build *b)
{
	return b->abort || b->job_timed_out || b->stage_timed_out ||
	       (b->cancel && b->stage <= STAGE_RELEASE);
}

void build_kept(struct build *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b->result.kept, sizeof(b->result.kept), fmt, ap);
	va_end(ap);
}

bool build_failed(const struct build *b)
{
	return b->result.status != BUILD_SUCCESS;
}
