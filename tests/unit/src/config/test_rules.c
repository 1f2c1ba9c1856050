/* rules, only/except, workflow and variables: shape and refusals; then what the definitions hold.
 */
#include "config_test.h"
#include "rows.h"

#define P10 "p,p,p,p,p,p,p,p,p,p"
#define P51 P10 "," P10 "," P10 "," P10 "," P10 ",p"

static const struct error_row rules_rows[] = {
	{JOB("rules: null"), ""},
	{JOB("rules: []"), "jobs:a:rules config can't be blank"},
	{JOB("rules: x"), "jobs:a rules should be an array containing hashes and arrays of hashes"},
	{JOB("rules: [x]"),
		"jobs:a rules should be an array containing hashes and arrays of hashes"},
	{JOB("rules: [{}]"), "jobs:a:rules:rule config can't be blank"},
	{JOB("rules: [[[{when: never}]], {if: $A}]"), ""},
	{JOB("rules: [{foo: 1}]"), "jobs:a:rules:rule config contains unknown keys: foo"},
	{JOB("rules: [{if: ''}]"), "jobs:a:rules:rule if invalid expression syntax"},
	{JOB("rules: [{if: 1}]"), "jobs:a:rules:rule if invalid expression syntax"},
	{JOB("rules: [{if: '$A =='}]"), "jobs:a:rules:rule if invalid expression syntax"},
	{JOB("rules: [{if: null, changes: null, exists: null, when: null}]"), ""},
	{JOB("rules: [{changes: x}]"), "jobs:a:rules:rule:changes should be an array or a hash"},
	{JOB("rules: [{changes: [1]}]"),
		"jobs:a:rules:rule:changes config should be an array of strings"},
	{JOB("rules: [{changes: [" P51 "]}]"),
		"jobs:a:rules:rule:changes config has too many entries (maximum 50)"},
	{JOB("rules: [{changes: {compare_to: x}}]"),
		"jobs:a:rules:rule:changes config missing required keys: paths"},
	{JOB("rules: [{changes: {paths: x}}]"),
		"jobs:a:rules:rule:changes paths should be an array of strings"},
	{JOB("rules: [{changes: {paths: [x], compare_to: 1}}]"),
		"jobs:a:rules:rule:changes compare to should be a string"},
	{JOB("rules: [{changes: {paths: [x], foo: 1}}]"),
		"jobs:a:rules:rule:changes config contains unknown keys: foo"},
	{JOB("rules: [{changes: []}, {changes: {paths: [a], compare_to: main}}]"), ""},
	{JOB("rules: [{exists: 1}]"),
		"jobs:a:rules:rule:exists should be a string, an array of strings, or a hash"},
	{JOB("rules: [{exists: {paths: [x], ref: y}}]"),
		"jobs:a:rules:rule:exists config missing required keys: project"},
	{JOB("rules: [{exists: {project: y}}]"),
		"jobs:a:rules:rule:exists config missing required keys: paths"},
	{JOB("rules: [{exists: Dockerfile}, {exists: [a]}, {exists: {paths: [a], project: p}}]"),
		""},
	{JOB("rules: [{when: foo}]"), "jobs:a:rules:rule when unknown value: foo"},
	{JOB("rules: [{when: delayed}]"), "jobs:a:rules:rule start in can't be blank"},
	{JOB("rules: [{when: delayed, start_in: foo}]"),
		"jobs:a:rules:rule start in should be a duration"},
	{JOB("rules: [{when: delayed, start_in: 8 days}]"),
		"jobs:a:rules:rule start in should not exceed the limit"},
	{JOB("rules: [{start_in: 1 day}]"),
		"jobs:a:rules:rule config contains disallowed keys: start_in"},
	{JOB("rules: [{allow_failure: x}]"),
		"jobs:a:rules:rule allow failure should be a boolean value"},
	{JOB("rules: [{interruptible: x}]"),
		"jobs:a:rules:rule interruptible should be a boolean value"},
	{JOB("rules: [{variables: {a: {value: x}}}]"),
		"jobs:a:rules:rule:variables:a config must be a string"},
	{JOB("rules: [{variables: x}]"), "jobs:a:rules:rule:variables config should be a hash"},
	{JOB("rules: [{needs: x}]"),
		"jobs:a:rules:rule:needs config can only be a hash or an array"},
	{JOB("rules: [{needs: [{pipeline: '1', job: b}]}]"),
		"jobs:a:rules:rule:needs config uses invalid types: cross_dependency"},
	{JOB("rules: [{when: always}], only: [main]"),
		"jobs:a config key may not be used with `rules`: only"},
	{JOB("rules: [{when: always}], only: [x], except: [y]"),
		"jobs:a config key may not be used with `rules`: only, except\n"
		"jobs:a config key may not be used with `rules`: only, except"},
	{JOB("rules: [{when: always}], only: null"), ""},
};
ROWS(rules)

