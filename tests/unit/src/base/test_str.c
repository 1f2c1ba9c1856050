#include "../unit.h"

static void test_compare(void **state)
{
	UNUSED(state);
	assert_true(str_eq(STR("abc"), str_c("abc")));
	assert_true(str_eq(STR_NULL, STR("")));
	assert_false(str_eq(STR("abc"), STR("abd")));
	assert_false(str_eq(STR("ab"), STR("abc")));
	assert_true(str_ieq(STR("AbC"), STR("aBc")));
	assert_false(str_ieq(STR("AbC"), STR("aBd")));
	assert_true(str_cmp(STR("a"), STR("ab")) < 0);
	assert_true(str_cmp(STR("b"), STR("ab")) > 0);
	assert_int_equal(str_cmp(STR("x"), STR("x")), 0);
	/* Bytes compare unsigned: beyond ASCII sorts behind it. */
	assert_true(str_cmp(STR("z"), STR("\xc3\xa9")) < 0);
}

static void test_parts(void **state)
{
	UNUSED(state);
	assert_str(str_sub(STR("hello"), 1, 3), "el");
	assert_str(str_sub(STR("hello"), 3, 99), "lo");
	assert_str(str_sub(STR("hello"), 4, 2), "");
	assert_str(str_from(STR("hello"), 2), "llo");
	assert_int_equal(str_from(STR("hello"), 9).n, 0);
	assert_int_equal(str_from(STR_NULL, 3).n, 0);
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_false(str_starts(STR("a"), STR("ab")));
	assert_true(str_ends(STR("abc"), STR("bc")));
	assert_false(str_ends(STR("c"), STR("bc")));
	assert_str(str_trim(STR(" \t\n a b \r\n")), "a b");
	assert_int_equal(str_trim(STR(" \n ")).n, 0);
}

static void test_find(void **state)
{
	UNUSED(state);
	assert_int_equal(str_find(STR("abcabc"), STR("ca")), 2);
	assert_int_equal(str_find(STR("abc"), STR("")), 0);
	assert_int_equal(str_find(STR(""), STR("a")), STR_NPOS);
	assert_int_equal(str_chr(STR("a/b/c"), '/'), 1);
	assert_int_equal(str_rchr(STR("a/b/c"), '/'), 3);
	assert_int_equal(str_rchr(STR("abc"), '/'), STR_NPOS);
}

static void check_split(struct str s, char sep, const char *joined)
{
	struct str_split it = str_split(s, sep);
	struct buf b = BUF_INIT;
	struct str part;

	while (str_split_next(&it, &part))
		buf_printf(&b, "[" STR_FMT "]", STR_ARG(part));
	assert_false(str_split_next(&it, &part));
	assert_string_equal(b.p, joined);
	buf_release(&b);
}

static void test_split(void **state)
{
	UNUSED(state);
	check_split(STR("a,,b"), ',', "[a][][b]");
	check_split(STR(""), ',', "[]");
	check_split(STR(","), ',', "[][]");
	check_split(STR("a"), ',', "[a]");
}

static void test_distance(void **state)
{
	const struct str words[] = {STR_INIT("script"), STR_INIT("stage"), STR_INIT("when")};

	UNUSED(state);
	assert_int_equal(str_distance(STR("scirpt"), STR("script")), 1);
	assert_int_equal(str_distance(STR("kitten"), STR("sitting")), 3);
	assert_int_equal(str_distance(STR(""), STR("abc")), 3);
	assert_ptr_equal(str_nearest(STR("scirpt"), words, 3), &words[0]);
	assert_ptr_equal(str_nearest(STR("Stages"), words, 3), &words[1]);
	assert_null(str_nearest(STR("completely"), words, 3));
	assert_null(str_nearest(STR("x"), words, 0));
}

static void test_utf8(void **state)
{
	size_t len;

	UNUSED(state);
	assert_int_equal(utf8_len("a", 1), 1);
	assert_int_equal(utf8_len("\xc3\xa9", 2), 2);
	assert_int_equal(utf8_len("\xe2\x82\xac", 3), 3);
	assert_int_equal(utf8_len("\xf0\x9f\x98\x80", 4), 4);
	assert_int_equal(utf8_len("\xf0\x9f\x98", 3), 0);     /* cut */
	assert_int_equal(utf8_len("\xc0\xaf", 2), 0);         /* overlong */
	assert_int_equal(utf8_len("\xe0\x80\xaf", 3), 0);     /* overlong */
	assert_int_equal(utf8_len("\xed\xa0\x80", 3), 0);     /* surrogate */
	assert_int_equal(utf8_len("\xf4\x90\x80\x80", 4), 0); /* beyond U+10FFFF */
	assert_int_equal(utf8_char("\xc3\xa9", 2, &len), 0xe9);
	assert_int_equal(utf8_char("\xe2\x82\xac", 3, &len), 0x20ac);
	assert_int_equal(utf8_char("\xf0\x9f\x98\x80x", 5, &len), 0x1f600);
	assert_int_equal(len, 4);
	assert_int_equal(utf8_char("\xf0\x9f\x98", 3, &len), 0xf0);
	assert_int_equal(len, 0);
	assert_int_equal(utf8_len("\x80", 1), 0);
}

