/*
 * The question for manual jobs that block the pipeline: on a terminal the user plays them, with
 * variables where wanted, or leaves them. Drawn in the status block, so that the logs of other jobs
 * go on above it.
 *
 * Source: GitLab docs, "Create a job that must be run manually", "Add variables when you run a
 * manual job", `manual_confirmation` of the CI/CD YAML syntax reference.
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/core/terminal.h"
#include "emulator/log/console.h"
#include "emulator/log/live.h"
#include "pipeline/pipeline.h"

#include <signal.h>
#include <unistd.h>

/* Jobs that are listed at a time: each has a key. */
#define SHOWN          9
#define LINE_MAX_BYTES 4096
/* After Ctrl-Z: long enough for the process to have stopped before the mode is taken again. */
#define RESUME_MS 100

enum { KEY_CTRL_C = 3, KEY_CTRL_D = 4, KEY_CTRL_U = 21, KEY_CTRL_Z = 26, KEY_ESC = 27 };

enum ask_step {
	ASK_LIST,      /* several jobs: which */
	ASK_JOB,       /* one: play it, with variables, or not */
	ASK_CONFIRM,   /* it has a manual_confirmation */
	ASK_VARIABLES, /* NAME=VALUE, line by line */
};

struct ask {
	struct run *run; /* the top one */
	struct terminal *terminal;
	bool own;  /* the terminal is ours */
	bool open; /* we have it now */
	struct terminal_wait wait;
	struct loop_timer resume;
	VEC(struct job_run *) jobs; /* in the order in which they came */
	size_t at;                  /* the one that is asked about */
	enum ask_step step;
	bool all; /* all are to be played */
	struct buf line;
	const char *wrong; /* about the last key or line; NULL: nothing */
};

bool ask_is(const struct run *r, const struct terminal_wait *owner)
{
	return r->top->ask && &r->top->ask->wait == owner;
}

/* ---- what is shown ---- */

