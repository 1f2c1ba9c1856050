/*
 * A visitor in a job of the shell executor: a shell or a command on this machine, in the job's
 * copy. On a terminal it gets a terminal of its own, so that Ctrl-C, job control and the size are
 * its affair and ours stays out of its hands.
 */
#ifndef RUNNER_SHELL_ENTER_H
#define RUNNER_SHELL_ENTER_H

#include <stdbool.h>

struct arena;
struct loop;
struct outcome;
struct shell_enter;
struct visit;

/*
 * shell: "bash" or "sh", the one that ran the job's script. done comes once, on a later turn; what
 * it gets is valid during the call. v and env live until then.
 */
struct shell_enter *shell_enter_start(struct loop *loop, struct arena *a, const struct visit *v,
	const char *shell, const char *const *env, const char *cwd,
	void (*done)(void *arg, const struct outcome *o), void *arg);
void shell_enter_stop(struct shell_enter *s, bool now);

#endif
