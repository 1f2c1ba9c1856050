#include "base/base.h"
#include "emulator/docker/json.h"

#include <setjmp.h>
#include <cmocka.h>

static void add(void *arg, struct str object)
{
	buf_addstr(arg, object);
	buf_addc(arg, ';');
}

static void objects_are_cut_at_their_ends(void **state)
{
	static const char text[] =
		"{\"a\":\"}{\\\"\"}\r\n{\"b\":[1,{\"c\":2}]}{} \n x{\"d\":\"\\\\\"}";
	struct str all = str_n(text, sizeof(text) - 1);

	UNUSED(state);
	for (size_t piece = 1; piece <= all.n; piece++) {
		struct json_stream s;
		struct buf out = BUF_INIT;

		json_stream_init(&s);
		for (size_t at = 0; at < all.n; at += piece)
			json_stream_feed(&s, str_sub(all, at, MIN(at + piece, all.n)), add, &out);
		assert_string_equal(
			out.p, "{\"a\":\"}{\\\"\"};{\"b\":[1,{\"c\":2}]};{};{\"d\":\"\\\\\"};");
		assert_int_equal(s.depth, 0);
		json_stream_release(&s);
		buf_release(&out);
	}
}

static void endless_objects_are_given_up(void **state)
{
	struct json_stream s;
	struct buf out = BUF_INIT;

	UNUSED(state);
	json_stream_init(&s);
	json_stream_feed(&s, STR("{\"a\":\""), add, &out);
	for (int i = 0; i < 5 << 10; i++) {
		char piece[1024];

		memset(piece, 'x', sizeof(piece));
		json_stream_feed(&s, str_n(piece, sizeof(piece)), add, &out);
	}
	json_stream_feed(&s, STR("\"}"), add, &out);
	assert_int_equal(out.n, 0);
	assert_true(s.broken || s.text.overflow);
	json_stream_release(&s);
}

static void bad_utf8_goes_out_replaced(void **state)
{
	struct buf out = BUF_INIT;

	UNUSED(state);
	json_write(&out, json_from_str(str_n("a\xff\0\xc3\xa4\xc3", 6)));
	assert_string_equal(out.p, "\"a\xef\xbf\xbd\\u0000\xc3\xa4\xef\xbf\xbd\"");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_cut_at_their_ends),
		cmocka_unit_test(endless_objects_are_given_up),
		cmocka_unit_test(bad_utf8_goes_out_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