static const struct error_row only_rows[] = {
	{JOB("only: [main, /^v/, branches]"), ""},
	{JOB("only: []"), ""},
	{JOB("only: {}"), "jobs:a:only config can't be blank"},
	{JOB("only: x"), "jobs:a:only has to be either an array of conditions or a hash"},
	{JOB("only: ['/(/']"),
		"jobs:a:only config should be an array of strings or regular expressions using re2 "
		"syntax"},
	{JOB("except: {refs: [1]}"),
		"jobs:a:except refs should be an array of strings or regular expressions using re2 "
		"syntax"},
	{JOB("only: {kubernetes: foo}"), "jobs:a:only kubernetes unknown value: foo"},
	{JOB("only: {kubernetes: active}"), ""},
	{JOB("only: {variables: x}"), "jobs:a:only variables should be an array of strings"},
	{JOB("only: {variables: ['$A ==']}"), "jobs:a:only variables invalid expression syntax"},
	{JOB("only: {changes: x}"), "jobs:a:only changes should be an array of strings"},
	{JOB("only: {foo: x}"), "jobs:a:only config contains unknown keys: foo"},
};
ROWS(only)

static const struct error_row workflow_rows[] = {
	{"workflow: x\na: {script: x}", "workflow config should be a hash"},
	{"workflow: {foo: x}\na: {script: x}", "workflow config contains unknown keys: foo"},
	{"workflow: {script: x, foo: 1}\na: {script: x}", ""},
	{"workflow: {rules: []}\na: {script: x}", "workflow:rules config can't be blank"},
	{"workflow: {rules: x}\na: {script: x}", "workflow:rules config should be an array"},
	{"workflow: {rules: [{when: manual}]}\na: {script: x}",
		"workflow:rules:rule when unknown value: manual"},
	{"workflow: {rules: [{interruptible: true}]}\na: {script: x}",
		"workflow:rules:rule config contains unknown keys: interruptible"},
	{"workflow: {rules: [[{if: $A, when: never}], {when: always}]}\na: {script: x}", ""},
	{"workflow: {rules: [{variables: {a: {value: x}}}]}\na: {script: x}",
		"workflow:rules:rule:variables:a config must be a string"},
	{"workflow: {auto_cancel: {on_new_commit: x}}\na: {script: x}",
		"workflow:auto_cancel on new commit must be one of: conservative, interruptible, "
		"none"},
	{"workflow: {auto_cancel: {on_job_failure: x}}\na: {script: x}",
		"workflow:auto_cancel on job failure must be one of: none, all"},
	{"workflow: {name: [x]}\na: {script: x}", "workflow name should be a string"},
	{"workflow: {name: 1, auto_cancel: {on_new_commit: none, on_job_failure: all}}\n"
	 "a: {script: x}",
		""},
};
ROWS(workflow)

static const struct error_row variables_rows[] = {
	{"variables: [x]\na: {script: x}", "variables config should be a hash"},
	{JOB("variables: x"), "jobs:a:variables config should be a hash"},
	{JOB("variables: {A: [x]}"), "variable definition must be either a string or a hash"},
	{"variables: {A: {foo: 1, value: x}}\na: {script: x}",
		"variables:a config uses invalid data keys: foo"},
	{JOB("variables: {A: {value: x, description: y}}"),
		"jobs:a:variables:a config uses invalid data keys: description"},
	{JOB("variables: {A: {value: [x]}}"), "jobs:a:variables:a config value must be a scalar"},
	{JOB("variables: {A: {value: x, expand: y}}"),
		"jobs:a:variables:a config expand should be a boolean value"},
	{"variables: {A: {value: x, options: [y]}}\na: {script: x}",
		"variables:a config value must be present in options"},
	{"variables: {A: {value: x, options: y}}\na: {script: x}",
		"variables:a config options should be an array of strings"},
	{"variables: {A: {description: y}, B: {value: '1', options: ['1']}, "
	 "C: {value: 1, options: []}}\na: {script: x}",
		""},
	{"variables: {B: {value: 1, options: ['1']}}\na: {script: x}",
		"variables:b config value must be present in options"},
	{JOB("rules: [{variables: {a: [x]}}]"),
		"variable definition must be either a string or a hash"},
	{JOB("variables: {A-B: 1, 1: 2, C: null, D: true}"), ""},
};
ROWS(variables)

