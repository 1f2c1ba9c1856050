#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/jobs.h"
#include "emulator/cli/load.h"
#include "emulator/cli/tree.h"
#include "yaml/node.h"
#include "yaml/yaml.h"
#include "config/config.h"
#include "pipeline/pipeline.h"

static void put_job(struct cli *c, struct node *out, struct str name, const struct job_def *def)
{
	node_map_put(&c->arena, out, node_new_str(&c->arena, name, def->name.at),
		config_expanded_job(&c->arena, def->node));
}

static int chosen(struct cli *c, const struct load *l, struct node *out)
{
	for (size_t i = 0; i < c->opt.n_args; i++) {
		struct job **jobs;
		size_t n;
		const struct job_def *def = config_job(l->config, str_c(c->opt.args[i]));
		if (def && node_is(def->node, NODE_MAP)) {
			put_job(c, out, def->name.s, def);
			continue;
		}
		int code = jobs_find(c, l->pipeline, c->opt.args[i], true, &jobs, &n);
		if (code)
			return code;
		for (size_t k = 0; k < n; k++)
			put_job(c, out, jobs[k]->base_name, jobs[k]->def);
	}
	return EXIT_OK;
}

static int run(struct cli *c)
{
	struct load l;
	int code = load_pipeline(c, &l);
	if (!code) {
		struct node *out;
		if (c->opt.n_args) {
			out = tree_map(&c->arena);
			code = chosen(c, &l, out);
		} else {
			out = config_expanded(&c->arena, l.config);
		}
		if (!code && opt_flag(&c->opt, OPT_JSON))
			code = tree_print_parts(c, out);
		else if (!code && !yaml_write_parts(&c->out, out, cli_flush_much, c))
			code = EXIT_SURROUNDINGS;
	}
	load_release(&l);
	return code;
}

const struct cmd cmd_expand = {
	.id = CMD_expand,
	.args = "[JOB...]",
	.summary = "print the definition after include, extends, !reference, inputs and default",
	.details = "What is printed is a definition itself: it makes the same pipeline. With JOB, "
		   "only these "
		   "jobs.",
	.output = "With --json: the same as one object.",
	.kind = ARG_JOBS,
	.max_args = SIZE_MAX,
	.run = run,
};
