/*
 * What a login shell has that a plain one has not: the shell executor's jobs get it without paying
 * for the user's profile again and again. The Runner starts `bash --login` for each script
 * (GitLab Runner, shells/bash.go); a profile may take 50 ms and more. So one login shell is asked,
 * once a run, when the first script wants it; then a plain shell is started with its environment
 * and asked the same, and only where both are alike (functions, aliases, options, limits, variables
 * that are not exported, nothing printed) plain shells take over. Else each script keeps its login.
 */
#ifndef RUNNER_SHELL_LOGIN_H
#define RUNNER_SHELL_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"
#include "emulator/core/loop.h"

struct shell_login;

struct shell_login *shell_login_new(struct loop *loop);
/*
 * Not while something waits for it. A shell that still runs is killed; the loop turns until it is
 * gone. NULL is fine.
 */
void shell_login_free(struct shell_login *l);

struct shell_login_env {
	const char *const *env; /* "NAME=value", NULL at the end; lives as long as the login */
	struct str umask;       /* as `umask` prints it */
	bool logout;            /* there is a ~/.bash_logout, which `exit` of a login shell runs */
};

/* What the login shell came to where its profile ended it; zero where it did not, or well. */
struct shell_login_end {
	int exit_code, term_signal;
	struct str said; /* its output, no more than 64 KiB of it */
};

/* env NULL: run a login shell. */
typedef void shell_login_fn(void *arg, const struct shell_login_env *env);
struct shell_login_wait {
	struct shell_login *login; /* NULL: not waiting */
	shell_login_fn *fn;
	void *arg;
	struct loop_task task;
	struct shell_login_wait *next;
};
/*
 * fn runs once, on a later turn. w is embedded in the caller, zeroed before its first use.
 * env: what a login shell would be started with; used by the first who asks.
 */
void shell_login_want(struct shell_login *l, struct shell_login_wait *w, const char *const *env,
	shell_login_fn *fn, void *arg);
void shell_login_unwant(struct shell_login_wait *w); /* no effect when not waiting */
/* Once somebody has had an answer. */
const struct shell_login_end *shell_login_end(const struct shell_login *l);

#endif
