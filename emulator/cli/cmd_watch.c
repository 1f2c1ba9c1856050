/*
 * `watch`: one loop that waits for files, the run's end and signals. A run is a process of its own
 * (`run` with the same options), so each begins as if it were typed anew.
 */
#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/cmd_run.h"
#include "emulator/cli/jobs.h"
#include "emulator/cli/load.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/core/proc.h"
#include "emulator/git/watch.h"
#include "emulator/gitlab/run.h"
#include "config/config.h"
#include "expr/glob.h"
#include "pipeline/pipeline.h"

#include <signal.h>

/* From a run's first signal to one that does without after_script. */
#define PATIENCE_MS 10000

/* One job that is watched. */
struct target {
	struct str name;
	VEC(struct str) patterns; /* of rules:changes; none: every file */
	bool pending, running;
};

struct watch {
	struct cli *c;
	struct repo repo;
	struct loop *loop;
	struct tree_watch *files;
	/* the definition, as it was read last */
	struct arena arena;
	VEC(struct target) targets; /* none: the whole pipeline */
	VEC(struct str) definition; /* its files, and those of settings */
	bool valid;
	/* what is going on */
	struct proc *child;
	struct loop_timer patience;
	bool all_pending, all_running, canceling;
	bool woken, said; /* said: what is waited for */
	int signum;
};

/* ---- the definition ---- */

/*
 * The patterns of rules:changes (of only:changes), where each rule that lets the job in has some:
 * then no other file matters to it.
 */
static void find_patterns(struct arena *a, struct target *t, const struct job *j)
{
	const struct rule_defs *rules = &j->def->rules;
	const struct texts *only = &j->def->rare->only->changes;
	for (size_t i = 0; i < rules->n; i++) {
		const struct rule_def *r = &rules->v[i];
		if (r->when == WHEN_NEVER)
			continue;
		for (size_t k = 0; r->changes && k < r->changes->paths.n; k++)
			vec_push_in(a, &t->patterns, arena_str(a, r->changes->paths.v[k].s));
		if (!r->changes) {
			t->patterns.n = 0;
			return;
		}
	}
	for (size_t i = 0; i < only->n; i++)
		vec_push_in(a, &t->patterns, arena_str(a, only->v[i].s));
}

static int find_targets(struct watch *w, struct cli *own, struct load *l)
{
	for (size_t i = 0; i < own->opt.n_args; i++) {
		struct job **jobs;
		size_t n;
		int code = jobs_find(own, l->pipeline, own->opt.args[i], true, &jobs, &n);
		if (code)
			return code;
		for (size_t k = 0; k < n; k++) {
			struct target t = {.name = arena_str(&w->arena, jobs[k]->name)};
			find_patterns(&w->arena, &t, jobs[k]);
			vec_push_in(&w->arena, &w->targets, t);
		}
	}
	return EXIT_OK;
}

/* A change in one of these concerns all jobs. */
static void find_files(struct watch *w, const struct load *l)
{
	static const char *const settings[] = {
		".cilocal.toml", ".cilocal-variables.yml", ".gitlab-ci-local-variables.yml"};
	vec_push_in(&w->arena, &w->definition, arena_str(&w->arena, l->facts.config_path));
	for (size_t i = 0; l->config && i < l->config->n_includes; i++)
		vec_push_in(
			&w->arena, &w->definition, arena_str(&w->arena, l->config->includes[i].s));
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		vec_push_in(&w->arena, &w->definition, str_c(settings[i]));
}

/*
 * Reads it, in memory of its own. An invalid one is shown as `lint` shows it, and is no failure.
 * Else an exit code that ends the command, or where it was valid before, is waited out.
 */
