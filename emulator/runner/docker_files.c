/*
 * Artifacts and caches of the Docker executor: GET and PUT /containers/ID/archive on the job's
 * container, which does not run meanwhile. A tar that comes out is filtered as it comes, so nothing
 * but the wanted files is ever written.
 */
#include "base/base.h"
#include "emulator/runner/docker_internal.h"
#include "base/vec.h"
#include "emulator/docker/archive.h"
#include "emulator/docker/engine.h"
#include "emulator/runner/files_local.h"
#include "emulator/runner/job_env.h"
#include "emulator/runner/select.h"
#include "emulator/store/tar_filter.h"

#include <fcntl.h>
#include <unistd.h>

#define PIECE      65536
#define TAR_HEADER 512

static void fail(struct executor_docker *e, const struct error *err, const char *what)
{
	struct outcome o;

	if (err->domain == ERR_CANCELLED && e->stopping)
		return;
	outcome_fail(&o, FAIL_RUNNER_SYSTEM, "%s: %s", what, err->text);
	o.surroundings = true;
	docker_fail(e, &o);
}

/*
 * In. The engine is given the container's root as the place, and names from there: it takes no
 * symbolic link that leaves the place ("../outside"), which the Runner's unzip does.
 */

static int to_engine(void *arg, const void *p, size_t n, struct error *err)
{
	struct executor_docker *e = arg;

	UNUSED(err);
	buf_add(&e->files.in, p, n);
	return 0;
}

static struct str from_root(struct executor_docker *e, struct buf *b, struct str path)
{
	struct str dir = build_env(e->base.build)->project_dir;

	while (str_starts(path, STR("./")))
		path = str_from(path, 2);
	buf_clear(b);
	buf_printf(b, STR_FMT "/" STR_FMT, STR_ARG(str_from(dir, 1)), STR_ARG(path));
	return buf_str(b);
}

static bool rename_in(void *arg, struct tar_item *item)
{
	struct executor_docker *e = arg;

	if (item->kind == TAR_OTHER || str_is(item->path, "."))
		return false;
	item->path = from_root(e, &e->files.name, item->path);
	if (item->kind == TAR_HARDLINK)
		item->target = from_root(e, &e->files.target, item->target);
	return true;
}

/* The next piece of the archive. */
static int fill(struct executor_docker *e)
{
	struct docker_files *f = &e->files;
	char piece[PIECE];
	ssize_t got;

	do
		got = read(f->fd, piece, sizeof(piece));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_sys(&f->error, errno, "cannot read the archive");
	if (got)
		return tar_filter_push(f->filter, piece, (size_t)got, &f->error);
	f->in_end = true;
	if (tar_filter_end(f->filter, &f->error))
		return -1;
	return tar_filter_trailer(to_engine, e, &f->error);
}

static ptrdiff_t produce(void *arg, char *buf, size_t n)
{
	struct executor_docker *e = arg;
	struct docker_files *f = &e->files;

	if (f->in_at == f->in.n) {
		buf_clear(&f->in);
		f->in_at = 0;
	}
	while (!f->in.n && !f->in_end)
		if (fill(e))
			return HTTP_ABORT;
	n = MIN(n, f->in.n - f->in_at);
	memcpy(buf, f->in.p + f->in_at, n);
	f->in_at += n;
	return (ptrdiff_t)n;
}

static void on_put(void *arg, struct error *err)
{
	struct executor_docker *e = arg;
	struct docker_files *f = &e->files;

	f->call = NULL;
	close(f->fd);
	tar_filter_free(f->filter);
	f->filter = NULL;
	buf_release(&f->in);
	buf_release(&f->name);
	buf_release(&f->target);
	if (error_is(&f->error))
		fail(e, &f->error, "cannot unpack into the container");
	else if (err)
		fail(e, err, "cannot unpack into the container");
	docker_end(e);
}

void docker_files_put(struct executor_docker *e, struct str archive)
{
	struct docker_files *f = &e->files;
	struct archive_put p = {.container = e->container,
		.path = STR("/"),
		.produce = produce,
		.done = on_put,
		.arg = e};

	memset(f, 0, sizeof(*f));
	f->fd = open(arena_cstr(e->arena, archive), O_RDONLY | O_CLOEXEC);
	if (f->fd < 0) {
		error_sys(&f->error, errno, "cannot open '" STR_FMT "'", STR_ARG(archive));
		fail(e, &f->error, "cannot unpack into the container");
		return;
	}
	buf_init(&f->in);
	buf_init(&f->name);
	buf_init(&f->target);
	f->filter = tar_filter_new(rename_in, e, to_engine, e);
	docker_begin(e);
	f->call = docker_archive_put(e->engine, &p);
}

