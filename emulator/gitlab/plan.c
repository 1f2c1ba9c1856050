#include "base/base.h"
#include "emulator/gitlab/plan.h"
#include "emulator/gitlab/run.h"
#include "emulator/core/error.h"
#include "pipeline/pipeline.h"
#include "pipeline/progress.h"
#include "vars/facts.h"

#include <fnmatch.h>

static bool is_glob(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr("*?[", s.p[i]))
			return true;
	return false;
}

/* How well a word fits a job. */
enum fit { FIT_NONE, FIT_GLOB, FIT_NAME };

static enum fit job_fits(const struct job *job, struct str word, const char *pattern)
{
	if (str_eq(job->name, word) || str_eq(job->base_name, word))
		return FIT_NAME;
	if (pattern &&
		(!fnmatch(pattern, job->name.p, 0) || !fnmatch(pattern, job->base_name.p, 0)))
		return FIT_GLOB;
	return FIT_NONE;
}

/* The nearest name or base name of any job, in or out; NULL when none is near. */
static const struct str *nearest_job(struct arena *a, const struct pipeline *p, struct str word)
{
	struct str *names = arena_array(a, struct str, 2 * (p->n_all + p->n_jobs) + 1);
	size_t n = 0;

	for (size_t i = 0; i < p->n_jobs; i++) {
		names[n++] = p->jobs[i]->name;
		names[n++] = p->jobs[i]->base_name;
	}
	for (size_t i = 0; i < p->n_all; i++) {
		names[n++] = p->all[i]->name;
		names[n++] = p->all[i]->base_name;
	}
	return str_nearest(word, names, n);
}

static int no_such_job(struct arena *a, const struct pipeline *p, struct str word,
	const char *pattern, struct error *err)
{
	const struct str *near;

	for (size_t i = 0; i < p->n_all; i++)
		if (!p->all[i]->in && job_fits(p->all[i], word, pattern) == FIT_NAME)
			return error_set(err, ERR_CONFIG, 0,
				"job '" STR_FMT
				"' is not in this pipeline: its rules keep it out (see "
				"'cilocal explain " STR_FMT "')",
				STR_ARG(word), STR_ARG(word));
	if (pattern)
		return error_set(err, ERR_USAGE, 0,
			"no job of the pipeline fits the pattern '" STR_FMT
			"'; 'cilocal list' shows the jobs",
			STR_ARG(word));
	near = nearest_job(a, p, word);
	if (near)
		return error_set(err, ERR_USAGE, 0,
			"there is no job '" STR_FMT "' in the pipeline; did you mean '" STR_FMT
			"'?",
			STR_ARG(word), STR_ARG(*near));
	return error_set(err, ERR_USAGE, 0,
		"there is no job '" STR_FMT "' in the pipeline; 'cilocal list' shows the jobs",
		STR_ARG(word));
}

/* Sets the flags of all jobs that a word means; names may be NULL (then only flags are set). */
static int mark_jobs(
	struct plan *plan, struct str word, bool *flags, bool *names, struct error *err)
{
	const struct pipeline *p = plan->p;
	const char *pattern = is_glob(word) ? arena_cstr(plan->arena, word) : NULL;
	bool named = false, any = false;

	for (size_t i = 0; i < p->n_jobs && !named; i++)
		named = job_fits(p->jobs[i], word, NULL) == FIT_NAME;
	for (size_t i = 0; i < p->n_jobs; i++) {
		/* A name with brackets is a name first: `test: [linux, gcc]`. */
		enum fit fit = job_fits(p->jobs[i], word, named ? NULL : pattern);

		if (fit == FIT_NONE)
			continue;
		any = flags[i] = true;
		if (names && fit == FIT_NAME)
			names[i] = true;
	}
	return any ? 0 : no_such_job(plan->arena, p, word, pattern, err);
}

static int mark_stage(struct plan *plan, struct str stage, struct error *err)
{
	const struct pipeline *p = plan->p;
	const struct str *near;
	bool known = false;

	for (size_t i = 0; i < p->n_stages; i++)
		known = known || str_eq(p->stages[i], stage);
	if (!known) {
		near = str_nearest(stage, p->stages, p->n_stages);
		return error_set(err, ERR_USAGE, 0,
			"there is no stage '" STR_FMT "' in the pipeline; %s" STR_FMT "%s",
			STR_ARG(stage), near ? "did you mean '" : "'cilocal graph' shows them",
			STR_ARG(near ? *near : STR_NULL), near ? "'?" : "");
	}
	for (size_t i = 0; i < p->n_jobs; i++)
		if (str_eq(p->jobs[i]->stage, stage))
			plan->chosen[i] = true;
	return 0;
}

/*
 * What the chosen jobs need, transitively. Jobs are walked once each; a job without `needs` brings
 * all earlier stages, so only the latest such stage matters.
 */
