/* Shared by doctor.c and doctor_registry.c only. */
#ifndef GITLAB_DOCTOR_INTERNAL_H
#define GITLAB_DOCTOR_INTERNAL_H

#include "emulator/docker/container.h"
#include "emulator/gitlab/doctor.h"
#include "emulator/gitlab/session.h"

struct runner_config;

/* A container that only looks has long since looked. */
#define DOCTOR_PROBE_MS 15000

struct look {
	struct doctor *d;
	struct arena *a;
	const struct doctor_options *o;
	struct session s;
	int lock_fd;
	struct docker_kv labels[4];
	/* of the engine that is looked at */
	const struct runner_config *config;
	struct sync_info info;
	struct sync_names images;
	struct str image;      /* with a shell in it; empty: there is none */
	struct str dind_image; /* a Docker-in-Docker one */
	bool may_privileged;   /* privileged containers work */
};

/*
 * A script in a container of its own, which is gone afterwards. Of spec the image is the one that
 * was found unless it names one; words of its cmd are the script's arguments. *said: the last lines
 * that it wrote. -1 with err where the container could not be run.
 */
int doctor_probe(struct look *l, struct container_spec *spec, const char *script, uint64_t limit_ms,
	int64_t *code, struct str *said, struct error *err);

/*
 * The project's registry, local or not, as seen from here, from a job's container and from a
 * Docker-in-Docker service; and whether containers find names as this machine does.
 */
void doctor_look_at_registry(struct look *l);

#endif
