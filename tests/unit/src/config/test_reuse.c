/* extends, default, inherit, !reference, nulls, stages and root keys. */
#include "config_test.h"
#include "rows.h"

#define CHAIN                                                                          \
	"j0: {script: x}\nj1: {extends: j0}\nj2: {extends: j1}\nj3: {extends: j2}\n"   \
	"j4: {extends: j3}\nj5: {extends: j4}\nj6: {extends: j5}\nj7: {extends: j6}\n" \
	"j8: {extends: j7}\nj9: {extends: j8}\nj10: {extends: j9}\nj11: {extends: j10}\n"

static const struct error_row extends_rows[] = {
	{"b: {extends: c, script: x}", "b: unknown keys in `extends` (c)"},
	{"b: {extends: [c, d], script: x}",
		"b: unknown keys in `extends` (c, d)\nb: unknown keys in `extends` (c, d)"},
	{".c: [x]\nb: {extends: .c, script: x}", "b: invalid base hashes in `extends` (.c)"},
	{"b: {extends: b, script: x}", "b: circular dependency detected in `extends`"},
	{"b: {extends: c, script: x}\nc: {extends: b}",
		"b: circular dependency detected in `extends`"},
	{CHAIN, ""},
	{CHAIN "j12: {extends: j11}\n", "j1: nesting too deep in `extends`"},
	{"b: {extends: null, script: x}\nc: {extends: [], script: x}", ""},
	{"b: {extends: [c, {d: e}], script: x}\nc: {script: x}",
		"b: unknown keys in `extends` ({:d=>\"e\"})"},
	{"b: {extends: 1, script: x}", "b: unknown keys in `extends` (1)"},
	{".a: {script: x}\nb: {extends: .a, script: null}", "jobs:b script can't be blank"},
};
ROWS(extends)

static void extends_merge(void **state)
{
	struct fixture f;
	const struct job_def *j;

	(void)state;
	fixture_init(&f);
	j = compile_job(&f,
		".a: {variables: {X: 1, Y: 1}, script: [a], tags: [q], rules: [{if: $A}]}\n"
		".b: {variables: {Y: 2}, tags: [t]}\n"
		"j: {extends: [.a, .b], variables: {Z: 3}, script: [j], rules: null}\n",
		"j");
	assert_yaml(&f, "j/variables", "X: 1\nY: 2\nZ: 3\n");
	assert_yaml(&f, "j/script", "- j\n");
	assert_yaml(&f, "j/tags", "- t\n");
	assert_false(j->rules.set);
	assert_int_equal(j->vars.n, 3);
	fixture_release(&f);
}

static void extends_empty_values(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	compile_job(&f,
		".a: {variables: {X: 1}, tags: [q], script: [a]}\n"
		"b: {extends: .a, variables: {}, tags: []}\n"
		"c: {extends: .a, variables: null}\n",
		"b");
	assert_yaml(&f, "b/variables", "X: 1\n");
	assert_yaml(&f, "b/tags", "[]\n");
	assert_int_equal(config_job(f.config, STR("c"))->vars.n, 0);
	fixture_release(&f);
}

static void extends_marks_origin(void **state)
{
	struct fixture f;
	const struct node *image;

	(void)state;
	fixture_init(&f);
	compile_job(&f, ".a: {image: i}\nb: {extends: .a, script: x}\n", "b");
	image = node_get(config_job(f.config, STR("b"))->node, "image");
	assert_int_equal(image->via, VIA_EXTENDS);
	assert_int_equal(image->at.begin.line, 1);
	assert_non_null(image->origin);
	fixture_release(&f);
}

static void fault_names_its_way(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_compile(&f, ".a: {image: 1}\nb: {extends: .a, script: x}\n");
	assert_int_equal(f.status, CONFIG_FAILED);
	assert_int_equal(f.diags.errors, 1);
	assert_int_equal(f.diags.first->at.begin.line, 1);
	assert_str(f.diags.first->job, "b");
	assert_str(f.diags.first->notes->text, "job 'b' has it through 'extends'");
	assert_int_equal(f.diags.first->notes->at.begin.line, 2);
	fixture_release(&f);
}

