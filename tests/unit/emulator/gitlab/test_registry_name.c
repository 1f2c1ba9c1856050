/* Names of images in the local registry, as people write them. */
#include "base/base.h"
#include "emulator/gitlab/registry.h"
#include "emulator/gitlab/registry_name.h"

#include <setjmp.h>
#include <cmocka.h>

static const struct registry_info info = {
	.host = STR_INIT("registry.example.com:5050"), .address = STR_INIT("127.0.0.1:32768")};

static void test_parts(void **state)
{
	static const struct {
		const char *text, *host, *repo, *tag, *digest;
	} rows[] = {
		{"app", "", "app", "", ""},
		{"group/app:1", "", "group/app", "1", ""},
		{"registry.example.com:5050/group/app:1", "", "group/app", "1", ""},
		{"127.0.0.1:32768/group/app", "", "group/app", "", ""},
		{"registry.example.com/group/app:1", "registry.example.com", "group/app", "1", ""},
		{"registry.example.com:5051/app:1", "registry.example.com:5051", "app", "1", ""},
		{"localhost/app", "localhost", "app", "", ""},
		{"app@sha256:"
		 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
			"", "app", "",
			"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct registry_name n;

		assert_true(registry_name_parse(&n, str_c(rows[i].text), &info));
		assert_true(str_is(n.host, rows[i].host));
		assert_true(str_is(n.repo, rows[i].repo));
		assert_true(str_is(n.tag, rows[i].tag));
		assert_true(str_is(n.digest, rows[i].digest));
	}
}

static void test_no_names(void **state)
{
	static const char *const texts[] = {"", "a b", "App", ":1", "registry.example.com:5050/",
		"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"};
	struct registry_name n;

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_false(registry_name_parse(&n, str_c(texts[i]), &info));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_no_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
