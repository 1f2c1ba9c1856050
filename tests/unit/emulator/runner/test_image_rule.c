/* Names of images that are to be had elsewhere. */
#include "base/base.h"
#include "base/arena.h"
#include "emulator/runner/image_rule.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_rules(void **state)
{
	static const struct image_rule rules[] = {
		{.from = STR_INIT("busybox:1"), .to = STR_INIT("alpine:3")},
		{.from = STR_INIT("corp.example/mirror/*"), .to = STR_INIT("*"), .pattern = true},
		{.from = STR_INIT("proxy.example/containers/"),
			.to = STR_INIT(""),
			.prefix = true,
			.again = true},
		{.from = STR_INIT("registry.example/g/"),
			.to = STR_INIT("127.0.0.1:5/g/"),
			.prefix = true,
			.fresh = true},
	};
	static const struct {
		const char *from, *to;
	} rows[] = {
		{"busybox:1", "alpine:3"},
		{"busybox:10", "busybox:10"},
		{"corp.example/mirror/redis:7", "redis:7"},
		/* Looked up once, unless the rule says so. */
		{"corp.example/mirror/busybox:1", "busybox:1"},
		{"proxy.example/containers/redis:7", "redis:7"},
		{"proxy.example/containers/busybox:1", "alpine:3"},
		{"proxy.example/containers/proxy.example/containers/x", "x"},
		{"registry.example/g/app:1", "127.0.0.1:5/g/app:1"},
		{"registry.example/gg/app:1", "registry.example/gg/app:1"},
	};
	struct arena a = ARENA_INIT;

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(arena_cstr(&a, image_rule_apply(rules, ARRAY_SIZE(rules),
							   str_c(rows[i].from), &a)),
			rows[i].to);
	assert_true(image_rule_find(rules, ARRAY_SIZE(rules), STR("registry.example/g/x"))->fresh);
	assert_null(image_rule_find(rules, ARRAY_SIZE(rules), STR("redis:7")));
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
