/* A visitor in the job's container: an exec on the user's terminal. */
#include "base/base.h"
#include "emulator/runner/docker_internal.h"
#include "emulator/core/terminal.h"
#include "emulator/docker/exec.h"
#include "emulator/docker/raw.h"
#include "emulator/runner/script.h"

/* Input that the engine has not taken yet; above it we read no more. */
#define UNWRITTEN_MAX ((size_t)1 << 20)

/*
 * Keys by which a client of the engine detaches: the default holds Ctrl-P back until the next key,
 * and the shell's history with it. A NUL that is held back so hurts nobody.
 */
#define DETACH_KEYS "ctrl-@,ctrl-@,ctrl-@,ctrl-@,ctrl-@,ctrl-@,ctrl-@,ctrl-@"

/* What the engine says in place of a shell is short. */
#define SAID_MAX ((size_t)1024)

struct docker_enter {
	struct executor_docker *e;
	const struct visit *v;
	struct str id;
	struct docker_call *call;
	struct raw *raw;
	bool stopped, open, over;
	bool unread; /* nobody reads what it prints */
	bool resizing, resize_again;
	bool unsized;    /* the first size is not there yet: what is typed waits for it */
	struct buf said; /* the first of what came back, SAID_MAX bytes and one */
	struct outcome outcome;
	struct loop_task task;
};

static void deliver(void *arg)
{
	struct docker_enter *d = arg;
	struct executor_docker *e = d->e;
	struct outcome o = d->outcome;

	e->enter = NULL;
	buf_release(&d->said);
	free(d);
	build_visit_done(e->base.build, &o);
}

static void check_over(struct docker_enter *d)
{
	if (d->over && !d->resizing)
		loop_post(build_host(d->e->base.build)->loop, &d->task, deliver, d);
}

static void finish(struct docker_enter *d)
{
	terminal_close(d->v->terminal);
	d->over = true;
	check_over(d);
}

static void fail(struct docker_enter *d, const struct error *err, const char *what)
{
	outcome_fail(&d->outcome, d->stopped ? FAIL_CANCELED : FAIL_RUNNER_SYSTEM, "%s%s", what,
		err->text);
	d->outcome.surroundings = docker_gone(err);
	if (d->unread)
		visit_unread(&d->outcome);
	finish(d);
}

/*
 * An engine that can't start the process says so in its place, and gives it a shell's exit code for
 * that (moby, postContainerExecStart(), translateContainerdStartErr()); the class of the error,
 * which ends its words, is always the same.
 */
static struct str not_started(const struct docker_enter *d, int64_t code)
{
	static const struct str end = STR_INIT(": unknown");
	struct str said = str_trim(buf_str(&d->said));

	return code >= 126 && code <= 128 && d->said.n <= SAID_MAX && str_ends(said, end)
		       ? str_sub(said, 0, said.n - end.n)
		       : STR_NULL;
}

static void on_state(void *arg, struct error *err, const struct exec_state *s)
{
	struct docker_enter *d = arg;
	struct str why;

	d->call = NULL;
	if (err) {
		fail(d, err, "the shell's end is not known: ");
		return;
	}
	why = not_started(d, s->exit_code);
	if (why.n) {
		outcome_fail(&d->outcome, FAIL_RUNNER_SYSTEM,
			"the engine could not start the shell: " STR_FMT, STR_ARG(why));
		d->outcome.surroundings = true;
	} else if (s->exit_code) {
		outcome_fail(&d->outcome, FAIL_SCRIPT, "exit code %" PRId64, s->exit_code);
		d->outcome.has_exit_code = true;
		d->outcome.exit_code = (int)s->exit_code;
	}
	finish(d);
}

static void on_closed(void *arg, struct error *err)
{
	struct docker_enter *d = arg;

	d->raw = NULL;
	/* The terminal is given back at once, whatever the engine does then. */
	terminal_close(d->v->terminal);
	if (err)
		fail(d, err, d->open ? "the shell was cut off: " : "");
	else
		d->call = docker_exec_inspect(d->e->engine, d->id, on_state, d);
}

static void resize(void *arg);

static void on_resized(void *arg, struct error *err)
{
	struct docker_enter *d = arg;

	UNUSED(err); /* it may have ended meanwhile */
	d->resizing = false;
	if (d->unsized && !d->over)
		terminal_resume(d->v->terminal);
	d->unsized = false;
	if (d->resize_again && !d->over)
		resize(d);
	check_over(d);
}

