#include "base/base.h"
#include "emulator/store/archive.h"
#include "base/arena.h"
#include "base/map.h"
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

/* A name of a file whose content came under another name before. */
struct link {
	struct str name;
	struct link *next; /* of the same file */
};

struct copy {
	struct archive *out;
	const char *from, *to;
	struct arena arena;
	struct map links; /* first name -> struct link, those that are not in the zip yet */
	size_t written;   /* in this pass; a link to a name that is not there ends nothing */
};

static void note_link(struct copy *c, const char *name, const char *first)
{
	struct link *l = arena_new(&c->arena, struct link);
	struct str key = arena_str(&c->arena, str_c(first));

	l->name = arena_str(&c->arena, str_c(name));
	l->next = map_get(&c->links, key);
	map_put(&c->links, key, l);
}

static int put(struct copy *c, struct archive *in, struct archive_entry *e, struct error *err)
{
	if (archive_write_header(c->out, e) < ARCHIVE_WARN)
		return trouble(c->out, "write", c->to, err);
	if (archive_entry_filetype(e) != AE_IFREG)
		return 0;
	return copy_data(in, c->out, c->from, c->to, err);
}

/* links: only the contents of names that are wanted; else everything but those names. */
static int pass(struct copy *c, bool links, struct error *err)
{
	struct archive *in = archive_read_new();
	struct archive_entry *e;
	int r, ret = 0;

	archive_read_support_format_tar(in);
	archive_read_support_format_empty(in);
	archive_read_set_options(in, "hdrcharset=BINARY");
	r = archive_read_open_filename(in, c->from, CHUNK);
	while (!ret && (r == ARCHIVE_OK || r == ARCHIVE_WARN)) {
		struct link *l;

		r = archive_read_next_header(in, &e);
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			break;
		if (archive_entry_hardlink(e)) {
			if (!links)
				note_link(c, archive_entry_pathname(e), archive_entry_hardlink(e));
			continue;
		}
		if (links) {
			struct str first = str_c(archive_entry_pathname(e));

			l = map_get(&c->links, first);
			if (!l)
				continue;
			if (l->next)
				map_put(&c->links, first, l->next);
			else
				map_remove(&c->links, first);
			archive_entry_copy_pathname(e, l->name.p);
			c->written++;
		}
		ret = put(c, in, e, err);
	}
	if (!ret && r != ARCHIVE_EOF)
		ret = trouble(in, "read", c->from, err);
	archive_read_free(in);
	return ret;
}

/* zip knows no hard links: each name gets the content. A pass gives one name to each file. */
static int copy_all(struct copy *c, struct error *err)
{
	int r = pass(c, false, err);

	do
		c->written = 0;
	while (!r && c->links.live && !(r = pass(c, true, err)) && c->written);
	return r;
}

int archive_tar_to_zip(const char *from, const char *to, struct error *err)
{
	struct copy c = {.out = archive_write_new(), .from = from, .to = to, .arena = ARENA_INIT};
	int r = -1;

	map_init(&c.links, &c.arena);
	archive_write_set_format_zip(c.out);
	if (archive_write_open_filename(c.out, to) != ARCHIVE_OK)
		trouble(c.out, "write", to, err);
	else
		r = copy_all(&c, err);
	if (archive_write_close(c.out) != ARCHIVE_OK && !r)
		r = trouble(c.out, "write", to, err);
	archive_write_free(c.out);
	arena_release(&c.arena);
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
