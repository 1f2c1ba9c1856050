#include "base/base.h"
#include "emulator/gitlab/environment.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/log/console.h"
#include "emulator/store/environment_record.h"
#include "config/duration.h"
#include "pipeline/pipeline.h"
#include "vars/facts.h"
#include "vars/predefined.h"

#include <time.h>

#define SHOWN_OVERDUE 3

/* What a change writes; everything else of the record stays. */
struct change {
	struct job_run *j;
	const struct environment_def *def;
	struct str url, tier;
	bool expires; /* auto_stop_in was written */
	double auto_stop, now;
};

/* Pipelines of other projects write into those. */
static const char *state_dir(struct run *r, struct error *err)
{
	struct store s;
	const char *dir;

	if (store_open(&s, run_store_root(r), true, err))
		return NULL;
	dir = arena_str(&r->arena, str_c(s.root)).p;
	store_release(&s);
	return dir;
}

static double now_s(const struct run *r)
{
	return (double)loop_wall_ms(r->session.loop) / 1000;
}

/* GitLab, app/models/concerns/ci/deployable.rb and docs "CI/CD YAML syntax", environment:action. */
static struct str action_of(const struct environment_def *def)
{
	return def->action.s.n ? def->action.s : STR("start");
}

/*
 * All that the job knew, with what it left in its dotenv report: the same set that GitLab expands
 * the URL with once the job is over.
 */
static void sorted_vars(struct job_run *j, struct varset *out)
{
	struct varset *all = arena_new(&j->arena, struct varset);
	struct str cycle;

	varset_init_on(all, &j->arena, &j->job->vars);
	if (j->extra)
		varset_add_all(all, j->extra);
	if (j->has_dotenv)
		varset_add_all(all, &j->dotenv);
	varset_sort_and_expand(&j->arena, all, false, out, &cycle);
}

/* ---- before a job ---- */

static void on_begin(void *arg, struct environment_record *e)
{
	struct change *c = arg;

	e->slug = c->j->job->environment_slug;
	if (e->created < 0)
		e->created = c->now;
	if (!e->tier.n)
		e->tier = c->tier;
	if (e->auto_stop < 0 && !e->deployments && c->expires)
		e->auto_stop = c->auto_stop;
}

/* "1 day" to a time; "never" and nothing to -1. False where nothing was written. */
static bool auto_stop_at(struct job_run *j, const struct environment_def *def,
	const struct varset *vars, double now, double *at)
{
	struct str text = expand(&j->arena, def->auto_stop_in.s, vars, EXPAND_SERVER);
	int64_t seconds;

	*at = -1;
	if (!text.n)
		return false;
	if (str_ieq(text, STR("never")))
		return true;
	if (!duration_parse(text, &seconds)) {
		run_message(j->run, DIAG_WARNING,
			"job '" STR_FMT "': environment:auto_stop_in is no duration: '" STR_FMT "'",
			STR_ARG(j->shown), STR_ARG(text));
		return false;
	}
	*at = now + (double)seconds;
	return true;
}

static struct str tier_of(
	struct job_run *j, const struct environment_def *def, const struct varset *vars)
{
	struct str tier = expand(&j->arena, def->deployment_tier.s, vars, EXPAND_SERVER);

	return tier.n ? tier : str_c(environment_tier(j->job->environment_name));
}

static void put_url(struct varset *extra, struct str url)
{
	struct var v = {.key = STR("CI_ENVIRONMENT_URL"),
		.value = url,
		.from = "environment",
		.layer = VAR_ENVIRONMENT};

	if (url.n)
		varset_put(extra, &v);
}

/* What the record would be; who only looks changes none. */
static int look_up(
	struct job_run *j, const char *dir, struct environment_record *out, struct error *err)
{
	struct environment_list l;
	const struct environment_record *e;

	if (environment_list_read(dir, &j->arena, &l, err))
		return -1;
	e = environment_find(&l, j->job->environment_name);
	*out = e ? *e : (struct environment_record){.id = l.n + 1};
	return 0;
}

