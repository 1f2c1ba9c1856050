#include "base/base.h"
#include "emulator/runner/layer_fill.h"
#include "base/arena.h"
#include "emulator/core/error.h"
#include "emulator/docker/archive.h"
#include "emulator/docker/container.h"
#include "emulator/docker/volume.h"
#include "emulator/store/archive.h"

struct layer_fill {
	struct layer_fill_spec spec;
	struct arena arena;
	size_t made, pending; /* volumes; calls under way that remove */
	struct str mountpoint, id;
	struct tar_stream *tar;
	struct docker_call *put;
	bool cancelled;
	struct error error; /* the first */
};

static void end(struct layer_fill *f)
{
	f->spec.done(f->spec.arg, error_is(&f->error) ? &f->error : NULL, f->mountpoint);
	arena_release(&f->arena);
	free(f);
}

static void keep_error(struct layer_fill *f, const struct error *err, const char *what)
{
	if (!err || error_is(&f->error))
		return;
	f->error = *err;
	error_wrap(&f->error, "%s", what);
}

static void on_volume_gone(void *arg, struct error *err)
{
	struct layer_fill *f = arg;

	keep_error(f, err, "cannot remove a volume");
	if (--f->pending == 0)
		end(f);
}

static void remove_volumes(struct layer_fill *f)
{
	f->pending = 1;
	for (size_t i = 0; (error_is(&f->error) || f->spec.trial) && i < f->made; i++) {
		f->pending++;
		docker_volume_remove(
			f->spec.engine, f->spec.volumes[i].name, true, on_volume_gone, f);
	}
	on_volume_gone(f, NULL);
}

static void on_container_gone(void *arg, struct error *err)
{
	struct layer_fill *f = arg;

	keep_error(f, err, "cannot remove a container");
	remove_volumes(f);
}

static ptrdiff_t produce(void *arg, char *buf, size_t n)
{
	struct layer_fill *f = arg;
	long got = tar_stream_read(f->tar, buf, n);

	if (got > 0)
		return got;
	if (got == 0)
		return HTTP_LATER;
	return got == -1 ? 0 : HTTP_ABORT;
}

static void on_bytes(void *arg)
{
	struct layer_fill *f = arg;

	if (f->put)
		docker_call_resume(f->put);
}

static void on_put(void *arg, struct error *err)
{
	struct layer_fill *f = arg;

	f->put = NULL;
	if (error_is(tar_stream_error(f->tar)))
		keep_error(f, tar_stream_error(f->tar), "cannot pack the sources");
	else
		keep_error(f, err, "cannot fill the volume");
	tar_stream_free(f->tar);
	docker_container_remove(f->spec.engine, f->id, true, true, on_container_gone, f);
}

/* True where it ended here. */
static bool stopped(struct layer_fill *f)
{
	if (f->cancelled)
		error_set(&f->error, ERR_CANCELLED, 0, "stopped");
	return error_is(&f->error);
}

static void on_container(void *arg, struct error *err, const struct container_created *r)
{
	struct layer_fill *f = arg;
	struct archive_put p = {.path = STR("/"), .produce = produce, .done = on_put, .arg = f};

	keep_error(f, err, "cannot make a container");
	if (err) {
		remove_volumes(f);
		return;
	}
	f->id = arena_str(&f->arena, r->id);
	if (stopped(f)) {
		docker_container_remove(f->spec.engine, f->id, true, true, on_container_gone, f);
		return;
	}
	p.container = f->id;
	f->tar = f->spec.tar(f->spec.arg, on_bytes, f);
	f->put = docker_archive_put(f->spec.engine, &p);
}

static void make_container(struct layer_fill *f)
{
	static const struct str cmd = STR_INIT("true");
	const struct docker_mount mount = {.type = DOCKER_MOUNT_VOLUME,
		.source = f->spec.volumes[0].name,
		.target = STR(LAYER_FILL_DIR),
		.no_copy = true};
	const struct container_spec spec = {.name = f->spec.container,
		.image = f->spec.image,
		.labels = f->spec.labels,
		.has_cmd = true,
		.cmd = {&cmd, 1},
		.mounts = &mount,
		.n_mounts = 1,
		.network_mode = STR("none")};

	docker_container_create(f->spec.engine, &spec, on_container, f);
}

static void on_volume(void *arg, struct error *err, struct str name, struct str mountpoint);

static void next_volume(struct layer_fill *f)
{
	if (stopped(f))
		remove_volumes(f);
	else if (f->made < f->spec.n_volumes)
		docker_volume_create(f->spec.engine, &f->spec.volumes[f->made], on_volume, f);
	else
		make_container(f);
}

static void on_volume(void *arg, struct error *err, struct str name, struct str mountpoint)
{
	struct layer_fill *f = arg;

	UNUSED(name);
	keep_error(f, err, "cannot make a volume");
	if (!err && !f->made++)
		f->mountpoint = arena_str(&f->arena, mountpoint);
	next_volume(f);
}

struct layer_fill *layer_fill_start(const struct layer_fill_spec *spec)
{
	struct layer_fill *f = xcalloc(1, sizeof(*f));

	f->spec = *spec;
	f->error = ERROR_INIT;
	arena_init(&f->arena);
	next_volume(f);
	return f;
}

void layer_fill_cancel(struct layer_fill *f)
{
	f->cancelled = true;
	if (f->put)
		docker_call_cancel(f->put);
}
