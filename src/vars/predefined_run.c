#include "base/base.h"
#include "vars/predefined.h"
#include "vars/facts.h"
#include "vars/slug.h"
#include "vars/varset.h"
#include "vars/vars_internal.h"

/* The tier patterns of GitLab, app/models/environment.rb `guess_tier`, in its order. */
static const struct {
	const char *tier;
	const char *words[10];
} tiers[] = {
	{"development", {"dev", "review", "trunk"}},
	{"testing", {"test", "tst", "int", "accept", "acpt", "qa", "qc", "control", "quality"}},
	{"staging", {"stg", "stag", "model", "modl", "pre", "demo", "non"}},
	{"production", {"prod", "prd", "live"}},
};

static bool has_word(struct str name, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= name.n; i++)
		if (str_ieq(str_n(name.p + i, n), str_c(word)))
			return true;
	return false;
}

const char *environment_tier(struct str name)
{
	for (size_t t = 0; t < ARRAY_SIZE(tiers); t++)
		for (size_t w = 0; w < ARRAY_SIZE(tiers[t].words) && tiers[t].words[w]; w++)
			if (has_word(name, tiers[t].words[w]))
				return tiers[t].tier;
	return "other";
}

static void put(struct varset *s, enum var_layer layer, const char *key, struct str value,
	bool masked, bool internal)
{
	if (!value.n)
		return;
	struct var v = {
		.key = str_c(key),
		.value = value,
		.from = "predefined",
		.layer = layer,
		.masked = masked,
		.internal = internal,
	};
	varset_put(s, &v);
}

static void put_u64(struct varset *s, enum var_layer layer, const char *key, uint64_t value)
{
	if (value)
		put(s, layer, key, arena_printf(s->arena, "%" PRIu64, value), false, false);
}

/* The set may hold what only a running job has; the project's URL is then made afresh. */
static struct str project_url(struct varset *s, const struct facts *f)
{
	struct str url = varset_value(s, "CI_PROJECT_URL");
	if (url.n)
		return url;
	return arena_printf(s->arena, STR_FMT "/" STR_FMT, STR_ARG(server_url(s->arena, f)),
		STR_ARG(f->project_path));
}

/* GitLab, app/models/ci/build.rb `persisted_variables`; public and masked as there. */
static void set_persisted(struct varset *s, const struct facts *f, const struct predefined_run *run)
{
	const enum var_layer l = VAR_PERSISTED;
	struct arena *a = s->arena;
	struct str url = project_url(s, f),
		   user = f->registry_user.n ? f->registry_user : STR("gitlab-ci-token");
	struct str password = f->registry_password.n ? f->registry_password : run->job_token;

	put_u64(s, l, "CI_PIPELINE_ID", f->pipeline_id);
	if (f->pipeline_id)
		put(s, l, "CI_PIPELINE_URL",
			arena_printf(
				a, STR_FMT "/-/pipelines/%" PRIu64, STR_ARG(url), f->pipeline_id),
			false, false);
	put_u64(s, l, "CI_JOB_ID", run->job_id);
	if (run->job_id)
		put(s, l, "CI_JOB_URL",
			arena_printf(a, STR_FMT "/-/jobs/%" PRIu64, STR_ARG(url), run->job_id),
			false, false);
	put(s, l, "CI_JOB_TOKEN", run->job_token, true, true);
	put(s, l, "CI_JOB_STARTED_AT", run->started_at, false, false);
	if (run->started_at.n)
		put(s, l, "CI_JOB_STARTED_AT_SLUG", slugify(a, run->started_at), false, false);
	if (f->registry_host.n) {
		put(s, l, "CI_REGISTRY_USER", user, false, false);
		put(s, l, "CI_REGISTRY_PASSWORD", password, true, true);
	}
	if (f->repository_url.n)
		put(s, l, "CI_REPOSITORY_URL", f->repository_url, false, true);
	put(s, l, "CI_DEPENDENCY_PROXY_USER", STR("gitlab-ci-token"), false, false);
	put(s, l, "CI_DEPENDENCY_PROXY_PASSWORD", run->job_token, true, true);
	put(s, l, "CI_DEPLOY_USER", f->deploy_user, false, false);
	put(s, l, "CI_DEPLOY_PASSWORD", f->deploy_password, true, true);
}

