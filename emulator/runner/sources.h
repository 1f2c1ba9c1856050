/*
 * The sources of a run's jobs: one snapshot of the user's work tree (emulator/git), made once,
 * given to each job as its own tree. Made lazily: the first job that wants sources starts the work,
 * others wait for the same answer.
 */
#ifndef RUNNER_SOURCES_H
#define RUNNER_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct loop;
struct error;
struct sources;
struct repo;
struct tar_stream;

/* repo (emulator/git/repo.h) is borrowed; NULL: jobs get an empty directory. */
struct sources *sources_new(struct loop *loop, const struct repo *repo);
/* Not while a build uses it. */
void sources_free(struct sources *s);

#endif
