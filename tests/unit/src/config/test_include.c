/* include: forms, rules, merge, nesting, limits and refusals. */
#include "config_test.h"
#include "rows.h"

struct include_row {
	const char *text;
	struct test_file files[6];
	const char *gitlab; /* errors, or NULL: compiles, and then the YAML of `path` is `yaml` */
	const char *path, *yaml;
};

static size_t count_files(const struct include_row *row)
{
	size_t n = 0;

	while (n < ARRAY_SIZE(row->files) && row->files[n].name)
		n++;
	return n;
}

static void run_rows(const struct include_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CLEANUP(buf_release) struct buf got = BUF_INIT;
		struct fixture f;

		fixture_init(&f);
		fixture_var(&f, "DIR", "ci");
		fixture_var(&f, "ON", "1");
		fixture_files(&f, rows[i].files, count_files(&rows[i]));
		fixture_compile(&f, rows[i].text);
		collect_errors(&f, &got);
		if (!str_eq(buf_str(&got), str_c(rows[i].gitlab ? rows[i].gitlab : "")))
			fail_msg("row %zu:\n%s\ngave:\n%s\nnot:\n%s", i, rows[i].text, got.p,
				rows[i].gitlab ? rows[i].gitlab : "");
		if (rows[i].path)
			assert_yaml(&f, rows[i].path, rows[i].yaml);
		fixture_release(&f);
	}
}

#define J "j: {script: x}"

static void forms(void **state)
{
	static const struct include_row rows[] = {
		{"include: a.yml", {{"local:a.yml", J}}, NULL, "j/script", "x\n"},
		{"include: {local: /a.yml}", {{"local:a.yml", J}}, NULL, "j/script", "x\n"},
		{"include: [a.yml, null, {local: b.yml}]\nk: {script: y}",
			{{"local:a.yml", J}, {"local:b.yml", "j: {tags: [t]}"}}, NULL, "j",
			"script: x\ntags:\n- t\n"},
		{"include: null\n" J, {{NULL, NULL}}, NULL, "j/script", "x\n"},
		{"include: {project: G/P, file: a.yml}", {{"project:g/p@:a.yml", J}}, NULL,
			"j/script", "x\n"},
		{"include: {project: g/p, ref: v1, file: [a.yml, /b.yml]}",
			{{"project:g/p@v1:a.yml", J}, {"project:g/p@v1:b.yml", "k: {script: y}"}},
			NULL, "k/script", "y\n"},
		{"include: https://x.io/a.yml", {{"remote:https://x.io/a.yml", J}}, NULL,
			"j/script", "x\n"},
		{"include: {remote: 'https://x.io/a.yml', cache: 5 minutes}",
			{{"remote:https://x.io/a.yml", J}}, NULL, "j/script", "x\n"},
		{"include: {template: Jobs/X.gitlab-ci.yml}",
			{{"template:Jobs/X.gitlab-ci.yml", J}}, NULL, "j/script", "x\n"},
		{"include: {component: h.io/g/p/c@1.0}", {{"component:h.io/g/p/c@1.0", J}}, NULL,
			"j/script", "x\n"},
		{"include: $DIR/a.yml", {{"local:ci/a.yml", J}}, NULL, "j/script", "x\n"},
		{"include: {local: '${DIR}/a.yml'}", {{"local:ci/a.yml", J}}, NULL, "j/script",
			"x\n"},
		{"include: 'ci/*.yml'",
			{{"glob:ci/*.yml", "ci/b.yml\nci/a.yml"}, {"local:ci/a.yml", J},
				{"local:ci/b.yml", "j: {tags: [t]}"}},
			NULL, "j", "script: x\ntags:\n- t\n"},
		{"include: '$DIR/*.yml'", {{"glob:ci/*.yml", "ci/a.yml"}, {"local:ci/a.yml", J}},
			NULL, "j/script", "x\n"},
		{"include: ['none/*.yml']\n" J, {{"glob:none/*.yml", ""}}, NULL, "j/script", "x\n"},
	};

	(void)state;
	run_rows(rows, ARRAY_SIZE(rows));
}

