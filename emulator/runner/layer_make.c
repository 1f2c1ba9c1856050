/*
 * How one view of the sources gets onto the engine: a lock of its own, a look at what is there, a
 * volume or two made where that is not enough, and older ones removed. Callback after callback;
 * each begins with whether anybody still waits.
 */
#include "base/base.h"
#include "emulator/runner/layers_internal.h"
#include "emulator/core/trace.h"
#include "emulator/docker/engine.h"
#include "emulator/runner/layer_fill.h"
#include "emulator/store/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Another run makes the same volumes: how often it is asked whether it is done. */
#define LOCK_POLL_MS 100
/* An engine that can't is asked again after a day: it may have been updated. */
#define UNABLE_S (24 * 60 * 60)
/* A delta beyond these is a new base: it is uploaded for each state of the work tree. */
#define DELTA_BYTES   ((uint64_t)64 << 20)
#define DELTA_ENTRIES 5000

static void fail(struct layer *y, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void fail(struct layer *y, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	y->why = arena_vprintf(&y->arena, fmt, ap).p;
	va_end(ap);
	layer_finish(y, LAYER_FAILED);
}

/* True where nobody waits any more: then the layer ends here. */
static bool ended(struct layer *y)
{
	if (y->cancelled)
		fail(y, "canceled");
	return y->cancelled;
}

static void on_worker(struct layer *y, void (*work)(uv_work_t *), void (*after)(uv_work_t *, int))
{
	if (uv_queue_work(loop_uv(y->all->loop), &y->work, work, after))
		fail(y, "cannot start a worker thread");
}

/* The end: what was made is written down, and the mount is put together. */

static struct str named(struct layer *y, const char *what)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = (uint32_t)getpid() * 2654435761u;
	return arena_printf(
		&y->arena, "cilocal-cache-sources-%s-%s-%08x", y->run_id, what, (unsigned)random);
}

static void evicted_one(struct layer *y)
{
	if (--y->evicting)
		return;
	flock(y->use_fd, LOCK_SH | LOCK_NB);
	layer_finish(y, LAYER_READY);
}

static void on_evicted(void *arg, struct error *err)
{
	UNUSED(err); /* the next run tries again */
	evicted_one(arg);
}

static void on_listed(void *arg, struct error *err, const struct volume_row *rows, size_t n)
{
	struct layer *y = arg;

	for (size_t i = 0; !err && i < n; i++) {
		if (!str_is(docker_kv_get(rows[i].labels, LAYERS_LABEL), y->dir) ||
			str_eq(rows[i].name, y->state.base) || str_eq(rows[i].name, y->state.delta))
			continue;
		TRACE(DOCKER, "sources: removes '" STR_FMT "'", STR_ARG(rows[i].name));
		y->evicting++;
		docker_volume_remove(y->all->engine, rows[i].name, true, on_evicted, y);
	}
	evicted_one(y);
}

/*
 * What the state does not name goes: older volumes, and what a run that died was making. Only where
 * no other run uses any: that is who else holds the lock. Nobody can take it while we hold the one
 * for making.
 */
static void evict(struct layer *y)
{
	static const struct str label = STR_INIT(LAYERS_LABEL);

	if (flock(y->use_fd, LOCK_EX | LOCK_NB)) {
		flock(y->use_fd, LOCK_SH | LOCK_NB);
		layer_finish(y, LAYER_READY);
		return;
	}
	y->evicting = 1;
	docker_volume_list(y->all->engine, (struct docker_strs){&label, 1}, on_listed, y);
}

/* Where the engine keeps its volumes, by where the base is; empty if volumes lie otherwise. */
static struct str volumes_dir(struct layer *y)
{
	struct str end = arena_printf(&y->arena, "/" STR_FMT "/_data", STR_ARG(y->state.base));

	return str_ends(y->base_dir, end) ? str_sub(y->base_dir, 0, y->base_dir.n - end.n)
					  : STR_NULL;
}

static void ready(struct layer *y)
{
	y->mount.volumes = volumes_dir(y);
	/* What cuts mount options and lists of layers can't be in a path. */
	if (!y->mount.volumes.n || strpbrk(y->base_dir.p, ",:\\\"") ||
		(y->delta_dir.n && strpbrk(y->delta_dir.p, ",:\\\""))) {
		fail(y, "the engine keeps its volumes at '" STR_FMT "'", STR_ARG(y->base_dir));
		return;
	}
	y->mount.lower = y->delta_dir.n ? arena_printf(&y->arena, STR_FMT ":" STR_FMT,
						  STR_ARG(y->delta_dir), STR_ARG(y->base_dir))
					: y->base_dir;
	evict(y);
}

