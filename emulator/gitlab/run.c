/*
 * A run from its first check to its exit code: sets up what jobs need, turns the loop, takes all of
 * it down. Everything that can end early ends at the same place, finish().
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/gitlab/fingerprint.h"
#include "emulator/gitlab/id_token.h"
#include "emulator/gitlab/registry_up.h"
#include "emulator/gitlab/run_setup.h"
#include "emulator/core/terminal.h"
#include "emulator/core/trace.h"
#include "emulator/log/console.h"
#include "emulator/runner/leftover.h"
#include "emulator/runner/stray.h"
#include "emulator/runner/layers.h"
#include "emulator/runner/shell_login.h"
#include "emulator/runner/sources.h"
#include "pipeline/pipeline.h"

#include <signal.h>
#include <unistd.h>

#define KEEP_RUNS 20
/* Between SIGTERM and SIGKILL for what jobs left running. */
#define STRAY_GRACE_MS 2000

void run_message(const struct run *r, enum diag_level level, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		die_oom(0);
	if (terminal_is_raw()) {
		char *line = xasprintf("%s\r", text);

		free(text);
		text = line;
	}
	console_hide(r->top->console);
	if (r->o->message)
		r->o->message(r->o->message_arg, level, text);
	else
		fprintf(stderr, "cilocal: %s\n", text);
	console_show(r->top->console);
	free(text);
}

void run_line(struct run *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	console_line(r->console, arena_vprintf(&r->arena, fmt, ap));
	va_end(ap);
}

static void step_all(struct run *r, enum job_event ev)
{
	for (size_t i = 0; i < r->p->n_jobs; i++)
		if (r->plan.chosen[i])
			job_run_step(&r->jobs[i], ev);
}

void run_cancel(struct run *r)
{
	if (r->state != RUN_GOING)
		return;
	r->state = RUN_CANCELING;
	progress_cancel(r->progress);
	ask_forget(r);
	step_all(r, JOB_EV_CANCEL);
	scheduler_wake(r);
	for (struct run *c = r->top->next; c; c = c->next)
		if (c->parent == r)
			run_cancel(c);
}

void run_abort(struct run *r)
{
	if (r->state != RUN_GOING && r->state != RUN_CANCELING)
		return;
	r->state = RUN_ABORTING;
	progress_cancel(r->progress);
	ask_forget(r);
	step_all(r, JOB_EV_ABORT);
	scheduler_wake(r);
	for (struct run *c = r->top->next; c; c = c->next)
		run_abort(c);
}

void run_over(struct run *r)
{
	r->state = RUN_OVER;
	if (r->parent) {
		bridge_child_over(r);
		return;
	}
	loop_stop(r->session.loop);
}

/* The third signal: nobody waits any longer. What is left on the engine goes with the next start.
 */
static void leave_now(struct run *r, int signum)
{
	console_live_end(r->top->console);
	run_message(r, DIAG_WARNING,
		"leaving at once; what is left on the engine is removed by the next run or "
		"'cilocal clean'");
	terminal_restore();
	if (r->top->had_shell)
		stray_end(r->top->folder.dir, 0);
	if (r->has_folder && r->progress)
		show_record_now(r, true);
	_exit(signum == SIGINT ? RUN_EXIT_SIGINT : RUN_EXIT_SIGTERM);
}

static void handle_signal(struct run *r, int signum)
{
	r->signals++;
	if (!r->signum)
		r->signum = signum;
	TRACE(RUN, "signal %d, number %u", signum, r->signals);
	if (r->signals >= 3)
		leave_now(r, r->signum);
	if (r->state == RUN_SETUP) {
		session_interrupt(&r->session, signum);
		return;
	}
	if (r->state == RUN_OVER && runners_clean_cancel(r))
		return;
	if (signum == SIGINT && r->signals == 1) {
		if (r->running)
			run_message(r, DIAG_NOTE,
				"canceling: after_script still runs (once more: stop at once)");
		run_cancel(r);
	} else {
		run_message(r, DIAG_NOTE, "stopping at once");
		run_abort(r);
	}
}

void run_quit(struct run *r)
{
	handle_signal(r->top, SIGINT);
}

static void on_signal(void *arg, int signum, unsigned count)
{
	UNUSED(count);
	handle_signal(arg, signum);
}

