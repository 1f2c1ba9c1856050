#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/cmd_runs.h"
#include "emulator/cli/earlier.h"
#include "emulator/cli/term.h"
#include "emulator/cli/timeline.h"
#include "emulator/cli/tree.h"
#include "emulator/core/error.h"
#include "emulator/log/console.h"
#include "emulator/store/environment_record.h"
#include "yaml/node.h"

#include <time.h>

/* "5 jobs, 1 failed" */
static struct str summary(struct arena *a, const struct run_record *r)
{
	size_t failed = 0;
	for (size_t i = 0; i < r->n_jobs; i++)
		failed += str_is(r->jobs[i].status, "failed");
	return arena_printf(a, failed ? "%zu job%s, %zu failed" : "%zu job%s", r->n_jobs,
		r->n_jobs == 1 ? "" : "s", failed);
}

static struct node *job_tree(struct arena *a, const struct job_record *j)
{
	struct node *m = tree_map(a);
	tree_str(a, m, "name", j->name);
	tree_str(a, m, "stage", j->stage);
	tree_str(a, m, "status", j->status);
	tree_bool(a, m, "allow_failure", j->allow_failure);
	if (j->has_exit_code)
		tree_int(a, m, "exit_code", j->exit_code);
	else
		tree_null(a, m, "exit_code");
	tree_opt(a, m, "failure_reason", j->failure_reason);
	tree_seconds(a, m, "started", j->started);
	tree_seconds(a, m, "duration", j->duration);
	return m;
}

struct node *runs_tree(struct arena *a, const struct run_record *r, const struct timeline *t)
{
	struct node *m = tree_map(a), *jobs = tree_seq(a);
	tree_str(a, m, "id", r->id);
	tree_str(a, m, "status", r->status);
	tree_opt(a, m, "name", r->pipeline_name);
	tree_opt(a, m, "ref", r->ref);
	tree_opt(a, m, "sha", r->sha);
	tree_opt(a, m, "source", r->source);
	tree_seconds(a, m, "started", r->started);
	tree_seconds(a, m, "duration", r->duration);
	for (size_t i = 0; i < r->n_jobs; i++) {
		struct node *job = job_tree(a, &r->jobs[i]);
		if (t)
			timeline_tree_job(t, i, a, job);
		node_seq_push(a, jobs, job);
	}
	if (t)
		timeline_tree(t, a, m);
	tree_put(a, m, "jobs", jobs);
	return m;
}

static void print_head(struct cli *c, size_t id_width, size_t ref_width)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	pad_text(&line, STR("RUN"), id_width);
	buf_adds(&line, "  STATUS    STARTED              TIME     ");
	pad_text(&line, STR("REF"), ref_width);
	buf_adds(&line, "  JOBS");
	buf_printf(&c->out, c->color_out ? "\033[1m%s\033[0m\n" : "%s\n", line.p);
}

static void print_row(struct cli *c, const struct run_record *r, size_t ref_width)
{
	struct arena *a = &c->arena;
	CLEANUP(buf_release) struct buf status = BUF_INIT;
	buf_printf(&c->out, STR_FMT "  ", STR_ARG(r->id));
	pad_text(&status, r->status, 8);
	if (c->color_out)
		buf_printf(&c->out, "\033[%sm%s\033[0m", status_color(r->status), status.p);
	else
		buf_addstr(&c->out, buf_str(&status));
	buf_adds(&c->out, "  ");
	pad_text(&c->out, local_time(a, r->started, "%Y-%m-%d %H:%M:%S"), 19);
	buf_adds(&c->out, "  ");
	buf_clear(&status);
	console_duration(&status, r->duration);
	pad_text(&c->out, buf_str(&status), 7);
	buf_adds(&c->out, "  ");
	pad_text(&c->out, r->ref, ref_width);
	buf_printf(&c->out, "  " STR_FMT "\n", STR_ARG(summary(a, r)));
}

