/*
 * Credentials for registries, resolved the way GitLab Runner does (gitlab-runner,
 * helpers/docker/auth/auth.go): sources in order, the most specific path first.
 */
#ifndef DOCKER_AUTH_H
#define DOCKER_AUTH_H

#include "base/str.h"
#include "emulator/docker/types.h"

struct auth;
struct loop;

/* One registry's entry. Empty fields are absent. */
struct auth_entry {
	struct str username, password, auth, server, identity_token, registry_token;
};

struct auth *auth_new(struct loop *l);
/* Queries under way complete with CANCELLED before this returns. */
void auth_free(struct auth *a);

/*
 * Sources in order of precedence; label is how messages call it. Texts are docker config.json
 * documents, empty where there is none; a broken one only warns at lookup. origin (may be NULL):
 * where the text came from, for people. The environment of helper programs is ours.
 */
void auth_add_text(struct auth *a, const char *label, const char *origin, struct str text);
/* $HOME/.docker/config.json (or $DOCKER_CONFIG), else $HOME/.dockercfg; label is the path. */
void auth_add_user_config(struct auth *a);
void auth_add_login(struct auth *a, const char *label, struct str registry, struct str user,
	struct str password);

struct auth_match {
	struct str source; /* label; empty: no credentials for this image */
	struct str key;    /* the configured registry path that matched */
	struct auth_entry entry;
	struct str header;           /* value of X-Registry-Auth; empty: send none */
	struct docker_strs warnings; /* each source that could not be used; to one query only */
	/*
	 * What to say, a line each, where the registry refuses: what was tried, and from where.
	 * These lines alone outlive the completion: until auth_free().
	 */
	struct docker_strs refused;
};
typedef void auth_find_fn(void *arg, struct error *err, const struct auth_match *m);
struct auth_query;
/* Asynchronous because credential helpers are programs; each is run once and remembered. */
struct auth_query *auth_find(struct auth *a, struct str image, auth_find_fn *done, void *arg);
void auth_query_cancel(struct auth_query *q);

/* Base64url with padding of the entry's JSON, for X-Registry-Auth. */
struct buf;
void auth_header(struct buf *out, const struct auth_entry *e);
/* "NGINX:1" -> "docker.io/nginx": the path that is looked up for an image name. */
void auth_image_path(struct buf *out, struct str image);
/* A key of "auths" in the same form: "https://index.docker.io/v1/" -> "docker.io". */
void auth_key_path(struct buf *out, struct str key);

#endif
