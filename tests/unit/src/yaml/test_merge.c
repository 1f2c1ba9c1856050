#include "yaml_test.h"

static void test_positions(void **state)
{
	static const struct row rows[] = {
		{"<<: {b: 1}\nb: 2", "{\"b\"=>2}"},
		{"b: 2\n<<: {b: 1}", "{\"b\"=>1}"},
		{"a: 0\n<<: {b: 1, c: 2}\nb: 3", "{\"a\"=>0, \"b\"=>3, \"c\"=>2}"},
		{"<<: [{a: 1, b: 1}, {a: 2, c: 2}]", "{\"a\"=>1, \"c\"=>2, \"b\"=>1}"},
		{"'<<': {a: 1}", "{\"a\"=>1}"},
		{"!!str <<: {a: 1}", "{\"<<\"=>{\"a\"=>1}}"},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_no_merge(void **state)
{
	static const struct row rows[] = {
		{"<<: 1", "{\"<<\"=>1}"},
		{"<<: [1]", "{\"<<\"=>[1]}"},
		{"<<: [{a: 1}, ~]", "{\"<<\"=>[{\"a\"=>1}, nil]}"},
		{"<<:", "{\"<<\"=>nil}"},
		{"x: &s [{a: 1}]\ny: {<<: *s}",
			"{\"x\"=>[{\"a\"=>1}], \"y\"=>{\"<<\"=>[{\"a\"=>1}]}}"},
		{"<<: []", "{}"},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_aliases(void **state)
{
	static const struct row rows[] = {
		{"x: &x {a: 1}\ny: *x", "{\"x\"=>{\"a\"=>1}, \"y\"=>{\"a\"=>1}}"},
		{"x: &x {a: 1}\ny: {<<: *x, b: 2}",
			"{\"x\"=>{\"a\"=>1}, \"y\"=>{\"a\"=>1, \"b\"=>2}}"},
		{"x: &x {a: 1}\nz: &z {a: 3}\ny: {<<: [*x, *z]}",
			"{\"x\"=>{\"a\"=>1}, \"z\"=>{\"a\"=>3}, \"y\"=>{\"a\"=>1}}"},
		{"- &a 1\n- *a\n- &a 2\n- *a", "[1, 1, 2, 2]"},
		{"a: &x b\n*x : 1", "{\"a\"=>\"b\", \"b\"=>1}"},
		{"a: *b", "!Unknown alias: b"},
		{"a: &x [1, *x]", "!The parsed YAML is too big"},
		{"a: &x {b: *x}", "!The parsed YAML is too big"},
		/* Merging the map into itself takes what it holds so far, which changes nothing. */
		{"a: &x {b: 1, <<: *x}", "{\"a\"=>{\"b\"=>1}}"},
		{"a: &x {b: 1, c: {<<: *x}}", "{\"a\"=>{\"b\"=>1, \"c\"=>{\"b\"=>1}}}"},
		{"&x [a]", "[\"a\"]"},
		/* A sequence that !reference takes over does not register its anchor. */
		{"a: &x !reference [b, c]\nd: *x", "!Unknown alias: x"},
	};

	UNUSED(state);
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_warnings(void **state)
{
	struct reading r;
	const struct diag *w;

	UNUSED(state);
	read_text(&r, STR("a: 1\nb: 2\na: 3\n"));
	assert_string_equal(inspected(r.root), "{\"a\"=>3, \"b\"=>2}");
	w = first_of(&r, DIAG_WARNING);
	assert_string_equal(w->code, "duplicate-key");
	assert_int_equal(w->at.begin.line, 3);
	assert_int_equal(w->notes->at.begin.line, 1);

	read_text(&r, STR("b: 2\n<<: {b: 1}\n"));
	w = first_of(&r, DIAG_WARNING);
	assert_string_equal(w->code, "merge-order");
	assert_int_equal(w->at.begin.line, 2);

	/* What is usual gives none. */
	read_text(&r, STR("x: &x {b: 1}\ny:\n  <<: *x\n  b: 2\n"));
	assert_int_equal(r.d.warnings, 0);
}

static void test_origin(void **state)
{
	struct reading r;
	const struct node *y, *b;

	UNUSED(state);
	read_text(&r, STR("x: &x {b: 1}\ny: *x\nz:\n  <<: *x\n"));
	y = node_get(r.root, "y");
	assert_int_equal(y->via, VIA_ALIAS);
	assert_int_equal(y->at.begin.line, 2);
	assert_ptr_equal(y->origin, node_get(r.root, "x"));
	b = node_get(node_get(r.root, "z"), "b");
	assert_int_equal(b->via, VIA_ALIAS);
	assert_int_equal(b->at.begin.line, 1);
	assert_ptr_equal(b->origin, node_get(node_get(r.root, "x"), "b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_positions),
		cmocka_unit_test(test_no_merge),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_origin),
	};

	return RUN(tests);
}
