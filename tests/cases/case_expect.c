/* Comparison of what came out with expect.yml and expect.err. */
#include "base/base.h"
#include "case_runner.h"
#include "pipeline/job_vars.h"
#include "pipeline/lint.h"
#include "pipeline/receivers.h"
#include "pipeline/trigger.h"
#include "source/diag_print.h"
#include "vars/predefined.h"
#include "yaml/yaml.h"

static const char *shown(struct one_case *c, const struct node *n)
{
	struct buf b = BUF_INIT;

	if (!n)
		return "nothing";
	yaml_write_json(&b, n, 0);
	const char *s = arena_str(&c->keep, buf_str(&b)).p;
	buf_release(&b);
	return s;
}

static struct node *text_node(struct arena *a, struct str s)
{
	struct node *n = node_new_str(a, s, SPAN_NONE);

	n->quoted = true;
	return n;
}

/* The variables of the run that a real one adds; fixed, so that cases can name them. */
static void run_vars(struct one_case *c, const struct job *job, struct varset *extra)
{
	struct predefined_run run = {
		.job_id = 1000 + job->id,
		.job_token = STR("job-token"),
		.started_at = STR("2024-02-03T04:06:00Z"),
		.timeout_s = 3600,
		.builds_dir = STR("/builds"),
		.project_dir =
			arena_printf(&c->keep, "/builds/" STR_FMT, STR_ARG(c->facts.project_path)),
		.environment_slug = job->environment_slug,
		.disposable = true,
	};

	varset_init_on(extra, &c->keep, &job->vars);
	predefined_run(extra, &c->facts, &run);
	varset_setf(extra, VAR_RUNNER_JOB, "RUNNER_TEMP_PROJECT_DIR", "/builds/" STR_FMT ".tmp",
		STR_ARG(c->facts.project_path));
}

/* All that the script of the job would see. */
static struct node *runtime(struct one_case *c, const struct job *job)
{
	struct node *map = node_new(&c->keep, NODE_MAP, SPAN_NONE);
	struct varset extra, out;
	const struct var **w;
	struct str error;

	run_vars(c, job, &extra);
	if (!job_runtime_vars(&c->keep, c->pipeline, job, &extra, &out, &error)) {
		case_fail(c, STR_FMT, STR_ARG(error));
		return map;
	}
	size_t n = varset_winners(&out, &c->keep, &w);
	for (size_t i = 0; i < n; i++)
		node_map_put(&c->keep, map, text_node(&c->keep, w[i]->key),
			text_node(&c->keep, w[i]->value));
	return map;
}

static struct node *receives(struct one_case *c, const struct job *job)
{
	struct node *seq = node_new(&c->keep, NODE_SEQ, SPAN_NONE);
	uint32_t *ids;
	size_t n = pipeline_artifact_sources(&c->keep, c->pipeline, job, &ids);

	for (size_t i = 0; i < n; i++)
		node_seq_push(&c->keep, seq, text_node(&c->keep, c->pipeline->jobs[ids[i]]->name));
	return seq;
}

static struct node *downstream(struct one_case *c, const struct job *job)
{
	struct node *map = node_new(&c->keep, NODE_MAP, SPAN_NONE);
	struct varset extra, out;
	const struct var **w;

	run_vars(c, job, &extra);
	varset_init(&out, &c->keep);
	pipeline_trigger_vars(&c->keep, c->pipeline, job, &extra, &out);
	size_t n = varset_winners(&out, &c->keep, &w);
	for (size_t i = 0; i < n; i++)
		node_map_put(&c->keep, map, text_node(&c->keep, w[i]->key),
			text_node(&c->keep, w[i]->value));
	return map;
}

static struct node *target(struct one_case *c, const struct job *job)
{
	static const char *const strategies[] = {"none", "depend", "mirror"};
	struct node *map = node_new(&c->keep, NODE_MAP, SPAN_NONE);
	struct trigger_target t;
	struct varset extra;

	run_vars(c, job, &extra);
	pipeline_trigger_target(&c->keep, c->pipeline, job, &extra, &t);
	node_map_put(&c->keep, map, text_node(&c->keep, STR("child")),
		node_new_bool(&c->keep, t.child, SPAN_NONE));
	node_map_put(
		&c->keep, map, text_node(&c->keep, STR("project")), text_node(&c->keep, t.project));
	node_map_put(
		&c->keep, map, text_node(&c->keep, STR("branch")), text_node(&c->keep, t.branch));
	node_map_put(&c->keep, map, text_node(&c->keep, STR("strategy")),
		text_node(&c->keep, str_c(strategies[t.strategy])));
	if (t.include)
		node_map_put(&c->keep, map, text_node(&c->keep, STR("include")),
			node_clone(&c->keep, t.include, VIA_NONE));
	return map;
}

