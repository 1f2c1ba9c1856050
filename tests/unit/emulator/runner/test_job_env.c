#include "base/base.h"
#include "emulator/runner/build.h"
#include "emulator/runner/job_env.h"
#include "emulator/runner/runner_config.h"

#include <setjmp.h>
#include <cmocka.h>

struct fixture {
	struct arena a;
	struct varset vars;
	struct runner_config config;
	struct build_spec spec;
	struct job_env env;
};

static void init(struct fixture *f)
{
	*f = (struct fixture){0};
	varset_init(&f->vars, &f->a);
	runner_config_init(&f->config);
	f->spec.executor = EXECUTOR_DOCKER;
	f->spec.project_path = STR("group/project");
	f->spec.vars = &f->vars;
}

static void make(struct fixture *f)
{
	job_env_make(&f->env, &f->a, &f->spec, &f->config, STR("/builds"), 3, "running");
}

static void put(struct fixture *f, const char *key, const char *value, const char *flags)
{
	struct var v = {.key = str_c(key), .value = str_c(value), .layer = VAR_YAML_JOB};

	v.raw = strchr(flags, 'r') != NULL;
	v.file = strchr(flags, 'f') != NULL;
	v.masked = strchr(flags, 'm') != NULL;
	varset_put(&f->vars, &v);
}

static void want(const struct fixture *f, const char *key, const char *value)
{
	struct str got = job_env_get(&f->env, key);

	assert_non_null(got.p);
	if (!str_is(got, value))
		fail_msg("%s is '" STR_FMT "', not '%s'", key, STR_ARG(got), value);
}

static void test_expansion(void **state)
{
	struct image image = {.name.s = STR("busybox:1")};
	struct fixture f;

	UNUSED(state);
	init(&f);
	f.spec.image = &image;
	put(&f, "DIR", "$CI_PROJECT_DIR/out", "");
	put(&f, "UNKNOWN", "[$NOPE]", "");
	put(&f, "DOLLAR", "a$$b", "");
	put(&f, "RAW", "$DIR", "r");
	put(&f, "CERT", "-----BEGIN $DOLLAR\n", "f");
	put(&f, "USES_CERT", "${CERT}", "");
	put(&f, "EMPTY", "", "");
	put(&f, "PATH", "$PATH:/x", "");
	make(&f);
	want(&f, "CI_PROJECT_DIR", "/builds/group/project");
	want(&f, "CI_BUILDS_DIR", "/builds");
	want(&f, "CI_JOB_IMAGE", "busybox:1");
	for (size_t i = 0; i < f.env.n; i++)
		if (str_is(f.env.v[i].key, "CI_JOB_IMAGE"))
			assert_false(f.env.v[i].internal);
	want(&f, "CI_CONCURRENT_ID", "3");
	want(&f, "CI_CONCURRENT_PROJECT_ID", "3");
	want(&f, "RUNNER_TEMP_PROJECT_DIR", "/builds/group/project.tmp");
	want(&f, "CI_DISPOSABLE_ENVIRONMENT", "true");
	assert_null(job_env_get(&f.env, "CI_SHARED_ENVIRONMENT").p);
	want(&f, "DIR", "/builds/group/project/out");
	want(&f, "UNKNOWN", "[]");
	want(&f, "DOLLAR", "a$b");
	want(&f, "RAW", "$DIR");
	want(&f, "CERT", "/builds/group/project.tmp/CERT");
	want(&f, "USES_CERT", "/builds/group/project.tmp/CERT");
	want(&f, "EMPTY", "");
	assert_string_equal(job_env_expand(&f.env, &f.a, STR("img:$DOLLAR-$CERT")).p,
		"img:a$b-/builds/group/project.tmp/CERT");
	arena_release(&f.a);
}

/* Very many variables are there once: the job's sets hold what the Runner makes another thing of.
 */
static void test_shares(void **state)
{
	struct fixture f;

	UNUSED(state);
	init(&f);
	for (int i = 0; i < 2000; i++)
		put(&f, arena_printf(&f.a, "PLAIN_%d", i).p, "value", "");
	put(&f, "REFERS", "$PLAIN_7", "");
	put(&f, "FILE", "content", "f");
	make(&f);
	want(&f, "PLAIN_1999", "value");
	want(&f, "REFERS", "value");
	want(&f, "FILE", "/builds/group/project.tmp/FILE");
	assert_int_equal(f.env.vars.n, 2);
	assert_true(f.env.n > 2000);
	arena_release(&f.a);
}

/* GIT_CLONE_PATH as the job writes it: the project directory, or what it is refused with. */
static void clone_path(const char *path, const char *dir, const char *refused)
{
	struct fixture f;

	init(&f);
	put(&f, "GIT_CLONE_PATH", path, "");
	put(&f, "IN", "${CI_BUILDS_DIR}/in", "");
	put(&f, "CERT", "content", "f");
	make(&f);
	want(&f, "CI_PROJECT_DIR", dir);
	assert_true(str_is(f.env.project_dir, dir));
	assert_true(str_is(f.env.tmp_dir, arena_printf(&f.a, "%s.tmp", dir).p));
	want(&f, "RUNNER_TEMP_PROJECT_DIR", f.env.tmp_dir.p);
	want(&f, "CERT", arena_printf(&f.a, "%s.tmp/CERT", dir).p);
	want(&f, "CI_BUILDS_DIR", "/builds");
	if (!str_is(f.env.refused, refused))
		fail_msg("%s: '" STR_FMT "'", path, STR_ARG(f.env.refused));
	arena_release(&f.a);
}

