/*
 * Whose is a thing on the engine, and is that run dead? By its labels, and for volumes by their
 * name as well, because the engine loses labels of volumes:
 *
 *   - An engine that ends closes its list of volumes first and goes on to answer what is connected.
 *     A volume that is made then has a folder and no entry: the request fails, and the next engine
 *     finds a volume without labels (Docker Engine, volume/service/store.go, Create and Shutdown).
 *   - A container that is being made makes the volumes it mounts when they are not there: one that
 *     was removed a moment ago comes back, without labels.
 *
 * Names of volumes begin with the id of their run, whose folder says the rest. Everything here
 * looks at a few small files.
 */
#ifndef RUNNER_LEFTOVER_H
#define RUNNER_LEFTOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "emulator/docker/types.h"

struct arena;
struct volume_row;

#define LEFTOVER_LABELS 5
/*
 * The labels by which all that a run makes on an engine is known to be its own. Writes
 * LEFTOVER_LABELS of them; texts in the arena. Never a secret.
 */
void leftover_labels(
	struct arena *a, const char *run_id, const char *lock_path, struct docker_kv *v);
/*
 * Dead: made on this host by a run whose lock nobody holds, and which nobody asked to keep. Of
 * other hosts (a shared engine) nothing can be known.
 */
bool leftover_by_labels(struct docker_kvs labels);
/*
 * Of a volume without labels: the id of the run that its name begins with ("cilocal-<id>-...",
 * "cilocal-cache-sources-<id>-..."); STR_NULL: it is not a name that runs give. Borrowed.
 */
struct str leftover_run_of(struct str volume);
/* Is it the name of a volume with sources? Those outlive runs. */
bool leftover_is_sources(struct str volume);
/*
 * The same question for a volume without labels. root: the project's .cilocal (absolute), where the
 * run must be known, so a run of another project or host is never dead; NULL: none is.
 */
bool leftover_by_name(const char *root, struct str volume);
/*
 * Does a volume without labels have the name of a run that is over for sure? No project may know
 * it any more (only the last runs are kept), so it is its age that tells: at now_s (seconds since
 * the epoch) it was made more than a day ago. Runs that root knows (see above) are judged by that;
 * volumes with sources are not judged.
 */
bool leftover_by_age(const char *root, struct str volume, int64_t now_s);
/*
 * Volumes with sources outlive runs; those are leftovers that no project counts as its own any more
 * and no run uses: older ones, ones that were never finished, ones of projects that are gone.
 */
bool leftover_sources(const struct volume_row *row);

/*
 * Has a run of this project died since it was last looked after? A run that ends in order takes its
 * lock away; one that dies leaves it.
 */
bool leftover_runs_died(const char *root);
/* Ends what those left running on this machine (stray.h). How many; blocks while they end. */
size_t leftover_runs_end(const char *root);
/*
 * They have been looked after: on all engines of the run that did, where nothing of them is left.
 */
void leftover_runs_settled(const char *root);

#endif
