#include "base/base.h"
#include "emulator/store/cache_store.h"
#include "base/arena.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../temp_dir.h"

static struct arena a;

static size_t put(const char *key, size_t kib, uint64_t limit)
{
	struct error err = ERROR_INIT;
	const char *part;
	int fd = cache_part(&a, dir, str_c(key), &part, &err);
	static char block[1024];
	size_t gone;

	assert_true(fd >= 0);
	memset(block, 'c', sizeof(block));
	for (size_t i = 0; i < kib; i++)
		assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
	close(fd);
	assert_int_equal(cache_commit(dir, str_c(key), part, limit, &gone, &err), 0);
	assert_int_equal(access(part, F_OK), -1);
	return gone;
}

static bool there(const char *key)
{
	return !access(cache_archive(&a, dir, str_c(key)), R_OK);
}

static void used_at(const char *key, time_t s)
{
	struct timespec t[2] = {{s, 0}, {s, 0}};
	const char *path = cache_archive(&a, dir, str_c(key));

	path = arena_printf(&a, "%.*s/metadata.json", (int)(strrchr(path, '/') - path), path).p;
	assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

/* Keys are not file names: none of them lands elsewhere, and no two meet. */
static void test_names(void **state)
{
	static const char *const keys[] = {"default", "a/b", "a b", "../x", "..", ".hidden", "lock",
		"Key", "key", "a\nb", "\xff"};
	size_t len = strlen(dir);

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *p = cache_archive(&a, dir, str_c(keys[i]));

		assert_int_equal(strncmp(p, dir, len), 0);
		assert_null(strstr(p, "/../"));
		assert_null(strstr(p + len, "/."));
		assert_int_equal(strcmp(strchr(p + len + 1, '/'), "/cache.tar"), 0);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(p, cache_archive(&a, dir, str_c(keys[k])));
	}
}

static void test_eviction(void **state)
{
	UNUSED(state);
	put("one", 100, 0);
	put("two", 100, 0);
	put("three", 100, 0);
	used_at("one", 1000);
	used_at("two", 3000);
	used_at("three", 2000);
	assert_int_equal(put("four", 100, 250 * 1024), 2);
	assert_false(there("one"));
	assert_true(there("two"));
	assert_false(there("three"));
	assert_true(there("four"));
	cache_touch(dir, STR("two"));
	/* What was just written stays, whatever the limit. */
	assert_int_equal(put("five", 100, 1), 2);
	assert_true(there("five"));
}

static void test_list(void **state)
{
	struct cache_info *all;
	struct error err = ERROR_INIT;
	const char *part;
	size_t n;
	int fd;

	UNUSED(state);
	n = cache_list(&a, dir, &all);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(cache_remove(dir, &all[i], &err), 0);
	assert_int_equal(cache_list(&a, dir, &all), 0);
	put("young", 8, 0);
	put("a/b c", 4, 0);
	used_at("a/b c", 1000);
	assert_int_equal(cache_list(&a, dir, &all), 2);
	assert_string_equal(all[0].key.p, "a/b c");
	assert_int_equal(all[0].used, 1000);
	assert_string_equal(all[1].key.p, "young");
	assert_true(all[1].bytes >= 8192 && all[1].bytes < 32768);
	/* One whose archive is being written stays, however old it is. */
	fd = cache_part(&a, dir, STR("a/b c"), &part, &err);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(put("newest", 8, 1), 1);
	assert_true(there("a/b c") && there("newest") && !there("young"));
	unlink(part);
	assert_int_equal(put("newest", 8, 1), 1);
	assert_false(there("a/b c"));
	assert_int_equal(cache_list(&a, "/nowhere", &all), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_eviction),
		cmocka_unit_test(test_list),
	};

	int failed = cmocka_run_group_tests(tests, setup, teardown);

	arena_release(&a);
	return failed;
}