static void add_needs(struct plan *plan)
{
	const struct pipeline *p = plan->p;
	uint32_t *queue = arena_array(plan->arena, uint32_t, p->n_jobs + 1);
	uint32_t below = 0; /* stages before this one are chosen as a whole */
	size_t n = 0;

	for (uint32_t i = 0; i < p->n_jobs; i++)
		if (plan->chosen[i])
			queue[n++] = i;
	for (size_t at = 0; at < n; at++) {
		const struct job *job = p->jobs[queue[at]];

		for (size_t i = 0; job->dag && i < job->n_needs; i++) {
			uint32_t need = job->needs[i].job;

			if (need == UINT32_MAX)
				continue;
			if (p->jobs[need]->when == WHEN_MANUAL)
				plan->play[need] = true;
			if (!plan->chosen[need])
				queue[n++] = need;
			plan->chosen[need] = true;
		}
		if (job->dag || job->stage_index <= below)
			continue;
		below = job->stage_index;
		for (uint32_t i = 0; i < p->n_jobs && p->jobs[i]->stage_index < below; i++)
			if (!plan->chosen[i]) {
				plan->chosen[i] = true;
				queue[n++] = i;
			}
	}
}

/*
 * What comes after some jobs, transitively: by `needs`, and for jobs without it by stage. The
 * lists of dependents are arrays in one (of each job, where its own begin).
 */
void plan_add_later(const struct plan *plan, bool *flags)
{
	const struct pipeline *p = plan->p;
	size_t *begin = arena_array(plan->arena, size_t, p->n_jobs + 2), edges = 0, n = 0;
	uint32_t *queue = arena_array(plan->arena, uint32_t, p->n_jobs + 1), *later;
	uint32_t below = UINT32_MAX; /* jobs without needs in later stages are among them */

	for (uint32_t i = 0; i < p->n_jobs; i++)
		for (size_t k = 0; k < p->jobs[i]->n_needs; k++)
			if (p->jobs[i]->needs[k].job != UINT32_MAX) {
				begin[p->jobs[i]->needs[k].job + 1]++;
				edges++;
			}
	for (uint32_t i = 0; i < p->n_jobs; i++)
		begin[i + 1] += begin[i];
	later = arena_array(plan->arena, uint32_t, edges + 1);
	for (uint32_t i = (uint32_t)p->n_jobs; i-- > 0;)
		for (size_t k = 0; k < p->jobs[i]->n_needs; k++)
			if (p->jobs[i]->needs[k].job != UINT32_MAX)
				later[--begin[p->jobs[i]->needs[k].job + 1]] = i;
	for (uint32_t i = 0; i < p->n_jobs; i++)
		if (flags[i])
			queue[n++] = i;
	for (size_t at = 0; at < n; at++) {
		uint32_t id = queue[at];
		size_t end = id + 2 <= p->n_jobs ? begin[id + 2] : edges;

		for (size_t k = begin[id + 1]; k < end; k++)
			if (!flags[later[k]]) {
				flags[later[k]] = true;
				queue[n++] = later[k];
			}
		if (p->jobs[id]->stage_index >= below)
			continue;
		below = p->jobs[id]->stage_index;
		for (uint32_t i = 0; i < p->n_jobs; i++)
			if (!flags[i] && !p->jobs[i]->dag && p->jobs[i]->stage_index > below) {
				flags[i] = true;
				queue[n++] = i;
			}
	}
}

/* --from, --until, or both. */
static int choose_range(struct plan *plan, const struct run_options *o, struct error *err)
{
	const struct pipeline *p = plan->p;
	bool *from = arena_array(plan->arena, bool, p->n_jobs + 1);
	size_t n = 0;

	for (size_t i = 0; i < o->n_from; i++)
		if (mark_jobs(plan, o->from[i], plan->chosen, plan->forced, err))
			return -1;
	if (o->n_from) {
		plan_add_later(plan, plan->chosen);
		memcpy(from, plan->chosen, p->n_jobs * sizeof(*from));
		memset(plan->chosen, false, p->n_jobs * sizeof(*from));
	} else {
		memset(from, true, p->n_jobs * sizeof(*from));
	}
	for (size_t i = 0; i < o->n_until; i++)
		if (mark_jobs(plan, o->until[i], plan->chosen, plan->forced, err))
			return -1;
	if (o->n_until)
		add_needs(plan);
	else
		memset(plan->chosen, true, p->n_jobs * sizeof(*from));
	for (size_t i = 0; i < p->n_jobs; i++) {
		plan->chosen[i] = plan->chosen[i] && from[i];
		plan->forced[i] = plan->forced[i] && plan->chosen[i];
		n += plan->chosen[i];
	}
	if (n)
		return 0;
	return error_set(err, ERR_USAGE, 0, "'" STR_FMT "' does not come after '" STR_FMT "'",
		STR_ARG(o->until[0]), STR_ARG(o->from[0]));
}

