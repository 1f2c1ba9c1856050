#include "../unit.h"

#include "expr/regex.h"

static const struct regex *compile(const char *pattern, unsigned flags)
{
	struct str why;
	const struct regex *re = regex_new(&test_arena, str_c(pattern), flags, &why, NULL);

	if (!re)
		fail_msg("'%s': " STR_FMT, pattern, STR_ARG(why));
	return re;
}

/* "no", or the match and its groups in brackets. */
static const char *search(const char *pattern, unsigned flags, const char *subject)
{
	const struct regex *re = compile(pattern, flags);
	struct str caps[10];
	struct buf b = BUF_INIT;
	const char *s;

	if (regex_search(re, str_c(subject), caps, ARRAY_SIZE(caps)) != REGEX_YES)
		return "no";
	for (size_t i = 0; i <= regex_groups(re); i++)
		if (caps[i].p)
			buf_printf(&b, "[" STR_FMT "]", STR_ARG(caps[i]));
		else
			buf_adds(&b, "[-]");
	s = arena_cstr(&test_arena, buf_str(&b));
	buf_release(&b);
	return s;
}

static void test_search(void **state)
{
	static const struct {
		const char *pattern;
		unsigned flags;
		const char *subject, *want;
	} rows[] = {
		{"b+", 0, "abbc", "[bb]"},
		{"(a)|(b)", 0, "xb", "[b][-][b]"},
		{"^a$", 0, "a\n", "no"},
		{"^a$", 0, "x\na", "no"},
		{"^a$", REGEX_M, "x\na\ny", "[a]"},
		{"a.b", 0, "a\nb", "no"},
		{"a.b", REGEX_S, "a\nb", "[a\nb]"},
		{"a+", REGEX_U, "aaa", "[a]"},
		{"AB", REGEX_I, "ab", "[ab]"},
		{"(?i)AB", 0, "ab", "[ab]"},
		{"(?P<n>a)(?<m>b)", 0, "ab", "[ab][a][b]"},
		{"(?P<1x>a)", 0, "a", "[a][a]"},
		{"\\s", 0, "\v", "no"},
		{"[\\s]", 0, "\v", "no"},
		{"\\v", 0, "\v", "[\v]"},
		{"\\v", 0, "\n", "no"},
		{"\\pN+", 0, "a12", "[12]"},
		{"\\p{Greek}", 0, "a\xce\xb1", "[\xce\xb1]"},
		{"\\z", 0, "a\n", "[]"},
		{"\\d+\\.\\d+", 0, "v1.25%", "[1.25]"},
		{"\\Qa.b\\E", 0, "axb a.b", "[a.b]"},
		{"[]a]+", 0, "x]a]", "[]a]]"},
		{"[^]a]", 0, "]ax", "[x]"},
		{"[a\\-z]", 0, "-", "[-]"},
		{"[[:alpha:]_]+", 0, "1a_b", "[a_b]"},
		{"x{,2}", 0, "x{,2}", "[x{,2}]"},
		{"a{2}", 0, "aaa", "[aa]"},
		{"{", 0, "{", "[{]"},
		{"\\x{e9}", 0, "\xc3\xa9", "[\xc3\xa9]"},
		{"\\012", 0, "\n", "[\n]"},
		{"^*a", 0, "a", "[a]"},
		{"(?:)", 0, "", "[]"},
		{"a|", 0, "b", "[]"},
		{".", 0, "\xc3\xa9", "[\xc3\xa9]"},
		{"\\w+", 0,
			"\xc3\xa9"
			"a",
			"[a]"},
		{"b", REGEX_ANCHOR, "ab", "no"},
		{"a|ab", REGEX_ANCHOR, "ab", "[ab]"},
		{"a(?i)*b", 0, "aaB", "[aaB]"},
		{"(?s:a.)b.", 0, "a\nb\n", "no"},
		{"\\/", 0, "/", "[/]"},
		{"#x y", 0, "#x y", "[#x y]"},
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *got = search(rows[i].pattern, rows[i].flags, rows[i].subject);

		if (strcmp(got, rows[i].want))
			fail_msg("%s on '%s': wanted %s, got %s", rows[i].pattern, rows[i].subject,
				rows[i].want, got);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *pattern, *why;
	} rows[] = {
		{"(?=a)", "invalid perl operator: (?="},
		{"a(?!b)", "invalid perl operator: (?!"},
		{"(?<=a)b", "invalid perl operator: (?<"},
		{"(?>a)", "invalid perl operator: (?>"},
		{"(a)\\1", "invalid escape sequence: \\1"},
		{"a\\Z", "invalid escape sequence: \\Z"},
		{"\\h", "invalid escape sequence: \\h"},
		{"\\G", "invalid escape sequence: \\G"},
		{"\\K", "invalid escape sequence: \\K"},
		{"\\R", "invalid escape sequence: \\R"},
		{"\\e", "invalid escape sequence: \\e"},
		{"(?x)a", "invalid perl operator: (?x"},
		{"(?#c)", "invalid perl operator: (?#"},
		{"a*+", "bad repetition operator: *+"},
		{"a**", "bad repetition operator: **"},
		{"a{2}{3}", "bad repetition operator: {2}{3}"},
		{"*a", "no argument for repetition operator: *"},
		{"a|*", "no argument for repetition operator: *"},
		{"(*ACCEPT)", "no argument for repetition operator: *"},
		{"(a", "missing ): (a"},
		{"a)", "unexpected ): a)"},
		{"[a", "missing ]: [a"},
		{"[z-a]", "invalid character class range: z-a"},
		{"[[:foo:]]", "invalid character class range: [:foo:]"},
		{"\\p{Foo}", NULL},
		{"\\pX", "invalid character class range: \\pX"},
		{"\\p{greek}", "invalid character class range: \\p{greek}"},
		{"x{1001}", "invalid repetition size: {1001}"},
		{"x{2,1}", "invalid repetition size: {2,1}"},
		{"(x{100}){11}", "invalid repetition size: {11}"},
		{"a\\", "trailing \\"},
		{"(?P<a>x)(?P<a>y)", "duplicate capture group name: a"},
		{"(?P<a-b>x)", "invalid named capture group: (?P<a-b>"},
		{"(?P=a)", "invalid perl operator: (?P"},
		{"(?R)", "invalid perl operator: (?R"},
		{"(?i", "missing ): (?i"},
		{"\xff", "invalid UTF-8"},
		{"[a-\\d]", "invalid escape sequence: \\d"},
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct str why;

		if (regex_new(&test_arena, str_c(rows[i].pattern), 0, &why, NULL))
			fail_msg("%s was taken", rows[i].pattern);
		if (rows[i].why && !str_is(why, rows[i].why))
			fail_msg("%s: wanted %s, got " STR_FMT, rows[i].pattern, rows[i].why,
				STR_ARG(why));
	}
}

