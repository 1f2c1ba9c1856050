/*
 * The status block of a run on a terminal: what it says of the jobs, and when it is drawn anew. How
 * it is drawn is the console's (emulator/log).
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/core/trace.h"
#include "emulator/log/console.h"
#include "emulator/log/live.h"
#include "pipeline/pipeline.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

struct show_live {
	struct run *run;
	struct console_live_options options;
	struct loop_timer timer;
	uv_signal_t resize, stop;
	bool watching;
	bool single; /* one job: its log has the terminal, but while it waits for something */
};

struct counts {
	size_t done, failed, running, waiting, manual;
};

static void count(const struct run *r, struct counts *n)
{
	for (size_t i = 0; r->progress && i < r->p->n_jobs; i++) {
		const struct job_run *j = &r->jobs[i];
		enum job_status s = r->plan.chosen[i] ? job_run_status(j) : STATUS_NONE;

		if (s == STATUS_NONE)
			continue;
		if (j->state == JOB_RUNNING || j->state == JOB_CANCELING ||
			j->state == JOB_ABORTING)
			n->running++;
		else if (s == STATUS_FAILED)
			n->failed++;
		else if (job_status_completed(s))
			n->done++;
		else if (s == STATUS_MANUAL)
			n->manual++;
		else
			n->waiting++;
	}
}

static void add_count(struct buf *b, size_t n, const char *word)
{
	if (n)
		buf_printf(b, "%s%zu %s", b->n ? ", " : "", n, word);
}

static void head(const struct run *top, struct live *l)
{
	static const char *const states[] = {[RUN_CANCELING] = " - canceling",
		[RUN_ABORTING] = " - stopping",
		[RUN_OVER] = NULL};
	unsigned long s = (unsigned long)((loop_now(top->session.loop) - top->started_ms) / 1000);
	struct counts n = {0};
	struct buf b = BUF_INIT;

	for (const struct run *r = top; r; r = r->next)
		count(r, &n);
	add_count(&b, n.running, "running");
	add_count(&b, n.waiting, "waiting");
	add_count(&b, n.done, "done");
	add_count(&b, n.failed, "failed");
	add_count(&b, n.manual, "manual");
	buf_printf(&b, "%s - ", states[top->state] ? states[top->state] : "");
	if (s >= 60)
		buf_printf(&b, "%lum ", s / 60);
	buf_printf(&b, "%lus", s % 60);
	l->head = arena_str(&l->arena, buf_str(&b));
	buf_release(&b);
}

static void add_running(const struct job_run *j, struct live *l)
{
	struct live_row row = {.name = j->shown};

	if (j->shown_sink)
		console_sink_row(j->shown_sink, &row);
	if (j->doing[0])
		row.text = str_c(j->doing);
	else if (j->child)
		row.text = STR("waits for its pipeline");
	row.seconds = (double)(loop_now(j->run->session.loop) - j->began_ms) / 1000;
	vec_push(&l->rows, row);
}

static struct str clock_time(struct arena *a, int64_t wall_ms)
{
	time_t s = (time_t)(wall_ms / 1000);
	struct tm tm;

