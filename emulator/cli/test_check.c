/* What a case expects of the pipeline, compared with what came out. */
#include "base/base.h"

#include "emulator/cli/test.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/load.h"
#include "emulator/cli/runtime.h"
#include "emulator/cli/verdict.h"
#include "emulator/runner/job_env.h"
#include "config/duration.h"
#include "pipeline/pipeline.h"
#include "source/diag_print.h"
#include "yaml/node.h"
#include "yaml/yaml.h"

/* ---- differences ---- */

struct test_difference *test_differs(
	struct arena *a, struct test_case *t, struct span at, const char *what, ...)
{
	struct test_difference d = {.at = at};
	va_list ap;
	va_start(ap, what);
	d.what = arena_vprintf(a, what, ap);
	va_end(ap);
	vec_push_in(a, &t->differences, d);
	return &t->differences.v[t->differences.n - 1];
}

#define PUSH_FORMATTED(a, vec, fmt)                          \
	do {                                                 \
		va_list ap;                                  \
		va_start(ap, fmt);                           \
		struct str text = arena_vprintf(a, fmt, ap); \
		va_end(ap);                                  \
		vec_push_in(a, vec, text);                   \
	} while (0)

void test_expected(struct arena *a, struct test_difference *d, const char *fmt, ...)
{
	PUSH_FORMATTED(a, &d->expected, fmt);
}

void test_got(struct arena *a, struct test_difference *d, const char *fmt, ...)
{
	PUSH_FORMATTED(a, &d->got, fmt);
}

void test_note(struct arena *a, struct test_difference *d, const char *fmt, ...)
{
	PUSH_FORMATTED(a, &d->notes, fmt);
}

/* ---- values ---- */

/* What a mapping is called by where a text is expected: image: {name: ...}, needs: [{job: ...}]. */
static const struct node *short_form(const struct node *n)
{
	static const char *const keys[] = {"name", "job", "project", "key", "index"};
	if (!node_is(n, NODE_MAP))
		return n;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct node *one = node_get(n, keys[i]);
		if (one && node_is_scalar(one))
			return one;
	}
	return n;
}

static bool fits(const struct node *want, const struct node *got, bool ordered);

static bool list_fits(const struct node *want, const struct node *got, bool ordered)
{
	uint32_t n = want->u.seq.n;
	if (n != got->u.seq.n)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		bool found = fits(want->u.seq.items[i], got->u.seq.items[i], ordered);
		for (uint32_t k = 0; !ordered && !found && k < n; k++)
			found = fits(want->u.seq.items[i], got->u.seq.items[k], ordered);
		if (!found)
			return false;
	}
	return true;
}

/* A mapping fits when what it names is so; a text fits a mapping by its name, a list of one. */
static bool fits(const struct node *want, const struct node *got, bool ordered)
{
	if (node_is_null(want) || node_is_null(got))
		return node_is_null(want) && node_is_null(got);
	if (node_is(want, NODE_MAP)) {
		if (!node_is(got, NODE_MAP))
			return false;
		node_each_pair(pair, want)
		{
			if (!fits(pair->value, node_get_str(got, pair->key->text), ordered))
				return false;
		}
		return true;
	}
	if (node_is(want, NODE_SEQ))
		return node_is(got, NODE_SEQ) && list_fits(want, got, ordered);
	if (node_is(got, NODE_SEQ) && got->u.seq.n == 1)
		got = got->u.seq.items[0];
	got = short_form(got);
	return node_is_scalar(got) && str_eq(want->text, got->text);
}

/* In the form in which it was asked for: names where no mapping is. */
static struct node *like(struct arena *a, const struct node *want, const struct node *got)
{
	if (node_is(got, NODE_SEQ)) {
		struct node *out = node_new(a, NODE_SEQ, SPAN_NONE);
		const struct node *first =
			node_is(want, NODE_SEQ) && want->u.seq.n ? want->u.seq.items[0] : NULL;
		node_each (item, got) {
			node_seq_push(a, out, like(a, first, item));
		}
		return out;
	}
	return (struct node *)(node_is(want, NODE_MAP) ? got : short_form(got));
}

