/*
 * The one table of options. It feeds parsing, defaults from `[cilocal]` in configuration files,
 * --help, the manual page, completion, and errors of use. The rows are in options.def.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "base/util.h"

struct arena;
struct buf;

/* One bit a command; rows of options.def say which commands take them. */
enum cmd_id {
#define CMD(name) CMD_##name,
#include "emulator/cli/commands.def"
#undef CMD
	CMD_COUNT
};

enum opt_id {
#define OPT(id, ...) OPT_##id,
#include "emulator/cli/options.def"
#undef OPT
	OPT_COUNT
};

enum opt_flag {
	OPTF_REPEAT = 1,    /* each use counts; else the last one wins */
	OPTF_NEG = 2,       /* --no-NAME takes it back */
	OPTF_HIDDEN = 4,    /* not in help or completion */
	OPTF_OPTIONAL = 8,  /* the argument may be left out */
	OPTF_NOCONFIG = 16, /* has no default in [cilocal] */
	OPTF_INT = 32,      /* the argument is a whole number, 0 or more */
	OPTF_PAIR = 64,     /* the argument is LEFT=RIGHT */
	OPTF_DURATION = 128,
	OPTF_SIZE = 256,  /* of bytes, with a unit */
	OPTF_HOST = 512,  /* the name of a host, maybe with a port */
	OPTF_COUNT = 1024 /* with OPTF_INT: 1 or more */
};

/* What completion offers for an argument. */
enum complete {
	COMPLETE_NONE,
	COMPLETE_FILE,
	COMPLETE_DIR,
	COMPLETE_JOB,
	COMPLETE_STAGE,
	COMPLETE_BRANCH,
	COMPLETE_RUN
};

struct opt_def {
	enum opt_id id;
	char letter;      /* 0: none */
	const char *name; /* without dashes */
	const char *arg;  /* placeholder; NULL: a flag */
	unsigned flags;   /* enum opt_flag */
	enum complete complete;
	const char *choices; /* "a|b|c", or NULL */
	uint32_t cmds;       /* 1 << enum cmd_id */
	const char *help;    /* a sentence without its full stop */
};

/* Where a value came from: the command line, or FILE:LINE of a configuration file. */
struct opt_value {
	const struct opt_def *def;
	const char *value; /* NULL for flags and left-out optional arguments */
	bool negated;
	const char *from; /* NULL: the command line */
};

struct options {
	struct opt_value
		*v; /* defaults of configuration files first, then the command line in order */
	size_t n, cap;
	const char **args; /* what is no option, the command's name excluded; NULL-terminated */
	size_t n_args;
	const char *command; /* as typed, NULL without */
	int cmd;             /* enum cmd_id, -1 without or unknown */
};

const struct opt_def *opt_table(size_t *n);
const char *cmd_id_name(int cmd);
/* enum cmd_id, or -1. */
int cmd_id_find(struct str name);

/* The message for a word that is no command, with the nearest one. */
void options_unknown_command(struct buf *err, struct str name);

/* Row of that name for a command (cmd < 0: any command), NULL when there is none. */
const struct opt_def *opt_find(struct str name, int cmd);
static inline bool opt_is_global(const struct opt_def *d)
{
	return d->cmds == UINT32_MAX;
}

/*
 * Splits the command line: options anywhere, `--opt=value`, `--opt value`, `-xvalue`, `-xyz`, `--`
 * ends options. Returns 0, or -1 with a message (no program name, no line end) in err; o->cmd is
 * set as far as known, so that the caller can show that command's usage. All memory is the arena's.
 */
int options_parse(struct options *o, struct arena *a, int argc, char *const *argv, struct buf *err);

/* Adds a use, as if it stood at the end of the command line. The value is borrowed. */
void options_add(struct options *o, struct arena *a, enum opt_id id, const char *value);
/* Whether the option takes this value; else a message (as of options_parse) in err. */
bool options_value_ok(enum opt_id id, const char *value, struct buf *err);

/*
 * Adds a default from a configuration file under what the command line says. key: the option's long
 * name ('_' counts as '-'). value: NULL with `on` for flags. Returns 0, -1 with a message in err.
 * A default for an option that the command does not take is checked and then dropped.
 */
int options_default(struct options *o, struct arena *a, struct str key, const char *value, bool on,
	const char *from, struct buf *err);

bool opt_flag(const struct options *o, enum opt_id id); /* given and not taken back */
unsigned opt_count(const struct options *o, enum opt_id id);
const char *opt_text(const struct options *o, enum opt_id id); /* the value that wins, or NULL */
const struct opt_value *opt_last(const struct options *o, enum opt_id id);
/* Next use of id at or after *i (start with 0); NULL at the end. */
const struct opt_value *opt_next(const struct options *o, enum opt_id id, size_t *i);

#endif