static void test_error_place(void **state)
{
	struct str why;
	size_t at = 99;

	UNUSED(state);
	assert_null(regex_new(&test_arena, STR("ab(?=c)"), 0, &why, &at));
	assert_int_equal(at, 2);
}

static void test_nesting(void **state)
{
	struct buf b = BUF_INIT;
	struct str why;

	UNUSED(state);
	for (int i = 0; i < 900; i++)
		buf_addc(&b, '(');
	buf_addc(&b, 'a');
	for (int i = 0; i < 900; i++)
		buf_addc(&b, ')');
	assert_non_null(regex_new(&test_arena, buf_str(&b), 0, &why, NULL));
	buf_clear(&b);
	for (int i = 0; i < 100000; i++)
		buf_addc(&b, '(');
	assert_null(regex_new(&test_arena, buf_str(&b), 0, &why, NULL));
	buf_release(&b);
}

/* Backtracking that explodes: the answer is still right, for the other matcher gives it. */
static void test_explosion(void **state)
{
	struct buf b = BUF_INIT;
	struct str cap;

	UNUSED(state);
	for (int i = 0; i < 40; i++)
		buf_addc(&b, 'a');
	buf_addc(&b, 'b');
	assert_int_equal(regex_search(compile("^(a+)+$", 0), buf_str(&b), NULL, 0), REGEX_NO);
	assert_int_equal(
		regex_search(compile("^(a|aa)*[bc]$", 0), buf_str(&b), &cap, 1), REGEX_YES);
	assert_int_equal(cap.n, 41);
	/* A long subject and a pattern that looks at all of it from every place: no hang. */
	for (int i = 0; i < 20; i++)
		buf_printf(&b, "%0*d", 50000, 0);
	regex_search(compile("0*[xy]", 0), buf_str(&b), NULL, 0);
	regex_search(compile("(0*)*(x|y)", 0), buf_str(&b), NULL, 0);
	buf_release(&b);
}

static void test_split(void **state)
{
	static const struct {
		const char *text, *pattern;
		unsigned flags;
	} rows[] = {
		{"/ab/", "ab", 0},
		{"/ab/i", "ab", REGEX_I},
		{"/a/b/ismU", "a/b", REGEX_I | REGEX_S | REGEX_M | REGEX_U},
		{"//", "", 0},
		{"x\n/b/\n", "b", 0},
		{"ab", NULL, 0},
		{"/ab", NULL, 0},
		{"/ab/x", NULL, 0},
		{"/", NULL, 0},
		{"", NULL, 0},
		{"a/b/", NULL, 0},
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct str pattern;
		unsigned flags;
		bool ok = regex_split(str_c(rows[i].text), &pattern, &flags);

		assert_int_equal(ok, rows[i].pattern != NULL);
		if (!ok)
			continue;
		assert_str(pattern, rows[i].pattern);
		assert_int_equal(flags, rows[i].flags);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_error_place),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_explosion),
		cmocka_unit_test(test_split),
	};

	return RUN(tests);
}
