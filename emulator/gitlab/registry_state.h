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
	struct str user, password;  /* empty: none made yet */
	struct str deploy_password; /* of REGISTRY_DEPLOY_USER */
	struct str host;            /* of the last start */
	bool started;               /* `registry start`, not undone by `registry stop` */
	bool tls;                   /* of the last start */
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

/*
 * Writes a file that nobody but its owner may read, not even for a moment; as a whole.
 */
int registry_write_private(const char *path, struct str text, struct error *err);

/* Of the container, of its storage, and of the volume with the authority's certificate, by the
 * state folder. 0, or -1 where there is no such folder. */
struct registry_names {
	struct str container, volume, ca_volume;
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

/* With TLS: as o says, else as it was started. */
bool registry_uses_tls(const struct registry_state *s, const struct registry_options *o);

/* "user:$2y$..." and a line end for each of the two users: a htpasswd file. */
int registry_htpasswd(
	struct str *out, struct arena *a, const struct registry_state *s, struct error *err);
/* Tells one pair of passwords from another without telling the password (it has over 200 random
 * bits). */
struct str registry_fingerprint(struct arena *a, const struct registry_state *s);
/* The name of CI_REGISTRY without its port. */
struct str registry_host_name(struct str host);
/* "Authorization: Basic ..." */
const char *registry_authorization(struct arena *a, struct str user, struct str password);

#endif