/* Out */

static int out(void *arg, const void *p, size_t n, struct error *err)
{
	struct executor_docker *e = arg;

	return files_write(e->files.fd, p, n, err);
}

/* The engine names what it packs by its last part; its place is put in front again. */
static bool real_name(struct docker_files *f, struct buf *out_name, struct str path)
{
	size_t slash;

	if (f->root) {
		slash = str_chr(path, '/');
		if (slash == STR_NPOS)
			return false;
		path = str_from(path, slash + 1);
	}
	buf_clear(out_name);
	buf_addstr(out_name, f->above);
	buf_addstr(out_name, path);
	return out_name->n > 0;
}

static void add_base(struct executor_docker *e, struct docker_base base)
{
	struct docker_files *f = &e->files;

	if (f->n == f->cap)
		f->bases = vec_grow_arena(e->arena, f->bases, f->n, &f->cap, sizeof(*f->bases));
	f->bases[f->n++] = base;
}

/*
 * Podman packs what a link leads to, under the link's name. The link itself is in the archive of
 * the folder that it is in.
 */
static void want_from_above(struct executor_docker *e, struct str link)
{
	size_t slash = str_rchr(link, '/');

	add_base(e,
		(struct docker_base){.path = slash == STR_NPOS ? STR("") : str_sub(link, 0, slash),
			.through = true,
			.only = link});
}

/*
 * A second name of a file: a link in our archive where the first name is in it; else the file is
 * fetched under this name, later, by itself.
 */
static bool keep_hardlink(struct executor_docker *e, struct tar_item *item)
{
	struct docker_files *f = &e->files;

	if (!selection_take(f->selection, item->path, SELECT_FILE, 0, item->mtime_s))
		return false;
	if (real_name(f, &f->target, item->target) &&
		selection_has(f->selection, buf_str(&f->target))) {
		item->target = buf_str(&f->target);
		return true;
	}
	add_base(e, (struct docker_base){.path = arena_str(e->arena, item->path), .sure = true});
	return false;
}

static void put_parents(struct executor_docker *e, struct str path, int64_t mtime_s)
{
	struct docker_files *f = &e->files;
	struct str parent;
	size_t at = 0;

	while (!error_is(&f->error) && selection_parent(f->selection, path, &at, &parent))
		tar_filter_folder(out, e, parent, mtime_s, &f->error);
}

static bool decide(struct executor_docker *e, struct tar_item *item)
{
	struct docker_files *f = &e->files;
	const struct docker_base *base = &f->bases[f->at];
	enum select_kind kind = SELECT_FILE;

	if (f->link && !base->through && item->kind != TAR_SYMLINK) {
		f->followed = true;
		return false;
	}
	if (!real_name(f, &f->name, item->path))
		return false;
	item->path = buf_str(&f->name);
	if (base->sure)
		return item->kind == TAR_FILE;
	if (base->only.n && (item->kind != TAR_SYMLINK || !str_eq(item->path, base->only)))
		return false;
	if (item->kind == TAR_OTHER)
		return false;
	if (item->kind == TAR_HARDLINK)
		return keep_hardlink(e, item);
	if (item->kind != TAR_FILE)
		kind = item->kind == TAR_DIR ? SELECT_DIR : SELECT_LINK;
	return selection_take(f->selection, item->path, kind, item->size, item->mtime_s);
}

static bool keep(void *arg, struct tar_item *item)
{
	struct executor_docker *e = arg;

	if (!decide(e, item))
		return false;
	put_parents(e, item->path, item->mtime_s);
	return true;
}

static void on_chunk(void *arg, struct str data)
{
	struct executor_docker *e = arg;
	struct docker_files *f = &e->files;

	if (error_is(&f->error))
		return;
	if (tar_filter_push(f->filter, data.p, data.n, &f->error))
		docker_call_cancel(f->call);
}

static void next(struct executor_docker *e);

