#include "base/base.h"
#include "emulator/core/loop.h"

#include "emulator/core/error.h"

#include <setjmp.h>
#include <signal.h>
#include <unistd.h>
#include <cmocka.h>

struct scene {
	struct loop *loop;
	struct loop_task a, b;
	struct loop_timer t1, t2, t3;
	struct buf log;
	uint64_t now;
	unsigned count;
};

static int set_up(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));

	s->loop = loop_new(NULL);
	buf_init(&s->log);
	*state = s;
	return s->loop ? 0 : -1;
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	struct error err = ERROR_INIT;

	if (loop_free(s->loop, &err))
		fail_msg("%s", err.text);
	buf_release(&s->log);
	free(s);
	return 0;
}

static void log_b(void *arg)
{
	struct scene *s = arg;

	buf_addc(&s->log, 'b');
}

static void log_a_again(void *arg)
{
	struct scene *s = arg;

	buf_addc(&s->log, 'a');
	if (++s->count < 3)
		loop_post(s->loop, &s->a, log_a_again, s);
}

static void tasks_run_in_order_on_later_turns(void **state)
{
	struct scene *s = *state;

	loop_post(s->loop, &s->a, log_a_again, s);
	loop_post(s->loop, &s->b, log_b, s);
	assert_string_equal(s->log.p, "");
	loop_turn(s->loop);
	assert_string_equal(s->log.p, "ab");
	loop_run(s->loop);
	assert_string_equal(s->log.p, "abaa");
}

static void unpost_other(void *arg)
{
	struct scene *s = arg;

	buf_addc(&s->log, 'u');
	loop_unpost(&s->b);
}

static void a_task_can_take_back_another(void **state)
{
	struct scene *s = *state;

	loop_post(s->loop, &s->a, unpost_other, s);
	loop_post(s->loop, &s->b, log_b, s);
	loop_run(s->loop);
	assert_string_equal(s->log.p, "u");
}

static void tick_1(void *arg)
{
	buf_addc(&((struct scene *)arg)->log, '1');
}

static void tick_2(void *arg)
{
	struct scene *s = arg;

	buf_addc(&s->log, '2');
	loop_timer_stop(&s->t3);
}

static void tick_3(void *arg)
{
	buf_addc(&((struct scene *)arg)->log, '3');
}

static void timers_fire_in_order_of_time(void **state)
{
	struct scene *s = *state;

	loop_timer_start(s->loop, &s->t3, 15, tick_3, s);
	loop_timer_start(s->loop, &s->t2, 5, tick_2, s);
	loop_timer_start(s->loop, &s->t1, 1, tick_1, s);
	loop_run(s->loop);
	assert_string_equal(s->log.p, "12");
}

static uint64_t virtual_now(void *arg)
{
	return ((struct scene *)arg)->now;
}

static void rearm(void *arg)
{
	struct scene *s = arg;

	if (++s->count < 5)
		loop_timer_start(s->loop, &s->t1, 0, rearm, s);
}

static void zero_timers_do_not_hang(void **state)
{
	struct scene *s = *state;

	loop_timer_start(s->loop, &s->t1, 0, rearm, s);
	loop_run(s->loop);
	assert_int_equal(s->count, 5);
	/* With time standing still, one turn runs it once, not for ever. */
	s->count = 0;
	s->now = 1;
	loop_set_clock(s->loop, virtual_now, s);
	loop_timer_start(s->loop, &s->t1, 0, rearm, s);
	loop_turn(s->loop);
	assert_int_equal(s->count, 1);
	loop_timer_stop(&s->t1);
}

static void virtual_time(void **state)
{
	struct scene *s = *state;

	s->now = 1000;
	loop_set_clock(s->loop, virtual_now, s);
	assert_int_equal(loop_now(s->loop), 1000);
	loop_timer_start(s->loop, &s->t1, 3600000, tick_1, s);
	for (int i = 0; i < 5; i++) {
		usleep(2000);
		loop_turn(s->loop);
	}
	assert_string_equal(s->log.p, "");
	s->now += 3600000;
	loop_run(s->loop);
	assert_string_equal(s->log.p, "1");
}

static void on_signal(void *arg, int signum, unsigned count)
{
	struct scene *s = arg;

	buf_printf(&s->log, "%d:%u ", signum == SIGINT, count);
	if (count == 2)
		loop_timer_stop(&s->t1);
}

static void signals_are_counted(void **state)
{
	struct scene *s = *state;

	assert_int_equal(loop_on_signal(s->loop, on_signal, s, NULL), 0);
	loop_timer_start(s->loop, &s->t1, 5000, tick_1, s);
	kill(getpid(), SIGINT);
	loop_turn(s->loop);
	loop_turn(s->loop);
	kill(getpid(), SIGTERM);
	loop_run(s->loop);
	assert_string_equal(s->log.p, "1:1 0:2 ");
}

static void hook_1(void *arg)
{
	tick_1(arg);
}

static void hook_2(void *arg)
{
	buf_addc(&((struct scene *)arg)->log, '2');
}

static void hooks_run_last_first(void **state)
{
	struct scene *s = *state;
	struct loop_hook h1 = {0}, h2 = {0}, h3 = {0};
	struct loop *l = loop_new(NULL);

	loop_hook_add(l, &h1, hook_1, s);
	loop_hook_add(l, &h2, hook_2, s);
	loop_hook_add(l, &h3, hook_1, s);
	loop_hook_remove(&h3);
	assert_int_equal(loop_free(l, NULL), 0);
	assert_string_equal(s->log.p, "21");
}

static void forgotten_handles_are_named(void **state)
{
	struct loop *l = loop_new(NULL);
	struct error err = ERROR_INIT;
	uv_timer_t forgotten;

	UNUSED(state);
	uv_timer_init(loop_uv(l), &forgotten);
	uv_timer_start(&forgotten, (uv_timer_cb)abort, 60000, 0);
	assert_int_equal(loop_free(l, &err), -1);
	assert_true(str_find(str_c(err.text), STR("timer")) != STR_NPOS);
	uv_close((uv_handle_t *)&forgotten, NULL);
	assert_int_equal(loop_free(l, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			tasks_run_in_order_on_later_turns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_task_can_take_back_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(timers_fire_in_order_of_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(zero_timers_do_not_hang, set_up, tear_down),
		cmocka_unit_test_setup_teardown(virtual_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(signals_are_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hooks_run_last_first, set_up, tear_down),
		cmocka_unit_test(forgotten_handles_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
