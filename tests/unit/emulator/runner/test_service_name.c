#include "base/base.h"
#include "emulator/runner/service_name.h"

#include <setjmp.h>
#include <cmocka.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* The table of GitLab's documentation and the Runner's own cases (services_test.go). */
static const struct {
	const char *name, *image, *version, *aliases;
} rows[] = {
	{"postgres", "postgres:latest", "latest", "postgres"},
	{"docker:20.10.16-dind", "docker:20.10.16-dind", "20.10.16-dind", "docker"},
	{"docker:dind", "docker:dind", "dind", "docker"},
	{"tutum/wordpress", "tutum/wordpress:latest", "latest", "tutum__wordpress tutum-wordpress"},
	{"tutum/wordpress:4.9", "tutum/wordpress:4.9", "4.9", "tutum__wordpress tutum-wordpress"},
	{"valkey/valkey:latest", "valkey/valkey:latest", "latest", "valkey__valkey valkey-valkey"},
	{"registry.hub.docker.com/library/docker:24.0.5-dind",
		"registry.hub.docker.com/library/docker:24.0.5-dind", "24.0.5-dind",
		"registry.hub.docker.com__library__docker registry.hub.docker.com-library-docker"},
	{"registry.gitlab.example.com/group/project/docker:20.10.16-dind",
		"registry.gitlab.example.com/group/project/docker:20.10.16-dind", "20.10.16-dind",
		"registry.gitlab.example.com__group__project__docker "
		"registry.gitlab.example.com-group-project-docker"},
	{"registry.example.com:5000/group/app/db:1", "registry.example.com:5000/group/app/db:1",
		"1", "registry.example.com__group__app__db registry.example.com-group-app-db"},
	{"registry.example.com:5000/group/app/db:1@sha256:" HEX64,
		"registry.example.com:5000/group/app/db:1@sha256:" HEX64, "1",
		"registry.example.com__group__app__db registry.example.com-group-app-db"},
	{"redis@sha256:" HEX64, "redis@sha256:" HEX64, "@sha256:" HEX64, "redis"},
	{"localhost:5000/db", "localhost:5000/db:latest", "latest", "localhost__db localhost-db"},
	{"domain.tld:8080/service", "domain.tld:8080/service:latest", "latest",
		"domain.tld__service domain.tld-service"},
	{"My/Image:1", "My/Image:1", "latest", ""},
	{"", "", "latest", ""},
	{"two words", "two words", "latest", ""},
};

static void test_table(void **state)
{
	struct arena a = ARENA_INIT;
	size_t i, j;

	UNUSED(state);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct service_name s = service_name_parse(&a, str_c(rows[i].name));
		struct buf got = BUF_INIT;

		for (j = 0; j < s.n_aliases; j++) {
			if (j)
				buf_addc(&got, ' ');
			buf_addstr(&got, s.aliases[j]);
		}
		assert_string_equal(got.p, rows[i].aliases);
		assert_string_equal(arena_cstr(&a, s.image), rows[i].image);
		assert_string_equal(arena_cstr(&a, s.version), rows[i].version);
		assert_int_equal(s.valid, rows[i].aliases[0] != '\0');
		buf_release(&got);
	}
	arena_release(&a);
}

static void test_split(void **state)
{
	struct arena a = ARENA_INIT;
	struct str *v;

	UNUSED(state);
	assert_int_equal(service_aliases_split(&a, STR(" db, pg\tpostgres,,x "), &v), 4);
	assert_string_equal(v[0].p, "db");
	assert_string_equal(v[1].p, "pg");
	assert_string_equal(v[2].p, "postgres");
	assert_string_equal(v[3].p, "x");
	assert_int_equal(service_aliases_split(&a, STR(" , "), &v), 0);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
