/* spec:inputs, the values of inputs, $[[ ]] and its functions; inputs of jobs. */
#include "config_test.h"
#include "rows.h"

#define JX         "\n---\nj: {script: '$[[ inputs.x ]]'}"
#define SPEC(defs) "spec: {inputs: {" defs "}}"

struct input_row {
	const char *text, *inputs; /* the pipeline's, as YAML; NULL: none */
	const char *gitlab;        /* errors, or NULL */
	const char *path, *yaml;   /* what came out */
};

static void run_rows(const struct input_row *rows, size_t n)
{
	unsigned bad = 0;

	for (size_t i = 0; i < n; i++) {
		CLEANUP(buf_release) struct buf got = BUF_INIT;
		struct fixture f;

		fixture_init(&f);
		fixture_var(&f, "V", "value");
		if (rows[i].inputs)
			fixture_inputs(&f, rows[i].inputs);
		fixture_compile(&f, rows[i].text);
		collect_errors(&f, &got);
		if (!str_eq(buf_str(&got), str_c(rows[i].gitlab ? rows[i].gitlab : ""))) {
			print_error("row %zu:\n%s\ngave:\n%s\nnot:\n%s\n", i, rows[i].text, got.p,
				rows[i].gitlab ? rows[i].gitlab : "");
			bad++;
		} else if (rows[i].path) {
			assert_yaml(&f, rows[i].path, rows[i].yaml);
		}
		fixture_release(&f);
	}
	assert_int_equal(bad, 0);
}

static void header(void **state)
{
	static const struct input_row rows[] = {
		{"spec: {}\n---\nj: {script: x}", NULL, NULL, NULL, NULL},
		{"spec:\n---\nj: {script: x}", NULL, NULL, NULL, NULL},
		{"spec: {}\nfoo: 1\n---\nj: {script: x}", NULL,
			"header config contains unknown keys: foo", NULL, NULL},
		{"spec: {foo: 1}\n---\nj: {script: x}", NULL,
			"header:spec config contains unknown keys: foo", NULL, NULL},
		{"spec: {component: [foo]}\n---\nj: {script: x}", NULL,
			"header:spec:component config contains unknown values: foo", NULL, NULL},
		{SPEC("x: {type: foo}") JX, NULL,
			"header:spec:inputs:x input type unknown value: foo", NULL, NULL},
		{SPEC("x: {foo: 1}") JX, NULL,
			"header:spec:inputs:x config contains unknown keys: foo", NULL, NULL},
		{SPEC("x: {description: [a]}") JX, NULL,
			"header:spec:inputs:x input description must be an alphanumeric string",
			NULL, NULL},
		{SPEC("x: {regex: 1}") JX, NULL,
			"header:spec:inputs:x input regex should be a string", NULL, NULL},
		{SPEC("x: {options: [a, null]}") JX, NULL,
			"header:spec:inputs:x config options array cannot contain null values",
			NULL, NULL},
		{SPEC("x: {rules: [{default: a}], options: [a]}") JX, NULL,
			"header:spec:inputs:x config these keys cannot be used together: rules, "
			"options",
			NULL, NULL},
	};

	(void)state;
	run_rows(rows, ARRAY_SIZE(rows));
}

