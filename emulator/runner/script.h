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

struct job_env;

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
};

/* Appends the script to out. */
void script_make(struct buf *out, const struct script_spec *s);

/* Appends text in POSIX single quotes: right in every shell, for all bytes but NUL. */
void script_quote(struct buf *out, struct str text);

/* The script of the container's command: execs the first shell there is (2.2 of the Runner). */
extern const char script_detect_shell[];

#endif