static void nearest_keyword(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_compile(&f, "a:\n  script: x\n  before_scirpt: y\n");
	assert_int_equal(f.diags.errors, 1);
	assert_string_equal(f.diags.first->code, "unknown-keyword");
	assert_str(f.diags.first->text, "unknown keyword 'before_scirpt' in job 'a'");
	assert_str(f.diags.first->notes->text, "did you mean 'before_script'?");
	assert_int_equal(f.diags.first->at.begin.line, 3);
	assert_int_equal(f.diags.first->at.begin.col, 3);
	assert_int_equal(f.diags.first->at.end.col, 16);
	fixture_release(&f);
}

static const struct error_row defaults_rows[] = {
	{"default: x\na: {script: x}", "default config should be a hash"},
	{"default: {foo: 1}\na: {script: x}", "default config contains unknown keys: foo"},
	{"default: {image: 1}\na: {script: x}\nb: {script: x}",
		"default:image config should be a hash or a string"},
	{"image: 1\na: {script: x}", "image config should be a hash or a string"},
	{"default: {image: x}\nimage: y\na: {script: x}",
		"image is defined in top-level and `default:` entry"},
	{"default: {script: y}\na: {script: x}", ""},
	{"default: {retry: 3}\na: {script: x}", "retry config must be less than or equal to 2"},
	{JOB("inherit: x"), "jobs:a:inherit config should be a hash"},
	{JOB("inherit: {default: x}"),
		"jobs:a:inherit:default should be a bool or array of strings"},
	{JOB("inherit: {variables: 1}"),
		"jobs:a:inherit:variables should be a bool or array of strings"},
	{JOB("inherit: {foo: x}"), "jobs:a:inherit config contains unknown keys: foo"},
	{JOB("inherit: {default: [foo]}"),
		"jobs:a:inherit:default config contains unknown values: foo"},
	{JOB("inherit: {default: [image, tags], variables: false}"), ""},
};
ROWS(defaults)

static void default_inheritance(void **state)
{
	struct fixture f;
	const struct job_def *a, *b, *c;

	(void)state;
	fixture_init(&f);
	a = compile_job(&f,
		"default: {image: d, tags: [t], before_script: [bs], cache: {paths: [p]}, "
		"interruptible: true}\n"
		"a: {script: x, image: null, tags: [], before_script: null, cache: {key: k}}\n"
		"b: {script: x, inherit: {default: [tags]}}\n"
		"c: {trigger: g/p}\n",
		"a");
	b = config_job(f.config, STR("b"));
	c = config_job(f.config, STR("c"));
	assert_str(a->image->name.s, "d");
	assert_true(a->tags.set);
	assert_int_equal(a->tags.n, 0);
	assert_str(a->before_script.v[0].s, "bs");
	assert_int_equal(a->n_caches, 1);
	assert_str(a->caches[0].key.s, "k");
	assert_int_equal(a->caches[0].paths.n, 0);
	assert_str(a->caches[0].policy.s, "pull-push");
	assert_null(b->image);
	assert_str(b->tags.v[0].s, "t");
	assert_null(c->image);
	assert_int_equal(c->interruptible, 1);
	assert_yaml(&f, "a/image", "d\n");
	assert_int_equal(node_get(a->node, "image")->via, VIA_DEFAULT);
	fixture_release(&f);
}

/* Every keyword that `default` takes must reach a job (a keyword that does not aborts the program).
 */
