#include "base/base.h"

#include "emulator/cli/help.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/help_internal.h"
#include "emulator/cli/term.h"

#define WIDEST 100 /* longer lines are hard to read, however wide the terminal is */

static size_t width_of(unsigned columns)
{
	return columns < 40 ? 80 : MIN(columns, WIDEST);
}

bool help_lists(const struct opt_def *d, const struct cmd *cmd)
{
	if (d->flags & OPTF_HIDDEN)
		return false;
	if (!cmd)
		return opt_is_global(d);
	return !opt_is_global(d) && (d->cmds >> cmd->id & 1);
}

void help_usage(struct buf *out, const struct cmd *cmd)
{
	if (!cmd)
		buf_adds(out, "Usage: cilocal [OPTIONS] COMMAND [ARGUMENTS]\n");
	else
		buf_printf(out, "Usage: cilocal %s [OPTIONS]%s%s\n", cmd_id_name(cmd->id),
			*cmd->args ? " " : "", cmd->args);
}

/* "  -j, --jobs N" */
static void option_head(struct buf *out, const struct opt_def *d)
{
	if (d->letter)
		buf_printf(out, "  -%c, ", d->letter);
	else
		buf_adds(out, "      ");
	buf_printf(out, "--%s%s", d->flags & OPTF_NEG && d->arg ? "[no-]" : "", d->name);
	if (d->arg)
		buf_printf(out, d->flags & OPTF_OPTIONAL ? "[=%s]" : " %s", d->arg);
}

#define HELP_COLUMN 30

static void option_line(struct buf *out, const struct opt_def *d, size_t columns)
{
	size_t start = out->n;
	option_head(out, d);
	size_t at = out->n - start;
	if (at + 2 > HELP_COLUMN) {
		buf_addc(out, '\n');
		at = 0;
	}
	buf_printf(out, "%*s", (int)(HELP_COLUMN - at), "");
	wrap_text(out, str_c(d->help), HELP_COLUMN, HELP_COLUMN, columns);
	if (d->choices && strlen(d->choices) > 20) {
		struct buf values = BUF_INIT;
		buf_adds(&values, d->choices);
		for (size_t i = 0; i < values.n; i++)
			if (values.p[i] == '|')
				values.p[i] = ' ';
		buf_printf(out, ":\n%*s", HELP_COLUMN, "");
		wrap_text(out, buf_str(&values), HELP_COLUMN, HELP_COLUMN, columns);
		buf_release(&values);
	}
	buf_addc(out, '\n');
}

bool help_is_of_pipeline(const struct opt_def *d)
{
	uint32_t both = UINT32_C(1) << CMD_run | UINT32_C(1) << CMD_lint;
	return !opt_is_global(d) && (d->cmds & both) == both;
}

static void options_block(
	struct buf *out, const char *title, const struct cmd *cmd, int pipeline, size_t columns)
{
	size_t n, shown = 0;
	const struct opt_def *t = opt_table(&n);
	for (size_t i = 0; i < n; i++) {
		if (!help_lists(&t[i], cmd) ||
			(pipeline >= 0 && help_is_of_pipeline(&t[i]) != pipeline))
			continue;
		if (!shown++)
			buf_printf(out, "\n%s:\n", title);
		option_line(out, &t[i], columns);
	}
}

static void command_lines(struct buf *out, size_t columns)
{
	buf_adds(out, "\nCommands:\n");
	for (size_t i = 0; i < CMD_COUNT; i++) {
		buf_printf(out, "  %-12s", cmd_id_name((int)i));
		wrap_text(out, str_c(cmd_table[i]->summary), 14, 14, columns);
		buf_addc(out, '\n');
	}
}

void help_short(struct buf *out, unsigned columns)
{
	buf_adds(out, "cilocal runs GitLab CI/CD pipelines on your own machine.\n\n");
	help_usage(out, NULL);
	command_lines(out, width_of(columns));
	buf_adds(out, "\nTo start: 'cilocal list' shows the jobs of the pipeline, 'cilocal run "
		      "JOB' runs one.\n"
		      "'cilocal help COMMAND' says more about a command, 'cilocal help' more about "
		      "all.\n");
}

void help_full(struct buf *out, unsigned columns)
{
	size_t width = width_of(columns);
	buf_adds(out, "cilocal runs GitLab CI/CD pipelines on your own machine.\n\n");
	help_usage(out, NULL);
	command_lines(out, width);
	options_block(out, "Options of every command", NULL, -1, width);
	buf_addc(out, '\n');
	wrap_text(out,
		STR("Exit codes: 0 passed or valid; 1 a job failed, or what was compared differs; "
		    "2 wrong "
		    "use of the command line or of a configuration file; 3 the definition is "
		    "invalid or holds no job to run; "
		    "4 the surroundings failed (no engine, no git work tree); 130 and 143 "
		    "interrupted."),
		0, 12, width);
	buf_adds(out, "\n\n'cilocal help COMMAND' and 'man cilocal' say more.\n");
}

static void put_example(struct buf *out, const char *text)
{
	struct str_split it = str_split(str_c(text), '\n');
	struct str line;
	buf_addc(out, '\n');
	while (str_split_next(&it, &line))
		if (line.n)
			buf_printf(out, "    " STR_FMT "\n", STR_ARG(line));
}

void help_command(struct buf *out, const struct cmd *cmd, unsigned columns)
{
	size_t width = width_of(columns);
	help_usage(out, cmd);
	buf_addc(out, '\n');
	CLEANUP(buf_release) struct buf summary = BUF_INIT;
	buf_printf(&summary, "%c%s.", toupper((unsigned char)cmd->summary[0]), cmd->summary + 1);
	wrap_text(out, buf_str(&summary), 0, 0, width);
	buf_addc(out, '\n');
	struct str_split it = str_split(str_c(cmd->details ? cmd->details : ""), '\n');
	struct str line;
	while (str_split_next(&it, &line)) {
		if (!line.n)
			continue;
		buf_addc(out, '\n');
		wrap_text(out, line, 0, 0, width);
		buf_addc(out, '\n');
	}
	if (cmd->example)
		put_example(out, cmd->example);
	options_block(out, "Options", cmd, 0, width);
	options_block(out, "Options of the pipeline", cmd, 1, width);
	options_block(out, "Options of every command", NULL, -1, width);
}
