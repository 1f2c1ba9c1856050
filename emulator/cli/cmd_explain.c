#include "base/base.h"

#include "emulator/cli/children.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/compare.h"
#include "emulator/cli/jobs.h"
#include "emulator/cli/load.h"
#include "emulator/cli/origins.h"
#include "emulator/cli/term.h"
#include "emulator/cli/tree.h"
#include "emulator/cli/verdict.h"
#include "config/config.h"
#include "pipeline/pipeline.h"
#include "yaml/node.h"

#include <unistd.h>

/* ---- the rules, one by one ---- */

/* Nothing decides about it (what GitLab takes as only: branches, tags). */
static bool always_in(const struct job *j)
{
	const struct job_def *d = j->def;
	return j->in && !d->rules.set && !d->rare->only->set && !d->rare->except->set;
}

/* The `if` as written in front of what it came to: "$A == "x" holds: $A is "x"". */
static struct str step_text(
	struct load *l, const struct rule_step *s, const struct rule_defs *rules)
{
	struct str why = s->why, yes = STR("if holds"), no = STR("if does not hold");
	struct str text = s->index >= 0 ? load_masked(l, rules->v[s->index].if_text.s) : STR_NULL;
	if (!text.n || !(str_starts(why, yes) || str_starts(why, no)))
		return why;
	return arena_printf(&l->c->arena, "if " STR_FMT " " STR_FMT, STR_ARG(str_trim(text)),
		STR_ARG(str_from(why, 3)));
}

/* One line: its number, what it came to, its place, why. */
static void say_step(struct cli *c, int number, const char *color, const char *came_to,
	struct str at, struct str why)
{
	struct buf *out = &c->out;
	size_t start = out->n, columns = c->tty_out ? term_columns(STDOUT_FILENO) : 0;
	if (number)
		buf_printf(out, "  %d. ", number);
	else
		buf_adds(out, "  -  ");
	size_t width = out->n - start + strlen(came_to) + str_width(at) + 3;
	buf_printf(out, "%s%-5s%s ", c->color_out ? color : "", came_to,
		c->color_out ? "\033[0m" : "");
	buf_addstr(out, at);
	buf_adds(out, at.n && why.n ? ": " : "");
	wrap_text(out, why, width, 11, columns);
	buf_addc(out, '\n');
}

/* rules: those that the steps are of; the ones behind the last were not looked at. NULL: only,
 * except. */
static void say_steps(struct cli *c, struct load *l, const char *title,
	const struct rule_step *steps, size_t n, const struct rule_defs *rules)
{
	struct arena *a = &c->arena;
	if (!n)
		return;
	buf_printf(&c->out, "\n%s:\n", title);
	for (size_t i = 0; i < n; i++)
		say_step(c, steps[i].index + 1, steps[i].matched ? "\033[32m" : "\033[2m",
			steps[i].matched ? "yes" : "no", place_text(a, &l->sources, steps[i].at),
			step_text(l, &steps[i], rules));
	for (size_t i = n; rules && i < rules->n; i++)
		say_step(c, (int)i + 1, "\033[2m", "-", place_text(a, &l->sources, rules->v[i].at),
			arena_printf(a, "not looked at, since rule %zu matched", n));
}

/* ---- JSON ---- */

static struct node *steps_tree(
	struct arena *a, const struct load *l, const struct rule_step *steps, size_t n)
{
	struct node *seq = tree_seq(a);
	for (size_t i = 0; i < n; i++) {
		struct node *m = tree_map(a);
		if (steps[i].index >= 0)
			tree_int(a, m, "rule", steps[i].index);
		else
			tree_null(a, m, "rule");
		tree_bool(a, m, "matched", steps[i].matched);
		tree_str(a, m, "why", steps[i].why);
		tree_place(a, m, "source", &l->sources, steps[i].at);
		node_seq_push(a, seq, m);
	}
	return seq;
}

static struct node *job_tree(
	struct arena *a, const struct load *l, const struct job *j, const struct child *ch)
{
	struct node *m = tree_map(a);
	tree_str(a, m, "job", j->name);
	tree_bool(a, m, "in", j->in);
	tree_str(a, m, "when", str_c(job_when_name(j->in ? j->when : WHEN_NEVER)));
	tree_str(a, m, "stage", j->stage);
	if (j->rule >= 0)
		tree_int(a, m, "rule", j->rule);
	else
		tree_null(a, m, "rule");
	tree_place(a, m, "source", &l->sources, j->def->name.at);
	tree_put(a, m, "steps", steps_tree(a, l, j->steps, j->n_steps));
	tree_put(a, m, "keywords", origins_tree(l, j));
	tree_put(a, m, "files", origins_files(l, j));
	if (ch)
		tree_put(a, m, "downstream", child_tree(a, ch));
	else
		tree_null(a, m, "downstream");
	return m;
}

