#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/load.h"
#include "emulator/cli/test.h"
#include "emulator/cli/tree.h"
#include "emulator/core/error.h"
#include "emulator/git/repo.h"
#include "emulator/store/store.h"
#include "config/config.h"
#include "expr/glob.h"
#include "pipeline/pipeline.h"
#include "yaml/node.h"
#include "yaml/yaml.h"

#include <time.h>
#include <unistd.h>

#define DEFAULT_FILE ".cilocal-tests.yml"

/* ---- a case's circumstances as options ---- */

static void add(struct cli *c, enum opt_id id, const struct node *n)
{
	if (n)
		options_add(&c->opt, &c->arena, id, arena_cstr(&c->arena, n->text));
}

/* NAME=VALUE for each; what is no text is written as JSON, which is YAML. */
static void add_pairs(struct cli *c, enum opt_id id, const struct node *map)
{
	if (!map)
		return;
	node_each_pair(pair, map)
	{
		CLEANUP(buf_release) struct buf text = BUF_INIT;
		buf_printf(&text, STR_FMT "=", STR_ARG(pair->key->text));
		if (node_is_scalar(pair->value))
			buf_addstr(&text, pair->value->text);
		else
			yaml_write_json(&text, pair->value, 0);
		options_add(&c->opt, &c->arena, id,
			arena_cstr(&c->arena, arena_str(&c->arena, buf_str(&text))));
	}
}

static void set_options(struct cli *c, const struct node *n)
{
	const struct node **v;
	size_t count = test_items(&c->arena, node_get(n, "changed"), &v);
	add(c, OPT_FILE, node_get(n, "file"));
	add(c, OPT_EVENT, node_get(n, "event"));
	add(c, OPT_BRANCH, node_get(n, "branch"));
	add(c, OPT_TAG, node_get(n, "tag"));
	add(c, OPT_TARGET_BRANCH, node_get(n, "target_branch"));
	add(c, OPT_DEFAULT_BRANCH, node_get(n, "default_branch"));
	for (size_t i = 0; i < count; i++)
		add(c, OPT_CHANGED, v[i]);
	add_pairs(c, OPT_VAR, node_get(n, "variables"));
	add_pairs(c, OPT_INPUT, node_get(n, "inputs"));
}

/* ---- one case ---- */

static void keep_texts(struct arena *a, struct str *v, size_t n, struct str **to)
{
	*to = arena_array(a, struct str, n + 1);
	for (size_t i = 0; i < n; i++)
		(*to)[i] = arena_str(a, v[i]);
}

/* What the case found, out of the memory of its own. */
static void keep_differences(struct arena *a, struct test_case *t)
{
	size_t n = t->differences.n;
	struct test_difference *v = arena_array(a, struct test_difference, n + 1);
	for (size_t i = 0; i < n; i++) {
		v[i] = t->differences.v[i];
		v[i].what = arena_str(a, v[i].what);
		keep_texts(a, v[i].expected.v, v[i].expected.n, &v[i].expected.v);
		keep_texts(a, v[i].got.v, v[i].got.n, &v[i].got.v);
		keep_texts(a, v[i].notes.v, v[i].notes.n, &v[i].notes.v);
	}
	t->differences.v = v;
}

/* Without a pipeline there is nothing to run; that has been said, unless it was expected. */
static int run_case(struct load *l, struct test_case *t)
{
	const struct node_pair *run = node_pair_of(t->node, STR("run"));
	struct arena *a = &l->c->arena;
	if (!run || t->differences.n)
		return EXIT_OK;
	if (l->pipeline && l->pipeline->run && !l->pipeline->refusal.n)
		return test_run(l, t, run->value);
	struct test_difference *d = test_differs(a, t, run->key->at, "run");
	test_expected(a, d, "a pipeline to run");
	test_got(a, d, "there is none, as the case expects");
	return EXIT_OK;
}

