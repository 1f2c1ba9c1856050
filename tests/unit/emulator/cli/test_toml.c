#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "base/diag.h"
#include "emulator/cli/toml.h"
#include "source/source.h"
#include "yaml/node.h"

struct doc {
	struct arena arena;
	struct source_set set;
	struct diags diags;
	struct node *root;
};

static void read_text(struct doc *d, const char *text)
{
	memset(d, 0, sizeof(*d));
	source_set_init(&d->set, &d->arena);
	diags_init(&d->diags, &d->arena);
	uint32_t id = source_add(&d->set, STR("config.toml"), str_c(text), SPAN_NONE);
	d->root = toml_read(&d->arena, source_get(&d->set, id), &d->diags);
}

static void test_kinds_and_places(void **state)
{
	struct doc d;
	read_text(&d,
		"# é comment\nname = \"a\\tb\"\nn = 1_000\non = true\nf = 2.5\nwhen = 2026-01-02\n"
		"\n[t]\n  list = [\"x\",\n    \"y\"]\n  \"q.k\" = 1\n");
	assert_non_null(d.root);
	assert_int_equal(d.diags.errors, 0);
	struct node *n = node_get(d.root, "name");
	assert_true(n->kind == NODE_STRING && n->quoted && str_is(n->text, "a\tb"));
	assert_int_equal(n->at.begin.line, 2);
	assert_int_equal(n->at.begin.col, 8);
	assert_int_equal(n->at.begin.source, 1);
	assert_int_equal(node_get(d.root, "n")->u.integer, 1000);
	assert_true(str_is(node_get(d.root, "n")->text, "1000"));
	assert_true(node_get(d.root, "on")->u.boolean);
	assert_true(str_is(node_get(d.root, "f")->text, "2.5"));
	assert_false(node_get(d.root, "when")->quoted);
	struct node *list = node_get(node_get(d.root, "t"), "list");
	assert_int_equal(list->u.seq.n, 2);
	assert_int_equal(list->u.seq.items[1]->at.begin.line, 10);
	assert_non_null(node_get(node_get(d.root, "t"), "q.k"));
	arena_release(&d.arena);
}

static void test_order_of_the_file(void **state)
{
	struct doc d;
	read_text(&d, "zebra = 1\napple = 2\nmango = 3\n");
	assert_true(str_is(d.root->u.map.pairs[0].key->text, "zebra"));
	assert_true(str_is(d.root->u.map.pairs[1].key->text, "apple"));
	assert_true(str_is(d.root->u.map.pairs[2].key->text, "mango"));
	arena_release(&d.arena);
}

static void test_arrays_of_tables(void **state)
{
	struct doc d;
	read_text(&d, "[[runners]]\nname = \"a\"\n[runners.docker]\nimage = \"x\"\n"
		      "[[runners.docker.services]]\nname = \"s\"\n[[runners]]\nname = \"b\"\n");
	struct node *runners = node_get(d.root, "runners");
	assert_int_equal(runners->u.seq.n, 2);
	struct node *docker = node_get(runners->u.seq.items[0], "docker");
	assert_int_equal(docker->at.begin.line, 3);
	assert_int_equal(node_get(docker, "services")->u.seq.n, 1);
	assert_int_equal(node_get(docker, "services")->u.seq.items[0]->at.begin.line, 5);
	arena_release(&d.arena);
}

static void test_placeholders_are_named(void **state)
{
	struct doc d;
	read_text(&d, "[[runners]]\n  ....\n  [runners.docker]\n    ...\n    privileged = true\n");
	/* What is wrong besides is told at once. */
	assert_non_null(d.root);
	assert_int_equal(d.diags.errors, 2);
	const struct diag *first = d.diags.first;
	assert_string_equal(first->code, "toml-placeholder");
	assert_int_equal(first->at.begin.line, 2);
	assert_int_equal(first->at.begin.col, 3);
	assert_int_equal(first->next->at.begin.line, 4);
	arena_release(&d.arena);
	/* Dots inside a string are a string. */
	read_text(&d, "script = \"\"\"\n...\n\"\"\"\n");
	assert_non_null(d.root);
	arena_release(&d.arena);
}

static void test_errors_have_a_place(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} cases[] = {{"a = 1\nb = \n", 2}, {"a = 1\na = 2\n", 2}, {"x = [1, 2\n", 0}, {"= 1", 1},
		{"a = \"open\n", 0}, {"\xff\xfe", 1}, {"[a\n", 0}, {"a.b = 1\n[a]\nb = 2\n", 0}};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct doc d;
		read_text(&d, cases[i].text);
		assert_null(d.root);
		assert_true(d.diags.errors >= 1);
		assert_string_equal(d.diags.first->code, "toml");
		if (cases[i].line)
			assert_int_equal(d.diags.first->at.begin.line, cases[i].line);
		arena_release(&d.arena);
	}
}

/* What people write who think of another language. */
static void test_advice(void **state)
{
	static const struct {
		const char *text, *note;
	} cases[] = {{"a = yes\n", "write true"}, {"a = True\n", "write true"},
		{"[x]\n  a = Off\n", "write false"},
		{"a = docker\n", "a string wants quotes: \"docker\""},
		{"a = [docker]\n", "a string wants quotes: \"docker\""},
		{"a: 1\n", "a key and its value have '=' between them: KEY = VALUE"},
		{"a = [\"/cache\",\nb = true\n",
			"the value before it has no end: is there a ']', '}' or '\"' missing?"},
		{"a = 1 2\n", NULL}};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct doc d;
		read_text(&d, cases[i].text);
		assert_null(d.root);
		const struct diag_note *note = d.diags.first->notes;
		if (!cases[i].note)
			assert_null(note);
		else if (!note || !str_is(note->text, cases[i].note))
			fail_msg("%s: " STR_FMT, cases[i].text,
				STR_ARG(note ? note->text : STR("nothing")));
		arena_release(&d.arena);
	}
}

static void test_deep_nesting_is_an_error(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct doc d;
	buf_adds(&b, "a = ");
	for (int i = 0; i < 100000; i++)
		buf_addc(&b, '[');
	read_text(&d, b.p);
	assert_null(d.root);
	arena_release(&d.arena);
	read_text(&d, "");
	assert_non_null(d.root);
	assert_int_equal(d.root->u.map.n, 0);
	arena_release(&d.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds_and_places),
		cmocka_unit_test(test_order_of_the_file),
		cmocka_unit_test(test_arrays_of_tables),
		cmocka_unit_test(test_placeholders_are_named),
		cmocka_unit_test(test_errors_have_a_place),
		cmocka_unit_test(test_advice),
		cmocka_unit_test(test_deep_nesting_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