/* The terminal went away. */
static void on_hangup(uv_signal_t *h, int signum)
{
	struct run *r = container_of(h, struct run, hangup);

	UNUSED(signum);
	handle_signal(r, SIGTERM);
}

static int watch_signals(struct run *r, struct error *err)
{
	int rc;

	if (loop_on_signal(r->session.loop, on_signal, r, err))
		return -1;
	rc = uv_signal_init(loop_uv(r->session.loop), &r->hangup);
	if (rc)
		return error_uv(err, rc, "signals");
	r->has_hangup = true;
	uv_signal_start(&r->hangup, on_hangup, SIGHUP);
	uv_unref((uv_handle_t *)&r->hangup);
	return 0;
}

const char *run_store_root(const struct run *r)
{
	return r->o->store_root ? r->o->store_root : r->o->root;
}

static int open_folder(struct run *r, struct error *err)
{
	long now = (long)(loop_wall_ms(r->session.loop) / 1000);

	if (store_open(&r->store, run_store_root(r), true, err))
		return -1;
	r->has_store = true;
	/* As long as its folder is there; the janitor looks after what is on the engine. */
	r->n_ended = leftover_runs_end(r->store.root);
	if (r->o->shell ? store_shell_create(&r->store, &r->folder, now, err)
			: store_run_create(&r->store, &r->folder, now, err))
		return -1;
	r->has_folder = true;
	store_prune(&r->store, r->o->keep_runs ? r->o->keep_runs : KEEP_RUNS);
	return 0;
}

static unsigned job_limit(const struct run *r)
{
	unsigned cpus;

	if (r->o->limit)
		return r->o->limit;
	if (r->o->runners->v[0].concurrent.v > 0)
		return (unsigned)r->o->runners->v[0].concurrent.v;
	cpus = uv_available_parallelism();
	return cpus ? cpus : 1;
}

void run_make_jobs(struct run *r)
{
	r->jobs = xcalloc(r->p->n_jobs + 1, sizeof(*r->jobs));
	r->last_of_stage = arena_array(&r->arena, struct job_run *, r->p->n_stages + 1);
	for (size_t i = 0; i < r->p->n_jobs; i++) {
		r->jobs[i].run = r;
		r->jobs[i].job = r->p->jobs[i];
		r->jobs[i].seconds = r->jobs[i].ended = -1;
		r->jobs[i].fingerprint = job_fingerprint(&r->arena, r->p->jobs[i]);
		r->jobs[i].shown =
			r->prefix.n ? arena_printf(&r->arena, STR_FMT STR_FMT, STR_ARG(r->prefix),
					      STR_ARG(r->p->jobs[i]->name))
				    : r->p->jobs[i]->name;
	}
	scheduler_classify(r);
	r->progress = plan_progress(&r->plan);
}

static int set_up(struct run *r, struct error *err)
{
	if (session_open(&r->session, err) || watch_signals(r, err))
		return -1;
	r->started_ms = loop_now(r->session.loop);
	r->started = (double)loop_wall_ms(r->session.loop) / 1000;
	if (open_folder(r, err) || run_setup_engine(r, err))
		return -1;
	run_setup_host(r);
	if (id_tokens_prepare(r, err) || show_open(r, err))
		return -1;
	debug_open(r);
	r->limit = job_limit(r);
	ask_open(r);
	run_make_jobs(r);
	return r->signum ? error_set(err, ERR_CANCELLED, 0, "interrupted") : 0;
}

static void ended_strays(struct run *r, size_t n, const char *whose)
{
	if (n)
		run_message(r, DIAG_NOTE, "ended %zu process%s that %s had left running", n,
			n == 1 ? "" : "es", whose);
}

/* Before anything starts: what died is told from what lives by its lock. */
static void look_after_the_dead(struct run *r)
{
	ended_strays(r, r->n_ended, "a run that died");
	runners_clean_start(r);
}

