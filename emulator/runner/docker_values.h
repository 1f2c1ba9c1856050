/*
 * Values of [runners.docker] in the notations of Docker and the Runner: sizes, cpus, volumes,
 * devices, limits. Pure.
 *
 * Source: GitLab Runner docs, "Advanced configuration", the [runners.docker] section; the volume
 * grammar: GitLab Runner, executors/docker/internal/volumes/parser.
 */
#ifndef RUNNER_DOCKER_VALUES_H
#define RUNNER_DOCKER_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct arena;
struct docker_device;
struct docker_device_request;
struct docker_ulimit;

/* "512m", "2g", "1073741824": bytes; suffixes b k m g t are binary. "-1" is -1. */
bool docker_size_parse(struct str text, int64_t *bytes);
/* "1.5", "1/2": billionths of a processor. */
bool docker_cpus_parse(struct str text, int64_t *nano);
/* "1024:2048" or "1024". */
bool docker_ulimit_parse(struct str name, struct str text, struct docker_ulimit *out);
/* "host[:container[:permissions]]". */
bool docker_device_parse(struct str text, struct docker_device *out);
/* "all", "2", "device=0,1". */
bool docker_gpus_parse(struct arena *a, struct str text, struct docker_device_request *out);

/* "[source:]target[:mode]" */
struct docker_volume_text {
	struct str source; /* host path or volume name; empty: a cache volume */
	struct str target;
	struct str mode; /* "ro", "rw,z", ...; may be empty */
};
bool docker_volume_parse(struct str text, struct docker_volume_text *out);
/* Is the path, of a container, the folder or in it? */
bool docker_path_holds(struct str folder, struct str path);

/*
 * Why a pull failed, by the daemon's words (GitLab Runner, common/classify_image_pull_failure.go).
 * Returns one of FAIL_EXTERNAL_DEPENDENCY, FAIL_RUNNER_CONFIG, FAIL_IMAGE_PULL.
 */
int docker_pull_failure(struct str words);
/* Whether they say that the registry refused, for whatever was sent to it, or was not. */
bool docker_pull_refused(struct str words);

#endif
