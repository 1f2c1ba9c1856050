/*
 * What each keyword of a job refuses, in GitLab's words: docs, CI/CD YAML syntax reference, section
 * by section. An empty expectation means that the text compiles.
 */
#include "config_test.h"
#include "rows.h"

#define SCRIPT_TYPE "config should be a string or a nested array of strings up to 10 levels deep"

static const struct error_row script_rows[] = {
	{"a: {script: }", "jobs:a script can't be blank"},
	{"a: {script: ''}", "jobs:a script can't be blank"},
	{"a: {script: []}", "jobs:a script can't be blank"},
	{"a: {script: 1}", "jobs:a:script " SCRIPT_TYPE},
	{"a: {script: [x, null]}", "jobs:a:script " SCRIPT_TYPE},
	{"a: {script: [x, true]}", "jobs:a:script " SCRIPT_TYPE},
	{"a:\n  script:\n    - echo a: b", "jobs:a:script " SCRIPT_TYPE},
	{"a: {script: [x, [y, [z]]]}", ""},
	{"a: {script: [[[[[[[[[[x]]]]]]]]]]}", ""},
	{"a: {script: [[[[[[[[[[[x]]]]]]]]]]]}", "jobs:a:script " SCRIPT_TYPE},
	{JOB("before_script: {a: b}"), "jobs:a:before_script " SCRIPT_TYPE},
	{JOB("after_script: 1"), "jobs:a:after_script " SCRIPT_TYPE},
	{JOB("before_script: [], after_script: []"), ""},
	{"Build App: {script: x, Artifacts: {}}",
		"jobs:build app config contains unknown keys: artifacts"},
	{JOB("foo: 1, bar: 2"), "jobs:a config contains unknown keys: foo, bar\n"
				"jobs:a config contains unknown keys: foo, bar"},
	{"a: {script: x, trigger: y}",
		"jobs:a config these keys cannot be used together: script, trigger"},
	{"a: {trigger: y, script: x}",
		"jobs:a config these keys cannot be used together: trigger, script"},
	{"a: {run: [{name: s, script: y}]}", ""},
	{"a: {script: x, run: [{name: s, script: y}]}",
		"jobs:a config these keys cannot be used together: script, run"},
	{"a: {before_script: x, run: [{name: s, script: y}]}",
		"jobs:a config these keys cannot be used together: before_script, run"},
};
ROWS(script)

static const struct error_row image_rows[] = {
	{JOB("image: 1"), "jobs:a:image config should be a hash or a string"},
	{JOB("image: [x]"), "jobs:a:image config should be a hash or a string"},
	{JOB("image: ''"), "jobs:a:image name can't be blank"},
	{JOB("image: {name: ''}"), "jobs:a:image name can't be blank"},
	{JOB("image: {}"), "jobs:a:image name should be a string"},
	{JOB("image: {name: 1}"), "jobs:a:image name should be a string"},
	{JOB("image: {name: i, entrypoint: x}"),
		"jobs:a:image entrypoint should be an array of strings"},
	{JOB("image: {name: i, entrypoint: ['']}"), ""},
	{JOB("image: {name: i, pull_policy: foo}"),
		"jobs:a:image:pull_policy config is not included in the list"},
	{JOB("image: {name: i, pull_policy: []}"),
		"jobs:a:image:pull_policy config can't be blank"},
	{JOB("image: {name: i, pull_policy: [foo]}"),
		"jobs:a:image:pull_policy config contains unknown values: foo"},
	{JOB("image: {name: i, pull_policy: [always, never]}"), ""},
	{JOB("image: {name: i, ports: [80]}"),
		"jobs:a:image config contains disallowed keys: ports"},
	{JOB("image: {name: i, foo: 1}"), "jobs:a:image config contains unknown keys: foo"},
	{JOB("image: {name: i, docker: {platform: arm64, user: dave}}"), ""},
	{JOB("services: x"), "jobs:a:services config should be an array"},
	{JOB("services: [x, {name: y, alias: z}]"), ""},
	{JOB("services: [[x], [[y]]]"), ""},
	{JOB("services: [1]"), "jobs:a:services:service config should be a hash or a string"},
	{JOB("services: [{name: y, alias: 1}]"),
		"jobs:a:services:service alias should be a string"},
	{JOB("services: [{name: y, command: 1}]"),
		"jobs:a:services:service command should be an array of strings or a string"},
	{JOB("services: [{name: y, variables: {A: {value: x}}}]"),
		"jobs:a:services:service:variables:a config must be a string"},
};
ROWS(image)

