#include "base/base.h"
#include "vars/predefined.h"
#include "vars/facts.h"
#include "vars/slug.h"
#include "vars/varset.h"
#include "vars/vars_internal.h"

/* The release whose behaviour cilocal follows. */
#define SERVER_MAJOR "18"
#define SERVER_MINOR "11"
#define SERVER_PATCH "0"

/* Limits of GitLab, lib/gitlab/ci/variables/builder/pipeline.rb and app/models/merge_request.rb. */
#define MESSAGE_MAX        100000
#define MR_DESCRIPTION_MAX 2700

const struct predefined_info predefined_table[] = {
#define PREDEFINED(name, when, meaning) {#name, PREDEFINED_##when, meaning},
#include "vars/predefined.def"
#undef PREDEFINED
};
const size_t predefined_table_n = ARRAY_SIZE(predefined_table);

static int compare_name(const void *key, const void *entry)
{
	const struct predefined_info *info = entry;

	return str_cmp(*(const struct str *)key, str_c(info->name));
}

const struct predefined_info *predefined_find(struct str name)
{
	return bsearch(&name, predefined_table, predefined_table_n, sizeof(predefined_table[0]),
		compare_name);
}

static void set(struct varset *s, enum var_layer layer, const char *key, struct str value)
{
	varset_set(s, layer, str_c(key), value);
}

static void set_some(struct varset *s, enum var_layer layer, const char *key, struct str value)
{
	if (value.n)
		varset_set(s, layer, str_c(key), value);
}

static const char *yes_no(bool b)
{
	return b ? "true" : "false";
}

static struct str or_else(struct str s, const char *other)
{
	return s.n ? s : str_c(other);
}

static bool usual_port(const struct facts *f)
{
	struct str protocol = or_else(f->server_protocol, "https");

	return !f->server_port.n || str_is(f->server_port, str_is(protocol, "http") ? "80" : "443");
}

static struct str fqdn(struct arena *a, const struct facts *f)
{
	struct str host = or_else(f->server_host, "gitlab.com");

	if (usual_port(f))
		return host;
	return arena_printf(a, STR_FMT ":" STR_FMT, STR_ARG(host), STR_ARG(f->server_port));
}

struct str server_url(struct arena *a, const struct facts *f)
{
	struct str host = fqdn(a, f), protocol = or_else(f->server_protocol, "https");

	return arena_printf(a, STR_FMT "://" STR_FMT, STR_ARG(protocol), STR_ARG(host));
}

static void set_server(struct varset *s, const struct facts *f)
{
	const enum var_layer l = VAR_PROJECT_PREDEFINED;
	struct str url = server_url(s->arena, f), host = or_else(f->server_host, "gitlab.com");
	bool http = str_is(f->server_protocol, "http");

	set(s, l, "CI", STR("true"));
	set(s, l, "GITLAB_CI", STR("true"));
	set(s, l, "CI_SERVER_FQDN", fqdn(s->arena, f));
	set(s, l, "CI_SERVER_URL", url);
	set(s, l, "CI_SERVER_HOST", host);
	set(s, l, "CI_SERVER_PORT", or_else(f->server_port, http ? "80" : "443"));
	set(s, l, "CI_SERVER_PROTOCOL", or_else(f->server_protocol, "https"));
	set(s, l, "CI_SERVER_SHELL_SSH_HOST", f->ssh_host.n ? f->ssh_host : host);
	set(s, l, "CI_SERVER_SHELL_SSH_PORT", or_else(f->ssh_port, "22"));
	set(s, l, "CI_SERVER_NAME", STR("GitLab"));
	set(s, l, "CI_SERVER_VERSION", STR(SERVER_MAJOR "." SERVER_MINOR "." SERVER_PATCH));
	set(s, l, "CI_SERVER_VERSION_MAJOR", STR(SERVER_MAJOR));
	set(s, l, "CI_SERVER_VERSION_MINOR", STR(SERVER_MINOR));
	set(s, l, "CI_SERVER_VERSION_PATCH", STR(SERVER_PATCH));
	set(s, l, "CI_SERVER_REVISION", STR("cilocal"));
	set(s, l, "CI_TEMPLATE_REGISTRY_HOST", STR("registry.gitlab.com"));
	varset_setf(s, l, "CI_API_V4_URL", STR_FMT "/api/v4", STR_ARG(url));
	varset_setf(s, l, "CI_API_GRAPHQL_URL", STR_FMT "/api/graphql", STR_ARG(url));
}

static struct str lower(struct arena *a, struct str s)
{
	struct str out = arena_str(a, s);

	for (size_t i = 0; i < out.n; i++)
		((char *)out.p)[i] = (char)tolower((unsigned char)out.p[i]);
	return out;
}

