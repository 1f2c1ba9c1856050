/* Volumes. */
#ifndef DOCKER_VOLUME_H
#define DOCKER_VOLUME_H

#include "emulator/docker/types.h"

struct volume_spec {
	struct str name, driver; /* driver empty: "local" */
	struct docker_kvs driver_opts, labels;
};
typedef void volume_create_fn(void *arg, struct error *err, struct str name, struct str mountpoint);
/* An existing volume of that name with the same driver is a success too: that is the engine's way.
 */
struct docker_call *docker_volume_create(
	struct engine *e, const struct volume_spec *spec, volume_create_fn *done, void *arg);

struct volume_row {
	struct str name, driver, mountpoint;
	struct docker_kvs labels;
};
typedef void volume_inspect_fn(void *arg, struct error *err, const struct volume_row *r);
struct docker_call *docker_volume_inspect(
	struct engine *e, struct str name, volume_inspect_fn *done, void *arg);
/* Success also when there is none (404). */
struct docker_call *docker_volume_remove(
	struct engine *e, struct str name, bool force, docker_done_fn *done, void *arg);

typedef void volume_list_fn(void *arg, struct error *err, const struct volume_row *rows, size_t n);
struct docker_call *docker_volume_list(
	struct engine *e, struct docker_strs labels, volume_list_fn *done, void *arg);

#endif
