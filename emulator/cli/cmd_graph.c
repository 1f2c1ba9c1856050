#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/earlier.h"
#include "emulator/cli/graph.h"
#include "emulator/cli/load.h"
#include "emulator/cli/term.h"
#include "emulator/cli/tree.h"
#include "base/map.h"
#include "pipeline/pipeline.h"

#include <unistd.h>

/* States and times of a run, job by job of the same name. */
static int take_states(struct cli *c, struct graph *g, const char *id)
{
	struct earlier e;
	struct run_record r;
	struct map by_name;
	size_t at;
	int code = earlier_open(c, &e);
	if (code)
		return code;
	code = earlier_find(c, &e, id, &at);
	if (!code && earlier_read(c, &e, at, &r, NULL))
		code = EXIT_USAGE;
	if (!code) {
		map_init(&by_name, &c->arena);
		for (size_t i = 0; i < r.n_jobs; i++)
			map_put(&by_name, r.jobs[i].name, &r.jobs[i]);
		for (size_t i = 0; i < g->p->n_jobs; i++) {
			const struct job_record *j = map_get(&by_name, g->p->jobs[i]->name);
			if (!j)
				continue;
			g->jobs[i].state = j->status;
			g->jobs[i].seconds = j->duration;
		}
	}
	earlier_release(&e);
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

static int run(struct cli *c)
{
	struct load l;
	struct graph g;
	int code = load_pipeline(c, &l);
	if (!code) {
		const struct opt_value *run = opt_last(&c->opt, OPT_RUN);
		load_mask_pipeline(&l, l.pipeline);
		graph_make(&g, &c->arena, l.pipeline);
		if (run)
			code = take_states(c, &g, opt_text(&c->opt, OPT_RUN));
		if (!code && !l.pipeline->n_jobs)
			cli_note(c, "no job is in this pipeline; 'cilocal list --all' shows the "
				    "others");
		if (!code)
			draw(c, &g);
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
		"Markdown.",
	.output = "{\"stages\": [{\"name\", \"waits_for_earlier_stages\", \"jobs\": [{\"name\", "
		  "\"note\", "
		  "\"status\", \"duration\"}]}], \"needs\": [{\"from\", \"to\", \"optional\", "
		  "\"artifacts\"}]} (--format json)",
	.kind = ARG_NONE,
	.max_args = 0,
	.run = run,
};
