/*
 * The house of a job's tree: the folder of its builds with the folders down to the project and
 * <project>.tmp. Where a job left nothing else in it, it is kept for a later job together with the
 * tree, so that a job of a few files makes and removes no folder at all: on ext4 a folder costs
 * more than all else that is done with files for such a job.
 *
 * For sources_tree.c and sources_copy.c only.
 */
#ifndef RUNNER_SOURCES_HOUSE_H
#define RUNNER_SOURCES_HOUSE_H

#include <stdbool.h>
#include <sys/types.h>

struct error;

/* The part of dir behind top and its slash; NULL where dir is not below top. */
const char *house_inside(const char *top, const char *dir);
/* Makes the folders above dir, and <dir>.tmp; *mode (may be NULL): what the latter has. */
int house_make(const char *dir, mode_t *mode, struct error *err);
/*
 * Empties <dir>.tmp. True: from top (above dir) down there is nothing but the way to dir and
 * <dir>.tmp, and all of these have the mode.
 */
bool house_tidy(const char *top, const char *dir, mode_t mode);

#endif