static void every_default_keyword(void **state)
{
	struct fixture f;
	const struct job_def *a;

	(void)state;
	fixture_init(&f);
	a = compile_job(&f,
		"default:\n  after_script: [x]\n  artifacts: {paths: [x]}\n  before_script: [x]\n"
		"  cache: {key: x}\n  hooks: {pre_get_sources_script: [x]}\n  id_tokens: {T: {aud: "
		"x}}\n"
		"  identity: google_cloud\n  image: x\n  interruptible: true\n  retry: 1\n"
		"  services: [x]\n  tags: [x]\n  timeout: 1 hour\n"
		"a: {script: x}\n",
		"a");
	assert_int_equal(a->after_script.n, 1);
	assert_non_null(a->artifacts);
	assert_int_equal(a->before_script.n, 1);
	assert_int_equal(a->n_caches, 1);
	assert_int_equal(a->rare->pre_get_sources_script.n, 1);
	assert_int_equal(a->rare->n_id_tokens, 1);
	assert_non_null(a->rare->identity);
	assert_non_null(a->image);
	assert_int_equal(a->interruptible, 1);
	assert_int_equal(a->rare->retry.max, 1);
	assert_int_equal(a->n_services, 1);
	assert_int_equal(a->tags.n, 1);
	assert_int_equal(a->timeout_s, 3600);
	fixture_release(&f);
}

#define LOST(path) "!reference " path " could not be found"

static const struct error_row reference_rows[] = {
	{JOB("tags: !reference [.x, y]"), LOST("[\".x\", \"y\"]")},
	{".x: {y: null}\n" JOB("tags: !reference [.x, y]"), LOST("[\".x\", \"y\"]")},
	{".x: {y: false}\n" JOB("interruptible: !reference [.x, y]"), LOST("[\".x\", \"y\"]")},
	{".x: {y: [a]}\n" JOB("tags: !reference [.x, y, z]"), LOST("[\".x\", \"y\", \"z\"]")},
	{JOB("tags: !reference []"), "!reference [] is not valid"},
	{JOB("tags: !reference x"), "!reference \"x\" is not valid"},
	{JOB("tags: !reference [a, 1]"), "!reference [\"a\", 1] is not valid"},
	{"b: {script: !reference [b, script]}",
		"!reference [\"b\", \"script\"] is part of a circular chain"},
	{"b: {script: [!reference [b, script]]}",
		"!reference [\"b\", \"script\"] is part of a circular chain"},
	{"a: {script: !reference [b, script]}\nb: {script: !reference [a, script]}",
		"!reference [\"b\", \"script\"] is part of a circular chain"},
	{".x: {s: [one, two]}\n" JOB("tags: [!reference [.x, s]]"),
		"jobs:a:tags config should be an array of strings"},
	{".x: {s: [one, two]}\n" JOB("tags: !reference [.x, s]"), ""},
	{".x: {s: [{when: always}]}\n" JOB(
		 "rules: [!reference [.x, s]], needs: [!reference [.y, n]]") "\n.y: {n: [b]}",
		""},
	{".x: {s: ''}\n" JOB("environment: !reference [.x, s]"),
		"jobs:a:environment name can't be blank"},
};
ROWS(reference)

static void reference_values(void **state)
{
	struct fixture f;
	const struct job_def *j;

	(void)state;
	fixture_init(&f);
	j = compile_job(&f,
		".s: {script: [one, !reference [.t, script]], v: {A: x}}\n"
		".t: {script: [two]}\n"
		"j: {script: [zero, !reference [.s, script]], variables: {A: !reference [.s, v, "
		"A]}}\n",
		"j");
	assert_int_equal(j->script.n, 3);
	assert_str(j->script.v[0].s, "zero");
	assert_str(j->script.v[1].s, "one");
	assert_str(j->script.v[2].s, "two");
	assert_str(j->vars.v[0].value, "x");
	fixture_release(&f);
}

