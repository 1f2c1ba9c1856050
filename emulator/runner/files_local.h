/*
 * Files of a directory of this machine into a tar and back, on a worker thread: what the shell
 * executor does for artifacts and caches. Also tars that are unpacked elsewhere (reports).
 */
#ifndef RUNNER_FILES_LOCAL_H
#define RUNNER_FILES_LOCAL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct error;
struct files_local;
struct loop;
struct selection;
struct tar_stream_source;

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

/*
 * The same for a folder that belongs to a container, as root sees it from outside: no link is
 * followed on the way, since it would lead to where it leads on this machine, and programs of the
 * container may change all of it meanwhile. fd is open on a folder that they cannot replace, and
 * stays open until done came; below is a path in it, "" for itself.
 */
struct files_below {
	int fd;
	struct str below;
};
/* As tar_reader_new_exact() unpacks. */
struct files_local *files_local_put_below(struct loop *loop, const struct files_below *at,
	struct str archive, files_local_fn *done, void *arg);
/* The items, whose paths begin at fd; below is not looked at. The source is released at the end. */
struct files_local *files_local_fill_below(struct loop *loop, const struct files_below *at,
	const struct tar_stream_source *source, files_local_fn *done, void *arg);
/*
 * Folders above what is taken are in the tar, for everybody to write (GitLab Runner,
 * commands/helpers/archive/zip). Where a link would have to be followed, the error is FILES_LINK
 * of domain SYS, and neither was anything taken nor written.
 */
#define FILES_LINK ELOOP
struct files_local *files_local_get_below(struct loop *loop, const struct files_below *at,
	struct selection *selection, int fd, files_local_fn *done, void *arg);
/* Whether this kernel can open what is below a folder and nowhere else. */
bool files_below_possible(int fd);
/* Whether the errno tells of descriptors or memory that are short, and not of the file. */
bool files_ran_out(int code);

/* done comes soon, with an error of domain CANCELLED. */
void files_local_cancel(struct files_local *f);

/* A write that goes on after interruptions; -1 with err. For archive writers. */
int files_write(int fd, const void *p, size_t n, struct error *err);

#endif
