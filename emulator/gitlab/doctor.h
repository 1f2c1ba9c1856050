/*
 * What a machine has that jobs need, looked at one thing after the other: engines, their clocks,
 * privileged containers, disk, the registry as seen from here, from a container and from a
 * Docker-in-Docker service, names. For `cilocal doctor`.
 */
#ifndef GITLAB_DOCTOR_H
#define GITLAB_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"
#include "base/vec.h"
#include "emulator/docker/types.h"

struct arena;
struct error;
struct registry_options;
struct runner_configs;

enum doctor_state { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_WARNING, DOCTOR_FAILURE };
const char *doctor_state_word(enum doctor_state s);

struct doctor_item {
	const char *name; /* "engine", "disk" ... */
	enum doctor_state state;
	struct str text, cure; /* what is there; what to do (empty: nothing) */
};
struct doctor_engine {
	const char *kind;                     /* "Docker", "Podman" */
	struct str url, origin, version, api; /* api: the one that is spoken */
	struct str storage_driver, cgroup_version;
	bool rootless, remote;
};
struct doctor {
	struct arena *arena; /* of everything */
	VEC(struct doctor_item) items;
	VEC(struct doctor_engine) engines; /* that answered */
};

struct doctor_options {
	const struct runner_configs *runners;
	const struct registry_options *registry;
	const char *root;        /* of the project; NULL: none */
	struct str host;         /* CI_REGISTRY; empty: unknown */
	bool docker, privileged; /* jobs of the pipeline want containers; privileged ones */
	/* The pipeline's Docker-in-Docker service, as written; empty: it has none. */
	struct str dind_image;
	struct docker_strs dind_command;
};

void doctor_add(struct doctor *d, const char *name, enum doctor_state state, struct str text,
	struct str cure);
/*
 * Looks at everything; leaves nothing behind. -1 only where it could not go on: err says why, with
 * domain CANCELLED where a signal came.
 */
int doctor_look(struct doctor *d, const struct doctor_options *o, struct error *err);

#endif
