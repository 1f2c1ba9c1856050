#include "../unit.h"

#include "expr/glob.h"

struct row {
	const char *pattern, *path;
	bool match;
};

static void check_rows(enum glob_dialect dialect, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (glob_match_once(str_c(rows[i].pattern), dialect, str_c(rows[i].path)) !=
			rows[i].match)
			fail_msg("'%s' and '%s': wanted %d", rows[i].pattern, rows[i].path,
				rows[i].match);
}

static void test_fnmatch(void **state)
{
	static const struct row rows[] = {
		{"*.md", "d/a.md", false},
		{"**/*.md", "a.md", true},
		{"**/*.md", "d/e/a.md", true},
		{"**", "a", true},
		{"**", "a/b", false},
		{"**/*", "a", true},
		{"**/*", ".x/y/.z", true},
		{"dir/*", "dir/a/b", false},
		{"dir/**", "dir/a/b", false},
		{"dir/**", "dir/a", true},
		{"dir/**/*", "dir/a", true},
		{"dir/**/*", "dir/a/b", true},
		{"dir", "dir/a", false},
		{"dir/", "dir/a", false},
		{"*", ".hidden", true},
		{"**/x", ".h/x", true},
		{"a/**/b", "a/b", true},
		{"a/**/b", "a/x/y/b", true},
		{"a**/b", "ax/y/b", false},
		{"a**/b", "ax/b", true},
		{"configs/**.yml", "configs/d/x.yml", false},
		{"*.{rb,py}", "a.py", true},
		{"*.{rb,py}", "a.c", false},
		{"{a,{b,c}}", "c", true},
		{"[!ab].c", "c.c", true},
		{"[^ab].c", "c.c", true},
		{"[ab].c", "c.c", false},
		{"?", "/", false},
		{"A.md", "a.md", false},
		{"./a", "a", false},
		{"\\*", "*", true},
		{"\\*", "a", false},
		{"?", "\xc3\xa9", true},
		{"[\xc3\xa9]", "\xc3\xa9", true},
		{"{a", "{a", false},
		{"a}", "a}", true},
		{"[a", "[a", false},
		{"[]", "]", false},
		{"[a-c]", "b", true},
		{"[z-a]", "m", false},
		{"[a-]", "-", true},
		{"[\\]]", "]", true},
		{"a[/]b", "a/b", false},
		{"[{a,b}]", "b", true},
		{"{,a/}**/x", "d/e/x", true},
		{"{*,a}**/x", "d/e/x", false},
		{"***/x", "a/b/x", false},
		{"a\\", "a", true},
		{"{a\\,b,c}", "a,b", true},
		{"", "", true},
		{"", "a", false},
		{"{src,lib}/**/*.{c,h}", "lib/x/y.h", true},
	};

	UNUSED(state);
	check_rows(GLOB_FNMATCH, rows, ARRAY_SIZE(rows));
}

static void test_doublestar(void **state)
{
	static const struct row rows[] = {
		{"dir/**", "dir/a/b", true},
		{"dir/**", "dir", true},
		{"dir/**", "dirx", false},
		{"dir/**/", "dir", true},
		{"dir/**/*", "dir", false},
		{"dir/**/*", "dir/a/b", true},
		{"**", "a/b/c", true},
		{"**/*.o", "x.o", true},
		{"**/*.o", "a/b/x.o", true},
		{"*.o", "a/x.o", false},
		{"*", ".hidden", true},
		{"a**b", "axxb", true},
		{"a**b", "a/b", false},
		{"a/**/b", "a/b", true},
		{"a/**/b", "a/x/y/b", true},
		{"{a,b}/*", "b/x", true},
		{"[!a]x", "bx", true},
		{"[^a]x", "ax", false},
		{"[]a]", "a", false},
		{"{a", "{a", false},
		{"a\\", "a", false},
		{"[a", "a", false},
		{"\\{a}", "{a}", true},
		{"x[{,]y", "x{y", true},
		{"build/{out,lib}/**", "build/lib/z/y", true},
		{"***", "a", true},
		{"***", "a/b", false},
		{"?", "/", false},
		{"[^x]", "/", false},
	};

	UNUSED(state);
	check_rows(GLOB_DOUBLESTAR, rows, ARRAY_SIZE(rows));
}

static void check_why(const char *pattern, enum glob_dialect dialect, bool bad)
{
	struct str why = STR("x");

	glob_new(&test_arena, str_c(pattern), dialect, &why);
	assert_int_equal(why.n > 0, bad);
}

static void test_malformed(void **state)
{
	struct buf b = BUF_INIT;

	UNUSED(state);
	check_why("a{b", GLOB_FNMATCH, true);
	check_why("a[b", GLOB_FNMATCH, true);
	check_why("a{b,c}", GLOB_FNMATCH, false);
	check_why("[]", GLOB_DOUBLESTAR, true);
	check_why("a\\", GLOB_DOUBLESTAR, true);
	check_why("**/*", GLOB_DOUBLESTAR, false);
	/* Braces multiply: a bound instead of all the memory. */
	for (int i = 0; i < 40; i++)
		buf_adds(&b, "{a,b,c}");
	check_why(b.p, GLOB_FNMATCH, true);
	check_why(b.p, GLOB_DOUBLESTAR, true);
	buf_release(&b);
}