static struct node *whys(struct one_case *c, const struct job *job)
{
	struct node *seq = node_new(&c->keep, NODE_SEQ, SPAN_NONE);

	for (size_t i = 0; i < job->n_steps; i++)
		node_seq_push(&c->keep, seq, text_node(&c->keep, job->steps[i].why));
	return seq;
}

/* Keys of a job's expectation beyond the dump, made only when asked for. */
static struct node *extra_key(struct one_case *c, const struct job *job, struct str key)
{
	if (str_is(key, "runtime"))
		return runtime(c, job);
	if (str_is(key, "receives"))
		return receives(c, job);
	if (str_is(key, "why"))
		return whys(c, job);
	if (!job->def->trigger)
		return NULL;
	if (str_is(key, "downstream"))
		return downstream(c, job);
	return str_is(key, "target") ? target(c, job) : NULL;
}

/* Scalars by their text: expectations need no quotes to tell "1" from 1. */
static bool same_scalar(const struct node *want, const struct node *got)
{
	if (want->kind == NODE_NULL || got->kind == NODE_NULL)
		return want->kind == got->kind;
	return node_is_scalar(want) && node_is_scalar(got) && str_eq(want->text, got->text);
}

static void match(
	struct one_case *c, struct str path, const struct node *want, const struct node *got);

static void match_seq(
	struct one_case *c, struct str path, const struct node *want, const struct node *got)
{
	if (want->u.seq.n != got->u.seq.n) {
		case_fail(c, STR_FMT ": %s, not %s", STR_ARG(path), shown(c, got), shown(c, want));
		return;
	}
	for (size_t i = 0; i < want->u.seq.n; i++)
		match(c, arena_printf(&c->keep, STR_FMT "[%zu]", STR_ARG(path), i),
			want->u.seq.items[i], got->u.seq.items[i]);
}

/* A mapping is compared by the keys that are expected; "!absent" expects no such key. */
static void match_map(
	struct one_case *c, struct str path, const struct node *want, const struct node *got)
{
	node_each_pair(pair, want)
	{
		struct str at = arena_printf(
			&c->keep, STR_FMT "." STR_FMT, STR_ARG(path), STR_ARG(pair->key->text));
		const struct node *value = node_get_str(got, pair->key->text);

		if (str_is(pair->value->text, "<absent>")) {
			if (value)
				case_fail(c, STR_FMT ": %s, not absent", STR_ARG(at),
					shown(c, value));
		} else if (!value) {
			case_fail(
				c, STR_FMT ": absent, not %s", STR_ARG(at), shown(c, pair->value));
		} else {
			match(c, at, pair->value, value);
		}
	}
}

static void match(
	struct one_case *c, struct str path, const struct node *want, const struct node *got)
{
	if (want->kind == NODE_MAP && got->kind == NODE_MAP)
		match_map(c, path, want, got);
	else if (want->kind == NODE_SEQ && got->kind == NODE_SEQ)
		match_seq(c, path, want, got);
	else if (want->kind == NODE_MAP || want->kind == NODE_SEQ || !same_scalar(want, got))
		case_fail(c, STR_FMT ": %s, not %s", STR_ARG(path), shown(c, got), shown(c, want));
}

/* needs: [a, b] is short for the names alone. */
static struct node *short_needs(struct one_case *c, const struct node *needs)
{
	struct node *seq;

	if (!node_is(needs, NODE_SEQ))
		return (struct node *)needs;
	seq = node_new(&c->keep, NODE_SEQ, SPAN_NONE);
	node_each (item, needs) {
		struct node *job = node_get(item, "job");

		node_seq_push(&c->keep, seq, job ? job : item);
	}
	return seq;
}

static bool is_short(const struct node *want)
{
	return node_is(want, NODE_SEQ) && want->u.seq.n && want->u.seq.items[0]->kind != NODE_MAP;
}

