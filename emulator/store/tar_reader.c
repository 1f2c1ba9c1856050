#include "base/base.h"
#include "emulator/store/archive.h"
#include "emulator/store/store.h"
#include "base/vec.h"
#include "emulator/core/error.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

/* When a folder was changed, by the archive: set once all is in it. */
struct folder_time {
	char *path;
	struct timespec mtime;
};

/*
 * libarchive pulls, our input is pushed. The tar header is simple, but pax and GNU extensions are
 * not, so the parsing stays libarchive's: its read callback runs on a thread of its own and waits
 * for what is pushed. One thread a reader; push() hands over and waits until the bytes are used.
 */
struct tar_reader {
	char *target;
	int root; /* -1: target is a path of its own; else target is below it, "" for itself */
	VEC(struct folder_time) folders;
	pthread_t thread;
	bool started;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	const char *p; /* handed over, not used yet; NULL: none */
	size_t n;
	bool eof, done, given;
	size_t entries;
	struct error error;
};

static la_ssize_t pull(struct archive *a, void *arg, const void **p)
{
	struct tar_reader *r = arg;
	la_ssize_t n = 0;

	UNUSED(a);
	pthread_mutex_lock(&r->mutex);
	if (r->given) {
		/* The bytes given last are used: push() may return. */
		r->p = NULL;
		r->given = false;
		pthread_cond_broadcast(&r->cond);
	}
	while (!r->p && !r->eof)
		pthread_cond_wait(&r->cond, &r->mutex);
	if (r->p) {
		*p = r->p;
		n = (la_ssize_t)r->n;
		r->given = true;
	}
	pthread_mutex_unlock(&r->mutex);
	return n;
}

/* A relative path without "..", from the root: "" for that. False: it leads outside. */
static bool clean_path(const struct tar_reader *r, const char *path, struct buf *out)
{
	struct str_split it = str_split(str_c(path), '/');
	struct str part;

	if (path[0] == '/')
		return false;
	if (r->root >= 0)
		buf_adds(out, r->target);
	while (str_split_next(&it, &part)) {
		if (!part.n || str_is(part, "."))
			continue;
		if (str_is(part, ".."))
			return false;
		if (out->n)
			buf_addc(out, '/');
		buf_addstr(out, part);
	}
	return true;
}

/*
 * Opens the directory that the entry goes into, from the target down, making what is missing and
 * following no link. *name is the last part. -1 with err.
 */
