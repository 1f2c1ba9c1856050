#include "base/base.h"
#include "vars_test.h"

static struct arena a;
static struct varset vars;

static int setup(void **state)
{
	UNUSED(state);
	arena_init(&a);
	varset_init(&vars, &a);
	put(&vars, VAR_YAML_JOB, "A", "va");
	put(&vars, VAR_YAML_JOB, "AB", "vab");
	put(&vars, VAR_YAML_JOB, "E", "");
	put(&vars, VAR_YAML_JOB, "R", "$A");
	put_file(&vars, VAR_PROJECT, "F", "content");
	put(&vars, VAR_RUNNER_JOB, "RUNNER_TEMP_PROJECT_DIR", "/b/p.tmp");
	return 0;
}

static int teardown(void **state)
{
	UNUSED(state);
	arena_release(&a);
	return 0;
}

static void expands(const char *text, enum expand_mode mode, const char *want)
{
	struct str got = expand(&a, str_c(text), &vars, mode);

	if (!str_is(got, want))
		fail_msg("'%s' gives '" STR_FMT "', not '%s'", text, STR_ARG(got), want);
}

static void server(void **state)
{
	static const char *const rows[][2] = {
		{"x$A-y", "xva-y"},
		{"${A}B%A%", "vaBva"},
		{"$AB", "vab"},
		{"$U|${U}|%U%", "||"},
		{"$$A", "$va"},
		{"%%A%%", "%va%"},
		{"\\$A", "\\va"},
		{"$1 ${} ${A:-x} $(A) ${A $", "$1 ${} ${A:-x} $(A) ${A $"},
		{"100% of %A", "100% of %A"},
		{"$R", "$A"},
		{"$E", ""},
		{"$F", "content"},
		{"", ""},
		{"%A%A%", "vaA%"},
		{"${AB}$A", "vabva"},
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expands(rows[i][0], EXPAND_SERVER, rows[i][1]);
}

static void existing(void **state)
{
	UNUSED(state);
	expands("$U/${U}/%U%/$A/$E.", EXPAND_SERVER_EXISTING, "$U/${U}/%U%/va/.");
	expands("$$U", EXPAND_SERVER_EXISTING, "$$U");
}

static void runner(void **state)
{
	static const char *const rows[][2] = {
		{"a$$b", "a$b"},
		{"$$A", "$A"},
		{"$A${A}", "vava"},
		{"$U|${U}", "|"},
		{"%A%", "%A%"},
		{"$1x$@y$*", "xy"},
		{"$", "$"},
		{"a$ b", "a$ b"},
		{"${A", "A"},
		{"${}x", "x"},
		{"${A-B}x", "x"},
		{"$F", "/b/p.tmp/F"},
		{"$-x", "x"},
		{"$12", "2"},
		{"$R", "$A"},
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expands(rows[i][0], EXPAND_RUNNER, rows[i][1]);
}

static void names(void **state)
{
	struct str *v;

	UNUSED(state);
	assert_int_equal(text_refs(&a, STR("$A $$B ${C} %D% %%E%% ${}"), &v), 3);
	assert_str(v[0], "A");
	assert_str(v[1], "C");
	assert_str(v[2], "D");
	assert_false(text_has_refs(STR("50%")));
	assert_false(text_has_refs(STR("")));
	assert_true(text_has_refs(STR("$$")));
}

/* A long text of references must not take memory or time beyond the limit. */
static void is_bounded(void **state)
{
	struct buf b = BUF_INIT;

	UNUSED(state);
	for (int i = 0; i < 100000; i++)
		buf_addc(&b, 'x');
	put(&vars, VAR_YAML_JOB, "BIG", b.p);
	struct buf text = BUF_INIT;
	for (int i = 0; i < 10000; i++)
		buf_adds(&text, "$BIG");
	struct str got = expand(&a, buf_str(&text), &vars, EXPAND_SERVER);
	assert_true(got.n <= ((size_t)4 << 20));
	buf_release(&text);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(server, setup, teardown),
		cmocka_unit_test_setup_teardown(existing, setup, teardown),
		cmocka_unit_test_setup_teardown(runner, setup, teardown),
		cmocka_unit_test_setup_teardown(names, setup, teardown),
		cmocka_unit_test_setup_teardown(is_bounded, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