static void merging(void **state)
{
	static const struct include_row rows[] = {
		{"include: [a.yml, b.yml]\nj: {script: [m]}",
			{{"local:a.yml", "j: {script: [a], tags: [x], variables: {P: 1, Q: 1}}"},
				{"local:b.yml", "j: {tags: [y], variables: {Q: 2}}"}},
			NULL, "j", "script:\n- m\ntags:\n- y\nvariables:\n  P: 1\n  Q: 2\n"},
		{"j: {script: [m]}\ninclude: a.yml", {{"local:a.yml", "j: {script: [a]}"}}, NULL,
			"j/script", "- m\n"},
		/* A nested file comes before the one that includes it. */
		{"include: a.yml",
			{{"local:a.yml", "include: b.yml\nj: {script: a}"},
				{"local:b.yml", "j: {script: b, tags: [t]}\nk: {script: k}"}},
			NULL, "", "j:\n  script: a\n  tags:\n  - t\nk:\n  script: k\n"},
		/* What a pattern finds and is there already is not merged again. */
		{"include: [ci/b.yml, c.yml, 'ci/*.yml']",
			{{"local:ci/b.yml", "j: {script: b}"}, {"local:c.yml", "j: {script: c}"},
				{"glob:ci/*.yml", "ci/b.yml"}},
			NULL, "j/script", "c\n"},
		/* An explicit one is. */
		{"include: [ci/b.yml, c.yml, ci/b.yml]",
			{{"local:ci/b.yml", "j: {script: b}"}, {"local:c.yml", "j: {script: c}"}},
			NULL, "j/script", "b\n"},
		{"include: a.yml\nstages: [x]\nj: {script: x, stage: x}",
			{{"local:a.yml", "stages: [y]"}}, NULL, "stages", "- x\n"},
		{"include: {project: g/p, file: a.yml}",
			{{"project:g/p@:a.yml", "include: b.yml"}, {"project:g/p@:b.yml", J}}, NULL,
			"j/script", "x\n"},
		{"include: a.yml\nj: {script: x, extends: .t}", {{"local:a.yml", ".t: {image: i}"}},
			NULL, "j/image", "i\n"},
		/* A pattern in a file that it matches. */
		{"include: ci/a.yml",
			{{"local:ci/a.yml", "include: 'ci/*.yml'\n" J},
				{"glob:ci/*.yml", "ci/a.yml\nci/b.yml"},
				{"local:ci/b.yml", "k: {script: y}"}},
			NULL, "k/script", "y\n"},
	};

	(void)state;
	run_rows(rows, ARRAY_SIZE(rows));
}

static void rules(void **state)
{
	static const struct include_row rows[] = {
		{"include: {local: a.yml, rules: [{if: '$ON == \"1\"'}]}", {{"local:a.yml", J}},
			NULL, "j/script", "x\n"},
		{"include: [{local: a.yml, rules: [{if: '$OFF'}]}]\nk: {script: y}", {{NULL, NULL}},
			NULL, "", "k:\n  script: y\n"},
		{"include: [{local: a.yml, rules: [{if: $ON, when: never}, {when: always}]}]\n"
		 "k: {script: y}",
			{{NULL, NULL}}, NULL, "", "k:\n  script: y\n"},
		{"include: {local: a.yml, rules: [{exists: [b.yml]}]}",
			{{"local:a.yml", J}, {"local:b.yml", ""}}, NULL, "j/script", "x\n"},
		{"include: [{local: a.yml, rules: [{exists: [c.yml]}]}]\nk: {script: y}",
			{{"local:a.yml", J}}, NULL, "", "k:\n  script: y\n"},
		/* Nothing to compare with counts as changed. */
		{"include: {local: a.yml, rules: [{changes: [x]}]}", {{"local:a.yml", J}}, NULL,
			"j/script", "x\n"},
		{"include: {local: a.yml, rules: [{when: manual}]}\n" J, {{NULL, NULL}},
			"include:rule when unknown value: manual", NULL, NULL},
		{"include: {local: a.yml, rules: [{allow_failure: true}]}\n" J, {{NULL, NULL}},
			"include:rule config contains unknown keys: allow_failure", NULL, NULL},
		{"include: {local: a.yml, rules: x}\n" J, {{NULL, NULL}},
			"include:rules config should be an array", NULL, NULL},
		/* The variables of the file itself are not there yet. */
		{"variables: {V: 1}\ninclude: [{local: a.yml, rules: [{if: $V}]}]\nk: {script: y}",
			{{NULL, NULL}}, NULL, "k/script", "y\n"},
		/* Remote files see no variables. */
		{"include: 'https://x.io/a.yml'\nk: {script: y}",
			{{"remote:https://x.io/a.yml",
				"include: {remote: 'https://x.io/b.yml', rules: [{if: $ON}]}\n"
				"l: {script: z}"}},
			NULL, "", "l:\n  script: z\nk:\n  script: y\n"},
	};

	(void)state;
	run_rows(rows, ARRAY_SIZE(rows));
}

#define ONE_OF "`local`, `project`, `remote`, `template`, `artifact`, `component`"

