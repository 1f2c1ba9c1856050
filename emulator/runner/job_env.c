#include "base/base.h"
#include "emulator/runner/job_env.h"
#include "emulator/runner/build.h"
#include "emulator/runner/runner_config.h"

#include <sys/utsname.h>

/* Always masked, whoever defined them (GitLab masks them in the job's payload). */
static const char *const always_masked[] = {"CI_JOB_TOKEN", "CI_REGISTRY_PASSWORD",
	"CI_DEPENDENCY_PROXY_PASSWORD", "CI_DEPLOY_PASSWORD"};

/* The image that the job names, not the runner's default; services get it too (GitLab Runner,
 * common/build.go). */
static void put_image(struct varset *s, const struct build_spec *spec)
{
	if (spec->image && spec->image->name.s.n)
		varset_put(s, &(struct var){.key = STR("CI_JOB_IMAGE"),
				      .value = spec->image->name.s,
				      .from = "runner",
				      .layer = VAR_RUNNER_CONFIG});
}

static void put_config(struct varset *s, const struct runner_config *config)
{
	size_t i;

	for (i = 0; i < config->environment.n; i++) {
		struct str line = config->environment.v[i].v;
		size_t eq = str_chr(line, '=');

		if (eq != STR_NPOS && eq)
			varset_set(
				s, VAR_RUNNER_CONFIG, str_sub(line, 0, eq), str_from(line, eq + 1));
	}
}

/* [runners.feature_flags] beats the variable of the same name. */
static void put_flags(struct varset *s, const struct runner_config *config)
{
	size_t i;

	for (i = 0; i < config->feature_flags.n; i++)
		varset_set(s, VAR_RUNNER_JOB, config->feature_flags.v[i].key,
			config->feature_flags.v[i].value.v);
}

static void put_own(const struct job_env *e, struct varset *s, const struct build_spec *spec,
	struct str builds_dir, const char *job_status)
{
	bool docker = spec->executor == EXECUTOR_DOCKER;

	varset_set(s, VAR_RUNNER_JOB, STR("CI_BUILDS_DIR"), builds_dir);
	varset_set(s, VAR_RUNNER_JOB, STR("CI_PROJECT_DIR"), e->project_dir);
	varset_setf(s, VAR_RUNNER_JOB, "CI_CONCURRENT_ID", "%u", e->slot);
	varset_setf(s, VAR_RUNNER_JOB, "CI_CONCURRENT_PROJECT_ID", "%u", e->slot);
	varset_set(s, VAR_RUNNER_JOB, STR("CI_SERVER"), STR("yes"));
	varset_set(s, VAR_RUNNER_JOB, STR("CI_JOB_STATUS"), str_c(job_status));
	varset_setf(s, VAR_RUNNER_JOB, "CI_JOB_TIMEOUT", "%lld",
		(long long)(spec->timeout_s > 0 ? spec->timeout_s : 3600));
	varset_set(s, VAR_RUNNER_JOB,
		docker ? STR("CI_DISPOSABLE_ENVIRONMENT") : STR("CI_SHARED_ENVIRONMENT"),
		STR("true"));
	varset_set(s, VAR_RUNNER_JOB, STR("RUNNER_TEMP_PROJECT_DIR"), e->tmp_dir);
}

/* The directory without "." and "..", and without a slash at its end (Go's path.Clean). */
static struct str clean(struct arena *a, struct str path)
{
	struct buf out = BUF_INIT;
	struct str_split it = str_split(path, '/');
	struct str part, whole;

	while (str_split_next(&it, &part)) {
		if (!part.n || str_is(part, "."))
			continue;
		if (str_is(part, "..")) {
			size_t slash = str_rchr(buf_str(&out), '/');

			buf_truncate(&out, slash == STR_NPOS ? 0 : slash);
			continue;
		}
		buf_addc(&out, '/');
		buf_addstr(&out, part);
	}
	whole = arena_str(a, out.n ? buf_str(&out) : STR("/"));
	buf_release(&out);
	return whole;
}

/* What GIT_CLONE_PATH makes the project directory; empty: refused, in the Runner's words. */
static struct str clone_path(struct job_env *e, const struct build_spec *spec,
	const struct runner_config *config, struct str root, struct str dir)
{
	bool docker = spec->executor == EXECUTOR_DOCKER;
	struct str to = clean(e->arena, dir), rest = str_from(to, MIN(root.n, to.n));

	if (!(config->custom_build_dir.set ? config->custom_build_dir.v : docker)) {
		e->refused = STR("setting GIT_CLONE_PATH is not allowed, enable `custom_build_dir` "
				 "feature");
		return STR_NULL;
	}
	if (dir.p[0] != '/') {
		e->refused =
			arena_printf(e->arena, "Rel: can't make " STR_FMT " relative to " STR_FMT,
				STR_ARG(dir), STR_ARG(root));
		return STR_NULL;
	}
	if (!str_starts(to, root) || (rest.n && rest.p[0] != '/') || str_starts(rest, STR("/.."))) {
		e->refused = arena_printf(e->arena,
			"the GIT_CLONE_PATH=\"" STR_FMT "\" has to be within \"" STR_FMT "\"",
			STR_ARG(dir), STR_ARG(root));
		return STR_NULL;
	}
	return to;
}

static void put_dirs(struct job_env *e, struct varset *s, struct str project)
{
	e->project_dir = project;
	e->tmp_dir = arena_printf(e->arena, STR_FMT ".tmp", STR_ARG(project));
	varset_set(s, VAR_RUNNER_JOB, STR("CI_PROJECT_DIR"), e->project_dir);
	varset_set(s, VAR_RUNNER_JOB, STR("RUNNER_TEMP_PROJECT_DIR"), e->tmp_dir);
}

