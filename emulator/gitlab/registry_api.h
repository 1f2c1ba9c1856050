/* What a registry holds, asked over its HTTP interface (OCI Distribution specification). */
#ifndef GITLAB_REGISTRY_API_H
#define GITLAB_REGISTRY_API_H

#include "emulator/gitlab/registry.h"

struct session;

/*
 * Each asks the registry at info->url, as its user; on an engine elsewhere, where that is not
 * reached from here, its storage, with a shell in its container. 0 or -1 with err.
 */

/* Sorted by repository, then tag. */
int registry_api_list(struct session *s, const struct registry_info *info, struct arena *a,
	struct registry_tag **out, size_t *n, struct error *err);
/* Names of the repositories, sorted. */
int registry_api_catalog(struct session *s, const struct registry_info *info, struct arena *a,
	struct str **out, size_t *n, struct error *err);
/*
 * What it has by that name: the digests of the manifest and, unless it is an index, of the image's
 * configuration, in the arena; both empty: nothing.
 */
struct registry_digests {
	struct str manifest, config;
};
int registry_api_digests(struct session *s, const struct registry_info *info, struct arena *a,
	struct str repo, struct str tag, struct registry_digests *out, struct error *err);

#endif
