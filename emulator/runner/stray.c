#include "base/base.h"
#include "emulator/runner/stray.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS     20
#define KILL_MS     1000
#define ENVIRON_MAX ((size_t)8 << 20)

static bool starts_below(struct str value, const char *dir)
{
	struct str d = str_c(dir);

	return str_starts(value, d) && value.n > d.n && value.p[d.n] == '/';
}

/* What another user's process has is not for us to read, nor is it of this run. */
static bool belongs(int proc, const char *pid, const char *run_dir, struct buf *text)
{
	CLEANUP(free) char *path = xasprintf("%s/environ", pid);
	struct str mark = STR(STRAY_MARK), one;
	struct str_split it;
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	if (fd < 0)
		return false;
	buf_clear(text);
	while (n > 0 && text->n < ENVIRON_MAX) {
		buf_reserve(text, 65536);
		n = read(fd, text->p + text->n, 65536);
		if (n > 0)
			text->n += (size_t)n;
	}
	close(fd);
	it = str_split(buf_str(text), '\0');
	while (str_split_next(&it, &one))
		if (str_starts(one, mark))
			return starts_below(str_from(one, mark.n), run_dir);
	return false;
}

/* Sends it to all there are; 0: to none, they are only counted. */
static size_t each(const char *run_dir, int signum)
{
	struct buf text = BUF_INIT;
	DIR *d = opendir("/proc");
	struct dirent *e;
	size_t n = 0;

	while (d && (e = readdir(d))) {
		struct stat st;
		uint64_t pid;

		if (!parse_u64(str_c(e->d_name), &pid) || pid <= 1 || (pid_t)pid == getpid() ||
			fstatat(dirfd(d), e->d_name, &st, 0) || st.st_uid != geteuid() ||
			!belongs(dirfd(d), e->d_name, run_dir, &text))
			continue;
		if (kill((pid_t)pid, signum) == 0)
			n++;
	}
	if (d)
		closedir(d);
	buf_release(&text);
	return n;
}

/* Until there are none: signum again and again, because those that end may have started others. */
static bool gone_after(const char *run_dir, int signum, unsigned ms)
{
	const struct timespec pause = {0, LOOK_MS * 1000000L};

	for (unsigned waited = 0; waited < ms; waited += LOOK_MS) {
		if (!each(run_dir, signum))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

size_t stray_end(const char *run_dir, unsigned grace_ms)
{
	size_t n = each(run_dir, grace_ms ? SIGTERM : SIGKILL);

	if (n && !(grace_ms && gone_after(run_dir, 0, grace_ms)))
		gone_after(run_dir, SIGKILL, KILL_MS);
	return n;
}

size_t stray_count(const char *run_dir)
{
	return each(run_dir, 0);
}
