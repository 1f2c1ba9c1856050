/* Shared by layers.c and layer_make.c only. */
#ifndef RUNNER_LAYERS_INTERNAL_H
#define RUNNER_LAYERS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>
#include "base/arena.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/docker/volume.h"
#include "emulator/runner/layer_list.h"
#include "emulator/runner/layers.h"
#include "emulator/runner/sources.h"

struct layer_fill;

/* One view of the sources on the engine. LAYER_READY and LAYER_FAILED stay for the run. */
enum layer_phase { LAYER_LOCK, LAYER_MAKE, LAYER_READY, LAYER_FAILED };

struct layer {
	struct layers *all;
	struct layer *next;
	struct arena arena;
	enum layer_phase phase;
	struct sources_view view;
	const char *dir;
	struct str image;
	struct docker_kvs labels, volume_labels;
	const char *run_id;

	struct layers_wait *waiting;
	bool cancelled;
	struct loop_timer poll;
	uv_work_t work;
	int build_fd, use_fd;
	struct layer_state state;
	bool tried_unable; /* the state's `unable` is of today */
	struct layer_diff diff;
	struct layer_fill *fill;
	size_t evicting; /* calls under way */
	struct volume_spec volumes[2];
	bool whole; /* a base is being made, not a delta */
	struct str fresh_name;
	struct error error; /* of a worker */
	struct layer_mount mount;
	struct str base_dir, delta_dir;
	const char *why;
};

struct layers {
	struct loop *loop;
	struct engine *engine;
	struct sources *sources;
	char *root;
	struct layer *first;
};

/* It is ready or failed: answers all who wait, on a later turn. */
void layer_finish(struct layer *y, enum layer_phase phase);
/* Looks for what is there, makes what is missing (layer_make.c); ends with layer_finish(). */
void layer_make(struct layer *y);

#endif