static void values(void **state)
{
	static const struct input_row rows[] = {
		{SPEC("x: ") JX, NULL, "`x` input: required value has not been provided", NULL,
			NULL},
		{SPEC("x: ") JX, "x: hi", NULL, "j/script", "hi\n"},
		{SPEC("x: {default: hi}") JX, NULL, NULL, "j/script", "hi\n"},
		{SPEC("x: {default: hi}") JX, "x: null", NULL, "j/script", "hi\n"},
		{SPEC("x: {default: hi}") JX, "x: 1", NULL, "j/script", "\"1\"\n"},
		{SPEC("x: {default: null}") "\n---\nj: {script: 'a$[[ inputs.x ]]'}", NULL, NULL,
			"j/script", "a\n"},
		{SPEC("x: {type: number}") JX, "x: foo",
			"`x` input: provided value is not a number", NULL, NULL},
		{SPEC("x: {type: number}") "\n---\nj: {script: x, parallel: '$[[ inputs.x ]]'}",
			"x: '5'", NULL, "j/parallel", "5\n"},
		{SPEC("x: {type: boolean, default: 'yes'}") JX, NULL,
			"`x` input: default value is not a boolean", NULL, NULL},
		{SPEC("x: {type: boolean}") "\n---\nj: {script: x, interruptible: '$[[ inputs.x "
					    "]]'}",
			"x: 'true'", NULL, "j/interruptible", "true\n"},
		{SPEC("x: {type: array}") JX, "x: foo", "`x` input: provided value is not an array",
			NULL, NULL},
		{SPEC("x: {type: array}") JX, "x: '[\"a\", \"b\"]'", NULL, "j/script",
			"- a\n- b\n"},
		{SPEC("x: ") JX, "x: [a]", NULL, "j/script", "\"[\\\"a\\\"]\"\n"},
		{SPEC("x: {options: [a, b]}") JX, "x: d",
			"`x` input: `d` cannot be used because it is not in the list of allowed "
			"options",
			NULL, NULL},
		{SPEC("x: {options: [a, b]}") JX, "x: b", NULL, "j/script", "b\n"},
		{SPEC("x: {type: number, options: [1, 2]}") JX, "x: 3",
			"`x` input: `3` cannot be used because it is not in the list of the "
			"allowed "
			"options",
			NULL, NULL},
		{SPEC("x: {type: boolean, options: [true]}") JX, "x: true",
			"`x` input: Options can only be used with string and number inputs", NULL,
			NULL},
		{SPEC("x: {type: number, regex: a}") JX, "x: 1",
			"`x` input: RegEx validation can only be used with string inputs", NULL,
			NULL},
		{SPEC("x: {regex: '^v\\d+'}") JX, "x: w1",
			"`x` input: provided value does not match required RegEx pattern", NULL,
			NULL},
		{SPEC("x: {regex: '^v\\d+', default: w}") JX, NULL,
			"`x` input: default value does not match required RegEx pattern", NULL,
			NULL},
		{SPEC("x: {default: a}") JX, "y: 1", "unknown input arguments: y", NULL, NULL},
		{"j: {script: x}", "y: 1",
			"Given inputs not defined in the `spec` section of the included "
			"configuration "
			"file",
			NULL, NULL},
		{SPEC("x: {default: a}") JX, "[a]", "Given inputs must be a hash", NULL, NULL},
	};

	(void)state;
	run_rows(rows, ARRAY_SIZE(rows));
}

#define RULES                                                                            \
	"spec:\n  inputs:\n    a: {default: p, options: [p, q]}\n    b:\n      rules:\n" \
	"        - {if: \"$[[ inputs.a ]] == 'p'\", options: [x, y], default: x}\n"      \
	"        - {options: [z], default: z}\n---\nj: {script: 'v$[[ inputs.b ]]'}"

static void input_rules(void **state)
{
	static const struct input_row rows[] = {
		{RULES, NULL, NULL, "j/script", "vx\n"},
		{RULES, "a: q", NULL, "j/script", "vz\n"},
		{RULES, "{a: p, b: y}", NULL, "j/script", "vy\n"},
		{RULES, "{a: p, b: ''}", NULL, "j/script", "vx\n"},
		{RULES, "{a: q, b: x}",
			"`b` input: `x` cannot be used because it is not in the list of allowed "
			"options",
			NULL, NULL},
		{SPEC("x: {rules: [{options: [], default: a}]}") JX, NULL,
			"`x` input: `a` cannot be used because it is not in the list of allowed "
			"options",
			NULL, NULL},
		{SPEC("x: {rules: [{options: [a]}]}") JX, NULL,
			"`x` input: rule must define 'options' with at least one value and a "
			"'default'",
			NULL, NULL},
		{SPEC("x: {rules: [{options: [a], default: b}]}") JX, NULL,
			"`x` input: default 'b' must be one of the options", NULL, NULL},
		{SPEC("x: {rules: [{if: '$[[ inputs.z ]]', options: [a], default: a}]}") JX, NULL,
			"jobs:j script can't be blank", NULL, NULL},
		{SPEC("x: {rules: [{if: '$[[ inputs.x ]]', options: [a], default: a}]}") JX, "x: a",
			NULL, "j/script", "a\n"},
	};

	(void)state;
	run_rows(rows, ARRAY_SIZE(rows));
}