static void go(struct run *r)
{
	if (!r->o->shell) {
		run_warn_unused(r);
		environment_overdue(r);
	}
	show_pipeline_start(r);
	resume_begin(r);
	show_record(r);
	look_after_the_dead(r);
	r->setup = (double)(loop_now(r->session.loop) - r->started_ms) / 1000;
	scheduler_start(r);
	while (r->state != RUN_OVER)
		loop_run(r->session.loop);
	runners_clean_end(r);
	/* Whoever works in a shell may have started something on purpose. */
	if (r->had_shell && !r->o->shell)
		ended_strays(r, stray_end(r->folder.dir, STRAY_GRACE_MS), "jobs");
}

int run_exit_code(const struct run *r)
{
	bool failed = false, surroundings = false;

	if (r->signum)
		return r->signum == SIGINT ? RUN_EXIT_SIGINT : RUN_EXIT_SIGTERM;
	for (size_t i = 0; i < r->p->n_jobs; i++) {
		const struct job_run *j = &r->jobs[i];

		if (j->has_result && j->result.visited)
			return j->result.exit_code;
		if (!r->plan.chosen[i] || !job_run_counts_as_failure(j))
			continue;
		failed = true;
		surroundings = surroundings || j->result.surroundings;
	}
	if (surroundings)
		return RUN_EXIT_SURROUNDINGS;
	return failed ? RUN_EXIT_FAILED : RUN_EXIT_OK;
}

static void tear_down(struct run *r, struct error *err)
{
	for (size_t i = 0; r->jobs && i < r->p->n_jobs; i++)
		job_run_release(&r->jobs[i]);
	bridge_release_children(r);
	scheduler_release(r);
	debug_close(r);
	ask_close(r);
	show_close(r);
	progress_free(r->progress);
	if (r->has_hangup)
		uv_close((uv_handle_t *)&r->hangup, NULL);
	run_release_layers(r);
	resume_end(r);
	if (r->sources)
		sources_free(r->sources);
	shell_login_free(r->login);
	id_tokens_free(r);
	runners_release(r);
	run_mirror_end(r);
	session_close(&r->session, err);
	/* A run that did not get as far as its jobs leaves nothing to show. */
	if (r->has_folder && (r->o->shell || !r->jobs))
		store_run_remove(&r->folder);
	else if (r->has_folder)
		store_run_close(&r->folder);
	if (r->has_store)
		store_release(&r->store);
	free(r->jobs);
	arena_release(&r->arena);
	pipeline_unref(r->p);
}

static int code_of(const struct run *r, const struct error *err)
{
	if (r->signum)
		return r->signum == SIGINT ? RUN_EXIT_SIGINT : RUN_EXIT_SIGTERM;
	if (err->domain == ERR_USAGE)
		return RUN_EXIT_USAGE;
	return err->domain == ERR_CONFIG ? RUN_EXIT_INVALID : RUN_EXIT_SURROUNDINGS;
}

static int dry_run(const struct run *r)
{
	struct buf out = BUF_INIT;

	if (r->o->json) {
		plan_print_json(&r->plan, &out);
		buf_addc(&out, '\n');
	} else {
		plan_print(&r->plan, &out);
	}
	fwrite(out.p, 1, out.n, stdout);
	fflush(stdout);
	buf_release(&out);
	return RUN_EXIT_OK;
}

int run_pipeline(struct pipeline *p, const struct run_options *o, struct error *err)
{
	struct run r;
	struct error mine = ERROR_INIT, late = ERROR_INIT;
	int code;

	memset(&r, 0, sizeof(r));
	r.o = o;
	r.top = &r;
	r.n_runs = 1;
	r.p = pipeline_ref(p);
	arena_init(&r.arena);
	runners_open(&r);
	if (plan_make(&r.plan, &r.arena, p, o, &mine) || debug_check(&r, &mine)) {
		code = code_of(&r, &mine);
	} else if (o->dry_run) {
		code = dry_run(&r);
	} else if (set_up(&r, &mine)) {
		code = code_of(&r, &mine);
		/* Who pressed Ctrl-C knows why it ended. */
		if (r.signum)
			mine = ERROR_INIT;
	} else {
		go(&r);
		code = run_exit_code(&r);
		show_record_now(&r, true);
		if (!o->shell) {
			show_pipeline_end(&r, code);
			debug_kept(&r);
		}
	}
	tear_down(&r, &late);
	if (error_is(&mine))
		error_pass(err, &mine);
	else if (error_is(&late) && code == RUN_EXIT_OK)
		error_pass(err, &late);
	return code;
}