/* Always with its port; of the local registry CI_REGISTRY, which images are logged in to by. */
static struct str proxy_server(struct arena *a, const struct facts *f)
{
	struct str host = or_else(f->server_host, "gitlab.com");
	struct str port =
		or_else(f->server_port, str_is(f->server_protocol, "http") ? "80" : "443");

	if (f->registry_local)
		return f->registry_host;
	return arena_printf(a, STR_FMT ":" STR_FMT, STR_ARG(host), STR_ARG(port));
}

struct str dependency_proxy_prefix(struct arena *a, const struct facts *f, bool direct)
{
	struct str group = lower(a, direct ? f->project_namespace : f->project_root_namespace);

	return arena_printf(a, STR_FMT "/" STR_FMT "/dependency_proxy/containers",
		STR_ARG(proxy_server(a, f)), STR_ARG(group));
}

static void set_dependency_proxy(struct varset *s, const struct facts *f)
{
	const enum var_layer l = VAR_PROJECT_PREDEFINED;

	set(s, l, "CI_DEPENDENCY_PROXY_SERVER", proxy_server(s->arena, f));
	set(s, l, "CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX",
		dependency_proxy_prefix(s->arena, f, false));
	set(s, l, "CI_DEPENDENCY_PROXY_DIRECT_GROUP_IMAGE_PREFIX",
		dependency_proxy_prefix(s->arena, f, true));
}

static void set_project(struct varset *s, const struct facts *f)
{
	const enum var_layer l = VAR_PROJECT_PREDEFINED;
	struct arena *a = s->arena;
	struct str url = server_url(a, f), path = f->project_path, branch = f->default_branch;

	set(s, l, "GITLAB_FEATURES", STR(""));
	varset_setf(s, l, "CI_PROJECT_ID", "%" PRIu64, f->project_id);
	set(s, l, "CI_PROJECT_NAME", f->project_name);
	set(s, l, "CI_PROJECT_TITLE", f->project_title.n ? f->project_title : f->project_name);
	set(s, l, "CI_PROJECT_DESCRIPTION", f->project_description);
	set(s, l, "CI_PROJECT_TOPICS", STR(""));
	set(s, l, "CI_PROJECT_PATH", path);
	set(s, l, "CI_PROJECT_PATH_SLUG", slugify(a, path));
	set(s, l, "CI_PROJECT_NAMESPACE", f->project_namespace);
	varset_setf(s, l, "CI_PROJECT_NAMESPACE_ID", "%" PRIu64, f->namespace_id);
	set(s, l, "CI_PROJECT_NAMESPACE_SLUG", slugify(a, f->project_namespace));
	set(s, l, "CI_PROJECT_ROOT_NAMESPACE", f->project_root_namespace);
	varset_setf(s, l, "CI_PROJECT_URL", STR_FMT "/" STR_FMT, STR_ARG(url), STR_ARG(path));
	set(s, l, "CI_PROJECT_VISIBILITY", or_else(f->project_visibility, "private"));
	set(s, l, "CI_PROJECT_REPOSITORY_LANGUAGES", STR(""));
	set(s, l, "CI_DEFAULT_BRANCH", branch);
	set(s, l, "CI_DEFAULT_BRANCH_SLUG", slugify(a, branch));
	set(s, l, "CI_CONFIG_PATH", or_else(f->config_path, ".gitlab-ci.yml"));
	set(s, l, "CI_PAGES_DOMAIN", predefined_pages_domain(a, f));
	set_dependency_proxy(s, f);
	if (f->registry_host.n) {
		struct str low = lower(a, path);

		set(s, l, "CI_REGISTRY", f->registry_host);
		varset_setf(s, l, "CI_REGISTRY_IMAGE", STR_FMT "/" STR_FMT,
			STR_ARG(f->registry_host), STR_ARG(low));
	}
}

struct str predefined_pages_domain(struct arena *a, const struct facts *f)
{
	if (!f->server_host.n || str_is(f->server_host, "gitlab.com"))
		return STR("gitlab.io");
	return arena_printf(a, "pages." STR_FMT, STR_ARG(f->server_host));
}

static bool is_mr(const struct facts *f)
{
	/* A child of a merge request pipeline is one too: it keeps the request's number. */
	return str_is(f->source, "merge_request_event") || (f->mr.iid && !f->branch.n && !f->tag.n);
}

