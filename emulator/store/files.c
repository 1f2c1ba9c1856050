#include "base/base.h"
#include "emulator/store/store.h"
#include "emulator/core/error.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A parent that we may not write to but that exists is fine. */
static int make_dir(const char *path)
{
	struct stat st;
	int e;

	if (!mkdir(path, 0777) || errno == EEXIST || errno == EISDIR)
		return 0;
	e = errno;
	return !stat(path, &st) && S_ISDIR(st.st_mode) ? 0 : e;
}

/* From the end: mostly only the last of the folders are missing. */
int store_make_dirs(const char *path, struct error *err)
{
	CLEANUP(free) char *copy = xstrdup(path);
	size_t n = strlen(copy), at = n;
	int e;

	while ((e = make_dir(copy)) == ENOENT) {
		char *slash = strrchr(copy, '/');

		if (!slash || slash == copy)
			break;
		*slash = '\0';
		at = (size_t)(slash - copy);
	}
	while (!e && at < n) {
		copy[at] = '/';
		at += strlen(copy + at);
		e = make_dir(copy);
	}
	return e ? error_sys(err, e, "cannot make folder '%s'", copy) : 0;
}

/* Removes what is in the directory open at fd (which is closed here). Returns an errno. */
static int empty_dir(int fd)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	int first = 0;

	if (!d) {
		first = errno;
		close(fd);
		return first;
	}
	while ((e = readdir(d))) {
		int sub;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (!unlinkat(fd, e->d_name, 0))
			continue;
		if (errno == ENOENT)
			continue;
		if (errno != EISDIR && errno != EPERM) {
			first = first ? first : errno;
			continue;
		}
		sub = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0 && errno == EACCES && !fchmodat(fd, e->d_name, 0700, 0))
			sub = openat(
				fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0) {
			first = first ? first : errno;
			continue;
		}
		fchmod(sub, 0700); /* jobs leave read-only folders */
		{
			int r = empty_dir(sub);

			first = first ? first : r;
		}
		if (unlinkat(fd, e->d_name, AT_REMOVEDIR) && errno != ENOENT)
			first = first ? first : errno;
	}
	closedir(d);
	return first;
}

int store_remove_tree(const char *path, struct error *err)
{
	int fd, e;

	if (!unlink(path) || errno == ENOENT)
		return 0;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && !chmod(path, 0700))
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_sys(err, errno, "cannot remove '%s'", path);
	fchmod(fd, 0700);
	e = empty_dir(fd);
	if (rmdir(path) && errno != ENOENT)
		return error_sys(err, e ? e : errno, "cannot remove '%s'", path);
	return 0;
}

int store_write_file(const char *path, struct str data, struct error *err)
{
	CLEANUP(free) char *tmp = xasprintf("%s.tmp.%ld", path, (long)getpid());
	CLEANUP(close) int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	size_t at = 0;

	if (fd < 0)
		return error_sys(err, errno, "cannot write '%s'", tmp);
	while (at < data.n) {
		ssize_t w = write(fd, data.p + at, data.n - at);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0) {
			int e = errno;

			unlink(tmp);
			return error_sys(err, e, "cannot write '%s'", path);
		}
		at += (size_t)w;
	}
	if (rename(tmp, path)) {
		int e = errno;

		unlink(tmp);
		return error_sys(err, e, "cannot write '%s'", path);
	}
	return 0;
}

int store_read_file(
	const char *path, struct arena *a, size_t max, struct str *out, struct error *err)
{
	CLEANUP(close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf b = BUF_INIT;
	ssize_t r;

	if (fd < 0)
		return error_sys(err, errno, "cannot read '%s'", path);
	for (;;) {
		buf_reserve(&b, 16384);
		r = read(fd, b.p + b.n, 16384);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		b.n += (size_t)r;
		b.p[b.n] = '\0';
		if (b.n > max) {
			buf_release(&b);
			return error_set(
				err, ERR_SYS, EFBIG, "'%s' is larger than %zu bytes", path, max);
		}
	}
	if (r < 0) {
		int e = errno;

		buf_release(&b);
		return error_sys(err, e, "cannot read '%s'", path);
	}
	*out = arena_str(a, buf_str(&b));
	buf_release(&b);
	return 0;
}
