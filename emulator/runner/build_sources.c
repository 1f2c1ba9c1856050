/*
 * The stage get_sources. The Runner fetches from GitLab in a helper container; here the files come
 * from the work tree, so the scripts around it run where the job's own script runs.
 *
 * Source: GitLab Runner, shells/abstract.go (writeGetSourcesScript).
 */
#include "base/base.h"
#include "emulator/runner/build_internal.h"
#include "emulator/core/error.h"
#include "emulator/git/snapshot.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/runner_config.h"
#include "emulator/runner/script.h"

static struct str strategy(const struct build *b)
{
	return job_env_get(&b->env, "GIT_STRATEGY");
}

static bool skips(const struct build *b)
{
	struct str s = strategy(b);

	return str_is(s, "none") || str_is(s, "empty") || !b->host.sources;
}

bool build_wants_sources(const struct build *b)
{
	return !skips(b) && !b->sources.view.empty;
}

bool build_sources_again(const struct build *b)
{
	return b->sources.failed > 0;
}

const struct sources_view *build_sources_view(const struct build *b)
{
	return &b->sources.view;
}

/* True where the stage goes on; else the answer was passed on. */
static bool went_well(struct build *b)
{
	struct outcome o = b->outcome;

	if (o.reason == FAIL_NONE && build_stopping(b))
		outcome_fail(&o, FAIL_CANCELED, "canceled");
	if (o.reason == FAIL_NONE)
		return true;
	build_step_done(b, &o);
	return false;
}

static void run_hook(struct build *b, struct str config, const struct texts *job)
{
	struct script_spec s = {.pre = config};

	if (b->spec->executor == EXECUTOR_DOCKER)
		job_log_println(b->log, "The scripts around the sources run in the job's own "
					"container here, not in a helper's");
	build_add_commands(b, &s, job);
	build_run_script(b, &s, "get_sources");
}

/* After */

static void note_untracked(struct build *b, const struct snapshot *s)
{
	struct buf names = BUF_INIT;
	size_t shown = MIN(s->n_untracked, ARRAY_SIZE(s->untracked));

	for (size_t i = 0; i < shown; i++)
		buf_printf(&names, "%s" STR_FMT, i ? ", " : "", STR_ARG(s->untracked[i]));
	if (s->n_untracked > shown)
		buf_printf(&names, " and %zu more", s->n_untracked - shown);
	job_log_warnln(b->log,
		"not in the sources, because git does not track them: " STR_FMT
		" (`git add` takes them in)",
		STR_ARG(buf_str(&names)));
	buf_release(&names);
}

static void note_pointers(struct build *b, const struct snapshot *s)
{
	job_log_warnln(b->log,
		"Git LFS: the content of %zu file%s is not in this clone, so the job has "
		"the pointer%s (" STR_FMT "%s); `git lfs pull` gets what GitLab's jobs have",
		s->n_pointers, s->n_pointers == 1 ? "" : "s", s->n_pointers == 1 ? "" : "s",
		STR_ARG(s->pointer), s->n_pointers == 1 ? "" : " ...");
}

static void show_modules(struct build *b, const struct snapshot *s)
{
	for (size_t i = 0; i < s->modules.n; i++) {
		const struct submodule *m = &s->modules.v[i];

		if (!sources_has_module(b->host.sources, &b->sources.view, i))
			continue;
		if (m->missing)
			job_log_warnln(b->log,
				"submodule '" STR_FMT "' is not checked out here, so its folder is "
				"empty; `git submodule update --init --recursive` gets it",
				STR_ARG(m->path));
		else
			job_log_println(b->log, "Submodule '" STR_FMT "' as it is checked out here",
				STR_ARG(m->path));
	}
}

static void got(struct build *b)
{
	const struct runner_config *c = b->host.config;
	const struct snapshot *s;
	struct outcome ok = OUTCOME_OK;

	if (!went_well(b))
		return;
	s = sources_snapshot(b->host.sources);
	if (s) {
		show_modules(b, s);
		if (sources_take_note(b->host.sources)) {
			if (s->n_pointers)
				note_pointers(b, s);
			if (s->n_untracked)
				note_untracked(b, s);
		}
	}
	if (c->post_get_sources_script.v.n)
		run_hook(b, c->post_get_sources_script.v, NULL);
	else
		build_step_done(b, &ok);
}

/* The sources */

static void get(struct build *b)
{
	b->then = got;
	b->executor->ops->get_sources(b->executor);
}

static void cut_history(uv_work_t *w)
{
	struct build *b = container_of(w, struct build, files.work);

	sources_shallow(b->host.sources, (unsigned)b->sources.depth, &b->sources.shallow,
		&b->sources.error);
}

static void on_cut(uv_work_t *w, int status)
{
	struct build *b = container_of(w, struct build, files.work);
	struct outcome o;

	UNUSED(status);
	if (error_is(&b->sources.error)) {
		outcome_fail(&o, FAIL_RUNNER_SYSTEM, "%s", b->sources.error.text);
		o.surroundings = true;
		build_step_done(b, &o);
	} else if (build_stopping(b)) {
		build_step_done(b, outcome_fail(&o, FAIL_CANCELED, "canceled"));
	} else {
		b->sources.view.shallow = buf_str(&b->sources.shallow);
		get(b);
	}
}

