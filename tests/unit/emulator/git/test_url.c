#include "base/base.h"
#include "emulator/git/repo.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_table(void **state)
{
	static const struct {
		const char *text, *want; /* protocol|user|host|port|path */
	} rows[] = {
		{"git@gitlab.example.com:group/project.git",
			"ssh|git|gitlab.example.com||group/project"},
		{"gitlab.example.com:group/sub/project",
			"ssh||gitlab.example.com||group/sub/project"},
		{"ssh://git@gitlab.example.com:2222/group/project.git",
			"ssh|git|gitlab.example.com|2222|group/project"},
		{"git+ssh://git@host/a/b.git", "ssh|git|host||a/b"},
		{"[git@host:2222]:a/b.git", "ssh|git|host|2222|a/b"},
		{"https://gitlab.com/a/b/c.git", "https||gitlab.com||a/b/c"},
		{"https://user:p%40ss@gitlab.example.com:8443/a/b.git/",
			"https|user|gitlab.example.com|8443|a/b"},
		{"https://oauth2:glpat-x@h/a/b", "https|oauth2|h||a/b"},
		{"http://[::1]:8080/a/b.git", "http||::1|8080|a/b"},
		{"git://host/a/b", "git||host||a/b"},
		{"/srv/git/project.git", "file||||srv/git/project"},
		{"../project", "file||||../project"},
		{"./odd:name/x.git", "file||||./odd:name/x"},
		{"file:///srv/git/a.git", "file||||srv/git/a"},
		{"", "none"},
		{"https://host", "none"},
		{"host:", "none"},
		{"[git@host:22", "none"},
	};
	struct arena a = ARENA_INIT;
	size_t i;

	UNUSED(state);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct git_url u;
		struct str got = STR("none");

		if (git_url_parse(&a, str_c(rows[i].text), &u))
			got = arena_printf(&a,
				STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT,
				STR_ARG(u.protocol), STR_ARG(u.user), STR_ARG(u.host),
				STR_ARG(u.port), STR_ARG(u.path));
		assert_string_equal(got.p, rows[i].want);
	}
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
