/*
 * A shell in the job: `cilocal shell`, --shell-on-failure, and an answer of --step. The job's
 * container is held by a script that asks a question and waits; meanwhile somebody is let in beside
 * it. So the files are those of the job, the services are up, and the same works on every executor.
 */
#include "base/base.h"
#include "emulator/runner/build_internal.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/runner_config.h"
#include "emulator/runner/script.h"

#include <signal.h>

static void say(struct build *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void say(struct build *b, const char *fmt, ...)
{
	const struct build_debug *d = b->spec->debug;
	struct buf text = BUF_INIT, masked = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	mask_text(job_log_mask(b->log), buf_str(&text), &masked);
	if (d->say)
		d->say(d->arg, masked.p);
	buf_release(&text);
	buf_release(&masked);
}

bool build_wants_shell(const struct build *b)
{
	const struct build_debug *d = b->spec->debug;

	if (!d)
		return false;
	if (d->only)
		return b->result.status == BUILD_SUCCESS;
	return d->on_failure && b->script_entered && b->result.status == BUILD_FAILED;
}

/* Clocks */

static uint64_t hold(struct build *b, struct loop_timer *t)
{
	uint64_t now = loop_now(b->host.loop), left;

	if (!t->loop)
		return 0;
	left = t->due > now ? t->due - now : 1;
	loop_timer_stop(t);
	return left;
}

void build_hold_clocks(struct build *b)
{
	if (b->shell.held)
		return;
	b->shell.held = true;
	b->shell.job_left = hold(b, &b->job_timer);
	b->shell.stage_left = hold(b, &b->stage_timer);
}

void build_release_clocks(struct build *b)
{
	struct build_shell *s = &b->shell;

	if (!s->held)
		return;
	s->held = false;
	if (s->job_left)
		loop_timer_start(b->host.loop, &b->job_timer, s->job_left, b->job_timer.fn, b);
	if (s->stage_left)
		loop_timer_start(
			b->host.loop, &b->stage_timer, s->stage_left, b->stage_timer.fn, b);
}

/* The end of a script that asks */

static void answer(struct build *b)
{
	struct build_shell *s = &b->shell;
	struct outcome o = s->script;

	terminal_leave(&s->wait);
	talk_release(&s->talk);
	build_release_clocks(b);
	if (b->stage == STAGE_SHELL && !b->spec->debug->only) {
		if (!s->visited && o.reason != FAIL_NONE && !build_stopping(b))
			say(b, "no shell in job '" STR_FMT "': %s", STR_ARG(b->spec->name), o.text);
		o = OUTCOME_OK;
	} else if (b->stage == STAGE_SHELL && s->visited) {
		/* Where the engine went, the script may hear of it first: the visitor is sent out.
		 */
		o = s->seen.reason == FAIL_CANCELED && s->script.surroundings ? s->script : s->seen;
		b->result.visited = o.reason == FAIL_NONE || o.reason == FAIL_SCRIPT;
	}
	build_step_done(b, &o);
}

static void script_over(struct build *b)
{
	struct build_shell *s = &b->shell;

	s->script = b->outcome;
	s->script_over = true;
	if (!s->visiting)
		answer(b);
	else
		/* It died under the visitor: with its container, or by a stop. */
		b->executor->ops->stop(b->executor, true);
}

void build_visit_done(struct build *b, const struct outcome *o)
{
	struct build_shell *s = &b->shell;

	s->visiting = false;
	s->seen = *o;
	s->visited = !build_stopping(b) || o->reason == FAIL_NONE || o->has_exit_code;
	/* Where the job goes on, nothing else tells of it. */
	if (!s->script_over && !b->spec->debug->only && o->reason == FAIL_RUNNER_SYSTEM)
		say(b, "no shell in job '" STR_FMT "': %s", STR_ARG(b->spec->name), o->text);
	if (s->script_over) {
		answer(b);
	} else if (b->stage == STAGE_SHELL) {
		terminal_leave(&s->wait);
		b->executor->ops->say(b->executor, "q");
	} else {
		build_ask_again(b);
	}
}

void visit_unread(struct outcome *o)
{
	outcome_fail(o, FAIL_SCRIPT, "nobody reads its output");
	o->has_exit_code = true;
	o->exit_code = 128 + SIGPIPE;
}

void build_start_talk(
	struct build *b, struct script_spec *s, void (*asked)(void *arg, struct str words))
{
	struct build_shell *sh = &b->shell;

	talk_init(&sh->talk, asked, b);
	sh->script_over = sh->visited = false;
	s->mark = sh->talk.mark;
	b->then = script_over;
}

void build_visit(struct build *b)
{
	const struct build_debug *d = b->spec->debug;

	b->shell.visiting = true;
	b->shell.visit = (struct visit){.terminal = d->terminal,
		.dir = script_shell_dir(&b->env, &b->arena),
		.command = d->only ? d->command : NULL,
		.n_command = d->only ? d->n_command : 0};
	b->executor->ops->enter(b->executor, &b->shell.visit);
}

/* The stage */

static void greet(struct build *b)
{
	const struct build_debug *d = b->spec->debug;
	struct str dir = script_shell_dir(&b->env, &b->arena);

	if ((d->only && d->n_command) || !terminal_is_tty(d->terminal))
		return;
	if (d->only)
		say(b,
			"a shell in job '" STR_FMT
			"'; its commands are in $CILOCAL_SCRIPT, which is " STR_FMT
			"/script.sh. 'exit' ends it and removes all that was made for it",
			STR_ARG(b->spec->name), STR_ARG(dir));
	else
		say(b,
			"job '" STR_FMT
			"' failed (%s): a shell where its script ended; its commands are "
			"in $CILOCAL_SCRIPT, which is " STR_FMT
			"/script.sh. 'exit' lets the job go on "
			"to its end",
			STR_ARG(b->spec->name), b->result.text, STR_ARG(dir));
}

static void on_ready(void *arg, struct str words)
{
	struct build *b = arg;

	UNUSED(words);
	if (build_stopping(b) && !b->job_timed_out)
		return;
	greet(b);
	build_visit(b);
}

static void add_part(struct buf *out, const char *title, struct str one, const struct texts *t)
{
	size_t n = t ? t->n : one.n != 0;

	if (!n)
		return;
	buf_printf(out, "\n# %s\n", title);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, STR_FMT "\n", STR_ARG(str_trim(t ? t->v[i].s : one)));
}