static void say(struct build *b)
{
	const struct build_spec *s = b->spec;
	const struct build_sources *g = &b->sources;

	job_log_infoln(b->log, "%s",
		sources_committed(b->host.sources)
			? "Taking the commit, without the work tree's changes..."
			: "Taking the work tree with its uncommitted changes...");
	if (g->depth)
		job_log_infoln(b->log, "History cut to git depth %" PRId64 "...", g->depth);
	if (g->view.git_only)
		job_log_infoln(b->log, "Skipping Git checkout");
	else
		job_log_infoln(b->log,
			"Checking out " STR_FMT " as detached HEAD (ref is " STR_FMT ")...",
			STR_ARG(str_sub(s->sha, 0, 8)), STR_ARG(s->ref));
	job_log_raw(b->log, "\n");
	if (!g->view.submodules)
		job_log_infoln(b->log, "Skipping Git submodules setup");
	else
		job_log_infoln(b->log, "Updating/initializing submodules%s...",
			g->view.submodules > 1 ? " recursively" : "");
}

static void fetch(struct build *b)
{
	struct outcome o;

	b->sources.view = b->sources.wanted;
	b->sources.error = ERROR_INIT;
	buf_clear(&b->sources.shallow);
	say(b);
	if (!b->sources.depth) {
		get(b);
		return;
	}
	if (uv_queue_work(loop_uv(b->host.loop), &b->files.work, cut_history, on_cut)) {
		outcome_fail(&o, FAIL_RUNNER_SYSTEM, "cannot start a worker thread");
		build_step_done(b, &o);
	}
}

static void hooks_done(struct build *b)
{
	if (went_well(b))
		fetch(b);
}

static void folder_made(struct build *b)
{
	if (!went_well(b))
		return;
	b->then = hooks_done;
	run_hook(b, b->host.config->pre_get_sources_script.v, b->spec->pre_get_sources_script);
}

/* The second attempt */

bool build_wants_clear(const struct build *b)
{
	return b->sources.failed == 1;
}

/*
 * The Runner's git has all of the last attempt but its .git folder removed; here the next attempt
 * brings that folder, too. Source: GitLab Runner, shells/abstract.go (writeClearWorktreeScript).
 */
void build_clear_worktree(struct build *b)
{
	struct script_spec s = {
		.body = STR("printf '%s\\n' '" ANSI_GREEN
			    "Deleting tracked and untracked files..." ANSI_RESET "'\n"
			    "for f in .* *; do case $f in .|..) ;;"
			    " *) rm -rf -- \"./$f\" ;; esac; done\n")};
	struct outcome ok = OUTCOME_OK;

	if (b->executor->ops->owns_tree && !b->executor->ops->owns_tree(b->executor)) {
		job_log_println(b->log, "The runner configuration mounts something in the project "
					"directory: nothing is deleted");
		build_step_done(b, &ok);
		return;
	}
	build_run_script(b, &s, "clear_worktree");
}

/* Settings */

static int64_t depth(struct build *b)
{
	struct str text = job_env_get(&b->env, "GIT_DEPTH");
	uint64_t n = 0;

	if (!text.n)
		return 0;
	if (!parse_u64(text, &n) || n > INT32_MAX) {
		job_log_warnln(b->log,
			"GIT_DEPTH: expected int got \"" STR_FMT "\", using default value: 0",
			STR_ARG(text));
		return 0;
	}
	return (int64_t)n;
}

/* 0, or -1 where the Runner refuses the job. */
static int plain_view(const struct build *b, struct sources_view *v)
{
	struct str modules = job_env_get(&b->env, "GIT_SUBMODULE_STRATEGY");

	*v = (struct sources_view){.submodule_paths = job_env_get(&b->env, "GIT_SUBMODULE_PATHS")};
	v->git_only = !job_env_bool(&b->env, "GIT_CHECKOUT", true);
	if (str_is(modules, "normal"))
		v->submodules = 1;
	else if (str_is(modules, "recursive"))
		v->submodules = UINT_MAX;
	else if (modules.n && !str_is(modules, "none"))
		return -1;
	return 0;
}

static bool has_hooks_before(const struct build *b)
{
	return b->host.config->pre_get_sources_script.v.n ||
	       build_has_commands(b->spec->pre_get_sources_script);
}

bool build_sources_planned(const struct build *b, struct sources_view *out)
{
	return !skips(b) && !has_hooks_before(b) && !plain_view(b, out);
}

static int read_view(struct build *b, struct sources_view *v)
{
	if (plain_view(b, v))
		return -1;
	b->sources.depth = depth(b);
	return 0;
}

void build_get_sources(struct build *b)
{
	struct outcome o;

	if (!build_names_exportable(b)) {
		build_helper_failed(b);
		return;
	}
	b->sources.view = (struct sources_view){0};
	if (skips(b)) {
		job_log_infoln(b->log, "%s",
			str_is(strategy(b), "empty") ? "Skipping Git repository setup and creating "
						       "an empty build directory"
						     : "Skipping Git repository setup");
		b->sources.view.empty = true;
		b->executor->ops->get_sources(b->executor);
		return;
	}
	if (read_view(b, &b->sources.wanted)) {
		build_step_done(
			b, outcome_fail(&o, FAIL_RUNNER_SYSTEM, "unknown GIT_SUBMODULE_STRATEGY"));
		return;
	}
	if (!has_hooks_before(b)) {
		fetch(b);
		return;
	}
	b->sources.view.empty = true;
	b->then = folder_made;
	b->executor->ops->get_sources(b->executor);
}