static int read_definition(struct watch *w)
{
	struct cli own = *w->c;
	struct load l;
	own.arena = (struct arena)ARENA_INIT;
	own.out = (struct buf)BUF_INIT;
	own.opt.cap = own.opt.n;
	arena_release(&w->arena);
	w->targets.v = NULL;
	w->definition.v = NULL;
	w->targets.n = w->targets.cap = w->definition.n = w->definition.cap = 0;
	int code = load_pipeline(&own, &l);
	w->valid = !code;
	if (l.config || code == EXIT_INVALID)
		find_files(w, &l);
	if (!code)
		code = find_targets(w, &own, &l);
	w->valid = w->valid && !code;
	/* With what they need, and in stages, the jobs belong together. */
	if (opt_flag(&own.opt, OPT_NEEDS) || opt_last(&own.opt, OPT_STAGE))
		w->targets.n = 0;
	load_release(&l);
	buf_release(&own.out);
	arena_release(&own.arena);
	tree_watch_also(w->files, w->definition.v, w->definition.n);
	return code == EXIT_INVALID ? EXIT_OK : code;
}

/* ---- runs ---- */

static void on_run_done(void *arg, struct error *err, const struct proc_result *r)
{
	struct watch *w = arg;
	if (err && r->exit_code == 0 && !r->term_signal)
		cli_error(w->c, "%s", err->text);
	w->child = NULL;
	w->canceling = false;
	loop_timer_stop(&w->patience);
	loop_stop(w->loop);
}

static bool is_argument(const struct cli *c, const char *word)
{
	for (size_t i = 0; i < c->opt.n_args; i++)
		if (c->opt.args[i] == word)
			return true;
	return false;
}

/* The command line with `run` in place of `watch`, and with these jobs. */
static const char **run_argv(struct watch *w, struct arena *a)
{
	struct cli *c = w->c;
	VEC(const char *) v = {0};
	vec_push_in(a, &v, "/proc/self/exe");
	for (char *const *p = c->argv + 1; *p; p++) {
		if (*p == c->opt.command)
			vec_push_in(a, &v, "run");
		else if (!is_argument(c, *p) && strcmp(*p, "--") != 0)
			vec_push_in(a, &v, *p);
	}
	vec_push_in(a, &v, "--");
	vec_each (const struct target *, t, &w->targets)
		if (t->running)
			vec_push_in(a, &v, arena_cstr(a, t->name));
	for (size_t i = 0; !w->targets.n && i < c->opt.n_args; i++)
		vec_push_in(a, &v, c->opt.args[i]);
	vec_push_in(a, &v, NULL);
	return v.v;
}

static bool is_pending(const struct watch *w)
{
	bool any = w->all_pending;
	vec_each (const struct target *, t, &w->targets)
		any |= t->pending;
	return any;
}

static void start_run(struct watch *w)
{
	struct arena a = ARENA_INIT;
	w->all_running = w->all_pending;
	vec_each (struct target *, t, &w->targets) {
		t->running = t->pending || w->all_pending;
		t->pending = false;
	}
	w->all_pending = false;
	w->said = false;
	/* In a group of its own: Ctrl-C at the terminal reaches it through us, once. */
	struct proc_options o = {.argv = run_argv(w, &a),
		.cwd = w->c->started_in,
		.inherit_output = true,
		.grace_ms = 60000,
		.done = on_run_done,
		.arg = w};
	w->child = proc_start(w->loop, &o);
	arena_release(&a);
}

static void on_impatient(void *arg)
{
	struct watch *w = arg;
	if (w->child && proc_pid(w->child) > 0)
		kill(proc_pid(w->child), SIGTERM);
}

/* The run ends in order, with after_script, and what it ran runs again. */
static void cancel_run(struct watch *w)
{
	if (!w->child || w->canceling)
		return;
	vec_each (struct target *, t, &w->targets)
		t->pending |= t->running;
	w->all_pending |= w->all_running;
	w->canceling = true;
	if (proc_pid(w->child) > 0)
		kill(proc_pid(w->child), SIGINT);
	loop_timer_start(w->loop, &w->patience, PATIENCE_MS, on_impatient, w);
}

