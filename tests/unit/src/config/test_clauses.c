/* changes and exists against facts made by hand. */
#include "config_test.h"

#include "config/clauses.h"

static struct str tree[] = {
	STR_INIT("a.md"), STR_INIT("Dockerfile"), STR_INIT("docs/x/y.md"), STR_INIT("src/a.c")};

struct world {
	struct str *changed;
	size_t n_changed;
	int answer; /* of changes */
};

static int changes(void *ctx, struct str compare_to, struct str_list *out)
{
	const struct world *w = ctx;

	if (str_is(compare_to, "nowhere"))
		return -1;
	out->v = w->changed;
	out->n = w->n_changed;
	return w->answer;
}

static int files(void *ctx, struct str project, struct str ref, struct str_list *out)
{
	UNUSED(ctx), UNUSED(ref);
	if (project.n && !str_is(project, "g/p"))
		return -1;
	out->v = tree;
	out->n = ARRAY_SIZE(tree);
	return 0;
}

static enum clause_verdict ask(struct fixture *f, struct world *w, const char *pattern,
	const char *compare_to, bool is_exists, const char *project)
{
	struct text path = {str_c(pattern), SPAN_NONE};
	struct changes c = {.paths = {&path, 1, true, SPAN_NONE}};
	struct exists e = {.paths = {&path, 1, true, SPAN_NONE}};
	struct facts facts = {.changes = changes, .files = files, .ctx = w};
	struct clause_ctx ctx = {.arena = &f->arena, .facts = &facts, .vars = &f->vars};
	struct str why = STR_NULL;
	enum clause_verdict v;

	c.compare_to.s = str_c(compare_to);
	e.project.s = str_c(project);
	v = is_exists ? clause_exists(&ctx, &e, &why) : clause_changes(&ctx, &c, &why);
	assert_true(why.n > 0);
	return v;
}

static void changed(void **state)
{
	static struct str paths[] = {STR_INIT("docs/x/y.md"), STR_INIT("src/a.c")};
	struct world w = {paths, 2, 0}, unknown = {NULL, 0, 1}, nothing = {NULL, 0, 0};
	static const struct {
		const char *pattern;
		enum clause_verdict verdict;
	} rows[] = {
		{"docs/**/*", CLAUSE_TRUE},
		{"docs/*", CLAUSE_FALSE},
		{"docs/", CLAUSE_FALSE},
		{"**/*.md", CLAUSE_TRUE},
		{"*.md", CLAUSE_FALSE},
		{"{src,lib}/*.c", CLAUSE_TRUE},
		{"src/**", CLAUSE_TRUE},
		{"docs/**", CLAUSE_FALSE},
		{"$D/*.c", CLAUSE_TRUE},
		{"$NONE/*.c", CLAUSE_FALSE},
	};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_var(&f, "D", "src");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(ask(&f, &w, rows[i].pattern, "", false, ""), rows[i].verdict);
	assert_int_equal(ask(&f, &unknown, "x", "", false, ""), CLAUSE_TRUE);
	assert_int_equal(ask(&f, &nothing, "**/*", "", false, ""), CLAUSE_FALSE);
	assert_int_equal(ask(&f, &w, "x", "nowhere", false, ""), CLAUSE_INVALID);
	fixture_release(&f);
}

static void existing(void **state)
{
	static const struct {
		const char *pattern, *project;
		enum clause_verdict verdict;
	} rows[] = {
		{"Dockerfile", "", CLAUSE_TRUE},
		{"*.md", "", CLAUSE_TRUE},
		{"*.c", "", CLAUSE_FALSE},
		{"**/*.c", "", CLAUSE_TRUE},
		{"src", "", CLAUSE_FALSE},
		{"src/", "", CLAUSE_TRUE},
		{"doc/", "", CLAUSE_FALSE},
		{"./a.md", "", CLAUSE_FALSE},
		{"/a.md", "", CLAUSE_FALSE},
		{"src/a.c", "g/p", CLAUSE_TRUE},
		{"a.md", "g/q", CLAUSE_INVALID},
	};
	struct world w = {NULL, 0, 0};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (ask(&f, &w, rows[i].pattern, "", true, rows[i].project) != rows[i].verdict)
			fail_msg("row %zu: %s", i, rows[i].pattern);
	fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changed),
		cmocka_unit_test(existing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