static int open_parent(struct tar_reader *r, char *path, char **name, struct error *err)
{
	int fd = r->root >= 0 ? openat(r->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
			      : open(r->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *p = path, *slash;

	if (fd < 0)
		return error_sys(err, errno, "cannot open '%s'", r->target);
	while ((slash = strchr(p, '/'))) {
		int sub;

		*slash = '\0';
		sub = openat(fd, p, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0 && errno == ENOENT && !mkdirat(fd, p, 0777)) {
			sub = openat(fd, p, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (sub >= 0 && r->root >= 0)
				fchmod(sub, 0777);
		}
		if (sub < 0) {
			int e = errno;

			close(fd);
			if (e == ELOOP || e == ENOTDIR)
				return error_set(err, ERR_SYS, e,
					"archive entry '%s/%s' goes through '%s', which is no "
					"folder of "
					"the target",
					path, slash + 1, p);
			return error_sys(err, e, "cannot open '%s'", path);
		}
		close(fd);
		fd = sub;
		*slash = '/';
		p = slash + 1;
	}
	*name = p;
	return fd;
}

static int write_data(struct archive *a, int fd, const char *path, struct error *err)
{
	const void *p;
	size_t n;
	la_int64_t at;
	int r;

	while ((r = archive_read_data_block(a, &p, &n, &at)) == ARCHIVE_OK) {
		size_t done = 0;

		while (done < n) {
			ssize_t w = pwrite(fd, (const char *)p + done, n - done, at + (off_t)done);

			if (w < 0 && errno == EINTR)
				continue;
			if (w < 0)
				return error_sys(err, errno, "cannot write '%s'", path);
			done += (size_t)w;
		}
	}
	if (r != ARCHIVE_EOF)
		return error_set(err, ERR_SYS, archive_errno(a), "archive is damaged at '%s': %s",
			path, archive_error_string(a));
	return 0;
}

static struct timespec mtime_of(struct archive_entry *e)
{
	return (struct timespec){archive_entry_mtime(e), archive_entry_mtime_nsec(e)};
}

static int put_file(struct tar_reader *r, struct archive *a, struct archive_entry *e, int dir,
	const char *name, struct error *err)
{
	struct timespec times[2] = {mtime_of(e), mtime_of(e)};
	CLEANUP(close) int fd = -1;

	unlinkat(dir, name, 0);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(err, errno, "cannot write '%s'", archive_entry_pathname(e));
	if (write_data(a, fd, archive_entry_pathname(e), err))
		return -1;
	if (archive_entry_size_is_set(e) && ftruncate(fd, archive_entry_size(e)))
		return error_sys(err, errno, "cannot write '%s'", archive_entry_pathname(e));
	if (r->root >= 0 && fchown(fd, 0, 0))
		return error_sys(err, errno, "cannot write '%s'", archive_entry_pathname(e));
	fchmod(fd, archive_entry_perm(e) & (r->root >= 0 ? 07777 : 0777));
	futimens(fd, times);
	return 0;
}

static int put_link(
	struct tar_reader *r, struct archive_entry *e, int dir, const char *name, struct error *err)
{
	struct timespec times[2] = {mtime_of(e), mtime_of(e)};

	unlinkat(dir, name, 0);
	if (symlinkat(archive_entry_symlink(e), dir, name))
		return error_sys(err, errno, "cannot make link '%s'", archive_entry_pathname(e));
	if (r->root >= 0)
		utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

/* As the archive has it, also where it was there. path: from the root. */
static int exact_folder(struct tar_reader *r, struct archive_entry *e, int dir, const char *name,
	const char *path, struct error *err)
{
	CLEANUP(close) int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fchown(fd, 0, 0) || fchmod(fd, archive_entry_perm(e) & 07777))
		return error_sys(err, errno, "cannot make folder '%s'", path);
	if (archive_entry_mtime(e)) {
		struct folder_time t = {xstrdup(path), mtime_of(e)};

		vec_push(&r->folders, t);
	}
	return 0;
}

static int put_folder(struct tar_reader *r, struct archive_entry *e, int dir, const char *name,
	const char *path, struct error *err)
{
	struct stat st;

	if (mkdirat(dir, name, archive_entry_perm(e) | 0700) &&
		(errno != EEXIST || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) ||
			!S_ISDIR(st.st_mode)))
		return error_sys(err, errno, "cannot make folder '%s'", path);
	return r->root >= 0 ? exact_folder(r, e, dir, name, path, err) : 0;
}

/* A hard link's target is a path inside the archive; it must be a file of the target already. */
static int put_hardlink(struct tar_reader *r, const char *to, int dir, const char *name,
	const char *path, struct error *err)
{
	struct buf clean = BUF_INIT;
	CLEANUP(free) char *copy = NULL;
	char *last;
	int from, ret = -1;

	if (!clean_path(r, to, &clean) || !clean.n) {
		buf_release(&clean);
		return error_set(err, ERR_SYS, EINVAL,
			"archive entry '%s' links to '%s', outside of the target", path, to);
	}
	copy = buf_take(&clean);
	from = open_parent(r, copy, &last, err);
	if (from < 0)
		return -1;
	unlinkat(dir, name, 0);
	if (linkat(from, last, dir, name, 0))
		error_sys(err, errno, "cannot link '%s' to '%s'", path, to);
	else
		ret = 0;
	close(from);
	return ret;
}

static int put_entry(struct tar_reader *r, struct archive *a, struct archive_entry *e)
{
	const char *path = archive_entry_pathname(e);
	struct error *err = &r->error;
	struct buf clean = BUF_INIT;
	CLEANUP(free) char *copy = NULL;
	CLEANUP(close) int dir = -1;
	char *name;

	if (!path || !clean_path(r, path, &clean)) {
		buf_release(&clean);
		return error_set(err, ERR_SYS, EINVAL,
			"archive entry '%s' would land outside of the target", path ? path : "?");
	}
	if (clean.n == (r->root >= 0 ? strlen(r->target) : 0)) {
		buf_release(&clean);
		return 0;
	}
	copy = buf_take(&clean);
	dir = open_parent(r, copy, &name, err);
	if (dir < 0)
		return -1;
	if (archive_entry_hardlink(e))
		return put_hardlink(r, archive_entry_hardlink(e), dir, name, path, err);
	switch (archive_entry_filetype(e)) {
	case AE_IFDIR:
		return put_folder(r, e, dir, name, copy, err);
	case AE_IFREG:
		return put_file(r, a, e, dir, name, err);
	case AE_IFLNK:
		return put_link(r, e, dir, name, err);
	default:
		return error_set(err, ERR_SYS, EINVAL,
			"archive entry '%s' is a device, pipe or socket", path);
	}
}

/* The innermost first: what is set in a folder changes the time of that one. */
static void set_folder_times(struct tar_reader *r)
{
	for (size_t i = r->folders.n; i-- > 0;) {
		struct folder_time *t = &r->folders.v[i];
		struct timespec times[2] = {t->mtime, t->mtime};
		char *name;
		int dir = open_parent(r, t->path, &name, NULL);

		if (dir < 0)
			continue;
		utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW);
		close(dir);
	}
}

static void *run(void *arg)
{
	struct tar_reader *r = arg;
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	int got = ARCHIVE_OK;

	archive_read_support_format_tar(a);
	archive_read_support_format_empty(a);
	archive_read_set_options(a, "hdrcharset=BINARY");
	if (archive_read_open(a, r, NULL, pull, NULL) != ARCHIVE_OK)
		got = ARCHIVE_FATAL;
	while (got == ARCHIVE_OK || got == ARCHIVE_WARN) {
		got = archive_read_next_header(a, &e);
		if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
			break;
		if (put_entry(r, a, e))
			break;
		r->entries++;
	}
	if (got != ARCHIVE_EOF && !error_is(&r->error))
		error_set(&r->error, ERR_SYS, archive_errno(a), "archive is damaged: %s",
			archive_error_string(a) ? archive_error_string(a) : "it ends early");
	archive_read_free(a);
	set_folder_times(r);
	pthread_mutex_lock(&r->mutex);
	r->done = true;
	r->p = NULL;
	pthread_cond_broadcast(&r->cond);
	pthread_mutex_unlock(&r->mutex);
	return NULL;
}

struct tar_reader *tar_reader_new(const char *target_dir)
{
	struct tar_reader *r = xcalloc(1, sizeof(*r));

	r->target = xstrdup(target_dir);
	r->root = -1;
	pthread_mutex_init(&r->mutex, NULL);
	pthread_cond_init(&r->cond, NULL);
	return r;
}

struct tar_reader *tar_reader_new_exact(int root, const char *below)
{
	struct tar_reader *r = tar_reader_new(below);

	r->root = root;
	return r;
}

static int start(struct tar_reader *r, struct error *err)
{
	int e;

	if (r->started)
		return 0;
	e = pthread_create(&r->thread, NULL, run, r);
	if (e)
		return error_sys(err, e, "cannot start a thread");
	r->started = true;
	return 0;
}

static int result(struct tar_reader *r, struct error *err)
{
	if (!error_is(&r->error))
		return 0;
	if (err && !error_is(err))
		*err = r->error;
	return -1;
}

int tar_reader_push(struct tar_reader *r, const void *p, size_t n, struct error *err)
{
	bool done;

	if (!n)
		return 0;
	if (start(r, err))
		return -1;
	pthread_mutex_lock(&r->mutex);
	if (!r->done) {
		r->p = p;
		r->n = n;
		pthread_cond_broadcast(&r->cond);
		while (r->p && !r->done)
			pthread_cond_wait(&r->cond, &r->mutex);
	}
	done = r->done;
	pthread_mutex_unlock(&r->mutex);
	/* Behind the end of the archive there may be padding; it is not looked at. */
	return done ? result(r, err) : 0;
}

static void finish(struct tar_reader *r)
{
	if (!r->started)
		return;
	pthread_mutex_lock(&r->mutex);
	r->eof = true;
	pthread_cond_broadcast(&r->cond);
	pthread_mutex_unlock(&r->mutex);
	pthread_join(r->thread, NULL);
	r->started = false;
	r->done = true;
}

int tar_reader_end(struct tar_reader *r, struct error *err)
{
	finish(r);
	return result(r, err);
}

size_t tar_reader_entries(const struct tar_reader *r)
{
	return r->entries;
}

void tar_reader_free(struct tar_reader *r)
{
	if (!r)
		return;
	finish(r);
	pthread_mutex_destroy(&r->mutex);
	pthread_cond_destroy(&r->cond);
	for (size_t i = 0; i < r->folders.n; i++)
		free(r->folders.v[i].path);
	vec_release(&r->folders);
	free(r->target);
	free(r);
}