int environment_begin(struct job_run *j, struct varset *extra, struct error *err)
{
	const struct environment_def *def = j->job->def->environment;
	struct environment_record now = {0};
	struct change c = {.j = j, .def = def, .now = now_s(j->run)};
	struct varset vars;
	const char *dir;

	memset(&j->environment, 0, sizeof(j->environment));
	if (!def || !j->job->environment_name.n)
		return 0;
	dir = state_dir(j->run, err);
	if (!dir)
		return -1;
	sorted_vars(j, &vars);
	c.tier = tier_of(j, def, &vars);
	c.expires = auto_stop_at(j, def, &vars, c.now, &c.auto_stop);
	if (j->run->o->shell ? look_up(j, dir, &now, err)
			     : environment_change(dir, j->job->environment_name, on_begin, &c,
				       &j->arena, &now, err))
		return -1;
	j->environment.id = now.id;
	put_url(extra, def->url.s.n ? def->url.s : now.url);
	return 0;
}

/* ---- after a job ---- */

static bool passed(const struct job_run *j)
{
	if (j->job->def->trigger)
		return j->downstream == STATUS_SUCCESS;
	return j->has_result && j->result.status == BUILD_SUCCESS;
}

static void deployed(const struct change *c, struct environment_record *e)
{
	const struct facts *f = c->j->run->p->facts;

	e->state = STR("available");
	e->deployments++;
	e->deployed = c->now;
	e->job = c->j->shown;
	e->run = str_c(c->j->run->top->folder.id);
	e->ref = f->ref_name;
	e->sha = f->sha;
	e->tier = c->tier;
	e->on_stop = c->def->on_stop.s;
	if (c->url.n)
		e->url = c->url;
}

/* GitLab, app/services/deployments/update_environment_service.rb; prepare and access prolong. */
static void on_finish(void *arg, struct environment_record *e)
{
	const struct change *c = arg;
	struct str action = action_of(c->def);

	if (str_is(action, "stop")) {
		e->state = STR("stopped");
		e->auto_stop = -1;
		return;
	}
	if (str_is(action, "start"))
		deployed(c, e);
	if (c->expires && !str_is(action, "verify"))
		e->auto_stop = c->auto_stop;
}

static void add_notes(struct job_run *j, const struct environment_record *e)
{
	const char *of = "environment";

	job_note_add(j, of, "name", e->name);
	job_note_add(j, of, "slug", e->slug);
	job_note_add(j, of, "action", action_of(j->job->def->environment));
	job_note_add(j, of, "state", e->state);
	job_note_add(j, of, "tier", e->tier);
	job_note_add(j, of, "url", e->url);
}

void environment_finish(struct job_run *j)
{
	const struct environment_def *def = j->job->def->environment;
	struct change c = {.j = j, .def = def, .now = now_s(j->run)};
	struct environment_record now;
	struct error err = ERROR_INIT;
	struct varset vars;
	const char *dir;

	if (!j->environment.id || j->run->o->shell || !passed(j))
		return;
	sorted_vars(j, &vars);
	c.url = job_run_masked(j, expand(&j->arena, def->url.s, &vars, EXPAND_SERVER));
	c.tier = tier_of(j, def, &vars);
	c.expires = auto_stop_at(j, def, &vars, c.now, &c.auto_stop);
	dir = state_dir(j->run, &err);
	if (!dir || environment_change(
			    dir, j->job->environment_name, on_finish, &c, &j->arena, &now, &err)) {
		run_message(
			j->run, DIAG_WARNING, "job '" STR_FMT "': %s", STR_ARG(j->shown), err.text);
		return;
	}
	j->environment.changed = true;
	add_notes(j, &now);
}

/* ---- what is shown ---- */

static struct str when_text(struct arena *a, double t)
{
	char text[40] = "";
	time_t s = (time_t)t;
	struct tm tm;

