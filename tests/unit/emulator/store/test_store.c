#include "base/base.h"
#include "emulator/store/store.h"
#include "emulator/core/error.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../temp_dir.h"

static void test_layout(void **state)
{
	struct error err = ERROR_INIT;
	struct arena a = ARENA_INIT;
	struct store s;
	struct store_run r;
	struct str text;
	const char *path;

	UNUSED(state);
	assert_int_equal(store_open(&s, dir, true, &err), 0);
	path = arena_printf(&a, "%s/.cilocal/.gitignore", dir).p;
	assert_int_equal(store_read_file(path, &a, 100, &text, &err), 0);
	assert_string_equal(text.p, "*\n");
	assert_int_equal(store_run_create(&s, &r, 1700000000, &err), 0);
	assert_true(store_lock_held(r.lock_path));
	path = store_job_path(&r, &a, STR("build"), "trace.log", &err);
	assert_non_null(path);
	assert_int_equal(store_write_file(path, STR("log"), &err), 0);
	path = arena_strdup(&a, r.lock_path);
	store_run_close(&r);
	assert_false(store_lock_held(path));
	assert_false(store_lock_held("/nonexistent/lock"));
	assert_int_equal(store_read_file("/nonexistent", &a, 10, &text, &err), -1);
	assert_int_equal(err.domain, ERR_SYS);
	store_release(&s);
	arena_release(&a);
}

/* The lock goes with its process, however that ends. */
static void test_lock_of_dead(void **state)
{
	struct arena a = ARENA_INIT;
	int fds[2], status;
	char path[512];
	ssize_t n;
	pid_t pid;

	UNUSED(state);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		struct store s;
		struct store_run r;

		if (store_open(&s, dir, true, NULL) || store_run_create(&s, &r, 1700000001, NULL))
			_exit(1);
		if (write(fds[1], r.lock_path, strlen(r.lock_path)) < 0)
			_exit(1);
		pause();
	}
	n = read(fds[0], path, sizeof(path) - 1);
	assert_true(n > 0);
	path[n] = '\0';
	assert_true(store_lock_held(path));
	kill(pid, 9);
	waitpid(pid, &status, 0);
	assert_false(store_lock_held(path));
	close(fds[0]);
	close(fds[1]);
	arena_release(&a);
}

static void test_prune(void **state)
{
	struct error err = ERROR_INIT;
	struct arena a = ARENA_INIT;
	struct store s;
	struct store_run r[4];
	struct str *ids, oldest;
	size_t n, i;

	UNUSED(state);
	assert_int_equal(store_open(&s, dir, true, &err), 0);
	store_prune(&s, 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(store_run_create(&s, &r[i], 1700000000 + (long)i * 60, &err), 0);
	assert_int_equal(store_list(&s, &a, &ids, &n, &err), 0);
	assert_int_equal(n, 4);
	assert_string_equal(ids[0].p, r[3].id);
	oldest = arena_str(&a, str_c(r[0].id));
	for (i = 1; i < 4; i++)
		store_run_close(&r[i]);
	/* the oldest one lives, so only the second goes */
	assert_int_equal(store_prune(&s, 2), 1);
	assert_non_null(store_run_dir(&s, &a, oldest));
	assert_null(store_run_dir(&s, &a, STR("../runs")));
	store_run_close(&r[0]);
	store_release(&s);
	arena_release(&a);
}

static void test_slugs(void **state)
{
	struct arena a = ARENA_INIT;
	struct str x, y;

	UNUSED(state);
	assert_string_equal(store_slug(&a, STR("build-image")).p, "build-image");
	x = store_slug(&a, STR("test: [linux, gcc]"));
	y = store_slug(&a, STR("test: [linux. gcc]"));
	assert_memory_equal(x.p, "test-linux-gcc-", 15);
	assert_false(str_eq(x, y));
	assert_false(str_eq(store_slug(&a, STR("Build")), store_slug(&a, STR("build"))));
	/* A job may be called like what a run's folder holds. */
	assert_string_not_equal(store_slug(&a, STR("lock")).p, "lock");
	assert_memory_equal(store_slug(&a, STR("\xc3\xa9")).p, "job-", 4);
	assert_true(store_slug(&a, STR("a/../../b")).n > 0);
	assert_true(str_chr(store_slug(&a, STR("a/../../b")), '/') == STR_NPOS);
	x = arena_printf(&a, "%0300d", 1);
	assert_true(store_slug(&a, x).n <= 60);
	arena_release(&a);
}

static void test_remove_tree(void **state)
{
	struct error err = ERROR_INIT;
	struct arena a = ARENA_INIT;
	const char *top = arena_printf(&a, "%s/tree", dir).p;
	const char *deep = arena_printf(&a, "%s/a/b/c", top).p;
	const char *kept = arena_printf(&a, "%s/kept", dir).p;
	struct stat st;

	UNUSED(state);
	assert_int_equal(store_make_dirs(deep, &err), 0);
	assert_int_equal(store_make_dirs(kept, &err), 0);
	assert_int_equal(store_write_file(arena_printf(&a, "%s/f", deep).p, STR("x"), &err), 0);
	assert_int_equal(store_write_file(arena_printf(&a, "%s/f", kept).p, STR("x"), &err), 0);
	assert_int_equal(symlink(kept, arena_printf(&a, "%s/a/link", top).p), 0);
	chmod(arena_printf(&a, "%s/a/b", top).p, 0500);
	assert_int_equal(store_remove_tree(top, &err), 0);
	assert_int_not_equal(stat(top, &st), 0);
	assert_int_equal(stat(arena_printf(&a, "%s/f", kept).p, &st), 0);
	assert_int_equal(store_remove_tree(top, &err), 0);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_lock_of_dead),
		cmocka_unit_test(test_prune),
		cmocka_unit_test(test_slugs),
		cmocka_unit_test(test_remove_tree),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