/* ---- environments: what earlier runs deployed to ---- */

/* Nobody stops it by itself here: it should be seen that somebody has to. */
static bool overdue(const struct environment_record *e)
{
	return e->state.n && str_is(e->state, "available") && e->auto_stop >= 0 &&
	       (int64_t)e->auto_stop <= (int64_t)time(NULL);
}

static struct node *environment_tree(struct arena *a, const struct environment_record *e)
{
	struct node *m = tree_map(a);
	tree_str(a, m, "name", e->name);
	tree_str(a, m, "slug", e->slug);
	tree_str(a, m, "state", e->state);
	tree_opt(a, m, "tier", e->tier);
	tree_opt(a, m, "url", e->url);
	tree_opt(a, m, "on_stop", e->on_stop);
	tree_seconds(a, m, "auto_stop", e->auto_stop);
	tree_bool(a, m, "overdue", overdue(e));
	tree_int(a, m, "deployments", (int64_t)e->deployments);
	tree_opt(a, m, "job", e->job);
	tree_opt(a, m, "run", e->run);
	tree_opt(a, m, "ref", e->ref);
	tree_opt(a, m, "sha", e->sha);
	tree_seconds(a, m, "deployed", e->deployed);
	return m;
}

static void print_environments(struct cli *c, const struct environment_list *l)
{
	size_t width = 0;
	for (size_t i = 0; i < l->n; i++)
		width = MAX(width, str_width(l->v[i].name));
	if (l->n)
		buf_adds(&c->out, "\n");
	for (size_t i = 0; i < l->n; i++) {
		const struct environment_record *e = &l->v[i];
		struct str until = local_time(&c->arena, e->auto_stop, "%Y-%m-%d %H:%M");
		buf_adds(&c->out, "environment  ");
		pad_text(&c->out, e->name, width);
		buf_adds(&c->out, "  ");
		pad_text(&c->out, e->state, 9);
		if (e->deployments)
			buf_printf(&c->out, "  by '" STR_FMT "' of " STR_FMT, STR_ARG(e->job),
				STR_ARG(e->run));
		if (e->url.n)
			buf_printf(&c->out, "  " STR_FMT, STR_ARG(e->url));
		if (until.n && overdue(e))
			buf_printf(&c->out,
				"  OVERDUE: was to be stopped at " STR_FMT "%s" STR_FMT "%s",
				STR_ARG(until), e->on_stop.n ? ", cilocal run '" : "",
				STR_ARG(e->on_stop), e->on_stop.n ? "' stops it" : "");
		else if (until.n)
			buf_printf(&c->out, "  to be stopped at " STR_FMT, STR_ARG(until));
		buf_addc(&c->out, '\n');
	}
}

static void show_environments(struct cli *c, const struct earlier *e, struct node *json)
{
	struct environment_list l;
	struct error err = ERROR_INIT;
	struct node *list = tree_seq(&c->arena);
	if (environment_list_read(e->store.root, &c->arena, &l, &err))
		cli_warn(c, "%s", err.text);
	if (!json) {
		print_environments(c, &l);
		return;
	}
	for (size_t i = 0; i < l.n; i++)
		node_seq_push(&c->arena, list, environment_tree(&c->arena, &l.v[i]));
	tree_put(&c->arena, json, "environments", list);
}

