/*
 * The progress of an image that is pulled or pushed, in one line for people: the engine reports
 * each layer for itself. Pure.
 */
#ifndef RUNNER_PULL_PROGRESS_H
#define RUNNER_PULL_PROGRESS_H

#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"

struct image_progress;

struct pull_layer {
	struct str id;
	int64_t current, total; /* bytes; total 0: not told yet */
	bool loaded, there;     /* transferred; also unpacked */
};

struct pull_progress {
	struct arena arena;
	VEC(struct pull_layer) layers; /* in the arena */
};

void pull_progress_init(struct pull_progress *p);
void pull_progress_release(struct pull_progress *p);
void pull_progress_add(struct pull_progress *p, const struct image_progress *event);
/* "12.3 of 45.6 MB", "unpacking layer 2 of 5"; nothing while there is nothing to tell. */
void pull_progress_text(const struct pull_progress *p, struct buf *out);

#endif