#define ARR \
	SPEC("x: {type: array, default: [i, 1]}, y: {default: Y}, z: {type: array, default: []}")

static void blocks(void **state)
{
	static const struct input_row rows[] = {
		{"j: {script: '$[[ inputs.x ]]'}", NULL, NULL, "j/script", "$[[ inputs.x ]]\n"},
		{ARR "\n---\nj: {script: [p, '$[[ inputs.z ]]', '$[[ inputs.y ]]']}", NULL, NULL,
			"j/script", "- p\n- Y\n"},
		{ARR "\n---\nj: {script: ['a $[[ inputs.x ]] b']}", NULL, NULL, "j/script",
			"- a [\"i\", 1] b\n"},
		{ARR "\n---\n'$[[ inputs.y ]]-t': {script: x}", NULL, NULL, "Y-t/script", "x\n"},
		{ARR "\n---\nj: {script: '$[[ inputs.x[0] ]]'}", NULL, NULL, "j/script", "i\n"},
		{ARR "\n---\nj: {script: ['$[[x]]', '$[[ ]]', '$[[ a ]]']}", NULL, NULL, "j/script",
			"- $[[x]]\n- $[[ ]]\n- $[[ a ]]\n"},
		{ARR "\n---\nj: {script: ['$[[ matrix.P ]]']}", NULL, NULL, "j/script",
			"- $[[ matrix.P ]]\n"},
		{ARR "\n---\nj: {script: ['$[[inputs.y]]-$[[inputs.y]]']}", NULL, NULL, "j/script",
			"- Y-Y\n"},
		{SPEC("y: {default: '$[[ inputs.y ]]'}") "\n---\nj: {script: ['v $[[ inputs.y "
							 "]]']}",
			NULL, NULL, "j/script", "- v $[[ inputs.y ]]\n"},
		{ARR "\n---\nj: {script: '$[[ inputs ]]'}", NULL,
			"invalid pattern used for interpolation. valid pattern is $[[ inputs.input "
			"]]",
			NULL, NULL},
		{ARR "\n---\nj: {script: '$[[ inputs.q ]]'}", NULL,
			"unknown interpolation provided: `q` in `inputs.q`", NULL, NULL},
		{ARR "\n---\nj: {script: '$[[ inputs.x[3] ]]'}", NULL,
			"array index 3 out of bounds (size: 2) in `inputs.x[3]`", NULL, NULL},
		{ARR "\n---\nj: {script: '$[[ inputs.x[a] ]]'}", NULL,
			"invalid array index in `inputs.x[a]`: `a` is not a valid index", NULL,
			NULL},
		{ARR "\n---\nj: {script: '$[[ inputs.y[0] ]]'}", NULL,
			"cannot index into non-array value at [0] in `inputs.y[0]`", NULL, NULL},
		{SPEC("x: {type: array, default: [{k: v}]}") "\n---\nj: {script: '$[[ "
							     "inputs.x[0].k ]]'}",
			NULL, NULL, "j/script", "v\n"},
		{SPEC("r: {type: array, default: [{if: $A}]}") "\n---\nj: {script: x, rules: '$[[ "
							       "inputs.r ]]'}",
			NULL, NULL, "j/rules", "- if: $A\n"},
	};

	(void)state;
	run_rows(rows, ARRAY_SIZE(rows));
}

#define FN(call)                                                                            \
	SPEC("x: {default: '0123456789'}, e: {default: ''}, n: {type: number, default: 1}") \
	"\n---\nj: {script: ['a', '$[[ inputs." call " ]]']}"

