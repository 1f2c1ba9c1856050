/*
 * What the local registry needs between processes: its user and password, whether the user started
 * it, and for which host. One file, mode 0600, in the user's state folder.
 */
#ifndef GITLAB_REGISTRY_STATE_H
#define GITLAB_REGISTRY_STATE_H

#include <stdbool.h>
#include "base/str.h"

struct arena;
struct error;
struct registry_options;

struct registry_state {
	struct str user, password; /* empty: none made yet */
	struct str host;           /* of the last start */
	bool started;              /* `registry start`, not undone by `registry stop` */
};

/* Path of the file, in the arena; NULL with err set. */
const char *registry_state_path(
	struct arena *a, const struct registry_options *o, struct error *err);

/* A missing file gives an empty state. A broken one is an error that names it. */
int registry_state_read(struct registry_state *s, struct arena *a, const struct registry_options *o,
	struct error *err);
int registry_state_write(const struct registry_state *s, struct arena *a,
	const struct registry_options *o, struct error *err);
int registry_state_remove(struct arena *a, const struct registry_options *o, struct error *err);

/* Of the container and of its storage, by the state folder. 0, or -1 where there is no such folder.
 */
struct registry_names {
	struct str container, volume;
};
int registry_names(struct registry_names *n, struct arena *a, const struct registry_options *o,
	struct error *err);

struct session;
/*
 * Only one process at a time brings the registry up or down. The lock is held until the descriptor
 * is closed; -1 with err (also when a signal came while waiting).
 */
int registry_lock(
	struct session *s, struct arena *a, const struct registry_options *o, struct error *err);

/* Makes user and password where there are none, and writes the file. */
int registry_state_ensure(struct registry_state *s, struct arena *a,
	const struct registry_options *o, struct error *err);

/* "user:$2y$..." and a line end: a htpasswd file. */
int registry_htpasswd(
	struct str *out, struct arena *a, const struct registry_state *s, struct error *err);
/* Tells one password from another without telling the password (it has over 200 random bits). */
struct str registry_fingerprint(struct arena *a, const struct registry_state *s);
/* "Authorization: Basic ..." */
const char *registry_authorization(struct arena *a, const struct registry_state *s);

#endif