static struct str shown(struct arena *a, const struct node *n)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	if (node_is_null(n))
		return STR("(none)");
	if (node_is_scalar(n))
		return n->text.n ? n->text : STR("\"\"");
	yaml_write_json(&out, n, 0);
	return arena_str(a, buf_str(&out));
}

/* ---- one job ---- */

static bool order_matters(struct str key)
{
	return str_ends(key, STR("script"));
}

static const struct node *as_seconds(struct arena *a, const struct node *want)
{
	int64_t s = 0;
	return duration_parse(want->text, &s) ? node_new_int(a, s, want->at) : want;
}

static void check_keyword(struct load *l, struct test_case *t, const struct job *job,
	const struct node_pair *pair, const struct node *dump)
{
	struct arena *a = &l->c->arena;
	const struct node *want = pair->value, *got = node_get_str(dump, pair->key->text);
	struct str key = pair->key->text;
	const struct node *compared =
		str_is(key, "timeout") || str_is(key, "start_in") ? as_seconds(a, want) : want;
	if (fits(compared, got, order_matters(key)))
		return;
	struct test_difference *d = test_differs(
		a, t, want->at, "job '" STR_FMT "': " STR_FMT, STR_ARG(job->name), STR_ARG(key));
	test_expected(a, d, STR_FMT, STR_ARG(shown(a, want)));
	test_got(a, d, STR_FMT "%s", STR_ARG(shown(a, like(a, want, got))),
		compared != want && got ? " seconds" : "");
	if (str_is(key, "needs") && !got)
		test_note(a, d, "no needs are written: it waits for the stages before its own");
}

/* As its script would see them. */
static void check_variables(
	struct load *l, struct test_case *t, const struct job *job, const struct node *want)
{
	struct arena *a = &l->c->arena;
	struct job_env *env = arena_new(a, struct job_env);
	if (job_runtime(l->c, a, l, job, env))
		return;
	node_each_pair(pair, want)
	{
		const struct job_var *got = NULL;
		for (size_t i = 0; i < env->n; i++)
			if (str_eq(env->v[i].key, pair->key->text))
				got = &env->v[i];
		bool absent = node_is_null(pair->value);
		if (got ? !absent && str_eq(got->value, pair->value->text) : absent)
			continue;
		struct test_difference *d =
			test_differs(a, t, pair->value->at, "job '" STR_FMT "': variable " STR_FMT,
				STR_ARG(job->name), STR_ARG(pair->key->text));
		test_expected(
			a, d, STR_FMT, STR_ARG(absent ? STR("(not set)") : shown(a, pair->value)));
		if (!got)
			test_got(a, d, "(not set)");
		else if (got->masked)
			test_got(a, d, "[MASKED]");
		else
			test_got(a, d, "%s" STR_FMT, got->value.n ? "" : "\"\"",
				STR_ARG(load_masked(l, got->value)));
	}
}

static void check_keywords(struct load *l, struct test_case *t, const struct job *job,
	const struct node *want, const struct node *dump)
{
	if (!node_is(want, NODE_MAP))
		return;
	node_each_pair(pair, want)
	{
		if (str_is(pair->key->text, "variables"))
			check_variables(l, t, job, pair->value);
		else
			check_keyword(l, t, job, pair, dump);
	}
}

/* ---- which jobs ---- */

/* Why the job is in or out, in the words of `explain`. */
static void note_why(struct load *l, struct test_difference *d, const struct job *j)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	verdict_say(&out, &l->c->arena, l->pipeline, j);
	struct str text = buf_str(&out);
	test_note(&l->c->arena, d, STR_FMT,
		STR_ARG(load_masked(l, str_sub(text, 0, str_chr(text, '\n')))));
}

