#include "yaml_test.h"

static void test_tags(void **state)
{
	static const struct row rows[] = {
		{"!!int '5'", "5"},
		{"!!int x", "\"x\""},
		{"!!float 1", "1.0"},
		{"!!float '1e3'", "1000.0"},
		{"!!float x", "!Invalid YAML syntax"},
		{"!!binary aGk=", "\"hi\""},
		{"!foo bar", "\"bar\""},
		{"!foo 5", "5"},
		{"!foo [a]", "[\"a\"]"},
		{"!!omap [a: 1, b: 2]", "{\"a\"=>1, \"b\"=>2}"},
		{"!!omap {a: 1}", "!Tried to load unspecified class: Psych::Omap"},
		{"!!set {a: 1}", "!Tried to load unspecified class: Psych::Set"},
		{"!ruby/object:Foo {a: 1}", "!Tried to load unspecified class: Foo"},
		{"!ruby/object {a: 1}", "!Tried to load unspecified class: Object"},
		{"!ruby/regexp /a/", "!Tried to load unspecified class: Regexp"},
		{"!ruby/range 1..2", "!Tried to load unspecified class: Range"},
		{"!ruby/class Foo", "!Tried to load unspecified class: Foo"},
		{"!str:String a", "!Tried to load unspecified class: String"},
		{"!map:Foo {}", "!Tried to load unspecified class: Foo"},
		{"!seq:Foo [a]", "!Tried to load unspecified class: Foo"},
		{"!!seq {a: 1}", "{\"a\"=>1}"},
		{"!str {str: x}", "\"x\""},
		{"!!str {a: 1}", "!Invalid YAML syntax"},
		{"!ruby/sym a", "\"a\""},
		{"!ruby/foo x", "\"x\""},
		{"!!str 5", "\"5\""},
		{"!reference [.a, script]", "!reference [\".a\", \"script\"]"},
		{"!reference [a, 1, ~]", "!reference [\"a\", 1, nil]"},
		{"!reference x", "!reference \"x\""},
		{"!reference []", "!reference []"},
		{"!reference {a: b}", "!reference {\"a\"=>\"b\"}"},
		{"!reference", "!reference []"},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

#define SYNTAX "!(<unknown>): "

static void test_syntax_errors(void **state)
{
	static const struct row rows[] = {
		{"@x", SYNTAX
			"found character that cannot start any token while scanning for the next "
			"token at line 1 column 1"},
		{"a: `x", SYNTAX
			"found character that cannot start any token while scanning for the next "
			"token at line 1 column 4"},
		{"\ta: 1", SYNTAX
			"found character that cannot start any token while scanning for the next "
			"token at line 1 column 1"},
		{"a: b: c",
			SYNTAX "mapping values are not allowed in this context at line 1 column 5"},
		{"- a\nb",
			SYNTAX "could not find expected ':' while scanning a simple key at line 2 "
			       "column 1"},
		{"a: [", SYNTAX
			"did not find expected node content while parsing a flow node at line 2 "
			"column 1"},
		{"a: \"x", SYNTAX
			"found unexpected end of stream while scanning a quoted scalar at line 1 "
			"column 4"},
		{"a: 'x' y",
			SYNTAX "did not find expected key while parsing a block mapping at line 1 "
			       "column 1"},
		{"a: \x01", SYNTAX "control characters are not allowed at line 1 column 1"},
		{"a: \xff", SYNTAX "invalid leading UTF-8 octet at line 1 column 1"},
		{"a: \xef\xbf\xbe", SYNTAX "control characters are not allowed at line 1 column 1"},
		{"%YAML 2.0\n---\na: 1",
			SYNTAX "found incompatible YAML document at line 1 column 1"},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
	/* A TAB behind a colon is fine. */
	assert_string_equal(outcome("a:\tx"), "{\"a\"=>\"x\"}");
}

static void test_error_places(void **state)
{
	struct reading r;
	const struct diag *e;

	UNUSED(state);
	assert_null(read_text(&r, STR("a: 1\nb: \xc3\xa9: x\n")));
	e = first_of(&r, DIAG_ERROR);
	assert_string_equal(e->code, "yaml-syntax");
	assert_int_equal(e->at.begin.line, 2);
	assert_int_equal(e->at.begin.col, 5);
	assert_non_null(e->notes); /* put it in quotes */

	/* The reader's own errors carry an offset in bytes. */
	assert_null(read_text(&r, STR("a: 1\nb: \xc3\xa9 \xff")));
	e = first_of(&r, DIAG_ERROR);
	assert_int_equal(e->at.begin.line, 2);
	assert_int_equal(e->at.begin.col, 6);

	assert_null(read_text(&r, str_n("a: 1\nb: \0", 9)));
	e = first_of(&r, DIAG_ERROR);
	assert_int_equal(e->at.begin.line, 2);
	assert_int_equal(e->at.begin.col, 4);
}

static void test_all_value_errors_at_once(void **state)
{
	struct reading r;

	UNUSED(state);
	assert_null(read_text(&r, STR("a: 2020-01-01\nb: *c\nd: !ruby/object:X {}\n")));
	assert_int_equal(r.d.errors, 3);
	assert_int_equal(r.d.first->next->at.begin.line, 2);
	assert_int_equal(r.d.first->next->at.begin.col, 4);
}

static void check_at(const struct node *n, uint32_t l1, uint32_t c1, uint32_t l2, uint32_t c2)
{
	assert_int_equal(n->at.begin.line, l1);
	assert_int_equal(n->at.begin.col, c1);
	assert_int_equal(n->at.end.line, l2);
	assert_int_equal(n->at.end.col, c2);
}

static void test_spans(void **state)
{
	struct reading r;

	UNUSED(state);
	read_text(&r, STR("a:\n  b: \xc3\xa9\xc3\xa9x\n  c: [1, 'q']\nd: |\n  x\n"));
	check_at(node_get(node_get(r.root, "a"), "b"), 2, 6, 2, 9);
	check_at(node_get(node_get(r.root, "a"), "c"), 3, 6, 3, 14);
	check_at(node_get(r.root, "a"), 2, 3, 3, 14);
	assert_int_equal(node_get(r.root, "d")->at.begin.line, 4);
	check_at(r.root->u.map.pairs[0].key, 1, 1, 1, 2);
}

/* Line ends that libyaml knows and editors do not must not move what follows. */
static void test_odd_breaks(void **state)
{
	struct reading r;

	UNUSED(state);
	read_text(&r, STR("a: \"x\xe2\x80\xa8y\"\nb: 1\n"));
	check_at(node_get(r.root, "b"), 2, 4, 2, 5);
	read_text(&r, STR("\xc3\xa9: \"\xe2\x80\xa8\"\n\xc3\xa9\xc3\xa9: [1, 2]\n"));
	check_at(r.root->u.map.pairs[1].value, 2, 5, 2, 11);
	check_at(r.root->u.map.pairs[1].value->u.seq.items[1], 2, 9, 2, 10);
	read_text(&r, STR("a: 1\r\nb: 2\r\n"));
	check_at(node_get(r.root, "b"), 2, 4, 2, 5);
}

static void test_keys(void **state)
{
	static const struct row rows[] = {
		{"true: 1\n1: 2\n~: 3\n1.5: 4", "{true=>1, 1=>2, nil=>3, 1.5=>4}"},
		{"? [a, b]\n: 1", "{[\"a\", \"b\"]=>1}"},
		{"'a': 1\n\"a\": 2\n:a: 3", "{\"a\"=>3}"},
		{"1: a\n'1': b\n0x1: c", "{1=>\"c\", \"1\"=>\"b\"}"},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_only_first_document(void **state)
{
	static const struct row rows[] = {
		{"--- a\n--- b", "\"a\""},
		{"a: 1\n...\n@@", "{\"a\"=>1}"},
		{"", "nil"},
		{"# nothing\n", "nil"},
		{"---\n", "nil"},
		{"\xef\xbb\xbf"
		 "a: 1",
			"{\"a\"=>1}"},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_syntax_errors),
		cmocka_unit_test(test_error_places),
		cmocka_unit_test(test_all_value_errors_at_once),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_odd_breaks),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_only_first_document),
	};

	return RUN(tests);
}
