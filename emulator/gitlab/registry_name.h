/* Names of images in the local registry, as people write them. Pure. */
#ifndef GITLAB_REGISTRY_NAME_H
#define GITLAB_REGISTRY_NAME_H

#include <stdbool.h>
#include "base/str.h"

struct registry_info;

struct registry_name {
	struct str host; /* of another registry; empty: this one, or none was written */
	struct str repo; /* without any host */
	struct str tag, digest;
};

/*
 * "group/app:1", with or without the host of CI_REGISTRY or the address on this machine in front.
 * The parts are views into text. False where it is no name, or the id of an image.
 */
bool registry_name_parse(
	struct registry_name *out, struct str text, const struct registry_info *info);

#endif