static void say_missing(struct load *l, struct test_difference *d, struct str name)
{
	struct arena *a = &l->c->arena;
	const struct pipeline *p = l->pipeline;
	struct job **jobs;
	size_t n = pipeline_find_jobs(a, p, name, true, &jobs);
	if (n) {
		test_expected(a, d, STR_FMT, STR_ARG(name));
		note_why(l, d, jobs[0]);
		return;
	}
	struct str *names = arena_array(a, struct str, p->n_all + 1);
	for (size_t i = 0; i < p->n_all; i++)
		names[i] = p->all[i]->name;
	const struct str *near = str_nearest(name, names, p->n_all);
	test_expected(a, d, STR_FMT, STR_ARG(name));
	test_note(a, d, "the definition has no job '" STR_FMT "'%s" STR_FMT "%s", STR_ARG(name),
		near ? "; did you mean '" : "", STR_ARG(near ? *near : STR_NULL), near ? "'?" : "");
}

/* The jobs of a list: those that are not there are a difference, those that are get looked at. */
static void check_list(struct load *l, struct test_case *t, const struct node *list,
	const struct node *dumps, bool exactly)
{
	struct arena *a = &l->c->arena;
	const struct pipeline *p = l->pipeline;
	bool *seen = arena_array(a, bool, p->n_jobs + 1);
	struct test_difference *d = NULL;
	const struct node **v;
	size_t n = test_items(a, list, &v), differs = STR_NPOS;
	for (size_t i = 0; i < n; i++) {
		struct node_pair bare = {(struct node *)v[i], NULL};
		struct node_pair *pairs = node_is(v[i], NODE_MAP) ? v[i]->u.map.pairs : &bare;
		size_t n_pairs = node_is(v[i], NODE_MAP) ? v[i]->u.map.n : 1;
		for (size_t k = 0; k < n_pairs; k++) {
			struct job **jobs;
			size_t found = pipeline_find_jobs(a, p, pairs[k].key->text, false, &jobs);
			if (!found && differs == STR_NPOS) {
				differs = t->differences.n;
				test_differs(a, t, pairs[k].key->at, "jobs");
			}
			if (!found)
				say_missing(l, &t->differences.v[differs], pairs[k].key->text);
			for (size_t m = 0; m < found; m++) {
				seen[jobs[m]->id] = true;
				check_keywords(l, t, jobs[m], pairs[k].value,
					dumps->u.seq.items[jobs[m]->id]);
			}
		}
	}
	for (size_t i = 0; exactly && i < p->n_jobs; i++) {
		if (seen[i])
			continue;
		if (differs == STR_NPOS) {
			differs = t->differences.n;
			test_differs(a, t, list->at, "jobs");
		}
		d = &t->differences.v[differs];
		test_got(a, d, STR_FMT, STR_ARG(p->jobs[i]->name));
		note_why(l, d, p->jobs[i]);
	}
}

static void check_absent(struct load *l, struct test_case *t, const struct node *list)
{
	struct arena *a = &l->c->arena;
	const struct node **v;
	size_t n = test_items(a, list, &v);
	for (size_t i = 0; i < n; i++) {
		struct job **jobs;
		size_t found = pipeline_find_jobs(a, l->pipeline, v[i]->text, false, &jobs);
		if (!found)
			continue;
		struct test_difference *d = test_differs(a, t, v[i]->at, "jobs: absent");
		test_expected(a, d, "no job '" STR_FMT "'", STR_ARG(v[i]->text));
		for (size_t k = 0; k < found; k++) {
			test_got(a, d, STR_FMT, STR_ARG(jobs[k]->name));
			note_why(l, d, jobs[k]);
		}
	}
}

static void check_jobs(struct load *l, struct test_case *t, const struct node *jobs)
{
	if (!jobs)
		return;
	const struct node *dumps =
		node_get(pipeline_dump_full(&l->c->arena, l->pipeline, false), "jobs");
	if (!node_is(jobs, NODE_MAP)) {
		check_list(l, t, jobs, dumps, true);
		return;
	}
	node_each_pair(pair, jobs)
	{
		if (str_is(pair->key->text, "absent"))
			check_absent(l, t, pair->value);
		else
			check_list(l, t, pair->value, dumps, str_is(pair->key->text, "exactly"));
	}
}

/* ---- the whole ---- */

