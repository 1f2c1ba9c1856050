#include "yaml_test.h"

/* header | content, or "!" and GitLab's words for the first error. */
static const char *files(const char *text)
{
	struct reading r;
	struct buf b = BUF_INIT;
	struct str s;

	read_file(&r, str_c(text));
	if (!r.ok) {
		buf_printf(&b, "!" STR_FMT, STR_ARG(first_of(&r, DIAG_ERROR)->gitlab));
	} else {
		if (r.file.header)
			node_inspect(&b, r.file.header);
		buf_adds(&b, "|");
		if (r.file.content)
			node_inspect(&b, r.file.content);
	}
	s = arena_str(&test_arena, buf_str(&b));
	buf_release(&b);
	return s.p;
}

static void check_files(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = files(rows[i].text);

		if (strcmp(got, rows[i].want))
			fail_msg("'%s': wanted %s, got %s", rows[i].text, rows[i].want, got);
	}
}

static void test_documents(void **state)
{
	static const struct row rows[] = {
		{"a: 1", "|{\"a\"=>1}"},
		{"---\na: 1", "|{\"a\"=>1}"},
		{"", "|"},
		{"---\n", "|"},
		{"# nothing\n---\n# here\n", "|"},
		{"{}", "|"},
		{"spec: {}\n---\na: 1", "{\"spec\"=>{}}|{\"a\"=>1}"},
		{"---\nspec:\n---\na: 1", "{\"spec\"=>nil}|{\"a\"=>1}"},
		{"spec: {}\n---\nb: 2\n---\nc: 3", "{\"spec\"=>{}}|{\"c\"=>3}"},
		{"a: 1\n---\nb: 2", "|{\"a\"=>1}"},
		{"a: 1\n---\nspec: {}", "|{\"a\"=>1}"},
		{"spec: {}", "|{\"spec\"=>{}}"},
		{"spec: {}\n---\n# nothing\n", "|{\"spec\"=>{}}"},
		{"# c\n---\nspec: {}\n---\na: 1\n", "{\"spec\"=>{}}|{\"a\"=>1}"},
		/* The third part keeps further separators, and YAML stops at the first of them. */
		{"spec: {}\n---\nb: 2\n---\nc: 3\n---\nd: 4", "{\"spec\"=>{}}|{\"c\"=>3}"},
		/* No separator: nothing behind the dashes, or not at the start of the line. */
		{"a: 1\n---", "|{\"a\"=>1}"},
		{"a: |\n  ---\n  x", "|{\"a\"=>\"---\\nx\"}"},
		/* The white space behind the dashes goes with them, indentation included. */
		{"---\n  a: 1\n  b: 2", "!(<unknown>): mapping values are not allowed in this "
					"context at line 2 column 4"},
	};

	UNUSED(state);
	check_files(rows, ARRAY_SIZE(rows));
}

static void test_refusals(void **state)
{
	static const struct row rows[] = {
		{"- a", "!Invalid configuration format"},
		{"text", "!Invalid configuration format"},
		{"5", "!Invalid configuration format"},
		{"true", "!Invalid configuration format"},
		{"a: 1\n---\n- b", "!Invalid configuration format"},
		{"<!DOCTYPE html>\n<html>: [", "!Invalid configuration format"},
		/* An ignored document is read all the same. */
		{"a: 1\n---\nb: [",
			"!(<unknown>): did not find expected node content while parsing a flow "
			"node at line 2 column 1"},
		{"a: 1\n---\nb: 2020-01-01", "!Tried to load unspecified class: Date"},
	};

	UNUSED(state);
	check_files(rows, ARRAY_SIZE(rows));
}

static void test_places(void **state)
{
	struct reading r;

	UNUSED(state);
	read_file(&r, STR("spec: {}\n---\n\n# c\na:\n  b: x\n"));
	assert_int_equal(node_get(node_get(r.file.content, "a"), "b")->at.begin.line, 6);
	read_file(&r, STR("spec: {}\n--- {a: 1, b: 2}\n"));
	assert_int_equal(node_get(r.file.content, "b")->at.begin.line, 2);
	assert_int_equal(node_get(r.file.content, "b")->at.begin.col, 15);
	read_file(&r, STR("a: 1\n---\nb:\n - [\n"));
	assert_int_equal(first_of(&r, DIAG_ERROR)->at.begin.line, 5);
}

static void test_warning(void **state)
{
	struct reading r;

	UNUSED(state);
	read_file(&r, STR("a: 1\n---\nb: 2\n"));
	assert_string_equal(first_of(&r, DIAG_WARNING)->code, "ignored-document");
	assert_int_equal(first_of(&r, DIAG_WARNING)->at.begin.line, 3);
}

static void test_size(void **state)
{
	struct reading r;
	struct buf b = BUF_INIT;

	UNUSED(state);
	buf_adds(&b, "a: 1\n");
	while (b.n <= (size_t)2 << 20)
		buf_adds(&b, "# a comment of some length, for the text has to be large\n");
	read_file(&r, buf_str(&b));
	assert_false(r.ok);
	assert_str(first_of(&r, DIAG_ERROR)->gitlab, "The provided YAML is too big");
	buf_truncate(&b, (size_t)2 << 20);
	read_file(&r, buf_str(&b));
	assert_true(r.ok);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_warning),
		cmocka_unit_test(test_size),
	};

	return RUN(tests);
}