static const struct error_row root_rows[] = {
	{"# nothing\n", "jobs config should contain at least one visible job"},
	{".a: {script: x}", "jobs config should contain at least one visible job"},
	{".a: 1\nb: {script: x}", ""},
	{"b: x\na: {script: x}",
		"jobs b config should implement the script:, run:, or trigger: keyword"},
	{"b c: {stage: x}\na: {script: x}",
		"jobs b_c config should implement the script:, run:, or trigger: keyword"},
	{"My_job.x_id: 1\nb-c_d: 2\na: {script: x}",
		"jobs my_job.x_id config should implement the script:, run:, or trigger: keyword\n"
		"jobs b-c_d config should implement the script:, run:, or trigger: keyword"},
	{"true: {script: x}", "jobs:true name should be a symbol"},
	{"1: {script: x}", "jobs:1 name should be a symbol"},
	{"~: {script: x}", "jobs:job name can't be blank"},
	{"'true': {script: x}\n'1': {script: y}", ""},
	{"types: [x]\na: {script: x}",
		"jobs types config should implement the script:, run:, or trigger: keyword"},
	{"image: {script: y}\na: {script: x}",
		"image name should be a string\nimage config contains unknown keys: script"},
	{"spec: {inputs: {}}\na: {script: x}",
		"jobs spec config should implement the script:, run:, or trigger: keyword"},
	{"stages: x\na: {script: x}",
		"stages config should be an array of strings or a nested array of strings up to 10 "
		"levels deep"},
	{"stages: [x, 1]\na: {script: x, stage: x}",
		"stages config should be an array of strings or a nested array of strings up to 10 "
		"levels deep"},
	{"stages: [build, deploy]\na: {script: x}", "a job: chosen stage test does not exist; "
						    "available stages are .pre, build, deploy, "
						    ".post"},
	{"stages: []\na: {script: x}",
		"a job: chosen stage test does not exist; available stages are "},
	{"a: {script: x, stage: b}\nc: {script: x, stage: 1}",
		"a job: chosen stage b does not exist; available stages are .pre, build, test, "
		"deploy, .post\n"
		"jobs:c:stage config should be a string"},
	/* Names that are plainly wrong are told together with other errors. */
	{"a: {script: x, needs: [bb, c, d], dependencies: []}\nb: {script: x}\nc: {stage: y}\n"
	 "d: {script: []}",
		"jobs c config should implement the script:, run:, or trigger: keyword\n"
		"jobs:d script can't be blank"},
	{"a: {scirpt: x}\nb: {script: x}",
		"jobs a config should implement the script:, run:, or trigger: keyword\n"
		"unknown-keyword: unknown keyword 'scirpt' in job 'a'"},
	{"a: {script: [], stage: b}",
		"jobs:a script can't be blank\n"
		"a job: chosen stage b does not exist; available stages are .pre, build, test, "
		"deploy, .post"},
	{"stages: null\na: {script: x}", ""},
	{"stages: [a, [b, [c]], a]\nj: {script: x, stage: c}", ""},
};
ROWS(root)

static void stage_order(void **state)
{
	static const char *const want[] = {".pre", "b", "a", "c", ".post"};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	compile_job(&f, "stages: [b, .post, a, .pre, b, c]\nj: {script: x, stage: a}\n", "j");
	assert_int_equal(f.config->stages.n, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_str(f.config->stages.v[i].s, want[i]);
	fixture_release(&f);
}

static void job_order(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	compile_job(&f, "z: {script: x}\n.h: {a: b}\na: {script: x}\nz: {script: y}\n", "a");
	assert_int_equal(f.config->jobs.n, 3);
	assert_str(f.config->jobs.e[0].key, "z");
	assert_str(f.config->jobs.e[1].key, ".h");
	assert_str(f.config->jobs.e[2].key, "a");
	assert_true(((struct job_def *)f.config->jobs.e[1].value)->hidden);
	assert_str(config_job(f.config, STR("z"))->script.v[0].s, "y");
	fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extends),
		cmocka_unit_test(extends_merge),
		cmocka_unit_test(extends_empty_values),
		cmocka_unit_test(extends_marks_origin),
		cmocka_unit_test(fault_names_its_way),
		cmocka_unit_test(nearest_keyword),
		cmocka_unit_test(defaults),
		cmocka_unit_test(default_inheritance),
		cmocka_unit_test(every_default_keyword),
		cmocka_unit_test(reference),
		cmocka_unit_test(reference_values),
		cmocka_unit_test(root),
		cmocka_unit_test(stage_order),
		cmocka_unit_test(job_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
