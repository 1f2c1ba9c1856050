#include "base/base.h"
#include "vars_test.h"
#include "vars/facts.h"
#include "vars/predefined.h"

static struct facts push(void)
{
	return (struct facts){
		.source = STR("push"),
		.pipeline_id = 70,
		.pipeline_iid = 7,
		.branch = STR("feature/A"),
		.ref_name = STR("feature/A"),
		.sha = STR("0123456789abcdef0123456789abcdef01234567"),
		.message = STR("t\n\nd"),
		.title = STR("t"),
		.server_host = STR("gitlab.example.com"),
		.server_protocol = STR("https"),
		.server_port = STR("8443"),
		.project_path = STR("Group/sub/app"),
		.project_name = STR("app"),
		.project_namespace = STR("Group/sub"),
		.project_root_namespace = STR("Group"),
		.default_branch = STR("main"),
		.registry_host = STR("registry.example.com"),
	};
}

static void branch_push(void **state)
{
	struct arena a = ARENA_INIT;
	struct facts f = push();
	struct varset s;

	UNUSED(state);
	varset_init(&s, &a);
	predefined_pipeline(&s, &f);
	assert_str(varset_value(&s, "CI_COMMIT_BRANCH"), "feature/A");
	assert_str(varset_value(&s, "CI_COMMIT_REF_SLUG"), "feature-a");
	assert_str(varset_value(&s, "CI_COMMIT_SHORT_SHA"), "01234567");
	assert_str(varset_value(&s, "CI_COMMIT_BEFORE_SHA"),
		"0000000000000000000000000000000000000000");
	assert_null(varset_get(&s, STR("CI_COMMIT_TAG")));
	assert_null(varset_get(&s, STR("CI_MERGE_REQUEST_IID")));
	assert_null(varset_get(&s, STR("CI_PIPELINE_ID")));
	assert_null(varset_get(&s, STR("CI_JOB_TOKEN")));
	assert_str(varset_value(&s, "CI_PIPELINE_IID"), "7");
	assert_str(varset_value(&s, "CI_SERVER_FQDN"), "gitlab.example.com:8443");
	assert_str(varset_value(&s, "CI_API_V4_URL"), "https://gitlab.example.com:8443/api/v4");
	assert_str(varset_value(&s, "CI_REGISTRY_IMAGE"), "registry.example.com/group/sub/app");
	assert_str(varset_value(&s, "CI_CONFIG_REF_URI"),
		"gitlab.example.com:8443/Group/sub/app//.gitlab-ci.yml@refs/heads/feature/A");
	arena_release(&a);
}