static const struct error_row simple_rows[] = {
	{JOB("stage: [x]"), "jobs:a:stage config should be a string"},
	{JOB("tags: x"), "jobs:a:tags config should be an array of strings"},
	{JOB("tags: [1]"), "jobs:a:tags config should be an array of strings"},
	{JOB("tags: [1a, [b]]"), "jobs:a:tags config should be an array of strings"},
	{JOB("tags: []"), ""},
	{JOB("tags: [t1,t2,t3,t4,t5,t6,t7,t8,t9,t10,t11,t12,t13,t14,t15,t16,t17,t18,t19,t20,t21,"
	     "t22,t23,t24,t25,t26,t27,t28,t29,t30,t31,t32,t33,t34,t35,t36,t37,t38,t39,t40,t41,t42,"
	     "t43,t44,t45,t46,t47,t48,t49]"),
		""},
	{JOB("tags: [t1,t2,t3,t4,t5,t6,t7,t8,t9,t10,t11,t12,t13,t14,t15,t16,t17,t18,t19,t20,t21,"
	     "t22,t23,t24,t25,t26,t27,t28,t29,t30,t31,t32,t33,t34,t35,t36,t37,t38,t39,t40,t41,t42,"
	     "t43,t44,t45,t46,t47,t48,t49,t50]"),
		"jobs:a:tags config must be less than the limit of 50 tags"},
	{JOB("when: never"),
		"jobs:a when should be one of: on_success, on_failure, always, manual, delayed"},
	{JOB("when: 1"), "jobs:a when should be a string"},
	{"a: {trigger: g/p, when: delayed}",
		"jobs:a when should be one of: on_success, on_failure, always, manual"},
	{JOB("when: delayed, start_in: 30 minutes"), ""},
	{JOB("when: delayed, start_in: '5'"), ""},
	{JOB("when: delayed, start_in: 5"), "jobs:a start in should be a duration"},
	{JOB("when: delayed, start_in: 8 days"), "jobs:a start in should not exceed the limit"},
	{JOB("when: delayed"), "jobs:a start in should be a duration"},
	{JOB("start_in: 1 day"), "jobs:a start in must be blank"},
	{JOB("start_in: 1 day, rules: [{when: always}]"),
		"jobs:a config key may not be used with `rules`: start_in"},
	{JOB("manual_confirmation: 1"), "jobs:a manual confirmation should be a string"},
	{JOB("allow_failure: x"), "jobs:a allow failure should be a hash or a boolean value"},
	{JOB("allow_failure: {}"), ""},
	{JOB("allow_failure: {exit_codes: x}"),
		"jobs:a:allow_failure exit codes should be an array of integers or an integer"},
	{JOB("allow_failure: {exit_codes: [1, 2]}"), ""},
	{JOB("allow_failure: {foo: 1}"), "jobs:a:allow_failure config contains unknown keys: foo"},
	{"a: {trigger: g/p, allow_failure: {exit_codes: 1}}",
		"jobs:a allow failure should be a boolean value"},
	{JOB("timeout: 3600"), "jobs:a:timeout config should be a duration"},
	{JOB("timeout: '0'"), "jobs:a:timeout config should be a duration"},
	{JOB("timeout: ''"), "jobs:a:timeout config should be a duration"},
	{JOB("timeout: '3600'"), ""},
	{JOB("timeout: 30 days"), ""},
	{JOB("timeout: 31 days"), "jobs:a:timeout config should not exceed the limit"},
	{JOB("interruptible: 'true'"), "jobs:a:interruptible config should be a boolean value"},
	{JOB("resource_group: 1"), "jobs:a resource group should be a string"},
	{JOB("coverage: foo"),
		"jobs:a:coverage config must be a regular expression with re2 syntax"},
	{JOB("coverage: /foo"),
		"jobs:a:coverage config must be a regular expression with re2 syntax"},
	{JOB("coverage: '/(/'"),
		"jobs:a:coverage config must be a regular expression with re2 syntax"},
	{JOB("coverage: 1"), "jobs:a:coverage config must be a regular expression with re2 syntax"},
	{JOB("coverage: '/(?=x)y/'"),
		"jobs:a:coverage config must be a regular expression with re2 syntax"},
	{JOB("coverage: '/Total.*?(\\d+)%/'"), ""},
	{JOB("coverage: '/x/i'"), ""},
	{JOB("hooks: x"), "jobs:a:hooks config should be a hash"},
	{JOB("hooks: {foo: x}"), "jobs:a:hooks config contains unknown keys: foo"},
	{JOB("hooks: {pre_get_sources_script: [x, 1]}"),
		"jobs:a:hooks:pre_get_sources_script " SCRIPT_TYPE},
	{JOB("id_tokens: x"), "jobs:a:id_tokens config should be a hash"},
	{JOB("id_tokens: {T: {}}"), "jobs:a:id_tokens:t config missing required keys: aud"},
	{JOB("id_tokens: {T: {aud: 1}}"),
		"jobs:a:id_tokens:t aud should be an array of strings or a string"},
	{JOB("id_tokens: {T: {aud: x, foo: 1}}"),
		"jobs:a:id_tokens:t config contains unknown keys: foo"},
	{JOB("id_tokens: {T: {aud: [x, y]}}"), ""},
	{JOB("identity: x"), "jobs:a identity should be one of: google_cloud"},
	{JOB("identity: google_cloud"), ""},
	{JOB("publish: x"), "jobs:a publish can only be used within a `pages` job"},
	{"pages: {script: x, publish: x}", ""},
	{JOB("pages: x"), "jobs:a:pages config should be a hash or a boolean value"},
	{JOB("pages: {path_prefix: 1}"), "jobs:a:pages path prefix should be a string"},
	{JOB("pages: {expire_in: foo}"), "jobs:a:pages expire in should be a duration"},
	{JOB("pages: {expire_in: never, publish: x}"), ""},
	{JOB("pages: {expire_in: $X}"), ""},
	{JOB("pages: {publish: 1}"), "jobs:a:pages publish should be a string"},
	{JOB("pages: {publish: p}, publish: q"), "a job: use either a:publish or a:pages:publish"},
};
ROWS(simple)

