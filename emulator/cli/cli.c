#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/help.h"
#include "emulator/cli/term.h"
#include "emulator/cli/versions.h"
#include "emulator/core/error.h"
#include "emulator/core/trace.h"
#include "source/diag_print.h"

#include <unistd.h>

/* So many bytes of output are worth a system call. */
#define FLUSH_FROM 65536

const struct cmd *const cmd_table[CMD_COUNT] = {
#define CMD(name) &cmd_##name,
#include "emulator/cli/commands.def"
#undef CMD
};

static void say(struct cli *c, const char *level, const char *color, const char *fmt, va_list ap)
	PRINTF_LIKE(4, 0);
static void say(struct cli *c, const char *level, const char *color, const char *fmt, va_list ap)
{
	struct buf b = BUF_INIT;
	if (c->color_err)
		buf_printf(&b, "cilocal: \033[%sm%s:\033[0m ", color, level);
	else
		buf_printf(&b, "cilocal: %s: ", level);
	buf_vprintf(&b, fmt, ap);
	buf_addc(&b, '\n');
	fwrite(b.p, 1, b.n, stderr);
	buf_release(&b);
}

void cli_error(struct cli *c, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(c, "error", "1;31", fmt, ap);
	va_end(ap);
}

void cli_warn(struct cli *c, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(c, "warning", "1;35", fmt, ap);
	va_end(ap);
}

void cli_note(struct cli *c, const char *fmt, ...)
{
	if (c->quiet)
		return;
	va_list ap;
	va_start(ap, fmt);
	say(c, "note", "1;36", fmt, ap);
	va_end(ap);
}

void cli_diags(struct cli *c, const struct source_set *set, const struct diags *d)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	diags_print(&out, set, d, c->color_err);
	fwrite(out.p, 1, out.n, stderr);
}

static void usage_lines(const struct cmd *cmd)
{
	struct buf b = BUF_INIT;
	help_usage(&b, cmd);
	buf_printf(
		&b, "See 'cilocal help%s%s'.\n", cmd ? " " : "", cmd ? cmd_id_name(cmd->id) : "");
	fwrite(b.p, 1, b.n, stderr);
	buf_release(&b);
}

int cli_usage(struct cli *c, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(c, "error", "1;31", fmt, ap);
	va_end(ap);
	usage_lines(c->cmd);
	return EXIT_USAGE;
}

int cli_exit_code(const struct error *err)
{
	switch (err->domain) {
	case ERR_NONE:
		return EXIT_OK;
	case ERR_USAGE:
		return EXIT_USAGE;
	case ERR_CONFIG:
		return EXIT_INVALID;
	case ERR_SCRIPT:
	case ERR_TIMEOUT:
		return EXIT_JOB_FAILED;
	case ERR_CANCELLED:
		/* The code is the signal, where one was the cause. */
		return err->code > 0 ? 128 + err->code : EXIT_SURROUNDINGS;
	case ERR_SYS:
	case ERR_UV:
	case ERR_CURL:
	case ERR_DOCKER:
	case ERR_N_DOMAINS:
		break;
	}
	return EXIT_SURROUNDINGS;
}

int cli_fail(struct cli *c, const struct error *err)
{
	cli_error(c, "%s", err->text);
	return cli_exit_code(err);
}

int cli_flush(struct cli *c, int code)
{
	const char *p = c->out.p;
	size_t n = c->out.n;
	while (n) {
		ssize_t w = write(STDOUT_FILENO, p, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0) {
			int why = errno;
			buf_clear(&c->out);
			if (why == EPIPE)
				return code;
			cli_error(c, "standard output: %s", strerror(why));
			return EXIT_SURROUNDINGS;
		}
		p += w;
		n -= (size_t)w;
	}
	buf_clear(&c->out);
	return code;
}

bool cli_flush_much(void *ctx)
{
	struct cli *c = ctx;
	return c->out.n < FLUSH_FROM || cli_flush(c, EXIT_OK) == EXIT_OK;
}

void cli_apply_look(struct cli *c)
{
	const char *when = opt_text(&c->opt, OPT_COLOR);
	c->color_out = term_color(STDOUT_FILENO, when);
	c->color_err = term_color(STDERR_FILENO, when);
	c->tty_out = term_is_tty(STDOUT_FILENO);
	c->quiet = opt_flag(&c->opt, OPT_QUIET);
	c->verbose = opt_count(&c->opt, OPT_VERBOSE);
	trace_verbosity(c->verbose);
}

/* -C: each relative to the one before, as in git. */
static int change_directory(struct cli *c)
{
	size_t i = 0;
	const struct opt_value *v;
	char *here = getcwd(NULL, 0);
	c->started_in = here ? arena_strdup(&c->arena, here) : NULL;
	free(here);
	while ((v = opt_next(&c->opt, OPT_DIRECTORY, &i)))
		if (chdir(v->value)) {
			cli_error(c, "cannot go to directory '%s': %s", v->value, strerror(errno));
			return EXIT_USAGE;
		}
	return EXIT_OK;
}

static int start_trace(struct cli *c)
{
	struct error err = ERROR_INIT;
	const char *channels = getenv("CILOCAL_TRACE");
	if (!channels || !*channels || !trace_enable(str_c(channels), &err))
		return EXIT_OK;
	cli_error(c, "CILOCAL_TRACE: %s", err.text);
	return EXIT_USAGE;
}

static int check_arguments(struct cli *c)
{
	size_t n = c->opt.n_args;
	const struct cmd *cmd = c->cmd;
	if (n < cmd->min_args)
		return cli_usage(c, "'%s' wants %s", cmd_id_name(cmd->id), cmd->args);
	if (n > cmd->max_args && !cmd->max_args)
		return cli_usage(
			c, "'%s' takes no argument ('%s')", cmd_id_name(cmd->id), c->opt.args[0]);
	if (n > cmd->max_args)
		return cli_usage(c, "'%s' takes no further argument ('%s')", cmd_id_name(cmd->id),
			c->opt.args[cmd->max_args]);
	return EXIT_OK;
}

int cli_main(struct cli *c, int argc, char **argv)
{
	struct buf err = BUF_INIT;
	c->argv = argv;
	bool bad = options_parse(&c->opt, &c->arena, argc, argv, &err) != 0;
	c->cmd = c->opt.cmd < 0 ? NULL : cmd_table[c->opt.cmd];
	cli_apply_look(c);
	if (bad) {
		int code = cli_usage(c, "%s", err.p);
		buf_release(&err);
		return code;
	}
	buf_release(&err);
	if (opt_flag(&c->opt, OPT_VERSION)) {
		versions_text(&c->out, term_columns(STDOUT_FILENO));
		return cli_flush(c, EXIT_OK);
	}
	unsigned columns = term_columns(STDOUT_FILENO);
	if (opt_flag(&c->opt, OPT_HELP) && c->cmd) {
		help_command(&c->out, c->cmd, columns);
		return cli_flush(c, EXIT_OK);
	}
	if (!c->cmd) {
		if (opt_flag(&c->opt, OPT_HELP))
			help_full(&c->out, columns);
		else
			help_short(&c->out, columns);
		return cli_flush(c, EXIT_OK);
	}
	int code = check_arguments(c);
	if (!code)
		code = start_trace(c);
	if (!code)
		code = change_directory(c);
	if (!code)
		code = c->cmd->run(c);
	return cli_flush(c, code);
}
