#include "base/base.h"
#include "emulator/store/archive.h"
#include "emulator/core/error.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE (256 * 1024)

struct archive_writer {
	struct archive *a;
	struct archive_entry *entry;
	archive_out_fn *out;
	void *arg;
	struct error out_error; /* of the callback: it says more than libarchive's text */
	bool dropped;           /* freed: what libarchive still wants to write goes nowhere */
	char *chunk;
	int fd;        /* of the file that is being added, -1 */
	uint64_t left; /* bytes of it */
	bool ended;    /* it ended early: zeros follow */
};

/*
 * Whoever adds to the archive looks at out_error. libarchive is never told: it leaves the filter
 * whose client failed open, and with it its memory (libarchive 3.6).
 */
static la_ssize_t put(struct archive *a, void *arg, const void *p, size_t n)
{
	struct archive_writer *w = arg;

	UNUSED(a);
	if (!w->dropped && !error_is(&w->out_error) && w->out(w->arg, p, n, &w->out_error) &&
		!error_is(&w->out_error))
		error_set(&w->out_error, ERR_SYS, EIO, "cannot write the archive");
	return (la_ssize_t)n;
}

static int fail(struct archive_writer *w, struct error *err, const char *what)
{
	const char *text = archive_error_string(w->a);

	if (error_is(&w->out_error)) {
		if (err && !error_is(err))
			*err = w->out_error;
		return -1;
	}
	return error_set(err, ERR_SYS, archive_errno(w->a), "cannot write archive: %s: %s", what,
		text ? text : "unknown error");
}

struct archive_writer *archive_writer_new(enum archive_format f, archive_out_fn *out, void *arg)
{
	struct archive_writer *w = xcalloc(1, sizeof(*w));

	w->a = archive_write_new();
	w->entry = archive_entry_new();
	if (!w->a || !w->entry)
		die_oom(0);
	w->out = out;
	w->arg = arg;
	switch (f) {
	case ARCHIVE_ZIP:
		archive_write_set_format_zip(w->a);
		break;
	case ARCHIVE_TAR_GZ:
		archive_write_add_filter_gzip(w->a);
		/* fall through */
	case ARCHIVE_TAR:
		/* Long names and nanoseconds where needed, plain headers else. */
		archive_write_set_format_pax_restricted(w->a);
		/* Names are bytes: no locale may refuse them. */
		archive_write_set_options(w->a, "hdrcharset=BINARY");
		break;
	}
	/* No blocking of the output: what was added is out after the call. */
	archive_write_set_bytes_per_block(w->a, 0);
	if (archive_write_open(w->a, w, NULL, put, NULL) != ARCHIVE_OK)
		BUG("archive_write_open: %s", archive_error_string(w->a));
	w->chunk = xmalloc(READ_SIZE);
	w->fd = -1;
	return w;
}

/* A slice of the file: exactly the size that was announced, whatever it has become meanwhile. */
int archive_writer_more(struct archive_writer *w, struct error *err)
{
	size_t want = (size_t)MIN(w->left, (uint64_t)READ_SIZE);
	ssize_t r = 0;

	if (!want) {
		if (w->fd >= 0)
			close(w->fd);
		w->fd = -1;
		return 0;
	}
	while (!w->ended) {
		r = read(w->fd, w->chunk, want);
		if (r >= 0 || errno != EINTR)
			break;
	}
	if (r <= 0) {
		w->ended = true;
		memset(w->chunk, 0, want);
		r = (ssize_t)want;
	}
	if (archive_write_data(w->a, w->chunk, (size_t)r) < 0 || error_is(&w->out_error))
		return fail(w, err, "data");
	w->left -= (uint64_t)r;
	return 1;
}

int archive_writer_add(struct archive_writer *w, const struct archive_item *i, struct error *err)
{
	int r;

	if (archive_writer_begin(w, i, err))
		return -1;
	while ((r = archive_writer_more(w, err)) > 0)
		;
	return r;
}

int archive_writer_begin(struct archive_writer *w, const struct archive_item *i, struct error *err)
{
	struct archive_entry *e = w->entry;
	CLEANUP(free) char *path = xstrndup(i->path.p, i->path.n);

	if (i->kind == ARCHIVE_FILE && i->opened) {
		w->fd = i->fd;
	} else if (i->kind == ARCHIVE_FILE && i->source.p) {
		CLEANUP(free) char *source = xstrndup(i->source.p, i->source.n);

		w->fd = open(source, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (w->fd < 0)
			return errno == ENOENT || errno == ELOOP
				       ? 0
				       : error_sys(err, errno, "cannot read '%s'", source);
	}
	archive_entry_clear(e);
	archive_entry_copy_pathname(e, path);
	archive_entry_set_perm(e, (__LA_MODE_T)i->mode);
	archive_entry_set_mtime(e, (time_t)i->mtime_s, (long)i->mtime_ns);
	archive_entry_set_size(e, 0);
	if (i->kind == ARCHIVE_DIR) {
		archive_entry_set_filetype(e, AE_IFDIR);
	} else if (i->kind == ARCHIVE_GONE) {
		archive_entry_set_filetype(e, AE_IFCHR); /* its device numbers are 0 */
	} else if (i->kind == ARCHIVE_LINK) {
		CLEANUP(free) char *target = xstrndup(i->data.p, i->data.n);

		archive_entry_set_filetype(e, AE_IFLNK);
		archive_entry_copy_symlink(e, target);
	} else {
		archive_entry_set_filetype(e, AE_IFREG);
		archive_entry_set_size(e, (la_int64_t)(w->fd >= 0 ? i->size : i->data.n));
	}
	if (archive_write_header(w->a, e) < ARCHIVE_WARN || error_is(&w->out_error))
		return fail(w, err, path);
	w->left = w->fd >= 0 ? i->size : 0;
	w->ended = false;
	if (i->kind == ARCHIVE_FILE && w->fd < 0 && i->data.n &&
		(archive_write_data(w->a, i->data.p, i->data.n) < 0 || error_is(&w->out_error)))
		return fail(w, err, path);
	return 0;
}

int archive_writer_close(struct archive_writer *w, struct error *err)
{
	if (archive_write_close(w->a) != ARCHIVE_OK || error_is(&w->out_error))
		return fail(w, err, "end");
	return 0;
}

void archive_writer_free(struct archive_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		close(w->fd);
	w->dropped = true;
	archive_write_free(w->a);
	archive_entry_free(w->entry);
	free(w->chunk);
	free(w);
}