static void functions(void **state)
{
	static const struct input_row rows[] = {
		{FN("x | truncate(3,5)"), NULL, NULL, "j/script", "- a\n- \"34567\"\n"},
		{FN("x | truncate( 3 , 5"), NULL, NULL, "j/script", "- a\n- \"34567\"\n"},
		{FN("x | truncate(30,5)"), NULL, NULL, "j/script", "- a\n- \"\"\n"},
		{FN("n | truncate(0,1)"), NULL,
			"error in `truncate` function: invalid input type: truncate can only be "
			"used "
			"with string inputs",
			NULL, NULL},
		{FN("x | foo"), NULL,
			"no function matching `foo`: check that the function name, arguments, and "
			"types "
			"are correct",
			NULL, NULL},
		{FN("x | truncate(0,9) | truncate(0,8) | truncate(0,7) | truncate(0,6)"), NULL,
			"too many functions in interpolation block", NULL, NULL},
		{FN("e | posix_escape"), NULL, NULL, "j/script", "- a\n- \"''\"\n"},
		{SPEC("x: {default: \"a b'c\"}") "\n---\nj: {script: ['$[[ inputs.x | posix_escape "
						 "]]']}",
			NULL, NULL, "j/script", "- a\\ b\\'c\n"},
		{SPEC("x: {default: '$V-$W'}") "\n---\nj: {script: ['$[[ inputs.x | expand_vars "
					       "]]']}",
			NULL, NULL, "j/script", "- value-$W\n"},
		{SPEC("x: {default: 'a, b,,c'}") "\n---\nj: {script: [\"$[[ inputs.x | split(',') "
						 "]]\"]}",
			NULL, NULL, "j/script", "- a\n- b\n- c\n"},
	};

	(void)state;
	run_rows(rows, ARRAY_SIZE(rows));
}

static void masked_variable(void **state)
{
	CLEANUP(buf_release) struct buf got = BUF_INIT;
	struct fixture f;
	struct var secret = {
		.key = STR("S"), .value = STR("hush"), .layer = VAR_PROJECT, .masked = true};

	(void)state;
	fixture_init(&f);
	varset_put(&f.vars, &secret);
	fixture_compile(&f, SPEC("x: {default: 'a${S}'}") "\n---\nj: {script: ['$[[ inputs.x | "
							  "expand_vars ]]']}");
	collect_errors(&f, &got);
	assert_string_equal(got.p, "error in `expand_vars` function: variable expansion error: "
				   "masked variables cannot "
				   "be expanded");
	fixture_release(&f);
}

static void included_inputs(void **state)
{
	static const struct test_file files[] = {{"local:svc.yml",
		"spec:\n  inputs:\n    name:\n    tags: {type: array, default: [docker]}\n"
		"    n: {type: number, default: 2}\n    extra: {type: array, default: []}\n---\n"
		"\"$[[ inputs.name ]]-test\":\n  tags: $[[ inputs.tags ]]\n"
		"  parallel: $[[ inputs.n ]]\n  script:\n    - echo \"n is $[[ inputs.n ]]\"\n"
		"    - \"$[[ inputs.extra ]]\"\n    - echo $[[ inputs.name | truncate(0,3) ]]\n"}};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_files(&f, files, 1);
	compile_job(&f,
		"include:\n  - {local: svc.yml, inputs: {name: payments, extra: [make, make "
		"check]}}\n"
		"  - {local: svc.yml, inputs: {name: web}}\n",
		"payments-test");
	assert_yaml(&f, "payments-test/script",
		"- echo \"n is 2\"\n- make\n- make check\n- echo pay\n");
	assert_yaml(&f, "payments-test/parallel", "2\n");
	assert_yaml(&f, "payments-test/tags", "- docker\n");
	assert_yaml(&f, "web-test/script", "- echo \"n is 2\"\n- echo web\n");
	fixture_release(&f);
}

/* Its own includes see no variables, but expand_vars does. */
static void remote_expand_vars(void **state)
{
	static const struct test_file files[] = {{"remote:https://x/a.yml",
		SPEC("x: {default: a-$V}") "\n---\nj: {script: '$[[ inputs.x | expand_vars ]]'}"}};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_var(&f, "V", "value");
	fixture_files(&f, files, 1);
	compile_job(&f, "include: 'https://x/a.yml'", "j");
	assert_yaml(&f, "j/script", "a-value\n");
	fixture_release(&f);
}

struct included_row {
	const char *text, *file, *gitlab;
};

