#include "yaml_test.h"

static const char *written(const struct node *n)
{
	struct buf b = BUF_INIT;
	struct str s;

	yaml_write(&b, n);
	s = arena_str(&test_arena, buf_str(&b));
	buf_release(&b);
	return s.p;
}

static const char *json(const struct node *n, int indent)
{
	struct buf b = BUF_INIT;
	struct str s;

	yaml_write_json(&b, n, indent);
	s = arena_str(&test_arena, buf_str(&b));
	buf_release(&b);
	return s.p;
}

static void test_canonical(void **state)
{
	static const struct row rows[] = {
		{"{a: 1, b: [x, {c: d, e: [f]}], g: {}}",
			"a: 1\nb:\n- x\n- c: d\n  e:\n  - f\ng: {}\n"},
		{"[[a, b], []]", "- - a\n  - b\n- []\n"},
		{"s: \"one\\ntwo\\n\"", "s: |\n  one\n  two\n"},
		{"s: \"one\\ntwo\"", "s: |-\n  one\n  two\n"},
		{"s: \"one\\n\\ntwo\\n\\n\"", "s: |+\n  one\n\n  two\n\n"},
		{"s: \" one\\ntwo\"", "s: \" one\\ntwo\"\n"},
		{"v: ['0644', 0644, '1.10', 'yes', yes, '', ~, '~', '12:30', 'a: b', '- a', '#x']",
			"v:\n- \"0644\"\n- 420\n- \"1.10\"\n- \"yes\"\n- true\n- \"\"\n- null\n- "
			"\"~\"\n"
			"- \"12:30\"\n- \"a: b\"\n- \"- a\"\n- \"#x\"\n"},
		{"a: !reference [.b, script]", "a: !reference [\".b\", \"script\"]\n"},
		{"[.inf, -.inf, .nan, 1.5]", "- .inf\n- -.inf\n- .nan\n- 1.5\n"},
		{"? [a]\n: b", "? [\"a\"]\n: b\n"},
		{"true: a\n'true': b\n1: c", "true: a\n\"true\": b\n1: c\n"},
		{"x", "x\n"},
		{"'<<': 1", "\"<<\": 1\n"},
		{"a: '2020-01-01'", "a: \"2020-01-01\"\n"},
		{"a: ':sym'", "a: \":sym\"\n"},
		{"a: '--- x'", "a: \"--- x\"\n"},
	};
	struct reading r;

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *got = written(read_text(&r, str_c(rows[i].text)));

		if (strcmp(got, rows[i].want))
			fail_msg("'%s': wanted\n%s\ngot\n%s", rows[i].text, rows[i].want, got);
	}
}

/* A generator of trees from a seed: what is written must read back equal. */
struct rng {
	uint32_t s;
};

static uint32_t draw(struct rng *r, uint32_t n)
{
	r->s = r->s * 1664525u + 1013904223u;
	return (r->s >> 8) % n;
}

static struct str random_text(struct rng *r)
{
	static const char *const bits[] = {"a", "b c", " ", "\n", "\n\n", ":", ": ", " #", "-",
		"- ", "?", "'", "\"", "\\", "0", "12", ".5", "yes", "null", "~", "<<", "[", "]",
		"{", "}", ",", "&x", "*x", "!t", "|", ">", "%", "@", "`", "\t", "\r", "\xc3\xa9",
		"\xe2\x80\xa8", "\x01", "\xf0\x9f\x9a\x80", "---", "...", "\xc2\x85",
		"\xef\xbb\xbf", "\x7f", "2020-01-01", "=", "\xff", "$[[ x ]]"};
	struct buf b = BUF_INIT;
	struct str s;

	for (uint32_t n = draw(r, 6); n; n--)
		buf_adds(&b, bits[draw(r, ARRAY_SIZE(bits))]);
	s = arena_str(&test_arena, buf_str(&b));
	buf_release(&b);
	return s;
}

static struct node *random_tree(struct rng *r, int depth)
{
	struct node *n;

	switch (draw(r, depth > 4 ? 5 : 8)) {
	case 0:
		return node_new_int(&test_arena, (int64_t)draw(r, 100000) - 50000, SPAN_NONE);
	case 1:
		return node_new_bool(&test_arena, draw(r, 2), SPAN_NONE);
	case 2:
		return node_new(&test_arena, NODE_NULL, SPAN_NONE);
	case 3:
	case 4:
		return node_new_str(&test_arena, random_text(r), SPAN_NONE);
	case 5:
		n = node_new(&test_arena, draw(r, 6) ? NODE_SEQ : NODE_REFERENCE, SPAN_NONE);
		for (uint32_t k = draw(r, 4); k; k--)
			node_seq_push(&test_arena, n, random_tree(r, depth + 1));
		if (n->kind == NODE_REFERENCE && !n->u.seq.n)
			n->text = STR("[]");
		return n;
	default:
		n = node_new(&test_arena, NODE_MAP, SPAN_NONE);
		for (uint32_t k = draw(r, 4); k; k--) {
			struct node *key = random_tree(r, draw(r, 10) ? 9 : depth + 1);

			/* Merge keys are spent while reading; the writer never meets one that
			 * merges. */
			if (key->kind == NODE_STRING && str_is(key->text, "<<"))
				continue;
			node_map_put(&test_arena, n, key, random_tree(r, depth + 1));
		}
		return n;
	}
}

static void test_round_trip(void **state)
{
	UNUSED(state);
	for (uint32_t seed = 0; seed < 6000; seed++) {
		struct rng rng = {seed};
		struct node *tree = random_tree(&rng, 0), *back;
		const char *text = written(tree);
		struct reading r;

		back = read_text(&r, str_c(text));
		if (!back || !node_equal(tree, back))
			fail_msg("seed %u: %s\nwas written\n%sand read back as %s", seed,
				inspected(tree), text, back ? inspected(back) : r.d.first->text.p);
		/* Canonical: writing what was read changes nothing. */
		assert_string_equal(written(back), text);
		if (seed % 100 == 0)
			arena_release(&test_arena);
	}
}

static void test_json(void **state)
{
	struct reading r;

	UNUSED(state);
	read_text(&r,
		STR("{a: [1, 2.5, yes, ~, .inf], 1: {}, b: [], ~: \"q\\\"\\\\\\n\\x01\xc3\xa9\"}"));
	assert_string_equal(json(r.root, 0),
		"{\"a\":[1,2.5,true,null,\"Infinity\"],\"1\":{},\"b\":[],"
		"\"\":\"q\\\"\\\\\\n\\u0001\xc3\xa9\"}");
	read_text(&r, STR("{a: [1], b: {}}"));
	assert_string_equal(json(r.root, 2), "{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}");
	read_text(&r, STR("!!binary /w=="));
	assert_string_equal(json(r.root, 0), "\"\\ufffd\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_json),
	};

	return RUN(tests);
}
