#include "base/base.h"
#include "emulator/store/slot.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char dir[] = "/tmp/cilocal-slot-XXXXXX";
static const char *place;

static int setup(void **state)
{
	static char path[64];

	UNUSED(state);
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/a/slots", dir);
	place = path;
	return 0;
}

static int teardown(void **state)
{
	UNUSED(state);
	return store_remove_tree(dir, NULL);
}

static unsigned take(struct slot *s)
{
	struct error err = ERROR_INIT;

	assert_int_equal(slot_take(s, place, &err), 0);
	return s->number;
}

static void test_lowest(void **state)
{
	struct slot a, b, c;

	UNUSED(state);
	assert_int_equal(take(&a), 0);
	assert_int_equal(take(&b), 1);
	assert_int_equal(take(&c), 2);
	slot_give(&b);
	slot_give(&b);
	assert_int_equal(b.fd, -1);
	assert_int_equal(take(&b), 1);
	slot_give(&a);
	slot_give(&b);
	slot_give(&c);
	assert_int_equal(take(&a), 0);
	slot_give(&a);
}

/* A process that died holds nothing. */
static void test_other_process(void **state)
{
	struct slot s;
	int up[2], status;
	char c;
	pid_t pid;

	UNUSED(state);
	assert_int_equal(pipe(up), 0);
	pid = fork();
	if (!pid) {
		if (slot_take(&s, place, NULL) || write(up[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(1);
	}
	assert_int_equal(read(up[0], &c, 1), 1);
	assert_int_equal(take(&s), 1);
	slot_give(&s);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(take(&s), 0);
	slot_give(&s);
	close(up[0]);
	close(up[1]);
}

static void test_no_folder(void **state)
{
	CLEANUP(free) char *file = xasprintf("%s/file", dir);
	CLEANUP(free) char *below = xasprintf("%s/slots", file);
	struct error err = ERROR_INIT;
	struct slot s;

	UNUSED(state);
	assert_int_equal(store_write_file(file, STR("x"), &err), 0);
	assert_int_equal(slot_take(&s, below, &err), -1);
	assert_true(error_is(&err));
	assert_int_equal(s.fd, -1);
	slot_give(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lowest),
		cmocka_unit_test(test_other_process),
		cmocka_unit_test(test_no_folder),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