	localtime_r(&s, &tm);
	return arena_printf(a, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static struct str why_resource(struct live *l, const struct job_run *j)
{
	struct str key = j->job->resource_group;

	for (const struct resource *res = j->run->resources; res; res = res->next)
		if (str_eq(res->key, key) && res->holder)
			return arena_printf(&l->arena,
				"waits for resource group '" STR_FMT "', held by " STR_FMT,
				STR_ARG(key), STR_ARG(res->holder->shown));
	return arena_printf(&l->arena, "waits for resource group '" STR_FMT "', held by another %s",
		STR_ARG(key), j->run->top->n_runs > 1 ? "pipeline" : "cilocal");
}

static struct str why_delayed(struct live *l, const struct job_run *j)
{
	struct loop *loop = j->run->session.loop;
	uint64_t now = loop_now(loop);
	uint64_t ms = j->timer.loop && j->timer.due > now ? j->timer.due - now : 0;

	return arena_printf(&l->arena, "starts at " STR_FMT ", in %" PRIu64 " s",
		STR_ARG(clock_time(&l->arena, loop_wall_ms(loop) + (int64_t)ms)),
		(ms + 999) / 1000);
}

static void add_waiting(const struct job_run *j, struct live *l)
{
	struct live_row row = {.name = j->shown, .seconds = -1};

	if (j->state == JOB_RESOURCE)
		row.text = why_resource(l, j);
	else if (j->state == JOB_DELAYED)
		row.text = why_delayed(l, j);
	else
		return;
	vec_push(&l->rows, row);
}

static bool is_running(const struct job_run *j)
{
	return j->state == JOB_RUNNING || j->state == JOB_CANCELING || j->state == JOB_ABORTING;
}

static void fill(void *arg, struct live *l)
{
	const struct show_live *s = arg;
	const struct run *top = s->run;

	for (const struct run *r = top; r; r = r->next)
		for (size_t i = 0; r->progress && i < r->p->n_jobs; i++)
			if (r->plan.chosen[i] && is_running(&r->jobs[i]) &&
				(!s->single || r->jobs[i].doing[0]))
				add_running(&r->jobs[i], l);
	for (const struct run *r = top; r; r = r->next)
		for (size_t i = 0; r->progress && i < r->p->n_jobs; i++)
			if (r->plan.chosen[i])
				add_waiting(&r->jobs[i], l);
	ask_fill(top, l);
	if (!s->single || l->prompt.n)
		head(top, l);
}

static void size(void *arg, unsigned *columns, unsigned *lines)
{
	struct winsize w;

	UNUSED(arg);
	*columns = *lines = 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w))
		return;
	*columns = w.ws_col;
	*lines = w.ws_row;
}

static void on_timer(void *arg)
{
	struct show_live *s = arg;

	console_tick(s->run->console);
}

static void wake(void *arg, unsigned ms)
{
	struct show_live *s = arg;
	struct loop *loop = s->run->session.loop;

	if (!s->timer.loop || s->timer.due > loop_now(loop) + ms)
		loop_timer_start(loop, &s->timer, ms, on_timer, s);
}

static uint64_t now(void *arg)
{
	const struct show_live *s = arg;

	return loop_now(s->run->session.loop);
}

static void on_resize(uv_signal_t *h, int signum)
{
	struct show_live *s = container_of(h, struct show_live, resize);

	UNUSED(signum);
	console_tick(s->run->console);
}

/* Ctrl-Z: the shell that gets the terminal finds it clean. */
static void on_stop(uv_signal_t *h, int signum)
{
	struct show_live *s = container_of(h, struct show_live, stop);

	UNUSED(signum);
	console_hide(s->run->console);
	kill(getpid(), SIGSTOP);
	console_show(s->run->console);
}

static void on_trace(void *arg, struct str line)
{
	const struct show_live *s = arg;

	console_hide(s->run->console);
	fwrite(line.p, 1, line.n, stderr);
	console_show(s->run->console);
}

static void watch(struct show_live *s)
{
	uv_loop_t *loop = loop_uv(s->run->session.loop);

	/* Without them the block is only less tidy. */
	if (uv_signal_init(loop, &s->resize))
		return;
	uv_signal_init(loop, &s->stop);
	uv_unref((uv_handle_t *)&s->resize);
	uv_unref((uv_handle_t *)&s->stop);
	uv_signal_start(&s->resize, on_resize, SIGWINCH);
	uv_signal_start(&s->stop, on_stop, SIGTSTP);
	s->watching = true;
}

const struct console_live_options *show_live_open(struct run *r, bool single)
{
	struct show_live *s;

	if (!r->o->live)
		return NULL;
	s = arena_new(&r->arena, struct show_live);
	s->run = r;
	s->single = single;
	s->options = (struct console_live_options){.fill = fill,
		.size = size,
		.wake = wake,
		.now = now,
		.reflows = r->o->reflows,
		.arg = s};
	watch(s);
	trace_set_output(on_trace, s);
	r->live = s;
	return &s->options;
}

void show_live_close(struct run *r)
{
	if (!r->live)
		return;
	trace_set_output(NULL, NULL);
	loop_timer_stop(&r->live->timer);
	if (r->live->watching) {
		uv_close((uv_handle_t *)&r->live->resize, NULL);
		uv_close((uv_handle_t *)&r->live->stop, NULL);
	}
	r->live = NULL;
}