/* image: name is short for {name: name}. */
static struct node *adapted(
	struct one_case *c, struct str key, const struct node *want, struct node *got)
{
	if (str_is(key, "needs") && is_short(want))
		return short_needs(c, got);
	if ((str_is(key, "image") || str_is(key, "environment")) && want->kind == NODE_STRING &&
		node_is(got, NODE_MAP))
		return node_get(got, "name");
	if (str_is(key, "services") && is_short(want)) {
		struct node *seq = node_new(&c->keep, NODE_SEQ, SPAN_NONE);

		node_each (item, got) {
			node_seq_push(&c->keep, seq, node_get(item, "name"));
		}
		return seq;
	}
	return got;
}

static struct node *actual(struct one_case *c, const struct job *job, const struct node *dump,
	struct str key, const struct node *want)
{
	struct node *got = extra_key(c, job, key);

	if (!got)
		got = node_get_str(dump, key);
	return got ? adapted(c, key, want, got) : NULL;
}

static struct node *dump_of(const struct node *root, struct str name)
{
	const struct node *jobs = node_get(root, "jobs");

	node_each (job, jobs) {
		if (str_eq(node_get(job, "name")->text, name))
			return job;
	}
	return NULL;
}

static void match_job(
	struct one_case *c, const struct node *root, struct str name, const struct node *want)
{
	const struct node *dump = dump_of(root, name);
	const struct job *job = map_get(&c->pipeline->by_name, name);

	if (str_is(want->text, "<absent>")) {
		if (dump)
			case_fail(c, "job '" STR_FMT "' is in the pipeline", STR_ARG(name));
		return;
	}
	if (!dump || !job) {
		case_fail(c, "job '" STR_FMT "' is not in the pipeline", STR_ARG(name));
		return;
	}
	if (want->kind != NODE_MAP)
		return;
	node_each_pair(pair, want)
	{
		struct str at = arena_printf(
			&c->keep, STR_FMT "." STR_FMT, STR_ARG(name), STR_ARG(pair->key->text));
		const struct node *got = actual(c, job, dump, pair->key->text, pair->value);

		if (str_is(pair->value->text, "<absent>")) {
			if (got)
				case_fail(
					c, STR_FMT ": %s, not absent", STR_ARG(at), shown(c, got));
		} else if (!got) {
			case_fail(
				c, STR_FMT ": absent, not %s", STR_ARG(at), shown(c, pair->value));
		} else {
			match(c, at, pair->value, got);
		}
	}
}

static struct node *name_list(struct one_case *c)
{
	struct node *seq = node_new(&c->keep, NODE_SEQ, SPAN_NONE);

	for (size_t i = 0; i < c->pipeline->n_jobs; i++)
		node_seq_push(&c->keep, seq, text_node(&c->keep, c->pipeline->jobs[i]->name));
	return seq;
}

static struct node *warning_list(struct one_case *c)
{
	struct node *seq = node_new(&c->keep, NODE_SEQ, SPAN_NONE);

	pipeline_lint(c->config, &c->facts, &c->diags);
	for (const struct diag *d = c->diags.first; d; d = d->next)
		if (d->level == DIAG_WARNING)
			node_seq_push(&c->keep, seq,
				text_node(&c->keep, arena_printf(&c->keep, "%u: %s",
							    d->at.begin.line, d->code)));
	return seq;
}

/* The top keys: names (of all jobs, in order), jobs (by name), warnings, and those of the dump. */
static struct node *top_value(struct one_case *c, struct node *root, struct str key)
{
	if (str_is(key, "names"))
		return name_list(c);
	if (str_is(key, "warnings"))
		return warning_list(c);
	if (str_is(key, "refusal"))
		return text_node(&c->keep, c->pipeline->refusal);
	return node_get_str(root, key);
}

void case_expect_pipeline(struct one_case *c, struct node *expect)
{
	struct buf errors = BUF_INIT;

	if (!c->pipeline) {
		case_errors(c, &errors);
		case_fail(c, "no pipeline:\n%s", errors.p);
		buf_release(&errors);
		return;
	}
	struct node *root = pipeline_dump_full(&c->keep, c->pipeline, false);
	node_each_pair(pair, expect)
	{
		struct str key = pair->key->text;

		if (str_is(key, "jobs") && pair->value->kind == NODE_MAP) {
			node_each_pair(job, pair->value)
			{
				match_job(c, root, job->key->text, job->value);
			}
			continue;
		}
		struct node *got = top_value(c, root, key);
		if (got)
			match(c, key, pair->value, got);
		else
			case_fail(c, STR_FMT ": no such thing in a pipeline", STR_ARG(key));
	}
}

