#include "base/base.h"
#include "emulator/core/proc.h"

#include "emulator/core/proc_internal.h"
#include "emulator/core/trace.h"

#include <signal.h>

#define READ_BUFFER     ((size_t)256 << 10)
#define DEFAULT_GRACE   5000
#define DEFAULT_COLLECT ((size_t)16 << 20)

/* ---- memory ---- */

static char **copy_list(const char *const *list)
{
	size_t n = 0;
	char **copy;

	if (!list)
		return NULL;
	while (list[n])
		n++;
	copy = xcalloc(n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = xstrdup(list[i]);
	return copy;
}

static void free_list(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

static void free_proc(struct proc *p)
{
	free_list(p->argv);
	free_list(p->env);
	free(p->cwd);
	free(p->read_buffer);
	buf_release(&p->first_input);
	buf_release(&p->out[0].collected);
	buf_release(&p->out[1].collected);
	free(p);
}

/* ---- the end ---- */

static void complete(void *arg)
{
	struct proc *p = arg;
	bool failed = error_is(&p->err);

	TRACE(PROC, "%s: %s %d", p->argv[0], failed ? p->err.text : "exit code",
		p->result.exit_code);
	p->done(p->arg, failed ? &p->err : NULL, &p->result);
	free_proc(p);
}

static void on_closed(uv_handle_t *h)
{
	struct proc *p = h->data;

	if (--p->handles == 0 && p->finished)
		loop_post(p->loop, &p->completion, complete, p);
}

void proc_close_handle(struct proc *p, void *handle)
{
	uv_handle_t *h = handle;

	h->data = p;
	uv_close(h, on_closed);
}

static void close_input(struct proc *p)
{
	if (!p->input_open)
		return;
	p->input_open = false;
	proc_close_handle(p, &p->input);
}

static void close_output(struct proc_stream *s)
{
	s->ended = true;
	if (!s->open)
		return;
	s->open = false;
	proc_close_handle(s->proc, &s->pipe);
}

/* Everything is known: close what is open; the last close callback posts the completion. */
static void finish(struct proc *p)
{
	if (p->finished)
		return;
	p->finished = true;
	loop_timer_stop(&p->escalate);
	loop_timer_stop(&p->timeout);
	loop_timer_stop(&p->drain);
	close_input(p);
	close_output(&p->out[0]);
	close_output(&p->out[1]);
	if (p->process_open)
		proc_close_handle(p, &p->process);
	proc_unwatch(p);
	if (!p->handles)
		loop_post(p->loop, &p->completion, complete, p);
}

static void step(struct proc *p)
{
	if (p->exited && p->out[0].ended && p->out[1].ended)
		finish(p);
}

/* ---- output ---- */

static void on_alloc(uv_handle_t *h, size_t hint, uv_buf_t *b)
{
	struct proc *p = container_of((uv_pipe_t *)h, struct proc_stream, pipe)->proc;

	UNUSED(hint);
	if (!p->read_buffer)
		p->read_buffer = xmalloc(READ_BUFFER);
	*b = uv_buf_init(p->read_buffer, READ_BUFFER);
}

/* Keeps the first bytes and drops the rest, unlike a buf that overflows. */
static void collect(struct buf *b, struct str data)
{
	buf_add(b, data.p, MIN(data.n, b->max - b->n));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct proc_stream *s = container_of((uv_pipe_t *)stream, struct proc_stream, pipe);
	struct proc *p = s->proc;

	if (n > 0) {
		struct str data = str_n(b->base, (size_t)n);

		if (p->output)
			p->output(p->arg, s->stream, data);
		else
			collect(&s->collected, data);
	} else if (n < 0) {
		close_output(s);
		step(p);
	}
}

static void read_on(struct proc_stream *s)
{
	if (s->open && !s->ended && !s->proc->paused)
		uv_read_start((uv_stream_t *)&s->pipe, on_alloc, on_read);
}

void proc_pause(struct proc *p)
{
	p->paused = true;
	for (size_t i = 0; i < 2; i++)
		if (p->out[i].open)
			uv_read_stop((uv_stream_t *)&p->out[i].pipe);
}

void proc_resume(struct proc *p)
{
	if (!p->paused)
		return;
	p->paused = false;
	read_on(&p->out[0]);
	read_on(&p->out[1]);
}

struct str proc_stdout(const struct proc *p)
{
	return buf_str(&p->out[0].collected);
}

struct str proc_stderr(const struct proc *p)
{
	return buf_str(&p->out[1].collected);
}

/* ---- input ---- */

static void on_written(uv_write_t *req, int status)
{
	struct proc_write *w = container_of(req, struct proc_write, req);
	struct proc *p = w->proc;

	p->unwritten -= w->n;
	free(w);
	/* The reader is gone: more would fail the same way. */
	if (status < 0)
		close_input(p);
}

static void write_now(struct proc *p, const void *data, size_t n)
{
	struct proc_write *w;
	uv_buf_t b;

	if (!p->input_open || !n)
		return;
	w = xmalloc(sizeof(*w) + n);
	w->proc = p;
	w->n = n;
	memcpy(w->data, data, n);
	b = uv_buf_init(w->data, (unsigned)n);
	p->unwritten += n;
	if (uv_write(&w->req, (uv_stream_t *)&p->input, &b, 1, on_written)) {
		p->unwritten -= n;
		free(w);
		close_input(p);
	}
}

void proc_write(struct proc *p, const void *data, size_t n)
{
	const char *at = data;

	if (p->finished || p->input_ending)
		return;
	if (!p->started) {
		buf_add(&p->first_input, data, n);
		return;
	}
	/* uv_buf_t lengths are unsigned int. */
	while (n) {
		size_t piece = MIN(n, (size_t)1 << 30);

		write_now(p, at, piece);
		at += piece;
		n -= piece;
	}
}

size_t proc_unwritten(const struct proc *p)
{
	return p->started || p->finished ? p->unwritten : p->first_input.n;
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
	UNUSED(status);
	close_input(container_of(req, struct proc, shutdown));
}

static void end_input(struct proc *p)
{
	if (!p->input_open)
		return;
	if (uv_shutdown(&p->shutdown, (uv_stream_t *)&p->input, on_shutdown))
		close_input(p);
}

void proc_close_input(struct proc *p)
{
	if (p->finished || p->input_ending)
		return;
	p->input_ending = true;
	if (p->started)
		end_input(p);
}

/* ---- process ---- */

static void signal_group(struct proc *p, int signum)
{
	if (p->group <= 0)
		return;
	TRACE(PROC, "%s: signal %d to %d", p->argv[0], signum, p->group);
	if (!p->foreground)
		kill(-p->group, signum);
	else if (!p->exited)
		kill(p->group, signum);
}

static void on_drained(void *arg)
{
	struct proc *p = arg;

	close_output(&p->out[0]);
	close_output(&p->out[1]);
	step(p);
}

void proc_exited(struct proc *p, int exit_code, int signum)
{
	p->exited = true;
	p->result.term_signal = signum;
	p->result.exit_code = signum ? 128 + signum : exit_code;
	/* Members of a killed group that closed their output would be left behind. */
	if (p->result.killed)
		signal_group(p, SIGKILL);
	p->pid = 0;
	close_input(p);
	if (p->result.killed)
		loop_timer_start(p->loop, &p->drain, MIN(p->grace_ms, 1000), on_drained, p);
	else if (p->drain_ms)
		loop_timer_start(p->loop, &p->drain, p->drain_ms, on_drained, p);
	step(p);
}

static void on_escalate(void *arg)
{
	signal_group(arg, SIGKILL);
}

static void kill_for(struct proc *p, bool now, enum err_domain why, const char *text)
{
	if (p->finished)
		return;
	error_set(&p->err, why, 0, "'%s' %s", p->argv[0], text);
	p->result.killed = true;
	if (!p->started) {
		loop_unpost(&p->start);
		finish(p);
		return;
	}
	if (p->exited) {
		/* Somebody of its group still holds the output, so the group's number is still
		 * theirs. */
		signal_group(p, SIGKILL);
		on_drained(p);
		return;
	}
	signal_group(p, now ? SIGKILL : SIGTERM);
	/* A stopped child would only take the signal when continued. */
	signal_group(p, SIGCONT);
	if (!now && !p->escalate.loop)
		loop_timer_start(p->loop, &p->escalate, p->grace_ms, on_escalate, p);
}

void proc_kill(struct proc *p, bool now)
{
	kill_for(p, now, ERR_CANCELLED, "was stopped");
}

static void on_timeout(void *arg)
{
	struct proc *p = arg;
	char text[64];

	snprintf(text, sizeof(text), "took longer than %" PRIu64 " ms", p->timeout_ms);
	kill_for(p, false, ERR_TIMEOUT, text);
}

int proc_pid(const struct proc *p)
{
	return p->pid;
}

static void start(void *arg)
{
	struct proc *p = arg;

	for (size_t i = 0; i < 2; i++) {
		p->out[i].proc = p;
		p->out[i].stream = (int)i + 1;
	}
	if (proc_spawn(p)) {
		finish(p);
		return;
	}
	TRACE(PROC, "%s: pid %d", p->argv[0], p->pid);
	for (size_t i = 0; i < 2; i++) {
		p->out[i].ended = !p->out[i].open;
		read_on(&p->out[i]);
	}
	if (p->timeout_ms)
		loop_timer_start(p->loop, &p->timeout, p->timeout_ms, on_timeout, p);
	write_now(p, p->first_input.p, p->first_input.n);
	buf_release(&p->first_input);
	if (p->input_ending || !p->keep_input)
		end_input(p);
}

struct proc *proc_start(struct loop *l, const struct proc_options *o)
{
	struct proc *p = xcalloc(1, sizeof(*p));
	size_t most = o->max_output ? o->max_output : DEFAULT_COLLECT;

	p->loop = l;
	p->argv = copy_list(o->argv);
	p->env = copy_list(o->env);
	p->cwd = o->cwd ? xstrdup(o->cwd) : NULL;
	p->inherit_input = o->inherit_input;
	p->keep_input = o->keep_input;
	p->inherit_output = o->inherit_output;
	p->merge = o->merge;
	p->foreground = o->foreground;
	p->grace_ms = o->grace_ms ? o->grace_ms : DEFAULT_GRACE;
	p->timeout_ms = o->timeout_ms;
	p->drain_ms = o->drain_ms;
	p->output = o->output;
	p->done = o->done;
	p->arg = o->arg;
	buf_init(&p->first_input);
	buf_addstr(&p->first_input, o->input);
	buf_init_max(&p->out[0].collected, most);
	buf_init_max(&p->out[1].collected, most);
	p->out[0].proc = p->out[1].proc = p;
	/* Not at once: the owner has yet to store the handle. */
	loop_post(l, &p->start, start, p);
	return p;
}