static int nothing_to_run(const struct pipeline *p, struct error *err)
{
	if (!p->run)
		return error_set(err, ERR_CONFIG, 0,
			"no pipeline is created: workflow:rules keep it out (the source is '%s')",
			p->facts && p->facts->source.n ? p->facts->source.p : "push");
	return error_set(err, ERR_CONFIG, 0, "the pipeline holds no jobs to run");
}

/* "bridge > job" is for the pipeline that the trigger job starts. */
static bool of_child(const struct pipeline *p, struct str word)
{
	for (size_t i = 0; i < p->n_jobs; i++)
		if (job_fits(p->jobs[i], word, NULL) == FIT_NAME)
			return false;
	return str_find(word, STR(" > ")) != STR_NPOS;
}

int plan_make(struct plan *plan, struct arena *a, const struct pipeline *p,
	const struct run_options *o, struct error *err)
{
	memset(plan, 0, sizeof(*plan));
	plan->p = p;
	plan->arena = a;
	plan->chosen = arena_array(a, bool, p->n_jobs + 1);
	plan->forced = arena_array(a, bool, p->n_jobs + 1);
	plan->play = arena_array(a, bool, p->n_jobs + 1);
	plan->selected = o->n_jobs || o->n_stages || o->n_from || o->n_until;
	if (!p->run || !p->n_jobs)
		return nothing_to_run(p, err);
	for (size_t i = 0; i < o->n_jobs; i++)
		if (mark_jobs(plan, o->jobs[i], plan->chosen, plan->forced, err))
			return -1;
	for (size_t i = 0; i < o->n_stages; i++)
		if (mark_stage(plan, o->stages[i], err))
			return -1;
	for (size_t i = 0; i < o->n_manual; i++)
		if (!of_child(p, o->manual[i]) &&
			mark_jobs(plan, o->manual[i], plan->play, NULL, err))
			return -1;
	if ((o->n_from || o->n_until) && choose_range(plan, o, err))
		return -1;
	if (o->resume) {
		if (resume_plan(plan, o, err))
			return -1;
	} else if (!plan->selected)
		memset(plan->chosen, true, p->n_jobs);
	else if (o->needs)
		add_needs(plan);
	for (size_t i = 0; o->only_needs && i < p->n_jobs; i++)
		if (plan->forced[i])
			plan->chosen[i] = false;
	for (size_t i = 0; i < p->n_jobs; i++)
		plan->n += plan->chosen[i];
	return plan->n ? 0 : error_set(err, ERR_CONFIG, 0, "the stages named hold no jobs to run");
}

int run_select(
	const struct pipeline *p, const struct run_options *o, bool *chosen, struct error *err)
{
	struct arena a = ARENA_INIT;
	struct plan plan;
	int rc = plan_make(&plan, &a, p, o, err);

	memset(chosen, 0, sizeof(*chosen) * p->n_jobs);
	if (!rc && p->n_jobs)
		memcpy(chosen, plan.chosen, sizeof(*chosen) * p->n_jobs);
	arena_release(&a);
	return rc;
}

/*
 * A forced job waits for the chosen ones before it, but runs whatever became of them when it is the
 * kind of job that looks at failures: who names `cleanup` wants to see it run.
 */
static enum job_when effective_when(const struct plan *plan, uint32_t id)
{
	enum job_when when = plan->p->jobs[id]->when;

	if (!plan->forced[id])
		return when;
	if (when == WHEN_ON_FAILURE)
		return WHEN_ALWAYS;
	return when == WHEN_ALWAYS ? WHEN_ALWAYS : WHEN_ON_SUCCESS;
}

struct progress *plan_progress(const struct plan *plan)
{
	const struct pipeline *p = plan->p;
	struct progress_job *jobs = xcalloc(p->n_jobs + 1, sizeof(*jobs));
	struct progress *pg;
	size_t edges = 0, used = 0;
	uint32_t *needs;

	for (size_t i = 0; i < p->n_jobs; i++)
		edges += p->jobs[i]->n_needs;
	needs = xcalloc(edges + 1, sizeof(*needs));
	for (uint32_t i = 0; i < p->n_jobs; i++) {
		const struct job *job = p->jobs[i];

		jobs[i] = (struct progress_job){.stage = job->stage_index,
			.when = effective_when(plan, i),
			.allow_failure = job->allow_failure,
			.dag = job->dag,
			.needs = needs + used};
		for (size_t k = 0; k < job->n_needs; k++)
			if (job->needs[k].job != UINT32_MAX)
				needs[used++] = job->needs[k].job;
		jobs[i].n_needs = (size_t)(needs + used - jobs[i].needs);
	}
	pg = progress_new_jobs(jobs, p->n_jobs, plan->chosen);
	free(jobs);
	free(needs);
	return pg;
}
