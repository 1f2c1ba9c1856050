/*
 * The event loop: owns the uv loop, signals, timers, and the order in which everything goes down.
 *
 * Rules for whoever runs on it: one struct per activity with its handles embedded; exactly one
 * completion per activity, never from inside the call that started it (loop_post helps); closing
 * is a state, memory goes in the last close callback.
 */
#ifndef CORE_LOOP_H
#define CORE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct error;
struct loop;

/* A function for the next turn of the loop. Embedded; zeroed before its first use. */
typedef void loop_fn(void *arg);
struct loop_task {
	struct loop *loop; /* NULL: not queued */
	loop_fn *fn;
	void *arg;
	struct loop_task *next, *prev;
};

/*
 * A timer, embedded, zeroed before its first use. It needs no close: stopped or fired it may be
 * freed at once, also from its own function. An armed timer keeps the loop running.
 */
struct loop_timer {
	struct loop *loop; /* NULL: not armed */
	uint64_t due;      /* loop_now() milliseconds */
	loop_fn *fn;
	void *arg;
	struct loop_timer *next, *prev;
};

/* Called when the loop goes down, last registered first; embedded, zeroed before its first use. */
struct loop_hook {
	struct loop *loop;
	loop_fn *fn;
	void *arg;
	struct loop_hook *next;
};

/* signum is SIGINT or SIGTERM; count is 1 for the first of either, 2 for the next and so on. */
typedef void loop_signal_fn(void *arg, int signum, unsigned count);
/* Milliseconds that never go back. */
typedef uint64_t loop_clock_fn(void *arg);

/* NULL on failure (out of descriptors). SIGPIPE is ignored from here on. */
struct loop *loop_new(struct error *err);

/*
 * Runs the hooks, then turns the loop until every handle is closed, and frees it. -1 when handles
 * are left over that nobody closes (a fault of ours): the error names them, and the loop stays
 * until they are closed and this is called again.
 */
int loop_free(struct loop *l, struct error *err);

/* Turns until loop_stop() or until nothing is left that could happen. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
/* One turn without waiting (false: nothing is left that could happen); for tests. */
bool loop_turn(struct loop *l);

/* For libuv calls and handles of one's own. */
uv_loop_t *loop_uv(struct loop *l);

/* SIGINT and SIGTERM go to fn until the loop is freed; NULL gives them back their default effect.
 */
int loop_on_signal(struct loop *l, loop_signal_fn *fn, void *arg, struct error *err);

/* Runs fn on the next turn, in the order of posting. Posting what is queued already is a bug. */
void loop_post(struct loop *l, struct loop_task *t, loop_fn *fn, void *arg);
void loop_unpost(struct loop_task *t); /* no effect when not queued */

/* (Re)arms; ms from now. fn runs once. */
void loop_timer_start(struct loop *l, struct loop_timer *t, uint64_t ms, loop_fn *fn, void *arg);
void loop_timer_stop(struct loop_timer *t); /* no effect when not armed */

void loop_hook_add(struct loop *l, struct loop_hook *h, loop_fn *fn, void *arg);
void loop_hook_remove(struct loop_hook *h);

uint64_t loop_now(const struct loop *l);    /* monotonic, milliseconds; fresh at each call */
int64_t loop_wall_ms(const struct loop *l); /* since the epoch, milliseconds */
/* Virtual time for tests: both clocks and the timers follow fn; NULL goes back to the real one. */
void loop_set_clock(struct loop *l, loop_clock_fn *fn, void *arg);

#endif