/* GitLab docs, "Predefined variables reference": CI_PAGES_URL includes path_prefix since 17.9. */
static void set_pages(struct varset *s, const struct facts *f, struct str prefix)
{
	struct arena *a = s->arena;
	struct str domain = predefined_pages_domain(a, f), root = f->project_root_namespace;
	struct str host = arena_printf(a, STR_FMT "." STR_FMT, STR_ARG(root), STR_ARG(domain));
	struct str rest = str_from(f->project_path, MIN(root.n, f->project_path.n));

	if (!root.n)
		return;
	put(s, VAR_PROJECT_PREDEFINED, "CI_PAGES_HOSTNAME", host, false, false);
	put(s, VAR_PROJECT_PREDEFINED, "CI_PAGES_URL",
		arena_printf(a, "https://" STR_FMT STR_FMT "%s" STR_FMT, STR_ARG(host),
			STR_ARG(rest), prefix.n ? "/" : "", STR_ARG(prefix)),
		false, false);
}

static struct str tags_json(struct arena *a, const struct predefined_run *run)
{
	struct buf b = BUF_INIT;

	buf_addc(&b, '[');
	for (size_t i = 0; i < run->n_runner_tags; i++)
		buf_printf(&b, "%s\"" STR_FMT "\"", i ? ", " : "", STR_ARG(run->runner_tags[i]));
	buf_addc(&b, ']');
	struct str out = arena_str(a, buf_str(&b));
	buf_release(&b);
	return out;
}

/*
 * GitLab Runner, common/build.go, GetCITLSVariables: variables of type file, before those of the
 * job, which services get too. The Runner does not mask the key.
 */
static void set_tls_file(struct varset *s, const char *key, struct str pem)
{
	struct var v = {
		.key = str_c(key),
		.value = pem,
		.from = "predefined",
		.layer = VAR_RUNNER_CONFIG,
		.file = true,
		.masked = !strcmp(key, "CI_SERVER_TLS_KEY_FILE"),
		.raw = true,
	};

	if (pem.n)
		varset_put(s, &v);
}

static void set_runner(struct varset *s, const struct predefined_run *run)
{
	const enum var_layer l = VAR_RUNNER;

	put(s, l, "CI_RUNNER_ID", run->runner_id, false, false);
	put(s, l, "CI_RUNNER_DESCRIPTION", run->runner_description, false, false);
	put(s, l, "CI_RUNNER_TAGS", tags_json(s->arena, run), false, false);
	/* What the Runner itself adds behind GitLab's list. */
	const enum var_layer last = VAR_RUNNER_JOB;
	put(s, last, "CI_SERVER", STR("yes"), false, false);
	put(s, last, "CI_BUILDS_DIR", run->builds_dir, false, false);
	put(s, last, "CI_PROJECT_DIR", run->project_dir, false, false);
	varset_setf(s, last, "CI_CONCURRENT_ID", "%" PRIu64, run->concurrent_id);
	varset_setf(s, last, "CI_CONCURRENT_PROJECT_ID", "%" PRIu64, run->concurrent_project_id);
	put(s, last, "CI_RUNNER_SHORT_TOKEN", run->runner_short_token, false, false);
	put(s, last, "CI_RUNNER_VERSION", run->runner_version, false, false);
	put(s, last, "CI_RUNNER_REVISION", run->runner_revision, false, false);
	put(s, last, "CI_RUNNER_EXECUTABLE_ARCH", run->runner_arch, false, false);
	put(s, last, "CI_JOB_IMAGE", run->image, false, false);
	if (run->timeout_s > 0)
		put_u64(s, last, "CI_JOB_TIMEOUT", (uint64_t)run->timeout_s);
	put(s, last, "CI_JOB_STATUS", STR("running"), false, false);
	if (run->disposable)
		put(s, last, "CI_DISPOSABLE_ENVIRONMENT", STR("true"), false, false);
	if (run->shared)
		put(s, last, "CI_SHARED_ENVIRONMENT", STR("true"), false, false);
	set_tls_file(s, "CI_SERVER_TLS_CA_FILE", run->server_tls_ca);
	set_tls_file(s, "CI_SERVER_TLS_CERT_FILE", run->server_tls_cert);
	set_tls_file(s, "CI_SERVER_TLS_KEY_FILE", run->server_tls_key);
}

void predefined_run(struct varset *s, const struct facts *f, const struct predefined_run *run)
{
	set_persisted(s, f, run);
	set_pages(s, f, run->pages_prefix);
	set_runner(s, run);
	put(s, VAR_ENVIRONMENT, "CI_ENVIRONMENT_SLUG", run->environment_slug, false, false);
	put_u64(s, VAR_ENVIRONMENT, "CI_ENVIRONMENT_ID", run->environment_id);
}