static void variable_values(void **state)
{
	static const char text[] =
		"variables: {MODE: 0644, VER: 1.10, AT: 12:30, QQ: yes, NIL: , D: {description: "
		"d}, "
		"RAW: {value: $X, expand: false}}\na: {script: x, variables: {J: 1}}";
	static const struct {
		const char *key, *value;
		bool raw;
	} want[] = {{"MODE", "420", false}, {"VER", "1.1", false}, {"AT", "45000", false},
		{"QQ", "true", false}, {"NIL", "", false}, {"D", "", false}, {"RAW", "$X", true}};
	struct fixture f;
	const struct job_def *a;

	(void)state;
	fixture_init(&f);
	a = compile_job(&f, text, "a");
	assert_int_equal(f.config->vars.n, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_str(f.config->vars.v[i].key, want[i].key);
		assert_str(f.config->vars.v[i].value, want[i].value);
		assert_int_equal(f.config->vars.v[i].raw, want[i].raw);
	}
	assert_str(f.config->vars.help[5].description, "d");
	assert_int_equal(a->vars.n, 1);
	assert_str(a->vars.v[0].value, "1");
	fixture_release(&f);
}

static void rule_values(void **state)
{
	static const char text[] =
		"a:\n  script: x\n  rules:\n"
		"    - [{if: $A, changes: {paths: [p, q], compare_to: main}}]\n"
		"    - {exists: [f], when: delayed, start_in: 5 min, allow_failure: true}\n"
		"    - {when: manual, variables: {V: 1}, needs: [b, {job: c, optional: true}],"
		" interruptible: true}\n"
		"b: {script: x}\nc: {script: x}\n";
	struct fixture f;
	const struct rule_defs *rules;

	(void)state;
	fixture_init(&f);
	rules = &compile_job(&f, text, "a")->rules;
	assert_int_equal(rules->n, 3);
	assert_str(rules->v[0].if_text.s, "$A");
	assert_non_null(rules->v[0].expr);
	assert_int_equal(rules->v[0].changes->paths.n, 2);
	assert_str(rules->v[0].changes->compare_to.s, "main");
	assert_int_equal(rules->v[0].when, WHEN_UNSET);
	assert_int_equal(rules->v[0].interruptible, -1);
	assert_str(rules->v[1].exists->paths.v[0].s, "f");
	assert_int_equal(rules->v[1].when, WHEN_DELAYED);
	assert_str(rules->v[1].start_in.s, "5 min");
	assert_true(rules->v[1].allow_failure.set && rules->v[1].allow_failure.value);
	assert_int_equal(rules->v[2].vars.n, 1);
	assert_int_equal(rules->v[2].needs.n, 2);
	assert_true(rules->v[2].needs.v[1].optional);
	assert_true(rules->v[2].needs.v[1].artifacts);
	assert_int_equal(rules->v[2].interruptible, 1);
	fixture_release(&f);
}

static void two_pipelines_warning(void **state)
{
	static const struct {
		const char *text;
		unsigned warnings;
	} rows[] = {
		{JOB("rules: [{if: $A}, {when: always}]"), 1},
		{JOB("rules: [{if: $A}, {when: never}]"), 0},
		{JOB("rules: [{when: always}, {if: $A}]"), 0},
		{JOB("rules: [{if: $A}, {when: always, allow_failure: true}]"), 0},
		{"workflow: {rules: [{when: always}]}\n" JOB("rules: [{when: always}]"), 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture f;

		fixture_init(&f);
		compile_job(&f, rows[i].text, "a");
		assert_int_equal(f.diags.warnings, rows[i].warnings);
		fixture_release(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),
		cmocka_unit_test(only),
		cmocka_unit_test(workflow),
		cmocka_unit_test(variables),
		cmocka_unit_test(variable_values),
		cmocka_unit_test(rule_values),
		cmocka_unit_test(two_pipelines_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