static const struct error_row needs_rows[] = {
	{JOB("needs: x"), "jobs:a:needs config can only be a hash or an array"},
	{JOB("needs: {}"), "jobs:a:needs config can not be an empty hash"},
	{JOB("needs: []"), ""},
	{JOB("needs: [1]"), "jobs:a:needs:need has an unsupported type"},
	{JOB("needs: [null]"), ""},
	{JOB("needs: [{}]"), "jobs:a:needs:need has an unsupported type"},
	{JOB("needs: [{pipeline: x}]"), "jobs:a:needs:need has an unsupported type"},
	{JOB("needs: ['']"), "jobs:a:needs:need config can't be blank"},
	{JOB("needs: [{job: b, foo: 1}]"), "jobs:a:needs:need config contains unknown keys: foo"},
	{JOB("needs: [{job: 1}]"), "jobs:a:needs:need job should be a string"},
	{JOB("needs: [{job: b, artifacts: x}]"),
		"jobs:a:needs:need artifacts should be a boolean value"},
	{JOB("needs: [{job: b, optional: x}]"),
		"jobs:a:needs:need optional should be a boolean value"},
	{JOB("needs: [{job: b, pipeline: 1}]"), "jobs:a:needs:need pipeline should be a string"},
	{JOB("needs: [{job: b, parallel: 2}]"),
		"jobs:a:needs config cannot use \"parallel: <number>\"."},
	{JOB("needs: [{pipeline: '1', job: a},{pipeline: '2', job: a},{pipeline: '3', job: a},"
	     "{pipeline: '4', job: a},{pipeline: '5', job: a},{pipeline: '6', job: a}]"),
		"jobs:a:needs config must be less than or equal to 5"},
	{"a: {trigger: g/p, needs: [{pipeline: '1', job: b}]}",
		"jobs:a:needs config uses invalid types: cross_dependency"},
	{"a: {needs: [b]}", "jobs:a config should contain either a trigger or a needs:pipeline\n"
			    "a job: undefined need: b"},
	{"a: {needs: {pipeline: g/p}}", ""},
	{"a: {needs: [{pipeline: g/p}, {pipeline: g/q}]}",
		"jobs:a config should contain at most one bridge need"},
	{JOB("dependencies: x"), "jobs:a dependencies should be an array of strings"},
	{JOB("needs: [b], dependencies: [c]"), "a job: undefined need: b\n"
					       "jobs:a dependencies the c should be part of needs"},
	{JOB("needs: [{pipeline: '1', job: b}], dependencies: [c]"),
		"jobs:a needs corresponding to dependencies must be from the same pipeline"},
};
ROWS(needs)

