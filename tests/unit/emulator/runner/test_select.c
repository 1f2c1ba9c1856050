#include "base/base.h"
#include "emulator/runner/select.h"
#include "base/arena.h"
#include "emulator/runner/cache.h"

#include <setjmp.h>
#include <cmocka.h>

static struct arena a;

static struct selection *make(const char *paths, const char *exclude)
{
	struct selection *s = arena_new(&a, struct selection);
	struct str_split it = str_split(str_c(paths), ' ');
	struct str part;

	selection_init(s, &a, STR("/builds/g/p"));
	while (*paths && str_split_next(&it, &part))
		selection_add(s, part);
	it = str_split(str_c(exclude), ' ');
	while (*exclude && str_split_next(&it, &part))
		selection_exclude(s, part);
	return s;
}

/* Shows a tree; a folder ends in "/". Returns what was taken, with blanks between. */
static const char *take(struct selection *s, const char *tree)
{
	struct str_split it = str_split(str_c(tree), ' ');
	struct buf out = BUF_INIT;
	struct str p;
	const char *r;

	while (str_split_next(&it, &p)) {
		bool folder = p.n && p.p[p.n - 1] == '/';

		p.n -= folder;
		if (selection_take(s, p, folder ? SELECT_DIR : SELECT_FILE, 1, 5))
			buf_printf(&out, "%s" STR_FMT, out.n ? " " : "", STR_ARG(p));
	}
	r = arena_cstr(&a, buf_str(&out));
	buf_release(&out);
	return r;
}

#define TREE "out/ out/a.o out/d/ out/d/b.o out/d/c top.o src/ src/x.o src/.hid .git/ .git/HEAD"

static void takes(const char *paths, const char *exclude, const char *want)
{
	assert_string_equal(take(make(paths, exclude), TREE), want);
}

static void test_paths(void **state)
{
	UNUSED(state);
	takes("out/", "", "out out/a.o out/d out/d/b.o out/d/c");
	takes("./out//d/", "", "out/d out/d/b.o out/d/c");
	takes("*.o", "", "top.o");
	takes("**/*.o", "", "out/a.o out/d/b.o top.o src/x.o");
	takes("src/*", "", "src/x.o src/.hid");
	takes("/builds/g/p/out/d", "", "out/d out/d/b.o out/d/c");
	takes("out/{a.o,d}", "", "out/a.o out/d out/d/b.o out/d/c");
	takes("top.o top.o", "", "top.o");
	takes("out/d/../a.o", "", "out/a.o");
}

static void test_outside(void **state)
{
	struct selection *s = make("../x /etc/passwd /builds/g/p2/x a/../../p/top.o", "");
	struct select_base *bases;

	UNUSED(state);
	assert_string_equal(take(s, TREE), "");
	for (size_t i = 0; i < 4; i++)
		assert_true(s->paths[i].outside);
	assert_int_equal(selection_bases(s, &bases), 0);
}

static void test_exclude(void **state)
{
	UNUSED(state);
	/* A pattern without ** takes away one level only. */
	takes("out", "out/d", "out out/a.o out/d/b.o out/d/c");
	takes("out", "out/d/**/*", "out out/a.o out/d");
	takes("out", "out/d/**", "out out/a.o");
	takes("**/*.o", "*.o", "out/a.o out/d/b.o src/x.o");
	takes("**/*.o", "**/*.o", "");
}

static void test_untracked(void **state)
{
	struct selection *s = make("", "out/d/**");
	struct map tracked;

	UNUSED(state);
	map_init(&tracked, &a);
	map_put(&tracked, STR("src/x.o"), &tracked);
	map_put(&tracked, STR("top.o"), &tracked);
	selection_untracked(s, &tracked);
	/* Folders are not listed by git; .git is no file of the work tree. */
	assert_string_equal(take(s, TREE), "out/a.o src/.hid");
	assert_int_equal(s->found_untracked, 2);

	s = make("", "");
	selection_untracked(s, NULL);
	assert_string_equal(take(s, TREE), "");
}

static void test_counts(void **state)
{
	struct selection *s = make("out/ **/*.o nothing", "out/d/c");

	UNUSED(state);
	take(s, TREE);
	assert_int_equal(s->paths[0].found, 4);
	assert_int_equal(s->paths[1].found, 4);
	assert_int_equal(s->paths[2].found, 0);
	assert_int_equal(s->exclude[0].found, 1);
	assert_int_equal(s->entries, 6);
	assert_int_equal(s->bytes, 4);
	assert_int_equal(s->newest_s, 5);
	assert_false(s->git);
	s = make(".", "");
	take(s, TREE);
	assert_true(s->git);
	assert_int_equal(s->entries, 11);
}

/* All of a variable that is not set is no path, not the project directory. */
static void test_empty(void **state)
{
	struct selection *s = make("", "");
	struct select_base *v;

	UNUSED(state);
	selection_add(s, STR(""));
	assert_string_equal(take(s, TREE), "");
	assert_int_equal(selection_bases(s, &v), 0);
	s = make("top.o src", "");
	take(s, TREE);
	assert_string_equal(arena_cstr(&a, s->odd), "src");
	assert_int_equal(s->folders, 1);
	s = make("src/*", "");
	take(s, TREE);
	assert_null(s->odd.p);
}

static const char *bases(const char *paths)
{
	struct select_base *v;
	size_t n = selection_bases(make(paths, ""), &v);
	struct buf out = BUF_INIT;
	const char *r;

	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "[" STR_FMT "%s]", STR_ARG(v[i].path),
			v[i].through && v[i].path.n ? "/" : "");
	r = arena_cstr(&a, buf_str(&out));
	buf_release(&out);
	return r;
}

/* Never the whole tree where a pattern begins with a folder. */
static void test_bases(void **state)
{
	UNUSED(state);
	assert_string_equal(bases("out/*.o src/a/**/x"), "[out/][src/a/]");
	assert_string_equal(bases("out/a.o out/d"), "[out/a.o][out/d]");
	assert_string_equal(bases("a/b a a-b a/c"), "[a][a-b]");
	assert_string_equal(bases("out/x *.o"), "[]");
	assert_string_equal(bases("o*t/x"), "[]");
}

static void test_descend(void **state)
{
	struct selection *s = make("*.o out/d", "");

	UNUSED(state);
	take(s, "out/");
	assert_true(selection_descend(s, STR("out")));
	take(s, "src/");
	assert_true(selection_descend(s, STR("src")));
	assert_false(selection_descend(s, STR("src/deep")));
	take(s, "out/d/ out/d/e/");
	assert_true(selection_descend(s, STR("out/d/e")));
}

static void sanitized(const char *key, const char *want)
{
	assert_string_equal(cache_key_sanitize(&a, str_c(key)).p, want);
}

static void test_cache_key(void **state)
{
	UNUSED(state);
	sanitized("default-protected", "default-protected");
	sanitized("a/b", "a/b");
	sanitized("a\\b", "a/b");
	sanitized("a%2Fb%2e%2E%2fc", "a/b../c");
	sanitized("../../etc/x", "etc/x");
	sanitized("a/../..", "");
	sanitized("%2e%2e", "");
	sanitized("key  ", "key");
	sanitized("%2", "%2");
	sanitized("", "");
}

static int release(void **state)
{
	UNUSED(state);
	arena_release(&a);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_exclude),
		cmocka_unit_test(test_untracked),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_bases),
		cmocka_unit_test(test_descend),
		cmocka_unit_test(test_cache_key),
	};

	arena_init(&a);
	return cmocka_run_group_tests(tests, NULL, release);
}