/* GitLab Runner, common/build.go (getCustomBuildDir) and its test of the same name. */
static void test_clone_path(void **state)
{
	const char *usual = "/builds/group/project";

	UNUSED(state);
	clone_path("", usual, "");
	clone_path("$CI_BUILDS_DIR/a/b", "/builds/a/b", "");
	clone_path("/builds//a/./b/../c/", "/builds/a/c", "");
	clone_path("$CI_BUILDS_DIR", "/builds", "");
	clone_path("$CI_BUILDS_DIR/$CI_CONCURRENT_ID/x y", "/builds/3/x y", "");
	/* A reference in what a reference gives is not one. */
	clone_path("$IN", usual, "Rel: can't make ${CI_BUILDS_DIR}/in relative to /builds");
	/* There is no project directory yet. */
	clone_path("$CI_PROJECT_DIR/in", usual,
		"the GIT_CLONE_PATH=\"/in\" has to be within \"/builds\"");
	clone_path("$CI_BUILDS_DIR/../etc", usual,
		"the GIT_CLONE_PATH=\"/builds/../etc\" has to be within \"/builds\"");
	clone_path(
		"/buildsx", usual, "the GIT_CLONE_PATH=\"/buildsx\" has to be within \"/builds\"");
	clone_path("/builds/..x", usual,
		"the GIT_CLONE_PATH=\"/builds/..x\" has to be within \"/builds\"");
	clone_path("/", usual, "the GIT_CLONE_PATH=\"/\" has to be within \"/builds\"");
	clone_path("a/b", usual, "Rel: can't make a/b relative to /builds");
}

/* With docker unless it is switched off, in a shell if it is switched on. */
static void test_clone_path_allowed(void **state)
{
	static const struct {
		enum executor_kind executor;
		bool set, on, taken;
	} cases[] = {
		{EXECUTOR_DOCKER, false, false, true},
		{EXECUTOR_DOCKER, true, false, false},
		{EXECUTOR_SHELL, false, false, false},
		{EXECUTOR_SHELL, true, true, true},
		{EXECUTOR_SHELL, true, false, false},
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f;

		init(&f);
		put(&f, "GIT_CLONE_PATH", "$CI_BUILDS_DIR/a", "");
		f.spec.executor = cases[i].executor;
		f.config.custom_build_dir.set = cases[i].set;
		f.config.custom_build_dir.v = cases[i].on;
		make(&f);
		want(&f, "CI_PROJECT_DIR", cases[i].taken ? "/builds/a" : "/builds/group/project");
		assert_true(str_is(f.env.refused,
			cases[i].taken ? ""
				       : "setting GIT_CLONE_PATH is not allowed, enable "
					 "`custom_build_dir` feature"));
		arena_release(&f.a);
	}
}

static void test_empty_strategy(void **state)
{
	struct fixture f;

	UNUSED(state);
	init(&f);
	put(&f, "GIT_STRATEGY", "$WHICH", "");
	put(&f, "WHICH", "empty", "");
	make(&f);
	want(&f, "CI_PROJECT_DIR", "/builds/group/project-empty");
	arena_release(&f.a);
}

static void test_config(void **state)
{
	struct rc_text lines[] = {{.v = STR("PROXY=http://p:1"), .set = true},
		{.v = STR("OVER=config"), .set = true}, {.v = STR("nonsense"), .set = true}};
	struct rc_pair flags[] = {{STR("FF_SCRIPT_SECTIONS"), {.v = STR("true"), .set = true}}};
	struct fixture f;

	UNUSED(state);
	init(&f);
	f.config.environment.v = lines;
	f.config.environment.n = 3;
	f.config.feature_flags.v = flags;
	f.config.feature_flags.n = 1;
	put(&f, "OVER", "job", "");
	put(&f, "FF_SCRIPT_SECTIONS", "false", "");
	put(&f, "FF_OTHER", "T", "");
	make(&f);
	want(&f, "PROXY", "http://p:1");
	want(&f, "OVER", "job");
	assert_true(job_env_flag(&f.env, &f.config, "FF_SCRIPT_SECTIONS", false));
	assert_true(job_env_flag(&f.env, &f.config, "FF_OTHER", false));
	assert_false(job_env_flag(&f.env, &f.config, "FF_NONE", false));
	arena_release(&f.a);
}

static void test_secrets(void **state)
{
	struct fixture f;
	struct str *v;
	size_t n;

	UNUSED(state);
	init(&f);
	put(&f, "A", "plain", "");
	put(&f, "B", "hidden-$A", "m");
	put(&f, "KEY", "file content", "mf");
	put(&f, "CI_REGISTRY_PASSWORD", "token", "");
	make(&f);
	n = job_env_secrets(&f.env, &f.a, &v);
	assert_int_equal(n, 3);
	assert_string_equal(v[0].p, "hidden-plain");
	assert_string_equal(v[1].p, "file content");
	assert_string_equal(v[2].p, "token");
	arena_release(&f.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expansion),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_clone_path),
		cmocka_unit_test(test_clone_path_allowed),
		cmocka_unit_test(test_empty_strategy),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
