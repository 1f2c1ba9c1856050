/*
 * Files of cases: a list of mappings whose keys have the names of GitLab's keywords and of
 * cilocal's options. The tables below are the format; cmd_test.c tells it to people.
 */
#include "base/base.h"

#include "emulator/cli/test.h"
#include "emulator/cli/options.h"
#include "config/duration.h"
#include "expr/regex.h"
#include "source/source.h"
#include "yaml/node.h"
#include "yaml/yaml.h"

struct reader {
	struct arena *a;
	struct diags *d;
};

typedef void check_fn(struct reader *r, const struct node *value, const char *key);

struct key {
	const char *name;
	check_fn *check;
};

/* "a mapping", "nothing", "an integer" */
static struct str kind_of(struct arena *a, const struct node *n)
{
	const char *name = node_kind_name(n->kind);
	if (n->kind == NODE_NULL)
		return STR("nothing");
	return arena_printf(a, "%s %s", strchr("aeiou", name[0]) ? "an" : "a", name);
}

static void wants(struct reader *r, const struct node *value, const char *key, const char *what)
{
	diag_error(r->d, "test-value", value->at, "'%s' wants %s, and has " STR_FMT, key, what,
		STR_ARG(kind_of(r->a, value)));
}

static void check_text(struct reader *r, const struct node *value, const char *key)
{
	if (!node_is_scalar(value))
		wants(r, value, key, "a text");
}

static void check_bool(struct reader *r, const struct node *value, const char *key)
{
	if (value->kind != NODE_BOOL)
		wants(r, value, key, "true or false");
}

static void check_number(struct reader *r, const struct node *value, const char *key)
{
	if (value->kind != NODE_INT)
		wants(r, value, key, "a whole number");
}

static void check_texts(struct reader *r, const struct node *value, const char *key)
{
	if (node_is_scalar(value))
		return;
	if (value->kind != NODE_SEQ) {
		wants(r, value, key, "a text or a list of texts");
		return;
	}
	node_each (item, value) {
		check_text(r, item, key);
	}
}

/* NAME: text, or null for "is not there". */
static void check_values(struct reader *r, const struct node *value, const char *key)
{
	if (value->kind != NODE_MAP) {
		wants(r, value, key, "a mapping of names to values");
		return;
	}
	node_each_pair(pair, value)
	{
		if (!node_is_scalar(pair->value) && pair->value->kind != NODE_NULL)
			wants(r, pair->value, arena_cstr(r->a, pair->key->text), "a text");
	}
}

static void check_inputs(struct reader *r, const struct node *value, const char *key)
{
	if (value->kind != NODE_MAP)
		wants(r, value, key, "a mapping of names to values");
}

static void check_any(struct reader *r, const struct node *value, const char *key)
{
	UNUSED(r);
	UNUSED(value);
	UNUSED(key);
}

static struct str key_list(struct reader *r, const struct key *keys, size_t n)
{
	CLEANUP(buf_release) struct buf all = BUF_INIT;
	for (size_t i = 0; i < n; i++)
		buf_printf(&all, "%s%s", i ? ", " : "", keys[i].name);
	return arena_str(r->a, buf_str(&all));
}

