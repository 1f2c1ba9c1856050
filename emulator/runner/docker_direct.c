/*
 * The files of a job where its builds are in a volume that is a folder of this machine: sources,
 * artifacts and caches are written and read there, without a call of the engine, which needs a
 * process and a mount for each transfer and copies every byte four times.
 *
 * Only root can, and only where the engine and its volumes are on this machine. What a job's
 * programs left in the volume is not trusted (files_local.h). Whatever this cannot do, the engine
 * does. That has to see the volume, too: Podman 4.3 shows no file of it while the container does
 * not run.
 */
#include "base/base.h"
#include "emulator/runner/docker_internal.h"
#include "emulator/core/trace.h"
#include "emulator/docker/engine.h"
#include "emulator/docker/image.h"
#include "emulator/runner/docker_values.h"
#include "emulator/runner/files_local.h"
#include "emulator/runner/job_env.h"
#include "emulator/runner/select.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct str builds_dir(struct executor_docker *e)
{
	return e->base.ops->builds_dir(&e->base);
}

/* Is one of the two paths the other one, or in it? */
static bool touches(struct str a, struct str b)
{
	return docker_path_holds(a, b) || docker_path_holds(b, a);
}

bool docker_mounted_over(struct executor_docker *e, struct str dir)
{
	return docker_is_mounted(e, dir, touches);
}

void docker_direct_plan(struct executor_docker *e)
{
	struct str project = build_env(e->base.build)->project_dir, dir = builds_dir(e);

	/* A mount at the builds' place, or in it, is not seen from outside. */
	e->direct.wanted = geteuid() == 0 && engine_is_local(e->engine) &&
			   !engine_is_podman(e->engine) && !engine_is_elsewhere(e->engine) &&
			   access("/sys/fs/selinux/enforce", F_OK) && project.n > dir.n + 1 &&
			   str_starts(project, dir) && project.p[dir.n] == '/' &&
			   !docker_mounted_over(e, dir);
}

bool docker_direct_wants_volume(const struct executor_docker *e)
{
	return e->direct.wanted;
}

