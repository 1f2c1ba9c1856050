/*
 * Files of a directory of this machine into a tar and back, on a worker thread: what the shell
 * executor does for artifacts and caches. Also tars that are unpacked elsewhere (reports).
 */
#ifndef RUNNER_FILES_LOCAL_H
#define RUNNER_FILES_LOCAL_H

#include <stddef.h>
#include "base/str.h"

struct error;
struct files_local;
struct loop;
struct selection;

/* Once, on a later turn; err NULL: it went well. */
typedef void files_local_fn(void *arg, const struct error *err);

/* Unpacks the tar below dir (which is made); what is there is overwritten. Strings are copied. */
struct files_local *files_local_put(
	struct loop *loop, struct str dir, struct str archive, files_local_fn *done, void *arg);
/*
 * Writes what the selection takes of dir to fd as a tar. selection and fd are used on the worker
 * until done came.
 */
struct files_local *files_local_get(struct loop *loop, struct str dir, struct selection *selection,
	int fd, files_local_fn *done, void *arg);
/* done comes soon, with an error of domain CANCELLED. */
void files_local_cancel(struct files_local *f);

/* A write that goes on after interruptions; -1 with err. For archive writers. */
int files_write(int fd, const void *p, size_t n, struct error *err);

#endif
