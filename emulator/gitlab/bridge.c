/*
 * Trigger jobs: make a pipeline, run it in the same loop, end as it ends. The rules are GitLab's
 * (app/services/ci/create_downstream_pipeline_service.rb and GitLab docs, "Downstream pipelines").
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/gitlab/run_setup.h"
#include "emulator/gitlab/id_token.h"
#include "emulator/core/trace.h"
#include "emulator/log/console.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/layers.h"
#include "emulator/runner/sources.h"
#include "emulator/store/archive.h"
#include "pipeline/pipeline.h"
#include "pipeline/trigger.h"
#include "vars/facts.h"

#include <unistd.h>

#define MAX_DEPTH    2    /* levels of child pipelines */
#define MAX_RUNS     1000 /* pipelines of one family */
#define MAX_SAME     2    /* times that one project, ref and source are above each other */
#define MAX_ARTIFACT ((size_t)5 << 20)
/* Ids of pipelines: those of a family are the first one's with three more digits. */
#define IDS_OF_FAMILY 1000

static void on_end(void *arg)
{
	job_run_step(arg, JOB_EV_BUILT);
}

/* The attempt has its result; it is delivered on the next turn. */
static void end(struct job_run *j, enum job_status status)
{
	if (j->fail.loop)
		return;
	j->downstream = status;
	j->result.status = status == STATUS_FAILED     ? BUILD_FAILED
			   : status == STATUS_CANCELED ? BUILD_CANCELED
						       : BUILD_SUCCESS;
	j->has_result = true;
	j->waits = false;
	loop_post(j->run->session.loop, &j->fail, on_end, j);
}

static PRINTF_LIKE(3, 4) void fail(struct job_run *j, const char *word, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(j->result.text, sizeof(j->result.text), fmt, ap);
	va_end(ap);
	j->result.reason = FAIL_SCRIPT;
	j->word = word;
	job_log_errorln(j->log, "Job failed: %s", j->result.text);
	end(j, STATUS_FAILED);
}

/* ---- what it may use of other jobs ---- */

static struct job_run *job_by_name(struct run *r, struct str name)
{
	for (size_t i = 0; i < r->p->n_jobs; i++)
		if (r->plan.chosen[i] && str_eq(r->p->jobs[i]->name, name))
			return &r->jobs[i];
	return NULL;
}

static uint64_t id_of(const struct run *r)
{
	return r->p->facts->pipeline_id ? r->p->facts->pipeline_id : 1;
}

struct job_run *bridge_find_job(struct run *r, struct str pipeline_id, struct str job)
{
	uint64_t id = 0;

	if (!parse_u64(pipeline_id, &id))
		return NULL;
	for (struct run *c = r->top; c; c = c->next) {
		struct job_run *found = c != r && id_of(c) == id ? job_by_name(c, job) : NULL;

		if (found && found->state == JOB_DONE && job_run_status(found) == STATUS_SUCCESS)
			return found;
	}
	return NULL;
}

/* One file out of what a job left, unpacked into a folder of the run that goes again at once. */
static int read_artifact(
	struct job_run *dep, struct str path, struct arena *a, struct str *text, struct error *err)
{
	struct run *r = dep->run;
	const char *dir = store_job_path(&r->top->folder, a, dep->slug, "include", err);
	int rc = -1;

	if (!dir)
		return -1;
	if (!archive_tar_unpack(arena_cstr(a, dep->archive), dir, err))
		rc = store_read_file(arena_printf(a, "%s/" STR_FMT, dir, STR_ARG(path)).p, a,
			MAX_ARTIFACT, text, err);
	store_remove_tree(dir, NULL);
	return rc;
}

/* GitLab, lib/gitlab/ci/config/external/file/artifact.rb. */
static int on_artifact(void *arg, struct str job, struct str path, struct arena *a,
	struct str *text, struct str *why)
{
	struct job_run *j = arg, *dep = job_by_name(j->run, job);
	struct error err = ERROR_INIT;