static double now_s(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A load of its own for each: nothing of one case reaches the next. first: warnings are shown. */
static int try_case(struct cli *c, struct test_case *t, struct str at, bool first)
{
	struct cli own = *c;
	struct load l;
	double began = now_s();
	own.arena = (struct arena)ARENA_INIT;
	own.out = (struct buf)BUF_INIT;
	own.opt.cap = own.opt.n;
	own.opt.n_args = 0;
	own.hermetic = true;
	if (!first)
		options_add(&own.opt, &own.arena, OPT_QUIET, NULL);
	set_options(&own, t->node);
	int code = load_project(&own, &l);
	if (!code) {
		int built = load_definition(&l, NULL);
		if (!l.config)
			code = built;
		if (code)
			cli_error(c, STR_FMT ": case '" STR_FMT "' can't be tried", STR_ARG(at),
				STR_ARG(t->name));
		else
			test_check_pipeline(&l, t, built);
	}
	if (!code)
		code = run_case(&l, t);
	keep_differences(&c->arena, t);
	t->seconds = now_s() - began;
	t->done = !code;
	load_release(&l);
	buf_release(&own.out);
	arena_release(&own.arena);
	return code;
}

/* ---- files ---- */

static int read_file(struct cli *c, struct source_set *sources, struct diags *d, const char *path,
	const char *shown, struct test_file *out)
{
	struct str text;
	int why = read_small_file(&c->arena, path, &text);
	if (why) {
		cli_error(c, "cannot read the tests '%s': %s", shown, strerror(why));
		return EXIT_USAGE;
	}
	uint32_t id = source_add(sources, str_c(shown), text, SPAN_NONE);
	test_file_read(&c->arena, source_get(sources, id), d, out);
	return EXIT_OK;
}

/* The file in the project's root, where none is named. */
static int read_default(
	struct cli *c, struct source_set *sources, struct diags *d, struct test_file *out)
{
	struct error err = ERROR_INIT;
	struct repo repo;
	if (repo_open(&repo, NULL, &err))
		return cli_fail(c, &err);
	const char *path = arena_printf(&c->arena, STR_FMT "/" DEFAULT_FILE, STR_ARG(repo.root)).p;
	repo_release(&repo);
	if (access(path, F_OK) != 0) {
		cli_error(c,
			"there is no " DEFAULT_FILE
			" in the project's root; 'cilocal help test' shows what stands in one");
		return EXIT_USAGE;
	}
	return read_file(c, sources, d, path, DEFAULT_FILE, out);
}

static int read_files(struct cli *c, struct source_set *sources, struct test_report *r)
{
	struct diags d;
	size_t n = c->opt.n_args;
	int code = EXIT_OK;
	diags_init(&d, &c->arena);
	r->files = arena_array(&c->arena, struct test_file, n + 1);
	r->n_files = n ? n : 1;
	if (!n)
		code = read_default(c, sources, &d, &r->files[0]);
	for (size_t i = 0; !code && i < n; i++)
		code = read_file(c, sources, &d, c->opt.args[i], c->opt.args[i], &r->files[i]);
	cli_diags(c, sources, &d);
	return code ? code : d.errors ? EXIT_USAGE : EXIT_OK;
}

/* ---- --case ---- */

static bool is_named(const char *want, struct str name)
{
	return str_is(name, want) || glob_match_name(str_c(want), name);
}

/* By any --case; without one all are. */
static bool chosen(struct cli *c, struct str name)
{
	const struct opt_value *v;
	size_t i = 0;
	if (!opt_last(&c->opt, OPT_CASE))
		return true;
	while ((v = opt_next(&c->opt, OPT_CASE, &i)))
		if (is_named(v->value, name))
			return true;
	return false;
}

/* Each --case means something. */
static int check_names(struct cli *c, const struct test_report *r)
{
	const struct opt_value *v;
	VEC(struct str) names = {0};
	size_t i = 0;
	for (size_t k = 0; k < r->n_files; k++)
		vec_each (const struct test_case *, t, &r->files[k].cases) {
			vec_push_in(&c->arena, &names, t->name);
		}
	while ((v = opt_next(&c->opt, OPT_CASE, &i))) {
		bool found = false;
		for (size_t k = 0; k < names.n; k++)
			found |= is_named(v->value, names.v[k]);
		if (found)
			continue;
		const struct str *near = str_nearest(str_c(v->value), names.v, names.n);
		return cli_usage(c, "there is no case '%s'%s" STR_FMT "%s", v->value,
			near ? "; did you mean '" : "", STR_ARG(near ? *near : STR_NULL),
			near ? "'?" : "");
	}
	return EXIT_OK;
}

/* ---- all of them ---- */

static int try_all(struct cli *c, const struct test_report *r, bool json)
{
	bool first = true;
	for (size_t i = 0; i < r->n_files; i++)
		vec_each (struct test_case *, t, &r->files[i].cases) {
			if (!chosen(c, t->name))
				continue;
			struct str at = place_text(&c->arena, r->sources, t->at);
			int code = try_case(c, t, at, first);
			first = false;
			if (code)
				return code;
			if (!json) {
				test_say_case(r, t);
				cli_flush(c, EXIT_OK);
			}
		}
	return EXIT_OK;
}

static int write_junit(struct cli *c, const struct test_report *r)
{
	const char *path = opt_text(&c->opt, OPT_JUNIT);
	struct error err = ERROR_INIT;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	if (!path)
		return EXIT_OK;
	test_put_junit(r, &out);
	if (!store_write_file(path, buf_str(&out), &err))
		return EXIT_OK;
	cli_error(c, "%s", err.text);
	return EXIT_SURROUNDINGS;
}

static int run(struct cli *c)
{
	struct source_set sources;
	struct test_report r = {.c = c, .sources = &sources};
	bool json = opt_flag(&c->opt, OPT_JSON);
	source_set_init(&sources, &c->arena);
	int code = read_files(c, &sources, &r);
	if (!code)
		code = check_names(c, &r);
	if (!code)
		code = try_all(c, &r, json);
	if (code)
		return code;
	for (size_t i = 0; i < r.n_files; i++)
		vec_each (const struct test_case *, t, &r.files[i].cases) {
			if (t->differences.n)
				code = EXIT_JOB_FAILED;
		}
	if (json)
		test_print_json(&r);
	else
		test_say_sum(&r);
	int written = write_junit(c, &r);
	return written ? written : code;
}

const struct cmd cmd_test = {
	.id = CMD_test,
	.args = "[FILE...]",
	.summary = "check the pipeline against a file of test cases",
	.details =
		"FILE (default: .cilocal-tests.yml in the project's root) is a YAML list of cases. "
		"Each has a 'name', says what starts the pipeline, and what must come of it. The "
		"work tree is not touched and no push is needed. The user's own variables, the "
		"checked-out branch's changes and earlier runs play no part, so a case has the "
		"same "
		"result on each machine. Exit code 1: a case differs; 2: a file of tests is "
		"wrong.\n"
		"What starts it: event, branch, tag, target_branch, default_branch (as the options "
		"of these names), changed (files for rules:changes; a push or a merge request "
		"without it changes nothing), variables and inputs (mappings), file (another "
		"definition).\n"
		"expect: pipeline: false (none is created, as workflow:rules can say); jobs: a "
		"list "
		"of exactly these, or {exactly: [...], contains: [...], absent: [...]}; stages: "
		"those that have jobs, in order; name: of the pipeline; error: a text in one of "
		"the "
		"definition's errors. A job is its name, the base name of parallel jobs, a glob, "
		"or "
		"{NAME: {KEYWORD: VALUE}} with keywords of the job as they come out: when, needs, "
		"stage, image, tags, environment, allow_failure, script and others. A text fits a "
		"mapping by its name, so image: alpine and needs: [build] are enough; a mapping "
		"fits where all that it names is so. variables are those that the script would "
		"see; null means not set.\n"
		"run: runs the pipeline, or 'jobs' of it (with 'needs: true', 'manual', 'timeout' "
		"as the options of `run`). replace: {JOB: COMMANDS} puts commands in place of a "
		"job's scripts, image and services, or of the pipeline that it triggers; {JOB: "
		"{PATTERN: COMMANDS}} in place of those commands that the glob fits. Where each "
		"job "
		"has a stand-in, no engine is needed. Its own expect: exit_code (default 0, or 1 "
		"where a status is "
		"failed), "
		"status: {JOB: success|failed|skipped|manual|canceled}, order: each of these jobs "
		"starts when the one before it has ended, log: {JOB: TEXT} or {JOB: {contains: "
		"[...], matches: [REGEXP...], absent: [...]}}.",
	.example = "- name: a merge request is tested, not deployed\n"
		   "  event: merge_request_event\n"
		   "  changed: [src/main.c]\n"
		   "  expect:\n"
		   "    jobs:\n"
		   "      - build\n"
		   "      - test: {needs: [build], variables: {LEVEL: full}}\n"
		   "  run:\n"
		   "    replace: {build: echo built, test: exit 1}\n"
		   "    expect:\n"
		   "      exit_code: 1\n"
		   "      status: {build: success, test: failed}\n"
		   "      log: {build: built}\n",
	.output = "With --json: {\"passed\":N, \"failed\":N, \"cases\":[{\"name\", "
		  "\"source\":\"FILE:LINE\", \"passed\":bool, \"duration\", "
		  "\"differences\":[{\"what\", \"source\", \"expected\":[...], \"got\":[...], "
		  "\"notes\":[...]}]}]}.",
	.kind = ARG_FILES,
	.max_args = SIZE_MAX,
	.run = run,
};