static void print_json(struct cli *c, const struct load *l, struct job **jobs,
	struct child *const *children, size_t n, const struct job_def *hidden)
{
	struct arena *a = &c->arena;
	const struct pipeline *p = l->pipeline;
	struct node *m = tree_map(a), *workflow = tree_map(a), *list = tree_seq(a);
	tree_bool(a, workflow, "run", p->run);
	if (p->workflow_rule >= 0)
		tree_int(a, workflow, "rule", p->workflow_rule);
	else
		tree_null(a, workflow, "rule");
	tree_put(a, workflow, "steps", steps_tree(a, l, p->workflow_steps, p->n_workflow_steps));
	tree_put(a, m, "workflow", workflow);
	for (size_t i = 0; i < n; i++)
		node_seq_push(a, list, job_tree(a, l, jobs[i], children[i]));
	if (hidden)
		node_seq_push(a, list, verdict_hidden_tree(l, hidden));
	tree_put(a, m, "jobs", list);
	tree_print(c, m);
}

static void say(
	struct cli *c, struct load *l, struct job **jobs, struct child *const *children, size_t n)
{
	const struct pipeline *p = l->pipeline;
	for (size_t i = 0; i < n; i++) {
		const struct rule_defs *rules = &jobs[i]->def->rules;
		buf_adds(&c->out, i ? "\n" : "");
		verdict_say(&c->out, &c->arena, p, jobs[i]);
		if (!i)
			say_steps(c, l, "workflow:rules", p->workflow_steps, p->n_workflow_steps,
				&p->config->workflow.rules);
		if (!always_in(jobs[i]))
			say_steps(c, l, rules->set ? "rules" : "only, except", jobs[i]->steps,
				jobs[i]->n_steps, rules->set ? rules : NULL);
		origins_say(c, l, jobs[i]);
		if (children[i])
			child_say(c, children[i]);
	}
}

static int run(struct cli *c)
{
	struct load l;
	struct job **jobs = NULL;
	size_t n = 0;
	bool all = opt_flag(&c->opt, OPT_ALL);
	if (all)
		return compare_events(c);
	if (!c->opt.n_args)
		return cli_usage(c, "'explain' wants JOB, or '--all'");
	if (opt_last(&c->opt, OPT_EVENTS))
		return cli_usage(c, "'--events' belongs to '--all'");
	int code = load_pipeline(c, &l);
	const struct job_def *hidden = code ? NULL : verdict_hidden(&l, str_c(c->opt.args[0]));
	if (!code && !hidden)
		code = jobs_find(c, l.pipeline, c->opt.args[0], true, &jobs, &n);
	/* They stay until all is printed: trees borrow their texts. */
	struct child **children = arena_array(&c->arena, struct child *, n + 1);
	for (size_t i = 0; i < n && !code; i++)
		if (jobs[i]->def->trigger) {
			children[i] = arena_new(&c->arena, struct child);
			child_load(&l, jobs[i], children[i]);
		}
	if (!code && opt_flag(&c->opt, OPT_JSON))
		print_json(c, &l, jobs, children, n, hidden);
	else if (hidden)
		verdict_say_hidden(&l, hidden);
	else if (!code)
		say(c, &l, jobs, children, n);
	for (size_t i = 0; i < n; i++)
		if (children[i])
			child_release(children[i]);
	load_release(&l);
	return code;
}

const struct cmd cmd_explain = {
	.id = CMD_explain,
	.args = "JOB | --all [JOB]",
	.summary = "say why a job is in the pipeline or not, and where its keywords come from",
	.details =
		"Each rule is listed with the values that decided, then each keyword with the "
		"line that wrote "
		"it and the ways it took into the job: through which templates, and which "
		"include asked for their files. For a trigger job: the jobs of the "
		"pipeline that it starts.\n\n"
		"With --all: which jobs are in the pipelines of a push of this branch, of a push "
		"of "
		"the default branch, of a merge request, a tag and a schedule (--events asks for "
		"others), side by side, and what differs; with JOB, what decides about it in each. "
		"yes stands for on_success, - for a job that is not in. An event without a "
		"pipeline, "
		"or for which the definition is invalid, says so in its column.",
	.output =
		"With --json: {\"workflow\":{\"run\":bool, \"rule\":null|INDEX, \"steps\":[...]}, "
		"\"jobs\":[{\"job\", \"in\":bool, \"when\", \"stage\", \"rule\":null|INDEX, "
		"\"source\", "
		"\"steps\":[{\"rule\":null|INDEX, \"matched\":bool, \"why\", \"source\"}], "
		"\"keywords\":[{\"keyword\", \"source\", \"through\":[...], "
		"\"extends\":[TEMPLATE...], \"parts\":[{\"item\":INDEX, \"source\", \"through\"}], "
		"\"keys\":[{\"key\", ...}], "
		"\"needs_gitlab\":bool}], \"files\":[{\"file\", \"included_at\"}], "
		"\"downstream\":null|{\"kind\":child|downstream, "
		"\"state\":built|invalid|missing|dynamic|elsewhere, "
		"\"pipeline\":null|{as of list}}}]}; a hidden job is {\"job\", \"in\":false, "
		"\"hidden\":true, \"source\", \"extended_by\":[NAME...]}.\n"
		"With --all --json: {\"events\":[{\"event\", \"branch\", \"tag\", "
		"\"target_branch\", \"pipeline\":created|none|invalid, \"why\":null|TEXT}], "
		"\"jobs\":[{\"job\", \"base_name\", \"differs\":bool, \"events\":[{\"in\":bool, "
		"\"when\":null|WHEN, \"rule\":null|INDEX, \"why\":null|TEXT}]}]}; the events of a "
		"job are in the order of the first list.",
	.kind = ARG_JOBS,
	.max_args = 1,
	.run = run,
};