	if (!dep || dep->state != JOB_DONE) {
		*why = arena_printf(a, "job '" STR_FMT "' has not run in this run", STR_ARG(job));
		return -1;
	}
	if (!dep->archive.n) {
		*why = arena_printf(a, "job '" STR_FMT "' left no artifacts", STR_ARG(job));
		return -1;
	}
	if (!read_artifact(dep, path, a, text, &err))
		return 0;
	*why = arena_printf(
		a, "it is not in the artifacts of job '" STR_FMT "' (%s)", STR_ARG(job), err.text);
	return -1;
}

/* ---- whether it may start one ---- */

static unsigned same_above(const struct run *r, struct str project, struct str ref)
{
	unsigned n = 0;

	for (; r; r = r->parent)
		if (!str_is(r->p->facts->source, "parent_pipeline") &&
			str_eq(r->p->facts->project_path, project) &&
			str_eq(r->p->facts->ref_name, ref))
			n++;
	return n;
}

static bool may_start(struct job_run *j, const struct trigger_target *t)
{
	struct run *r = j->run;

	if (!t->child && str_eq(t->project, r->p->facts->project_path))
		fail(j, "invalid_bridge_trigger",
			"a project can't trigger itself; 'trigger:include' starts a child "
			"pipeline");
	else if (t->child && r->depth >= MAX_DEPTH)
		fail(j, "reached_max_descendant_pipelines_depth",
			"more than %d levels of child pipelines", MAX_DEPTH);
	else if (r->top->n_runs >= MAX_RUNS)
		fail(j, "reached_max_pipeline_hierarchy_size",
			"more than %d pipelines in one family", MAX_RUNS);
	else
		return true;
	return false;
}

/* ---- starting it ---- */

/* The words of --manual that are for it: "*" and "bridge > job". */
static void manual_words(struct run *c, const struct run_options *from, struct run_options *o)
{
	struct str *words = arena_array(&c->arena, struct str, from->n_manual + 1);
	struct str start =
		arena_printf(&c->arena, STR_FMT BRIDGE_ARROW, STR_ARG(c->bridge->job->name));

	o->manual = words;
	o->n_manual = 0;
	for (size_t i = 0; i < from->n_manual; i++) {
		if (str_is(from->manual[i], "*"))
			words[o->n_manual++] = from->manual[i];
		else if (str_starts(from->manual[i], start))
			words[o->n_manual++] = str_from(from->manual[i], start.n);
	}
}

static void set_options(struct run *c, const struct downstream *d)
{
	struct run_options *o = arena_new(&c->arena, struct run_options);

	*o = *c->parent->o;
	o->jobs = o->stages = NULL;
	o->n_jobs = o->n_stages = 0;
	o->n_from = o->n_until = 0;
	o->resume = NULL;
	o->needs = false;
	manual_words(c, c->parent->o, o);
	if (d->repo)
		o->repo = d->repo;
	if (d->root)
		o->root = d->root;
	c->o = o;
}

/* Everything that its jobs need is the parent's; the work tree of another project is its own. */
static void share(struct run *c, const struct downstream *d)
{
	struct run *p = c->parent;
	size_t n = c->top->n_runners;

	c->session = p->session;
	c->store = p->store;
	c->folder = p->folder;
	c->has_store = c->has_folder = true;
	c->hosts = arena_array(&c->arena, struct build_host, n);
	memcpy(c->hosts, p->hosts, n * sizeof(*c->hosts));
	c->sources = p->sources;
	memcpy(c->logins, p->logins, sizeof(c->logins));
	c->n_logins = p->n_logins;
	c->console = p->console;
	c->events = p->events;
	if (!d->repo)
		return;
	c->sources = sources_new(c->session.loop, d->repo);
	c->own_sources = true;
	for (size_t i = 0; i < n; i++) {
		c->hosts[i].sources = c->sources;
		c->hosts[i].project_root = d->root;
		c->hosts[i].cache_dir = arena_printf(&c->arena, "%s/.cilocal/cache", d->root).p;
		c->hosts[i].slots_dir = arena_printf(&c->arena, "%s/.cilocal/slots", d->root).p;
	}
	run_setup_layers(c, d->root);
}

