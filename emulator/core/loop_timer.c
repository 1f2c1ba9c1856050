/*
 * Timers and clocks. All timers share one uv timer, so that a timer is plain memory: it needs no
 * close callback, and a virtual clock can drive it.
 */
#include "base/base.h"
#include "emulator/core/loop.h"

#include "emulator/core/loop_internal.h"

#include <time.h>

uint64_t loop_now(const struct loop *l)
{
	if (l->clock)
		return l->clock(l->clock_arg);
	return uv_hrtime() / 1000000;
}

int64_t loop_wall_ms(const struct loop *l)
{
	struct timespec ts;

	if (l->clock)
		return (int64_t)l->clock(l->clock_arg);
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void arm(struct loop *l);

static void on_tick(uv_timer_t *uv)
{
	struct loop *l = container_of(uv, struct loop, tick);

	loop_timers_run(l);
	arm(l);
}

/* A virtual clock moves without the uv timer's knowledge, so it is looked at on every turn. */
static void arm(struct loop *l)
{
	uint64_t now, wait;

	if (!l->tick_open)
		return;
	if (!l->timers) {
		uv_timer_stop(&l->tick);
		return;
	}
	now = loop_now(l);
	wait = l->timers->due > now ? l->timers->due - now : 0;
	if (l->clock && wait > 1)
		wait = 1;
	uv_update_time(&l->uv);
	uv_timer_start(&l->tick, on_tick, wait, 0);
}

int loop_timers_open(struct loop *l)
{
	int rc = uv_timer_init(&l->uv, &l->tick);

	l->tick_open = rc == 0;
	return rc;
}

void loop_timers_close(struct loop *l)
{
	if (!l->tick_open)
		return;
	l->tick_open = false;
	uv_close((uv_handle_t *)&l->tick, NULL);
}

static void unlink_timer(struct loop *l, struct loop_timer *t)
{
	if (t->prev)
		t->prev->next = t->next;
	else
		l->timers = t->next;
	if (t->next)
		t->next->prev = t->prev;
	t->loop = NULL;
	t->next = t->prev = NULL;
}

void loop_timers_run(struct loop *l)
{
	l->timers_until = loop_now(l);
	l->timers_running = true;
	while (l->timers && l->timers->due <= l->timers_until) {
		struct loop_timer *t = l->timers;

		unlink_timer(l, t);
		t->fn(t->arg);
	}
	l->timers_running = false;
}

void loop_timer_start(struct loop *l, struct loop_timer *t, uint64_t ms, loop_fn *fn, void *arg)
{
	struct loop_timer *at, *before = NULL;
	uint64_t now = loop_now(l);

	loop_timer_stop(t);
	t->loop = l;
	t->due = ms > UINT64_MAX - now ? UINT64_MAX : now + ms;
	/* A function that arms a timer for 0 ms gets it on a later turn, not in an endless one. */
	if (l->timers_running && t->due <= l->timers_until)
		t->due = l->timers_until + 1;
	t->fn = fn;
	t->arg = arg;
	for (at = l->timers; at && at->due <= t->due; at = at->next)
		before = at;
	t->prev = before;
	t->next = at;
	if (before)
		before->next = t;
	else
		l->timers = t;
	if (at)
		at->prev = t;
	if (l->timers == t)
		arm(l);
}

void loop_timer_stop(struct loop_timer *t)
{
	struct loop *l = t->loop;
	bool first;

	if (!l)
		return;
	first = l->timers == t;
	unlink_timer(l, t);
	if (first)
		arm(l);
}

void loop_set_clock(struct loop *l, loop_clock_fn *fn, void *arg)
{
	l->clock = fn;
	l->clock_arg = arg;
	arm(l);
}
