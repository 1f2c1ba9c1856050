#include "base/base.h"
#include "emulator/docker/docker_file.h"

#include "emulator/core/error.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE ((off_t)4 << 20)

int docker_file_read(const char *path, struct buf *out, struct error *err)
{
	/* Not blocking: a FIFO in this place must not hang the program. */
	CLEANUP(close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		return error_sys(err, errno, "cannot read '%s'", path);
	if (!S_ISREG(st.st_mode))
		return error_sys(err, EINVAL, "cannot read '%s'", path);
	if (st.st_size > MAX_FILE)
		return error_sys(err, EFBIG, "cannot read '%s'", path);
	do {
		buf_reserve(out, 4096);
		n = read(fd, out->p + out->n, out->cap - out->n - 1);
		if (n > 0)
			out->n += (size_t)n;
	} while (n > 0 && (off_t)out->n <= MAX_FILE);
	out->p[out->n] = '\0';
	return n < 0 ? error_sys(err, errno, "cannot read '%s'", path) : 0;
}
