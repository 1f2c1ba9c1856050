/* Looking inside of jobs: what the run adds to emulator/runner/build_shell.c and build_step.c. */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/core/terminal.h"
#include "emulator/log/console.h"
#include "pipeline/pipeline.h"

static bool wanted(const struct run_options *o)
{
	return o->shell || o->shell_on_failure || o->step;
}

static int several_jobs(const struct run *r, struct error *err)
{
	struct buf names = BUF_INIT;
	int rc;

	for (size_t i = 0; i < r->p->n_jobs; i++)
		if (r->plan.chosen[i])
			buf_printf(&names, "%s'" STR_FMT "'", names.n ? ", " : "",
				STR_ARG(r->p->jobs[i]->name));
	rc = error_set(err, ERR_USAGE, 0, "a shell is in one job; name one of %s", names.p);
	buf_release(&names);
	return rc;
}

int debug_check(const struct run *r, struct error *err)
{
	if (!r->o->shell)
		return 0;
	if (r->plan.n != 1)
		return several_jobs(r, err);
	for (size_t i = 0; i < r->p->n_jobs; i++)
		if (r->plan.chosen[i] && r->p->jobs[i]->def->trigger)
			return error_set(err, ERR_USAGE, 0,
				"job '" STR_FMT "' starts a pipeline: it has no place for a shell",
				STR_ARG(r->p->jobs[i]->name));
	return 0;
}

static void on_say(void *arg, const char *text)
{
	run_message(arg, DIAG_NOTE, "%s", text);
}

static void on_quit(void *arg)
{
	run_quit(arg);
}

/* Questions about manual jobs are drawn below the logs, which go on. */
static void on_owner(void *arg, const struct terminal_wait *owner)
{
	struct run *r = arg;

	if (r->console)
		console_hold(r->console, owner && !ask_is(r, owner));
}

void debug_open(struct run *r)
{
	const struct run_options *o = r->o;

	if (!wanted(o))
		return;
	r->terminal = terminal_new(r->session.loop);
	terminal_on_owner(r->terminal, on_owner, r);
	r->debug = (struct build_debug){.terminal = r->terminal,
		.only = o->shell,
		.on_failure = o->shell_on_failure,
		.step = o->step,
		.command = o->command,
		.n_command = o->n_command,
		.say = on_say,
		.quit = on_quit,
		.arg = r};
}

void debug_close(struct run *r)
{
	terminal_free(r->terminal);
	r->terminal = NULL;
}

const struct build_debug *debug_of(const struct run *r)
{
	return r->top->terminal ? &r->top->debug : NULL;
}

void debug_kept(const struct run *r)
{
	bool docker = false, shell = false;

	for (const struct run *c = r; c; c = c->next)
		for (size_t i = 0; i < c->p->n_jobs; i++) {
			const struct job_run *j = &c->jobs[i];

			if (!c->plan.chosen[i] || !j->has_result || !j->result.kept[0])
				continue;
			if (j->runner && runners_executor(c, j->runner, j->job) == EXECUTOR_DOCKER)
				docker = true;
			else
				shell = true;
			run_message(r, DIAG_NOTE, "job '" STR_FMT "' is kept; to enter it: %s",
				STR_ARG(j->shown), j->result.kept);
		}
	if (docker)
		run_message(r, DIAG_NOTE,
			"'cilocal clean --engine' removes kept containers, networks and volumes");
	if (shell)
		run_message(r, DIAG_NOTE,
			"'cilocal clean --runs' removes kept files, with the "
			"records of all runs");
}
