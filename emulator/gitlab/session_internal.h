/* For session.c and session_*.c only: a call that is waited for. */
#ifndef GITLAB_SESSION_INTERNAL_H
#define GITLAB_SESSION_INTERNAL_H

#include "emulator/gitlab/session.h"
#include "emulator/core/error.h"

/* One call that is waited for; lives on the stack of the function that waits. */
struct wait {
	struct session *s;
	struct arena *arena;
	void *out;
	struct error err;
	bool done;
};

#define WAIT(session, a, o)                                                                \
	{                                                                                  \
		.s = (session), .arena = (a), .out = (o), .err = ERROR_INIT, .done = false \
	}

/* For completions: the result, and the end of the wait. */
void wait_over(struct wait *w, const struct error *err);
/* The completion of a call that has no result; arg is the struct wait. */
void plain_done(void *arg, struct error *err);
/* Runs the loop until the call is over. */
int wait_call(struct wait *w, struct docker_call *call, struct error *err);
int wait_result(struct wait *w, struct error *err);

#endif