static void refusals(void **state)
{
	static const struct include_row rows[] = {
		{"include: {foo: x}\n" J, {{NULL, NULL}},
			"`{\"foo\":\"x\"}` does not have a valid subkey for include. Valid subkeys "
			"are: " ONE_OF,
			NULL, NULL},
		{"include: {local: a.yml, remote: b.yml}\n" J, {{NULL, NULL}},
			"Each include must use only one of: " ONE_OF, NULL, NULL},
		{"include: [1]\n" J, {{NULL, NULL}}, "Each include must be a hash or a string",
			NULL, NULL},
		{"include: {local: [a.yml]}\n" J, {{NULL, NULL}},
			"Included file `` needs to be a string", NULL, NULL},
		{"include: a.txt\n" J, {{NULL, NULL}},
			"Included file `a.txt` does not have YAML extension!", NULL, NULL},
		{"include: [a.yml, b.yml]\n" J, {{NULL, NULL}},
			"Local file `a.yml` does not exist!\nLocal file `b.yml` does not exist!",
			NULL, NULL},
		{"include: a.yml\n" J, {{"local:a.yml", "  "}}, "Local file `a.yml` is empty!",
			NULL, NULL},
		{"include: {project: g/p, file: a.yml}\n" J, {{"project:g/p@:a.yml", ""}},
			"Project `g/p` file `a.yml` is empty!", NULL, NULL},
		{"include: {remote: 'ftp://x/a.yml'}\n" J, {{NULL, NULL}},
			"Remote file `ftp://x/a.yml` does not have a valid address!", NULL, NULL},
		{"include: {template: foo.yml}\n" J, {{NULL, NULL}},
			"Template file `foo.yml` is not a valid location!", NULL, NULL},
		{"include: {artifact: a.yml, job: b}\n" J, {{NULL, NULL}},
			"Including configs from artifacts is only allowed when triggering child "
			"pipelines",
			NULL, NULL},
		{"include: a.yml\n" J, {{"local:a.yml", "# nothing"}},
			"Included file `a.yml` does not have valid YAML syntax!", NULL, NULL},
		{"include: a.yml\n" J, {{"local:a.yml", "[x]"}},
			"`a.yml`: Invalid configuration format", NULL, NULL},
		{"spec: {include: [{local: a.yml, integrity: sha256-x}]}\n---\n" J, {{NULL, NULL}},
			"include config integrity can only be specified for remote includes", NULL,
			NULL},
		{"include: {remote: 'https://x/a.yml', integrity: md5-x}\n" J, {{NULL, NULL}},
			"include config integrity hash must start with 'sha256-'", NULL, NULL},
		{"include: {remote: 'https://x/a.yml', integrity: sha256-x}\n" J, {{NULL, NULL}},
			"include config integrity hash must be base64 encoded", NULL, NULL},
		{"include: {remote: 'https://x/a.yml', cache: foo}\n" J, {{NULL, NULL}},
			"include config cache contains an invalid duration", NULL, NULL},
		{"include: {remote: 'https://x/a.yml', cache: 5 s}\n" J, {{NULL, NULL}},
			"include config cache duration must be at least 1 minute", NULL, NULL},
		{"include: {remote: 'https://x/a.yml', cache: 5}\n" J, {{NULL, NULL}},
			"include config cache must be a boolean or a duration string", NULL, NULL},
		{"include: 'https://x/a.yml'\n" J,
			{{"remote:https://x/a.yml", "include: b.yml\n" J}},
			"Local file `b.yml` does not have project!", NULL, NULL},
		{"include: {component: h/g/p/c}\n" J, {{NULL, NULL}},
			"Component 'h/g/p/c' - the component path is not supported", NULL, NULL},
		{"include: .gitlab-ci.yml\n" J, {{"local:.gitlab-ci.yml", J}},
			"Maximum of 150 nested includes are allowed!", NULL, NULL},
		{"include: a.yml\n" J,
			{{"local:a.yml", "include: b.yml\n" J},
				{"local:b.yml", "include: a.yml\n" J}},
			"Maximum of 150 nested includes are allowed!", NULL, NULL},
	};

	(void)state;
	run_rows(rows, ARRAY_SIZE(rows));
}

static void integrity(void **state)
{
	static const struct include_row rows[] = {
		{"include: {remote: 'https://x/a.yml', integrity: "
		 "sha256-K8hZ2uM2OavS2ftL7SK4DtYWO8bMDfQflPoQBzHDRvw=}",
			{{"remote:https://x/a.yml", "j: {script: x}\n"}}, NULL, "j/script", "x\n"},
		{"include: {remote: 'https://x/a.yml', integrity: "
		 "sha256-K8hZ2uM2OavS2ftL7SK4DtYWO8bMDfQflPoQBzHDRvw=}",
			{{"remote:https://x/a.yml", "j: {script: y}\n"}},
			"Remote file `https://x/a.yml` failed integrity check!", NULL, NULL},
	};

	(void)state;
	run_rows(rows, ARRAY_SIZE(rows));
}