static const struct error_row parallel_rows[] = {
	{JOB("parallel: 0"), "jobs:a:parallel config must be greater than or equal to 1"},
	{JOB("parallel: 201"), "jobs:a:parallel config must be less than or equal to 200"},
	{JOB("parallel: 200"), ""},
	{JOB("parallel: 2.5"), "jobs:a:parallel config must be an integer"},
	{JOB("parallel: '2'"), "jobs:a:parallel should be an integer or a hash"},
	{JOB("parallel: []"), "jobs:a:parallel should be an integer or a hash"},
	{JOB("parallel: {}"), "jobs:a:parallel config missing required keys: matrix"},
	{JOB("parallel: {matrix: [], foo: 1}"),
		"jobs:a:parallel config contains unknown keys: foo"},
	{JOB("parallel: {matrix: x}"),
		"jobs:a:parallel:matrix config should be an array of hashes"},
	{JOB("parallel: {matrix: [x]}"),
		"jobs:a:parallel:matrix config should be an array of hashes"},
	{JOB("parallel: {matrix: [{}]}"),
		"jobs:a:parallel:matrix:variables config requires at least 1 items"},
	{JOB("parallel: {matrix: []}"), ""},
	{JOB("parallel: {matrix: [{A: []}]}"), ""},
	{JOB("parallel: {matrix: [{A: true}]}"), "jobs:a:parallel:matrix:variables config should "
						 "be a hash of key value pairs, value "
						 "can be an array"},
	{JOB("parallel: {matrix: [{A: 1.5}]}"), "jobs:a:parallel:matrix:variables config should be "
						"a hash of key value pairs, value "
						"can be an array"},
	{JOB("parallel: {matrix: [{A: [[x]]}]}"), "jobs:a:parallel:matrix:variables config should "
						  "be a hash of key value pairs, value "
						  "can be an array"},
	{JOB("parallel: {matrix: [{A: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15], "
	     "B: [1,2,3,4,5,6,7,8,9,10,11,12,13,14]}]}"),
		"jobs:a:parallel:matrix config generates too many jobs (maximum is 200)"},
	{"a: {trigger: g/p, parallel: 2}",
		"jobs:a:parallel config cannot use \"parallel: <number>\"."},
	{"a: {trigger: g/p, parallel: {matrix: [{A: x}]}}", ""},
};
ROWS(parallel)

static const struct error_row retry_rows[] = {
	{JOB("retry: 3"), "retry config must be less than or equal to 2"},
	{JOB("retry: -1"), "retry config must be greater than or equal to 0"},
	{JOB("retry: '1'"), "retry config has to be either an integer or a hash"},
	{JOB("retry: 1.5"), "retry config has to be either an integer or a hash"},
	{JOB("retry: {max: 3}"), "retry max must be less than or equal to 2"},
	{JOB("retry: {max: x}"), "retry max is not a number"},
	{JOB("retry: {when: foo}"), "retry when is not included in the list"},
	{JOB("retry: {when: [foo]}"), "retry when contains unknown values: foo"},
	{JOB("retry: {when: [foo, always, bar]}"), "retry when contains unknown values: foo, bar\n"
						   "retry when contains unknown values: foo, bar"},
	{JOB("retry: {when: [always, script_failure]}"), ""},
	{JOB("retry: {exit_codes: x}"),
		"retry exit codes should be an array of integers or an integer"},
	{JOB("retry: {foo: 1}"), "retry config contains unknown keys: foo"},
	{JOB("retry: {max: 2, when: [runner_system_failure], exit_codes: [137]}"), ""},
};
ROWS(retry)

#define ENV_NAME                                                                                 \
	"name can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', and spaces, " \
	"but it cannot start or end with '/'"

