/* One image of the engine into the registry, on a session that is connected. */
#ifndef GITLAB_REGISTRY_MOVE_H
#define GITLAB_REGISTRY_MOVE_H

#include "emulator/gitlab/registry.h"

struct session;

/*
 * there: repository and tag ("group/app:1"; without a tag latest). Only the registry has it by that
 * name afterwards. 0 or -1 with err.
 */
int registry_copy(struct session *s, struct arena *a, const struct registry_info *info,
	struct str image, struct str there, struct error *err);

#endif
