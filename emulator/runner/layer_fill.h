/*
 * Puts a tar into volumes of an engine, through a container that never starts: the engine unpacks
 * it as root, as it does with a job's sources. For layers.c.
 */
#ifndef RUNNER_LAYER_FILL_H
#define RUNNER_LAYER_FILL_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"
#include "emulator/docker/types.h"

struct engine;
struct error;
struct layer_fill;
struct tar_stream;
struct volume_spec;

/* Where the first volume is while it is filled: the folder that the tar's paths begin with. */
#define LAYER_FILL_DIR "/cilocal-layer"

typedef struct tar_stream *layer_tar_fn(void *arg, void (*wake)(void *), void *wake_arg);
/* mountpoint: the first volume's folder on the engine's machine. */
typedef void layer_filled_fn(void *arg, const struct error *err, struct str mountpoint);

struct layer_fill_spec {
	struct engine *engine;
	struct str container;     /* its name */
	struct str image;         /* any that is there */
	struct docker_kvs labels; /* of the container */
	const struct volume_spec *volumes;
	size_t n_volumes; /* at most 2 */
	bool trial;       /* the volumes go again, also after success */
	layer_tar_fn *tar;
	layer_filled_fn
		*done; /* once, on a later turn; nothing is left then but what was asked for */
	void *arg;     /* for both */
};
/* All of the spec is borrowed until done. */
struct layer_fill *layer_fill_start(const struct layer_fill_spec *spec);
/* done comes soon, with an error of domain CANCELLED. */
void layer_fill_cancel(struct layer_fill *f);

#endif
