/*
 * The machine of one job in a run. job_run_step() decides, enter() is the only assignment to the
 * state; everything else only says what happened.
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/gitlab/secrets.h"
#include "emulator/core/trace.h"
#include "emulator/log/job_log.h"
#include "emulator/log/sink.h"
#include "emulator/runner/runner_choose.h"
#include "pipeline/pipeline.h"

static const char *const state_words[] = {
#define JOB_STATE_WORD(id, word) word,
	JOB_STATES(JOB_STATE_WORD)
#undef JOB_STATE_WORD
};
_Static_assert(ARRAY_SIZE(state_words) == JOB_N_STATES, "a word for each state");

static void attempt_start(struct job_run *j);

enum job_status job_run_status(const struct job_run *j)
{
	return progress_status(j->run->progress, j->job->id);
}

bool job_run_counts_as_failure(const struct job_run *j)
{
	return j->has_result && j->state == JOB_DONE && !j->allowed &&
	       j->result.status == BUILD_FAILED && job_run_status(j) == STATUS_FAILED;
}

static bool is_waiting(enum job_state s)
{
	return s == JOB_DELAYED || s == JOB_RESOURCE;
}

static bool is_running(enum job_state s)
{
	return s == JOB_RUNNING || s == JOB_CANCELING || s == JOB_ABORTING;
}

static void enter(struct job_run *j, enum job_state state)
{
	struct run *r = j->run;
	bool freed;

	TRACE(JOB, STR_FMT ": %s -> %s", STR_ARG(j->job->name), state_words[j->state],
		state_words[state]);
	loop_timer_stop(&j->timer);
	r->waiting += (unsigned)is_waiting(state) - (unsigned)is_waiting(j->state);
	r->running += (unsigned)is_running(state) - (unsigned)is_running(j->state);
	if (j->runner)
		j->runner->running += (unsigned)is_running(state) - (unsigned)is_running(j->state);
	if (!j->job->def->trigger)
		r->top->slots += (unsigned)is_running(state) - (unsigned)is_running(j->state);
	freed = is_running(j->state) && !is_running(state);
	j->state = state;
	if (freed)
		scheduler_slot_free(r);
}

static void on_time(void *arg)
{
	job_run_step(arg, JOB_EV_TIME);
}

static void queue(struct job_run *j)
{
	enter(j, JOB_QUEUED);
	scheduler_push(j);
	scheduler_wake(j->run);
}

static void settle(struct job_run *j)
{
	phase_end(j);
	enter(j, JOB_DONE);
	show_move(j);
	scheduler_wake(j->run);
}

/* The attempt is over and everything of it is shown: its memory goes. */
static void attempt_release(struct job_run *j)
{
	if (j->build)
		build_free(j->build);
	if (j->log)
		job_log_free(j->log);
	sink_free(j->tail_sink);
	j->build = NULL;
	j->log = NULL;
	j->tail_sink = NULL;
	j->vars = NULL;
	j->extra = NULL;
	memset(&j->spec, 0, sizeof(j->spec));
	arena_release(&j->arena);
}

static enum job_status status_of(const struct build_result *result)
{
	switch (result->status) {
	case BUILD_SUCCESS:
		return STATUS_SUCCESS;
	case BUILD_CANCELED:
		return STATUS_CANCELED;
	case BUILD_FAILED:
		break;
	}
	return STATUS_FAILED;
}

/* allow_failure, also by exit code (GitLab docs, CI/CD YAML syntax, `allow_failure:exit_codes`). */
static bool failure_allowed(const struct job_run *j)
{
	if (progress_allow_failure(j->run->progress, j->job->id))
		return true;
	if (!j->result.has_exit_code)
		return false;
	for (size_t i = 0; i < j->job->n_allow_exit_codes; i++)
		if (j->job->allow_exit_codes[i] == j->result.exit_code)
			return true;
	return false;
}

/*
 * `retry:when` is decided by the server, which knows fewer reasons than the Runner and gets the
 * others translated (GitLab Runner, common/build.go and network/gitlab.go, supported failure
 * reasons).
 */
static const char *server_reason(enum failure_reason reason)
{
	if (reason == FAIL_IMAGE_PULL || reason == FAIL_EXTERNAL_DEPENDENCY)
		reason = FAIL_RUNNER_SYSTEM;
	else if (reason == FAIL_RUNNER_CONFIG)
		reason = FAIL_SCRIPT;
	return failure_reason_name(reason);
}

