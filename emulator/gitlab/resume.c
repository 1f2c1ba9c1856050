/*
 * --resume: a run that goes on from an earlier one. What passed there and is still the same job
 * stays passed, and what it left is taken over into this run's folder; everything else runs.
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/git/snapshot.h"
#include "emulator/gitlab/fingerprint.h"
#include "emulator/runner/sources.h"
#include "emulator/store/run_record.h"
#include "pipeline/pipeline.h"
#include "source/source.h"
#include "vars/facts.h"

static const struct job_record *record_of(const struct run_record *r, struct str name)
{
	for (size_t i = 0; i < r->n_jobs; i++)
		if (str_eq(r->jobs[i].name, name))
			return &r->jobs[i];
	return NULL;
}

static bool had_run(const struct job_record *r)
{
	return str_is(r->status, "success") || str_is(r->status, "failed") ||
	       str_is(r->status, "running") || str_is(r->status, "canceled");
}

/* Another event or branch has other jobs: that is no continuation. */
static int check_same(const struct plan *plan, const struct run_resume *from, struct error *err)
{
	const struct run_record *rec = from->record;
	const struct facts *f = plan->p->facts;

	if (str_is(rec->status, "running"))
		return error_set(
			err, ERR_USAGE, 0, "run " STR_FMT " is still going on", STR_ARG(rec->id));
	if (str_eq(rec->source, f->source) && str_eq(rec->ref, f->ref_name))
		return 0;
	return error_set(err, ERR_USAGE, 0,
		"run " STR_FMT " was a '" STR_FMT "' of '" STR_FMT "', and this is a '" STR_FMT
		"' of '" STR_FMT "': give it the options that the other had",
		STR_ARG(rec->id), STR_ARG(rec->source), STR_ARG(rec->ref), STR_ARG(f->source),
		STR_ARG(f->ref_name));
}

/*
 * The jobs of the earlier run. A trigger job runs again: what its pipeline consists of may have
 * changed, and other jobs may want the artifacts of that pipeline's jobs.
 */
static bool *choose(struct plan *plan, const struct run_record *rec)
{
	const struct pipeline *p = plan->p;
	bool *changed = arena_array(plan->arena, bool, p->n_jobs + 1);

	for (uint32_t i = 0; i < p->n_jobs; i++) {
		const struct job *job = p->jobs[i];
		const struct job_record *r = record_of(rec, job->name);

		plan->chosen[i] = r || !rec->selected;
		if (!r || !had_run(r)) {
			changed[i] = !r;
			continue;
		}
		plan->play[i] = plan->play[i] || job->when == WHEN_MANUAL;
		plan->forced[i] = rec->selected;
		if (!str_is(r->status, "success") || job->def->trigger)
			continue;
		changed[i] = !str_eq(r->fingerprint, job_fingerprint(plan->arena, job));
		plan->adopted[i] = !changed[i];
	}
	return changed;
}

int resume_plan(struct plan *plan, const struct run_options *o, struct error *err)
{
	const struct pipeline *p = plan->p;
	const struct run_record *rec = o->resume->record;
	bool *changed, any = false;

	plan->selected = rec->selected;
	plan->adopted = arena_array(plan->arena, bool, p->n_jobs + 1);
	if (check_same(plan, o->resume, err))
		return -1;
	changed = choose(plan, rec);
	/* What comes after a job that is another one now has not passed with it. */
	plan_add_later(plan, changed);
	for (uint32_t i = 0; i < p->n_jobs; i++) {
		plan->adopted[i] = plan->adopted[i] && !changed[i];
		any = any || (plan->chosen[i] && !plan->adopted[i] &&
				     (p->jobs[i]->when != WHEN_MANUAL || plan->play[i]));
	}
	return any ? 0
		   : error_set(err, ERR_USAGE, 0,
			     "run " STR_FMT " passed: nothing of it is left to do",
			     STR_ARG(rec->id));
}

static void note_changes(struct run *r)
{
	const struct run_record *rec = r->o->resume->record;
	struct str sha = r->p->facts->sha;

	if (!str_eq(rec->sha, sha))
		run_message(r, DIAG_WARNING,
			"the commit is another one than in run " STR_FMT " (" STR_FMT
			" instead of " STR_FMT
			"): what passed there stays passed, with the artifacts of then",
			STR_ARG(rec->id), STR_ARG(str_sub(sha, 0, 8)),
			STR_ARG(str_sub(rec->sha, 0, 8)));
	for (size_t i = 0; i < rec->n_jobs; i++) {
		struct str name = rec->jobs[i].name;
		bool there = str_find(name, STR(BRIDGE_ARROW)) != STR_NPOS;

		for (uint32_t k = 0; k < r->p->n_jobs && !there; k++)
			there = str_eq(r->p->jobs[k]->name, name);
		if (!there)
			run_message(r, DIAG_WARNING,
				"job '" STR_FMT "' of run " STR_FMT " is not in this pipeline",
				STR_ARG(name), STR_ARG(rec->id));
	}
	for (uint32_t i = 0; i < r->p->n_jobs; i++) {
		const struct job_record *job = record_of(rec, r->p->jobs[i]->name);

		if (job && str_is(job->status, "success") && !r->plan.adopted[i])
			run_message(r, DIAG_NOTE,
				"job '" STR_FMT "' passed in run " STR_FMT " and runs again: %s",
				STR_ARG(job->name), STR_ARG(rec->id),
				r->p->jobs[i]->def->trigger
					? "it starts a pipeline"
					: "it has changed, or comes after one that has");
	}
}

