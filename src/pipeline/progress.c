#include "base/base.h"
#include "pipeline/progress.h"
#include "pipeline/pipeline.h"

/*
 * What a job counts as in a composite: its status, or one of two more (GitLab,
 * lib/gitlab/ci/status/composite.rb: success_with_warnings, ignored).
 */
enum {
	AS_WARNING = STATUS_NONE, /* failed or canceled, and allowed to */
	AS_IGNORED,               /* manual, and allowed to fail */
	AS_COUNT
};
#define BIT(as) (1u << (as))

static const char *const status_names[] = {
	[STATUS_CREATED] = "created",
	[STATUS_WAITING_FOR_RESOURCE] = "waiting_for_resource",
	[STATUS_PREPARING] = "preparing",
	[STATUS_WAITING_FOR_CALLBACK] = "waiting_for_callback",
	[STATUS_PENDING] = "pending",
	[STATUS_RUNNING] = "running",
	[STATUS_SUCCESS] = "success",
	[STATUS_FAILED] = "failed",
	[STATUS_CANCELING] = "canceling",
	[STATUS_CANCELED] = "canceled",
	[STATUS_SKIPPED] = "skipped",
	[STATUS_MANUAL] = "manual",
	[STATUS_SCHEDULED] = "scheduled",
	[STATUS_NONE] = "",
};

const char *job_status_name(enum job_status s)
{
	return status_names[s];
}

bool job_status_completed(enum job_status s)
{
	return s == STATUS_SUCCESS || s == STATUS_FAILED || s == STATUS_CANCELED ||
	       s == STATUS_SKIPPED;
}

static unsigned counts_as(enum job_status s, bool allow_failure)
{
	if (allow_failure && (s == STATUS_FAILED || s == STATUS_CANCELED))
		return AS_WARNING;
	if (allow_failure && s == STATUS_MANUAL)
		return AS_IGNORED;
	return s;
}

#define DONE_BITS                                                                                \
	(BIT(STATUS_SUCCESS) | BIT(STATUS_FAILED) | BIT(STATUS_CANCELED) | BIT(STATUS_SKIPPED) | \
		BIT(AS_WARNING) | BIT(AS_IGNORED))
#define UNDONE(as)   (!(BIT(as) & DONE_BITS))
#define SKIPPING(as) ((as) == STATUS_SKIPPED || (as) == AS_IGNORED)

/* The rows of the composite's table that ask whether the set lies within another. */
static const struct {
	unsigned within;
	enum job_status is;
} only_rows[] = {
	{BIT(STATUS_SKIPPED) | BIT(AS_IGNORED), STATUS_SKIPPED},
	{BIT(STATUS_SUCCESS) | BIT(STATUS_SKIPPED) | BIT(AS_WARNING) | BIT(AS_IGNORED),
		STATUS_SUCCESS},
	{BIT(STATUS_CREATED) | BIT(AS_WARNING) | BIT(AS_IGNORED), STATUS_CREATED},
	{BIT(STATUS_PREPARING) | BIT(AS_WARNING) | BIT(AS_IGNORED), STATUS_PREPARING},
	{BIT(STATUS_CANCELED) | BIT(STATUS_SUCCESS) | BIT(STATUS_SKIPPED) | BIT(AS_WARNING) |
			BIT(AS_IGNORED),
		STATUS_CANCELED},
	{BIT(STATUS_PENDING) | BIT(STATUS_CREATED) | BIT(STATUS_SKIPPED) | BIT(AS_WARNING) |
			BIT(AS_IGNORED),
		STATUS_PENDING},
};

/* And those that ask for a member. */
static const struct {
	unsigned any;
	enum job_status is;
} any_rows[] = {
	{BIT(STATUS_RUNNING) | BIT(STATUS_PENDING), STATUS_RUNNING},
	{BIT(STATUS_WAITING_FOR_RESOURCE), STATUS_WAITING_FOR_RESOURCE},
	{BIT(STATUS_WAITING_FOR_CALLBACK), STATUS_WAITING_FOR_CALLBACK},
	{BIT(STATUS_MANUAL), STATUS_MANUAL},
	{BIT(STATUS_SCHEDULED), STATUS_SCHEDULED},
	{BIT(STATUS_PREPARING), STATUS_PREPARING},
	{BIT(STATUS_CREATED), STATUS_RUNNING},
	{BIT(STATUS_CANCELING), STATUS_CANCELING},
};