/* -1: not here, as far as errno says; for want of descriptors or memory that is not known. */
static int open_volume(struct executor_docker *e, struct str mountpoint)
{
	struct str end = arena_printf(e->arena, "/" STR_FMT "/_data", STR_ARG(e->volume));
	struct stat st;
	int fd, code = ENOTSUP;

	errno = ENOENT;
	fd = str_ends(mountpoint, end) ? open(arena_cstr(e->arena, mountpoint),
						 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
				       : -1;
	if (fd < 0)
		return -1;
	/* Another owner: the root of containers is not ours. */
	if (!fstat(fd, &st) && st.st_uid == 0) {
		if (files_below_possible(fd))
			return fd;
		code = errno;
	}
	close(fd);
	errno = code;
	return -1;
}

/* The volume has just been made, empty, under a name that no other has: it is here or it is not. */
void docker_direct_open(struct executor_docker *e, struct str mountpoint)
{
	struct docker_direct *d = &e->direct;
	int fd;

	if (!d->wanted)
		return;
	fd = open_volume(e, mountpoint);
	if (fd < 0 && !files_ran_out(errno))
		engine_mark_elsewhere(e->engine);
	d->wanted = fd >= 0;
	TRACE(JOB, STR_FMT ": the job's volume is%s a folder of this machine",
		STR_ARG(build_spec(e->base.build)->name), fd < 0 ? " not" : "");
	d->fd = fd;
	d->at = (struct files_below){.fd = fd,
		.below = str_from(build_env(e->base.build)->project_dir, builds_dir(e).n + 1)};
}

void docker_direct_image(struct executor_docker *e, const struct image_state *image)
{
	struct str dir = builds_dir(e);

	for (size_t i = 0; i < image->volumes.n; i++)
		if (!str_eq(image->volumes.v[i], dir) && touches(image->volumes.v[i], dir))
			e->direct.hidden = true;
}

/* Not where more is mounted in the volume: sources (docker_layer.c), volumes of the image. */
static bool usable(const struct executor_docker *e)
{
	return e->direct.fd >= 0 && !e->direct.hidden && !docker_layer_mounted(e);
}

/*
 * Where sources are mounted, what is beside them, if there is nothing to put in; the folder of
 * their volume is what the job sees of the project directory's mode.
 */
bool docker_direct_fills(const struct executor_docker *e)
{
	if (e->direct.fd < 0 || e->direct.hidden || fchmod(e->direct.fd, 0777))
		return false;
	return !docker_layer_mounted(e) ||
	       (!build_sources_view(e->base.build)->shallow.n &&
		       !build_sources_again(e->base.build) &&
		       !chmod(arena_cstr(e->arena, e->layer.mountpoint), 0777));
}

/* True: not done, for the engine to do. A stop is neither. */
static bool ended(struct executor_docker *e, const struct error *err, const char *what)
{
	e->direct.work = NULL;
	if (!err || e->stopping)
		return false;
	TRACE(JOB, STR_FMT ": %s by the engine: %s", STR_ARG(build_spec(e->base.build)->name), what,
		err->text);
	return true;
}

static void on_filled(void *arg, const struct error *err)
{
	struct executor_docker *e = arg;

	if (ended(e, err, "the sources are copied"))
		docker_sources_upload(e);
	else if (!err)
		TRACE(JOB, STR_FMT ": the sources went past the engine",
			STR_ARG(build_spec(e->base.build)->name));
	docker_end(e);
}

bool docker_direct_fill(struct executor_docker *e, struct sources *from)
{
	struct docker_direct *d = &e->direct;
	struct sources_view view = *build_sources_view(e->base.build);
	struct tar_stream_source items;

	if (!docker_direct_fills(e))
		return false;
	view.above = docker_layer_mounted(e);
	items = sources_items(from, d->at.below, &view);
	docker_begin(e);
	d->work = files_local_fill_below(
		build_host(e->base.build)->loop, &d->at, &items, on_filled, e);
	return true;
}

static void on_put(void *arg, const struct error *err)
{
	struct executor_docker *e = arg;

	if (ended(e, err, "files are unpacked"))
		docker_files_put(e, e->direct.archive);
	docker_end(e);
}

void docker_direct_put(struct executor_docker *e, struct str archive)
{
	struct docker_direct *d = &e->direct;

	if (!usable(e)) {
		docker_files_put(e, archive);
		return;
	}
	d->archive = archive;
	docker_begin(e);
	d->work =
		files_local_put_below(build_host(e->base.build)->loop, &d->at, archive, on_put, e);
}

static void on_got(void *arg, const struct error *err)
{
	struct executor_docker *e = arg;
	struct docker_direct *d = &e->direct;
	struct outcome o;

	if (err && err->domain == ERR_SYS && err->code == FILES_LINK && !d->selection->entries) {
		if (ended(e, err, "files are packed"))
			docker_files_get(e, d->selection, d->out);
	} else if (ended(e, err, "files are not packed")) {
		outcome_fail(&o, FAIL_RUNNER_SYSTEM, "cannot take files from the container: %s",
			err->text);
		o.surroundings = true;
		docker_fail(e, &o);
	}
	docker_end(e);
}

void docker_direct_get(struct executor_docker *e, struct selection *s, int out)
{
	struct docker_direct *d = &e->direct;

	if (!usable(e)) {
		docker_files_get(e, s, out);
		return;
	}
	d->selection = s;
	d->out = out;
	docker_begin(e);
	d->work = files_local_get_below(build_host(e->base.build)->loop, &d->at, s, out, on_got, e);
}

void docker_direct_stop(struct executor_docker *e)
{
	if (e->direct.work)
		files_local_cancel(e->direct.work);
}

void docker_direct_close(struct executor_docker *e)
{
	if (e->direct.fd >= 0)
		close(e->direct.fd);
	e->direct.fd = -1;
}