/* A mapping with keys of a table; what: what messages call it. */
static void check_keys(struct reader *r, const struct node *map, const char *what,
	const struct key *keys, size_t n)
{
	struct str *names = arena_array(r->a, struct str, n + 1);
	if (map->kind != NODE_MAP) {
		diag_error(r->d, "test-value", map->at, "%s is a mapping, not " STR_FMT, what,
			STR_ARG(kind_of(r->a, map)));
		return;
	}
	for (size_t i = 0; i < n; i++)
		names[i] = str_c(keys[i].name);
	node_each_pair(pair, map)
	{
		size_t i = 0;
		while (i < n && !str_eq(pair->key->text, names[i]))
			i++;
		if (i < n) {
			keys[i].check(r, pair->value, keys[i].name);
			continue;
		}
		const struct str *near = str_nearest(pair->key->text, names, n);
		struct diag *e = diag_error(r->d, "unknown-key", pair->key->at,
			"unknown key '" STR_FMT "' of %s", STR_ARG(pair->key->text), what);
		if (near)
			diag_note(
				r->d, e, SPAN_NONE, "did you mean '" STR_FMT "'?", STR_ARG(*near));
		else
			diag_note(r->d, e, SPAN_NONE, "its keys are " STR_FMT,
				STR_ARG(key_list(r, keys, n)));
	}
}
#define CHECK_KEYS(r, map, what, keys) check_keys(r, map, what, keys, ARRAY_SIZE(keys))

/* ---- what options say too ---- */

static void check_option(
	struct reader *r, const struct node *value, const char *key, enum opt_id id)
{
	CLEANUP(buf_release) struct buf err = BUF_INIT;
	if (!node_is_scalar(value))
		wants(r, value, key, "a text");
	else if (!options_value_ok(id, arena_cstr(r->a, value->text), &err))
		diag_error(r->d, "test-value", value->at, "%s", err.p);
}

static void check_event(struct reader *r, const struct node *value, const char *key)
{
	check_option(r, value, key, OPT_EVENT);
}

static void check_branch(struct reader *r, const struct node *value, const char *key)
{
	check_option(r, value, key, OPT_BRANCH);
}

static void check_timeout(struct reader *r, const struct node *value, const char *key)
{
	check_option(r, value, key, OPT_TIMEOUT);
}

/* ---- jobs ---- */

static void check_duration(struct reader *r, const struct node *value, const char *key)
{
	int64_t s;
	if (!node_is_scalar(value) || !duration_parse(value->text, &s))
		wants(r, value, key, "a duration (30 minutes, 1h 30m)");
}

static const struct key job_keys[] = {{"stage", check_text}, {"when", check_text},
	{"start_in", check_duration}, {"allow_failure", check_any}, {"needs", check_any},
	{"dependencies", check_any}, {"image", check_any}, {"services", check_any},
	{"tags", check_any}, {"environment", check_any}, {"trigger", check_any},
	{"before_script", check_any}, {"script", check_any}, {"after_script", check_any},
	{"variables", check_values}, {"artifacts", check_any}, {"cache", check_any},
	{"retry", check_any}, {"timeout", check_duration}, {"interruptible", check_bool},
	{"resource_group", check_text}, {"coverage", check_text}, {"parallel", check_any},
	{"id_tokens", check_any}, {"release", check_any}, {"pages", check_any}};

/* NAME, or NAME: {keywords of the job}. */
static void check_job(struct reader *r, const struct node *item)
{
	if (node_is_scalar(item))
		return;
	if (item->kind != NODE_MAP) {
		diag_error(r->d, "test-value", item->at,
			"a job is its name, or its name and a mapping of what its keywords are, "
			"not " STR_FMT,
			STR_ARG(kind_of(r->a, item)));
		return;
	}
	node_each_pair(pair, item)
	{
		if (pair->value->kind != NODE_NULL)
			CHECK_KEYS(r, pair->value, "a job", job_keys);
	}
}

static void check_job_list(struct reader *r, const struct node *value, const char *key)
{
	if (node_is_scalar(value))
		return;
	if (value->kind != NODE_SEQ) {
		wants(r, value, key, "a list of jobs");
		return;
	}
	node_each (item, value) {
		check_job(r, item);
	}
}

static const struct key jobs_keys[] = {
	{"exactly", check_job_list}, {"contains", check_job_list}, {"absent", check_texts}};

static void check_jobs(struct reader *r, const struct node *value, const char *key)
{
	if (value->kind == NODE_MAP)
		CHECK_KEYS(r, value, "'jobs'", jobs_keys);
	else
		check_job_list(r, value, key);
}

