/*
 * From a service's name to the image that is pulled, the version that is shown, and the host names
 * under which the job reaches it. Pure.
 *
 * Source: GitLab Runner, helpers/container/services/services.go; GitLab docs, "Services",
 * accessing the services.
 */
#ifndef RUNNER_SERVICE_NAME_H
#define RUNNER_SERVICE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct arena;

struct service_name {
	bool valid;         /* the name is an image reference; else there are no default aliases */
	struct str service; /* without tag, digest and registry port */
	struct str version; /* tag, "@sha256:..." or latest */
	struct str image;   /* what is pulled: the name, ":latest" added where it had no tag */
	struct str aliases[2];
	size_t n_aliases;
};

/* name: already expanded. Results live in the arena. */
struct service_name service_name_parse(struct arena *a, struct str name);

/* Splits an `alias:` at blanks and commas; the array lives in the arena. */
size_t service_aliases_split(struct arena *a, struct str alias, struct str **out);

#endif