static const struct error_row environment_rows[] = {
	{JOB("environment: [x]"), "jobs:a:environment config should be a hash or a string"},
	{JOB("environment: ''"), "jobs:a:environment name can't be blank"},
	{JOB("environment: {}"), "jobs:a:environment name can't be blank"},
	{JOB("environment: {name: 'a:b'}"), "jobs:a:environment " ENV_NAME},
	{JOB("environment: {name: /x}"), "jobs:a:environment " ENV_NAME},
	{JOB("environment: review/$CI_COMMIT_REF_SLUG"), ""},
	{JOB("environment: {name: x, url: 1}"), "jobs:a:environment url should be a string"},
	{JOB("environment: {name: x, action: foo}"),
		"jobs:a:environment action should be start, stop, prepare, verify, or access"},
	{JOB("environment: {name: x, on_stop: 1}"),
		"jobs:a:environment on stop should be a string"},
	{JOB("environment: {name: x, auto_stop_in: 1}"),
		"jobs:a:environment auto stop in should be a string"},
	{JOB("environment: {name: x, deployment_tier: 1}"),
		"jobs:a:environment deployment tier should be a string"},
	{JOB("environment: {name: x, kubernetes: x}"),
		"jobs:a:environment kubernetes should be a hash"},
	{JOB("environment: {name: x, kubernetes: {}}"),
		"jobs:a:environment:kubernetes config can't be blank"},
	{JOB("environment: {name: x, kubernetes: {agent: g/p:a, flux_resource_path: r}}"),
		"jobs:a:environment:kubernetes namespace can't be blank"},
	{JOB("environment: {name: x, kubernetes: {namespace: n, flux_resource_path: r}}"),
		"jobs:a:environment:kubernetes agent can't be blank"},
	{JOB("environment: {name: x, foo: 1}"),
		"jobs:a:environment config contains unknown keys: foo"},
	{JOB("environment: {name: x, on_stop: s}"), "a job: on_stop job s is not defined"},
	{JOB("environment: {name: x, on_stop: s}") "\ns: {script: x}",
		"a job: on_stop job s does not have environment defined"},
	{JOB("environment: {name: x, on_stop: s}") "\ns: {script: x, environment: y}",
		"a job: on_stop job s have different environment name"},
	{JOB("environment: {name: x, on_stop: s}") "\ns: {script: x, environment: x}",
		"a job: on_stop job s needs to have action stop defined"},
	{JOB("environment: {name: x, on_stop: s}") "\ns: {script: x, environment: {name: x, "
						   "action: stop}}",
		""},
};
ROWS(environment)

static const struct error_row artifacts_rows[] = {
	{JOB("artifacts: x"), "jobs:a:artifacts config should be a hash"},
	{JOB("artifacts: {}"), ""},
	{JOB("artifacts: {paths: x}"), "jobs:a:artifacts paths should be an array of strings"},
	{JOB("artifacts: {exclude: x}"), "jobs:a:artifacts exclude should be an array of strings"},
	{JOB("artifacts: {name: 1}"), "jobs:a:artifacts name should be a string"},
	{JOB("artifacts: {when: x}"),
		"jobs:a:artifacts when should be one of: on_success, on_failure, always"},
	{JOB("artifacts: {expire_in: x}"), "jobs:a:artifacts expire in should be a duration"},
	{JOB("artifacts: {expire_in: 7}"), "jobs:a:artifacts expire in should be a duration"},
	{JOB("artifacts: {expire_in: Never}"), ""},
	{JOB("artifacts: {untracked: x}"), "jobs:a:artifacts untracked should be a boolean value"},
	{JOB("artifacts: {public: x}"), "jobs:a:artifacts public should be a boolean value"},
	{JOB("artifacts: {public: true, access: all}"),
		"jobs:a:artifacts config these keys cannot be used together: public, access"},
	{JOB("artifacts: {access: all, public: true}"),
		"jobs:a:artifacts config these keys cannot be used together: access, public"},
	{JOB("artifacts: {access: x}"),
		"jobs:a:artifacts access should be one of: none, developer, maintainer, all"},
	{JOB("artifacts: {expose_as: x}"), "jobs:a:artifacts paths can't be blank"},
	{JOB("artifacts: {expose_as: 'x!', paths: [p]}"),
		"jobs:a:artifacts expose as can contain only letters, digits, '-', '_' and spaces"},
	{JOB("artifacts: {expose_as: x y, paths: ['p*']}"),
		"jobs:a:artifacts paths can't contain '*' when used with 'expose_as'"},
	{JOB("artifacts: {reports: x}"), "jobs:a:artifacts reports should be a hash"},
	{JOB("artifacts: {reports: {cobertura: x}}"),
		"jobs:a:artifacts:reports config contains unknown keys: cobertura"},
	{JOB("artifacts: {reports: {junit: 1}}"),
		"jobs:a:artifacts:reports junit should be an array of strings or a string"},
	{JOB("artifacts: {reports: {junit: [x, y], dotenv: z, sast: null}}"), ""},
	{JOB("artifacts: {reports: {coverage_report: {coverage_format: x, path: y}}}"),
		"jobs:a:artifacts:reports:coverage_report coverage format must be one of supported "
		"formats: cobertura, jacoco."},
	{JOB("artifacts: {reports: {coverage_report: {coverage_format: cobertura}}}"),
		"jobs:a:artifacts:reports:coverage_report path can't be blank"},
	{JOB("artifacts: {foo: x}"), "jobs:a:artifacts config contains unknown keys: foo"},
};
ROWS(artifacts)

