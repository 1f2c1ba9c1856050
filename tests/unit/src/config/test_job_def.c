/* What the readers put into struct job_def. */
#include "config_test.h"

static const char text[] =
	"stages: [one, two]\n"
	"a:\n"
	"  stage: two\n"
	"  image: {name: img, entrypoint: [''], pull_policy: [always, if-not-present],"
	" docker: {platform: arm64, user: u}}\n"
	"  services:\n"
	"    - redis\n"
	"    - {name: pg, alias: 'db, sql', command: [x], variables: {P: 1}, pull_policy: never}\n"
	"  before_script: [b]\n"
	"  script: |\n"
	"    one\n"
	"    two\n"
	"  after_script: [[c], d]\n"
	"  hooks: {pre_get_sources_script: [h]}\n"
	"  when: manual\n"
	"  manual_confirmation: sure?\n"
	"  allow_failure: {exit_codes: [3, 4]}\n"
	"  needs: [b, {job: c, artifacts: false, optional: true},"
	" {pipeline: $P, job: d}, {project: g/p, ref: main, job: e}]\n"
	"  dependencies: []\n"
	"  parallel: 3\n"
	"  retry: {max: 2, when: script_failure, exit_codes: 137}\n"
	"  timeout: 1h 30m\n"
	"  interruptible: false\n"
	"  resource_group: rg\n"
	"  coverage: /x(\\d+)/\n"
	"  tags: [t]\n"
	"  artifacts: {paths: [p], exclude: [q], name: n, when: always, expire_in: 1 week,"
	" untracked: true, access: developer, reports: {junit: [j1, j2], dotenv: d,"
	" coverage_report: {coverage_format: cobertura, path: c.xml}}}\n"
	"  cache:\n"
	"    - {key: k, paths: [v], policy: pull, when: on_failure, untracked: true,"
	" unprotect: true, fallback_keys: [f]}\n"
	"    - {key: {files: [l], prefix: pre}}\n"
	"  environment: {name: e, url: u, action: prepare, auto_stop_in: 1 day, deployment_tier: "
	"other}\n"
	"  release: {tag_name: t, description: d, milestones: m}\n"
	"  id_tokens: {T: {aud: [x, y]}}\n"
	"  pages: {publish: pub, path_prefix: pp}\n"
	"b: {stage: one, script: x, parallel: {matrix: [{A: [1, 2]}]}}\n"
	"c: {stage: one, script: x}\n"
	"t: {stage: one, trigger: {project: g/q, branch: br, strategy: depend,"
	" forward: {yaml_variables: false}}}\n"
	"u: {stage: one, trigger: {include: [{local: x.yml}]}}\n";

static struct fixture f;
static const struct job_def *a;

static int setup(void **state)
{
	(void)state;
	fixture_init(&f);
	a = compile_job(&f, text, "a");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_release(&f);
	return 0;
}

static void scripts(void **state)
{
	(void)state;
	assert_str(a->before_script.v[0].s, "b");
	assert_int_equal(a->script.n, 1);
	assert_str(a->script.v[0].s, "one\ntwo\n");
	assert_int_equal(a->after_script.n, 2);
	assert_str(a->after_script.v[1].s, "d");
	assert_str(a->rare->pre_get_sources_script.v[0].s, "h");
	assert_str(a->stage.s, "two");
}

static void containers(void **state)
{
	(void)state;
	assert_str(a->image->name.s, "img");
	assert_int_equal(a->image->entrypoint.n, 1);
	assert_int_equal(a->image->n_pull_policies, 2);
	assert_int_equal(a->image->pull_policies[1], PULL_IF_NOT_PRESENT);
	assert_str(a->image->platform.s, "arm64");
	assert_str(a->image->user.s, "u");
	assert_int_equal(a->n_services, 2);
	assert_str(a->services[0].image.name.s, "redis");
	assert_str(a->services[1].alias.s, "db, sql");
	assert_str(a->services[1].command.v[0].s, "x");
	assert_str(varset_value(a->services[1].vars, "P"), "1");
	assert_int_equal(a->services[1].image.pull_policies[0], PULL_NEVER);
}

