/*
 * What the layers of a work tree on an engine hold (layers.h), kept in files of the project:
 *
 *     .cilocal/sources/<key>/state        the volumes that are in use: names, and what they are for
 *     .cilocal/sources/<key>/<base>.list  a print of each file that the base volume was made from
 *     .cilocal/sources/<key>/build        held (flock) while volumes are made
 *     .cilocal/sources/<key>/lock         held, shared, by each run whose jobs use the volumes
 *
 * Everything here blocks: for worker threads.
 */
#ifndef RUNNER_LAYER_LIST_H
#define RUNNER_LAYER_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"

struct error;
struct sources;
struct sources_part;
struct sources_view;

struct layer_state {
	struct str base;    /* volume with the whole tree; empty: none */
	struct str delta;   /* volume with what had changed since at the last run; empty: none */
	uint64_t delta_key; /* of exactly which changes */
	struct str unable;  /* why this engine cannot do it; empty: not known to be unable */
};
/* A state that is missing or damaged is an empty one. The texts are in the arena. */
void layer_state_read(struct layer_state *out, const char *dir, struct arena *a);
int layer_state_write(const struct layer_state *s, const char *dir, struct error *err);
/* Is the volume one that the state in dir names? Small and quick. */
bool layer_state_has(const char *dir, struct str volume);

struct layer_diff {
	bool known;                /* there is a list of the base */
	struct sources_part *part; /* what the base lacks; malloc'ed */
	size_t entries, changed;   /* of the view; those that are not in the base, or go away */
	uint64_t bytes, changed_bytes;
	uint64_t key; /* of exactly these changes */
	/* Something was written so shortly before it was looked at that its times prove nothing:
	 * the next run has to look again. */
	bool fresh;
};
/* Compares the view with the list of that base. The sources are ready. */
void layer_diff_make(struct layer_diff *d, const struct sources *s, const struct sources_view *view,
	const char *dir, struct str base);
/* Writes the list of a base that was made from the view; those of other bases go. */
int layer_list_write(const struct sources *s, const struct sources_view *view, const char *dir,
	struct str base, struct error *err);

#endif
