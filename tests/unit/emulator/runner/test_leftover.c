#include "base/base.h"
#include "emulator/runner/leftover.h"
#include "emulator/core/error.h"
#include "emulator/docker/volume.h"
#include "emulator/runner/janitor.h"
#include "emulator/runner/layer_list.h"
#include "emulator/store/store.h"

#include <setjmp.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char dir[] = "/tmp/cilocal-leftover-XXXXXX";
static struct store store;

static int setup(void **state)
{
	struct error err = ERROR_INIT;

	UNUSED(state);
	return mkdtemp(dir) ? store_open(&store, dir, true, &err) : -1;
}

static int teardown(void **state)
{
	UNUSED(state);
	store_release(&store);
	return store_remove_tree(dir, NULL);
}

static void run_is(const char *volume, const char *id)
{
	struct str got = leftover_run_of(str_c(volume));

	assert_string_equal(arena_cstr(&store.arena, got), id);
}

static void test_names(void **state)
{
	UNUSED(state);
	run_is("cilocal-20261124-122822-113f-5-build4-builds", "20261124-122822-113f");
	run_is("cilocal-cache-sources-20261124-122822-113f-base-00c0ffee", "20261124-122822-113f");
	run_is("cilocal-20261124-122822-113f-", "");
	run_is("cilocal-20261124-122822-113", "");
	run_is("cilocal-20261124-122822-113f5-build4-builds", "");
	run_is("cilocal-2026112-4122822-113f-5-build4-builds", "");
	run_is("cilocal-20261124-122822-xyzw-5-build4-builds", "");
	run_is("cilocal-registry", "");
	run_is("cilocal-cache-f00", "");
	run_is("my-20261124-122822-113f-5-build4-builds", "");
	run_is("cilocal-", "");
	run_is("", "");
}

/* The id of a run that another process began and did not end. */
static const char *dead_run(long now_s)
{
	struct error err = ERROR_INIT;
	struct store_run r;
	char id[64];
	ssize_t n;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		bool ok = !store_run_create(&store, &r, now_s, &err) &&
			  write(fds[1], r.id, strlen(r.id)) > 0;

		_exit(!ok);
	}
	close(fds[1]);
	n = read(fds[0], id, sizeof(id));
	close(fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(n > 0);
	return arena_printf(&store.arena, "%.*s", (int)n, id).p;
}

static bool named(const char *format, const char *id)
{
	struct buf name = BUF_INIT;
	struct str parts = str_c(format);
	size_t cut = str_chr(parts, '*');
	bool dead;

	buf_printf(&name, STR_FMT "%s" STR_FMT, STR_ARG(str_sub(parts, 0, cut)), id,
		STR_ARG(str_from(parts, cut + 1)));
	dead = leftover_by_name(store.root, buf_str(&name));
	buf_release(&name);
	return dead;
}

static void test_by_name(void **state)
{
	struct error err = ERROR_INIT;
	const char *dead = dead_run(1700000000);
	struct store_run live;
	const char *mark, *sources, *base;
	struct layer_state s = {0};

	UNUSED(state);
	assert_int_equal(store_run_create(&store, &live, 1700000001, &err), 0);
	assert_false(leftover_by_labels((struct docker_kvs){NULL, 0}));
	assert_true(named("cilocal-*-5-build4-builds", dead));
	assert_false(named("cilocal-*-5-build4-builds", live.id));
	/* of another project, or another machine */
	assert_false(named("cilocal-*-5-build4-builds", "20261124-122822-113f"));
	assert_false(leftover_by_name(NULL, STR("cilocal-20261124-122822-113f-5-build4-builds")));

	mark = arena_printf(&store.arena, "%s/runs/%s/" JANITOR_KEEP_FILE, store.root, dead).p;
	assert_int_equal(store_write_file(mark, STR(""), &err), 0);
	assert_false(named("cilocal-*-5-build4-builds", dead));
	assert_int_equal(unlink(mark), 0);

	/* A volume with sources is no leftover while later runs use it. */
	assert_true(named("cilocal-cache-sources-*-base-00c0ffee", dead));
	sources = arena_printf(&store.arena, "%s/sources/key", store.root).p;
	base = arena_printf(&store.arena, "cilocal-cache-sources-%s-base-00c0ffee", dead).p;
	assert_int_equal(store_make_dirs(sources, &err), 0);
	s.base = str_c(base);
	assert_int_equal(layer_state_write(&s, sources, &err), 0);
	assert_false(named("cilocal-cache-sources-*-base-00c0ffee", dead));
	assert_true(named("cilocal-cache-sources-*-base-00c0ffef", dead));
	store_run_close(&live);
}

static void test_by_age(void **state)
{
	const char *dead = dead_run(1700000005);
	const char *known = arena_printf(&store.arena, "cilocal-%s-9-late-builds", dead).p;
	struct str old = STR("cilocal-20231114-221325-113f-9-late-builds");
	int64_t then = 1700000005, hour = 3600;

	UNUSED(state);
	assert_true(leftover_by_age(store.root, old, then + 50 * hour));
	assert_true(leftover_by_age(NULL, old, then + 50 * hour));
	/* wherever the clock stands on this machine: ids are of its own time */
	assert_false(leftover_by_age(store.root, old, then + 9 * hour));
	assert_false(leftover_by_age(store.root, str_c(known), then + 50 * hour));
	assert_false(leftover_by_age(NULL, STR("cilocal-20231114-221325-113f"), then + 50 * hour));
	assert_false(leftover_by_age(NULL,
		STR("cilocal-cache-sources-20231114-221325-113f-base-00c0ffee"), then + 50 * hour));
	assert_false(leftover_by_age(NULL, STR("data"), then + 50 * hour));
}

static void test_died(void **state)
{
	struct error err = ERROR_INIT;
	struct store_run r;
	const char *lock, *dead;

	UNUSED(state);
	leftover_runs_settled(store.root);
	assert_false(leftover_runs_died(NULL));
	assert_false(leftover_runs_died(store.root));
	assert_int_equal(store_run_create(&store, &r, 1700000002, &err), 0);
	/* one that lives, one that ended in order */
	assert_false(leftover_runs_died(store.root));
	lock = arena_strdup(&store.arena, r.lock_path);
	leftover_runs_settled(store.root);
	assert_int_equal(access(lock, F_OK), 0);
	store_run_close(&r);
	assert_false(leftover_runs_died(store.root));
	dead = dead_run(1700000003);
	assert_true(leftover_runs_died(store.root));
	leftover_runs_settled(store.root);
	assert_false(leftover_runs_died(store.root));
	assert_true(named("cilocal-*-1-a-builds", dead));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_by_name),
		cmocka_unit_test(test_by_age),
		cmocka_unit_test(test_died),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