static const struct error_row cache_rows[] = {
	{JOB("cache: x"), "jobs:a:caches config can only be a hash or an array"},
	{JOB("cache: {}"), ""},
	{JOB("cache: [{key: a},{key: b},{key: c},{key: d}]"), ""},
	{JOB("cache: [{key: a},{key: b},{key: c},{key: d},{key: e}]"),
		"jobs:a:caches config no more than 4 caches can be created"},
	{JOB("cache: {key: a/b}"), "jobs:a:cache:key config cannot contain the \"/\" character"},
	{JOB("cache: {key: a%2Fb}"), "jobs:a:cache:key config cannot contain the \"/\" character"},
	{JOB("cache: {key: '..'}"), "jobs:a:cache:key config cannot be \".\" or \"..\""},
	{JOB("cache: {key: '%2E'}"), "jobs:a:cache:key config cannot be \".\" or \"..\""},
	{JOB("cache: {key: 1}"), "jobs:a:cache:key should be a hash, a string or a symbol"},
	{JOB("cache: {key: {}}"),
		"jobs:a:cache:key config must use exactly one of these keys: files, files_commits"},
	{JOB("cache: {key: {files: [a], files_commits: [b]}}"),
		"jobs:a:cache:key config must use exactly one of these keys: files, files_commits"},
	{JOB("cache: {key: {files: a}}"),
		"jobs:a:cache:key:files config should be an array of strings"},
	{JOB("cache: {key: {files: []}}"),
		"jobs:a:cache:key:files config requires at least 1 item"},
	{JOB("cache: {key: {files: [a, b, c]}}"),
		"jobs:a:cache:key:files config has too many items (maximum is 2)"},
	{JOB("cache: {policy: foo}"),
		"jobs:a:cache policy should be a variable or one of: pull-push, push, pull"},
	{JOB("cache: {policy: xpullx}"), ""},
	{JOB("cache: {policy: $P}"), ""},
	{JOB("cache: {when: foo}"),
		"jobs:a:cache when should be one of: on_success, on_failure, always"},
	{JOB("cache: {paths: x}"), "jobs:a:cache:paths config should be an array of strings"},
	{JOB("cache: {untracked: x}"), "jobs:a:cache:untracked config should be a boolean value"},
	{JOB("cache: {fallback_keys: [a,b,c,d,e,f]}"),
		"jobs:a:cache fallback keys has to many entries (maximum 5)"},
	{JOB("cache: {foo: x}"), "jobs:a:cache config contains unknown keys: foo"},
};
ROWS(cache)

static const struct error_row release_rows[] = {
	{JOB("release: {tag_name: t, description: d}"), ""},
	{JOB("release: x"), "jobs:a:release config should be a hash"},
	{JOB("release: {description: d}"), "jobs:a:release tag name should be a string, "
					   "jobs:a:release tag name can't be blank"},
	{JOB("release: {tag_name: t, description: 1}"),
		"jobs:a:release description should be a string"},
	{JOB("release: {tag_name: t, description: d, released_at: foo}"),
		"jobs:a:release released at must be a valid datetime"},
	{JOB("release: {tag_name: t, description: d, released_at: '2021-03-15T08:00:00Z'}"), ""},
	{JOB("release: {tag_name: t, description: d, milestones: 1}"),
		"jobs:a:release milestones should be an array of strings or a string"},
	{JOB("release: {tag_name: t, description: d, ref: 'a b'}"),
		"jobs:a:release ref must be a valid ref"},
	{JOB("release: {tag_name: t, description: d, ref: $CI_COMMIT_SHA}"), ""},
	{JOB("release: {tag_name: t, description: d, assets: {links: x}}"),
		"jobs:a:release:assets links should be an array of hashes"},
	{JOB("release: {tag_name: t, description: d, assets: {}}"),
		"jobs:a:release:assets links should be an array of hashes, jobs:a:release:assets "
		"links can't be blank"},
	{JOB("release: {tag_name: t, description: d, catalog_publish: true}"),
		"jobs:a:release config contains unknown keys: catalog_publish"},
};
ROWS(release)