const char *job_run_reason(const struct job_run *j)
{
	return j->word ? j->word : failure_reason_name(j->result.reason);
}

static bool wants_retry(const struct job_run *j)
{
	const struct build_result *r = &j->result;

	return j->run->state == RUN_GOING && !j->run->o->shell && r->status == BUILD_FAILED &&
	       progress_retry_wanted(&j->job->def->rare->retry, j->attempt,
		       j->word ? j->word : server_reason(r->reason),
		       r->has_exit_code ? r->exit_code : -1);
}

/* The highest of the pipelines that fail with this one. */
static struct run *what_it_fails(struct run *r)
{
	while (r->parent && r->bridge->child == r && r->bridge->waits &&
		!progress_allow_failure(r->parent->progress, r->bridge->job->id))
		r = r->parent;
	return r;
}

/* workflow:auto_cancel:on_job_failure: all, and --fail-fast. */
static void after_failure(struct job_run *j)
{
	struct run *r = j->run;
	bool all = str_is(r->p->auto_cancel_on_job_failure, "all");

	if (r->state != RUN_GOING || !(r->o->fail_fast || all))
		return;
	run_message(r, DIAG_NOTE, "job '" STR_FMT "' failed: the rest is canceled (%s)",
		STR_ARG(j->shown),
		r->o->fail_fast ? "--fail-fast" : "workflow:auto_cancel:on_job_failure");
	r->failed_fast = true;
	run_cancel(r->o->fail_fast ? what_it_fails(r) : r);
}

static void built(struct job_run *j)
{
	struct run *r = j->run;
	enum job_status status = j->job->def->trigger ? j->downstream : status_of(&j->result);
	bool retry = wants_retry(j), failed;

	j->seconds = (double)(loop_now(r->session.loop) - j->began_ms) / 1000;
	j->allowed = status == STATUS_FAILED && failure_allowed(j);
	scheduler_give_resource(j);
	if (retry) {
		progress_set(r->progress, j->job->id, STATUS_PENDING);
		show_attempt_end(j, true);
		attempt_release(j);
		phase_begin(j, "waiting");
		queue(j);
		return;
	}
	if (j->allowed)
		progress_set_allow_failure(r->progress, j->job->id, true);
	progress_set(r->progress, j->job->id, status);
	phase_over(j);
	enter(j, JOB_DONE);
	show_attempt_end(j, false);
	attempt_release(j);
	failed = status == STATUS_FAILED && !j->allowed;
	if (failed)
		after_failure(j);
	scheduler_wake(r);
}

/* What GitLab does once a job has passed; it may have nothing to publish. */
static void publish(struct job_run *j)
{
	struct error err = ERROR_INIT;

	if (!pages_finish(j, &err))
		return;
	j->result.status = BUILD_FAILED;
	j->result.reason = FAIL_SCRIPT;
	snprintf(j->result.text, sizeof(j->result.text), "%s", err.text);
	job_log_errorln(j->log, "%s", err.text);
}

static void on_build_done(struct build *b, const struct build_result *result, void *arg)
{
	struct job_run *j = arg;

	UNUSED(b);
	j->result = *result;
	j->has_result = true;
	if (result->status == BUILD_SUCCESS && !result->visited)
		publish(j);
	job_run_step(j, JOB_EV_BUILT);
}

static void on_fail(void *arg)
{
	job_run_step(arg, JOB_EV_BUILT);
}

/* An attempt that can't begin ends on the next turn, as if a build had said so. */
static void attempt_fail(struct job_run *j, const struct error *err)
{
	bool config = err->domain == ERR_CONFIG || err->domain == ERR_USAGE;

	memset(&j->result, 0, sizeof(j->result));
	j->result.status = BUILD_FAILED;
	j->downstream = STATUS_FAILED;
	j->result.reason = config ? FAIL_RUNNER_CONFIG : FAIL_RUNNER_SYSTEM;
	j->result.surroundings = !config;
	j->result.at = err->at;
	snprintf(j->result.text, sizeof(j->result.text), "%s", err->text);
	j->has_result = true;
	if (j->log)
		job_log_errorln(j->log, "Job failed: %s", err->text);
	loop_post(j->run->session.loop, &j->fail, on_fail, j);
}

