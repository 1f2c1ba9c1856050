#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/earlier.h"
#include "emulator/cli/graph.h"
#include "emulator/cli/load.h"
#include "emulator/cli/term.h"
#include "emulator/cli/tree.h"
#include "pipeline/pipeline.h"

#include <unistd.h>

/* The record of --run; *r stays in e. An exit code; earlier_release() after EXIT_OK. */
static int read_run(struct cli *c, struct earlier *e, struct run_record *r)
{
	size_t at;
	int code = earlier_open(c, e);
	if (code)
		return code;
	code = earlier_find(c, e, opt_text(&c->opt, OPT_RUN), &at);
	if (!code && earlier_read(c, e, at, r, NULL))
		code = EXIT_USAGE;
	if (code)
		earlier_release(e);
	return code;
}

static void draw(struct cli *c, const struct graph *g)
{
	const char *format = opt_text(&c->opt, OPT_FORMAT);
	if (!format || !strcmp(format, "text"))
		graph_text(g, &c->out, c->tty_out ? term_columns(STDOUT_FILENO) : 0, c->color_out);
	else if (!strcmp(format, "dot"))
		graph_dot(g, &c->out);
	else if (!strcmp(format, "mermaid"))
		graph_mermaid(g, &c->out);
	else if (!strcmp(format, "svg"))
		graph_svg(g, &c->out);
	else
		tree_print(c, graph_tree(g));
}

static void make(struct load *l, struct graph *g, const struct run_record *run)
{
	load_mask_pipeline(l, l->pipeline);
	graph_make(g, &l->c->arena, l->pipeline);
	graph_family(g, l, run);
	if (!l->pipeline->n_jobs)
		cli_note(l->c, "no job is in this pipeline; 'cilocal list --all' shows the others");
}

static int run(struct cli *c)
{
	struct load l;
	struct graph g;
	struct earlier e;
	struct run_record r;
	bool of_run = opt_last(&c->opt, OPT_RUN);
	int code = load_pipeline(c, &l);
	if (!code && of_run)
		code = read_run(c, &e, &r);
	if (!code) {
		make(&l, &g, of_run ? &r : NULL);
		draw(c, &g);
		if (of_run)
			earlier_release(&e);
	}
	load_release(&l);
	return code;
}

const struct cmd cmd_graph = {
	.id = CMD_graph,
	.args = "",
	.summary = "draw the pipeline: stages as columns, and what needs what",
	.details =
		"The text has a column for each stage, where the terminal is wide enough; an arrow "
		"before a "
		"stage says that it waits for those before it. --run ID adds the states and times "
		"of that run. "
		"SVG follows the reader's light or dark scheme; DOT is for Graphviz, Mermaid for "
		"Markdown. Pipelines that trigger jobs start are drawn too: from files of this "
		"work "
		"tree and from the clones that [cilocal.projects] names; those that a job makes, "
		"with "
		"--run.",
	.output = "{\"stages\": [{\"name\", \"waits_for_earlier_stages\", \"jobs\": [{\"name\", "
		  "\"note\", "
		  "\"status\", \"duration\", \"downstream\": null or {\"kind\", \"state\", "
		  "\"pipeline\": null or the same object}}]}], \"needs\": [{\"from\", \"to\", "
		  "\"optional\", "
		  "\"artifacts\"}]} (--format json)",
	.kind = ARG_NONE,
	.max_args = 0,
	.run = run,
};
