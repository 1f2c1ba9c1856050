#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/help.h"

static int run(struct cli *c)
{
	struct str shell = str_c(c->opt.args[0]);
	static const struct str known[] = {STR_INIT("bash"), STR_INIT("zsh"), STR_INIT("fish")};
	if (help_completion(&c->out, shell))
		return EXIT_OK;
	const struct str *near = str_nearest(shell, known, ARRAY_SIZE(known));
	if (near)
		return cli_usage(c, "no completion for shell '%s'; did you mean '" STR_FMT "'?",
			c->opt.args[0], STR_ARG(*near));
	return cli_usage(c, "no completion for shell '%s' (there is one for bash, zsh, fish)",
		c->opt.args[0]);
}

const struct cmd cmd_completion = {
	.id = CMD_completion,
	.args = "bash|zsh|fish",
	.summary = "print a completion script, which completes names of jobs too",
	.details = "For bash: source <(cilocal completion bash), or install it as "
		   "~/.local/share/bash-completion/completions/cilocal.\n"
		   "For zsh: save it as _cilocal in a folder of $fpath. For fish: save it as "
		   "~/.config/fish/completions/cilocal.fish.",
	.kind = ARG_WORDS,
	.words = "bash|zsh|fish",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