static struct run *new_child(struct job_run *j, const struct downstream *d, bool child)
{
	struct run *r = j->run, *c = xcalloc(1, sizeof(*c)), **at = &r->top->next;

	arena_init(&c->arena);
	c->top = r->top;
	c->parent = r;
	c->bridge = j;
	c->made = d->made;
	c->depth = child ? r->depth + 1 : 0;
	c->p = pipeline_ref(d->pipeline);
	c->prefix = arena_printf(&c->arena, STR_FMT BRIDGE_ARROW, STR_ARG(j->shown));
	set_options(c, d);
	share(c, d);
	while (*at)
		at = &(*at)->next;
	*at = c;
	return c;
}

/* A child whose rules leave nothing is a failure to make it, as on GitLab. */
static int begin(struct job_run *j, struct run *c)
{
	struct error err = ERROR_INIT;

	if (c->p->refusal.n) {
		fail(j, "downstream_pipeline_creation_failed",
			"downstream pipeline can not be created, " STR_FMT, STR_ARG(c->p->refusal));
		return -1;
	}
	if (plan_make(&c->plan, &c->arena, c->p, c->o, &err)) {
		fail(j, "downstream_pipeline_creation_failed",
			"downstream pipeline can not be created, %s", err.text);
		return -1;
	}
	if (id_tokens_prepare(c, &err)) {
		fail(j, "downstream_pipeline_creation_failed", "%s", err.text);
		return -1;
	}
	c->started_ms = loop_now(c->session.loop);
	c->started = (double)loop_wall_ms(c->session.loop) / 1000;
	run_make_jobs(c);
	return 0;
}

static void start(struct job_run *j, struct run *c, const struct trigger_target *t)
{
	j->child = c;
	j->waits = t->strategy != TRIGGER_NONE;
	job_log_println(j->log, "Started a %s pipeline of %zu job%s%s",
		t->child ? "child" : "downstream", c->plan.n, c->plan.n == 1 ? "" : "s",
		j->waits ? "" : "; its end does not matter to this job");
	run_words_find(c);
	run_warn_unused(c);
	show_pipeline_start(c);
	show_record(c);
	scheduler_start(c);
	if (!j->waits)
		end(j, STATUS_SUCCESS);
}

/* Not on this machine: what depends on it can't be known. */
static void skip(struct job_run *j, const struct trigger_target *t)
{
	struct run *r = j->run;

	run_message(r, DIAG_WARNING,
		"job '" STR_FMT "' is skipped: project '" STR_FMT
		"' is not on this machine; name a clone of it in the configuration: "
		"[cilocal.projects] \"" STR_FMT "\" = \"/path/of/the/clone\"",
		STR_ARG(j->shown), STR_ARG(t->project), STR_ARG(t->project));
	job_log_println(j->log, "Skipped: [cilocal.projects] names no clone of " STR_FMT,
		STR_ARG(t->project));
	end(j, STATUS_SKIPPED);
}

static bool loops(const struct job_run *j, const struct pipeline *p)
{
	return same_above(j->run, p->facts->project_path, p->facts->ref_name) >= MAX_SAME;
}

static void release(struct run *c)
{
	const struct run_options *o = c->top->o;

	for (size_t i = 0; c->jobs && i < c->p->n_jobs; i++)
		job_run_release(&c->jobs[i]);
	scheduler_release(c);
	loop_timer_stop(&c->record_timer);
	free(c->jobs);
	progress_free(c->progress);
	if (c->own_sources) {
		run_release_layers(c);
		sources_free(c->sources);
	}
	pipeline_unref(c->p);
	if (o->downstream_free)
		o->downstream_free(o->downstream_arg, c->made);
	arena_release(&c->arena);
	free(c);
}

/* The newest first: it may borrow from those before it. */
void bridge_release_children(struct run *top)
{
	while (top->next) {
		struct run **at = &top->next, *c;

		while ((*at)->next)
			at = &(*at)->next;
		c = *at;
		*at = NULL;
		release(c);
	}
}

