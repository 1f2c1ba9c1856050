#include "base/base.h"
#include "emulator/core/loop.h"

#include "emulator/core/error.h"
#include "emulator/core/loop_internal.h"
#include "emulator/core/trace.h"

#include <signal.h>
#include <time.h>

struct loop *loop_new(struct error *err)
{
	struct loop *l = xcalloc(1, sizeof(*l));
	int rc = uv_loop_init(&l->uv);

	if (rc) {
		error_uv(err, rc, "cannot start the event loop");
		free(l);
		return NULL;
	}
	signal(SIGPIPE, SIG_IGN);
	uv_idle_init(&l->uv, &l->spin);
	loop_timers_open(l);
	return l;
}

uv_loop_t *loop_uv(struct loop *l)
{
	return &l->uv;
}

/* ---- tasks ---- */

static void on_spin(uv_idle_t *uv)
{
	struct loop *l = container_of(uv, struct loop, spin);
	size_t n = 0;

	/* What a task posts waits for the next turn, or a task that posts itself would hang us. */
	for (struct loop_task *t = l->tasks; t; t = t->next)
		n++;
	for (; n && l->tasks; n--) {
		struct loop_task *t = l->tasks;

		loop_unpost(t);
		t->fn(t->arg);
	}
}

void loop_post(struct loop *l, struct loop_task *t, loop_fn *fn, void *arg)
{
	if (t->loop)
		BUG("a task was posted twice");
	t->loop = l;
	t->fn = fn;
	t->arg = arg;
	t->next = NULL;
	t->prev = l->tasks_last;
	if (l->tasks_last)
		l->tasks_last->next = t;
	else
		l->tasks = t;
	l->tasks_last = t;
	uv_idle_start(&l->spin, on_spin);
}

void loop_unpost(struct loop_task *t)
{
	struct loop *l = t->loop;

	if (!l)
		return;
	if (t->prev)
		t->prev->next = t->next;
	else
		l->tasks = t->next;
	if (t->next)
		t->next->prev = t->prev;
	else
		l->tasks_last = t->prev;
	t->loop = NULL;
	t->next = t->prev = NULL;
	if (!l->tasks)
		uv_idle_stop(&l->spin);
}

/* ---- running ---- */

void loop_run(struct loop *l)
{
	uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *l)
{
	uv_stop(&l->uv);
}

bool loop_turn(struct loop *l)
{
	return uv_run(&l->uv, UV_RUN_NOWAIT) != 0;
}

/* ---- signals ---- */

static void on_signal(uv_signal_t *uv, int signum)
{
	struct loop *l = signum == SIGINT ? container_of(uv, struct loop, sig_int)
					  : container_of(uv, struct loop, sig_term);

	l->signal_count++;
	TRACE(LOOP, "signal %d, number %u", signum, l->signal_count);
	if (l->on_signal)
		l->on_signal(l->on_signal_arg, signum, l->signal_count);
}

static int open_signals(struct loop *l, struct error *err)
{
	int rc = uv_signal_init(&l->uv, &l->sig_int);

	if (rc)
		return error_uv(err, rc, "cannot watch signals");
	rc = uv_signal_init(&l->uv, &l->sig_term);
	if (rc) {
		uv_close((uv_handle_t *)&l->sig_int, NULL);
		return error_uv(err, rc, "cannot watch signals");
	}
	/* Waiting for a signal alone is no reason to keep turning. */
	uv_unref((uv_handle_t *)&l->sig_int);
	uv_unref((uv_handle_t *)&l->sig_term);
	l->signals_open = true;
	return 0;
}

int loop_on_signal(struct loop *l, loop_signal_fn *fn, void *arg, struct error *err)
{
	int rc;

	if (!l->signals_open && open_signals(l, err))
		return -1;
	l->on_signal = fn;
	l->on_signal_arg = arg;
	if (!fn) {
		uv_signal_stop(&l->sig_int);
		uv_signal_stop(&l->sig_term);
		return 0;
	}
	rc = uv_signal_start(&l->sig_int, on_signal, SIGINT);
	if (!rc)
		rc = uv_signal_start(&l->sig_term, on_signal, SIGTERM);
	return rc ? error_uv(err, rc, "cannot watch signals") : 0;
}

/* ---- the way down ---- */

void loop_hook_add(struct loop *l, struct loop_hook *h, loop_fn *fn, void *arg)
{
	if (h->loop)
		BUG("a hook was added twice");
	h->loop = l;
	h->fn = fn;
	h->arg = arg;
	h->next = l->hooks;
	l->hooks = h;
}

void loop_hook_remove(struct loop_hook *h)
{
	struct loop_hook **at;

	if (!h->loop)
		return;
	for (at = &h->loop->hooks; *at != h; at = &(*at)->next)
		;
	*at = h->next;
	h->loop = NULL;
	h->next = NULL;
}

static void run_hooks(struct loop *l)
{
	while (l->hooks) {
		struct loop_hook *h = l->hooks;

		loop_hook_remove(h);
		h->fn(h->arg);
	}
}

static void add_handle_name(uv_handle_t *h, void *arg)
{
	struct buf *names = arg;

	if (!uv_is_closing(h))
		buf_printf(names, "%s%s", names->n ? ", " : "", uv_handle_type_name(h->type));
}

/* Handles that keep the loop alive: still active, and nobody has asked them to close. */
static void count_open(uv_handle_t *h, void *arg)
{
	if (!uv_is_closing(h) && uv_is_active(h))
		++*(unsigned *)arg;
}

/*
 * Turns until nothing is left. Work in the thread pool is waited for, at most DRAIN_MS; a handle
 * that nobody closes would wait for ever, hence turns that do not sleep in the poll.
 */
#define DRAIN_MS 10000
static void turn_until_empty(struct loop *l)
{
	uint64_t end = uv_hrtime() / 1000000 + DRAIN_MS;
	const struct timespec nap = {0, 200000};

	while (uv_run(&l->uv, UV_RUN_NOWAIT)) {
		unsigned open = 0;

		uv_walk(&l->uv, count_open, &open);
		if ((open && !l->uv.active_reqs.count) || uv_hrtime() / 1000000 > end)
			break;
		nanosleep(&nap, NULL);
	}
}

static void drain(struct loop *l)
{
	loop_timers_close(l);
	if (l->signals_open) {
		l->signals_open = false;
		uv_close((uv_handle_t *)&l->sig_int, NULL);
		uv_close((uv_handle_t *)&l->sig_term, NULL);
	}
	while (l->tasks)
		uv_run(&l->uv, UV_RUN_NOWAIT);
	turn_until_empty(l);
	if (!uv_is_closing((uv_handle_t *)&l->spin))
		uv_close((uv_handle_t *)&l->spin, NULL);
	uv_run(&l->uv, UV_RUN_NOWAIT);
}

int loop_free(struct loop *l, struct error *err)
{
	struct buf names = BUF_INIT;

	if (!l)
		return 0;
	run_hooks(l);
	drain(l);
	if (uv_loop_close(&l->uv)) {
		uv_walk(&l->uv, add_handle_name, &names);
		error_set(err, ERR_UV, UV_EBUSY, "event loop closed with open handles: %s",
			names.n ? names.p : "requests");
		buf_release(&names);
		return -1;
	}
	free(l);
	return 0;
}