static void say(struct live *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(struct live *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vec_push(&l->prompt, arena_vprintf(&l->arena, fmt, ap));
	va_end(ap);
}

static void show_list(const struct ask *a, struct live *l)
{
	size_t n = MIN(a->jobs.n, (size_t)SHOWN);

	say(l, "The pipeline waits for %zu manual jobs:", a->jobs.n);
	for (size_t i = 0; i < n; i++)
		say(l, "  %zu  " STR_FMT " (stage " STR_FMT ")", i + 1,
			STR_ARG(a->jobs.v[i]->shown), STR_ARG(a->jobs.v[i]->job->stage));
	if (a->jobs.n > n)
		say(l, "  and %zu more", a->jobs.n - n);
	say(l, "1-%zu: choose one, a: play all, s: skip all: ", n);
}

static struct str confirmation(const struct ask *a, struct arena *to)
{
	const struct job_run *j = a->jobs.v[a->at];
	struct varset with;

	varset_init_on(&with, to, &j->job->vars);
	if (j->played)
		varset_add_all(&with, j->played);
	return expand(to, j->job->def->rare->manual_confirmation.s, &with, EXPAND_SERVER);
}

static void show_variables(const struct ask *a, struct live *l)
{
	const struct job_run *j = a->jobs.v[a->at];

	say(l, "Variables of " STR_FMT ", one a line; an empty line plays it:", STR_ARG(j->shown));
	for (size_t i = 0; j->played && i < j->played->n; i++)
		say(l, "  " STR_FMT, STR_ARG(j->played->v[i].key));
	if (a->wrong)
		say(l, "%s", a->wrong);
	say(l, "NAME=VALUE: %s", a->line.p);
}

void ask_fill(const struct run *top, struct live *l)
{
	const struct ask *a = top->ask;
	const struct job_run *j;

	if (!a || !a->open)
		return;
	j = a->jobs.v[a->at];
	switch (a->step) {
	case ASK_LIST:
		show_list(a, l);
		return;
	case ASK_JOB:
		say(l, "The pipeline waits for manual job " STR_FMT " (stage " STR_FMT ")",
			STR_ARG(j->shown), STR_ARG(j->job->stage));
		say(l, "p: play it, v: set variables first, s: skip it%s: ",
			a->jobs.n > 1 ? ", Esc: back" : "");
		return;
	case ASK_CONFIRM:
		say(l, STR_FMT, STR_ARG(confirmation(a, &l->arena)));
		say(l, "y: yes, run " STR_FMT ", n: no: ", STR_ARG(j->shown));
		return;
	case ASK_VARIABLES:
		show_variables(a, l);
		return;
	}
}

/* ---- what is done ---- */

static void next(struct ask *a)
{
	a->at = 0;
	a->all = a->all && a->jobs.n;
	a->step = a->jobs.n > 1 ? ASK_LIST : ASK_JOB;
	a->wrong = NULL;
	buf_clear(&a->line);
	if (a->jobs.n)
		return;
	a->open = false;
	terminal_leave(&a->wait);
}

/* It is asked about no more. */
static struct job_run *take(struct ask *a)
{
	struct job_run *j = a->jobs.v[a->at];

	a->jobs.n--;
	memmove(a->jobs.v + a->at, a->jobs.v + a->at + 1, (a->jobs.n - a->at) * sizeof(*a->jobs.v));
	j->run->asked--;
	return j;
}

static void play(struct ask *a)
{
	struct job_run *j = take(a);

	next(a);
	progress_play(j->run->progress, j->job->id);
	job_run_step(j, JOB_EV_READY);
	scheduler_wake(j->run);
}

static void skip(struct ask *a)
{
	struct job_run *j = take(a);

	next(a);
	scheduler_wake(j->run);
}

static bool needs_confirmation(const struct ask *a)
{
	return a->jobs.v[a->at]->job->def->rare->manual_confirmation.s.n > 0;
}

static void confirm_or_play(struct ask *a)
{
	if (needs_confirmation(a))
		a->step = ASK_CONFIRM;
	else
		play(a);
}

static void play_all(struct ask *a)
{
	while (a->all && a->jobs.n && a->step != ASK_CONFIRM)
		confirm_or_play(a);
}

static void add_variable(struct ask *a)
{
	struct job_run *j = a->jobs.v[a->at];
	struct arena *to = &j->run->arena;
	struct str line = buf_str(&a->line);
	size_t eq = str_chr(line, '=');
	struct str key = str_trim(str_sub(line, 0, MIN(eq, line.n)));
	struct var v = {.layer = VAR_MANUAL, .from = "manual job"};

	if (eq == STR_NPOS || !str_is_word(key)) {
		a->wrong = "A variable is NAME=VALUE, with letters, digits and _ in its name.";
		return;
	}
	if (!j->played) {
		j->played = arena_new(to, struct varset);
		varset_init(j->played, to);
	}
	v.key = arena_str(to, key);
	v.value = arena_str(to, str_from(line, eq + 1));
	varset_put(j->played, &v);
	buf_clear(&a->line);
}

/* ---- keys ---- */

static void key_list(struct ask *a, unsigned char c)
{
	size_t i = (size_t)(c - '1');

	if (c >= '1' && i < MIN(a->jobs.n, (size_t)SHOWN)) {
		a->at = i;
		a->step = ASK_JOB;
	} else if (c == 'a' || c == 'A') {
		a->all = true;
		play_all(a);
	} else if (c == 's' || c == 'S') {
		while (a->jobs.n)
			skip(a);
	}
}

static void key_job(struct ask *a, unsigned char c)
{
	if (c == 'p' || c == 'P')
		confirm_or_play(a);
	else if (c == 'v' || c == 'V')
		a->step = ASK_VARIABLES;
	else if (c == 's' || c == 'S')
		skip(a);
	else if (c == KEY_ESC)
		next(a);
}

static void key_confirm(struct ask *a, unsigned char c)
{
	if (c == 'y' || c == 'Y') {
		play(a);
		play_all(a);
	} else if (c == 'n' || c == 'N' || c == KEY_ESC) {
		a->all = false;
		next(a);
	}
}

static void key_line(struct ask *a, unsigned char c)
{
	struct buf *b = &a->line;

	a->wrong = NULL;
	if (c == '\r' || c == '\n') {
		if (b->n)
			add_variable(a);
		else
			confirm_or_play(a);
	} else if (c == 0x7f || c == '\b') {
		while (b->n && ((unsigned char)b->p[b->n - 1] & 0xc0) == 0x80)
			buf_truncate(b, b->n - 1);
		if (b->n)
			buf_truncate(b, b->n - 1);
	} else if (c == KEY_CTRL_U) {
		buf_clear(b);
	} else if (c == KEY_ESC) {
		next(a);
	} else if (c >= 0x20 && b->n < LINE_MAX_BYTES) {
		buf_addc(b, (char)c);
	}
}

static void on_terminal(void *arg);

static void on_resume(void *arg)
{
	struct ask *a = arg;

	if (a->jobs.n)
		on_terminal(a);
}

static void on_key(struct ask *a, unsigned char c)
{
	if (c == KEY_CTRL_C) {
		kill(getpid(), SIGINT);
	} else if (c == KEY_CTRL_Z) {
		a->open = false;
		terminal_close(a->terminal);
		loop_timer_start(a->run->session.loop, &a->resume, RESUME_MS, on_resume, a);
		kill(getpid(), SIGTSTP);
	} else if (c == KEY_CTRL_D) {
		while (a->jobs.n)
			skip(a);
	} else if (a->step == ASK_LIST) {
		key_list(a, c);
	} else if (a->step == ASK_JOB) {
		key_job(a, c);
	} else if (a->step == ASK_CONFIRM) {
		key_confirm(a, c);
	} else {
		key_line(a, c);
	}
}

static void on_input(void *arg, struct str bytes)
{
	struct ask *a = arg;

	/* A sequence of an arrow or function key is no answer; Esc alone is one. */
	if (bytes.n > 1 && bytes.p[0] == KEY_ESC)
		return;
	for (size_t i = 0; i < bytes.n && a->jobs.n; i++)
		on_key(a, (unsigned char)bytes.p[i]);
	console_refresh(a->run->console);
}

static void on_ended(void *arg)
{
	struct ask *a = arg;

	while (a->jobs.n)
		skip(a);
}

static void on_terminal(void *arg)
{
	struct ask *a = arg;

	a->open = true;
	terminal_open(a->terminal,
		&(struct terminal_use){
			.mode = TERMINAL_KEYS, .input = on_input, .ended = on_ended, .arg = a});
	console_refresh(a->run->console);
}

/* ---- from and to the run ---- */

void ask_open(struct run *r)
{
	if (!r->o->ask || !r->live)
		return;
	r->ask = arena_new(&r->arena, struct ask);
	r->ask->run = r;
	buf_init(&r->ask->line);
	r->ask->own = !r->terminal;
	r->ask->terminal = r->terminal ? r->terminal : terminal_new(r->session.loop);
}

void ask_about(struct job_run *j)
{
	struct ask *a = j->run->top->ask;

	/* Who runs in the background would be stopped for asking. */
	if (!a || j->run->state != RUN_GOING || !terminal_is_tty(a->terminal) ||
		tcgetpgrp(STDIN_FILENO) != getpgrp() ||
		progress_allow_failure(j->run->progress, j->job->id))
		return;
	vec_push(&a->jobs, j);
	j->run->asked++;
	if (a->jobs.n == 1)
		next(a);
	else if (a->step == ASK_JOB && a->jobs.n == 2)
		a->step = ASK_LIST;
	if (!a->wait.terminal)
		terminal_want(a->terminal, &a->wait, on_terminal, a);
	console_touch(a->run->console);
}

void ask_forget(struct run *r)
{
	struct ask *a = r->top->ask;

	for (size_t i = 0; a && i < a->jobs.n;) {
		if (a->jobs.v[i]->run != r) {
			i++;
			continue;
		}
		a->at = i;
		take(a);
	}
	if (a)
		next(a);
}

void ask_close(struct run *r)
{
	struct ask *a = r->ask;

	if (!a)
		return;
	loop_timer_stop(&a->resume);
	terminal_leave(&a->wait);
	if (a->own)
		terminal_free(a->terminal);
	vec_release(&a->jobs);
	buf_release(&a->line);
	r->ask = NULL;
}