static enum job_status composite(unsigned set, bool dag)
{
	if (!set)
		return STATUS_NONE;
	if (dag && (set & (BIT(STATUS_SKIPPED) | BIT(AS_IGNORED))))
		return STATUS_SKIPPED;
	for (size_t i = 0; i < ARRAY_SIZE(only_rows); i++)
		if (!(set & ~only_rows[i].within))
			return only_rows[i].is;
	for (size_t i = 0; i < ARRAY_SIZE(any_rows); i++)
		if (set & any_rows[i].any)
			return any_rows[i].is;
	return STATUS_FAILED;
}

enum job_status status_composite(
	const enum job_status *s, const bool *allow_failure, size_t n, bool dag)
{
	unsigned set = 0;

	for (size_t i = 0; i < n; i++)
		set |= BIT(counts_as(s[i], allow_failure[i]));
	return composite(set, dag);
}

struct node_job {
	uint32_t stage;
	enum job_when when;
	enum job_status status;
	bool present, allow_failure, dag, queued;
	const uint32_t *needs, *dependents;
	uint32_t n_needs, n_dependents;
	uint32_t undone, skipping; /* how many of the present needs are */
};

struct counts {
	uint32_t of[AS_COUNT];
	uint32_t undone;
};

struct progress {
	struct arena arena;
	struct node_job *jobs;
	uint32_t n, n_stages;
	uint32_t *stage_jobs,
		*stage_at; /* stage-scheduled jobs of stage s: [stage_at[s], stage_at[s+1]) */
	struct counts *stages, total;
	/*
	 * The first stage with unfinished jobs. Only there can a stage-scheduled job leave
	 * `created`: what lies before is complete, and a `created` job makes its own stage
	 * unfinished.
	 */
	uint32_t front;
	struct counts before;   /* of all stages in front of it */
	uint32_t *heap, n_heap; /* jobs to look at, smallest index first */
	uint32_t active;        /* pending, running and the like */
};

static unsigned mask(const struct counts *c)
{
	unsigned set = 0;

	for (unsigned i = 0; i < AS_COUNT; i++)
		if (c->of[i])
			set |= BIT(i);
	return set;
}

static void heap_swap(struct progress *pg, uint32_t i, uint32_t k)
{
	uint32_t x = pg->heap[i];

	pg->heap[i] = pg->heap[k];
	pg->heap[k] = x;
}

static void look_at(struct progress *pg, uint32_t job)
{
	struct node_job *j = &pg->jobs[job];
	uint32_t i = pg->n_heap;

	if (j->queued || !j->present || j->status != STATUS_CREATED)
		return;
	j->queued = true;
	pg->heap[pg->n_heap++] = job;
	for (; i && pg->heap[(i - 1) / 2] > pg->heap[i]; i = (i - 1) / 2)
		heap_swap(pg, i, (i - 1) / 2);
}

static uint32_t heap_pop(struct progress *pg)
{
	uint32_t top = pg->heap[0], i = 0;

	pg->heap[0] = pg->heap[--pg->n_heap];
	for (;;) {
		uint32_t least = i;

		for (uint32_t k = 2 * i + 1; k <= 2 * i + 2; k++)
			if (k < pg->n_heap && pg->heap[k] < pg->heap[least])
				least = k;
		if (least == i)
			break;
		heap_swap(pg, i, least);
		i = least;
	}
	pg->jobs[top].queued = false;
	return top;
}

static void advance(struct progress *pg)
{
	while (pg->front < pg->n_stages && !pg->stages[pg->front].undone) {
		for (unsigned i = 0; i < AS_COUNT; i++)
			pg->before.of[i] += pg->stages[pg->front].of[i];
		pg->front++;
	}
	if (pg->front < pg->n_stages)
		for (uint32_t i = pg->stage_at[pg->front]; i < pg->stage_at[pg->front + 1]; i++)
			look_at(pg, pg->stage_jobs[i]);
}

static bool is_active(enum job_status s)
{
	return s == STATUS_PENDING || s == STATUS_RUNNING || s == STATUS_PREPARING ||
	       s == STATUS_WAITING_FOR_RESOURCE || s == STATUS_WAITING_FOR_CALLBACK ||
	       s == STATUS_CANCELING;
}

static void count(struct counts *c, unsigned from, unsigned to)
{
	c->of[from]--;
	c->of[to]++;
	c->undone += (uint32_t)UNDONE(to) - (uint32_t)UNDONE(from);
}

