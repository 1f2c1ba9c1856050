/*
 * JSON Web Tokens signed with RS256 (RFC 7515, 7517, 7518), and the key of a project that signs
 * them. The key is made once and stays in `.cilocal/`, so that a service that was told the public
 * half goes on trusting the tokens of later runs.
 */
#ifndef GITLAB_JWT_H
#define GITLAB_JWT_H

#include "base/str.h"

struct buf;

struct arena;
struct error;
struct jwt_key;

/*
 * The key in <dir>/key.pem (mode 0600), made with the folder where there is none yet: that takes a
 * fraction of a second. Two processes that make it at once end with the same one. NULL with err.
 */
struct jwt_key *jwt_key_open(const char *dir, struct error *err);
void jwt_key_free(struct jwt_key *k);

/* header.claims.signature of a JSON object's text; in the arena. Fails with err only without memory
 * or with a broken library. */
int jwt_sign(const struct jwt_key *k, struct str claims, struct arena *a, struct str *token,
	struct error *err);
/* The public half as a JWK set: {"keys":[...]}; lives as long as the key. */
struct str jwt_key_set(const struct jwt_key *k);

/* Adds "OpenSSL 3.0.15". */
void jwt_library(struct buf *out);

#endif