static void on_got(void *arg, struct error *err)
{
	struct executor_docker *e = arg;
	struct docker_files *f = &e->files;
	bool through = f->bases[f->at].through;
	/* A file where the pattern wants a folder is a folder that is not there. */
	bool absent =
		err && err->domain == ERR_DOCKER &&
		(err->code == 404 || (through && str_find(str_c(err->text),
							 STR("not a directory")) != STR_NPOS));

	f->call = NULL;
	if (!err && !error_is(&f->error))
		tar_filter_end(f->filter, &f->error);
	tar_filter_free(f->filter);
	f->filter = NULL;
	if (error_is(&f->error))
		fail(e, &f->error, "cannot take files from the container");
	else if (err && !absent)
		fail(e, err, "cannot take files from the container");
	/* One that leads nowhere is not there, for Podman. */
	if (f->link && !through && (f->followed || absent) && !error_is(&f->error))
		want_from_above(e, f->bases[f->at].path);
	f->at++;
	next(e);
	docker_end(e);
}

static void on_get_stat(void *arg, struct error *err, const struct archive_stat *s)
{
	struct executor_docker *e = arg;

	UNUSED(err);
	e->files.link = s->is_symlink;
}

static void get(struct executor_docker *e, const struct docker_base *from)
{
	struct docker_files *f = &e->files;
	struct str dir = build_env(e->base.build)->project_dir, base = from->path;
	size_t slash = str_rchr(base, '/');
	struct archive_get g = {.container = e->container,
		/* With a slash behind it a link is what it leads to. */
		.path = arena_printf(e->arena, STR_FMT "%s" STR_FMT "%s", STR_ARG(dir),
			base.n ? "/" : "", STR_ARG(base), base.n && from->through ? "/" : ""),
		.stat = on_get_stat,
		.chunk = on_chunk,
		.done = on_got,
		.arg = e};

	f->link = f->followed = false;
	f->root = !base.n;
	f->above = slash == STR_NPOS ? STR("") : str_sub(base, 0, slash + 1);
	f->filter = tar_filter_new(keep, e, out, e);
	docker_begin(e);
	f->call = docker_archive_get(e->engine, &g);
}

static void next(struct executor_docker *e)
{
	struct docker_files *f = &e->files;

	if (e->first.reason == FAIL_NONE && !e->stopping && f->at < f->n) {
		get(e, &f->bases[f->at]);
		return;
	}
	if (e->first.reason == FAIL_NONE && tar_filter_trailer(out, e, &f->error))
		fail(e, &f->error, "cannot take files from the container");
	buf_release(&f->name);
	buf_release(&f->target);
}

void docker_files_get(struct executor_docker *e, struct selection *s, int fd)
{
	struct docker_files *f = &e->files;
	struct select_base *bases;
	size_t n = selection_bases(s, &bases);

	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < n; i++)
		add_base(e,
			(struct docker_base){.path = bases[i].path, .through = bases[i].through});
	buf_init(&f->name);
	buf_init(&f->target);
	f->selection = s;
	f->fd = fd;
	next(e);
}

/* One file: its archive is a header and the content. */

static bool read_item(void *arg, struct tar_item *item)
{
	struct executor_docker *e = arg;

	if (item->kind != TAR_FILE || item->size > EXECUTOR_READ_MAX || e->files.read_size)
		return false;
	e->files.read_size = item->size;
	return true;
}

static int read_out(void *arg, const void *p, size_t n, struct error *err)
{
	struct executor_docker *e = arg;

	UNUSED(err);
	buf_add(&e->files.in, p, n);
	return 0;
}

static void on_read(void *arg, struct error *err)
{
	struct executor_docker *e = arg;
	struct docker_files *f = &e->files;

	f->call = NULL;
	tar_filter_free(f->filter);
	f->filter = NULL;
	if (error_is(&f->error))
		fail(e, &f->error, "cannot read a file of the container");
	else if (err && !(err->domain == ERR_DOCKER && err->code == 404))
		fail(e, err, "cannot read a file of the container");
	else if (f->read_size && f->in.n >= TAR_HEADER + f->read_size)
		buf_add(f->read, f->in.p + TAR_HEADER, f->read_size);
	buf_release(&f->in);
	docker_end(e);
}

void docker_files_read(struct executor_docker *e, struct str path, struct buf *out_text)
{
	struct docker_files *f = &e->files;
	struct archive_get g = {.container = e->container,
		.path = path,
		.chunk = on_chunk,
		.done = on_read,
		.arg = e};

	memset(f, 0, sizeof(*f));
	buf_init(&f->in);
	f->read = out_text;
	f->filter = tar_filter_new(read_item, e, read_out, e);
	docker_begin(e);
	f->call = docker_archive_get(e->engine, &g);
}

void docker_files_stop(struct executor_docker *e)
{
	if (e->files.call)
		docker_call_cancel(e->files.call);
}