static void move(struct progress *pg, uint32_t job, enum job_status s, bool allow_failure)
{
	struct node_job *j = &pg->jobs[job];
	unsigned from = counts_as(j->status, j->allow_failure), to = counts_as(s, allow_failure);

	if (!j->present)
		return;
	pg->active += (uint32_t)is_active(s) - (uint32_t)is_active(j->status);
	j->status = s;
	j->allow_failure = allow_failure;
	if (from == to)
		return;
	count(&pg->stages[j->stage], from, to);
	count(&pg->total, from, to);
	for (uint32_t i = 0; i < j->n_dependents; i++) {
		struct node_job *d = &pg->jobs[j->dependents[i]];

		d->undone += (uint32_t)UNDONE(to) - (uint32_t)UNDONE(from);
		d->skipping += (uint32_t)SKIPPING(to) - (uint32_t)SKIPPING(from);
		if (d->skipping || !d->undone)
			look_at(pg, j->dependents[i]);
	}
	if (j->stage < pg->front) {
		if (UNDONE(to)) {
			/* Rare: a job of a finished stage is played or tried again. */
			pg->front = 0;
			pg->before = (struct counts){{0}, 0};
		} else {
			count(&pg->before, from, to);
		}
	}
	if (pg->front == 0 || !pg->stages[pg->front < pg->n_stages ? pg->front : 0].undone)
		advance(pg);
}

/* The composite of what comes before a job, STATUS_NONE for nothing; false while it is unfinished.
 */
static bool previous(const struct progress *pg, const struct node_job *j, enum job_status *out)
{
	unsigned set = 0;

	if (!j->dag) {
		*out = composite(mask(&pg->before), false);
		return j->stage == pg->front;
	}
	if (j->skipping) {
		*out = STATUS_SKIPPED;
		return true;
	}
	if (j->undone)
		return false;
	for (uint32_t i = 0; i < j->n_needs; i++) {
		const struct node_job *need = &pg->jobs[j->needs[i]];

		if (need->present)
			set |= BIT(counts_as(need->status, need->allow_failure));
	}
	*out = composite(set, true);
	return true;
}

/* GitLab, app/services/ci/process_build_service.rb `valid_statuses_for_build`. */
static bool allowed(const struct node_job *j, enum job_status before)
{
	if (before == STATUS_NONE)
		before = STATUS_SUCCESS;
	switch (j->when) {
	case WHEN_ON_FAILURE:
		return before == STATUS_FAILED;
	case WHEN_ALWAYS:
		return before == STATUS_SUCCESS || before == STATUS_FAILED ||
		       before == STATUS_SKIPPED;
	case WHEN_ON_SUCCESS:
	case WHEN_MANUAL:
	case WHEN_DELAYED:
	case WHEN_UNSET:
		return before == STATUS_SUCCESS || (!j->dag && before == STATUS_SKIPPED);
	case WHEN_NEVER:
		return false;
	}
	BUG("progress: when %d", (int)j->when);
}

static bool decide(const struct progress *pg, const struct node_job *j, enum job_status *to)
{
	enum job_status before;

	if (j->status != STATUS_CREATED || !previous(pg, j, &before))
		return false;
	if (!allowed(j, before))
		*to = STATUS_SKIPPED;
	else if (j->when == WHEN_DELAYED)
		*to = STATUS_SCHEDULED;
	else if (j->when == WHEN_MANUAL)
		*to = STATUS_MANUAL;
	else
		*to = STATUS_PENDING;
	return true;
}

bool progress_next(struct progress *pg, struct progress_move *out)
{
	while (pg->n_heap) {
		uint32_t job = heap_pop(pg);

		if (!decide(pg, &pg->jobs[job], &out->to))
			continue;
		out->job = job;
		move(pg, job, out->to, pg->jobs[job].allow_failure);
		return true;
	}
	return false;
}