static void check_stages(struct load *l, struct test_case *t, const struct node *want)
{
	struct arena *a = &l->c->arena;
	const struct pipeline *p = l->pipeline;
	VEC(struct str) got = {0};
	const struct node **v;
	size_t n = test_items(a, want, &v);
	for (size_t s = 0; s < p->n_stages; s++)
		for (size_t i = 0; i < p->n_jobs; i++)
			if (p->jobs[i]->stage_index == s) {
				vec_push_in(a, &got, p->stages[s]);
				break;
			}
	bool same = n == got.n;
	for (size_t i = 0; same && i < n; i++)
		same = str_eq(v[i]->text, got.v[i]);
	if (same)
		return;
	struct test_difference *d = test_differs(a, t, want->at, "stages that have jobs");
	for (size_t i = 0; i < n; i++)
		test_expected(a, d, STR_FMT, STR_ARG(v[i]->text));
	for (size_t i = 0; i < got.n; i++)
		test_got(a, d, STR_FMT, STR_ARG(got.v[i]));
}

static void check_errors(struct load *l, struct test_case *t, const struct node *want)
{
	struct arena *a = &l->c->arena;
	const struct node **v;
	size_t n = test_items(a, want, &v);
	for (size_t i = 0; i < n; i++) {
		bool found = false;
		for (const struct diag *e = l->diags.first; e && !found; e = e->next)
			found = e->level == DIAG_ERROR &&
				str_find(diag_message(a, e), v[i]->text) != STR_NPOS;
		if (found)
			continue;
		struct str first = load_first_error(l);
		struct test_difference *d = test_differs(a, t, v[i]->at, "error");
		test_expected(a, d, "..." STR_FMT "...", STR_ARG(v[i]->text));
		test_got(a, d, STR_FMT, STR_ARG(first.n ? first : STR("a valid definition")));
	}
}

/* Whether there is a pipeline to look at, as the case thinks; else a difference, unless none is
 * wanted. */
static bool check_created(struct load *l, struct test_case *t, const struct node *want)
{
	struct arena *a = &l->c->arena;
	const struct pipeline *p = l->pipeline;
	const struct node *none = node_get(want, "pipeline");
	bool wanted = !none || none->u.boolean;
	bool created = p->run && !p->refusal.n;
	if (created == wanted)
		return created;
	/* A list of no jobs says it as well. */
	const struct node *jobs = node_get(want, "jobs");
	if (!created && node_is(jobs, NODE_SEQ) && !jobs->u.seq.n)
		return false;
	struct test_difference *d = test_differs(a, t,
		none   ? none->at
		: want ? want->at
		       : t->at,
		"pipeline");
	test_expected(a, d, wanted ? "created" : "not created");
	test_got(a, d, created ? "created, %zu jobs" : "not created", p->n_jobs);
	if (!created)
		test_note(a, d, STR_FMT, STR_ARG(load_masked(l, verdict_no_pipeline(a, p))));
	return false;
}

void test_check_pipeline(struct load *l, struct test_case *t, int code)
{
	struct arena *a = &l->c->arena;
	const struct node *want = node_get(t->node, "expect");
	const struct node *error = node_get(want, "error"), *name = node_get(want, "name");
	if (error) {
		check_errors(l, t, error);
		return;
	}
	if (code || !l->pipeline) {
		struct str first = load_first_error(l);
		struct test_difference *d =
			test_differs(a, t, want ? want->at : t->at, "definition");
		test_expected(a, d, "valid");
		test_got(a, d, STR_FMT, STR_ARG(first.n ? first : STR("it can't be read")));
		if (l->diags.errors > 1)
			test_note(
				a, d, "and %u more; 'cilocal lint' shows all", l->diags.errors - 1);
		return;
	}
	if (!check_created(l, t, want))
		return;
	if (name && !str_eq(name->text, l->pipeline->name)) {
		struct test_difference *d = test_differs(a, t, name->at, "name of the pipeline");
		test_expected(a, d, STR_FMT, STR_ARG(name->text));
		struct str got = load_masked(l, l->pipeline->name);
		test_got(a, d, STR_FMT, STR_ARG(got.n ? got : STR("(none)")));
	}
	if (node_get(want, "stages"))
		check_stages(l, t, node_get(want, "stages"));
	check_jobs(l, t, node_get(want, "jobs"));
}
