/* create, start, collect, inspect: three calls in a row with one completion. */
#include "base/base.h"
#include "emulator/docker/exec.h"

#include "emulator/docker/docker_internal.h"
#include "emulator/docker/raw.h"

#define MAX_OUTPUT ((size_t)1 << 20)

struct exec_run {
	struct engine *engine;
	struct docker_call *call; /* the one under way, or */
	struct raw *raw;
	struct buf id, input, out, err;
	bool tty;
	exec_run_fn *done;
	void *arg;
};

static void finish(struct exec_run *r, struct error *err, int64_t exit_code)
{
	struct exec_result x = {exit_code, buf_str(&r->out), buf_str(&r->err)};

	r->done(r->arg, err, err ? NULL : &x);
	buf_release(&r->id);
	buf_release(&r->input);
	buf_release(&r->out);
	buf_release(&r->err);
	free(r);
}

static void on_inspected(void *arg, struct error *err, const struct exec_state *s)
{
	struct exec_run *r = arg;

	finish(r, err, err ? 0 : s->exit_code);
}

static void on_output(void *arg, int stream, struct str data)
{
	struct exec_run *r = arg;
	struct buf *b = stream == 2 ? &r->err : &r->out;

	buf_add(b, data.p, MIN(data.n, MAX_OUTPUT - b->n));
}

static void on_ended(void *arg, struct error *err)
{
	struct exec_run *r = arg;

	r->raw = NULL;
	if (err)
		finish(r, err, 0);
	else
		r->call = docker_exec_inspect(r->engine, buf_str(&r->id), on_inspected, r);
}

static void on_created(void *arg, struct error *err, struct str id)
{
	struct exec_run *r = arg;
	struct raw_options o = {
		.stdin_open = r->input.n > 0,
		.tty = r->tty,
		.output = on_output,
		.done = on_ended,
		.arg = r,
	};

	r->call = NULL;
	if (err) {
		finish(r, err, 0);
		return;
	}
	buf_addstr(&r->id, id);
	r->raw = docker_exec_start(r->engine, id, &o);
	if (r->input.n) {
		raw_write(r->raw, r->input.p, r->input.n);
		raw_close_stdin(r->raw);
	}
}

struct exec_run *docker_exec_run(struct engine *e, struct str container,
	const struct exec_spec *spec, struct str input, exec_run_fn *done, void *arg)
{
	struct exec_run *r = xcalloc(1, sizeof(*r));
	struct exec_spec with_streams = *spec;

	r->engine = e;
	r->tty = spec->tty;
	r->done = done;
	r->arg = arg;
	buf_init(&r->id);
	buf_init(&r->input);
	buf_addstr(&r->input, input);
	buf_init(&r->out);
	buf_init(&r->err);
	with_streams.attach_stdin = input.n > 0;
	with_streams.attach_stdout = with_streams.attach_stderr = true;
	r->call = docker_exec_create(e, container, &with_streams, on_created, r);
	return r;
}

void docker_exec_run_cancel(struct exec_run *r)
{
	if (r->raw)
		raw_cancel(r->raw);
	else if (r->call)
		docker_call_cancel(r->call);
}