	if (localtime_r(&s, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm);
	return arena_str(a, str_c(text));
}

static void stop(void *arg, struct environment_record *e)
{
	const double *now = arg;

	/* Another run may have prolonged it meanwhile. */
	if (e->auto_stop < 0 || e->auto_stop > *now)
		return;
	e->state = STR("stopped");
	e->auto_stop = -1;
}

/*
 * Without a job for it, GitLab only marks the environment (app/models/environment.rb,
 * stop_with_actions!). A job that takes something down is started by its user alone: whoever runs
 * something else now does not expect it.
 */
static void auto_stop(const struct run *r, struct arena *a, const struct environment_record *e)
{
	struct str when = when_text(a, e->auto_stop);
	struct error err = ERROR_INIT;
	double now = now_s(r);

	if (e->on_stop.n)
		run_message(r, DIAG_NOTE,
			"environment '" STR_FMT "' was to be stopped at " STR_FMT
			" (auto_stop_in), which happens here only when you say so: 'cilocal "
			"run " STR_FMT "' stops it",
			STR_ARG(e->name), STR_ARG(when), STR_ARG(e->on_stop));
	else if (environment_change(r->store.root, e->name, stop, &now, a, NULL, &err))
		run_message(r, DIAG_WARNING, "%s", err.text);
	else
		run_message(r, DIAG_NOTE,
			"environment '" STR_FMT "' counts as stopped since " STR_FMT
			" (auto_stop_in)",
			STR_ARG(e->name), STR_ARG(when));
}

void environment_overdue(const struct run *r)
{
	struct arena a = ARENA_INIT;
	struct environment_list l;
	struct error err = ERROR_INIT;
	unsigned shown = 0;

	if (environment_list_read(r->store.root, &a, &l, &err))
		run_message(r, DIAG_WARNING, "%s", err.text);
	for (size_t i = 0; i < l.n && shown < SHOWN_OVERDUE; i++) {
		const struct environment_record *e = &l.v[i];

		if (!str_is(e->state, "available") || e->auto_stop < 0 || e->auto_stop > now_s(r))
			continue;
		shown++;
		auto_stop(r, &a, e);
	}
	arena_release(&a);
}

/* The job that stops it, if it is in this pipeline and has not run. */
static const struct job_run *stopper(const struct run *r, struct str name)
{
	for (size_t i = 0; name.n && i < r->p->n_jobs; i++)
		if (str_eq(r->p->jobs[i]->name, name))
			return r->jobs[i].attempt ? NULL : &r->jobs[i];
	return NULL;
}

static void show_stop(struct run *r, const struct environment_record *e)
{
	const struct job_run *stop = stopper(r, e->on_stop);

	if (stop && r->parent)
		run_line(r, "    to stop it: cilocal run --manual '" STR_FMT "'",
			STR_ARG(stop->shown));
	else if (stop)
		run_line(r, "    to stop it: cilocal run '" STR_FMT "'", STR_ARG(stop->shown));
}

static void show_one(struct run *r, const struct environment_record *e)
{
	struct str until = e->auto_stop < 0 ? STR_NULL : when_text(&r->arena, e->auto_stop);

	if (!str_is(e->state, "available") || !e->deployments) {
		run_line(r, "  environment " STR_FMT ": %s", STR_ARG(e->name),
			str_is(e->state, "available") ? "nothing was deployed yet" : "stopped");
		return;
	}
	run_line(r, "  environment " STR_FMT ": deployed by '" STR_FMT "'%s" STR_FMT "%s" STR_FMT,
		STR_ARG(e->name), STR_ARG(e->job), e->url.n ? ", " : "", STR_ARG(e->url),
		until.n ? ", to be stopped at " : "", STR_ARG(until));
	show_stop(r, e);
}

static bool touched(const struct run *r, struct str name)
{
	for (size_t i = 0; i < r->p->n_jobs; i++)
		if (r->plan.chosen[i] && r->jobs[i].environment.changed &&
			str_eq(r->p->jobs[i]->environment_name, name))
			return true;
	return false;
}

void environment_summary(struct run *r, bool *any)
{
	struct environment_list l;
	const char *dir = NULL;
	bool mine = false;

	for (size_t i = 0; r->console && !r->o->quiet && !mine && i < r->p->n_jobs; i++)
		mine = r->plan.chosen[i] && r->jobs[i].environment.changed;
	if (mine)
		dir = state_dir(r, NULL);
	if (!dir || environment_list_read(dir, &r->arena, &l, NULL))
		return;
	if (!*any)
		run_line(r, "%s", "");
	*any = true;
	for (size_t i = 0; i < l.n; i++)
		if (touched(r, l.v[i].name))
			show_one(r, &l.v[i]);
}