static void save(uv_work_t *w)
{
	struct layer *y = container_of(w, struct layer, work);

	if (y->whole && y->state.base.n &&
		layer_list_write(y->all->sources, &y->view, y->dir, y->state.base, &y->error))
		return;
	layer_state_write(&y->state, y->dir, &y->error);
}

static void on_saved(uv_work_t *w, int status)
{
	struct layer *y = container_of(w, struct layer, work);

	UNUSED(status);
	if (error_is(&y->error))
		fail(y, "%s", y->error.text);
	else if (y->state.unable.n)
		fail(y, STR_FMT, STR_ARG(y->state.unable));
	else
		ready(y);
}

/* Making */

static struct tar_stream *base_tar(void *arg, void (*wake)(void *), void *wake_arg)
{
	struct layer *y = arg;

	return sources_tar(y->all->sources, STR(LAYER_FILL_DIR), &y->view, wake, wake_arg);
}

static struct tar_stream *delta_tar(void *arg, void (*wake)(void *), void *wake_arg)
{
	struct layer *y = arg;
	struct sources_part *part = y->diff.part;

	y->diff.part = NULL;
	return sources_tar_part(
		y->all->sources, STR(LAYER_FILL_DIR), &y->view, part, wake, wake_arg);
}

static struct tar_stream *empty_tar(void *arg, void (*wake)(void *), void *wake_arg)
{
	static const struct sources_view nothing = {.empty = true};
	struct layer *y = arg;

	return sources_tar(y->all->sources, STR(LAYER_FILL_DIR), &nothing, wake, wake_arg);
}

static void fill(struct layer *y, size_t n, layer_tar_fn *tar, layer_filled_fn *done)
{
	struct layer_fill_spec spec = {.engine = y->all->engine,
		.container =
			arena_printf(&y->arena, STR_FMT "-fill", STR_ARG(y->volumes[n - 1].name)),
		.image = y->image,
		.labels = y->labels,
		.volumes = y->volumes,
		.n_volumes = n,
		.trial = n > 1,
		.tar = tar,
		.done = done,
		.arg = y};

	y->fill = layer_fill_start(&spec);
}

static void on_dropped(void *arg, struct error *err)
{
	struct layer *y = arg;

	UNUSED(err); /* then the janitor has it */
	if (!ended(y))
		on_worker(y, save, on_saved);
}

static void on_tried(void *arg, const struct error *err, struct str mountpoint)
{
	struct layer *y = arg;
	struct str base = y->state.base;

	UNUSED(mountpoint);
	y->fill = NULL;
	if (err) {
		y->state = (struct layer_state){
			.unable = arena_printf(&y->arena,
				"the engine's volumes cannot be overlays: %s", err->text)};
		docker_volume_remove(y->all->engine, base, true, on_dropped, y);
	} else if (!ended(y)) {
		on_worker(y, save, on_saved);
	}
}

/* Can it be mounted? Where not, no job should be the one to find out. */
static void try_mount(struct layer *y)
{
	struct layer_mount m = {.lower = y->base_dir, .volumes = volumes_dir(y)};

	if (!m.volumes.n) {
		fail(y, "the engine keeps its volumes at '" STR_FMT "'", STR_ARG(y->base_dir));
		return;
	}
	if (!layers_volumes(&y->arena, &m,
		    arena_printf(&y->arena, "cilocal-%s-%x", y->run_id, (unsigned)getpid()),
		    y->labels, y->volumes)) {
		fail(y, "the engine keeps its volumes at too long a path");
		return;
	}
	fill(y, 2, empty_tar, on_tried);
}

static void on_filled(void *arg, const struct error *err, struct str mountpoint)
{
	struct layer *y = arg;

	y->fill = NULL;
	if (ended(y))
		return;
	if (err) {
		fail(y, "%s", err->text);
		return;
	}
	if (!y->whole) {
		y->delta_dir = arena_str(&y->arena, mountpoint);
		y->state.delta = y->fresh_name;
		y->state.delta_key = y->diff.fresh ? 0 : y->diff.key;
		on_worker(y, save, on_saved);
		return;
	}
	y->base_dir = arena_str(&y->arena, mountpoint);
	y->state = (struct layer_state){.base = y->fresh_name};
	try_mount(y);
}

static void make_volume(struct layer *y, bool whole)
{
	if (ended(y))
		return;
	y->whole = whole;
	y->fresh_name = named(y, whole ? "base" : "delta");
	y->volumes[0] = (struct volume_spec){.name = y->fresh_name, .labels = y->volume_labels};
	fill(y, 1, whole ? base_tar : delta_tar, on_filled);
}

