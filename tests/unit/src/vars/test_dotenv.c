#include "base/base.h"
#include "vars_test.h"
#include "source/source.h"
#include "vars/dotenv.h"

static void report(const char *text, const char *error, unsigned at)
{
	struct arena a = ARENA_INIT;
	struct varset out;
	struct str got = STR("");
	unsigned line = 99;

	varset_init(&out, &a);
	bool ok = dotenv_report(&a, str_c(text), DOTENV_LIMITS, &out, &got, &line);
	assert_int_equal(ok, error == NULL);
	if (error) {
		assert_str(got, error);
		assert_int_equal(line, at);
		assert_int_equal(out.n, 0);
	}
	arena_release(&a);
}

static void report_errors(void **state)
{
	struct buf b = BUF_INIT;

	UNUSED(state);
	report("A=1\n", NULL, 0);
	report("", NULL, 0);
	report("A=1\n\nB=2\n", "Invalid Format", 2);
	report("# comment\n", "Invalid Format", 1);
	report("export A=1\n", "Validation failed: Key can contain only letters, digits and '_'.",
		1);
	report("A-B=1", "Validation failed: Key can contain only letters, digits and '_'.", 1);
	report("=1", "Validation failed: Key can't be blank", 1);
	for (int i = 0; i < 21; i++)
		buf_printf(&b, "V%d=x\n", i);
	report(b.p, "Dotenv files cannot have more than 20 variables", 0);
	buf_clear(&b);
	buf_adds(&b, "A=");
	while (b.n < 5119)
		buf_addc(&b, 'x');
	report(b.p, NULL, 0);
	buf_addc(&b, 'x');
	report(b.p, "Dotenv Artifact Too Big. Maximum Allowable Size: 5120", 0);
	buf_release(&b);
}

static void report_values(void **state)
{
	struct arena a = ARENA_INIT;
	struct varset out;
	struct str error;
	unsigned line;

	UNUSED(state);
	varset_init(&out, &a);
	assert_true(dotenv_report(&a,
		STR("\xef\xbb\xbf"
		    "A = \"x\" \r\nB=1=2\nC=\nA1=$B\nB=last"),
		DOTENV_LIMITS, &out, &error, &line));
	assert_str(varset_value(&out, "A"), "\"x\"");
	assert_str(varset_value(&out, "B"), "last");
	assert_str(varset_value(&out, "C"), "");
	assert_str(varset_value(&out, "A1"), "$B");
	assert_int_equal(varset_get(&out, STR("A"))->layer, VAR_DOTENV);
	assert_true(varset_get(&out, STR("A"))->internal);
	assert_false(varset_get(&out, STR("A1"))->raw);
	arena_release(&a);
}

static void lenient(void **state)
{
	struct arena a = ARENA_INIT;
	struct source_set set;
	struct varset out;
	struct diags d;

	UNUSED(state);
	source_set_init(&set, &a);
	diags_init(&d, &a);
	varset_init(&out, &a);
	uint32_t id = source_add(&set, STR(".env"),
		STR("# c\n\nexport A=1 # c\nB='x # y'\nC=\"l1\\nl2\n$D\"\nE=a#b\nF=\nbad "
		    "line\n1-x=2\nG=\"open"),
		SPAN_NONE);
	assert_false(dotenv_read(&a, source_get(&set, id), &d, VAR_PIPELINE, &out));
	assert_str(varset_value(&out, "A"), "1");
	assert_str(varset_value(&out, "B"), "x # y");
	assert_str(varset_value(&out, "C"), "l1\nl2\n$D");
	assert_str(varset_value(&out, "E"), "a#b");
	assert_str(varset_value(&out, "F"), "");
	assert_int_equal(d.errors, 3);
	assert_int_equal(d.first->at.begin.line, 9);
	assert_null(varset_get(&out, STR("G")));
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(report_errors),
		cmocka_unit_test(report_values),
		cmocka_unit_test(lenient),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
