#include "base/base.h"
#include "emulator/runner/docker_internal.h"
#include "emulator/docker/exec.h"
#include "emulator/docker/raw.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/talk.h"

/* After the container has ended, its output is complete at once; an engine that says else is odd.
 */
#define DRAIN_MS 5000
/* Between SIGTERM and SIGKILL when the job is stopped. */
#define GRACE_MS 10000
#define AGAIN_MS 500
/*
 * Podman ends the stream of a container that stopped a moment ago when it makes it ready for its
 * next start. Nothing of the script was sent then: the container is started once more, so often.
 */
#define TRIES 5

static void finish(struct executor_docker *e);

static void once_more(void *arg);

/* The last thing that this script needs has come: the exit code and the end of the output. */
static void check_end(struct executor_docker *e)
{
	struct docker_step_run *r = &e->run;

	if (r->ended || r->inspecting || r->kill || r->start || r->wait || r->raw || r->killing)
		return;
	if (r->lost && r->tries < TRIES && !error_is(&r->error) && !e->stopping) {
		/* Not over: a step that is stopped meanwhile says so when it would be started. */
		loop_timer_start(
			build_host(e->base.build)->loop, &r->again, AGAIN_MS, once_more, e);
		return;
	}
	if (r->lost && !error_is(&r->error))
		error_set(&r->error, ERR_DOCKER, 0,
			"the engine ended the container's standard input before the script was "
			"sent");
	r->ended = true;
	finish(e);
}

static void failed(struct executor_docker *e, const struct error *err)
{
	struct docker_step_run *r = &e->run;

	if (!error_is(&r->error))
		r->error = *err;
	loop_timer_stop(&r->again);
	if (r->raw)
		raw_cancel(r->raw);
	if (r->wait)
		docker_call_cancel(r->wait);
}

static void on_state(void *arg, struct error *err, const struct container_state *s)
{
	struct executor_docker *e = arg;

	e->run.inspecting = false;
	if (!err && s->oom_killed)
		job_log_warnln(build_log(e->base.build),
			"the container ran out of memory: the kernel killed a process of it");
	check_end(e);
}

static void finish(struct executor_docker *e)
{
	struct docker_step_run *r = &e->run;
	struct outcome o;

	loop_timer_stop(&r->drain);
	build_output_end(e->base.build, r->step->talk);
	if (error_is(&r->error)) {
		/* A start that is refused says the same as a missing program, whatever its status.
		 */
		outcome_fail(&o, FAIL_RUNNER_SYSTEM, "%s", r->error.text);
		o.surroundings = docker_gone(&r->error);
		docker_fail(e, &o);
	} else if (r->exit_code) {
		outcome_fail(&o, FAIL_SCRIPT, "exit code %" PRId64, r->exit_code);
		o.has_exit_code = true;
		o.exit_code = (int)r->exit_code;
		docker_fail(e, &o);
	}
	docker_end(e);
}

static void on_drained(void *arg)
{
	struct executor_docker *e = arg;

	if (e->run.raw)
		raw_cancel(e->run.raw);
}

static void on_exit_code(void *arg, struct error *err, const struct container_exit *x)
{
	struct executor_docker *e = arg;
	struct docker_step_run *r = &e->run;

	r->wait = NULL;
	if (err) {
		failed(e, err);
	} else {
		r->exited = true;
		loop_timer_stop(&r->again);
		r->exit_code = x->status;
		if (x->error.n) {
			struct error own = ERROR_INIT;

			error_set(&own, ERR_DOCKER, 0, STR_FMT, STR_ARG(x->error));
			failed(e, &own);
		}
		if (r->raw)
			loop_timer_start(build_host(e->base.build)->loop, &r->drain, DRAIN_MS,
				on_drained, e);
		/* 137 is SIGKILL: whose, only the engine knows. */
		if (r->exit_code == 137 && !e->stopping) {
			r->inspecting = true;
			docker_container_inspect(e->engine, e->container, on_state, e);
		}
	}
	check_end(e);
}

static void kill_container(struct executor_docker *e);

static void send_script(struct executor_docker *e)
{
	struct docker_step_run *r = &e->run;

	raw_write(r->raw, r->step->script.p, r->step->script.n);
	if (!r->step->talk)
		raw_close_stdin(r->raw);
}

static void on_started(void *arg, struct error *err)
{
	struct executor_docker *e = arg;
	struct docker_step_run *r = &e->run;

	r->start = NULL;
	if (err) {
		failed(e, err);
		check_end(e);
		return;
	}
	r->started = true;
	if (!r->raw) {
		r->lost = true;
		if (!r->exited)
			kill_container(e);
		check_end(e);
		return;
	}
	send_script(e);
	if (r->stop_asked)
		docker_step_stop(e, r->stop_now);
}

