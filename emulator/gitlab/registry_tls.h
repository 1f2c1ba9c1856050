/*
 * The local registry's own certificate authority, and the certificate that it gives the registry:
 * files with mode 0600 in the folder `registry-tls` of the user's state folder. Made when they are
 * first wanted, and anew before they run out.
 */
#ifndef GITLAB_REGISTRY_TLS_H
#define GITLAB_REGISTRY_TLS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

struct arena;
struct error;
struct registry_options;

struct registry_tls {
	const char *ca_path;      /* of the authority's certificate */
	struct str ca, cert, key; /* PEM */
	struct str fingerprint;   /* tells one certificate from another: 16 hex digits */
};

/*
 * All of it, valid for host (CI_REGISTRY, its port does not count), for the hosts of earlier calls,
 * for localhost and the loopback addresses. now: seconds since the epoch. keep: a certificate that
 * is still valid stays, however soon it ends, because what runs uses it. Only under
 * registry_lock(). In the arena; 0 or -1 with err.
 */
int registry_tls_ensure(struct registry_tls *out, struct arena *a, const struct registry_options *o,
	struct str host, int64_t now, bool keep, struct error *err);
/* Where the authority's certificate is, or will be; NULL with err. */
const char *registry_tls_ca(struct arena *a, const struct registry_options *o, struct error *err);
/* Until when a certificate is valid, seconds since the epoch; 0 where it is none. */
int64_t registry_tls_end(struct str pem);
/* The same of the registry's. */
int64_t registry_tls_until(struct arena *a, const struct registry_options *o);
int registry_tls_remove(struct arena *a, const struct registry_options *o, struct error *err);

#endif
