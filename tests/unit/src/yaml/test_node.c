#include "yaml_test.h"

static struct node *str_node(const char *s)
{
	return node_new_str(&test_arena, str_c(s), SPAN_NONE);
}

static void test_map(void **state)
{
	struct node *m = node_new(&test_arena, NODE_MAP, SPAN_NONE);

	UNUSED(state);
	node_map_put(&test_arena, m, str_node("a"), node_new_int(&test_arena, 1, SPAN_NONE));
	node_map_put(&test_arena, m, str_node("b"), node_new_bool(&test_arena, true, SPAN_NONE));
	node_map_put(&test_arena, m, str_node("a"), node_new_int(&test_arena, 2, SPAN_NONE));
	assert_string_equal(inspected(m), "{\"a\"=>2, \"b\"=>true}");
	assert_true(node_map_remove(m, "a"));
	assert_false(node_map_remove(m, "a"));
	assert_string_equal(inspected(m), "{\"b\"=>true}");
	assert_null(node_get(m, "a"));
	assert_null(node_get(NULL, "a"));
	assert_null(node_get(str_node("x"), "a"));
}

/* Large maps are indexed; the index has to follow puts, removals and clones. */
static void test_large_map(void **state)
{
	struct node *m = node_new(&test_arena, NODE_MAP, SPAN_NONE), *c;

	UNUSED(state);
	for (int i = 0; i < 5000; i++)
		node_map_put(&test_arena, m, str_node(arena_printf(&test_arena, "k%d", i).p),
			node_new_int(&test_arena, i, SPAN_NONE));
	for (int i = 0; i < 5000; i += 7)
		assert_true(node_map_remove(m, arena_printf(&test_arena, "k%d", i).p));
	node_map_put(&test_arena, m, str_node("k7"), str_node("again"));
	c = node_clone(&test_arena, m, VIA_EXTENDS);
	for (int i = 0; i < 5000; i++) {
		const char *key = arena_printf(&test_arena, "k%d", i).p;
		const struct node *v = node_get(c, key);

		if (i == 7)
			assert_str(v->text, "again");
		else if (i % 7 == 0)
			assert_null(v);
		else
			assert_int_equal(v->u.integer, i);
	}
	assert_true(node_equal(m, c));
	assert_ptr_equal(m->u.map.pairs[m->u.map.n - 1].value, node_get(m, "k7"));
}

/* Pairs and items that were not allocated by the functions are copied before they grow. */
static void test_foreign_arrays(void **state)
{
	struct node_pair pairs[1] = {{str_node("a"), str_node("b")}};
	struct node *items[2] = {str_node("x"), str_node("y")};
	struct node *m = node_new(&test_arena, NODE_MAP, SPAN_NONE);
	struct node *s = node_new(&test_arena, NODE_SEQ, SPAN_NONE);

	UNUSED(state);
	m->u.map.pairs = pairs;
	m->u.map.n = 1;
	s->u.seq.items = items;
	s->u.seq.n = 2;
	node_map_put(&test_arena, m, str_node("c"), str_node("d"));
	node_seq_push(&test_arena, s, str_node("z"));
	assert_string_equal(inspected(m), "{\"a\"=>\"b\", \"c\"=>\"d\"}");
	assert_string_equal(inspected(s), "[\"x\", \"y\", \"z\"]");
}

static void test_each(void **state)
{
	struct reading r;
	size_t n = 0;

	UNUSED(state);
	read_text(&r, STR("{s: [1, 2, 3], e: [], m: {}}"));
	node_each (item, node_get(r.root, "s"))
		n += (size_t)item->u.integer;
	node_each (item, node_get(r.root, "e"))
		fail_msg("an item %p in an empty sequence", (void *)item);
	node_each_pair(p, node_get(r.root, "m"))
		fail_msg("a pair %p in an empty mapping", (void *)p);
	node_each_pair(p, r.root) n += 100 * p->key->text.n;
	assert_int_equal(n, 306);
}

static void test_blank(void **state)
{
	static const char *const blank[] = {"~", "false", "''", "' '", "[]", "{}", "\"\\t\\n\""};
	static const char *const present[] = {"0", "true", "x", "[~]", "{a: }", "0.0"};
	struct reading r;

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(blank); i++)
		assert_true(node_is_blank(read_text(&r, str_c(blank[i]))));
	for (size_t i = 0; i < ARRAY_SIZE(present); i++)
		assert_false(node_is_blank(read_text(&r, str_c(present[i]))));
	assert_true(node_is_blank(NULL));
	assert_true(node_is_null(NULL));
	assert_false(node_is_scalar(read_text(&r, STR("~"))));
	assert_true(node_is_scalar(read_text(&r, STR("1"))));
}

static void test_equal(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
		{"{a: 1, b: [x]}", "{b: [x], a: 1}", true},
		{"{a: 1}", "{a: '1'}", false},
		{"{a: 1}", "{a: 1, b: 2}", false},
		{"[1, 2]", "[2, 1]", false},
		{"1", "1.0", false},
		{"0x10", "16", true},
		{"!reference [a]", "[a]", false},
		{"!reference x", "!reference y", false},
		{"~", "null", true},
	};
	struct reading r, s;

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(node_equal(read_text(&r, str_c(rows[i].a)),
					 read_text(&s, str_c(rows[i].b))),
			rows[i].equal);
}

static void test_clone(void **state)
{
	struct reading r;
	struct node *c, *again;

	UNUSED(state);
	read_text(&r, STR("{a: [1, {b: c}]}"));
	c = node_clone(&test_arena, r.root, VIA_EXTENDS);
	assert_true(node_equal(c, r.root));
	assert_ptr_equal(c->origin, r.root);
	assert_int_equal(node_get(c, "a")->via, VIA_EXTENDS);
	assert_ptr_equal(node_get(c, "a")->origin, node_get(r.root, "a"));
	again = node_clone(&test_arena, c, VIA_NONE);
	assert_ptr_equal(again->origin, r.root);
	assert_int_equal(again->via, VIA_EXTENDS);
	node_get(c, "a")->u.seq.items[0] = str_node("changed");
	assert_string_equal(inspected(r.root), "{\"a\"=>[1, {\"b\"=>\"c\"}]}");
}

static void test_inspect(void **state)
{
	UNUSED(state);
	assert_string_equal(outcome("\"q\\\"b\\\\ \\t\\e #{x} #y \\xe9\""),
		"\"q\\\"b\\\\ \\t\\e \\#{x} #y \xc3\xa9\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_large_map),
		cmocka_unit_test(test_foreign_arrays),
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_blank),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_clone),
		cmocka_unit_test(test_inspect),
	};

	return RUN(tests);
}
