/*
 * A tar that comes in pieces, cut down to the wanted entries under new names, with bounded memory:
 * how files leave a container without touching the disk twice. Reads ustar, pax and GNU headers,
 * writes ustar with pax records where a name or a number needs them. Owner and group become 0.
 */
#ifndef STORE_TAR_FILTER_H
#define STORE_TAR_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "emulator/store/archive.h"

struct error;
struct tar_filter;

enum tar_kind { TAR_DIR, TAR_FILE, TAR_SYMLINK, TAR_HARDLINK, TAR_OTHER };

struct tar_item {
	enum tar_kind kind;
	struct str path;   /* as in the archive, without slashes at its end */
	struct str target; /* of links */
	uint64_t size;
	int64_t mtime_s;
	uint32_t mode; /* permission bits */
};

/*
 * Whether the entry stays; may set path and target to other views, which live until the next call.
 * Entries of kind OTHER (devices, pipes) are shown but never stay.
 */
typedef bool tar_keep_fn(void *arg, struct tar_item *item);

struct tar_filter *tar_filter_new(
	tar_keep_fn *keep, void *keep_arg, archive_out_fn *out, void *out_arg);
/* Any cut is fine. What follows the end of the archive is not looked at. */
int tar_filter_push(struct tar_filter *f, const void *p, size_t n, struct error *err);
/* An archive that is cut short is an error. Writes no end of archive: see tar_filter_trailer(). */
int tar_filter_end(struct tar_filter *f, struct error *err);
void tar_filter_free(struct tar_filter *f);

/* A folder that no filter saw, with mode 0777; between two entries. */
int tar_filter_folder(
	archive_out_fn *out, void *out_arg, struct str path, int64_t mtime_s, struct error *err);
/* The end of an archive, after the output of one or several filters. */
int tar_filter_trailer(archive_out_fn *out, void *out_arg, struct error *err);

#endif
