/*
 * The text of a stage's script, as the Runner would pipe it into bash or sh. Pure; golden-tested.
 *
 * Source: GitLab Runner, shells/bash.go and shells/abstract.go.
 */
#ifndef RUNNER_SCRIPT_H
#define RUNNER_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/str.h"

struct arena;
struct job_env;

/* The file GITLAB_ENV, in the job's temporary directory. */
#define SCRIPT_ENV_FILE "gitlab_runner_env"

struct script_spec {
	const struct job_env *env;
	const char *job_status; /* CI_JOB_STATUS for this stage; NULL: as in env */
	bool trace;             /* CI_DEBUG_TRACE */
	bool check_exit_codes;  /* FF_ENABLE_BASH_EXIT_CODE_CHECK */
	bool sections;          /* FF_SCRIPT_SECTIONS */
	long now;               /* seconds since the epoch, for section markers */
	struct str
		banner; /* green line before the commands ("Running after script..."), or empty */
	struct str pre, post; /* pre_build_script, post_build_script; empty: none */
	const struct str *commands;
	size_t n_commands;

	/* A script that asks (talk.h) keeps its standard input open, as descriptor 9. */
	const char *mark; /* NULL: it asks nothing */
	bool steps;       /* it asks before each command: "step N", N from 0 */
	bool state;       /* however it ends, it leaves its variables and its directory */
	struct str body;  /* a text of ours instead of commands */
};

/* Appends the script to out. */
void script_make(struct buf *out, const struct script_spec *s);

/*
 * For shells in the job: <tmp_dir>/.cilocal holds `env` and `dir`, what a script had exported and
 * where it was, and `script.sh`, the job's commands.
 */
struct str script_shell_dir(const struct job_env *env, struct arena *a);
/* The body of a script that waits: it writes script.sh (commands: its text), asks "ready", and ends
 * with the answer. keep: a state that is there already stays. */
void script_wait_body(struct buf *out, struct str dir, struct str commands, bool keep);
/*
 * What `SHELL -c` gets, then DIR, then SHELL, then a command or none: takes over the state that a
 * script left, and becomes the command, or SHELL.
 */
extern const char script_enter[];
/* For a container: finds the shell as the job's script does, and goes on as above, with DIR. */
extern const char script_enter_detect[];

/* For script.c: the functions of a script that asks, and the question before a command. */
void script_put_talk(struct buf *b, const struct script_spec *s);
void script_put_question(struct buf *b, size_t index, struct str shown);
void script_put_answered(struct buf *b);

/* Appends text in POSIX single quotes: right in every shell, for all bytes but NUL. */
void script_quote(struct buf *out, struct str text);

/* The script of the container's command: execs the first shell there is (2.2 of the Runner). */
extern const char script_detect_shell[];

#endif