/* One that never began: it is the last of the list. */
static void drop(struct run *c)
{
	struct run **at = &c->top->next;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	release(c);
}

static void take(struct job_run *j, const struct trigger_target *t, const struct downstream *d)
{
	struct run *c;
	struct str missing;

	if (!t->child && loops(j, d->pipeline)) {
		if (j->run->top->o->downstream_free)
			j->run->top->o->downstream_free(j->run->top->o->downstream_arg, d->made);
		fail(j, "pipeline_loop_detected", "pipelines that trigger each other go round");
		return;
	}
	c = new_child(j, d, t->child);
	if (begin(j, c)) {
		drop(c);
		return;
	}
	missing = runners_missing_engine(c);
	if (missing.n) {
		fail(j, "runner_system_failure", STR_FMT, STR_ARG(missing));
		j->result.surroundings = true;
		drop(c);
		return;
	}
	start(j, c, t);
}

void bridge_start(struct job_run *j)
{
	struct run *r = j->run;
	const struct run_options *o = r->top->o;
	struct trigger_target t;
	struct downstream d;
	struct downstream_ask ask = {.parent = r->made,
		.job = j->job,
		.extra = j->extra,
		.pipeline_id = id_of(r->top) * IDS_OF_FAMILY + r->top->n_runs,
		.job_id = j->spec.job_id,
		.artifact = on_artifact,
		.arg = j};

	memset(&j->result, 0, sizeof(j->result));
	memset(&d, 0, sizeof(d));
	pipeline_trigger_target(&j->arena, r->p, j->job, j->extra, &t);
	if (!may_start(j, &t))
		return;
	if (!o->downstream) {
		skip(j, &t);
		return;
	}
	r->top->n_runs++;
	console_hide(j->run->console); /* it may have something to say */
	o->downstream(o->downstream_arg, &ask, &d);
	console_show(j->run->console);
	if (d.elsewhere)
		skip(j, &t);
	else if (!d.pipeline)
		fail(j, "downstream_pipeline_creation_failed",
			"downstream pipeline can not be created, %s", d.why);
	else
		take(j, &t, &d);
	if (!d.pipeline && d.made && o->downstream_free)
		o->downstream_free(o->downstream_arg, d.made);
}

/* ---- its end ---- */

static bool is_surroundings(const struct run *c)
{
	return run_exit_code(c) == RUN_EXIT_SURROUNDINGS;
}

/* Nobody waits for a blocked pipeline here: the bridge is blocked with it. */
static enum job_status status_now(struct job_run *j, struct trigger_target *t)
{
	enum job_status below = progress_pipeline_status(j->child->progress), s;

	pipeline_trigger_target(&j->arena, j->run->p, j->job, j->extra, t);
	s = trigger_status(t->strategy, below);
	return job_status_completed(s) || s == STATUS_MANUAL ? s : STATUS_MANUAL;
}

static void tell_unheard(const struct run *c)
{
	enum job_status s = progress_pipeline_status(c->progress);

	if (s == STATUS_FAILED)
		run_message(c, DIAG_NOTE,
			"the pipeline of job '" STR_FMT
			"' failed; that does not count, since its trigger has no 'strategy'",
			STR_ARG(c->bridge->shown));
}

void bridge_child_over(struct run *c)
{
	struct job_run *j = c->bridge;
	struct trigger_target t;
	enum job_status s;

	show_child_end(c);
	show_record(c);
	scheduler_wake(c->top);
	if (j->child != c || !j->waits) {
		tell_unheard(c);
		return;
	}
	s = status_now(j, &t);
	if (s == STATUS_FAILED) {
		j->result.surroundings = is_surroundings(c);
		fail(j, "unknown_failure", "the %s pipeline %s", t.child ? "child" : "downstream",
			progress_pipeline_status(c->progress) == STATUS_SKIPPED ? "was skipped"
										: "failed");
	} else {
		end(j, s);
	}
}
