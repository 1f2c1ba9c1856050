/* The registry's container: brought up, looked at, taken down, on a session that is connected. */
#ifndef GITLAB_REGISTRY_UP_H
#define GITLAB_REGISTRY_UP_H

#include "emulator/docker/types.h"
#include "emulator/gitlab/registry.h"
#include "emulator/gitlab/registry_state.h"
#include "emulator/gitlab/registry_tls.h"

struct session;

/*
 * Makes sure that the container runs with these credentials, with or without TLS as o says, for the
 * host of o, and answers; makes or replaces it where needed. One that listens otherwise is not
 * replaced while jobs run. Safe when several processes do it at once. 0 or -1 with err.
 */
int registry_up(struct session *s, const struct registry_state *state,
	const struct registry_options *o, struct arena *a, struct registry_info *out,
	struct error *err);
/* What there is; nothing is changed. */
int registry_look(struct session *s, const struct registry_state *state,
	const struct registry_options *o, struct arena *a, struct registry_info *out,
	struct error *err);
/* The labels of all that belongs to the registry. */
struct docker_kvs registry_labels(void);
/* How many containers of running jobs there are on the engine. */
int registry_jobs(struct session *s, struct arena *a, size_t *n, struct error *err);
/* The error of a command that wants it running. */
int registry_not_running(struct error *err);
/* *was (may be NULL): something was there. purge: the storage too. */
int registry_down(struct session *s, bool purge, bool *was, const struct registry_options *o,
	struct error *err);

#endif
