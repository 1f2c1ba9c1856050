/*
 * A work tree that is on the engine already: jobs see it through a layer of their own, and nothing
 * is copied for each of them.
 *
 * One volume of the engine, the base, holds the tree as a run's first job would have got it; a
 * second one, the delta, what has changed since the base was made, with marks for what is gone.
 * Both are made once and never written again; later runs use them as they are, or make a new delta.
 * A job gets a volume of the `local` driver that mounts an overlay file system over them:
 *
 *     lowerdir=DELTA:BASE, upperdir=the volume's own folder, workdir=a second volume of the job
 *
 * All of it are volumes of the engine, not folders of the project: so files have the owners that an
 * upload gives (root, whoever runs cilocal), what jobs leave as root goes with the volume, the
 * user's files are never reachable from a job, neither are the job's views touched by what the user
 * writes meanwhile, and an engine in a virtual machine or on another host can do it as well.
 *
 * Whether an engine can is tried once, when the base has been made. Where it can't, and where
 * anything of this fails, the sources are uploaded for each job.
 */
#ifndef RUNNER_LAYERS_H
#define RUNNER_LAYERS_H

#include <stdbool.h>
#include "base/str.h"
#include "emulator/core/loop.h"
#include "emulator/docker/types.h"
#include "emulator/docker/volume.h"

struct engine;
struct layers;
struct sources;
struct sources_view;

/* The label of volumes with sources; its value is the folder with their state (layer_list.h). */
#define LAYERS_LABEL "cilocal.sources"

/* sources, engine: outlive it. project_root: absolute; the state is kept below its .cilocal. */
struct layers *layers_new(struct loop *loop, struct engine *engine, struct sources *sources,
	const char *project_root);
/* Not while anybody waits for it. From now on the volumes may be removed by others. */
void layers_free(struct layers *l);

/* What a job mounts. */
struct layer_mount {
	struct str volumes; /* folder of the engine's machine that its volumes are below */
	struct str lower;   /* value of lowerdir */
};
/* m NULL: upload instead; why says it in words. */
typedef void layers_done_fn(void *arg, const struct layer_mount *m, const char *why);

struct layers_wait {
	struct layer *layer; /* NULL: not waiting */
	layers_done_fn *fn;
	void *arg;
	struct loop_task task;
	struct layers_wait *next;
};
struct layers_want {
	const struct sources_view *view; /* without `shallow` and `above` */
	struct str image;                /* any that is on the engine */
	struct docker_kvs labels;        /* of the run's containers */
	const char *run_id;
};
/*
 * fn comes once, on a later turn. The sources are ready. w is embedded in the caller, zeroed before
 * its first use; all of want is copied.
 */
void layers_want(struct layers *l, struct layers_wait *w, const struct layers_want *want,
	layers_done_fn *fn, void *arg);
/* fn comes soon: at once where others wait too, else when what was being made is gone again. */
void layers_cancel(struct layers_wait *w);

/* The two volumes of a job's own layer: the one that it mounts, and the one beside it. */
struct arena;
/* volumes[0]: to be mounted. The texts are in the arena or borrowed. False: too long for a mount.
 */
bool layers_volumes(struct arena *a, const struct layer_mount *m, struct str prefix,
	struct docker_kvs labels, struct volume_spec volumes[2]);

#endif