/* True: the job counts as passed. */
static bool adopt(struct job_run *j, const struct job_record *rec)
{
	struct run *r = j->run;
	struct error err = ERROR_INIT;
	const char *from, *to;

	j->slug = store_slug(&r->arena, j->shown);
	from = arena_printf(&r->arena, "%s/" STR_FMT, r->o->resume->dir, STR_ARG(j->slug)).p;
	to = arena_printf(&r->arena, "%s/" STR_FMT, r->folder.dir, STR_ARG(j->slug)).p;
	if (store_link_tree(from, to, &err)) {
		run_message(r, DIAG_WARNING, "job '" STR_FMT "' runs again: %s", STR_ARG(j->shown),
			err.text);
		return false;
	}
	job_files_adopt(j);
	if (!artifact_record_read(to, &r->arena, &j->record, NULL))
		j->artifacts.coverage = j->record.coverage;
	j->attempt = rec->attempt ? rec->attempt : 1;
	j->started = rec->started;
	j->log_path = arena_printf(&r->arena, "%s/trace.log", to);
	j->state = JOB_DONE;
	j->has_result = true;
	j->result.status = BUILD_SUCCESS;
	progress_set(r->progress, j->job->id, STATUS_SUCCESS);
	show_move(j);
	j->seconds = rec->duration;
	return true;
}

/* When the oldest of what stays passed began: nothing of it saw what was written later. */
static double seen_until(const struct run *r)
{
	const struct run_record *rec = r->o->resume->record;
	double since = rec->started;

	for (uint32_t i = 0; i < r->p->n_jobs; i++) {
		const struct job_record *job = record_of(rec, r->p->jobs[i]->name);

		if (r->plan.adopted[i] && job && job->started > 0)
			since = MIN(since, job->started);
	}
	return since;
}

/* A change of the definition has made another job of each that it concerns. */
static bool is_definition(const struct run *r, struct str path)
{
	for (size_t i = 0; i < r->p->sources->n; i++)
		if (str_eq(r->p->sources->v[i]->name, path))
			return true;
	return false;
}

#define SHOWN_FILES 3

/* The files of the work tree that what stays passed has not seen as they are. */
struct unseen {
	const struct run *run;
	double since;
	struct buf names; /* of the first ones */
	size_t n;
};

static void add_change(
	struct unseen *c, struct str path, int64_t mtime_s, uint32_t mtime_ns, const char *what)
{
	if ((double)mtime_s + mtime_ns / 1e9 <= c->since || is_definition(c->run, path))
		return;
	if (c->n++ < SHOWN_FILES)
		buf_printf(
			&c->names, "%s" STR_FMT "%s", c->names.n ? ", " : "", STR_ARG(path), what);
}

static void on_sources(void *arg, const struct snapshot *s, const struct error *err)
{
	struct run *r = arg;
	struct unseen c = {.run = r, .since = seen_until(r), .names = BUF_INIT};

	for (size_t i = 0; !err && i < s->entries.n; i++) {
		const struct entry *e = &s->entries.v[i];

		if (e->kind == ENTRY_FILE && !str_starts(e->path, STR(".git/")))
			add_change(&c, e->path, e->mtime_s, e->mtime_ns, "");
	}
	for (size_t i = 0; !err && i < s->gone.n; i++) {
		const struct gone_file *g = &s->gone.v[i];

		add_change(&c, g->path, g->mtime_s, g->mtime_ns, " is gone");
	}
	if (c.n)
		run_message(r, DIAG_WARNING,
			"%zu file%s changed since run " STR_FMT " (" STR_FMT "%s): what passed "
			"there stays passed, with the files of then",
			c.n, c.n == 1 ? " has" : "s have", STR_ARG(r->o->resume->record->id),
			STR_ARG(buf_str(&c.names)), c.n > SHOWN_FILES ? " ..." : "");
	buf_release(&c.names);
}

void resume_end(struct run *r)
{
	sources_unwant(&r->resume_wait);
}

void resume_begin(struct run *r)
{
	size_t n = 0;

	if (!r->plan.adopted)
		return;
	note_changes(r);
	for (uint32_t i = 0; i < r->p->n_jobs; i++)
		if (r->plan.adopted[i] &&
			adopt(&r->jobs[i], record_of(r->o->resume->record, r->p->jobs[i]->name)))
			n++;
	if (n && r->sources && !sources_committed(r->sources)) {
		sources_set_earlier(r->sources, r->o->resume->record->sha);
		sources_want(r->sources, &r->resume_wait, on_sources, r);
	}
	run_message(r, DIAG_NOTE, "goes on from run " STR_FMT ": %zu of %zu jobs stay passed",
		STR_ARG(r->o->resume->record->id), n, r->plan.n);
}