/* The commands as a file that can be run as a whole, or read and typed line by line. */
static void commands_file(struct build *b, struct buf *out)
{
	const struct runner_config *c = b->host.config;

	buf_adds(out,
		"# The job's commands. All of them, as the job runs them: SHELL -e THIS-FILE,\n"
		"# with -o pipefail too where the shell is bash.\n");
	add_part(out, "pre_build_script", c->pre_build_script.v, NULL);
	add_part(out, "before_script", STR_NULL, b->spec->before_script);
	add_part(out, "script", STR_NULL, b->spec->script);
	add_part(out, "post_build_script", c->post_build_script.v, NULL);
	if (build_has_commands(b->spec->after_script)) {
		struct buf after = BUF_INIT;
		struct str_split it;
		struct str line;

		add_part(&after, "after_script, which runs in a shell of its own", STR_NULL,
			b->spec->after_script);
		it = str_split(str_trim(buf_str(&after)), '\n');
		buf_addc(out, '\n');
		for (bool first = true; str_split_next(&it, &line); first = false)
			buf_printf(out, "%s" STR_FMT "\n", first ? "" : "#\t", STR_ARG(line));
		buf_release(&after);
	}
}

static void on_terminal(void *arg)
{
	struct build *b = arg;
	struct script_spec s = {0};
	struct buf commands = BUF_INIT, body = BUF_INIT;

	b->shell.waits = false;
	build_start_talk(b, &s, on_ready);
	commands_file(b, &commands);
	script_wait_body(&body, script_shell_dir(&b->env, &b->arena), buf_str(&commands),
		!b->spec->debug->only);
	s.body = buf_str(&body);
	build_run_script(b, &s, "shell");
	buf_release(&commands);
	buf_release(&body);
}

void build_open_shell(struct build *b)
{
	build_hold_clocks(b);
	b->shell.waits = true;
	terminal_want(b->spec->debug->terminal, &b->shell.wait, on_terminal, b);
}

bool build_shell_stop(struct build *b)
{
	struct build_shell *s = &b->shell;
	struct outcome o;

	if (!s->waits) {
		/* A question that nobody will answer; a visitor is sent out by the executor. */
		if (!s->visiting)
			terminal_leave(&s->wait);
		return false;
	}
	s->waits = false;
	terminal_leave(&s->wait);
	build_release_clocks(b);
	build_step_done(b, outcome_fail(&o, FAIL_CANCELED, "canceled"));
	return true;
}
