#include "base/base.h"
#include "emulator/runner/sources_put.h"
#include "emulator/core/error.h"
#include "emulator/git/snapshot.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Contents by the cheapest way that the file system has. */
static int copy_bytes(int from, int to)
{
	char chunk[65536];
	ssize_t n;

	if (!ioctl(to, FICLONE, from))
		return 0;
	while ((n = copy_file_range(from, NULL, to, NULL, (size_t)1 << 30, 0)) > 0)
		;
	if (n == 0)
		return 0;
	if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP &&
		errno != EPERM)
		return -1;
	while ((n = read(from, chunk, sizeof(chunk))) != 0) {
		ssize_t done = 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		while (done < n) {
			ssize_t w = write(to, chunk + done, (size_t)(n - done));

			if (w < 0 && errno != EINTR)
				return -1;
			done += w > 0 ? w : 0;
		}
	}
	return 0;
}

static int put_file(int dir, const struct entry *e, struct stat *st, struct error *err)
{
	const char *path = e->path.p;
	struct timespec times[2] = {{e->mtime_s, e->mtime_ns}, {e->mtime_s, e->mtime_ns}};
	CLEANUP(close) int to = -1;

	/* The shell executor's jobs are the user: the rights that a checkout would give. */
	to = openat(
		dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, e->mode & 0111 ? 0777 : 0666);
	if (to < 0)
		return error_sys(err, errno, "cannot write '%s'", path);
	if (e->source.p) {
		CLEANUP(close) int from = open(e->source.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

		if (from < 0 && (errno == ENOENT || errno == ELOOP)) {
			unlinkat(dir, path, 0); /* gone since the snapshot was made */
			return 0;
		}
		if (from < 0)
			return error_sys(err, errno, "cannot read '%s'", e->source.p);
		if (copy_bytes(from, to))
			return error_sys(err, errno, "cannot copy '%s'", e->source.p);
	} else if (e->data.n && write(to, e->data.p, e->data.n) != (ssize_t)e->data.n) {
		return error_sys(err, errno, "cannot write '%s'", path);
	}
	if (e->mtime_s)
		futimens(to, times);
	if (fstat(to, st))
		return error_sys(err, errno, "cannot read '%s'", path);
	return 0;
}

int sources_put(int dir, const struct entry *e, struct stat *st, struct error *err)
{
	st->st_nlink = 0;
	if (e->kind == ENTRY_FILE)
		return put_file(dir, e, st, err);
	if (symlinkat(e->data.p, dir, e->path.p) && errno != EEXIST)
		return error_sys(err, errno, "cannot make link '%s'", e->path.p);
	if (fstatat(dir, e->path.p, st, AT_SYMLINK_NOFOLLOW))
		return error_sys(err, errno, "cannot read '%s'", e->path.p);
	return 0;
}