static void set_commit(struct varset *s, const struct facts *f)
{
	const enum var_layer l = VAR_PIPELINE_PREDEFINED;
	bool cut = f->message.n > MESSAGE_MAX;

	set(s, l, "CI_COMMIT_SHA", f->sha);
	set(s, l, "CI_COMMIT_SHORT_SHA", str_sub(f->sha, 0, 8));
	set(s, l, "CI_COMMIT_BEFORE_SHA",
		or_else(f->before_sha, "0000000000000000000000000000000000000000"));
	set(s, l, "CI_COMMIT_REF_NAME", f->ref_name);
	set(s, l, "CI_COMMIT_REF_SLUG", slugify(s->arena, f->ref_name));
	set_some(s, l, "CI_COMMIT_BRANCH", f->branch);
	set(s, l, "CI_COMMIT_MESSAGE", str_sub(f->message, 0, cut ? MESSAGE_MAX : f->message.n));
	set(s, l, "CI_COMMIT_MESSAGE_IS_TRUNCATED", str_c(yes_no(cut)));
	set(s, l, "CI_COMMIT_TITLE", f->title);
	set(s, l, "CI_COMMIT_DESCRIPTION", f->description);
	set(s, l, "CI_COMMIT_REF_PROTECTED", str_c(yes_no(f->ref_protected)));
	set(s, l, "CI_COMMIT_TIMESTAMP", f->timestamp);
	set(s, l, "CI_COMMIT_AUTHOR", f->author);
	set_some(s, l, "CI_COMMIT_USER_LOGIN", f->user_login);
	if (f->tag.n) {
		set(s, l, "CI_COMMIT_TAG", f->tag);
		set(s, l, "CI_COMMIT_TAG_MESSAGE", f->tag_message);
	}
}

