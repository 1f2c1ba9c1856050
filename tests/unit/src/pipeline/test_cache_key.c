#include "base/base.h"
#include "pipeline_test.h"
#include "pipeline/cache_key.h"
#include "pipeline/trigger.h"

static int file_id(void *ctx, struct str path, bool commit, struct str *out)
{
	UNUSED(ctx);
	if (str_is(path, "a.lock"))
		*out = commit ? STR("c1") : STR("id-a");
	else if (str_is(path, "b.lock"))
		*out = commit ? STR("c1") : STR("id-b");
	else
		return -1;
	return 0;
}

static int files(void *ctx, struct str project, struct str ref, struct str_list *out)
{
	static struct str tree[] = {STR_INIT("a.lock"), STR_INIT("b.lock"), STR_INIT("x/c.txt")};

	UNUSED(ctx), UNUSED(project), UNUSED(ref);
	*out = (struct str_list){tree, 3};
	return 0;
}

static struct made made_with(const char *cache)
{
	struct made m = {.p = NULL};
	static char text[2048];

	m.facts = (struct facts){.source = STR("push"),
		.branch = STR("main"),
		.ref_name = STR("main"),
		.file_id = file_id,
		.files = files};
	snprintf(text, sizeof(text), "a: {script: x, variables: {V: v}, cache: %s}\n", cache);
	make(&m, text);
	return m;
}

static void key_is(
	const char *cache, struct cache_key_options opt, bool protected_ref, const char *want)
{
	struct made m = made_with(cache);
	struct arena a = ARENA_INIT;

	m.facts.ref_protected = protected_ref;
	/* made_with returned a copy: the pipeline looks at its own facts. */
	m.p->facts = &m.facts;
	struct cache_keys k = pipeline_cache_keys(&a, m.p, m.p->jobs[0], 0, &opt);
	assert_str(k.key, want);
	arena_release(&a);
	unmake(&m);
}

static void suffixes(void **state)
{
	struct cache_key_options plain = CACHE_KEY_OPTIONS, off = {false, 0}, cleared = {true, 3};

	UNUSED(state);
	key_is("{paths: [p]}", plain, false, "default-non_protected");
	key_is("{paths: [p]}", plain, true, "default-protected");
	key_is("{paths: [p], unprotect: true}", plain, true, "default-non_protected");
	key_is("{key: k, paths: [p]}", off, true, "k");
	key_is("{key: k, paths: [p]}", cleared, false, "k-3-non_protected");
	key_is("{key: '$V-x', paths: [p]}", off, false, "$V-x");
}

/* SHA-1 of the sorted ids joined by '-'; figures from sha1sum. */
static void digests(void **state)
{
	struct cache_key_options off = {false, 0};

	UNUSED(state);
	key_is("{key: {files: [a.lock]}, paths: [p]}", off, false,
		"0_a-1f03f8ca236e2020796bf361d00f5e5cd3ba150d");
	key_is("{key: {files: [b.lock, a.lock]}, paths: [p]}", off, false,
		"0_b_a-fecbe3eb2b45b43ab028affde9a6a96cb7157d94");
	key_is("{key: {files: ['*.lock']}, paths: [p]}", off, false,
		"0_*-fecbe3eb2b45b43ab028affde9a6a96cb7157d94");
	key_is("{key: {files: [none]}, paths: [p]}", off, false, "0_none-default");
	key_is("{key: {files: [a.lock], prefix: $V}, paths: [p]}", off, false,
		"$V-1f03f8ca236e2020796bf361d00f5e5cd3ba150d");
	/* The same commit of both files counts once. */
	key_is("{key: {files_commits: [a.lock, b.lock]}, paths: [p]}", off, false,
		"0-2f22765d04931a078909145ca628d2264c852d7d");
}

static void fallbacks(void **state)
{
	struct made m = made_with("{key: k, paths: [p], fallback_keys: [x, '$V']}");
	struct arena a = ARENA_INIT;

	UNUSED(state);
	m.p->facts = &m.facts;
	struct cache_keys k = pipeline_cache_keys(&a, m.p, m.p->jobs[0], 0, &CACHE_KEY_OPTIONS);
	assert_int_equal(k.n_fallbacks, 2);
	assert_str(k.fallbacks[0], "x-non_protected");
	assert_str(k.fallbacks[1], "$V-non_protected");
	arena_release(&a);
	unmake(&m);
}

static void trigger_statuses(void **state)
{
	UNUSED(state);
	assert_int_equal(trigger_status(TRIGGER_NONE, STATUS_FAILED), STATUS_SUCCESS);
	assert_int_equal(trigger_status(TRIGGER_DEPEND, STATUS_SUCCESS), STATUS_SUCCESS);
	assert_int_equal(trigger_status(TRIGGER_DEPEND, STATUS_SKIPPED), STATUS_FAILED);
	assert_int_equal(trigger_status(TRIGGER_DEPEND, STATUS_CANCELED), STATUS_CANCELED);
	assert_int_equal(trigger_status(TRIGGER_DEPEND, STATUS_MANUAL), STATUS_RUNNING);
	assert_int_equal(trigger_status(TRIGGER_MIRROR, STATUS_SKIPPED), STATUS_SKIPPED);
	assert_int_equal(trigger_status(TRIGGER_MIRROR, STATUS_MANUAL), STATUS_MANUAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suffixes),
		cmocka_unit_test(digests),
		cmocka_unit_test(fallbacks),
		cmocka_unit_test(trigger_statuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