/* The lists of dependents and of stage-scheduled jobs, by counting. */
static void link_jobs(struct progress *pg)
{
	uint32_t *at = arena_array(&pg->arena, uint32_t, pg->n + 1), edges = 0;

	for (uint32_t i = 0; i < pg->n; i++)
		for (uint32_t k = 0; pg->jobs[i].present && k < pg->jobs[i].n_needs; k++)
			pg->jobs[pg->jobs[i].needs[k]].n_dependents++;
	for (uint32_t i = 0; i < pg->n; i++) {
		at[i] = edges;
		edges += pg->jobs[i].n_dependents;
	}
	uint32_t *list = arena_array(&pg->arena, uint32_t, edges + 1);
	for (uint32_t i = 0; i < pg->n; i++)
		pg->jobs[i].dependents = list + at[i];
	for (uint32_t i = 0; i < pg->n; i++)
		for (uint32_t k = 0; pg->jobs[i].present && k < pg->jobs[i].n_needs; k++) {
			uint32_t need = pg->jobs[i].needs[k];

			list[at[need]++] = i;
			pg->jobs[i].undone += pg->jobs[need].present;
		}
	for (uint32_t i = 0; i < pg->n; i++)
		if (pg->jobs[i].present && !pg->jobs[i].dag)
			pg->stage_at[pg->jobs[i].stage + 1]++;
	for (uint32_t s = 0; s < pg->n_stages; s++)
		pg->stage_at[s + 1] += pg->stage_at[s];
	uint32_t *next = arena_array(&pg->arena, uint32_t, pg->n_stages + 1);
	memcpy(next, pg->stage_at, pg->n_stages * sizeof(*next));
	for (uint32_t i = 0; i < pg->n; i++)
		if (pg->jobs[i].present && !pg->jobs[i].dag)
			pg->stage_jobs[next[pg->jobs[i].stage]++] = i;
}

struct progress *progress_new_jobs(const struct progress_job *jobs, size_t n, const bool *present)
{
	struct progress *pg = xcalloc(1, sizeof(*pg));

	arena_init(&pg->arena);
	pg->n = (uint32_t)n;
	pg->jobs = arena_array(&pg->arena, struct node_job, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t *needs = arena_array(&pg->arena, uint32_t, jobs[i].n_needs + 1);

		if (jobs[i].n_needs)
			memcpy(needs, jobs[i].needs, jobs[i].n_needs * sizeof(*needs));
		pg->jobs[i] = (struct node_job){
			.stage = jobs[i].stage,
			.when = jobs[i].when,
			.status = STATUS_CREATED,
			.present = !present || present[i],
			.allow_failure = jobs[i].allow_failure,
			.dag = jobs[i].dag,
			.needs = needs,
			.n_needs = jobs[i].dag ? (uint32_t)jobs[i].n_needs : 0,
		};
		pg->n_stages = MAX(pg->n_stages, jobs[i].stage + 1);
	}
	pg->stages = arena_array(&pg->arena, struct counts, pg->n_stages + 1);
	pg->stage_at = arena_array(&pg->arena, uint32_t, pg->n_stages + 2);
	pg->stage_jobs = arena_array(&pg->arena, uint32_t, n + 1);
	pg->heap = arena_array(&pg->arena, uint32_t, n + 1);
	link_jobs(pg);
	for (uint32_t i = 0; i < n; i++) {
		if (!pg->jobs[i].present)
			continue;
		pg->stages[pg->jobs[i].stage].of[STATUS_CREATED]++;
		pg->stages[pg->jobs[i].stage].undone++;
		pg->total.of[STATUS_CREATED]++;
		if (pg->jobs[i].dag && !pg->jobs[i].undone)
			look_at(pg, i);
	}
	advance(pg);
	return pg;
}

struct progress *progress_new(const struct pipeline *p, const bool *selected)
{
	struct arena scratch = ARENA_INIT;
	struct progress_job *jobs = arena_array(&scratch, struct progress_job, p->n_jobs + 1);

	for (size_t i = 0; i < p->n_jobs; i++) {
		const struct job *job = p->jobs[i];
		uint32_t *needs = arena_array(&scratch, uint32_t, job->n_needs + 1);
		/* Bridges cannot be scheduled: a delayed one starts at once. */
		bool now = job->when == WHEN_DELAYED && job->def->trigger;

		jobs[i] = (struct progress_job){
			.stage = job->stage_index,
			.when = now ? WHEN_ON_SUCCESS : job->when,
			.allow_failure = job->allow_failure,
			.dag = job->dag,
			.needs = needs,
		};
		for (size_t k = 0; k < job->n_needs; k++)
			if (job->needs[k].job != UINT32_MAX)
				needs[jobs[i].n_needs++] = job->needs[k].job;
	}
	struct progress *pg = progress_new_jobs(jobs, p->n_jobs, selected);
	arena_release(&scratch);
	return pg;
}

void progress_free(struct progress *pg)
{
	if (!pg)
		return;
	arena_release(&pg->arena);
	free(pg);
}

