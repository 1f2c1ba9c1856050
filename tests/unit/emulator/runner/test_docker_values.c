#include "base/base.h"
#include "emulator/docker/container.h"
#include "emulator/runner/build.h"
#include "emulator/runner/docker_values.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes; /* -2: refused */
	} rows[] = {{"512m", 536870912}, {"2g", 2147483648}, {"1G", 1073741824}, {"100", 100},
		{"100b", 100}, {"64k", 65536}, {"1.5g", 1610612736}, {"-1", -1},
		{"512mb", 536870912}, {"", -2}, {"lots", -2}, {"-5m", -2}, {"m", -2},
		{"99999999999t", -2}};
	size_t i;

	UNUSED(state);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t n = -2;
		bool ok = docker_size_parse(str_c(rows[i].text), &n);

		assert_int_equal(ok, rows[i].bytes != -2);
		if (ok)
			assert_int_equal(n, rows[i].bytes);
	}
}

static void test_cpus(void **state)
{
	int64_t n;

	UNUSED(state);
	assert_true(docker_cpus_parse(STR("1.5"), &n));
	assert_int_equal(n, 1500000000);
	assert_true(docker_cpus_parse(STR("1/2"), &n));
	assert_int_equal(n, 500000000);
	assert_false(docker_cpus_parse(STR("1/0"), &n));
	assert_false(docker_cpus_parse(STR("many"), &n));
	assert_false(docker_cpus_parse(STR("-1"), &n));
}

static void test_limits_and_devices(void **state)
{
	struct arena a = ARENA_INIT;
	struct docker_device_request gpu;
	struct docker_device d;
	struct docker_ulimit u;

	UNUSED(state);
	assert_true(docker_ulimit_parse(STR("nofile"), STR("1024:2048"), &u));
	assert_int_equal(u.soft, 1024);
	assert_int_equal(u.hard, 2048);
	assert_true(docker_ulimit_parse(STR("nofile"), STR("5"), &u));
	assert_int_equal(u.hard, 5);
	assert_false(docker_ulimit_parse(STR("nofile"), STR("5:"), &u));
	assert_true(docker_device_parse(STR("/dev/kvm"), &d));
	assert_true(str_is(d.container, "/dev/kvm"));
	assert_true(str_is(d.permissions, "rwm"));
	assert_true(docker_device_parse(STR("/dev/a:/dev/b:r"), &d));
	assert_true(str_is(d.container, "/dev/b"));
	assert_true(str_is(d.permissions, "r"));
	assert_false(docker_device_parse(STR(""), &d));
	assert_false(docker_device_parse(STR("a:b:c:d"), &d));
	assert_true(docker_gpus_parse(&a, STR("all"), &gpu));
	assert_int_equal(gpu.count, -1);
	assert_true(docker_gpus_parse(&a, STR("device=0,1"), &gpu));
	assert_int_equal(gpu.ids.n, 2);
	assert_false(docker_gpus_parse(&a, STR("some"), &gpu));
	arena_release(&a);
}

static void test_volumes(void **state)
{
	static const struct {
		const char *text, *want; /* source|target|mode */
	} rows[] = {{"/cache", "|/cache|"}, {"/a:/b", "/a|/b|"}, {"/a:/b:ro", "/a|/b|ro"},
		{"name:/b:ro,z", "name|/b|ro,z"}, {"cache", "|cache|"}, {"/", NULL}, {"", NULL},
		{"/a:/", NULL}, {"/a:/b:ro:x", NULL}, {":/b", NULL}, {"/a:", NULL}};
	struct arena a = ARENA_INIT;
	size_t i;

	UNUSED(state);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct docker_volume_text v;
		bool ok = docker_volume_parse(str_c(rows[i].text), &v);

		assert_int_equal(ok, rows[i].want != NULL);
		if (ok)
			assert_string_equal(
				arena_printf(&a, STR_FMT "|" STR_FMT "|" STR_FMT, STR_ARG(v.source),
					STR_ARG(v.target), STR_ARG(v.mode))
					.p,
				rows[i].want);
	}
	arena_release(&a);
}

static void test_pull_failures(void **state)
{
	UNUSED(state);
	assert_int_equal(
		docker_pull_failure(STR("Get \"https://x/v2/\": dial tcp: lookup x: no such "
					"host")),
		FAIL_EXTERNAL_DEPENDENCY);
	assert_int_equal(docker_pull_failure(STR("manifest for x:1 not found: manifest unknown")),
		FAIL_RUNNER_CONFIG);
	assert_int_equal(docker_pull_failure(STR("Pull Access Denied for x")), FAIL_RUNNER_CONFIG);
	assert_int_equal(docker_pull_failure(STR("toomanyrequests: rate limit")), FAIL_IMAGE_PULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_limits_and_devices),
		cmocka_unit_test(test_volumes),
		cmocka_unit_test(test_pull_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