static void included_faults(void **state)
{
	static const struct included_row rows[] = {
		{"include: a.yml", "spec: {inputs: {x: }}\n---\nj: {script: x}",
			"`a.yml`: `x` input: required value has not been provided"},
		{"include: {local: a.yml, inputs: {y: 1}}", "j: {script: x}",
			"`a.yml`: Given inputs not defined in the `spec` section of the included "
			"configuration file"},
		{"include: {local: a.yml, inputs: {y: 1}}",
			"spec: {inputs: {x: {default: 1}}}\n---\nj: {script: x}",
			"`a.yml`: unknown input arguments: y"},
		{"include: a.yml", "spec: {foo: 1}\n---\nj: {script: x}",
			"`a.yml`: header:spec config contains unknown keys: foo"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf got = BUF_INIT;
		struct test_file file = {"local:a.yml", rows[i].file};
		struct fixture f;

		fixture_init(&f);
		fixture_files(&f, &file, 1);
		fixture_compile(&f, rows[i].text);
		collect_errors(&f, &got);
		assert_string_equal(got.p, rows[i].gitlab);
		fixture_release(&f);
	}
}

static void components(void **state)
{
	static const struct test_file files[] = {{"component:h/g/p/c@~latest",
		"spec: {component: [sha, version, reference]}\n---\n"
		"j: {script: 'v $[[ component.version ]] $[[ component.sha ]] "
		"$[[ component.reference ]]'}"}};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_files(&f, files, 1);
	compile_job(&f, "include: {component: h/g/p/c@~latest}", "j");
	assert_yaml(&f, "j/script", "v 1.2.3 abc123 ~latest\n");
	fixture_release(&f);
}

static void spec_include(void **state)
{
	static const struct test_file files[] = {
		{"local:in.yml", "inputs: {x: {default: fromfile}}"},
		{"local:bad.yml", "inputs: {x: }\njob: {}"}};
	CLEANUP(buf_release) struct buf got = BUF_INIT;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_files(&f, files, ARRAY_SIZE(files));
	compile_job(&f,
		"spec: {include: [{local: in.yml}], inputs: {y: {default: own}}}\n---\n"
		"j: {script: '$[[ inputs.x ]] $[[ inputs.y ]]'}",
		"j");
	assert_yaml(&f, "j/script", "fromfile own\n");
	fixture_release(&f);
	fixture_init(&f);
	fixture_files(&f, files, ARRAY_SIZE(files));
	fixture_compile(&f, "spec: {include: [{local: bad.yml}]}\n---\nj: {script: x}");
	collect_errors(&f, &got);
	assert_string_equal(got.p, "Header include file `bad.yml` contains unknown keys: [:job]");
	fixture_release(&f);
}

static const struct error_row job_inputs_rows[] = {
	{JOB("inputs: {v: {default: a}}"), ""},
	{JOB("inputs: {v: {type: number, default: 5, options: [5, 6], description: d}}"), ""},
	{JOB("inputs: {v: }"), "jobs:a:inputs:v must have a default value"},
	{JOB("inputs: {v: {type: string}}"), "jobs:a:inputs:v must have a default value"},
	{JOB("inputs: {v: {type: number, default: x}}"),
		"jobs:a inputs `v`: default value is not a number"},
	{JOB("inputs: {v: {default: x, options: [y]}}"),
		"jobs:a inputs `v`: `x` cannot be used because it is not in the list of allowed "
		"options"},
	{JOB("inputs: {v: {default: x, rules: []}}"),
		"jobs:a:inputs:v config contains unknown keys: rules"},
	{JOB("inputs: x"), "jobs:a:inputs config should be a hash"},
};
ROWS(job_inputs)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header),
		cmocka_unit_test(values),
		cmocka_unit_test(input_rules),
		cmocka_unit_test(blocks),
		cmocka_unit_test(functions),
		cmocka_unit_test(masked_variable),
		cmocka_unit_test(included_inputs),
		cmocka_unit_test(remote_expand_vars),
		cmocka_unit_test(included_faults),
		cmocka_unit_test(components),
		cmocka_unit_test(spec_include),
		cmocka_unit_test(job_inputs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
