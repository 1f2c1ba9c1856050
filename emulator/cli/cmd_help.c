#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/help.h"
#include "emulator/cli/term.h"

#include <unistd.h>

static int run(struct cli *c)
{
	unsigned columns = term_columns(STDOUT_FILENO);
	bool man = opt_flag(&c->opt, OPT_MAN);
	if (!c->opt.n_args) {
		if (man)
			help_man(&c->out, NULL);
		else
			help_full(&c->out, columns);
		return EXIT_OK;
	}
	struct str name = str_c(c->opt.args[0]);
	int id = cmd_id_find(name);
	if (id < 0) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;
		options_unknown_command(&text, name);
		return cli_usage(c, "%s", text.p);
	}
	if (man)
		help_man(&c->out, cmd_table[id]);
	else
		help_command(&c->out, cmd_table[id], columns);
	return EXIT_OK;
}

#define CMD(name) "|" #name
static const char all_commands[] =
#include "emulator/cli/commands.def"
	;
#undef CMD

const struct cmd cmd_help = {
	.id = CMD_help,
	.args = "[COMMAND]",
	.summary = "help about cilocal or about one command",
	.kind = ARG_WORDS,
	.words = all_commands + 1,
	.max_args = 1,
	.run = run,
};
