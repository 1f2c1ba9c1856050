#include "base/base.h"

#include "emulator/cli/children.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/jobs.h"
#include "emulator/cli/load.h"
#include "emulator/cli/origins.h"
#include "emulator/cli/term.h"
#include "emulator/cli/tree.h"
#include "config/config.h"
#include "pipeline/pipeline.h"
#include "yaml/node.h"

#include <unistd.h>

/* ---- sentences ---- */

/* With `only` and `except` the last one that was looked at, for what keeps a job out ends the list.
 */
static const struct rule_step *deciding(const struct job *j)
{
	const struct rule_step *steps = j->steps;
	size_t n = j->n_steps;
	if (n && steps[n - 1].index < 0)
		return j->in ? &steps[0] : &steps[n - 1];
	for (size_t i = 0; i < n; i++)
		if (steps[i].matched)
			return &steps[i];
	return NULL;
}

static size_t n_rules(const struct job *j)
{
	return j->def->rules.n;
}

/* Nothing decides about it (what GitLab takes as only: branches, tags). */
static bool always_in(const struct job *j)
{
	const struct job_def *d = j->def;
	return j->in && !d->rules.set && !d->rare->only->set && !d->rare->except->set;
}

static void say_verdict(struct buf *out, const struct pipeline *p, const struct job *j)
{
	const struct rule_step *s = deciding(j);
	buf_printf(out, "'" STR_FMT "' is %s this pipeline", STR_ARG(j->name),
		j->in ? "in" : "not in");
	if (!p->run) {
		buf_adds(out, ": workflow:rules keep the whole pipeline from being created");
	} else if (always_in(j)) {
		buf_adds(out, ": it has no rules");
	} else if (s && s->index >= 0) {
		buf_printf(out, ": rule %d of %zu matched", s->index + 1, n_rules(j));
		buf_printf(out, " and says %s", job_when_name(j->in ? j->when : WHEN_NEVER));
	} else if (j->def->rules.set && n_rules(j) == 1) {
		buf_adds(out, ": its only rule did not match");
	} else if (j->def->rules.set) {
		buf_printf(out, ": none of its %zu rules matched", n_rules(j));
	}
	if (s && s->why.n && !always_in(j)) {
		struct str why = s->why, plain = STR("if holds: ");
		if (str_starts(why, plain))
			why = str_from(why, plain.n);
		buf_printf(out, ", because " STR_FMT, STR_ARG(why));
	}
	buf_adds(out, ".\n");
	if (!j->in)
		return;
	buf_printf(out, "It is in stage '" STR_FMT "', when: %s", STR_ARG(j->stage),
		job_when_name(j->when));
	if (j->allow_failure)
		buf_adds(out, ", and may fail");
	if (j->dag && j->n_needs) {
		buf_adds(out, ", needs");
		for (size_t i = 0; i < j->n_needs; i++)
			if (j->needs[i].job != UINT32_MAX)
				buf_printf(out, "%s '" STR_FMT "'", i ? "," : "",
					STR_ARG(p->jobs[j->needs[i].job]->name));
	} else if (j->dag) {
		buf_adds(out, ", and waits for nothing");
	}
	buf_adds(out, ".\n");
}

static void say_steps(struct cli *c, const struct load *l, const char *title,
	const struct rule_step *steps, size_t n)
{
	struct buf *out = &c->out;
	size_t columns = term_columns(STDOUT_FILENO);
	if (!n)
		return;
	buf_printf(out, "\n%s:\n", title);
	for (size_t i = 0; i < n; i++) {
		const struct rule_step *s = &steps[i];
		size_t start = out->n;
		if (s->index >= 0)
			buf_printf(out, "  %d. ", s->index + 1);
		else
			buf_adds(out, "  -  ");
		const char *color = !c->color_out ? "" : s->matched ? "\033[32m" : "\033[2m";
		buf_printf(out, "%s%-5s%s ", color, s->matched ? "yes" : "no",
			c->color_out ? "\033[0m" : "");
		struct str at = place_text(&c->arena, &l->sources, s->at);
		buf_addstr(out, at);
		size_t width = out->n - start;
		if (s->why.n) {
			buf_adds(out, at.n ? ": " : "");
			wrap_text(
				out, s->why, width + (at.n ? 2 : 0), 11, c->tty_out ? columns : 0);
		}
		buf_addc(out, '\n');
	}
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
	struct child *const *children, size_t n)
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
	tree_put(a, m, "jobs", list);
	tree_print(c, m);
}

static void say(struct cli *c, const struct load *l, struct job **jobs,
	struct child *const *children, size_t n)
{
	const struct pipeline *p = l->pipeline;
	for (size_t i = 0; i < n; i++) {
		buf_adds(&c->out, i ? "\n" : "");
		say_verdict(&c->out, p, jobs[i]);
		if (!i)
			say_steps(c, l, "workflow:rules", p->workflow_steps, p->n_workflow_steps);
		if (!always_in(jobs[i]))
			say_steps(c, l, jobs[i]->def->rules.set ? "rules" : "only, except",
				jobs[i]->steps, jobs[i]->n_steps);
		origins_say(c, l, jobs[i]);
		if (children[i])
			child_say(c, children[i]);
	}
}

static int run(struct cli *c)
{
	struct load l;
	struct job **jobs;
	size_t n = 0;
	int code = load_pipeline(c, &l);
	if (!code)
		code = jobs_find(c, l.pipeline, c->opt.args[0], true, &jobs, &n);
	/* They stay until all is printed: trees borrow their texts. */
	struct child **children = arena_array(&c->arena, struct child *, n + 1);
	for (size_t i = 0; i < n && !code; i++)
		if (jobs[i]->def->trigger) {
			children[i] = arena_new(&c->arena, struct child);
			child_load(&l, jobs[i], children[i]);
		}
	if (!code && opt_flag(&c->opt, OPT_JSON))
		print_json(c, &l, jobs, children, n);
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
	.args = "JOB",
	.summary = "say why a job is in the pipeline or not, and where its keywords come from",
	.details = "Each rule is listed with the values that decided, then each keyword with the "
		   "line that wrote "
		   "it and the ways it took into the job: through which templates, and which "
		   "include asked for their files. For a trigger job: the jobs of the "
		   "pipeline that it starts.",
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
		"\"pipeline\":null|{as of list}}}]}.",
	.kind = ARG_JOBS,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
