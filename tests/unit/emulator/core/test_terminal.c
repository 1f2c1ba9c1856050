/* Standard input that can't be opened again: a socket, as another user's terminal is after su. */
#include "base/base.h"
#include "emulator/core/terminal.h"

#include "emulator/core/error.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

struct scene {
	struct loop *loop;
	struct terminal *terminal;
	struct terminal_wait wait;
	struct buf got;
	bool blocks, ended;
	int far;
};

static bool blocks(void)
{
	return !(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK);
}

static void on_input(void *arg, struct str bytes)
{
	struct scene *s = arg;

	buf_addstr(&s->got, bytes);
	s->blocks = blocks();
	if (str_is(buf_str(&s->got), "one"))
		assert_int_equal(write(s->far, "two", 3), 3);
	else
		assert_int_equal(shutdown(s->far, SHUT_WR), 0);
}

static void on_ended(void *arg)
{
	struct scene *s = arg;

	s->ended = true;
	terminal_leave(&s->wait);
}

static void on_ours(void *arg)
{
	struct scene *s = arg;

	terminal_open(s->terminal,
		&(struct terminal_use){.input = on_input, .ended = on_ended, .arg = s});
	assert_int_equal(write(s->far, "one", 3), 3);
}

static void the_callers_description_blocks_as_before(void **state)
{
	struct scene s = {.loop = loop_new(NULL)};
	struct error err = ERROR_INIT;
	int ends[2];

	UNUSED(state);
	buf_init(&s.got);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	close(ends[0]);
	s.far = ends[1];
	s.terminal = terminal_new(s.loop);
	terminal_want(s.terminal, &s.wait, on_ours, &s);
	loop_run(s.loop);
	assert_string_equal(s.got.p, "onetwo");
	assert_true(s.ended);
	assert_true(s.blocks);
	assert_true(blocks());
	terminal_free(s.terminal);
	assert_int_equal(loop_free(s.loop, &err), 0);
	buf_release(&s.got);
	close(s.far);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_callers_description_blocks_as_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
