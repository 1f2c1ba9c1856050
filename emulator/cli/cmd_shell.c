#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/cmd_run.h"
#include "emulator/cli/load.h"
#include "emulator/core/error.h"
#include "emulator/gitlab/run.h"
#include "pipeline/pipeline.h"

#include <unistd.h>

/* What the job needs, as a run of its own; nothing where it needs nothing. */
static int run_needs(struct cli *c, struct load *l, const struct run_options *shell)
{
	struct run_options o = *shell;
	struct error err = ERROR_INIT;
	bool *chosen = arena_array(&c->arena, bool, l->pipeline->n_jobs + 1);
	size_t n = 0;
	o.shell = false;
	o.needs = o.only_needs = true;
	if (run_select(l->pipeline, &o, chosen, &err))
		return cli_fail(c, &err);
	for (size_t i = 0; i < l->pipeline->n_jobs; i++)
		n += chosen[i];
	if (!n)
		return EXIT_OK;
	int code = run_loaded(c, l, &o);
	if (code == EXIT_JOB_FAILED)
		cli_error(c, "no shell: what '" STR_FMT "' needs did not pass",
			STR_ARG(shell->jobs[0]));
	return code;
}

static int run(struct cli *c)
{
	struct load l;
	struct run_options o = {.pull = -1};
	struct error err = ERROR_INIT;
	struct str *command = arena_array(&c->arena, struct str, c->opt.n_args + 1);
	int code = load_pipeline(c, &l);
	if (!code)
		code = run_options_read(c, &l, &o);
	if (!code) {
		for (size_t i = 1; i < c->opt.n_args; i++)
			command[o.n_command++] = str_c(c->opt.args[i]);
		o.command = command;
		o.n_jobs = 1;
		o.needs = false;
		o.shell = true;
		/* Standard output is the shell's. */
		o.color = c->color_err;
		o.log_fd = STDERR_FILENO;
		if (opt_flag(&c->opt, OPT_NEEDS))
			code = run_needs(c, &l, &o);
	}
	if (!code) {
		code = run_pipeline(l.pipeline, &o, &err);
		if (err.text[0])
			cli_error(c, "%s", err.text);
	}
	load_release(&l);
	return code;
}

const struct cmd cmd_shell = {
	.id = CMD_shell,
	.args = "JOB [COMMAND...]",
	.summary = "open a shell in a job's container",
	.details =
		"The shell has what the job's script would have: image, variables, sources, cache, "
		"the artifacts of the jobs that it needs, and its services, which are up. For a "
		"job without an image it is a shell on this machine, in a copy of the sources. "
		"Nothing of the job's scripts is run: they are in the file $CILOCAL_SCRIPT, as "
		"commands to run or to read. Artifacts come from the newest run that kept some; "
		"--needs runs those jobs first.\n"
		"With COMMAND, that is run instead of a shell; put '--' before a command with "
		"options of its own, and use sh -c '...' where it wants a shell. Without a "
		"terminal, the shell reads commands from standard input.\n"
		"The exit code is that of the shell or the command. At its end everything that was "
		"made for it is removed; nothing of what was done in it is kept.",
	.kind = ARG_JOBS,
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = run,
};
