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
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#define READ_SIZE (256 * 1024)
/* Deeper trees are made by accident (a link to above is not followed, so by nothing else). */
#define MAX_DEPTH 256

struct files_local {
	uv_work_t work;
	struct loop_task task; /* where no worker could be had */
	char *dir, *archive;
	struct selection *selection; /* NULL: put */
	int fd;
	struct archive_writer *writer;
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
	if (store_make_dirs(f->dir, &f->error))
		return;
	r = tar_reader_new(f->dir);
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

/* Packing */

static int out(void *arg, const void *p, size_t n, struct error *err)
{
	struct files_local *f = arg;

	return files_write(f->fd, p, n, err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int pack_path(struct files_local *f, struct buf *path, unsigned depth);

static int pack_folder(struct files_local *f, struct buf *path, unsigned depth)
{
	struct buf full = BUF_INIT;
	VEC(char *) names = {0};
	size_t at = path->n;
	struct dirent *e;
	DIR *d;
	int r = 0;

	if (depth > MAX_DEPTH)
		return error_set(&f->error, ERR_SYS, ELOOP, "'%s' is too deep", path->p);
	buf_printf(&full, "%s%s%s", f->dir, path->n ? "/" : "", path->p);
	d = opendir(full.p);
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
	buf_release(&full);
	return r;
}

static int add(struct files_local *f, struct str path, const char *full, const struct stat *st)
{
	struct archive_item item = {.path = path,
		.mode = st->st_mode & 07777,
		.mtime_s = st->st_mtim.tv_sec,
		.mtime_ns = (uint32_t)st->st_mtim.tv_nsec};
	char target[PATH_MAX];
	ssize_t n;

	if (S_ISDIR(st->st_mode)) {
		item.kind = ARCHIVE_DIR;
	} else if (S_ISLNK(st->st_mode)) {
		n = readlink(full, target, sizeof(target));
		if (n < 0)
			return 0;
		item.kind = ARCHIVE_LINK;
		item.data = str_n(target, (size_t)n);
	} else {
		item.kind = ARCHIVE_FILE;
		item.size = (uint64_t)st->st_size;
		item.source = str_c(full);
	}
	return archive_writer_add(f->writer, &item, &f->error);
}

static int pack_path(struct files_local *f, struct buf *path, unsigned depth)
{
	struct buf full = BUF_INIT;
	struct str p = buf_str(path);
	enum select_kind kind;
	struct stat st;
	int r = 0;

	if (canceled(f))
		return -1;
	buf_printf(&full, "%s/%s", f->dir, path->p);
	if (!p.n) {
		r = pack_folder(f, path, depth);
	} else if (!lstat(full.p, &st) &&
		   (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode) || S_ISLNK(st.st_mode))) {
		kind = S_ISDIR(st.st_mode)   ? SELECT_DIR
		       : S_ISREG(st.st_mode) ? SELECT_FILE
					     : SELECT_LINK;
		if (selection_take(f->selection, p, kind, (uint64_t)st.st_size, st.st_mtim.tv_sec))
			r = add(f, p, full.p, &st);
		if (!r && kind == SELECT_DIR && selection_descend(f->selection, p))
			r = pack_folder(f, path, depth);
	}
	buf_release(&full);
	return r;
}

static bool is_link_to_folder(const struct files_local *f, struct str path)
{
	CLEANUP(free) char *full = xasprintf("%s/" STR_FMT, f->dir, STR_ARG(path));
	struct stat st;

	return !lstat(full, &st) && S_ISLNK(st.st_mode) && !stat(full, &st) && S_ISDIR(st.st_mode);
}

static void pack(struct files_local *f)
{
	struct select_base *bases;
	size_t n = selection_bases(f->selection, &bases);
	struct buf path = BUF_INIT;
	int r = 0;

	f->writer = archive_writer_new(ARCHIVE_TAR, out, f);
	for (size_t i = 0; i < n && !r; i++) {
		buf_clear(&path);
		buf_addstr(&path, bases[i].path);
		if (bases[i].through && bases[i].path.n && is_link_to_folder(f, bases[i].path))
			r = pack_folder(f, &path, 0);
		else
			r = pack_path(f, &path, 0);
	}
	if (!r)
		archive_writer_close(f->writer, &f->error);
	archive_writer_free(f->writer);
	buf_release(&path);
}

static void work(uv_work_t *w)
{
	struct files_local *f = container_of(w, struct files_local, work);

	if (f->selection)
		pack(f);
	else
		unpack(f);
}

static void answer(void *arg)
{
	struct files_local *f = arg;

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

static struct files_local *start(struct files_local *f)
{
	int r = uv_queue_work(loop_uv(f->loop), &f->work, work, worked);

	if (r) {
		error_uv(&f->error, r, "cannot start a worker thread");
		loop_post(f->loop, &f->task, answer, f);
	}
	return f;
}

struct files_local *files_local_put(
	struct loop *loop, struct str dir, struct str archive, files_local_fn *done, void *arg)
{
	struct files_local *f = xcalloc(1, sizeof(*f));

	f->loop = loop;
	f->dir = xstrndup(dir.p, dir.n);
	f->archive = xstrndup(archive.p, archive.n);
	f->done = done;
	f->arg = arg;
	return start(f);
}

struct files_local *files_local_get(struct loop *loop, struct str dir, struct selection *selection,
	int fd, files_local_fn *done, void *arg)
{
	struct files_local *f = xcalloc(1, sizeof(*f));

	f->loop = loop;
	f->dir = xstrndup(dir.p, dir.n);
	f->selection = selection;
	f->fd = fd;
	f->done = done;
	f->arg = arg;
	return start(f);
}

void files_local_cancel(struct files_local *f)
{
	atomic_store(&f->cancel, true);
}