static void set_merge_request(struct varset *s, const struct facts *f)
{
	const enum var_layer l = VAR_PIPELINE_PREDEFINED;
	const struct facts_mr *mr = &f->mr;
	struct str url = server_url(s->arena, f), type = or_else(mr->event_type, "detached");
	bool detached = str_is(type, "detached"), cut = mr->description.n > MR_DESCRIPTION_MAX;

	set(s, l, "CI_MERGE_REQUEST_EVENT_TYPE", type);
	set(s, l, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", detached ? STR_NULL : mr->source_sha);
	set(s, l, "CI_MERGE_REQUEST_TARGET_BRANCH_SHA", detached ? STR_NULL : mr->target_sha);
	varset_setf(s, l, "CI_MERGE_REQUEST_DIFF_ID", "%" PRIu64, mr->id);
	set(s, l, "CI_MERGE_REQUEST_DIFF_BASE_SHA", mr->diff_base_sha);
	varset_setf(s, l, "CI_MERGE_REQUEST_ID", "%" PRIu64, mr->id);
	varset_setf(s, l, "CI_MERGE_REQUEST_IID", "%" PRIu64, mr->iid);
	varset_setf(s, l, "CI_MERGE_REQUEST_REF_PATH", "refs/merge-requests/%" PRIu64 "/%s",
		mr->iid, detached ? "head" : "merge");
	varset_setf(s, l, "CI_MERGE_REQUEST_PROJECT_ID", "%" PRIu64, f->project_id);
	set(s, l, "CI_MERGE_REQUEST_PROJECT_PATH", f->project_path);
	varset_setf(s, l, "CI_MERGE_REQUEST_PROJECT_URL", STR_FMT "/" STR_FMT, STR_ARG(url),
		STR_ARG(f->project_path));
	varset_setf(s, l, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "%" PRIu64, f->project_id);
	set(s, l, "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", f->project_path);
	varset_setf(s, l, "CI_MERGE_REQUEST_SOURCE_PROJECT_URL", STR_FMT "/" STR_FMT, STR_ARG(url),
		STR_ARG(f->project_path));
	set(s, l, "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", mr->source_branch);
	set(s, l, "CI_MERGE_REQUEST_SOURCE_BRANCH_PROTECTED", str_c(yes_no(f->ref_protected)));
	set(s, l, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", mr->target_branch);
	set(s, l, "CI_MERGE_REQUEST_TARGET_BRANCH_PROTECTED",
		str_c(yes_no(str_eq(mr->target_branch, f->default_branch))));
	set(s, l, "CI_MERGE_REQUEST_TITLE", mr->title);
	set(s, l, "CI_MERGE_REQUEST_DESCRIPTION",
		str_sub(mr->description, 0, cut ? MR_DESCRIPTION_MAX : mr->description.n));
	set(s, l, "CI_MERGE_REQUEST_DESCRIPTION_IS_TRUNCATED", str_c(yes_no(cut)));
	set(s, l, "CI_MERGE_REQUEST_DRAFT", str_c(yes_no(mr->draft)));
	set(s, l, "CI_MERGE_REQUEST_SQUASH_ON_MERGE", STR("false"));
	set_some(s, l, "CI_MERGE_REQUEST_ASSIGNEES", mr->assignees);
	set_some(s, l, "CI_MERGE_REQUEST_LABELS", mr->labels);
	set_some(s, l, "CI_MERGE_REQUEST_MILESTONE", mr->milestone);
	if (mr->approved)
		set(s, l, "CI_MERGE_REQUEST_APPROVED", STR("true"));
	varset_setf(s, l, "CI_OPEN_MERGE_REQUESTS", STR_FMT "!%" PRIu64, STR_ARG(f->project_path),
		mr->iid);
}

static void set_pipeline(struct varset *s, const struct facts *f)
{
	const enum var_layer l = VAR_PIPELINE_PREDEFINED;

	set(s, l, "CI_PIPELINE_SOURCE", f->source);
	set_some(s, l, "CI_PIPELINE_CREATED_AT", f->created_at);
	if (str_is(f->source, "schedule"))
		set(s, l, "CI_PIPELINE_SCHEDULE_DESCRIPTION", f->schedule_description);
	set_commit(s, f);
	if (is_mr(f))
		set_merge_request(s, f);
	if (f->parent_pipeline_id.n) {
		set(s, l, "CI_UPSTREAM_PIPELINE_ID", f->parent_pipeline_id);
		set(s, l, "CI_UPSTREAM_PROJECT_ID", f->upstream_project_id);
		set(s, l, "CI_UPSTREAM_JOB_ID", f->upstream_job_id);
	}
}

static void set_config_ref(struct varset *s, const struct facts *f)
{
	struct str host = fqdn(s->arena, f), config = or_else(f->config_path, ".gitlab-ci.yml");
	struct str ref;

	if (is_mr(f))
		ref = arena_printf(s->arena, "refs/merge-requests/%" PRIu64 "/head", f->mr.iid);
	else
		ref = arena_printf(s->arena, "refs/%s/" STR_FMT, f->tag.n ? "tags" : "heads",
			STR_ARG(f->ref_name));
	varset_setf(s, VAR_PIPELINE_PREDEFINED, "CI_CONFIG_REF_URI",
		STR_FMT "/" STR_FMT "//" STR_FMT "@" STR_FMT, STR_ARG(host),
		STR_ARG(f->project_path), STR_ARG(config), STR_ARG(ref));
}

void predefined_include(struct varset *s, const struct facts *f)
{
	set_server(s, f);
	set_project(s, f);
	set_pipeline(s, f);
}

void predefined_pipeline(struct varset *s, const struct facts *f)
{
	predefined_include(s, f);
	varset_setf(s, VAR_PIPELINE_PREDEFINED, "CI_PIPELINE_IID", "%" PRIu64, f->pipeline_iid);
	set_config_ref(s, f);
	varset_setf(s, VAR_USER, "GITLAB_USER_ID", "%" PRIu64, f->user_id);
	set(s, VAR_USER, "GITLAB_USER_EMAIL", f->user_email);
	set(s, VAR_USER, "GITLAB_USER_LOGIN", f->user_login);
	set(s, VAR_USER, "GITLAB_USER_NAME", f->user_name);
}

size_t predefined_job_count(bool has_environment)
{
	return has_environment ? 8 : 5;
}

void predefined_job(struct varset *s, const struct predefined_job *job)
{
	const enum var_layer l = VAR_JOB_PREDEFINED;

	set(s, l, "CI_JOB_NAME", job->name);
	set(s, l, "CI_JOB_NAME_SLUG", slugify(s->arena, job->name));
	set(s, l, "CI_JOB_GROUP_NAME", job_group_name(job->name));
	set(s, l, "CI_JOB_STAGE", job->stage);
	if (job->manual)
		set(s, l, "CI_JOB_MANUAL", STR("true"));
	if (job->triggered) {
		set(s, l, "CI_PIPELINE_TRIGGERED", STR("true"));
		set(s, l, "CI_TRIGGER_SHORT_TOKEN", STR("loca"));
	}
	if (job->node_index)
		varset_setf(s, l, "CI_NODE_INDEX", "%u", job->node_index);
	varset_setf(s, l, "CI_NODE_TOTAL", "%u", job->node_total ? job->node_total : 1);
	if (!job->has_environment)
		return;
	set(s, l, "CI_ENVIRONMENT_NAME", job->environment_name);
	set(s, l, "CI_ENVIRONMENT_ACTION", or_else(job->environment_action, "start"));
	set_some(s, l, "CI_ENVIRONMENT_TIER", job->environment_tier);
	set_some(s, l, "CI_ENVIRONMENT_URL", job->environment_url);
}