/* As it is before the project directory is known. */
static struct str early(struct job_env *e, const struct varset *own, const char *key)
{
	const struct var *v = varset_get(own, str_c(key));

	if (!v || v->raw)
		return v ? v->value : STR_NULL;
	return expand(e->arena, v->value, own, EXPAND_RUNNER);
}

static void place_project(struct job_env *e, struct varset *own, const struct build_spec *spec,
	const struct runner_config *config, struct str builds_dir)
{
	struct str path = early(e, own, "GIT_CLONE_PATH"), dir = STR_NULL;
	bool empty = str_is(early(e, own, "GIT_STRATEGY"), "empty");

	if (path.n)
		dir = clone_path(e, spec, config, builds_dir, path);
	if (e->refused.n)
		e->refused_at = varset_get(own, STR("GIT_CLONE_PATH"))->at;
	if (!dir.n)
		dir = arena_printf(e->arena, STR_FMT "/" STR_FMT "%s", STR_ARG(builds_dir),
			STR_ARG(spec->project_path), empty ? "-empty" : "");
	put_dirs(e, own, dir);
}

/* Its path, in a set that lies on the one where its content is. */
static void put_path(struct job_env *e, struct varset *to, const struct var *file)
{
	struct var v = *file;

	v.value = arena_printf(
		e->arena, STR_FMT "/" STR_FMT, STR_ARG(e->tmp_dir), STR_ARG(file->key));
	varset_put(to, &v);
}

/*
 * Sets lie on each other, so that a job of very many variables has them once: `own` adds to what
 * GitLab sent, `paths` is what references of the Runner's pass are looked up in, and e->vars holds
 * those values that are others after it.
 */
static void expand_all(struct job_env *e, const struct varset *own)
{
	struct arena scratch = ARENA_INIT;
	struct varset paths;
	const struct var **win;
	size_t n = varset_winners(own, &scratch, &win), i;

	varset_init_on(&paths, &scratch, own);
	for (i = 0; i < n; i++)
		if (win[i]->file)
			put_path(e, &paths, win[i]);
	varset_init_on(&e->vars, e->arena, own);
	e->v = arena_array(e->arena, struct job_var, n ? n : 1);
	for (i = 0; i < n; i++) {
		struct job_var *v = &e->v[e->n++];

		*v = (struct job_var){.key = win[i]->key,
			.value = win[i]->value,
			.file = win[i]->file,
			.masked = win[i]->masked,
			.internal = win[i]->internal};
		if (!win[i]->raw)
			v->value = expand(e->arena, v->value, &paths, EXPAND_RUNNER);
		if (v->file) {
			put_path(e, &e->vars, win[i]);
		} else if (v->value.p != win[i]->value.p || v->value.n != win[i]->value.n) {
			struct var other = *win[i];

			other.value = v->value;
			varset_put(&e->vars, &other);
		}
	}
	arena_release(&scratch);
}

void job_env_make(struct job_env *e, struct arena *a, const struct build_spec *spec,
	const struct runner_config *config, struct str builds_dir, unsigned slot,
	const char *job_status)
{
	struct varset *own = arena_new(a, struct varset);

	/* Until it is known where the project is. */
	*e = (struct job_env){.arena = a, .slot = slot, .tmp_dir = STR(".tmp")};
	varset_init_on(own, a, spec->vars);
	put_image(own, spec);
	put_config(own, config);
	put_own(e, own, spec, builds_dir, job_status);
	put_flags(own, config);
	place_project(e, own, spec, config, builds_dir);
	expand_all(e, own);
}

struct str job_env_get(const struct job_env *e, const char *key)
{
	return varset_value(&e->vars, key);
}

/* What Go's strconv.ParseBool takes: 1 true, 0 false, -1 neither. */
static int go_bool(struct str v)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
	static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(yes); i++) {
		if (str_is(v, yes[i]))
			return 1;
		if (str_is(v, no[i]))
			return 0;
	}
	return -1;
}

bool job_env_bool(const struct job_env *e, const char *key, bool fallback)
{
	int b = go_bool(job_env_get(e, key));

	return b < 0 ? fallback : b != 0;
}

bool job_env_flag(const struct job_env *e, const struct runner_config *config, const char *flag,
	bool fallback)
{
	UNUSED(config); /* its flags are in the variables already, above the job's */
	return job_env_bool(e, flag, fallback);
}

struct str job_env_expand(const struct job_env *e, struct arena *a, struct str text)
{
	return expand(a, text, &e->vars, EXPAND_RUNNER);
}

static bool is_secret(const struct job_var *v)
{
	size_t i;

	if (v->masked)
		return true;
	for (i = 0; i < ARRAY_SIZE(always_masked); i++)
		if (str_is(v->key, always_masked[i]))
			return true;
	return false;
}

size_t job_env_secrets(const struct job_env *e, struct arena *a, struct str **out)
{
	VEC(struct str) v = {0};
	size_t i;

	for (i = 0; i < e->n; i++)
		if (is_secret(&e->v[i]))
			vec_push_in(a, &v, e->v[i].value);
	*out = v.v;
	return v.n;
}

struct str runner_arch(struct arena *a)
{
	static const char *const names[][2] = {{"x86_64", "amd64"}, {"aarch64", "arm64"},
		{"armv7l", "arm"}, {"i686", "386"}, {"ppc64le", "ppc64le"}, {"s390x", "s390x"},
		{"riscv64", "riscv64"}};
	struct utsname u;
	const char *arch;

	if (uname(&u))
		return STR("linux/amd64");
	arch = u.machine;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i][0], u.machine))
			arch = names[i][1];
	return arena_printf(a, "linux/%s", arch);
}