/* On GitLab it would wait for a runner until its pipeline is given up. */
static void stuck(struct job_run *j)
{
	struct error err = ERROR_INIT;

	error_set(&err, ERR_CONFIG, 0, "this job is stuck: " STR_FMT,
		STR_ARG(runners_refusal(j->run->top->o->runners, &j->job->tags, &j->arena)));
	j->word = "stuck_or_timeout_failure";
	attempt_fail(j, &err);
}

static void attempt_start(struct job_run *j)
{
	struct run *r = j->run;
	struct error err = ERROR_INIT;

	j->attempt++;
	j->began_ms = loop_now(r->session.loop);
	j->started = (double)loop_wall_ms(r->session.loop) / 1000;
	j->tail = j->reason = STR_NULL;
	j->allowed = j->has_result = j->waits = false;
	j->word = NULL;
	j->child = NULL;
	progress_set(r->progress, j->job->id, STATUS_RUNNING);
	arena_init(&j->arena);
	if (job_payload_make(j, &err)) {
		show_attempt_start(j, NULL);
		attempt_fail(j, &err);
		return;
	}
	if (show_attempt_start(j, &err)) {
		attempt_fail(j, &err);
		return;
	}
	secrets_tell(j);
	if (j->job->def->trigger) {
		bridge_start(j);
		return;
	}
	if (!j->runner) {
		stuck(j);
		return;
	}
	r->top->had_shell = r->top->had_shell || j->spec.executor == EXECUTOR_SHELL;
	j->build = build_new(&r->hosts[j->runner->index], &j->spec, j->log);
	build_start(j->build, on_build_done, j);
}

static void on_slot(struct job_run *j)
{
	if (!scheduler_take_resource(j)) {
		progress_set(j->run->progress, j->job->id, STATUS_WAITING_FOR_RESOURCE);
		enter(j, JOB_RESOURCE);
		return;
	}
	if (!j->job->def->trigger)
		j->runner = runners_free_one(j->run, j->run->classes[j->class].takers);
	enter(j, JOB_RUNNING);
	phase_begin(j, j->job->def->trigger ? "pipeline" : "prepare_executor");
	attempt_start(j);
}

/* progress_cancel() has already marked what had not begun. */
static void stop(struct job_run *j, bool abort)
{
	switch (j->state) {
	case JOB_RESOURCE:
		scheduler_leave_resource(j);
		/* fallthrough */
	case JOB_CREATED:
	case JOB_DELAYED:
	case JOB_QUEUED:
		settle(j);
		return;
	case JOB_CANCELING:
		if (!abort)
			return;
		/* fallthrough */
	case JOB_RUNNING:
		enter(j, abort ? JOB_ABORTING : JOB_CANCELING);
		if (j->build && abort)
			build_abort(j->build);
		else if (j->build)
			build_cancel(j->build);
		return;
	case JOB_ABORTING:
	case JOB_DONE:
	case JOB_N_STATES:
		return;
	}
}

void job_run_step(struct job_run *j, enum job_event ev)
{
	switch (ev) {
	case JOB_EV_READY:
		if (j->state != JOB_CREATED && j->state != JOB_DONE)
			return;
		phase_ready(j);
		queue(j);
		return;
	case JOB_EV_DELAY:
		phase_ready(j);
		enter(j, JOB_DELAYED);
		loop_timer_start(j->run->session.loop, &j->timer,
			(uint64_t)j->job->start_in_s * 1000, on_time, j);
		show_move(j);
		return;
	case JOB_EV_SETTLE:
		settle(j);
		return;
	case JOB_EV_TIME:
		progress_play(j->run->progress, j->job->id);
		queue(j);
		return;
	case JOB_EV_SLOT:
		if (j->state == JOB_QUEUED)
			on_slot(j);
		return;
	case JOB_EV_FREE:
		if (j->state == JOB_RESOURCE)
			queue(j);
		return;
	case JOB_EV_BUILT:
		built(j);
		return;
	case JOB_EV_CANCEL:
	case JOB_EV_ABORT:
		stop(j, ev == JOB_EV_ABORT);
		return;
	case JOB_N_EVENTS:
		break;
	}
	BUG("job event %d", (int)ev);
}

void job_run_release(struct job_run *j)
{
	loop_timer_stop(&j->timer);
	loop_unpost(&j->fail);
	attempt_release(j);
}