static void control(void **state)
{
	(void)state;
	assert_int_equal(a->when, WHEN_MANUAL);
	assert_str(a->rare->manual_confirmation.s, "sure?");
	assert_true(a->allow_failure.set);
	assert_false(a->allow_failure.value);
	assert_int_equal(a->allow_failure.n_exit_codes, 2);
	assert_int_equal(a->allow_failure.exit_codes[1], 4);
	assert_int_equal(a->parallel.count, 3);
	assert_int_equal(a->rare->retry.max, 2);
	assert_str(a->rare->retry.when.v[0].s, "script_failure");
	assert_int_equal(a->rare->retry.exit_codes[0], 137);
	assert_int_equal(a->timeout_s, 5400);
	assert_int_equal(a->interruptible, 0);
	assert_str(a->resource_group.s, "rg");
	assert_str(a->rare->coverage.s, "/x(\\d+)/");
	assert_str(a->tags.v[0].s, "t");
	assert_true(a->dependencies.set);
	assert_int_equal(a->dependencies.n, 0);
}

static void needs(void **state)
{
	(void)state;
	assert_int_equal(a->needs.n, 4);
	assert_str(a->needs.v[0].job.s, "b");
	assert_true(a->needs.v[0].artifacts);
	assert_false(a->needs.v[1].artifacts);
	assert_true(a->needs.v[1].optional);
	assert_str(a->needs.v[2].far->pipeline.s, "$P");
	assert_str(a->needs.v[3].far->project.s, "g/p");
	assert_str(a->needs.v[3].far->ref.s, "main");
}

static void files(void **state)
{
	const struct artifacts_def *x = a->artifacts;

	(void)state;
	assert_str(x->paths.v[0].s, "p");
	assert_str(x->exclude.v[0].s, "q");
	assert_str(x->name.s, "n");
	assert_int_equal(x->when, WHEN_ALWAYS);
	assert_str(x->expire_in.s, "1 week");
	assert_true(x->untracked);
	assert_str(x->access.s, "developer");
	assert_int_equal(x->n_reports, 3);
	assert_str(x->reports[0].type, "junit");
	assert_int_equal(x->reports[0].paths.n, 2);
	assert_str(x->reports[2].format, "cobertura");
	assert_str(x->reports[2].paths.v[0].s, "c.xml");
	assert_int_equal(a->n_caches, 2);
	assert_str(a->caches[0].key.s, "k");
	assert_str(a->caches[0].policy.s, "pull");
	assert_int_equal(a->caches[0].when, WHEN_ON_FAILURE);
	assert_true(a->caches[0].untracked && a->caches[0].unprotect);
	assert_str(a->caches[0].fallback_keys.v[0].s, "f");
	assert_str(a->caches[1].key_files.v[0].s, "l");
	assert_str(a->caches[1].key_prefix.s, "pre");
	assert_str(a->caches[1].policy.s, "pull-push");
}

static void the_rest(void **state)
{
	const struct job_def *t = config_job(f.config, STR("t"));
	const struct job_def *u = config_job(f.config, STR("u"));
	const struct job_def *b = config_job(f.config, STR("b"));

	(void)state;
	assert_str(a->environment->name.s, "e");
	assert_str(a->environment->action.s, "prepare");
	assert_str(a->environment->deployment_tier.s, "other");
	assert_str(a->rare->release->tag_name.s, "t");
	assert_str(a->rare->release->milestones.v[0].s, "m");
	assert_int_equal(a->rare->n_id_tokens, 1);
	assert_int_equal(a->rare->id_tokens[0].aud.n, 2);
	assert_true(a->rare->pages.enabled);
	assert_str(a->rare->pages.publish.s, "pub");
	assert_int_equal(b->parallel.count, 0);
	assert_int_equal(b->parallel.matrix->u.seq.n, 1);
	assert_int_equal(b->when, WHEN_UNSET);
	assert_int_equal(b->interruptible, -1);
	assert_true(t->bridge && u->bridge && !b->bridge);
	assert_str(t->trigger->project.s, "g/q");
	assert_str(t->trigger->branch.s, "br");
	assert_str(t->trigger->strategy.s, "depend");
	assert_int_equal(t->trigger->forward_yaml, 0);
	assert_int_equal(t->trigger->forward_pipeline, -1);
	assert_int_equal(u->trigger->include->kind, NODE_SEQ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(scripts, setup, teardown),
		cmocka_unit_test_setup_teardown(containers, setup, teardown),
		cmocka_unit_test_setup_teardown(control, setup, teardown),
		cmocka_unit_test_setup_teardown(needs, setup, teardown),
		cmocka_unit_test_setup_teardown(files, setup, teardown),
		cmocka_unit_test_setup_teardown(the_rest, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