static void on_info(void *arg, struct error *err, const struct engine_info *info)
{
	struct layer *y = arg;

	if (err) {
		fail(y, "%s", err->text);
		return;
	}
	if (info->podman)
		fail(y, "Podman's volumes cannot be overlays of others");
	else if (info->rootless)
		fail(y, "the engine is rootless");
	else if (!str_is(info->os_type, "linux"))
		fail(y, "the engine's containers are not Linux");
	else {
		for (size_t i = 0; i < info->security_options.n; i++)
			if (str_find(info->security_options.v[i], STR("selinux")) != STR_NPOS) {
				fail(y, "the engine labels files for SELinux");
				return;
			}
		make_volume(y, true);
	}
}

static void make_base(struct layer *y)
{
	if (!ended(y))
		engine_info(y->all->engine, on_info, y);
}

/* What is there already. */

static void on_delta_there(void *arg, struct error *err, const struct volume_row *r)
{
	struct layer *y = arg;

	if (ended(y))
		return;
	if (err) {
		make_volume(y, false);
		return;
	}
	y->delta_dir = arena_str(&y->arena, r->mountpoint);
	ready(y);
}

static bool too_much(const struct layer_diff *d)
{
	return (d->changed_bytes > DELTA_BYTES && d->changed_bytes > d->bytes / 4) ||
	       (d->changed > DELTA_ENTRIES && d->changed > d->entries / 4);
}

static void on_base_there(void *arg, struct error *err, const struct volume_row *r)
{
	struct layer *y = arg;

	if (ended(y))
		return;
	if (err || too_much(&y->diff)) {
		make_base(y);
		return;
	}
	y->base_dir = arena_str(&y->arena, r->mountpoint);
	if (!y->diff.changed)
		ready(y);
	else if (y->state.delta.n && y->state.delta_key == y->diff.key && !y->diff.fresh)
		docker_volume_inspect(y->all->engine, y->state.delta, on_delta_there, y);
	else
		make_volume(y, false);
}

static void compare(uv_work_t *w)
{
	struct layer *y = container_of(w, struct layer, work);
	CLEANUP(free) char *path = xasprintf("%s/lock", y->dir);
	CLEANUP(free) char *state = xasprintf("%s/state", y->dir);
	struct stat st;

	/* Nobody holds it for longer than a look. */
	y->use_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (y->use_fd < 0 || flock(y->use_fd, LOCK_SH)) {
		error_sys(&y->error, errno, "cannot lock '%s'", path);
		return;
	}
	layer_state_read(&y->state, y->dir, &y->arena);
	y->tried_unable =
		y->state.unable.n && !stat(state, &st) && st.st_mtime + UNABLE_S > time(NULL);
	if (!y->tried_unable)
		layer_diff_make(&y->diff, y->all->sources, &y->view, y->dir, y->state.base);
}

static void on_compared(uv_work_t *w, int status)
{
	struct layer *y = container_of(w, struct layer, work);

	UNUSED(status);
	TRACE(DOCKER, "sources: %zu of %zu entries are not in the base '" STR_FMT "'",
		y->diff.changed, y->diff.entries, STR_ARG(y->state.base));
	if (ended(y))
		return;
	if (error_is(&y->error))
		fail(y, "%s", y->error.text);
	else if (y->tried_unable)
		fail(y, STR_FMT, STR_ARG(y->state.unable));
	else if (y->diff.known && y->state.base.n)
		docker_volume_inspect(y->all->engine, y->state.base, on_base_there, y);
	else
		make_base(y);
}

/* The beginning: one run at a time looks and makes. */

static void try_lock(void *arg)
{
	struct layer *y = arg;

	if (ended(y))
		return;
	if (!flock(y->build_fd, LOCK_EX | LOCK_NB)) {
		y->phase = LAYER_MAKE;
		on_worker(y, compare, on_compared);
	} else if (errno == EWOULDBLOCK) {
		loop_timer_start(y->all->loop, &y->poll, LOCK_POLL_MS, try_lock, y);
	} else {
		fail(y, "cannot lock '%s/build': %s", y->dir, strerror(errno));
	}
}

static void open_folder(uv_work_t *w)
{
	struct layer *y = container_of(w, struct layer, work);
	CLEANUP(free) char *path = xasprintf("%s/build", y->dir);
	struct store store;

	if (store_open(&store, y->all->root, true, &y->error))
		return;
	store_release(&store);
	if (store_make_dirs(y->dir, &y->error))
		return;
	y->build_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (y->build_fd < 0)
		error_sys(&y->error, errno, "cannot write '%s'", path);
}

static void on_folder(uv_work_t *w, int status)
{
	struct layer *y = container_of(w, struct layer, work);

	UNUSED(status);
	if (error_is(&y->error))
		fail(y, "%s", y->error.text);
	else
		try_lock(y);
}

void layer_make(struct layer *y)
{
	on_worker(y, open_folder, on_folder);
}
