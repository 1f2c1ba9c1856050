#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/family.h"
#include "emulator/cli/jobs.h"
#include "emulator/cli/load.h"
#include "pipeline/pipeline.h"

/* One a line, for completion and scripts; base names of parallel jobs first. */
static void print_names(struct cli *c, const struct pipeline *p)
{
	struct str last = STR_NULL;
	for (size_t i = 0; i < p->n_jobs; i++) {
		const struct job *j = p->jobs[i];
		if (!str_eq(j->base_name, j->name) && !str_eq(j->base_name, last))
			buf_printf(&c->out, STR_FMT "\n", STR_ARG(j->base_name));
		last = j->base_name;
		buf_printf(&c->out, STR_FMT "\n", STR_ARG(j->name));
	}
}

static void print_stages(struct cli *c, const struct pipeline *p)
{
	for (size_t s = 0; s < p->n_stages; s++)
		for (size_t i = 0; i < p->n_jobs; i++)
			if (p->jobs[i]->stage_index == s) {
				buf_printf(&c->out, STR_FMT "\n", STR_ARG(p->stages[s]));
				break;
			}
}

static int run(struct cli *c)
{
	struct load l;
	bool all = opt_flag(&c->opt, OPT_ALL), json = opt_flag(&c->opt, OPT_JSON);
	if (json && opt_flag(&c->opt, OPT_CSV))
		return cli_usage(c, "'--json' and '--csv' exclude each other");
	int code = load_pipeline(c, &l);
	if (code) {
		load_release(&l);
		return code;
	}
	load_mask_pipeline(&l, l.pipeline);
	const struct pipeline *p = l.pipeline;
	bool children = opt_flag(&c->opt, OPT_CHILDREN);
	if (children && json) {
		family_json(c, &l, all);
	} else if (children && opt_flag(&c->opt, OPT_CSV)) {
		family_csv(c, &l, all);
	} else if (json) {
		if (!pipeline_write_json(&c->out, p, all, c->tty_out ? 2 : 0, cli_flush_much, c)) {
			/* It has been told why. */
			buf_clear(&c->out);
			code = EXIT_SURROUNDINGS;
		}
	} else if (opt_flag(&c->opt, OPT_CSV)) {
		jobs_csv(c, p, all, STR_NULL);
	} else if (opt_flag(&c->opt, OPT_NAMES)) {
		print_names(c, p);
	} else if (opt_flag(&c->opt, OPT_STAGES)) {
		print_stages(c, p);
	} else {
		if (children)
			family_table(c, &l, all);
		else
			jobs_table(c, p, all);
		if (!p->run)
			cli_note(c, "workflow:rules keep this pipeline from being created");
		else if (!p->n_jobs)
			cli_note(c, "no job is in this pipeline; 'cilocal list --all' shows the "
				    "others");
	}
	load_release(&l);
	return code;
}

const struct cmd cmd_list = {
	.id = CMD_list,
	.args = "",
	.summary = "show the jobs that the pipeline would hold, in order",
	.details =
		"The table has the jobs by stage. NEEDS is empty for jobs that wait for the stages "
		"before theirs, and (none) for those that wait for nothing. With --children, the "
		"pipelines that trigger jobs start are compiled too: from files of this work tree, "
		"and from the clones that [cilocal.projects] names.",
	.output = "With --json: {\"stages\":[NAME...], \"workflow\":{\"name\",\"run\"}, "
		  "\"jobs\":[{\"name\", "
		  "\"base_name\", \"stage\", \"when\", "
		  "\"allow_failure\":bool|{\"exit_codes\":[...]}, "
		  "\"needs\":null|[{\"job\",\"artifacts\",\"optional\"}], \"image\", \"services\", "
		  "\"tags\", "
		  "\"environment\", \"trigger\", \"rule\":null|INDEX, \"source\":\"FILE:LINE\"}]}. "
		  "needs is null "
		  "where none are written (stage order) and [] where they are empty. With --all, "
		  "jobs that are "
		  "out have \"when\":\"never\".\n"
		  "With --csv: name, base_name, stage, when, allow_failure, needs and tags (one a "
		  "line), environment, source. With --children, jobs of other pipelines are called "
		  "TRIGGER JOB > JOB there, and in JSON each job has a \"downstream\": null or "
		  "{\"kind\":child|downstream, \"state\":built|invalid|missing|dynamic|elsewhere, "
		  "\"pipeline\":null|{the same object}}.",
	.kind = ARG_NONE,
	.run = run,
};