static int list(struct cli *c)
{
	struct earlier e;
	uint64_t limit = SIZE_MAX;
	const char *text = opt_text(&c->opt, OPT_LIMIT);
	if (text && !parse_u64(str_c(text), &limit))
		BUG("an option's value was not checked");
	int code = earlier_open(c, &e);
	if (code)
		return code;
	struct run_record *records = arena_array(&c->arena, struct run_record, e.n + 1);
	struct node *list = tree_seq(&c->arena);
	size_t n = 0, width = 0;
	for (size_t i = 0; i < e.n && n < limit; i++) {
		if (earlier_read(c, &e, i, &records[n], NULL))
			continue;
		width = MAX(width, str_width(records[n].ref));
		n++;
	}
	bool json = opt_flag(&c->opt, OPT_JSON), names = opt_flag(&c->opt, OPT_NAMES);
	width = MAX(width, strlen("REF"));
	if (n && !json && !names && !c->quiet)
		print_head(c, records[0].id.n, width);
	for (size_t i = 0; i < n; i++)
		if (names)
			buf_printf(&c->out, STR_FMT "\n", STR_ARG(records[i].id));
		else if (json)
			node_seq_push(&c->arena, list, runs_tree(&c->arena, &records[i], NULL));
		else
			print_row(c, &records[i], width);
	if (json) {
		struct node *m = tree_map(&c->arena);
		tree_put(&c->arena, m, "runs", list);
		show_environments(c, &e, m);
		tree_print(c, m);
	} else if (!names) {
		show_environments(c, &e, NULL);
		if (!n)
			cli_note(c, "there is no earlier run of this project");
	}
	earlier_release(&e);
	return EXIT_OK;
}

static int run(struct cli *c)
{
	if (!c->opt.n_args && opt_last(&c->opt, OPT_RUN_FORMAT))
		return cli_usage(c, "'--format' goes with one run: cilocal runs show RUN");
	if (!c->opt.n_args)
		return list(c);
	if (strcmp(c->opt.args[0], "show") != 0)
		return cli_usage(c,
			"'%s' is nothing that 'runs' does; one run is shown by "
			"'cilocal runs show RUN'",
			c->opt.args[0]);
	return runs_show(c);
}

const struct cmd cmd_runs = {
	.id = CMD_runs,
	.args = "[show [RUN]]",
	.summary = "show earlier runs with their states, the newest first, or one run",
	.details =
		"Below the runs: the environments that jobs deployed to, from run to run.\n"
		"'runs show' draws where the time of a run went (RUN: its id, or the start of it, "
		"or 'last'): a bar for each job, with what it did when; what all jobs together "
		"spent on what; and the longest chain of jobs that waited for each other, marked "
		"with a '*': only what makes that one shorter makes the run shorter. --format svg "
		"is a picture for a report, --format trace a file for Chrome's about:tracing and "
		"ui.perfetto.dev.",
	.output =
		"With --json: {\"runs\":[{\"id\", \"status\", \"name\", \"ref\", \"sha\", "
		"\"source\", \"started\", "
		"\"duration\", \"jobs\":[{\"name\", \"stage\", \"status\", \"allow_failure\":bool, "
		"\"exit_code\":null|N, \"failure_reason\":null|WORD, \"started\", "
		"\"duration\"}]}], \"environments\":[{\"name\", \"slug\", \"state\", \"tier\", "
		"\"url\", \"on_stop\", \"auto_stop\", \"overdue\":bool, \"deployments\":N, "
		"\"job\", \"run\", "
		"\"ref\", "
		"\"sha\", \"deployed\"}]}. Times are "
		"seconds since 1970, durations seconds; null where there is none yet. A run that "
		"was killed "
		"has status \"died\".\n"
		"'runs show --json' is one of these runs, its jobs with \"after\" (the job whose "
		"end "
		"let it start, or null), \"critical\":bool (on the longest chain) and "
		"\"phases\":[{\"name\", \"start\", \"duration\"}]; the run with \"setup\" (seconds "
		"until "
		"a job might start), \"time\":{\"waiting\", \"images\", \"preparing\", \"files\", "
		"\"scripts\", \"pipelines\"} and \"longest_chain\":{\"duration\", \"jobs\":[...]}. "
		"Phases "
		"are \"waiting\", \"pull_image\", \"pipeline\" (of a trigger job) and the sections "
		"of a "
		"job's log; they start so many seconds after the run.",
	.kind = ARG_RUNS,
	.max_args = 2,
	.run = run,
};