static void on_signal(void *arg, int signum, unsigned count)
{
	struct watch *w = arg;
	UNUSED(count);
	if (!w->signum)
		w->signum = signum;
	if (w->child && proc_pid(w->child) > 0)
		kill(proc_pid(w->child), signum);
	loop_stop(w->loop);
}

/* ---- files ---- */

static void on_woken(void *arg)
{
	struct watch *w = arg;
	w->woken = true;
	loop_stop(w->loop);
}

static bool concerns(const struct target *t, struct str path)
{
	for (size_t i = 0; i < t->patterns.n; i++)
		/* What stands for a variable is not known before the pipeline is made. */
		if (str_chr(t->patterns.v[i], '$') != STR_NPOS ||
			glob_match_once(t->patterns.v[i], GLOB_FNMATCH, path))
			return true;
	return !t->patterns.n;
}

static bool is_definition(const struct watch *w, struct str path)
{
	vec_each (const struct str *, one, &w->definition)
		if (str_eq(*one, path))
			return true;
	return false;
}

static void say_changed(struct watch *w, const struct str_list *changed, bool definition)
{
	CLEANUP(buf_release) struct buf more = BUF_INIT;
	if (changed->n > 1)
		buf_printf(&more, " and %zu more", changed->n - 1);
	cli_note(w->c, "'" STR_FMT "'%s changed%s", STR_ARG(changed->v[0]), more.p,
		w->child     ? ": the run is canceled"
		: definition ? ": the definition is read again"
			     : "");
}

/* Which jobs run because of this; whether any does. */
static bool mark(struct watch *w, const struct str_list *changed)
{
	for (size_t i = 0; i < changed->n; i++) {
		w->all_pending |= !w->targets.n;
		vec_each (struct target *, t, &w->targets)
			t->pending |= concerns(t, changed->v[i]);
	}
	return is_pending(w);
}

static void look(struct watch *w)
{
	struct arena a = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct str_list changed;
	bool definition = false;
	w->woken = false;
	if (tree_watch_look(w->files, &a, &changed, &err)) {
		cli_warn(w->c, "%s", err.text);
		arena_release(&a);
		return;
	}
	for (size_t i = 0; i < changed.n; i++)
		definition |= is_definition(w, changed.v[i]);
	if (definition) {
		say_changed(w, &changed, true);
		cancel_run(w);
		read_definition(w);
		w->all_pending = w->valid;
		w->said = false;
		/* Files that it names since. */
		tree_watch_look(w->files, &a, &changed, &err);
	} else if (changed.n && w->valid && mark(w, &changed)) {
		say_changed(w, &changed, false);
		cancel_run(w);
	}
	arena_release(&a);
}

/* ---- what is waited for ---- */

static void put_targets(const struct watch *w, struct buf *out)
{
	if (!w->targets.n)
		buf_adds(out, " in any file");
	for (size_t i = 0; i < w->targets.n; i++) {
		const struct target *t = &w->targets.v[i];
		buf_printf(out, "%s '" STR_FMT "'", i ? "," : " for", STR_ARG(t->name));
		for (size_t k = 0; k < t->patterns.n; k++)
			buf_printf(out, "%s" STR_FMT "%s", k ? " " : " (",
				STR_ARG(t->patterns.v[k]), k + 1 == t->patterns.n ? ")" : "");
	}
}

/* false: not a single folder can be watched. */
static bool check_watched(struct watch *w)
{
	struct tree_watch_state s = tree_watch_state(w->files);
	if (!s.unwatched)
		return true;
	const char *what = s.why == UV_ENOSPC   ? "fs.inotify.max_user_watches"
			   : s.why == UV_EMFILE ? "fs.inotify.max_user_instances"
						: NULL;
	void (*say)(struct cli * c, const char *fmt, ...) = s.folders ? cli_warn : cli_error;
	if (what)
		say(w->c,
			"changes in %zu of %zu folders are not seen: the system's limit %s is "
			"reached; 'sudo sysctl %s=524288' raises it",
			s.unwatched, s.folders + s.unwatched, what, what);
	else
		say(w->c, "changes in %zu of %zu folders are not seen: %s", s.unwatched,
			s.folders + s.unwatched, uv_strerror(s.why));
	return s.folders > 0;
}

