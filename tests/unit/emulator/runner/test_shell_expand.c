#include "base/base.h"
#include "emulator/runner/shell_expand.h"

#include <setjmp.h>
#include <cmocka.h>

static struct str get(void *arg, struct str name)
{
	static const char *const v[][2] = {
		{"REF", "feature/login-form"}, {"V", "1.2.3"}, {"N", "2"}, {"Q", "a*b"}};

	UNUSED(arg);
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		if (str_is(name, v[i][0]))
			return str_c(v[i][1]);
	return STR("");
}

static void gives(const char *text, const char *want)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	const char *why;

	assert_int_equal(shell_expand(&out, str_c(text), get, NULL, &why), 0);
	assert_string_equal(out.p, want);
}

static void refuses(const char *text, const char *part)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	const char *why = "";

	assert_int_equal(shell_expand(&out, str_c(text), get, NULL, &why), -1);
	assert_non_null(strstr(why, part));
}

static void test_plain(void **state)
{
	UNUSED(state);
	gives("out/*.o", "out/*.o");
	gives("$V-${V}", "1.2.3-1.2.3");
	gives("$V.$UNSET/x", "1.2.3./x");
	gives("a$", "a$");
	gives("$/x$1y", "$/xy");
	gives("\\$V \\\\ \\n \"$V\" '$V'", "$V \\ \\n \"1.2.3\" '1.2.3'");
	gives("100%V%", "100%V%");
}

static void test_operators(void **state)
{
	UNUSED(state);
	gives("${V:-x} ${U:-x} ${U-y} ${U:=z} ${U:-${V}.${U:-w}}", "1.2.3 x y z 1.2.3.w");
	gives("${V:+x}${U:+y}${V:?no}", "x1.2.3");
	gives("${#V}${#U}", "50");
	gives("${V%.*} ${V%%.*} ${V#*.} ${V##*.} ${V%x}", "1.2 1 2.3 3 1.2.3");
	gives("${REF/-/_} ${REF//\\//-} ${REF//[aeiou]/} ${REF/feature}",
		"feature/login_form feature-login-form ftr/lgn-frm /login-form");
	gives("${REF:8} ${REF:0:7} ${REF: -4} ${REF:0:-5} ${REF:$N:3} ${REF:99}",
		"login-form feature form feature/login atu ");
	gives("${REF^} ${REF^^} ${REF,}",
		"Feature/login-form FEATURE/LOGIN-FORM feature/login-form");
	gives("${Q%\\**}", "a");
}

static void test_refused(void **state)
{
	UNUSED(state);
	refuses("$(date)", "commands");
	refuses("`date`", "commands");
	refuses("$((1 + 2))", "arithmetic");
	refuses("${V", "no matching }");
	refuses("${!V}", "not a parameter");
	refuses("${}", "not a parameter");
	refuses("${V:x}", "numbers");
	refuses("${U:?gone}", "must be set");
	refuses("${U:-$(date)}", "commands");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
