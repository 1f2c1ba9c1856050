#include "../unit.h"

#include "source/loader.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "loader-test-XXXXXX", outside[] = "loader-outside-XXXXXX";
static char root_path[4096], outside_path[4096];

static const char *below(const char *dir, const char *name)
{
	return arena_printf(&test_arena, "%s/%s", dir, name).p;
}

static void put(const char *dir, const char *name, const char *text)
{
	char *path = arena_strdup(&test_arena, below(dir, name));
	FILE *f;

	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0777);
		*p = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static const char *temp_dir(char *name, char *path, size_t n)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(path, n, "%s/%s", tmp ? tmp : "/tmp", name);
	return mkdtemp(path);
}

static int make_tree(void **state)
{
	UNUSED(state);
	if (!temp_dir(root, root_path, sizeof(root_path)) ||
		!temp_dir(outside, outside_path, sizeof(outside_path)))
		return -1;
	put(root_path, "a.yml", "a: 1\n");
	put(root_path, "ci/b.yml", "b: 2\n");
	put(root_path, "ci/deep/er/c.yml", "c: 3\n");
	put(root_path, "ci/.hidden.yml", "h: 4\n");
	put(root_path, ".git/config.yml", "g: 5\n");
	put(root_path, "empty.yml", "");
	put(outside_path, "secret.yml", "s: 6\n");
	if (symlink(below(outside_path, "secret.yml"), below(root_path, "link-out.yml")) ||
		symlink("a.yml", below(root_path, "link-in.yml")) ||
		symlink(outside_path, below(root_path, "dir-out")) ||
		symlink("loop.yml", below(root_path, "loop.yml")) ||
		mkfifo(below(root_path, "fifo.yml"), 0666))
		return -1;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	UNUSED(st);
	UNUSED(type);
	UNUSED(ftw);
	return remove(path);
}

static int remove_tree(void **state)
{
	nftw(root_path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	nftw(outside_path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return release_arena(state);
}

static struct loader loader(void)
{
	struct loader l;
	struct str why;

	assert_int_equal(loader_init(&l, &test_arena, str_c(root_path), &why), LOADER_OK);
	return l;
}

static void check(const char *path, enum loader_status want, const char *text)
{
	struct loader l = loader();
	struct str got = STR_NULL, why = STR_NULL;

	if (loader_read(&l, str_c(path), &got, &why) != want)
		fail_msg("'%s': another answer (%.*s)", path, STR_ARG(why));
	if (want == LOADER_OK)
		assert_str(got, text);
	else
		assert_true(why.n > 0);
	assert_int_equal(loader_exists(&l, str_c(path)), want == LOADER_OK);
}

static void test_read(void **state)
{
	UNUSED(state);
	check("a.yml", LOADER_OK, "a: 1\n");
	check("/a.yml", LOADER_OK, "a: 1\n");
	check("//ci//b.yml", LOADER_OK, "b: 2\n");
	check("empty.yml", LOADER_OK, "");
	check("link-in.yml", LOADER_OK, "a: 1\n");
	check("none.yml", LOADER_MISSING, NULL);
	check("a.yml/x", LOADER_MISSING, NULL);
	check("ci", LOADER_FAILED, NULL);
	check("", LOADER_FAILED, NULL);
}

static void test_refusals(void **state)
{
	struct loader l = loader();
	struct str text, why = STR_NULL;

	UNUSED(state);
	check("../x.yml", LOADER_REFUSED, NULL);
	check("ci/../../x.yml", LOADER_REFUSED, NULL);
	check("ci/..", LOADER_REFUSED, NULL);
	check("link-out.yml", LOADER_REFUSED, NULL);
	check("dir-out/secret.yml", LOADER_REFUSED, NULL);
	check("loop.yml", LOADER_FAILED, NULL);
	check("fifo.yml", LOADER_FAILED, NULL); /* and does not hang */
	assert_int_equal(loader_read(&l, str_n("a.yml\0.txt", 10), &text, &why), LOADER_REFUSED);
	l.max_size = 4;
	assert_int_equal(loader_read(&l, STR("a.yml"), &text, &why), LOADER_FAILED);
}

static void test_no_root(void **state)
{
	struct loader l;
	struct str why;

	UNUSED(state);
	assert_int_equal(loader_init(&l, &test_arena, str_c(below(root_path, "none")), &why),
		LOADER_MISSING);
	assert_true(why.n > 0);
}

static void check_glob(const char *pattern, const char *want)
{
	struct loader l = loader();
	struct buf b = BUF_INIT;
	struct str *paths, why;
	size_t n;

	assert_int_equal(loader_glob(&l, str_c(pattern), &paths, &n, &why), LOADER_OK);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, STR_FMT " ", STR_ARG(paths[i]));
	if (strcmp(b.p, want))
		fail_msg("'%s': %s", pattern, b.p);
	buf_release(&b);
}

static void test_glob(void **state)
{
	struct loader l = loader();
	struct str *paths, why;
	size_t n;

	UNUSED(state);
	check_glob("*.yml", "a.yml empty.yml link-in.yml ");
	check_glob("/ci/*.yml", "ci/.hidden.yml ci/b.yml ");
	check_glob("ci/**/*.yml", "ci/.hidden.yml ci/b.yml ci/deep/er/c.yml ");
	check_glob(
		"**.yml", "a.yml ci/.hidden.yml ci/b.yml ci/deep/er/c.yml empty.yml link-in.yml ");
	check_glob("none/*.yml", "");
	check_glob("a.yml/*", "");
	assert_int_equal(loader_glob(&l, STR("../*.yml"), &paths, &n, &why), LOADER_REFUSED);
}

static void test_glob_match(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool match;
	} rows[] = {
		{"*.yml", "a.yml", true},
		{"*.yml", "d/a.yml", false},
		{"**.yml", "d/e/a.yml", true},
		{"**/*.yml", "a.yml", true},
		{"**/*.yml", "d/e/a.yml", true},
		{"d/**/a", "d/a", true},
		{"d/**/a", "d/x/y/a", true},
		{"d/**/a", "dx/a", false},
		{"d/**", "d/x/y", true},
		{"*", "", true},
		{"", "", true},
		{"a", "ab", false},
		{"?", "a", false},
		{"a*b*c", "abc", true},
		{"a*b*c", "axbyc", true},
		{"a*b*c", "ab", false},
		{"**/**/x", "x", true},
		{"**/x", "ax", false},
		{"a/**/*/**/b", "a/c/b", true},
		{"a/**/*/**/b", "a/b", false},
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (loader_glob_match(str_c(rows[i].pattern), str_c(rows[i].path)) != rows[i].match)
			fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_no_root),
		cmocka_unit_test(test_glob),
		cmocka_unit_test(test_glob_match),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
