#include "yaml_test.h"

#define DATE "!Tried to load unspecified class: Date"
#define TIME "!Tried to load unspecified class: Time"

static void test_words(void **state)
{
	static const struct row rows[] = {
		{"true", "true"},
		{"True", "true"},
		{"TRUE", "true"},
		{"tRue", "true"},
		{"yes", "true"},
		{"Yes", "true"},
		{"YES", "true"},
		{"on", "true"},
		{"oN", "true"},
		{"false", "false"},
		{"no", "false"},
		{"off", "false"},
		{"OFF", "false"},
		{"y", "\"y\""},
		{"n", "\"n\""},
		{"Y", "\"Y\""},
		{"~", "nil"},
		{"null", "nil"},
		{"Null", "nil"},
		{"NULL", "nil"},
		{"nulls", "\"nulls\""},
		{"trueish", "\"trueish\""},
		{"~x", "\"~x\""},
		{"<<", "\"<<\""},
		{"=", "\"=\""},
		{"nil", "\"nil\""},
		{"a: ", "{\"a\"=>nil}"},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_integers(void **state)
{
	static const struct row rows[] = {
		{"0", "0"},
		{"-0", "0"},
		{"+1", "1"},
		{"-5", "-5"},
		{"1_000", "1000"},
		{"1,000", "1000"},
		{"1__0", "\"1__0\""},
		{"1_", "\"1_\""},
		{"_1", "\"_1\""},
		{"1,", "\"1,\""},
		{"012345", "5349"},
		{"0777", "511"},
		{"-012", "-10"},
		{"0644", "420"},
		{"08", "\"08\""},
		{"09", "\"09\""},
		{"0o14", "\"0o14\""},
		{"0_7", "7"},
		{"00", "0"},
		{"0x1f", "31"},
		{"0X1f", "\"0X1f\""},
		{"0x", "\"0x\""},
		{"-0x1F", "-31"},
		{"0b101", "5"},
		{"+0b1", "1"},
		{"0b12", "\"0b12\""},
		{"0b", "\"0b\""},
		{"0b_", "!Invalid YAML syntax"},
		{"0x_", "!Invalid YAML syntax"},
		{"9223372036854775807", "9223372036854775807"},
		{"123456789012345678901234567890", "123456789012345678901234567890"},
		{"-99999999999999999999", "-99999999999999999999"},
		{"0xffffffffffffffffffff", "1208925819614629174706175"},
		{"12 abc", "\"12 abc\""},
		{"1 2", "\"1 2\""},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_floats(void **state)
{
	static const struct row rows[] = {
		{"1.10", "1.1"},
		{".5", "0.5"},
		{"1.", "1.0"},
		{"09.5", "9.5"},
		{"10_0.5", "100.5"},
		{"-0.0", "-0.0"},
		{"+1.5", "1.5"},
		{"1e3", "\"1e3\""},
		{"1E5", "\"1E5\""},
		{"1.5e3", "\"1.5e3\""},
		{"6.8523015e+5", "685230.15"},
		{"1.5E-2", "0.015"},
		{"1.e+3", "1000.0"},
		{".e+3", "!Invalid YAML syntax"},
		{".", "\".\""},
		{"+.", "\"+.\""},
		{"1.0e+400", "Infinity"},
		{"1e400", "\"1e400\""},
		{".inf", "Infinity"},
		{"-.INF", "-Infinity"},
		{"+.inf", "Infinity"},
		{".nan", "NaN"},
		{"+.nan", "\"+.nan\""},
		{"0.1.2", "\"0.1.2\""},
		{"1.2.3", "\"1.2.3\""},
		{"1.2.", "\"1.2.\""},
		{"100.0", "100.0"},
		{"1.0e+16", "1.0e+16"},
		{"123456789012345.0", "123456789012345.0"},
		{"0.0001", "0.0001"},
		{"0.00001", "1.0e-05"},
		{"0.1", "0.1"},
		{"3.14159", "3.14159"},
		{"12345.678", "12345.678"},
		{"1.0e+15", "1.0e+15"},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_base60(void **state)
{
	static const struct row rows[] = {
		{"12:30:45", "45045"},
		{"1:20", "4800"},
		{"12:30", "45000"},
		{"190:20:30", "685230"},
		{"22:22", "80520"},
		{"12:60", "\"12:60\""},
		{"-1:20", "-2400"},
		{"01:20", "4800"},
		{"1:2:3:4", "\"1:2:3:4\""},
		{"1:2.5", "3750.0"},
		{"1:2:3.5", "3723.5"},
		{"1_0:20", "37200"},
		{"0:60", "\"0:60\""},
		{"1:2:", "{3720=>nil}"},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_dates(void **state)
{
	static const struct row rows[] = {
		{"2020-01-01", DATE},
		{"2020-1-1", DATE},
		{"2020-02-30", DATE},
		{"2020-13-45", "\"2020-13-45\""},
		{"2020-12-32", "\"2020-12-32\""},
		{"20-01-01", "\"20-01-01\""},
		{"2020-01-01 10:00:00", TIME},
		{"2020-01-01T10:00:00Z", TIME},
		{"2020-01-01t10:00:00.5 +01:00", TIME},
		{"2020-99-01 10:00:00", TIME},
		{"-2020-01-01 1:00:00", TIME},
		{"2020-01-01 10:00", "\"2020-01-01 10:00\""},
		{"'2020-01-01'", "\"2020-01-01\""},
		{"2020-01-01: x", DATE},
		{"!!str 2020-01-01", "\"2020-01-01\""},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_symbols(void **state)
{
	static const struct row rows[] = {
		{":sym", "\"sym\""},
		{"::a", "\":a\""},
		{":'a b'", "\"a b\""},
		{":\"a\"", "\"a\""},
		{"a: :b c", "{\"a\"=>\"b c\"}"},
		{":a: 1", "{\"a\"=>1}"},
		{":1", "\"1\""},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_quotes(void **state)
{
	static const struct row rows[] = {
		{"'0644'", "\"0644\""},
		{"\"yes\"", "\"yes\""},
		{"|-\n  012", "\"012\""},
		{">\n  true\n", "\"true\\n\""},
		{"''", "\"\""},
		{"! '5'", "5"},
	};
	struct reading r;

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
	assert_true(read_text(&r, STR("'x'"))->quoted);
	assert_true(read_text(&r, STR("|\n  x"))->quoted);
	assert_false(read_text(&r, STR("x"))->quoted);
}

/* Plain text over several lines is only looked at line by line while it is short. */
static void test_lines(void **state)
{
	static const struct row rows[] = {
		{"a: no\n\n  on", "{\"a\"=>true}"},
		{"a: 1\n\n  2", "{\"a\"=>\"1\\n2\"}"},
		{"a: yes\n\n  no\n", "{\"a\"=>\"yes\\nno\"}"},
		{"a: 12\n  34", "{\"a\"=>\"12 34\"}"},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_text_of_values(void **state)
{
	static const struct row rows[] = {{"0644", "420"}, {"1.10", "1.1"}, {"12:30", "45000"},
		{"yes", "true"}, {"~", ""}, {"1_0", "10"},
		{"9223372036854775808", "9223372036854775808"}};
	struct reading r;
	struct node n = {.kind = NODE_NULL};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_str(read_text(&r, str_c(rows[i].text))->text, rows[i].want);
	assert_int_equal(r.root->u.integer, INT64_MAX);
	assert_true(yaml_type_scalar(&test_arena, STR("0x10"), &n));
	assert_int_equal(n.kind, NODE_INT);
	assert_int_equal(n.u.integer, 16);
	assert_false(yaml_type_scalar(&test_arena, STR("2024-01-01"), &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_floats),
		cmocka_unit_test(test_base60),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_text_of_values),
	};

	return RUN(tests);
}