/* ---- runs ---- */

static void check_replace(struct reader *r, const struct node *value, const char *key)
{
	if (value->kind != NODE_MAP) {
		wants(r, value, key, "a mapping of jobs to what stands in for them");
		return;
	}
	node_each_pair(pair, value)
	{
		const char *job = arena_cstr(r->a, pair->key->text);
		if (pair->value->kind != NODE_MAP) {
			check_texts(r, pair->value, job);
			continue;
		}
		node_each_pair(command, pair->value)
		{
			check_texts(r, command->value, arena_cstr(r->a, command->key->text));
		}
	}
}

static void check_patterns(struct reader *r, const struct node *value, const char *key)
{
	const struct node **v;
	check_texts(r, value, key);
	size_t n = test_items(r->a, value, &v);
	for (size_t i = 0; i < n; i++) {
		struct str why;
		if (node_is_scalar(v[i]) && !regex_new(r->a, v[i]->text, REGEX_M, &why, NULL))
			diag_error(r->d, "test-value", v[i]->at,
				"'" STR_FMT "' is no regular expression: " STR_FMT,
				STR_ARG(v[i]->text), STR_ARG(why));
	}
}

static const struct key log_keys[] = {
	{"contains", check_texts}, {"matches", check_patterns}, {"absent", check_texts}};

static void check_log(struct reader *r, const struct node *value, const char *key)
{
	if (value->kind != NODE_MAP) {
		wants(r, value, key, "a mapping of jobs to what their logs hold");
		return;
	}
	node_each_pair(pair, value)
	{
		if (pair->value->kind == NODE_MAP)
			CHECK_KEYS(r, pair->value, "a log", log_keys);
		else
			check_texts(r, pair->value, arena_cstr(r->a, pair->key->text));
	}
}

static void check_status(struct reader *r, const struct node *value, const char *key)
{
	static const char *const all[] = {
		"success", "failed", "skipped", "manual", "canceled", "created"};
	struct str names[ARRAY_SIZE(all)];
	check_values(r, value, key);
	if (value->kind != NODE_MAP)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		names[i] = str_c(all[i]);
	node_each_pair(pair, value)
	{
		struct str is = pair->value->text;
		size_t i = 0;
		while (i < ARRAY_SIZE(all) && !str_eq(is, names[i]))
			i++;
		if (i < ARRAY_SIZE(all))
			continue;
		const struct str *near = str_nearest(is, names, ARRAY_SIZE(all));
		diag_error(r->d, "test-value", pair->value->at,
			"'" STR_FMT "' is no status of a job; %s" STR_FMT "%s", STR_ARG(is),
			near ? "did you mean '" : "", STR_ARG(near ? *near : STR_NULL),
			near ? "'?" : "one of success, failed, skipped, manual, canceled, created");
	}
}

static const struct key run_expect_keys[] = {{"exit_code", check_number}, {"status", check_status},
	{"order", check_texts}, {"log", check_log}};

static void check_run_expect(struct reader *r, const struct node *value, const char *key)
{
	UNUSED(key);
	CHECK_KEYS(r, value, "'expect' of a run", run_expect_keys);
}

static const struct key run_keys[] = {{"jobs", check_texts}, {"needs", check_bool},
	{"manual", check_texts}, {"replace", check_replace}, {"timeout", check_timeout},
	{"expect", check_run_expect}};

static void check_run(struct reader *r, const struct node *value, const char *key)
{
	UNUSED(key);
	if (value->kind != NODE_NULL)
		CHECK_KEYS(r, value, "'run'", run_keys);
}

/* ---- cases ---- */

static void check_error(struct reader *r, const struct node *value, const char *key)
{
	check_texts(r, value, key);
	if (value->kind == NODE_SEQ && !value->u.seq.n)
		wants(r, value, key, "at least one text");
}

