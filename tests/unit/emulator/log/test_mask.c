#include "base/base.h"
#include "emulator/log/mask.h"

#include <setjmp.h>
#include <cmocka.h>

static void to_buf(void *arg, struct str b)
{
	buf_addstr(arg, b);
}

/* Feeds text in pieces of the given size (0: at once) and compares what comes out. */
static void check(const struct mask_set *set, const char *text, size_t piece, const char *want)
{
	struct mask m;
	struct buf out = BUF_INIT;
	size_t n = strlen(text), i;

	mask_init(&m, set);
	for (i = 0; i < n; i += piece ? piece : n)
		mask_feed(&m, text + i, MIN(piece ? piece : n, n - i), to_buf, &out);
	mask_flush(&m, to_buf, &out);
	assert_string_equal(out.p, want);
	buf_release(&out);
	mask_release(&m);
}

static void check_all(const struct mask_set *set, const char *text, const char *want)
{
	size_t piece;

	for (piece = 0; piece <= strlen(text); piece++)
		check(set, text, piece, want);
}

static void test_values(void **state)
{
	struct str v[] = {STR("secret12"), STR("secret1234"), STR("aab"), STR("x"), STR("")};
	struct mask_set *set = mask_set_new(v, ARRAY_SIZE(v), false);

	UNUSED(state);
	check_all(set, "say secret12 and secret1234!", "say [MASKED] and [MASKED]!");
	check_all(set, "secret123", "[MASKED]3");
	check_all(set, "secret1", "secret1");
	check_all(set, "x stays", "x stays");
	/* the hole of a matcher that retries from the current byte only */
	check_all(set, "aaab", "a[MASKED]");
	check_all(set, "aaaaab aab", "aaa[MASKED] [MASKED]");
	check_all(set, "secretsecret12", "secret[MASKED]");
	check_all(set, "", "");
	mask_set_free(set);
}

static void test_tokens(void **state)
{
	struct str v[] = {STR("glpat-whole"), STR("inner-secret")};
	struct mask_set *set = mask_set_new(v, ARRAY_SIZE(v), true);

	UNUSED(state);
	check_all(set, "t=glpat-abc_D.9=- end", "t=glpat-[MASKED] end");
	check_all(set, "glpat-whole", "[MASKED]");
	check_all(set, "glpat- nothing", "glpat- nothing");
	check_all(set, "glrtr-1 glrt-2", "glrtr-[MASKED] glrt-[MASKED]");
	check_all(set, "GET /x?private_token=a%20b&y=1", "GET /x?private_token=[MASKED]&y=1");
	check_all(set, "/x?y=1&X-Amz-Signature=0f0f HTTP/1.1",
		"/x?y=1&X-Amz-Signature=[MASKED] HTTP/1.1");
	check_all(set, "private_token=kept", "private_token=kept");
	check_all(set, "glpat-[inner-secret]", "glpat-[[MASKED]]");
	mask_set_free(set);
}

/* What masking means, without any cleverness. */
static void oracle(const struct str *v, size_t n, struct str text, struct buf *out)
{
	size_t i = 0, j, best;

	while (i < text.n) {
		best = 0;
		for (j = 0; j < n; j++)
			if (v[j].n > best && str_starts(str_from(text, i), v[j]))
				best = v[j].n;
		if (best) {
			buf_adds(out, "[MASKED]");
			i += best;
		} else {
			buf_addc(out, text.p[i++]);
		}
	}
}

static void test_random(void **state)
{
	unsigned seed = 7, round, i, j;

	UNUSED(state);
	for (round = 0; round < 3000; round++) {
		char words[4][8], text[40];
		struct str v[4];
		struct buf want = BUF_INIT;
		struct mask_set *set;
		size_t n = 1 + rand_r(&seed) % 4;

		for (i = 0; i < n; i++) {
			size_t len = 2 + rand_r(&seed) % 5;

			for (j = 0; j < len; j++)
				words[i][j] = (char)('a' + rand_r(&seed) % 2);
			v[i] = str_n(words[i], len);
		}
		for (i = 0; i < sizeof(text) - 1; i++)
			text[i] = (char)('a' + rand_r(&seed) % (rand_r(&seed) % 8 ? 2 : 3));
		text[i] = '\0';
		set = mask_set_new(v, n, false);
		oracle(v, n, str_c(text), &want);
		check(set, text, 0, want.p);
		check(set, text, 1, want.p);
		check(set, text, 1 + rand_r(&seed) % 9, want.p);
		mask_set_free(set);
		buf_release(&want);
	}
}

/* Long texts take another way than short ones; every place of a value must be found there. */
static void test_long(void **state)
{
	unsigned seed = 11, round, i, j;

	UNUSED(state);
	for (round = 0; round < 600; round++) {
		char words[12][8], text[400];
		struct str v[12];
		struct buf want = BUF_INIT;
		struct mask_set *set;
		size_t n = 1 + rand_r(&seed) % ARRAY_SIZE(words);
		unsigned letters = 2 + rand_r(&seed) % 40;

		for (i = 0; i < n; i++) {
			size_t len = 2 + rand_r(&seed) % 6;

			for (j = 0; j < len; j++)
				words[i][j] = (char)(' ' + 5 * (rand_r(&seed) % letters));
			v[i] = str_n(words[i], len);
		}
		for (i = 0; i < sizeof(text) - 1;) {
			struct str w = v[rand_r(&seed) % n];

			text[i++] = (char)(' ' + 5 * (rand_r(&seed) % letters));
			for (j = 0; rand_r(&seed) % 4 == 0 && j < w.n && i < sizeof(text) - 1; j++)
				text[i++] = w.p[j];
		}
		text[i] = '\0';
		set = mask_set_new(v, n, false);
		oracle(v, n, str_c(text), &want);
		check(set, text, 0, want.p);
		check(set, text, 1, want.p);
		check(set, text, 64 + rand_r(&seed) % 99, want.p);
		mask_set_free(set);
		buf_release(&want);
	}
}

static void test_everywhere(void **state)
{
	struct str v[] = {STR("ab"), STR("\xff\x80z"), STR("secret12")};
	struct mask_set *set = mask_set_new(v, ARRAY_SIZE(v), true);
	char text[160];

	UNUSED(state);
	for (size_t k = 0; k < ARRAY_SIZE(v); k++)
		for (size_t at = 0; at + v[k].n < sizeof(text); at++) {
			struct buf want = BUF_INIT;

			memset(text, '.', sizeof(text));
			memcpy(text + at, v[k].p, v[k].n);
			text[sizeof(text) - 1] = '\0';
			buf_add(&want, text, at);
			buf_adds(&want, "[MASKED]");
			buf_adds(&want, text + at + v[k].n);
			check(set, text, 0, want.p);
			buf_release(&want);
		}
	mask_set_free(set);
}

static void test_text(void **state)
{
	struct str v[] = {STR("hunter22")};
	struct mask_set *set = mask_set_new(v, 1, false);
	struct buf out = BUF_INIT;

	UNUSED(state);
	mask_text(set, STR("pw hunter22"), &out);
	assert_string_equal(out.p, "pw [MASKED]");
	buf_clear(&out);
	mask_text(NULL, STR("pw hunter22"), &out);
	assert_string_equal(out.p, "pw hunter22");
	buf_release(&out);
	mask_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_everywhere),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
