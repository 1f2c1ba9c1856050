#include "base/base.h"

#include "emulator/cli/verdict.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/load.h"
#include "emulator/cli/tree.h"
#include "emulator/log/console.h"
#include "yaml/node.h"
#include "config/config.h"
#include "pipeline/pipeline.h"
#include "pipeline/reason.h"

struct str verdict_no_pipeline(struct arena *a, const struct pipeline *p)
{
	if (!p->run)
		return workflow_reason(a, p);
	if (p->refusal.n)
		return STR("it would hold no job, or only jobs of .pre and .post");
	return STR_NULL;
}

/* ---- how it runs ---- */

static const char *start_words(const struct job *j)
{
	switch (j->when) {
	case WHEN_MANUAL:
		return "is started by hand";
	case WHEN_DELAYED:
		return "starts after its delay";
	case WHEN_ALWAYS:
		return "runs whether those before it pass or fail";
	case WHEN_ON_FAILURE:
		return "runs only where one before it fails";
	case WHEN_ON_SUCCESS:
	case WHEN_NEVER:
	case WHEN_UNSET:
		break;
	}
	return "runs when those before it have passed";
}

static void say_start(struct buf *out, const struct pipeline *p, const struct job *j)
{
	bool first = true;

	buf_printf(out, "It is in stage '" STR_FMT "', when: %s: it %s", STR_ARG(j->stage),
		job_when_name(j->when), start_words(j));
	if (j->when == WHEN_DELAYED) {
		buf_adds(out, " of ");
		console_duration(out, (double)j->start_in_s);
	}
	if (j->allow_failure || j->n_allow_exit_codes)
		buf_adds(out, ", and may fail");
	for (size_t i = 0; i < j->n_allow_exit_codes; i++)
		buf_printf(
			out, "%s%" PRId64, i ? ", " : " with exit code ", j->allow_exit_codes[i]);
	buf_adds(out, ".\n");
	for (size_t i = 0; j->dag && i < j->n_needs; i++) {
		if (j->needs[i].job == UINT32_MAX)
			continue;
		buf_printf(out, "%s'" STR_FMT "'", first ? "It needs " : ", ",
			STR_ARG(p->jobs[j->needs[i].job]->name));
		first = false;
	}
	if (!first)
		buf_adds(out, ", and does not wait for the stages before its own.\n");
	else if (j->dag)
		buf_adds(out, "It needs nothing (needs: []), so it does not wait for the stages "
			      "before its own.\n");
}

/* ---- needs that are not there ---- */

static const struct need_defs *needs_of(const struct job *j)
{
	const struct rule_defs *rules = &j->def->rules;

	if (j->rule >= 0 && rules->v[j->rule].needs.n)
		return &rules->v[j->rule].needs;
	return &j->def->needs;
}

static bool has_job(const struct pipeline *p, struct str name)
{
	for (size_t i = 0; i < p->n_jobs; i++)
		if (str_eq(p->jobs[i]->name, name) || str_eq(p->jobs[i]->base_name, name))
			return true;
	return false;
}

static void say_absent_needs(
	struct buf *out, struct arena *a, const struct pipeline *p, const struct job *j)
{
	const struct need_defs *needs = needs_of(j);

	for (size_t i = 0; i < needs->n; i++) {
		const struct need_def *n = &needs->v[i];
		struct job **found;

		if (!n->job.s.n || n->far->pipeline.s.n || n->far->project.s.n ||
			has_job(p, n->job.s))
			continue;
		buf_printf(
			out, "It does without '" STR_FMT "', an optional need", STR_ARG(n->job.s));
		if (pipeline_find_jobs(a, p, n->job.s, true, &found))
			buf_printf(out, ", which is not in this pipeline: " STR_FMT,
				STR_ARG(job_reason(a, found[0])));
		else
			buf_adds(out, ", which is not in the definition");
		buf_adds(out, ".\n");
	}
}

void verdict_say(struct buf *out, struct arena *a, const struct pipeline *p, const struct job *j)
{
	struct str none = verdict_no_pipeline(a, p);

	if (none.n) {
		buf_printf(out,
			"'" STR_FMT "' is not in this pipeline, for there is none: " STR_FMT ".\n",
			STR_ARG(j->name), STR_ARG(none));
		if (p->run)
			buf_printf(out, "By itself it would%s be in: " STR_FMT ".\n",
				j->in ? "" : " not", STR_ARG(job_reason(a, j)));
		return;
	}
	buf_printf(out, "'" STR_FMT "' is %s this pipeline: " STR_FMT ".\n", STR_ARG(j->name),
		j->in ? "in" : "not in", STR_ARG(job_reason(a, j)));
	if (j->in) {
		say_start(out, p, j);
		say_absent_needs(out, a, p, j);
	}
}

/* ---- hidden jobs ---- */

static bool extends(const struct job_def *def, struct str name)
{
	const struct node *e = node_get(def->node, "extends");

	if (node_is(e, NODE_STRING))
		return str_eq(e->text, name);
	if (!node_is(e, NODE_SEQ))
		return false;
	node_each (item, e) {
		if (str_eq(item->text, name))
			return true;
	}
	return false;
}

const struct job_def *verdict_hidden(const struct load *l, struct str name)
{
	return str_starts(name, STR(".")) ? config_job(l->config, name) : NULL;
}

void verdict_say_hidden(const struct load *l, const struct job_def *def)
{
	struct buf *out = &l->c->out;
	size_t users = 0;

	buf_printf(out,
		"'" STR_FMT "' is in no pipeline: its name starts with a dot, which makes it a "
		"hidden job, a template for others.\n",
		STR_ARG(def->name.s));
	map_each (struct map_entry *, e, &l->config->jobs) {
		if (extends(e->value, def->name.s))
			buf_printf(out, "%s'" STR_FMT "'",
				users++ ? ", " : "Jobs that extend it: ", STR_ARG(e->key));
	}
	buf_adds(out, users ? ".\n" : "No job extends it.\n");
	buf_printf(out, "It is written at " STR_FMT ".\n",
		STR_ARG(place_text(&l->c->arena, &l->sources, def->name.at)));
}

struct node *verdict_hidden_tree(const struct load *l, const struct job_def *def)
{
	struct arena *a = &l->c->arena;
	struct node *m = tree_map(a), *users = tree_seq(a);

	tree_str(a, m, "job", def->name.s);
	tree_bool(a, m, "in", false);
	tree_bool(a, m, "hidden", true);
	tree_place(a, m, "source", &l->sources, def->name.at);
	map_each (struct map_entry *, e, &l->config->jobs) {
		if (extends(e->value, def->name.s))
			tree_push_str(a, users, e->key);
	}
	tree_put(a, m, "extended_by", users);
	return m;
}