static void test_base(void **state)
{
	UNUSED(state);
	assert_str(glob_base(STR("build/x*.o")), "build");
	assert_str(glob_base(STR("*.o")), "");
	assert_str(glob_base(STR("a/b/**/c")), "a/b");
	assert_str(glob_base(STR("a/b")), "a/b");
	assert_str(glob_base(STR("a/b{c,d}/e")), "a");
	assert_str(glob_base(STR("/x/*")), "/x");
	assert_true(glob_is_literal(STR("a/b.c")));
	assert_false(glob_is_literal(STR("a/[b]")));
	assert_false(glob_is_literal(STR("a\\b")));
}

/* The plainest formulation of `*`, `?`, two stars and a slash, and literals, by recursion. */
static bool slow(enum glob_dialect d, struct str p, struct str s, bool start)
{
	if (!s.n && d == GLOB_DOUBLESTAR) {
		size_t stars = 0;

		while (stars < p.n && p.p[stars] == '*')
			stars++;
		return stars == p.n || str_is(p, "/**") || str_is(p, "/**/") ||
		       (start && str_is(p, "**/"));
	}
	if (!p.n)
		return !s.n;
	if (start && str_starts(p, STR("**/"))) {
		if (slow(d, str_from(p, 3), s, true))
			return true;
		for (size_t i = 0; i < s.n; i++)
			if (s.p[i] == '/' && slow(d, str_from(p, 3), str_from(s, i + 1), true))
				return true;
		return false;
	}
	if (p.p[0] == '*') {
		if (start && str_is(p, "**") && d == GLOB_DOUBLESTAR)
			return true;
		while (p.n && p.p[0] == '*')
			p = str_from(p, 1);
		for (size_t i = 0;; i++) {
			if (slow(d, p, str_from(s, i), false))
				return true;
			if (i >= s.n || s.p[i] == '/')
				return false;
		}
	}
	if (!s.n)
		return false;
	if (p.p[0] == '?' ? s.p[0] == '/' : p.p[0] != s.p[0])
		return false;
	return slow(d, str_from(p, 1), str_from(s, 1), p.p[0] == '/');
}

static struct str draw(uint32_t *seed, const char *const *bits, size_t n_bits, size_t most)
{
	struct buf b = BUF_INIT;
	struct str s;
	size_t n;

	*seed = *seed * 1664525u + 1013904223u;
	for (n = (*seed >> 8) % (most + 1); n; n--) {
		*seed = *seed * 1664525u + 1013904223u;
		buf_adds(&b, bits[(*seed >> 8) % n_bits]);
	}
	s = arena_str(&test_arena, buf_str(&b));
	buf_release(&b);
	return s;
}

static void test_against_slow(void **state)
{
	static const char *const pattern_bits[] = {"a", "b", "/", "*", "**/", "/**", "?", "**"};
	static const char *const path_bits[] = {"a", "b", "/"};
	uint32_t seed = 7;

	UNUSED(state);
	for (int i = 0; i < 60000; i++) {
		struct str p = draw(&seed, pattern_bits, ARRAY_SIZE(pattern_bits), 6);
		struct str s = draw(&seed, path_bits, ARRAY_SIZE(path_bits), 8);

		for (int d = GLOB_FNMATCH; d <= GLOB_DOUBLESTAR; d++) {
			enum glob_dialect dialect = (enum glob_dialect)d;

			/* There doublestar settles on the last directories it tried; paths are
			 * cleaned. */
			if (dialect == GLOB_DOUBLESTAR && str_ends(p, STR("/")))
				continue;
			if (glob_match_once(p, dialect, s) != slow(dialect, p, s, true))
				fail_msg("dialect %d: '" STR_FMT "' and '" STR_FMT "'", d,
					STR_ARG(p), STR_ARG(s));
		}
		if (i % 1000 == 0)
			arena_release(&test_arena);
	}
}

static void test_time(void **state)
{
	struct buf p = BUF_INIT, s = BUF_INIT;

	UNUSED(state);
	for (int i = 0; i < 200; i++)
		buf_adds(&p, "*a");
	buf_adds(&p, "b");
	for (int i = 0; i < 4000; i++)
		buf_adds(&s, "a");
	assert_false(glob_match_once(buf_str(&p), GLOB_FNMATCH, buf_str(&s)));
	buf_clear(&p);
	buf_clear(&s);
	for (int i = 0; i < 200; i++)
		buf_adds(&p, "**/");
	buf_adds(&p, "b");
	for (int i = 0; i < 4000; i++)
		buf_adds(&s, "a/");
	assert_false(glob_match_once(buf_str(&p), GLOB_FNMATCH, buf_str(&s)));
	buf_release(&p);
	buf_release(&s);
}

static void names(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool yes;
	} rows[] = {
		{"test*", "test", true},
		{"test*", "test 1/3", true},
		{"*", "a/b/c", true},
		{"lint/*", "lint/js/ts", true},
		{"test: [gcc*", "test: [gcc, 12]", true},
		{"test: [*]", "test: [a/b]", true},
		{"test: [?]", "test: [\xc3\xa4]", true},
		{"test-[ab]", "test-b", true},
		{"test-[ab]", "test-c", false},
		{"{a,b}/*", "b/x", true},
		{"*a*b", "xaybz", false},
		{"*a*b*", "xaybz", true},
		{"test?", "test", false},
		{"", "", true},
		{"", "a", false},
		{"**", "a", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (glob_match_name(str_c(rows[i].pattern), str_c(rows[i].name)) != rows[i].yes)
			fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(test_fnmatch),
		cmocka_unit_test(test_doublestar),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_against_slow),
		cmocka_unit_test(test_time),
	};

	return RUN(tests);
}
