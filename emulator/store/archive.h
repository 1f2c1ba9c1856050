/*
 * The only door to libarchive: tar written as a stream with bounded memory, tar read with path
 * checks (nothing lands outside the target), zip written for export.
 */
#ifndef STORE_ARCHIVE_H
#define STORE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/str.h"

struct error;
struct loop;

/* Adds "libarchive 3.6.2", or that it is missing; loads it. */
void archive_library(struct buf *out);

/*
 * GONE is written only: the mark by which a layer of an overlay file system takes away what the
 * layers below it have at that path (Linux, filesystems/overlayfs: a character device 0/0).
 */
enum archive_kind { ARCHIVE_DIR, ARCHIVE_FILE, ARCHIVE_LINK, ARCHIVE_GONE };

struct archive_item {
	enum archive_kind kind;
	struct str path; /* relative, '/' between */
	uint32_t mode;   /* permission bits */
	uint64_t size;
	int64_t mtime_s;
	uint32_t mtime_ns;
	struct str source; /* FILE: absolute path to read; p == NULL: data is the content */
	bool opened; /* FILE: fd is what to read, and becomes the writer's; source is ignored */
	int fd;
	struct str data; /* FILE: content; LINK: target */
};

/* Formats of a writer. Owner and group are always 0. */
enum archive_format { ARCHIVE_TAR, ARCHIVE_TAR_GZ, ARCHIVE_ZIP };

/* Written bytes go to out; returns 0, or -1 with err set: writing stops. */
typedef int archive_out_fn(void *arg, const void *p, size_t n, struct error *err);

struct archive_writer;
struct archive_writer *archive_writer_new(enum archive_format f, archive_out_fn *out, void *arg);
/*
 * Adds a whole item. A file that shrank since its size was taken is padded with zeros, one that
 * grew is cut; one that vanished is left out (returns 0). Blocking.
 */
int archive_writer_add(struct archive_writer *w, const struct archive_item *i, struct error *err);
/*
 * The same in steps, for big files: begin, then more until it returns 0 (-1: failed). Each step
 * writes at most 256 KiB of content.
 */
int archive_writer_begin(struct archive_writer *w, const struct archive_item *i, struct error *err);
int archive_writer_more(struct archive_writer *w, struct error *err);
int archive_writer_close(struct archive_writer *w, struct error *err);
void archive_writer_free(struct archive_writer *w);

/*
 * A tar made on worker threads and pulled from the loop: the producer of an upload. next() gives
 * the items one by one on the worker thread, false at the end.
 */
typedef bool tar_next_fn(void *arg, struct archive_item *item);

struct tar_stream;
/*
 * wake is called on the loop when bytes are there after tar_stream_read() had none. release (may be
 * NULL) gets next_arg when no worker uses it any more, at or after tar_stream_free().
 */
struct tar_stream_source {
	tar_next_fn *next;
	void (*release)(void *next_arg);
	void *next_arg;
};
struct tar_stream *tar_stream_new(struct loop *loop, const struct tar_stream_source *source,
	void (*wake)(void *arg), void *wake_arg);
/*
 * Up to n bytes; 0: none now, wake will come; -1: the end; -2: failed (tar_stream_error()).
 */
long tar_stream_read(struct tar_stream *t, char *p, size_t n);
const struct error *tar_stream_error(const struct tar_stream *t);
/* Any time; a worker that is busy ends by itself. wake does not come any more. */
void tar_stream_free(struct tar_stream *t);

/*
 * Reads a tar from pushed bytes and unpacks below a directory. Entries that would land outside
 * (absolute paths, "..", through a symlink that is not below the target), devices and the like are
 * refused with an error. Blocking, file by file.
 */
struct tar_reader;
struct tar_reader *tar_reader_new(const char *target_dir);
/*
 * The same below a folder of a container, for root: owner 0, modes and times of folders and links
 * as the archive has them, whatever the umask. Names are below `below` ("": none), which is made;
 * it may hold traps as all that is there. root is open on the folder and stays the caller's.
 */
struct tar_reader *tar_reader_new_exact(int root, const char *below);
int tar_reader_push(struct tar_reader *r, const void *p, size_t n, struct error *err);
int tar_reader_end(struct tar_reader *r, struct error *err); /* incomplete: error */
size_t tar_reader_entries(const struct tar_reader *r);
void tar_reader_free(struct tar_reader *r);

/* Writes a zip with what a tar file holds. Blocking. */
int archive_tar_to_zip(const char *from, const char *to, struct error *err);
/* Unpacks a tar file below dir (made if missing), as a tar_reader does. Blocking. */
int archive_tar_unpack(const char *from, const char *dir, struct error *err);
/* Shows each entry of a tar file; strings are valid during the call. Blocking. */
int archive_tar_list(const char *from, void (*entry)(void *arg, const struct archive_item *i),
	void *arg, struct error *err);

#endif
