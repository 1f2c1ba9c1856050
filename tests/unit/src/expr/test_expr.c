#include "../unit.h"

#include "expr/expr.h"

static const struct {
	const char *name, *value;
} variables[] = {
	{"A", "a"},
	{"AB", "abc"},
	{"E", ""},
	{"S", "  "},
	{"F", "false"},
	{"T", "true"},
	{"NL", "x\nabc"},
	{"RE", "/^ab/"},
	{"REI", "/^AB/i"},
	{"BAD", "/(/"},
	{"LONE", "/b/"},
	{"SLASH", "/a/b/"},
	{"PATH", "a/b"},
	{"NOT_RE", "ab"},
	{"LINES", "x\n/b/\ny"},
	{"1A", "digit"},
	{"NBSP", "\xc2\xa0"},
	{"main", "main"},
};

static bool lookup(void *ctx, struct str name, struct str *value)
{
	UNUSED(ctx);
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		if (!str_is(name, variables[i].name))
			continue;
		*value = str_c(variables[i].value);
		return true;
	}
	return false;
}

static bool input(void *ctx, struct str name, struct expr_value *value)
{
	UNUSED(ctx);
	if (!str_is(name, "env"))
		return false;
	*value = (struct expr_value){.kind = EXPR_STRING, .str = STR("prod")};
	return true;
}

static const struct expr_env env = {lookup, input, NULL, NULL};

/* 1, 0, or -1 for an expression that GitLab calls invalid. */
static int verdict(const char *text)
{
	struct expr_error err = {SPAN_NONE, STR_NULL};
	const struct expr *e = expr_parse(&test_arena, str_c(text), SPAN_NONE, &err);

	if (e)
		return expr_eval(e, &test_arena, &env, NULL, NULL, NULL);
	assert_true(err.text.n > 0);
	return -1;
}

struct row {
	const char *text;
	int want;
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (verdict(rows[i].text) != rows[i].want)
			fail_msg("%s: wanted %d, got %d", rows[i].text, rows[i].want,
				verdict(rows[i].text));
}