static void resize(void *arg)
{
	struct docker_enter *d = arg;
	unsigned rows, columns;

	if (!terminal_is_tty(d->v->terminal) || !d->raw)
		return;
	d->resize_again = d->resizing;
	if (d->resizing)
		return;
	terminal_size(d->v->terminal, &rows, &columns);
	d->resizing = true;
	docker_exec_resize(d->e->engine, d->id, rows, columns, on_resized, d);
}

static void on_input(void *arg, struct str bytes)
{
	struct docker_enter *d = arg;

	if (!d->raw)
		return;
	raw_write(d->raw, bytes.p, bytes.n);
	if (raw_unwritten(d->raw) > UNWRITTEN_MAX)
		terminal_pause(d->v->terminal);
}

static void on_drained(void *arg)
{
	struct docker_enter *d = arg;

	terminal_resume(d->v->terminal);
}

static void on_ended(void *arg)
{
	struct docker_enter *d = arg;

	if (d->raw)
		raw_close_stdin(d->raw);
}

static void on_output(void *arg, int stream, struct str data)
{
	struct docker_enter *d = arg;

	buf_add(&d->said, data.p, MIN(data.n, SAID_MAX + 1 - d->said.n));
	if (terminal_write(d->v->terminal, stream, data) || d->unread)
		return;
	d->unread = true;
	docker_enter_stop(d->e);
}

static void on_open(void *arg)
{
	struct docker_enter *d = arg;

	d->open = true;
	terminal_open(d->v->terminal, &(struct terminal_use){.mode = TERMINAL_RAW,
					      .input = on_input,
					      .ended = on_ended,
					      .resized = resize,
					      .arg = d});
	resize(d);
	d->unsized = d->resizing;
	if (d->unsized)
		terminal_pause(d->v->terminal);
}

static void on_created(void *arg, struct error *err, struct str id)
{
	struct docker_enter *d = arg;
	struct raw_options o = {.stdin_open = true,
		.tty = terminal_is_tty(d->v->terminal),
		.output = on_output,
		.open = on_open,
		.drain = on_drained,
		.done = on_closed,
		.arg = d};
	struct error stopped = ERROR_INIT;

	d->call = NULL;
	if (!err && d->stopped) {
		error_set(&stopped, ERR_CANCELLED, 0, "canceled");
		err = &stopped;
	}
	if (err) {
		fail(d, err, "");
		return;
	}
	d->id = arena_str(d->e->arena, id);
	d->raw = docker_exec_start(d->e->engine, d->id, &o);
}

void docker_enter_start(struct executor_docker *e, const struct visit *v)
{
	struct docker_enter *d = xcalloc(1, sizeof(*d));
	struct str *cmd = arena_array(e->arena, struct str, v->n_command + 5), env;
	const char *term = getenv("TERM");
	struct exec_spec spec = {.tty = terminal_is_tty(v->terminal),
		.detach_keys = STR(DETACH_KEYS),
		.attach_stdin = true,
		.attach_stdout = true,
		.attach_stderr = true};

	d->e = e;
	d->v = v;
	d->outcome = OUTCOME_OK;
	buf_init(&d->said);
	cmd[0] = STR("sh");
	cmd[1] = STR("-c");
	cmd[2] = str_c(script_enter_detect);
	cmd[3] = STR("cilocal");
	cmd[4] = v->dir;
	for (size_t i = 0; i < v->n_command; i++)
		cmd[5 + i] = v->command[i];
	spec.cmd = (struct docker_strs){cmd, v->n_command + 5};
	if (spec.tty && term && *term) {
		env = arena_printf(e->arena, "TERM=%s", term);
		spec.env = (struct docker_strs){&env, 1};
	}
	e->enter = d;
	d->call = docker_exec_create(e->engine, e->container, &spec, on_created, d);
}

void docker_enter_stop(struct executor_docker *e)
{
	struct docker_enter *d = e->enter;

	if (d->stopped)
		return;
	d->stopped = true;
	/* Its process goes with the container. */
	if (d->raw)
		raw_cancel(d->raw);
	else if (d->call)
		docker_call_cancel(d->call);
}
