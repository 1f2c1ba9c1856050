#include "base/base.h"
#include "emulator/runner/sources.h"
#include "emulator/runner/sources_internal.h"
#include "emulator/git/repo.h"
#include "emulator/store/store.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

struct sources_copy {
	uv_work_t work;
	struct sources *sources;
	char *dir;
	struct sources_view view;
	atomic_bool cancelled;
	struct error error;
	sources_copy_fn *done;
	void *arg;
	struct loop_task task; /* where no worker could be started */
};

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

static int put_file(int dir, const char *path, const struct entry *e, struct error *err)
{
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
	return 0;
}

static int put_entry(int dir, const struct entry *e, struct error *err)
{
	switch (e->kind) {
	case ENTRY_DIR:
		if (mkdirat(dir, e->path.p, 0777) && errno != EEXIST)
			return error_sys(err, errno, "cannot make folder '%s'", e->path.p);
		return 0;
	case ENTRY_LINK:
		if (symlinkat(e->data.p, dir, e->path.p) && errno != EEXIST)
			return error_sys(err, errno, "cannot make link '%s'", e->path.p);
		return 0;
	case ENTRY_FILE:
		break;
	}
	return put_file(dir, e->path.p, e, err);
}

/*
 * The objects of git are not copied: the job's repository borrows them from the user's, as that of
 * `git clone --shared` does. New ones go to its own; nothing ever writes to a borrowed place. So a
 * job of a repository with a long history starts as quickly as one of a new repository.
 */
static bool is_borrowed(struct str path)
{
	struct str rest;

	if (!str_starts(path, STR(".git/objects/")))
		return false;
	rest = str_from(path, strlen(".git/objects/"));
	return !str_is(rest, "info") && !str_is(rest, "pack");
}

static int borrow_objects(int dir, const struct sources *s, struct error *err)
{
	CLEANUP(free) char *line = NULL;
	struct entry e = {.kind = ENTRY_FILE, .path = STR(".git/objects/info/alternates")};

	if (!s->repo || faccessat(dir, ".git/objects", F_OK, 0))
		return 0;
	if (mkdirat(dir, ".git/objects/info", 0777) && errno != EEXIST)
		return error_sys(err, errno, "cannot make folder '.git/objects/info'");
	line = xasprintf(STR_FMT "/objects\n", STR_ARG(s->repo->common_dir));
	e.data = str_c(line);
	return put_file(dir, e.path.p, &e, err);
}

static void work(uv_work_t *w)
{
	struct sources_copy *c = container_of(w, struct sources_copy, work);
	CLEANUP(free) char *tmp = xasprintf("%s.tmp", c->dir);
	CLEANUP(close) int dir = -1;
	struct sources_pick pick;
	const struct entry *e;

	if (store_make_dirs(c->dir, &c->error) || store_make_dirs(tmp, &c->error) || c->view.empty)
		return;
	dir = open(c->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		error_sys(&c->error, errno, "cannot open '%s'", c->dir);
		return;
	}
	sources_pick_start(&pick, c->sources, &c->view);
	while ((e = sources_pick_next(&pick)) && !error_is(&c->error)) {
		if (atomic_load(&c->cancelled))
			error_set(&c->error, ERR_CANCELLED, 0, "copying the sources was stopped");
		else if (!is_borrowed(e->path))
			put_entry(dir, e, &c->error);
	}
	sources_pick_end(&pick);
	if (!error_is(&c->error))
		borrow_objects(dir, c->sources, &c->error);
}

static void finish(void *arg)
{
	struct sources_copy *c = arg;

	c->done(c->arg, error_is(&c->error) ? &c->error : NULL);
	sources_unref(c->sources);
	free(c->dir);
	free(c);
}

static void after(uv_work_t *w, int status)
{
	UNUSED(status);
	finish(container_of(w, struct sources_copy, work));
}

struct sources_copy *sources_copy_start(struct sources *s, struct str dir,
	const struct sources_view *view, sources_copy_fn *done, void *arg)
{
	struct sources_copy *c = xcalloc(1, sizeof(*c));
	int r;

	c->sources = s;
	s->refs++;
	c->dir = xstrndup(dir.p, dir.n);
	c->view = *view;
	atomic_init(&c->cancelled, false);
	c->error = ERROR_INIT;
	c->done = done;
	c->arg = arg;
	r = uv_queue_work(loop_uv(s->loop), &c->work, work, after);
	if (r) {
		error_uv(&c->error, r, "cannot start a worker thread");
		loop_post(s->loop, &c->task, finish, c);
	}
	return c;
}

void sources_copy_cancel(struct sources_copy *c)
{
	atomic_store(&c->cancelled, true);
}
