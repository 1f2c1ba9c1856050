/* Names of images that a script completes: what of the engine they may be. */
#include "base/base.h"
#include "emulator/gitlab/image_pattern.h"
#include "base/arena.h"

#include <setjmp.h>
#include <cmocka.h>

static void test_patterns(void **state)
{
	static const struct {
		const char *word, *pattern;
		bool open;
	} rows[] = {
		{"alpine", "alpine:latest", false},
		{"alpine:3.18", "alpine:3.18", false},
		{"grafana/loki", "grafana/loki:latest", false},
		{"$IMG:$TAG", "*:*", true},
		{"${IMG}", "*", true},
		{"alpine:$TAG", "alpine:*", true},
		{"alpine:3.$MINOR-slim", "alpine:3.*-slim", true},
		{"$OWNER/app", "*/app:latest", true},
		{"app$SUFFIX", "app*", true},
		{"alpine:${TAG:-${DEFAULT}}", "alpine:*", true},
		{"alpine:$(cat", "alpine:*", true},
		{"alpine:$(cut -d. -f1 v).1", "alpine:*.1", true},
		{"alpine:`cat v`", "alpine:*", true},
		{"$1", "*", true},
		{"$A$B", "*", true},
		{"$", "*", true},
		{"alpine:$TAG;echo", "alpine:*", true},
		{"alpine$", "alpine*", true},
	};
	struct arena a = ARENA_INIT;

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct str made = image_pattern(&a, str_c(rows[i].word));

		assert_string_equal(arena_cstr(&a, made), rows[i].pattern);
		assert_int_equal(image_pattern_open(str_c(rows[i].word)), rows[i].open);
	}
	arena_release(&a);
}

static void test_fits(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool fits;
	} rows[] = {
		{"alpine:latest", "alpine:latest", true},
		{"alpine:latest", "alpine:3", false},
		{"alpine:*", "alpine:3", true},
		{"alpine:*", "alpine-git:3", false},
		{"*:*", "grafana/loki:2", true},
		{"*", "redis:7", true},
		{"*/app:latest", "app:latest", false},
		{"*/app:latest", "me/app:latest", true},
		{"a*a:*1", "abca:11", true},
		{"a*a:*1", "abca:12", false},
		{"", "", true},
		{"", "a", false},
		{"**", "", true},
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(image_pattern_fits(str_c(rows[i].pattern), str_c(rows[i].name)),
			rows[i].fits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