void progress_set(struct progress *pg, uint32_t job, enum job_status s)
{
	move(pg, job, s, pg->jobs[job].allow_failure);
	if (s == STATUS_CREATED)
		look_at(pg, job);
}

void progress_set_allow_failure(struct progress *pg, uint32_t job, bool allow)
{
	move(pg, job, pg->jobs[job].status, allow);
}

static void reset_skipped(struct progress *pg, uint32_t job)
{
	struct node_job *j = &pg->jobs[job];

	if (j->present && j->status == STATUS_SKIPPED)
		progress_set(pg, job, STATUS_CREATED);
}

/* GitLab, app/services/ci/after_requeue_job_service.rb. */
void progress_play(struct progress *pg, uint32_t job)
{
	struct arena scratch = ARENA_INIT;
	bool *seen = arena_array(&scratch, bool, pg->n + 1);
	uint32_t *todo = arena_array(&scratch, uint32_t, pg->n + 1), n = 0;

	progress_set(pg, job, STATUS_PENDING);
	for (uint32_t i = 0; i < pg->n; i++)
		if (pg->jobs[i].stage > pg->jobs[job].stage)
			reset_skipped(pg, i);
	todo[n++] = job;
	seen[job] = true;
	while (n) {
		const struct node_job *j = &pg->jobs[todo[--n]];

		for (uint32_t i = 0; i < j->n_dependents; i++) {
			uint32_t d = j->dependents[i];

			if (seen[d])
				continue;
			seen[d] = true;
			reset_skipped(pg, d);
			todo[n++] = d;
		}
	}
	arena_release(&scratch);
}

void progress_cancel(struct progress *pg)
{
	for (uint32_t i = 0; i < pg->n; i++) {
		enum job_status s = pg->jobs[i].status;

		if (s == STATUS_CREATED || s == STATUS_PENDING || s == STATUS_MANUAL ||
			s == STATUS_SCHEDULED || s == STATUS_WAITING_FOR_RESOURCE ||
			s == STATUS_WAITING_FOR_CALLBACK || s == STATUS_PREPARING)
			progress_set(pg, i, STATUS_CANCELED);
	}
}

enum job_status progress_status(const struct progress *pg, uint32_t job)
{
	return pg->jobs[job].status;
}

bool progress_allow_failure(const struct progress *pg, uint32_t job)
{
	return pg->jobs[job].allow_failure;
}

enum job_status progress_stage_status(const struct progress *pg, uint32_t stage)
{
	return stage < pg->n_stages ? composite(mask(&pg->stages[stage]), false) : STATUS_NONE;
}

enum job_status progress_pipeline_status(const struct progress *pg)
{
	return composite(mask(&pg->total), false);
}

bool progress_has_warnings(const struct progress *pg)
{
	return pg->total.of[AS_WARNING] > 0;
}

bool progress_settled(const struct progress *pg)
{
	enum job_status to;

	for (uint32_t i = 0; i < pg->n_heap; i++)
		if (decide(pg, &pg->jobs[pg->heap[i]], &to))
			return false;
	return !pg->active;
}

/* Failures that no retry helps against (GitLab, lib/gitlab/ci/build/auto_retry.rb). */
static const char *const never_retried[] = {
	"ci_quota_exceeded",
	"no_matching_runner",
	"missing_dependency_failure",
	"forward_deployment_failure",
	"environment_creation_failure",
};

static bool retry_applies(const struct retry_def *r, const char *reason, int exit_code)
{
	for (size_t i = 0; i < r->n_exit_codes; i++)
		if (exit_code >= 0 && r->exit_codes[i] == exit_code)
			return true;
	for (size_t i = 0; i < r->when.n; i++)
		if (str_is(r->when.v[i].s, "always") || str_is(r->when.v[i].s, reason))
			return true;
	return !r->when.set && !r->n_exit_codes;
}

bool progress_retry_wanted(
	const struct retry_def *retry, unsigned attempt, const char *reason, int exit_code)
{
	unsigned limit = 0;

	for (size_t i = 0; i < ARRAY_SIZE(never_retried); i++)
		if (!strcmp(reason, never_retried[i]))
			return false;
	if (retry && retry->set && retry_applies(retry, reason, exit_code))
		limit = retry->max;
	else if (!strcmp(reason, "scheduler_failure"))
		limit = 2;
	return attempt <= limit;
}
