/* The expanded definition of an accepted case is a definition that makes the same pipeline. */
#include "base/base.h"
#include "case_runner.h"
#include "yaml/yaml.h"

static void say_errors(struct one_case *c, const struct diags *d)
{
	for (const struct diag *g = d->first; g; g = g->next)
		if (g->level == DIAG_ERROR)
			case_fail(c, "expanded:%u: " STR_FMT, g->at.begin.line, STR_ARG(g->text));
}

/* The dump of a job, or of the whole pipeline: where a job stands in its file is no part of it. */
static const char *dumped(struct one_case *c, const struct node *n)
{
	struct buf b = BUF_INIT;
	const char *text;

	if (node_is(n, NODE_MAP)) {
		struct node *copy = node_new(&c->keep, NODE_MAP, SPAN_NONE);

		node_each_pair(pair, n)
		{
			if (!str_is(pair->key->text, "source") && !str_is(pair->key->text, "jobs"))
				node_map_put(&c->keep, copy, pair->key, pair->value);
		}
		n = copy;
	}
	yaml_write_json(&b, n, 0);
	text = arena_str(&c->keep, buf_str(&b)).p;
	buf_release(&b);
	return text;
}

static void differ(struct one_case *c, const struct node *a, const struct node *b)
{
	const char *was = dumped(c, a), *is = dumped(c, b);

	if (strcmp(was, is))
		case_fail(c, "expanded, it makes\n      %s\n    not\n      %s", is, was);
}

static void differ_pipelines(struct one_case *c, const struct pipeline *is)
{
	const struct node *a = pipeline_dump_full(&c->keep, c->pipeline, true);
	const struct node *b = pipeline_dump_full(&c->keep, is, true);
	const struct node *was_jobs = node_get(a, "jobs"), *is_jobs = node_get(b, "jobs");

	differ(c, a, b);
	if (was_jobs->u.seq.n != is_jobs->u.seq.n) {
		case_fail(c, "expanded, it makes %u jobs, not %u", is_jobs->u.seq.n,
			was_jobs->u.seq.n);
		return;
	}
	for (size_t i = 0; i < was_jobs->u.seq.n; i++)
		differ(c, was_jobs->u.seq.items[i], is_jobs->u.seq.items[i]);
}

/* Its own inputs were put in already, and there is no header any more that could take them. */
static void start_again(struct one_case *again, const struct one_case *c)
{
	*again = *c;
	again->arena = (struct arena)ARENA_INIT;
	again->inputs = NULL;
	again->config = NULL;
	again->pipeline = NULL;
	again->failed = false;
	buf_init(&again->report);
	source_set_init(&again->sources, &again->arena);
	diags_init(&again->diags, &again->arena);
}

void case_fixed_point(struct one_case *c)
{
	struct one_case *again = xcalloc(1, sizeof(*again));
	struct buf text = BUF_INIT;

	yaml_write(&text, config_expanded(&c->keep, c->config));
	start_again(again, c);
	case_build(again, buf_str(&text));
	c->keep = again->keep; /* one arena: the copy has what was added to it */
	say_errors(c, &again->diags);
	if (again->pipeline)
		differ_pipelines(c, again->pipeline);
	else if (!again->diags.errors)
		case_fail(c, "expanded, it makes no pipeline");
	if (c->failed)
		case_fail(c, "expanded:\n%s", text.p);
	buf_release(&text);
	buf_release(&again->report);
	pipeline_unref(again->pipeline);
	arena_release(&again->arena);
	free(again);
}