static void test_presence(void **state)
{
	static const struct row rows[] = {
		{"$A", 1},
		{"$E", 0},
		{"$S", 0},
		{"$U", 0},
		{"$F", 1},
		{"\"0\"", 1},
		{"'false'", 1},
		{"$NBSP", 0},
		{"null", 0},
		{"true", 1},
		{"false", 0},
		{"\"\"", 0},
		{"/ab/", 1},
		{"$1A", 1},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_equality(void **state)
{
	static const struct row rows[] = {
		{"$A == \"a\"", 1},
		{"$A == 'a'", 1},
		{"$A == \"b\"", 0},
		{"$A != \"b\"", 1},
		{"$U == null", 1},
		{"$E == null", 0},
		{"$U == \"\"", 0},
		{"$U != \"\"", 1},
		{"$E == \"\"", 1},
		{"null == $U", 1},
		{"$A == $A", 1},
		{"$U == $V", 1},
		{"true == \"true\"", 1},
		{"$T == true", 1},
		{"$F == false", 1},
		{"$F == true", 0},
		{"$U == false", 0},
		{"\"$A\" == \"a\"", 0},
		{"$main == \"main\"", 1},
		{"\"it's\" == \"it's\"", 1},
		{"/ab/ == /ab/", 1},
		{"$A == /ab/", 0},
		{"$RE == /^ab/", 0},
		{"/ab/ == \"x\"", -1},
		{"/ab/ != $A", -1},
		{"\"a\\\" == \"a\\\"", 1},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_matching(void **state)
{
	static const struct row rows[] = {
		{"$AB =~ /^ab/", 1},
		{"$AB =~ /^bc/", 0},
		{"$AB !~ /^bc/", 1},
		{"$AB =~ /BC$/i", 1},
		{"$U =~ /.*/", 1},
		{"$A =~ $U", 0},
		{"$A !~ $U", 1},
		{"$A =~ null", 0},
		{"$A =~ \"abc\"", 1},
		{"\"abc\" =~ \"a\"", 0},
		{"$U =~ \"abc\"", 1},
		{"$A =~ $E", 0},
		{"$A !~ \"abc\"", 0},
		{"$NL =~ /^abc$/", 0},
		{"$NL =~ /^abc$/m", 1},
		{"$NL =~ /x.abc/", 0},
		{"$NL =~ /x.abc/s", 1},
		{"$AB =~ $RE", 1},
		{"$A =~ $RE", 0},
		{"$AB =~ $REI", 1},
		{"$AB =~ \"/^ab/\"", 1},
		{"\"b\" =~ \"/b/\"", 1},
		{"\"b\" =~ $LONE", 1},
		{"$PATH =~ $SLASH", 1},
		{"$PATH =~ /a\\/b/", 1},
		{"\"(\" =~ $BAD", 1},
		{"\"ab\" =~ $BAD", 0},
		{"\"b\" =~ $NOT_RE", 1},
		{"$NOT_RE =~ \"b\"", 0},
		{"\"abx\" =~ $LINES", 1},
		{"\"x\" =~ $LINES", 0},
		{"$A =~ true", -1},
		{"$A =~ false", 0},
		{"$A !~ false", 1},
		{"/ab/ =~ /nothing/", 0},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_logic(void **state)
{
	static const struct row rows[] = {
		{"$E && $A", 1},
		{"$E || $A", 0},
		{"$A && $E", 0},
		{"$U || $A", 1},
		{"$U && $A", 0},
		{"$A || $U", 1},
		{"$S || $A", 0},
		{"!$S", 1},
		{"!$A", 0},
		{"!$U", 1},
		{"!null", 1},
		{"!$A == \"x\"", 0},
		{"!$A == false", 1},
		{"!($A == \"x\")", 1},
		{"!!$A", 1},
		{"$A == \"a\" == true", 1},
		{"$A == \"x\" || $AB == \"abc\" && $U", 0},
		{"($A == \"x\" || $AB == \"abc\") && $A", 1},
		{"$A == \"a\" || $U && $U", 1},
		{"((($A)))", 1},
		{"$U == null && $E == \"\"", 1},
		{"$A=='a'&&$AB=~/bc/", 1},
		{"$A == !$U", 0},
		{"true == !$U", 1},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_invalid(void **state)
{
	static const struct row rows[] = {
		{"", -1},
		{"   ", -1},
		{"()", -1},
		{"(", -1},
		{")", -1},
		{"($A", -1},
		{"$A)", -1},
		{"$A ==", -1},
		{"== $A", -1},
		{"$A $A", -1},
		{"$A \"b\"", -1},
		{"&&", -1},
		{"!", -1},
		{"${A}", -1},
		{"A == \"a\"", -1},
		{"$A == 1", -1},
		{"$A = \"a\"", -1},
		{"$A === \"a\"", -1},
		{"$A and $AB", -1},
		{"not $A", -1},
		{"$A < \"b\"", -1},
		{"$A # x", -1},
		{"$A & $A", -1},
		{"\"abc", -1},
		{"'a\nb'", -1},
		{"$", -1},
		{"nullable", -1},
		{"truest", -1},
		{"True", -1},
		{"/a/", -1},
		{"/./", -1},
		{"//", -1},
		{"$A =~ /a/", -1},
		{"$A =~ /ab\\/", -1},
		{"$A =~ /(/", -1},
		{"$A =~ /a(?=b)/", -1},
		{"$A =~ /(a)\\1/", -1},
		{"$A =~ /ab/x", -1},
		{"$A =~ /ab", -1},
		{"$A =~ /a\nb/", -1},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

/* The shunting yard takes these, and so do we. */
static void test_odd_orders(void **state)
{
	static const struct row rows[] = {
		{"$A \"a\" ==", 1},
		{"== $A \"a\"", 1},
		{"$A !", 0},
		{"$A ()", 1},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

/* The pattern's own odd end: an escaped slash and a slash, or two slashes. */
static void test_regex_lexeme(void **state)
{
	static const struct row rows[] = {
		{"\"a/\" =~ /a\\//", 1},
		{"\"ab/\" =~ /ab//", 1},
		{"\"b\" =~ /ab|b/ && $A", 1},
		{"$PATH =~ /^a\\/b$/ || $U", 1},
		/* Backslash, backslash, slash: the expression goes on to the next slash. */
		{"$A =~ /a\\\\/", -1},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

static const char *tokens(int n)
{
	struct buf b = BUF_INIT;
	const char *s;

	buf_adds(&b, "$A");
	for (int i = 1; i + 1 < n; i += 2)
		buf_adds(&b, " && $A");
	s = arena_cstr(&test_arena, buf_str(&b));
	buf_release(&b);
	return s;
}

static void test_token_limit(void **state)
{
	UNUSED(state);
	assert_int_equal(verdict(tokens(99)), 1);
	assert_int_equal(verdict(tokens(101)), -1);
	assert_int_equal(verdict(arena_printf(&test_arena, "!%s", tokens(99)).p), -1);
}

static void test_inputs(void **state)
{
	static const struct row rows[] = {
		{"$[[ inputs.env ]] == \"prod\"", 1},
		{"$[[inputs.env]] == \"dev\"", 0},
		{"$[[ inputs.none ]] == null", 1},
		{"$[[ env ]]", -1},
		{"$[[ inputs. ]]", -1},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_value(void **state)
{
	struct expr_error err;
	struct expr_value v;
	struct str failed;
	const struct expr *e = expr_parse(&test_arena, STR("$E && $AB"), SPAN_NONE, &err);

	UNUSED(state);
	assert_true(expr_eval(e, &test_arena, &env, NULL, &v, &failed));
	assert_int_equal(v.kind, EXPR_STRING);
	assert_str(v.str, "abc");
	assert_int_equal(failed.n, 0);
	e = expr_parse(&test_arena, STR("(/ab/ || $A) == \"x\""), SPAN_NONE, &err);
	assert_non_null(e);
	assert_false(expr_eval(e, &test_arena, &env, NULL, &v, &failed));
	assert_int_equal(v.kind, EXPR_NULL);
	assert_true(failed.n > 0);
}

static void test_trace(void **state)
{
	struct expr_error err;
	struct expr_trace t;
	const struct expr *e = expr_parse(&test_arena,
		STR("$A == \"x\" || $U || ($A && $[[ inputs.env ]]) && $E"), SPAN_NONE, &err);

	UNUSED(state);
	expr_trace_init(&t);
	assert_false(expr_eval(e, &test_arena, &env, &t, NULL, NULL));
	assert_str(expr_trace_text(&test_arena, &t),
		"$A is \"a\", $U is undefined, input 'env' is \"prod\", $E is \"\"");
	/* What is not looked at is not in it. */
	e = expr_parse(&test_arena, STR("$A || $AB"), SPAN_NONE, &err);
	expr_trace_init(&t);
	expr_eval(e, &test_arena, &env, &t, NULL, NULL);
	assert_str(expr_trace_text(&test_arena, &t), "$A is \"a\"");
}

static void note_variable(void *ctx, struct str name, struct span at)
{
	buf_printf(ctx, STR_FMT "@%u-%u ", STR_ARG(name), at.begin.col, at.end.col);
}

static void test_places(void **state)
{
	struct span quoted = {{1, 4, 10}, {1, 4, 10 + 14 + 2}}, plain = {{1, 4, 10}, {1, 4, 24}};
	struct span block = {{1, 4, 10}, {1, 6, 3}};
	const struct expr *e;
	struct expr_error err;
	struct buf b = BUF_INIT;

	UNUSED(state);
	e = expr_parse(&test_arena, STR("$A && $AB||$T "), plain, &err);
	assert_non_null(e);
	expr_each_variable(e, note_variable, &b);
	assert_string_equal(b.p, "A@10-12 AB@16-19 T@21-23 ");
	assert_null(expr_parse(&test_arena, STR("$A == $AB && T"), quoted, &err));
	assert_int_equal(err.at.begin.line, 4);
	assert_int_equal(err.at.begin.col, 10 + 1 + 13);
	assert_null(expr_parse(&test_arena, STR("$A == $AB && T"), block, &err));
	assert_int_equal(err.at.begin.col, 10);
	assert_int_equal(err.at.end.line, 6);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_presence),
		cmocka_unit_test(test_equality),
		cmocka_unit_test(test_matching),
		cmocka_unit_test(test_logic),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_odd_orders),
		cmocka_unit_test(test_regex_lexeme),
		cmocka_unit_test(test_token_limit),
		cmocka_unit_test(test_inputs),
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_places),
	};

	return RUN(tests);
}