static void tag_and_merge_request(void **state)
{
	struct arena a = ARENA_INIT;
	struct facts f = push();
	struct varset s;

	UNUSED(state);
	f.tag = f.ref_name = STR("v1");
	f.branch = STR_NULL;
	varset_init(&s, &a);
	predefined_pipeline(&s, &f);
	assert_null(varset_get(&s, STR("CI_COMMIT_BRANCH")));
	assert_str(varset_value(&s, "CI_COMMIT_TAG"), "v1");

	f = push();
	f.source = STR("merge_request_event");
	f.branch = STR_NULL;
	f.mr = (struct facts_mr){.id = 3,
		.iid = 2,
		.source_branch = STR("feature/A"),
		.target_branch = STR("main"),
		.source_sha = STR("aaaa"),
		.target_sha = STR("bbbb")};
	varset_init(&s, &a);
	predefined_pipeline(&s, &f);
	assert_null(varset_get(&s, STR("CI_COMMIT_BRANCH")));
	assert_str(varset_value(&s, "CI_COMMIT_REF_NAME"), "feature/A");
	assert_str(varset_value(&s, "CI_MERGE_REQUEST_EVENT_TYPE"), "detached");
	assert_non_null(varset_get(&s, STR("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")));
	assert_str(varset_value(&s, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"), "");
	assert_str(varset_value(&s, "CI_MERGE_REQUEST_REF_PATH"), "refs/merge-requests/2/head");
	assert_null(varset_get(&s, STR("CI_MERGE_REQUEST_LABELS")));
	assert_null(varset_get(&s, STR("CI_MERGE_REQUEST_APPROVED")));

	f.mr.event_type = STR("merged_result");
	varset_init(&s, &a);
	predefined_pipeline(&s, &f);
	assert_str(varset_value(&s, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"), "aaaa");
	arena_release(&a);
}

static void job(void **state)
{
	struct arena a = ARENA_INIT;
	struct varset s;

	UNUSED(state);
	varset_init(&s, &a);
	predefined_job(&s, &(struct predefined_job){.name = STR("build: [a, b]"),
				   .stage = STR("build"),
				   .manual = true,
				   .node_index = 2,
				   .node_total = 5});
	assert_str(varset_value(&s, "CI_JOB_NAME_SLUG"), "build---a--b");
	assert_str(varset_value(&s, "CI_JOB_GROUP_NAME"), "build");
	assert_str(varset_value(&s, "CI_JOB_MANUAL"), "true");
	assert_str(varset_value(&s, "CI_NODE_INDEX"), "2");
	assert_str(varset_value(&s, "CI_NODE_TOTAL"), "5");
	assert_null(varset_get(&s, STR("CI_ENVIRONMENT_NAME")));

	varset_init(&s, &a);
	predefined_job(&s, &(struct predefined_job){.name = STR("x"), .stage = STR("test")});
	assert_null(varset_get(&s, STR("CI_NODE_INDEX")));
	assert_str(varset_value(&s, "CI_NODE_TOTAL"), "1");
	arena_release(&a);
}

/* The dependency proxy is GitLab's, or with the local registry below that one's host. */
static void proxy(void **state)
{
	struct arena a = ARENA_INIT;
	struct facts f = push();
	struct varset s;

	UNUSED(state);
	f.server_host = STR("gitlab.example.com");
	f.server_port = STR_NULL;
	f.project_root_namespace = STR("Group");
	f.project_namespace = STR("Group/sub");
	f.registry_host = STR("registry.example.com:5050");
	varset_init(&s, &a);
	predefined_pipeline(&s, &f);
	assert_str(varset_value(&s, "CI_DEPENDENCY_PROXY_SERVER"), "gitlab.example.com:443");
	assert_str(varset_value(&s, "CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX"),
		"gitlab.example.com:443/group/dependency_proxy/containers");
	assert_str(varset_value(&s, "CI_DEPENDENCY_PROXY_DIRECT_GROUP_IMAGE_PREFIX"),
		"gitlab.example.com:443/group/sub/dependency_proxy/containers");
	f.registry_local = true;
	varset_init(&s, &a);
	predefined_pipeline(&s, &f);
	assert_str(varset_value(&s, "CI_DEPENDENCY_PROXY_SERVER"), "registry.example.com:5050");
	assert_str(varset_value(&s, "CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX"),
		"registry.example.com:5050/group/dependency_proxy/containers");
	arena_release(&a);
}

/* The deploy token and the authority's certificate, where they are. */
static void registry(void **state)
{
	struct arena a = ARENA_INIT;
	struct facts f = push();
	struct predefined_run r = {.job_token = STR("token"),
		.server_tls_ca = STR("PEM\n"),
		.server_tls_cert = STR("certificate\n"),
		.server_tls_key = STR("key\n")};
	struct varset s;

	UNUSED(state);
	varset_init(&s, &a);
	predefined_run(&s, &f, &r);
	assert_null(varset_get(&s, STR("CI_DEPLOY_USER")));
	assert_true(varset_get(&s, STR("CI_SERVER_TLS_CA_FILE"))->file);
	assert_false(varset_get(&s, STR("CI_SERVER_TLS_CA_FILE"))->internal);
	assert_true(varset_get(&s, STR("CI_SERVER_TLS_CERT_FILE"))->file);
	assert_str(varset_value(&s, "CI_SERVER_TLS_KEY_FILE"), "key\n");
	assert_true(varset_get(&s, STR("CI_SERVER_TLS_KEY_FILE"))->masked);
	f.deploy_user = STR("gitlab+deploy-token-1");
	f.deploy_password = STR("gldt-1");
	r.server_tls_ca = r.server_tls_cert = r.server_tls_key = STR_NULL;
	varset_init(&s, &a);
	predefined_run(&s, &f, &r);
	assert_str(varset_value(&s, "CI_DEPLOY_USER"), "gitlab+deploy-token-1");
	assert_true(varset_get(&s, STR("CI_DEPLOY_PASSWORD"))->masked);
	assert_null(varset_get(&s, STR("CI_SERVER_TLS_CA_FILE")));
	assert_null(varset_get(&s, STR("CI_SERVER_TLS_CERT_FILE")));
	assert_null(varset_get(&s, STR("CI_SERVER_TLS_KEY_FILE")));
	arena_release(&a);
}

/* The table is sorted, and every variable that code sets is in it. */
static bool is_listed(void *ctx, const struct var *v)
{
	UNUSED(ctx);
	if (!predefined_find(v->key))
		fail_msg(STR_FMT " is not in predefined.def", STR_ARG(v->key));
	return true;
}

static void table(void **state)
{
	struct arena a = ARENA_INIT;
	struct facts f = push();
	struct varset s, run;
	struct predefined_run r = {
		.job_id = 1,
		.job_token = STR("secret-token"),
		.started_at = STR("2024-01-01T00:00:00Z"),
		.timeout_s = 3600,
		.project_dir = STR("/builds/x"),
		.environment_slug = STR("prod"),
		.disposable = true,
	};

	UNUSED(state);
	for (size_t i = 1; i < predefined_table_n; i++)
		assert_true(strcmp(predefined_table[i - 1].name, predefined_table[i].name) < 0);
	f.source = STR("merge_request_event");
	f.mr.iid = 1;
	f.parent_pipeline_id = STR("5");
	varset_init(&s, &a);
	predefined_pipeline(&s, &f);
	varset_init_on(&run, &a, &s);
	predefined_run(&run, &f, &r);
	varset_each(&run, is_listed, NULL);
	assert_str(varset_value(&run, "CI_JOB_URL"),
		"https://gitlab.example.com:8443/Group/sub/app/-/jobs/1");
	assert_true(varset_get(&run, STR("CI_JOB_TOKEN"))->masked);
	assert_true(varset_get(&run, STR("CI_REGISTRY_PASSWORD"))->masked);
	assert_int_equal(predefined_find(STR("CI_JOB_TOKEN"))->when, PREDEFINED_J);
	assert_null(predefined_find(STR("CI_NO_SUCH")));
	arena_release(&a);
}

static void tiers(void **state)
{
	static const char *const rows[][2] = {
		{"production", "production"},
		{"Live", "production"},
		{"stg", "staging"},
		{"staging/eu", "staging"},
		{"qa", "testing"},
		{"review/main", "development"},
		{"Development", "development"},
		{"gprd", "production"},
		{"foo", "other"},
		{"", "other"},
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(environment_tier(str_c(rows[i][0])), rows[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(branch_push),
		cmocka_unit_test(tag_and_merge_request),
		cmocka_unit_test(job),
		cmocka_unit_test(proxy),
		cmocka_unit_test(registry),
		cmocka_unit_test(table),
		cmocka_unit_test(tiers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