static const struct error_row trigger_rows[] = {
	{"a: {trigger: g/p}", ""},
	{"a: {trigger: ''}", "jobs:a:trigger config can't be blank"},
	{"a: {trigger: null}", "jobs:a config should contain either a trigger or a needs:pipeline"},
	{"a: {trigger: []}", "jobs:a:trigger has to be either a string or a hash"},
	{"a: {trigger: {}}", "jobs:a:trigger config can't be blank, jobs:a:trigger project should "
			     "be a string, jobs:a:trigger project can't be blank"},
	{"a: {trigger: {branch: x}}",
		"jobs:a:trigger project should be a string, jobs:a:trigger project can't be blank"},
	{"a: {trigger: {project: 1}}", "jobs:a:trigger project should be a string"},
	{"a: {trigger: {project: p, include: x.yml}}",
		"jobs:a:trigger config contains unknown keys: project"},
	{"a: {trigger: {include: x.yml, inputs: {}}}",
		"jobs:a:trigger config contains unknown keys: inputs"},
	{"a: {trigger: {project: p, strategy: x}}",
		"jobs:a:trigger strategy should be depend or mirror"},
	{"a: {trigger: {project: p, strategy: mirror}}", ""},
	{"a: {trigger: {project: p, inputs: x}}", "jobs:a:trigger inputs should be a hash"},
	{"a: {trigger: {include: [a.yml, b.yml, c.yml, d.yml]}}",
		"jobs:a:trigger:include config is too long (maximum is 3)"},
	{"a: {trigger: {include: {local: x.yml}}}",
		"jobs:a:trigger:include config should be an array or a string"},
	{"a: {trigger: {include: [{local: x.yml, inputs: {a: 1}}]}}", ""},
	{"a: {trigger: {project: p, forward: {foo: true}}}",
		"jobs:a:trigger:forward config contains unknown keys: foo"},
	{"a: {trigger: {project: p, forward: {yaml_variables: x}}}",
		"jobs:a:trigger:forward yaml variables should be a boolean value"},
	{"a: {trigger: {include: [{artifact: x.yml, job: gen}]}}",
		"a job: undefined dependency: gen"},
	{"a: {stage: build, trigger: {include: [{artifact: x.yml, job: gen}]}}\n"
	 "gen: {stage: test, script: x}",
		"a job: dependency gen is not defined in current or prior stages"},
	{"a: {trigger: {include: [{artifact: x.yml, job: 'gen: [a]'}]}}\n"
	 "gen: {script: x, parallel: {matrix: [{A: a}]}}",
		""},
	{"a: {trigger: g/p, image: x}", "jobs:a config contains unknown keys: image"},
	{"a: {trigger: g/p, variables: {A: 1}, environment: x, resource_group: r, stage: deploy, "
	 "needs: [], rules: [{when: always}]}",
		""},
};
ROWS(trigger)

static const struct error_row ee_rows[] = {
	{JOB("secrets: {A: {vault: a/b@c, file: false}}"), ""},
	{JOB("secrets: {A: {gcp_secret_manager: {name: x}}}"), ""},
	{JOB("secrets: x"), "jobs:a:secrets config should be a hash"},
	{JOB("secrets: {A: {foo: x, vault: y}}"),
		"jobs:a:secrets:a config contains unknown keys: foo"},
	{JOB("dast_configuration: {site_profile: x, scanner_profile: y}"), ""},
	{JOB("dast_configuration: {foo: x}"),
		"jobs:a:dast_configuration config contains unknown keys: foo"},
};
ROWS(ee)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(script),
		cmocka_unit_test(image),
		cmocka_unit_test(simple),
		cmocka_unit_test(needs),
		cmocka_unit_test(parallel),
		cmocka_unit_test(retry),
		cmocka_unit_test(environment),
		cmocka_unit_test(artifacts),
		cmocka_unit_test(cache),
		cmocka_unit_test(release),
		cmocka_unit_test(trigger),
		cmocka_unit_test(ee),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
