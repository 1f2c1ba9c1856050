/*
 * What a command is, and what every command shares. One file a command: cmd_NAME.c.
 */
#ifndef CLI_CMD_H
#define CLI_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/str.h"
#include "emulator/cli/options.h"

struct cli;
struct error;
struct source_set;

/* Exit codes of the program; see the table in `man cilocal`. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_JOB_FAILED = 1,
	EXIT_DIFFERS = 1, /* `diff` */
	EXIT_USAGE = 2,
	EXIT_INVALID = 3,
	EXIT_SURROUNDINGS = 4
};

enum arg_kind {
	ARG_NONE,
	ARG_JOBS,
	ARG_FILES,
	ARG_REVISIONS,
	ARG_WORDS,
	ARG_RUNS /* "show", then a run */
};

struct cmd {
	enum cmd_id id;
	const char *args;          /* as in the usage line: "[JOB...]"; "" for none */
	const char *summary;       /* one line, no full stop */
	const char *details;       /* paragraphs, separated by an empty line; may be NULL */
	const char *example;       /* lines as they are, of a file or of a terminal; may be NULL */
	const char *output;        /* the JSON that it prints, for the manual page; may be NULL */
	enum arg_kind kind;        /* what completion offers */
	const char *words;         /* ARG_WORDS: "a|b|c" */
	size_t min_args, max_args; /* SIZE_MAX: any number */
	int (*run)(struct cli *c); /* returns an exit code */
};

/* In the order of commands.def. */
extern const struct cmd *const cmd_table[CMD_COUNT];

#define CMD(name) extern const struct cmd cmd_##name;
#include "emulator/cli/commands.def"
#undef CMD

struct cli {
	struct arena arena; /* lives as long as the process's work */
	const struct cmd *cmd;
	struct options opt;
	struct buf out;         /* what goes to standard output; flushed by cli_flush() */
	char *const *argv;      /* as main() got it, NULL at the end */
	const char *started_in; /* the directory before -C; NULL: it is not known */
	bool color_out, color_err;
	bool tty_out;
	bool quiet;
	bool hermetic; /* for tests: nothing of this user or of earlier runs decides */
	unsigned verbose;
};

/* The whole program but for the process itself: parses, runs the command, writes. An exit code. */
int cli_main(struct cli *c, int argc, char **argv);

/* Messages for people, on standard error: "cilocal: error: TEXT". */
void cli_error(struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void cli_warn(struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void cli_note(struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3); /* not with --quiet */
/* What is wrong in these sources, as `lint` shows it, on standard error. */
void cli_diags(struct cli *c, const struct source_set *set, const struct diags *d);
/* An error of use: the message, the command's usage line, where help is. Returns EXIT_USAGE. */
int cli_usage(struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Prints a run-time error and gives the exit code of its domain. */
int cli_fail(struct cli *c, const struct error *err);
int cli_exit_code(const struct error *err);

/*
 * Writes c->out to standard output. Returns `code`, or EXIT_SURROUNDINGS where it can't be written
 * (a full disk); a reader that has gone away (EPIPE) is no error.
 */
int cli_flush(struct cli *c, int code);
/* For what writes much, bit by bit: the same once there is much in c->out. ctx: the struct cli. */
bool cli_flush_much(void *ctx);

/* Options that decide how things are shown, applied again once configuration files are read. */
void cli_apply_look(struct cli *c);

#endif
