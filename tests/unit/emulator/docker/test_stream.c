#include "base/base.h"
#include "emulator/docker/stream.h"

#include "emulator/core/error.h"

#include <setjmp.h>
#include <cmocka.h>

struct got {
	struct buf out, err;
};

static void add(void *arg, int stream, struct str data)
{
	struct got *g = arg;

	buf_addstr(stream == 1 ? &g->out : &g->err, data);
}

static const char frames[] = "\1\0\0\0\0\0\0\5hello\2\0\0\0\0\0\0\3err\1\0\0\0\0\0\0\0"
			     "\0\0\0\0\0\0\0\2in\1\0\0\0\0\0\0\1!";

static void any_split_gives_the_same(void **state)
{
	struct str all = str_n(frames, sizeof(frames) - 1);

	UNUSED(state);
	for (size_t piece = 1; piece <= all.n; piece++) {
		struct got g = {BUF_INIT, BUF_INIT};
		struct error err = ERROR_INIT;
		struct stream s;

		stream_init(&s, false);
		for (size_t at = 0; at < all.n; at += piece)
			assert_int_equal(stream_feed(&s, str_sub(all, at, MIN(at + piece, all.n)),
						 add, &g, &err),
				0);
		assert_int_equal(stream_end(&s, &err), 0);
		assert_string_equal(g.out.p, "helloin!");
		assert_string_equal(g.err.p, "err");
		buf_release(&g.out);
		buf_release(&g.err);
	}
}

static void ends_inside_a_frame_are_told(void **state)
{
	struct str all = str_n(frames, sizeof(frames) - 1);
	struct stream s;

	UNUSED(state);
	for (size_t n = 1; n < 13; n++) {
		struct error err = ERROR_INIT;

		stream_init(&s, false);
		stream_feed(&s, str_sub(all, 0, n), NULL, NULL, &err);
		assert_int_equal(stream_end(&s, &err), -1);
	}
}

static void garbage_is_refused(void **state)
{
	struct error err = ERROR_INIT;
	struct stream s;

	UNUSED(state);
	stream_init(&s, false);
	assert_int_equal(stream_feed(&s, STR("plain text"), NULL, NULL, &err), -1);
	assert_int_equal(err.domain, ERR_DOCKER);
}

static void errors_of_the_engine_have_its_words(void **state)
{
	struct error err = ERROR_INIT;
	struct stream s;

	UNUSED(state);
	stream_init(&s, false);
	assert_int_equal(stream_feed(&s, str_n("\3\0\0\0\0\0\0\4oops", 12), NULL, NULL, &err), -1);
	assert_string_equal(err.text, "Error response from daemon: oops");
}

static void a_terminal_is_passed_through(void **state)
{
	struct got g = {BUF_INIT, BUF_INIT};
	struct stream s;

	UNUSED(state);
	stream_init(&s, true);
	assert_int_equal(stream_feed(&s, STR("plain\1\0\0"), add, &g, NULL), 0);
	assert_int_equal(stream_end(&s, NULL), 0);
	assert_int_equal(g.out.n, 8);
	buf_release(&g.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_split_gives_the_same),
		cmocka_unit_test(ends_inside_a_frame_are_told),
		cmocka_unit_test(garbage_is_refused),
		cmocka_unit_test(errors_of_the_engine_have_its_words),
		cmocka_unit_test(a_terminal_is_passed_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
