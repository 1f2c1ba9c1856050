#include "base/base.h"
#include "emulator/store/archive.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#define CHUNK (256 * 1024)

static int trouble(struct archive *a, const char *what, const char *path, struct error *err)
{
	const char *text = archive_error_string(a);

	return error_set(err, ERR_SYS, archive_errno(a), "cannot %s '%s': %s", what, path,
		text ? text : "unknown error");
}

static int copy_data(struct archive *in, struct archive *out, const char *from, const char *to,
	struct error *err)
{
	const void *p;
	size_t n;
	la_int64_t at;
	int r;

	while ((r = archive_read_data_block(in, &p, &n, &at)) == ARCHIVE_OK)
		if (archive_write_data(out, p, n) < 0)
			return trouble(out, "write", to, err);
	return r == ARCHIVE_EOF ? 0 : trouble(in, "read", from, err);
}

static int copy_all(struct archive *in, struct archive *out, const char *from, const char *to,
	struct error *err)
{
	struct archive_entry *e;
	int r;

	while ((r = archive_read_next_header(in, &e)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		/* zip knows no hard links: the first name has the content. */
		if (archive_entry_hardlink(e)) {
			archive_entry_set_symlink(e, archive_entry_hardlink(e));
			archive_entry_set_filetype(e, AE_IFLNK);
		}
		if (archive_write_header(out, e) < ARCHIVE_WARN)
			return trouble(out, "write", to, err);
		if (archive_entry_filetype(e) == AE_IFREG && copy_data(in, out, from, to, err))
			return -1;
	}
	return r == ARCHIVE_EOF ? 0 : trouble(in, "read", from, err);
}

int archive_tar_to_zip(const char *from, const char *to, struct error *err)
{
	struct archive *in = archive_read_new(), *out = archive_write_new();
	int r = -1;

	archive_read_support_format_tar(in);
	archive_read_support_format_empty(in);
	archive_read_set_options(in, "hdrcharset=BINARY");
	archive_write_set_format_zip(out);
	if (archive_read_open_filename(in, from, 256 * 1024) != ARCHIVE_OK)
		trouble(in, "read", from, err);
	else if (archive_write_open_filename(out, to) != ARCHIVE_OK)
		trouble(out, "write", to, err);
	else
		r = copy_all(in, out, from, to, err);
	if (archive_write_close(out) != ARCHIVE_OK && !r)
		r = trouble(out, "write", to, err);
	archive_write_free(out);
	archive_read_free(in);
	return r;
}

int archive_tar_list(const char *from, void (*entry)(void *arg, const struct archive_item *i),
	void *arg, struct error *err)
{
	struct archive *in = archive_read_new();
	struct archive_entry *e;
	int r;

	archive_read_support_format_tar(in);
	archive_read_support_format_empty(in);
	archive_read_set_options(in, "hdrcharset=BINARY");
	r = archive_read_open_filename(in, from, 256 * 1024);
	while (r == ARCHIVE_OK || r == ARCHIVE_WARN) {
		struct archive_item i = {0};

		r = archive_read_next_header(in, &e);
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			break;
		i.path = str_c(archive_entry_pathname(e));
		i.mode = archive_entry_perm(e);
		i.mtime_s = archive_entry_mtime(e);
		i.kind = archive_entry_filetype(e) == AE_IFDIR   ? ARCHIVE_DIR
			 : archive_entry_filetype(e) == AE_IFLNK ? ARCHIVE_LINK
								 : ARCHIVE_FILE;
		i.data = str_c(archive_entry_symlink(e));
		i.size = (uint64_t)archive_entry_size(e);
		entry(arg, &i);
	}
	if (r != ARCHIVE_EOF)
		trouble(in, "read", from, err);
	archive_read_free(in);
	return r == ARCHIVE_EOF ? 0 : -1;
}

int archive_tar_unpack(const char *from, const char *dir, struct error *err)
{
	CLEANUP(close) int fd = open(from, O_RDONLY | O_CLOEXEC);
	CLEANUP(free) char *chunk = xmalloc(CHUNK);
	struct tar_reader *r;
	int ret = 0;
	ssize_t n;

	if (fd < 0)
		return error_sys(err, errno, "cannot open '%s'", from);
	if (store_make_dirs(dir, err))
		return -1;
	r = tar_reader_new(dir);
	while (!ret && (n = read(fd, chunk, CHUNK)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		ret = n < 0 ? error_sys(err, errno, "cannot read '%s'", from)
			    : tar_reader_push(r, chunk, (size_t)n, err);
	}
	if (!ret)
		ret = tar_reader_end(r, err);
	tar_reader_free(r);
	return ret;
}
