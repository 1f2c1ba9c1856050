/* What a registry holds, asked over its HTTP interface (OCI Distribution specification). */
#ifndef GITLAB_REGISTRY_API_H
#define GITLAB_REGISTRY_API_H

#include "emulator/gitlab/registry.h"

struct session;
struct registry_state;

/* base: "http://127.0.0.1:PORT". 0 or -1 with err. Sorted by repository, then tag. */
int registry_api_list(struct session *s, const char *base, const struct registry_state *login,
	struct arena *a, struct registry_tag **out, size_t *n, struct error *err);
/* Names of the repositories, sorted. */
int registry_api_catalog(struct session *s, const char *base, const struct registry_state *login,
	struct arena *a, struct str **out, size_t *n, struct error *err);

#endif
