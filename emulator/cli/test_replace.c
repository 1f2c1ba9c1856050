/* Stand-ins: jobs, or commands of jobs, that a test does not want to run. */
#include "base/base.h"

#include "emulator/cli/test.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/load.h"
#include "expr/glob.h"
#include "pipeline/pipeline.h"
#include "yaml/node.h"

/* The lines of a stand-in as a script. */
static struct texts script_of(struct arena *a, const struct node *n)
{
	const struct node **v;
	size_t count = test_items(a, n, &v);
	struct texts out = {.v = arena_array(a, struct text, count + 1),
		.n = (uint32_t)count,
		.set = true,
		.at = n->at};
	for (size_t i = 0; i < count; i++)
		out.v[i] = (struct text){v[i]->text, v[i]->at};
	return out;
}

/*
 * What is left is where the job stands in the pipeline, and what it hands on: needs, when, retry,
 * artifacts, environment. Nothing that a server, a vault or an image would be wanted for.
 */
static void replace_job(struct arena *a, struct job *job, const struct node *stand_in)
{
	struct job_def *def = arena_new(a, struct job_def);
	struct job_rare *rare = arena_new(a, struct job_rare);
	*def = *job->def;
	*rare = *def->rare;
	rare->pre_get_sources_script = (struct texts){0};
	rare->release = NULL;
	rare->pages = (struct pages_def){0};
	rare->secrets = rare->run = NULL;
	def->rare = rare;
	def->script = script_of(a, stand_in);
	def->before_script = def->after_script = (struct texts){0};
	def->image = NULL;
	def->services = NULL;
	def->n_services = 0;
	def->trigger = NULL;
	def->bridge = false;
	job->def = def;
}

/* The commands of a list, line by line, where one fits; false: none did. */
static bool replace_in(struct arena *a, struct texts *list, const struct node *pattern,
	const struct node *stand_in)
{
	struct texts with = script_of(a, stand_in);
	struct text *v = arena_array(a, struct text, list->n + 1);
	bool any = false;
	for (uint32_t i = 0; i < list->n; i++) {
		CLEANUP(buf_release) struct buf out = BUF_INIT;
		struct str_split it = str_split(list->v[i].s, '\n');
		struct str line;
		bool here = false, first = true;
		while (str_split_next(&it, &line)) {
			buf_adds(&out, first ? "" : "\n");
			first = false;
			if (!glob_match_name(pattern->text, str_trim(line))) {
				buf_addstr(&out, line);
				continue;
			}
			here = true;
			for (uint32_t k = 0; k < with.n; k++)
				buf_printf(&out, "%s" STR_FMT, k ? "\n" : "", STR_ARG(with.v[k].s));
		}
		v[i] = list->v[i];
		if (here)
			v[i].s = arena_str(a, buf_str(&out));
		any |= here;
	}
	if (any)
		list->v = v;
	return any;
}

static bool replace_command(
	struct arena *a, struct job *job, const struct node *pattern, const struct node *stand_in)
{
	struct job_def *def = arena_new(a, struct job_def);
	*def = *job->def;
	bool any = replace_in(a, &def->before_script, pattern, stand_in);
	any |= replace_in(a, &def->script, pattern, stand_in);
	any |= replace_in(a, &def->after_script, pattern, stand_in);
	if (any)
		job->def = def;
	return any;
}

static void replace_commands(struct load *l, struct test_case *t, const struct node *job,
	struct job **jobs, size_t n, const struct node *commands)
{
	struct arena *a = &l->c->arena;
	node_each_pair(pair, commands)
	{
		bool any = false;
		for (size_t i = 0; i < n; i++)
			any |= replace_command(a, jobs[i], pair->key, pair->value);
		if (any)
			continue;
		struct test_difference *d = test_differs(
			a, t, pair->key->at, "replace in job '" STR_FMT "'", STR_ARG(job->text));
		test_expected(a, d, "a command that fits '" STR_FMT "'", STR_ARG(pair->key->text));
		test_got(a, d, "none of its commands does");
	}
}

void test_replace(struct load *l, struct test_case *t, const struct node *replace, bool *all)
{
	struct arena *a = &l->c->arena;
	const struct pipeline *p = l->pipeline;
	bool *whole = arena_array(a, bool, p->n_jobs + 1);
	*all = true;
	if (replace) {
		node_each_pair(pair, replace)
		{
			struct job **jobs;
			size_t n = pipeline_find_jobs(a, p, pair->key->text, false, &jobs);
			if (!n) {
				struct test_difference *d =
					test_differs(a, t, pair->key->at, "replace");
				test_expected(a, d, "a job '" STR_FMT "' in the pipeline",
					STR_ARG(pair->key->text));
				test_got(a, d, "there is none");
			}
			if (node_is(pair->value, NODE_MAP)) {
				replace_commands(l, t, pair->key, jobs, n, pair->value);
				continue;
			}
			for (size_t i = 0; i < n; i++) {
				replace_job(a, jobs[i], pair->value);
				whole[jobs[i]->id] = true;
			}
		}
	}
	for (size_t i = 0; i < p->n_jobs; i++)
		*all &= whole[i];
}
