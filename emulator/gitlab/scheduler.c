/*
 * Which job goes next. The rules are in pipeline/progress; here are slots, resource groups and the
 * order of starts: of the jobs that may start, the first of the pipeline goes first.
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/core/trace.h"
#include "pipeline/pipeline.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

/* Another process can't tell us when it lets a resource group go. */
#define RESOURCE_POLL_MS 200

void heap_push(struct job_heap *h, uint32_t id)
{
	size_t at = h->n;

	vec_push(h, id);
	while (at && h->v[(at - 1) / 2] > id) {
		h->v[at] = h->v[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	h->v[at] = id;
}

bool heap_pop(struct job_heap *h, uint32_t *id)
{
	size_t at = 0, child;
	uint32_t last;

	if (!h->n)
		return false;
	*id = h->v[0];
	last = h->v[--h->n];
	while ((child = 2 * at + 1) < h->n) {
		if (child + 1 < h->n && h->v[child + 1] < h->v[child])
			child++;
		if (h->v[child] >= last)
			break;
		h->v[at] = h->v[child];
		at = child;
	}
	if (h->n)
		h->v[at] = last;
	return true;
}

void heap_release(struct job_heap *h)
{
	vec_release(h);
}

/* A manual job that the user asked for is played as soon as GitLab would offer the button. */
static void on_manual(struct run *r, struct job_run *j)
{
	uint32_t id = j->job->id;

	if (!r->plan.play[id] || r->state != RUN_GOING) {
		job_run_step(j, JOB_EV_SETTLE);
		ask_about(j);
		return;
	}
	progress_play(r->progress, id);
	job_run_step(j, JOB_EV_READY);
}

static void on_scheduled(struct run *r, struct job_run *j)
{
	if (r->o->wait_delayed) {
		job_run_step(j, JOB_EV_DELAY);
		return;
	}
	run_message(r, DIAG_NOTE,
		"job '" STR_FMT "' starts at once instead of after %lld s (--wait-delayed "
		"waits)",
		STR_ARG(j->shown), (long long)j->job->start_in_s);
	progress_play(r->progress, j->job->id);
	job_run_step(j, JOB_EV_READY);
}

static void take_moves(struct run *r)
{
	struct progress_move move;

	while (progress_next(r->progress, &move)) {
		struct job_run *j = &r->jobs[move.job];

		if (move.to == STATUS_PENDING)
			job_run_step(j, JOB_EV_READY);
		else if (move.to == STATUS_MANUAL)
			on_manual(r, j);
		else if (move.to == STATUS_SCHEDULED)
			on_scheduled(r, j);
		else
			job_run_step(j, JOB_EV_SETTLE);
	}
}

void scheduler_classify(struct run *r)
{
	VEC(struct job_class) v = {0};

	for (size_t i = 0; i < r->p->n_jobs; i++) {
		uint64_t takers = runners_for(r, r->p->jobs[i]);
		size_t k = 0;

		while (k < v.n && v.v[k].takers != takers)
			k++;
		if (k == v.n)
			vec_push_in(&r->arena, &v, ((struct job_class){.takers = takers}));
		r->jobs[i].class = (uint32_t)k;
	}
	r->classes = v.v;
	r->n_classes = v.n;
}

void scheduler_push(struct job_run *j)
{
	struct run *r = j->run;

	if (j->job->def->trigger) {
		heap_push(&r->bridges, j->job->id);
		return;
	}
	heap_push(&r->classes[j->class].ready, j->job->id);
	r->n_ready++;
}

/* The first of the pipeline's jobs that a runner has room for. */
static bool pop_ready(struct run *r, uint32_t *id)
{
	struct job_heap *best = NULL;

	for (size_t i = 0; i < r->n_classes; i++) {
		struct job_class *c = &r->classes[i];

		if (c->ready.n && (!best || c->ready.v[0] < best->v[0]) &&
			(!c->takers || runners_free_one(r, c->takers)))
			best = &c->ready;
	}
	if (!best)
		return false;
	r->n_ready--;
	return heap_pop(best, id);
}

static bool others_go(const struct run *top)
{
	for (const struct run *c = top->next; c; c = c->next)
		if (c->state != RUN_OVER)
			return true;
	return false;
}

static void pump(void *arg)
{
	struct run *r = arg;
	uint32_t id;

	take_moves(r);
	while (r->state == RUN_GOING && heap_pop(&r->bridges, &id))
		job_run_step(&r->jobs[id], JOB_EV_SLOT);
	while (r->state == RUN_GOING && r->top->slots < r->top->limit && pop_ready(r, &id))
		job_run_step(&r->jobs[id], JOB_EV_SLOT);
	if (r->running || r->waiting || r->asked || r->pump.loop ||
		((r->n_ready || r->bridges.n) && r->state == RUN_GOING))
		return;
	/* The pipelines of trigger jobs that do not wait for them go on without their parent. */
	if (!r->parent && others_go(r))
		return;
	run_over(r);
}

void scheduler_slot_free(struct run *r)
{
	for (struct run *c = r->top; c; c = c->next)
		if (c->n_ready)
			scheduler_wake(c);
}

void scheduler_wake(struct run *r)
{
	if (!r->pump.loop && r->state != RUN_OVER)
		loop_post(r->session.loop, &r->pump, pump, r);
}

void scheduler_start(struct run *r)
{
	r->state = RUN_GOING;
	scheduler_wake(r);
}

static struct resource *find_resource(struct run *r, struct str key)
{
	struct resource *res;

	for (res = r->resources; res; res = res->next)
		if (str_eq(res->key, key))
			return res;
	res = arena_new(&r->arena, struct resource);
	res->key = key;
	res->fd = -1;
	res->run = r;
	res->next = r->resources;
	r->resources = res;
	return res;
}

/* The lock that other processes of this project see. Without a folder for it there is none to ask.
 */
static bool lock_resource(struct resource *res)
{
	struct run *r = res->run;
	struct arena a = ARENA_INIT;
	struct str slug = store_slug(&a, res->key);
	const char *dir = arena_printf(&a, "%s/locks", r->store.root).p, *path;
	bool got = true;

	path = arena_printf(&a, "%s/" STR_FMT ".lock", dir, STR_ARG(slug)).p;
	if (!store_make_dirs(dir, NULL))
		res->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (res->fd >= 0 && flock(res->fd, LOCK_EX | LOCK_NB)) {
		got = errno != EWOULDBLOCK;
		cleanup_close(&res->fd);
		res->fd = -1;
	}
	arena_release(&a);
	return got;
}

static void poll_lock(void *arg);

static void watch_lock(struct resource *res)
{
	loop_timer_start(res->run->session.loop, &res->timer, RESOURCE_POLL_MS, poll_lock, res);
}

/* Lets the first waiting job try again. */
static void next_in_line(struct resource *res)
{
	uint32_t id;

	if (res->busy || !heap_pop(&res->waiting, &id))
		return;
	job_run_step(&res->run->jobs[id], JOB_EV_FREE);
}

static void poll_lock(void *arg)
{
	struct resource *res = arg;

	if (!res->waiting.n) {
		res->busy = false;
		return;
	}
	if (!lock_resource(res)) {
		watch_lock(res);
		return;
	}
	res->busy = false;
	next_in_line(res);
}

bool scheduler_take_resource(struct job_run *j)
{
	struct run *r = j->run;
	struct resource *res;

	if (!j->job->resource_group.n)
		return true;
	res = find_resource(r, j->job->resource_group);
	if (!res->busy && res->fd < 0 && !lock_resource(res)) {
		if (!res->told)
			run_message(r, DIAG_NOTE,
				"resource group '" STR_FMT "' is held by another %s: waiting",
				STR_ARG(res->key), r->top->n_runs > 1 ? "pipeline" : "cilocal");
		res->told = true;
		res->busy = true;
		watch_lock(res);
	} else if (!res->busy) {
		res->busy = true;
		res->holder = j;
		j->resource = res;
		return true;
	}
	heap_push(&res->waiting, j->job->id);
	return false;
}

void scheduler_give_resource(struct job_run *j)
{
	struct resource *res = j->resource;

	if (!res)
		return;
	j->resource = NULL;
	res->holder = NULL;
	res->busy = false;
	if (res->fd >= 0)
		cleanup_close(&res->fd);
	res->fd = -1;
	next_in_line(res);
}

void scheduler_leave_resource(struct job_run *j)
{
	struct resource *res = find_resource(j->run, j->job->resource_group);
	struct job_heap rest = {NULL, 0, 0};
	uint32_t id;

	while (heap_pop(&res->waiting, &id))
		if (id != j->job->id)
			heap_push(&rest, id);
	heap_release(&res->waiting);
	res->waiting = rest;
}

void scheduler_release(struct run *r)
{
	loop_unpost(&r->pump);
	for (struct resource *res = r->resources; res; res = res->next) {
		loop_timer_stop(&res->timer);
		if (res->fd >= 0)
			cleanup_close(&res->fd);
		res->fd = -1;
		heap_release(&res->waiting);
	}
	for (size_t i = 0; i < r->n_classes; i++)
		heap_release(&r->classes[i].ready);
	heap_release(&r->bridges);
}
