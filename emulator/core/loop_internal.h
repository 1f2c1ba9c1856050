/* For loop.c and loop_timer.c only. */
#ifndef CORE_LOOP_INTERNAL_H
#define CORE_LOOP_INTERNAL_H

#include "emulator/core/loop.h"

struct loop {
	uv_loop_t uv;
	uv_timer_t tick; /* the one uv timer behind all loop_timers */
	uv_idle_t spin;  /* active while tasks wait, so that the loop does not sleep */
	uv_signal_t sig_int, sig_term;
	bool signals_open, tick_open;

	struct loop_task *tasks, *tasks_last;
	struct loop_timer *timers; /* soonest first */
	uint64_t timers_until;     /* what loop_timers_run() is running up to */
	bool timers_running;
	struct loop_hook *hooks; /* last registered first */

	loop_signal_fn *on_signal;
	void *on_signal_arg;
	unsigned signal_count;

	loop_clock_fn *clock;
	void *clock_arg;
};

/* Opens the timer handle; runs what is due; closes the handle. */
int loop_timers_open(struct loop *l);
void loop_timers_run(struct loop *l);
void loop_timers_close(struct loop *l);

#endif