/* n entries of the same file count n times. */
static void many_includes(void **state)
{
	static const struct test_file files[] = {{"local:a.yml", J}};

	(void)state;
	for (unsigned n = 150; n <= 151; n++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;
		struct fixture f;

		buf_adds(&text, "include:\n");
		for (unsigned i = 0; i < n; i++)
			buf_adds(&text, "  - a.yml\n");
		fixture_init(&f);
		fixture_files(&f, files, 1);
		fixture_compile(&f, text.p);
		assert_int_equal(f.status, n == 150 ? CONFIG_OK : CONFIG_FAILED);
		assert_int_equal(f.diags.errors, n == 150 ? 0 : 1);
		fixture_release(&f);
	}
}

static void refusal_words(void **state)
{
	static const struct {
		const char *text, *why, *gitlab;
	} rows[] = {
		{"include: {project: g/p, ref: v1, file: a.yml}",
			"there is no file 'a.yml' at 'v1'",
			"Project `g/p` file `a.yml` does not exist!"},
		{"include: {project: g/p, ref: v1, file: a.yml}", "there is no reference 'v1'",
			"Project `g/p` reference `v1` does not exist!"},
		{"include: {project: g/p, ref: v1, file: a.yml}", "could not read from the server",
			"Project `g/p` not found or access denied! Make sure any includes in the "
			"pipeline configuration are correctly defined."},
		{"include: 'https://x/a.yml'", "does not exist (HTTP 404)",
			"Remote file `https://x/a.yml` could not be fetched after 1 attempt "
			"because of "
			"HTTP code `404` error!"},
		{"include: 'https://x/a.yml'", "could not be fetched after 3 attempts: timed out",
			"Remote file `https://x/a.yml` could not be fetched after 3 attempts "
			"because of "
			"a timeout error!"},
		{"include: {component: h/g/p/c@1}", "there is none",
			"Component 'h/g/p/c@1' - content not found"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf got = BUF_INIT;
		struct fixture f;

		fixture_init(&f);
		f.config = config_new(&f.arena, &f.sources, &f.diags, &f.facts, &f.options,
			STR("x.yml"), str_c(rows[i].text));
		assert_int_equal(config_compile(f.config), CONFIG_WANT);
		assert_non_null(f.config->wants);
		assert_null(f.config->wants->next);
		config_refuse(f.config, f.config->wants, str_c(rows[i].why));
		assert_int_equal(config_compile(f.config), CONFIG_FAILED);
		collect_errors(&f, &got);
		assert_string_equal(got.p, rows[i].gitlab);
		fixture_release(&f);
	}
}

static void masked_location(void **state)
{
	CLEANUP(buf_release) struct buf got = BUF_INIT;
	struct fixture f;
	struct var secret = {
		.key = STR("TOKEN"), .value = STR("hush"), .layer = VAR_PROJECT, .masked = true};

	(void)state;
	fixture_init(&f);
	varset_put(&f.vars, &secret);
	fixture_compile(&f, "include: dir-$TOKEN/a.yml\n" J);
	collect_errors(&f, &got);
	assert_string_equal(got.p, "Local file `dir-xxxx/a.yml` does not exist!");
	fixture_release(&f);
}

static void order_of_files(void **state)
{
	static const struct test_file files[] = {
		{"local:a.yml", "include: b.yml\n" J}, {"local:b.yml", "k: {script: y}"}};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_files(&f, files, ARRAY_SIZE(files));
	compile_job(&f, "include: a.yml\nm: {script: z}", "m");
	assert_int_equal(f.config->n_includes, 3);
	assert_str(f.config->includes[0].s, "b.yml");
	assert_str(f.config->includes[1].s, "a.yml");
	assert_str(f.config->includes[2].s, ".gitlab-ci.yml");
	assert_int_equal(f.config->jobs.n, 3);
	assert_str(f.config->jobs.e[0].key, "k");
	assert_str(f.config->jobs.e[1].key, "j");
	assert_str(f.config->jobs.e[2].key, "m");
	assert_int_equal(f.rounds, 3);
	fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
		cmocka_unit_test(merging),
		cmocka_unit_test(rules),
		cmocka_unit_test(refusals),
		cmocka_unit_test(integrity),
		cmocka_unit_test(many_includes),
		cmocka_unit_test(refusal_words),
		cmocka_unit_test(masked_location),
		cmocka_unit_test(order_of_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
