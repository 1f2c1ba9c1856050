#include "base/base.h"
#include "emulator/runner/talk.h"

#include <setjmp.h>
#include <cmocka.h>

/* What came out, in order; questions in brackets. */
static struct buf heard;

static void on_asked(void *arg, struct str words)
{
	UNUSED(arg);
	buf_printf(&heard, "[" STR_FMT "]", STR_ARG(words));
}

static void on_bytes(void *arg, struct str bytes)
{
	UNUSED(arg);
	buf_addstr(&heard, bytes);
}

/* The same whatever way the stream is cut. */
static void test_cuts(void **state)
{
	UNUSED(state);
	for (size_t piece = 1; piece < 120; piece++) {
		struct talk t;
		struct buf all = BUF_INIT;

		talk_init(&t, on_asked, NULL);
		buf_init(&heard);
		buf_printf(&all, "one\n%sstep 1\ntwo%sready\n%s\n\036cilocal:not\n\036cil", t.mark,
			t.mark, t.mark);
		for (size_t at = 0; at < all.n; at += piece)
			talk_feed(&t, str_sub(buf_str(&all), at, at + piece), on_bytes, NULL);
		talk_flush(&t, on_bytes, NULL);
		assert_string_equal(heard.p, "one\n[step 1]two[ready][]\036cilocal:not\n\036cil");
		buf_release(&heard);
		buf_release(&all);
		talk_release(&t);
	}
}

static void test_tokens_differ(void **state)
{
	struct talk a, b;

	UNUSED(state);
	talk_init(&a, on_asked, NULL);
	talk_init(&b, on_asked, NULL);
	assert_string_not_equal(a.mark, b.mark);
	assert_int_equal(strlen(a.mark), strlen("\036cilocal::") + TALK_TOKEN);
	talk_release(&a);
	talk_release(&b);
}

/* A mark that never ends does not fill the memory. */
static void test_endless(void **state)
{
	struct talk t;
	char junk[1000];

	UNUSED(state);
	memset(junk, 'x', sizeof(junk));
	talk_init(&t, on_asked, NULL);
	buf_init(&heard);
	talk_feed(&t, str_c(t.mark), on_bytes, NULL);
	for (int i = 0; i < 100; i++)
		talk_feed(&t, str_n(junk, sizeof(junk)), on_bytes, NULL);
	assert_true(t.held.n < 1000);
	talk_release(&t);
	buf_release(&heard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_tokens_differ),
		cmocka_unit_test(test_endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
