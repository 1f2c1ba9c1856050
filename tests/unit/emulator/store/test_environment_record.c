#include "base/base.h"
#include "emulator/store/environment_record.h"
#include "base/arena.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"

#include <setjmp.h>
#include <cmocka.h>

#include "../temp_dir.h"

static struct arena a;

static void deploy(void *arg, struct environment_record *e)
{
	e->url = *(struct str *)arg;
	e->deployments++;
	e->deployed = 1700000000;
}

static struct environment_record change(const char *name, struct str url)
{
	struct environment_record out;
	struct error err = ERROR_INIT;

	assert_int_equal(environment_change(dir, str_c(name), deploy, &url, &a, &out, &err), 0);
	return out;
}

static void test_round_trip(void **state)
{
	struct environment_list l;
	struct environment_record *e;
	struct error err = ERROR_INIT;

	UNUSED(state);
	assert_int_equal(environment_list_read(dir, &a, &l, &err), 0);
	assert_int_equal(l.n, 0);
	assert_int_equal(change("review/a", STR("https://a")).id, 1);
	assert_int_equal(change("b", STR("not \xff text")).id, 2);
	assert_int_equal(change("review/a", STR("https://a2")).deployments, 2);
	assert_int_equal(environment_list_read(dir, &a, &l, &err), 0);
	assert_int_equal(l.n, 2);
	e = environment_find(&l, STR("review/a"));
	assert_string_equal(e->url.p, "https://a2");
	assert_string_equal(e->state.p, "available");
	assert_true(e->auto_stop < 0 && (int64_t)e->deployed == 1700000000);
	assert_null(environment_find(&l, STR("review")));
	/* Bytes that are no text are replaced, nothing else is lost. */
	assert_string_equal(environment_find(&l, STR("b"))->url.p, "not \xef\xbf\xbd text");
}

static void reads(const char *text, const char *why)
{
	struct environment_list l;
	struct error err = ERROR_INIT;

	assert_int_equal(store_write_file(arena_printf(&a, "%s/environments.json", dir).p,
				 str_c(text), &err),
		0);
	if (!why) {
		assert_int_equal(environment_list_read(dir, &a, &l, &err), 0);
		return;
	}
	assert_int_equal(environment_list_read(dir, &a, &l, &err), -1);
	assert_non_null(strstr(err.text, why));
}

static void test_broken(void **state)
{
	UNUSED(state);
	reads("", "is damaged: line 1");
	reads("[1, 2]", "not an object: remove it");
	reads("{\"environments\": {}}", "no list of environments");
	reads("{\"environments\": [1, null, {\"name\": 3, \"id\": \"x\", \"auto_stop\": []}]}",
		NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_broken),
	};

	int failed = cmocka_run_group_tests(tests, setup, teardown);

	arena_release(&a);
	return failed;
}