/* Output that comes before we listen would be lost, so the start is last. */
static void start_when_ready(struct executor_docker *e)
{
	struct docker_step_run *r = &e->run;
	struct error stopped = ERROR_INIT;

	if (!r->opened || !r->waiting || r->started || r->start || error_is(&r->error))
		return;
	if (e->stopping) {
		error_set(&stopped, ERR_CANCELLED, 0, "canceled");
		failed(e, &stopped);
		return;
	}
	r->start = docker_container_start(e->engine, e->container, on_started, e);
}

static void on_open(void *arg)
{
	struct executor_docker *e = arg;

	e->run.opened = true;
	start_when_ready(e);
}

static void on_waiting(void *arg)
{
	struct executor_docker *e = arg;

	e->run.waiting = true;
	start_when_ready(e);
}

static void on_output(void *arg, int stream, struct str data)
{
	struct executor_docker *e = arg;

	build_output(e->base.build, e->run.step->talk, stream, data);
}

static void on_closed(void *arg, struct error *err)
{
	struct executor_docker *e = arg;
	struct docker_step_run *r = &e->run;

	r->raw = NULL;
	loop_timer_stop(&r->drain);
	/* An end of the stream by our own drain timer is no failure of the job. */
	if (err && !r->exited)
		failed(e, err);
	check_end(e);
}

static void attempt(struct executor_docker *e)
{
	struct raw_options o = {.stdin_open = true,
		.output = on_output,
		.open = on_open,
		.done = on_closed,
		.arg = e};

	e->run.raw = docker_attach(e->engine, e->container, &o);
	e->run.wait = docker_container_wait(
		e->engine, e->container, WAIT_NEXT_EXIT, on_waiting, on_exit_code, e);
}

static void once_more(void *arg)
{
	struct executor_docker *e = arg;
	struct docker_step_run *r = &e->run;

	e->run = (struct docker_step_run){.step = r->step,
		.error = ERROR_INIT,
		.tries = r->tries + 1,
		.stop_asked = r->stop_asked,
		.stop_now = r->stop_now};
	attempt(e);
}

void docker_step_start(struct executor_docker *e, const struct step *s)
{
	e->run = (struct docker_step_run){.step = s, .error = ERROR_INIT};
	docker_begin(e);
	attempt(e);
}

static void on_killed(void *arg, struct error *err)
{
	struct executor_docker *e = arg;

	e->run.killing = false;
	if (err && docker_gone(err))
		failed(e, err);
	check_end(e);
	docker_end(e);
}

static void kill_container(struct executor_docker *e)
{
	struct docker_step_run *r = &e->run;

	if (r->killed)
		return;
	r->killed = r->killing = true;
	loop_timer_stop(&r->again);
	if (r->kill)
		docker_exec_run_cancel(r->kill);
	docker_begin(e);
	docker_container_kill(e->engine, e->container, "SIGKILL", on_killed, e);
}

void docker_step_say(struct executor_docker *e, const char *line)
{
	struct docker_step_run *r = &e->run;

	if (!r->raw)
		return;
	raw_write(r->raw, line, strlen(line));
	raw_write(r->raw, "\n", 1);
}

static void terminate_all(void *arg);

static void on_terminated(void *arg, struct error *err, const struct exec_result *x)
{
	struct executor_docker *e = arg;
	struct docker_step_run *r = &e->run;

	UNUSED(err); /* gone already, or without a shell: the grace period ends it */
	UNUSED(x);
	r->kill = NULL;
	if (!r->exited && !r->killed && !error_is(&r->error))
		loop_timer_start(
			build_host(e->base.build)->loop, &r->again, AGAIN_MS, terminate_all, e);
	check_end(e);
}

/*
 * PID 1 of the container is a shell that waits for its child, so a signal to it alone does nothing
 * until the child ends: every process gets one. Again and again, since the script may only be about
 * to start its next command, until the grace period is over.
 */
static void terminate_all(void *arg)
{
	static const struct str cmd[] = {
		STR_INIT("sh"), STR_INIT("-c"), STR_INIT("kill -TERM -1; kill -TERM 1")};
	struct executor_docker *e = arg;
	struct docker_step_run *r = &e->run;
	struct exec_spec spec = {.cmd = {cmd, ARRAY_SIZE(cmd)},
		.user = STR("0"),
		.attach_stdout = true,
		.attach_stderr = true};
	uint64_t now = loop_now(build_host(e->base.build)->loop);

	if (!r->kill_at)
		r->kill_at = now + GRACE_MS;
	if (now >= r->kill_at) {
		kill_container(e);
		return;
	}
	r->kill = docker_exec_run(e->engine, e->container, &spec, STR_NULL, on_terminated, e);
}

void docker_step_stop(struct executor_docker *e, bool now)
{
	struct docker_step_run *r = &e->run;

	if ((r->exited && !r->lost) || error_is(&r->error))
		return;
	if (!r->started || r->lost) {
		/* A start that is under way cannot be taken back; one that is not, is not made. */
		r->stop_asked = true;
		r->stop_now = r->stop_now || now;
	} else if (now) {
		kill_container(e);
	} else if (!r->kill_at) {
		terminate_all(e);
	}
}