static const struct key expect_keys[] = {{"pipeline", check_bool}, {"name", check_text},
	{"stages", check_texts}, {"jobs", check_jobs}, {"error", check_error}};

static void check_expect(struct reader *r, const struct node *value, const char *key)
{
	UNUSED(key);
	CHECK_KEYS(r, value, "'expect'", expect_keys);
}

static const struct key case_keys[] = {{"name", check_text}, {"event", check_event},
	{"branch", check_branch}, {"tag", check_branch}, {"target_branch", check_branch},
	{"default_branch", check_branch}, {"changed", check_texts}, {"variables", check_values},
	{"inputs", check_inputs}, {"file", check_branch}, {"expect", check_expect},
	{"run", check_run}};

/* What the command line would refuse. */
static void check_together(struct reader *r, const struct node *n)
{
	const struct node *event = node_get(n, "event"), *tag = node_get(n, "tag");
	const struct node *branch = node_get(n, "branch"), *target = node_get(n, "target_branch");
	bool mr = event && str_is(event->text, "merge_request_event");
	if (tag && branch)
		diag_error(r->d, "test-value", tag->at, "'tag' and 'branch' exclude each other");
	if (tag && mr)
		diag_error(r->d, "test-value", tag->at, "a merge request has no tag");
	if (target && !mr)
		diag_error(r->d, "test-value", target->at,
			"'target_branch' belongs to 'event: merge_request_event'");
	if (event && str_is(event->text, "tag") && !tag)
		diag_error(r->d, "test-value", event->at, "'event: tag' wants 'tag'");
	if (!node_get(n, "expect") && !node_pair_of(n, STR("run")))
		diag_error(r->d, "test-value", n->at,
			"the case checks nothing: it has neither "
			"'expect' nor 'run'");
}

static void read_case(struct reader *r, const struct node *n, struct test_file *out)
{
	struct test_case t = {.node = n, .at = n->at};
	unsigned errors = r->d->errors;
	CHECK_KEYS(r, n, "a case", case_keys);
	if (n->kind != NODE_MAP)
		return;
	const struct node *name = node_get(n, "name");
	if (!name || !node_is_scalar(name))
		diag_error(r->d, "test-value", n->at, "the case has no 'name'");
	else
		t.name = name->text, t.at = name->at;
	if (errors == r->d->errors)
		check_together(r, n);
	vec_each (const struct test_case *, other, &out->cases) {
		if (str_eq(other->name, t.name) && t.name.n)
			diag_error(r->d, "test-value", t.at,
				"there is a case '" STR_FMT "' already, in line %u",
				STR_ARG(t.name), other->at.begin.line);
	}
	vec_push_in(r->a, &out->cases, t);
}

bool test_file_read(
	struct arena *a, const struct source *src, struct diags *d, struct test_file *out)
{
	struct reader r = {a, d};
	struct span top = {loc_at(src->id, 1, 1), loc_at(src->id, 1, 1)};
	unsigned before = d->errors;
	const struct node *root = yaml_read(a, src, d);
	*out = (struct test_file){.path = src->name};
	if (d->errors > before)
		return false;
	if (!node_is(root, NODE_SEQ) || !root->u.seq.n) {
		diag_error(d, "test-value", root && root->at.begin.line ? root->at : top,
			"a file of tests is a list of cases, each with a 'name' and what to "
			"'expect'");
		return false;
	}
	node_each (item, root) {
		read_case(&r, item, out);
	}
	return d->errors == before;
}

size_t test_items(struct arena *a, const struct node *n, const struct node ***out)
{
	size_t count = node_is(n, NODE_SEQ) ? n->u.seq.n : n && n->kind != NODE_NULL;
	*out = arena_array(a, const struct node *, count + 1);
	for (size_t i = 0; i < count; i++)
		(*out)[i] = n->kind == NODE_SEQ ? n->u.seq.items[i] : n;
	return count;
}