static void say_waiting(struct watch *w)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct tree_watch_state s = tree_watch_state(w->files);
	if (w->said)
		return;
	w->said = true;
	if (w->valid)
		put_targets(w, &out);
	else
		buf_printf(&out, " of '" STR_FMT "', which is invalid",
			STR_ARG(w->definition.n ? w->definition.v[0] : STR(".gitlab-ci.yml")));
	cli_note(w->c, "waiting for changes%s (%zu files; Ctrl-C ends)", out.p, s.files);
}

/* ---- the whole ---- */

static int wait_and_run(struct watch *w)
{
	while (!w->signum || w->child) {
		if (!w->child && w->valid && !w->signum && is_pending(w))
			start_run(w);
		else if (!w->child)
			say_waiting(w);
		loop_run(w->loop);
		if (w->woken && !w->signum)
			look(w);
	}
	return w->signum == SIGINT ? RUN_EXIT_SIGINT : RUN_EXIT_SIGTERM;
}

static int begin(struct watch *w, struct error *err)
{
	struct arena a = ARENA_INIT;
	struct str_list none;
	int code = read_definition(w);
	if (!code && tree_watch_look(w->files, &a, &none, err))
		code = cli_fail(w->c, err);
	if (!code && !check_watched(w))
		code = EXIT_SURROUNDINGS;
	arena_release(&a);
	w->all_pending = w->valid;
	return code ? code : wait_and_run(w);
}

static int run(struct cli *c)
{
	struct error err = ERROR_INIT;
	struct watch w = {.c = c, .arena = ARENA_INIT};
	struct run_options typed = {.pull = -1};
	int code = run_options_check(c, &typed);
	if (code)
		return code;
	if (repo_open(&w.repo, NULL, &err))
		return cli_fail(c, &err);
	w.loop = loop_new(&err);
	if (!w.loop || loop_on_signal(w.loop, on_signal, &w, &err)) {
		code = cli_fail(c, &err);
	} else {
		w.files = tree_watch_new(w.loop, &w.repo, on_woken, &w);
		code = begin(&w, &err);
	}
	loop_timer_stop(&w.patience);
	tree_watch_free(w.files);
	if (w.loop && loop_free(w.loop, &err))
		cli_error(c, "%s", err.text);
	arena_release(&w.arena);
	repo_release(&w.repo);
	return code;
}

const struct cmd cmd_watch = {
	.id = CMD_watch,
	.args = "[JOB...]",
	.summary = "run jobs, and again when files that they depend on change",
	.details =
		"Runs the jobs as `run` does, then waits for files that git tracks to change "
		"(uncommitted changes count, ignored and untracked files do not; `git add` makes a "
		"new file one that counts). Of the named jobs those run again that the file "
		"concerns: for a job whose rules all have 'changes' their patterns, for others any "
		"file. Without JOB the whole pipeline runs again; so do all the named jobs with "
		"--needs or --stage.\n"
		"A change while jobs run cancels them as Ctrl-C would (scripts stop, after_script "
		"runs, everything is taken down), then they begin anew. When the definition, a "
		"file "
		"that it includes, or a file of settings or variables in the project changes, it "
		"is "
		"read again; an invalid one is shown as by `lint`, and its next change is waited "
		"for. Questions for manual jobs are not asked: name them with --manual.\n"
		"Ctrl-C ends it, with exit code 130.",
	.kind = ARG_JOBS,
	.max_args = SIZE_MAX,
	.run = run,
};
