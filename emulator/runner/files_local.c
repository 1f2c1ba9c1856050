#include "base/base.h"
#include "emulator/runner/files_local.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/runner/select.h"
#include "emulator/store/archive.h"
#include "emulator/store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

#define READ_SIZE (256 * 1024)
/* Deeper trees are made by accident (a link to above is not followed, so by nothing else). */
#define MAX_DEPTH 256

enum files_what { FILES_PUT, FILES_GET, FILES_FILL };

struct files_local {
	uv_work_t work;
	struct loop_task task; /* where no worker could be had */
	enum files_what what;
	char *dir, *archive;
	bool below; /* dir is below `trusted`, and links are not followed */
	int trusted;
	struct selection *selection;     /* of GET */
	int fd, root;                    /* of GET: of the archive, of dir */
	struct tar_stream_source source; /* of FILL */
	struct archive_writer *writer;
	struct tar_reader *reader; /* of FILL */
	atomic_bool cancel;
	struct error error;
	files_local_fn *done;
	void *arg;
	struct loop *loop;
};

int files_write(int fd, const void *bytes, size_t n, struct error *err)
{
	const char *p = bytes;

	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return error_sys(err, errno, "cannot write the archive");
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

static bool canceled(struct files_local *f)
{
	if (!atomic_load(&f->cancel))
		return false;
	error_set(&f->error, ERR_CANCELLED, 0, "canceled");
	return true;
}

/* Unpacking */

static struct tar_reader *reader(struct files_local *f)
{
	return f->below ? tar_reader_new_exact(f->trusted, f->dir) : tar_reader_new(f->dir);
}

static void unpack(struct files_local *f)
{
	CLEANUP(close) int fd = open(f->archive, O_RDONLY | O_CLOEXEC);
	CLEANUP(free) char *chunk = xmalloc(READ_SIZE);
	struct tar_reader *r;
	ssize_t n;

	if (fd < 0) {
		error_sys(&f->error, errno, "cannot open '%s'", f->archive);
		return;
	}
	if (!f->below && store_make_dirs(f->dir, &f->error))
		return;
	r = reader(f);
	while (!canceled(f) && (n = read(fd, chunk, READ_SIZE)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			error_sys(&f->error, errno, "cannot read '%s'", f->archive);
		if (n < 0 || tar_reader_push(r, chunk, (size_t)n, &f->error))
			break;
	}
	if (!error_is(&f->error))
		tar_reader_end(r, &f->error);
	tar_reader_free(r);
}

static int to_reader(void *arg, const void *p, size_t n, struct error *err)
{
	struct files_local *f = arg;

	if (atomic_load(&f->cancel))
		return error_set(err, ERR_CANCELLED, 0, "canceled");
	return tar_reader_push(f->reader, p, n, err);
}

/* By way of a tar: what an archive is unpacked by is what makes these files, too. */
static void fill(struct files_local *f)
{
	struct archive_writer *w = archive_writer_new(ARCHIVE_TAR, to_reader, f);
	struct archive_item item;

	f->reader = reader(f);

	while (!canceled(f) && f->source.next(f->source.next_arg, &item))
		if (archive_writer_add(w, &item, &f->error))
			break;
	if (!error_is(&f->error) && !archive_writer_close(w, &f->error))
		tar_reader_end(f->reader, &f->error);
	archive_writer_free(w);
	tar_reader_free(f->reader);
}

/* Packing */

bool files_ran_out(int code)
{
	return code == EMFILE || code == ENFILE || code == ENOMEM;
}

static int out(void *arg, const void *p, size_t n, struct error *err)
{
	struct files_local *f = arg;

	if (atomic_load(&f->cancel))
		return error_set(err, ERR_CANCELLED, 0, "canceled");
	return files_write(f->fd, p, n, err);
}

static int open_beneath(int dir, const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	long fd;

	do
		fd = syscall(SYS_openat2, dir, *path ? path : ".", &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return (int)fd;
}

bool files_below_possible(int fd)
{
	CLEANUP(close) int itself = open_beneath(fd, "", O_PATH | O_DIRECTORY);

	return itself >= 0;
}

/* path: in dir. */
static int open_in(const struct files_local *f, const char *path, int flags)
{
	return f->below ? open_beneath(f->root, path, flags)
			: openat(f->root, *path ? path : ".", flags | O_CLOEXEC);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int pack_path(struct files_local *f, struct buf *path, unsigned depth);

static int pack_folder(struct files_local *f, struct buf *path, unsigned depth)
{
	VEC(char *) names = {0};
	size_t at = path->n;
	struct dirent *e;
	int r = 0, fd;
	DIR *d;

	if (depth > MAX_DEPTH)
		return error_set(&f->error, ERR_SYS, ENAMETOOLONG, "'%s' is too deep", path->p);
	fd = open_in(f, path->p, O_RDONLY | O_DIRECTORY);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d && files_ran_out(errno))
		r = error_sys(&f->error, errno, "cannot read '%s/%s'", f->dir, path->p);
	if (!d && fd >= 0)
		close(fd);
	/* The job's own business: a folder that nobody may read is left out. */
	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			vec_push(&names, xstrdup(e->d_name));
	if (d)
		closedir(d);
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), by_name);
	for (size_t i = 0; i < names.n; i++) {
		if (!r) {
			buf_printf(path, "%s%s", at ? "/" : "", names.v[i]);
			r = pack_path(f, path, depth + 1);
			buf_truncate(path, at);
		}
		free(names.v[i]);
	}
	vec_release(&names);
	return r;
}

static int add_parents(struct files_local *f, struct str path, int64_t mtime_s)
{
	struct archive_item item = {.kind = ARCHIVE_DIR, .mode = 0777, .mtime_s = mtime_s};
	size_t at = 0;

	while (f->below && selection_parent(f->selection, path, &at, &item.path))
		if (archive_writer_add(f->writer, &item, &f->error))
			return -1;
	return 0;
}

/*
 * In a container's folder the very file that was looked at, by the descriptor of the look: another
 * one at its path may be a device by now. Elsewhere it may be gone, and is left out then.
 */
static int open_file(struct files_local *f, const char *path, int look, struct archive_item *item,
	struct stat *st)
{
	char by_look[64];

	snprintf(by_look, sizeof(by_look), "/proc/self/fd/%d", look);
	item->fd = f->below ? open(by_look, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
			    : open_in(f, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	if (item->fd < 0)
		return !f->below && (errno == ENOENT || errno == ELOOP)
			       ? 0
			       : error_sys(&f->error, errno, "cannot read '%s/%s'", f->dir, path);
	if (fstat(item->fd, st) || !S_ISREG(st->st_mode)) {
		close(item->fd);
		return 0;
	}
	item->kind = ARCHIVE_FILE;
	item->opened = true;
	return 1;
}

/* fd: of what is at the path, opened by O_PATH. */
static int add(struct files_local *f, const char *path, int fd, struct stat *st)
{
	struct archive_item item = {.path = str_c(path)};
	char target[PATH_MAX];
	ssize_t n;
	int r = 1;

	if (add_parents(f, item.path, st->st_mtim.tv_sec))
		return -1;
	if (S_ISDIR(st->st_mode)) {
		item.kind = ARCHIVE_DIR;
	} else if (S_ISLNK(st->st_mode)) {
		n = readlinkat(fd, "", target, sizeof(target));
		if (n < 0)
			return 0;
		item.kind = ARCHIVE_LINK;
		item.data = str_n(target, (size_t)n);
	} else {
		r = open_file(f, path, fd, &item, st);
	}
	item.mode = st->st_mode & 07777;
	item.size = (uint64_t)st->st_size;
	item.mtime_s = st->st_mtim.tv_sec;
	item.mtime_ns = (uint32_t)st->st_mtim.tv_nsec;
	return r > 0 ? archive_writer_add(f->writer, &item, &f->error) : r;
}

static int pack_path(struct files_local *f, struct buf *path, unsigned depth)
{
	CLEANUP(close) int fd = -1;
	struct str p = buf_str(path);
	enum select_kind kind;
	struct stat st;
	int r = 0;

	if (canceled(f))
		return -1;
	if (!p.n)
		return pack_folder(f, path, depth);
	fd = open_in(f, path->p, O_PATH | O_NOFOLLOW);
	if (fd < 0 && files_ran_out(errno))
		return error_sys(&f->error, errno, "cannot read '%s/%s'", f->dir, path->p);
	if (fd < 0 || fstat(fd, &st) ||
		!(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)))
		return 0;
	kind = S_ISDIR(st.st_mode) ? SELECT_DIR : S_ISREG(st.st_mode) ? SELECT_FILE : SELECT_LINK;
	if (selection_take(f->selection, p, kind, (uint64_t)st.st_size, st.st_mtim.tv_sec))
		r = add(f, path->p, fd, &st);
	/* Not kept open below here: a deep tree would take a descriptor for each folder. */
	close(fd);
	fd = -1;
	if (!r && kind == SELECT_DIR && selection_descend(f->selection, p))
		r = pack_folder(f, path, depth);
	return r;
}

static bool is_link_to_folder(const struct files_local *f, const char *path)
{
	struct stat st;

	return !f->below && !fstatat(f->root, path, &st, AT_SYMLINK_NOFOLLOW) &&
	       S_ISLNK(st.st_mode) && !fstatat(f->root, path, &st, 0) && S_ISDIR(st.st_mode);
}

/* Does a link stand on the way to the base, or may one, or is it one that is to be followed? */
static bool needs_links(const struct files_local *f, const struct select_base *base)
{
	CLEANUP(free) char *path = xstrndup(base->path.p, base->path.n);
	CLEANUP(close) int fd = open_in(f, path, O_PATH | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return errno == ELOOP || errno == EXDEV || files_ran_out(errno);
	return base->through && !fstat(fd, &st) && S_ISLNK(st.st_mode);
}

static int open_root(struct files_local *f)
{
	if (!f->below) {
		f->root = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		/* One that is not there holds nothing. */
		return f->root < 0 && files_ran_out(errno)
			       ? error_sys(&f->error, errno, "cannot open '%s'", f->dir)
			       : 0;
	}
	f->root = open_beneath(f->trusted, f->dir, O_RDONLY | O_DIRECTORY);
	if (f->root < 0 && errno != ENOENT)
		return error_sys(&f->error, errno == ELOOP || errno == EXDEV ? FILES_LINK : errno,
			"cannot open '%s'", f->dir);
	return 0;
}

static void pack(struct files_local *f)
{
	struct select_base *bases;
	size_t n = selection_bases(f->selection, &bases);
	struct buf path = BUF_INIT;
	int r = open_root(f);

	for (size_t i = 0; f->below && i < n && !r && f->root >= 0; i++)
		if (needs_links(f, &bases[i]))
			r = error_sys(
				&f->error, FILES_LINK, "'" STR_FMT "'", STR_ARG(bases[i].path));
	f->writer = archive_writer_new(ARCHIVE_TAR, out, f);
	for (size_t i = 0; i < n && !r && f->root >= 0; i++) {
		buf_clear(&path);
		buf_addstr(&path, bases[i].path);
		if (bases[i].through && path.n && is_link_to_folder(f, path.p))
			r = pack_folder(f, &path, 0);
		else
			r = pack_path(f, &path, 0);
	}
	if (!r)
		archive_writer_close(f->writer, &f->error);
	archive_writer_free(f->writer);
	buf_release(&path);
	if (f->root >= 0)
		close(f->root);
}

static void work(uv_work_t *w)
{
	static void (*const run[])(struct files_local * f) = {
		[FILES_PUT] = unpack, [FILES_GET] = pack, [FILES_FILL] = fill};
	struct files_local *f = container_of(w, struct files_local, work);

	run[f->what](f);
}

static void answer(void *arg)
{
	struct files_local *f = arg;

	if (f->what == FILES_FILL && f->source.release)
		f->source.release(f->source.next_arg);
	f->done(f->arg, error_is(&f->error) ? &f->error : NULL);
	free(f->dir);
	free(f->archive);
	free(f);
}

static void worked(uv_work_t *w, int status)
{
	UNUSED(status);
	answer(container_of(w, struct files_local, work));
}

static struct files_local *make(
	struct loop *loop, enum files_what what, struct str dir, files_local_fn *done, void *arg)
{
	struct files_local *f = xcalloc(1, sizeof(*f));

	f->loop = loop;
	f->what = what;
	f->dir = xstrndup(dir.p, dir.n);
	f->done = done;
	f->arg = arg;
	return f;
}

static struct files_local *start(struct files_local *f, const struct files_below *at)
{
	int r;

	if (at) {
		f->below = true;
		f->trusted = at->fd;
	}
	r = uv_queue_work(loop_uv(f->loop), &f->work, work, worked);
	if (r) {
		error_uv(&f->error, r, "cannot start a worker thread");
		loop_post(f->loop, &f->task, answer, f);
	}
	return f;
}

static struct files_local *put(struct loop *loop, const struct files_below *at, struct str dir,
	struct str archive, files_local_fn *done, void *arg)
{
	struct files_local *f = make(loop, FILES_PUT, dir, done, arg);

	f->archive = xstrndup(archive.p, archive.n);
	return start(f, at);
}

struct files_local *files_local_put(
	struct loop *loop, struct str dir, struct str archive, files_local_fn *done, void *arg)
{
	return put(loop, NULL, dir, archive, done, arg);
}

struct files_local *files_local_put_below(struct loop *loop, const struct files_below *at,
	struct str archive, files_local_fn *done, void *arg)
{
	return put(loop, at, at->below, archive, done, arg);
}

struct files_local *files_local_fill_below(struct loop *loop, const struct files_below *at,
	const struct tar_stream_source *source, files_local_fn *done, void *arg)
{
	struct files_local *f = make(loop, FILES_FILL, STR(""), done, arg);

	f->source = *source;
	return start(f, at);
}

static struct files_local *get(struct loop *loop, const struct files_below *at, struct str dir,
	struct selection *selection, int fd, files_local_fn *done, void *arg)
{
	struct files_local *f = make(loop, FILES_GET, dir, done, arg);

	f->selection = selection;
	f->fd = fd;
	return start(f, at);
}

struct files_local *files_local_get(struct loop *loop, struct str dir, struct selection *selection,
	int fd, files_local_fn *done, void *arg)
{
	return get(loop, NULL, dir, selection, fd, done, arg);
}

struct files_local *files_local_get_below(struct loop *loop, const struct files_below *at,
	struct selection *selection, int fd, files_local_fn *done, void *arg)
{
	return get(loop, at, at->below, selection, fd, done, arg);
}

void files_local_cancel(struct files_local *f)
{
	atomic_store(&f->cancel, true);
}