static struct node *updated_job(
	struct one_case *c, const struct node *root, struct str name, const struct node *want)
{
	struct node *out = node_new(&c->keep, NODE_MAP, SPAN_NONE);
	const struct node *dump = dump_of(root, name);
	const struct job *job = map_get(&c->pipeline->by_name, name);

	if (!dump || !job)
		return text_node(&c->keep, STR("<absent>"));
	if (want->kind != NODE_MAP)
		return out;
	node_each_pair(pair, want)
	{
		struct node *got = actual(c, job, dump, pair->key->text, pair->value);

		node_map_put(
			&c->keep, out, pair->key, got ? got : text_node(&c->keep, STR("<absent>")));
	}
	return out;
}

struct node *case_updated(struct one_case *c, const struct node *expect)
{
	struct node *out = node_new(&c->keep, NODE_MAP, SPAN_NONE);
	struct node *root = pipeline_dump_full(&c->keep, c->pipeline, false);

	node_each_pair(pair, expect)
	{
		struct str key = pair->key->text;

		if (str_is(key, "jobs") && pair->value->kind == NODE_MAP) {
			struct node *jobs = node_new(&c->keep, NODE_MAP, SPAN_NONE);

			node_each_pair(job, pair->value)
			{
				node_map_put(&c->keep, jobs, job->key,
					updated_job(c, root, job->key->text, job->value));
			}
			node_map_put(&c->keep, out, pair->key, jobs);
			continue;
		}
		struct node *got = top_value(c, root, key);
		node_map_put(&c->keep, out, pair->key, got ? got : pair->value);
	}
	return out;
}

static struct str place_line(struct one_case *c, const struct diag *d)
{
	struct str file = loc_file(&c->sources, d->at.begin);

	return arena_printf(&c->keep, STR_FMT ":%u:%u: %s: " STR_FMT, STR_ARG(file),
		d->at.begin.line, d->at.begin.col, d->code, STR_ARG(d->text));
}

void case_errors(struct one_case *c, struct buf *out)
{
	for (const struct diag *d = c->diags.first; d; d = d->next) {
		if (d->level != DIAG_ERROR)
			continue;
		struct str line = place_line(c, d);
		buf_printf(out, STR_FMT "\n", STR_ARG(line));
		if (d->gitlab.n)
			buf_printf(out, "gitlab: " STR_FMT "\n", STR_ARG(d->gitlab));
	}
}

/*
 * "gitlab: TEXT" is GitLab's wording; else FILE:LINE:COL: CODE: TEXT, of which the end may be
 * missing, or only ": CODE" for an error anywhere.
 */
static bool line_fits(struct one_case *c, const struct diag *d, struct str line)
{
	if (str_starts(line, STR("gitlab: ")))
		return str_eq(str_from(line, 8), d->gitlab);
	if (str_starts(line, STR(": ")))
		return str_is(str_from(line, 2), d->code);
	struct str full = place_line(c, d);
	return str_starts(full, line) &&
	       (full.n == line.n || full.p[line.n] == ':' || line.p[line.n - 1] == ':');
}

void case_expect_errors(struct one_case *c, struct str expect)
{
	struct map told;
	struct str_split lines = str_split(expect, '\n');
	struct str line;

	if (c->pipeline)
		case_fail(c, "the definition is valid");
	map_init(&told, &c->keep);
	while (str_split_next(&lines, &line)) {
		bool found = false;

		if (!str_trim(line).n)
			continue;
		for (const struct diag *d = c->diags.first; d; d = d->next) {
			if (d->level != DIAG_ERROR || !line_fits(c, d, line))
				continue;
			found = true;
			struct str key = arena_printf(&c->keep, "%p", (const void *)d);
			map_put(&told, key, (void *)d);
		}
		if (!found)
			case_fail(c, "no error is '" STR_FMT "'", STR_ARG(line));
	}
	for (const struct diag *d = c->diags.first; d; d = d->next) {
		struct str key = arena_printf(&c->keep, "%p", (const void *)d);

		if (d->level != DIAG_ERROR || map_has(&told, key))
			continue;
		struct str where = place_line(c, d);
		case_fail(c, "unexpected: " STR_FMT "  gitlab: " STR_FMT, STR_ARG(where),
			STR_ARG(d->gitlab));
	}
}