static void test_letter(void **state)
{
	size_t w;

	UNUSED(state);
	assert_int_equal(str_letter(STR(""), &w), 0);
	assert_int_equal(w, 0);
	assert_int_equal(str_letter(STR("ab"), &w), 1);
	assert_int_equal(str_letter(STR("e\xcc\x81\xcc\x82x"), &w), 5);
	assert_int_equal(w, 1);
	/* A family stays together; the next one does not belong to it. */
	struct str family = STR("\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xf0\x9f\x91\xa6");
	assert_int_equal(str_letter(family, &w), 11);
	assert_int_equal(w, 2);
	/* Joined letters that are no pictures have columns of their own. */
	assert_int_equal(str_letter(STR("\xe0\xa4\x95\xe2\x80\x8d\xe0\xa4\xb7"), &w), 6);
}

static void test_width(void **state)
{
	UNUSED(state);
	assert_int_equal(str_width(STR("abc")), 3);
	assert_int_equal(str_width(STR("\xe6\x97\xa5\xe6\x9c\xac")), 4); /* two ideographs */
	assert_int_equal(str_width(STR("e\xcc\x81")), 1);                /* combining accent */
	assert_int_equal(str_width(STR("\xff")), 1);
	assert_int_equal(str_width(STR("\xf0\x9f\x9a\x80")), 2);                 /* a rocket */
	assert_int_equal(str_width(STR("\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa")), 2); /* a flag */
	assert_int_equal(str_width(STR("\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa\xf0\x9f\x87\xab")), 3);
	/* a woman at a computer, with a skin: four characters, one picture */
	assert_int_equal(
		str_width(STR("\xf0\x9f\x91\xa9\xf0\x9f\x8f\xbd\xe2\x80\x8d\xf0\x9f\x92\xbb")), 2);
	assert_int_equal(str_width(STR("\xe2\x9d\xa4\xef\xb8\x8f")), 2);  /* a heart as a picture */
	assert_int_equal(str_width(STR("\xe2\x9d\xa4")), 1);              /* and as a sign */
	assert_int_equal(str_width(STR("1\xef\xb8\x8f\xe2\x83\xa3")), 2); /* a key */
	assert_int_equal(str_width(STR("\xe0\xa4\x95\xe0\xa5\x8d\xe0\xa4\xb7")),
		2); /* Devanagari, a virama */
	assert_int_equal(
		str_width(STR("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab")), 2); /* Hangul in parts */
	assert_int_equal(str_width(STR("\xef\xbb\xbf"
				       "a")),
		1);
	assert_int_equal(str_width(STR("\xc3")), 1); /* cut off */
	assert_int_equal(str_width(STR("\xe2\x80\x8d\xff"
				       "a")),
		2);
}

static void test_blank(void **state)
{
	UNUSED(state);
	assert_true(str_is_blank(STR("")));
	assert_true(str_is_blank(STR(" \t\n")));
	assert_true(str_is_blank(STR(" \xc2\xa0 \xe3\x80\x80")));
	assert_true(str_is_blank(STR("\xe2\x80\x83")));
	assert_false(str_is_blank(STR(" x ")));
	assert_false(str_is_blank(STR("\xc2\xa0x")));
	assert_false(str_is_blank(STR("\xe2\x80\x8b"))); /* zero width space is no white space */
}

static void test_words(void **state)
{
	UNUSED(state);
	assert_true(str_is_word(STR("A_1")));
	assert_true(str_is_word(STR("1A")));
	assert_false(str_is_word(STR("")));
	assert_false(str_is_word(STR("A-1")));
	assert_false(str_is_word(STR("\xc3\xa9")));
	assert_true(str_is_identifier(STR("_1")));
	assert_false(str_is_identifier(STR("1A")));
	assert_false(str_is_identifier(STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_letter),
		cmocka_unit_test(test_blank),
	};

	return RUN(tests);
}
