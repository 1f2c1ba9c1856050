#include "base/base.h"
#include "emulator/runner/layers.h"
#include "base/arena.h"
#include "emulator/core/error.h"
#include "emulator/core/trace.h"
#include "emulator/docker/engine.h"
#include "emulator/docker/volume.h"
#include "emulator/runner/layer_fill.h"
#include "emulator/runner/layer_list.h"
#include "emulator/runner/sources.h"
#include "emulator/git/snapshot.h"
#include "emulator/store/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

/* Another run makes the same volumes: how often it is asked whether it is done. */
#define LOCK_POLL_MS 100
/* An engine that can't is asked again after a day: it may have been updated. */
#define UNABLE_S (24 * 60 * 60)
/* A delta beyond these is a new base: it is uploaded for each state of the work tree. */
#define DELTA_BYTES   ((uint64_t)64 << 20)
#define DELTA_ENTRIES 5000
/* What mount(2) takes is a page. */
#define OPTIONS_MAX 4000

/* One view of the sources on the engine. LAYER_READY and LAYER_FAILED stay for the run. */
enum layer_phase { LAYER_LOCK, LAYER_MAKE, LAYER_READY, LAYER_FAILED };

struct layer {
	struct layers *all;
	struct layer *next;
	struct arena arena;
	enum layer_phase phase;
	struct sources_view view;
	const char *dir;
	struct str image;
	struct docker_kvs labels, volume_labels;
	const char *run_id;

	struct layers_wait *waiting;
	bool cancelled;
	struct loop_timer poll;
	uv_work_t work;
	int build_fd, use_fd;
	struct layer_state state;
	bool tried_unable; /* the state's `unable` is of today */
	struct layer_diff diff;
	struct layer_fill *fill;
	size_t evicting; /* calls under way */
	struct volume_spec volumes[2];
	bool whole; /* a base is being made, not a delta */
	struct str fresh_name;
	struct error error; /* of a worker */
	struct layer_mount mount;
	struct str base_dir, delta_dir;
	const char *why;
};

struct layers {
	struct loop *loop;
	struct engine *engine;
	struct sources *sources;
	char *root;
	struct layer *first;
};

struct layers *layers_new(
	struct loop *loop, struct engine *engine, struct sources *sources, const char *project_root)
{
	struct layers *l = xcalloc(1, sizeof(*l));

	l->loop = loop;
	l->engine = engine;
	l->sources = sources;
	l->root = xstrdup(project_root);
	return l;
}

static void unlock(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void layers_free(struct layers *l)
{
	struct layer *y;

	if (!l)
		return;
	while ((y = l->first)) {
		l->first = y->next;
		if (y->phase < LAYER_READY)
			BUG("a layer is freed while it is made");
		unlock(&y->use_fd);
		sources_part_free(y->diff.part);
		arena_release(&y->arena);
		free(y);
	}
	free(l->root);
	free(l);
}

/* Answers */

static void answer(void *arg)
{
	struct layers_wait *w = arg;
	struct layer *y = w->layer;
	bool ready = y->phase == LAYER_READY;

	w->layer = NULL;
	w->fn(w->arg, ready ? &y->mount : NULL,
		ready                      ? ""
		: y->phase == LAYER_FAILED ? y->why
					   : "canceled");
}

static void finish(struct layer *y, enum layer_phase phase)
{
	struct layers_wait *w, *next;

	TRACE(DOCKER, "sources on the engine: %s",
		phase == LAYER_READY ? y->mount.lower.p : y->why);
	loop_timer_stop(&y->poll);
	unlock(&y->build_fd);
	if (phase == LAYER_FAILED)
		unlock(&y->use_fd);
	y->phase = phase;
	for (w = y->waiting; w; w = next) {
		next = w->next;
		w->next = NULL;
		loop_post(y->all->loop, &w->task, answer, w);
	}
	y->waiting = NULL;
}

static void fail(struct layer *y, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void fail(struct layer *y, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	y->why = arena_vprintf(&y->arena, fmt, ap).p;
	va_end(ap);
	finish(y, LAYER_FAILED);
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
	finish(y, LAYER_READY);
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
		finish(y, LAYER_READY);
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

static struct docker_kvs copy_labels(struct layer *y, struct docker_kvs from)
{
	struct docker_kv *v = arena_array(&y->arena, struct docker_kv, from.n + 1);

	for (size_t i = 0; i < from.n; i++)
		v[i] = (struct docker_kv){
			arena_str(&y->arena, from.v[i].key), arena_str(&y->arena, from.v[i].value)};
	return (struct docker_kvs){v, from.n};
}

/* They outlive the run: no label of a run, but the lock that says whether one uses them. */
static void label_volumes(struct layer *y)
{
	struct docker_kv *v = arena_array(&y->arena, struct docker_kv, 4);

	v[0] = (struct docker_kv){STR("cilocal.cache"), STR("true")};
	v[1] = (struct docker_kv){STR(LAYERS_LABEL), str_c(y->dir)};
	v[2] = (struct docker_kv){STR("cilocal.lock"), arena_printf(&y->arena, "%s/lock", y->dir)};
	v[3] = (struct docker_kv){STR("cilocal.host"), docker_kv_get(y->labels, "cilocal.host")};
	y->volume_labels = (struct docker_kvs){v, 4};
}

/* What tells one view from another, as long as submodules are what they are: a folder's name. */
static struct str key_of(struct arena *a, const struct layers *l, const struct sources_view *view)
{
	const struct snapshot *s = sources_snapshot(l->sources);
	struct buf b = BUF_INIT;
	struct str key;

	buf_printf(&b, "%s\n%d%d\n", engine_endpoint(l->engine)->url, view->git_only,
		sources_committed(l->sources));
	for (size_t i = 0; s && i < s->modules.n; i++)
		if (sources_has_module(l->sources, view, i))
			buf_printf(&b, STR_FMT "\n", STR_ARG(s->modules.v[i].path));
	key = arena_printf(a, "%s%08x%08x",
		view->git_only                  ? "git-"
		: sources_committed(l->sources) ? "head-"
						: "",
		(unsigned)str_hash(buf_str(&b)),
		(unsigned)str_hash(arena_printf(a, STR_FMT "\n", STR_ARG(buf_str(&b)))));
	buf_release(&b);
	return key;
}

static struct layer *find(struct layers *l, const struct layers_want *want)
{
	struct arena a = ARENA_INIT;
	struct str key = key_of(&a, l, want->view);
	CLEANUP(free) char *dir = xasprintf("%s/.cilocal/sources/" STR_FMT, l->root, STR_ARG(key));
	struct layer *y;

	arena_release(&a);
	for (y = l->first; y; y = y->next)
		if (!strcmp(y->dir, dir) && !y->cancelled)
			return y;
	y = xcalloc(1, sizeof(*y));
	arena_init(&y->arena);
	y->all = l;
	y->build_fd = y->use_fd = -1;
	y->error = ERROR_INIT;
	y->dir = arena_strdup(&y->arena, dir);
	y->view = *want->view;
	y->view.submodule_paths = arena_str(&y->arena, y->view.submodule_paths);
	y->image = arena_str(&y->arena, want->image);
	y->labels = copy_labels(y, want->labels);
	label_volumes(y);
	y->run_id = want->run_id;
	y->next = l->first;
	l->first = y;
	on_worker(y, open_folder, on_folder);
	return y;
}

void layers_want(struct layers *l, struct layers_wait *w, const struct layers_want *want,
	layers_done_fn *fn, void *arg)
{
	struct layer *y = find(l, want);

	w->layer = y;
	w->fn = fn;
	w->arg = arg;
	w->next = NULL;
	if (y->phase < LAYER_READY) {
		w->next = y->waiting;
		y->waiting = w;
	} else {
		loop_post(l->loop, &w->task, answer, w);
	}
}

void layers_cancel(struct layers_wait *w)
{
	struct layer *y = w->layer;
	struct layers_wait **at;

	if (!y || y->phase >= LAYER_READY)
		return;
	if (y->waiting == w && !w->next) {
		y->cancelled = true;
		if (y->fill)
			layer_fill_cancel(y->fill);
		return;
	}
	for (at = &y->waiting; *at && *at != w; at = &(*at)->next)
		;
	if (*at) {
		*at = w->next;
		loop_post(y->all->loop, &w->task, answer, w);
	}
}

bool layers_volumes(struct arena *a, const struct layer_mount *m, struct str prefix,
	struct docker_kvs labels, struct volume_spec volumes[2])
{
	struct docker_kv *o = arena_array(a, struct docker_kv, 3);
	struct str tree = arena_printf(a, STR_FMT "-tree", STR_ARG(prefix));
	struct str work = arena_printf(a, STR_FMT "-work", STR_ARG(prefix));

	/*
	 * redirect_dir: folders of the tree can be renamed, as everywhere else. The other two would
	 * only be in the way of layers that are shared.
	 */
	o[0] = (struct docker_kv){STR("type"), STR("overlay")};
	o[1] = (struct docker_kv){STR("device"), STR("overlay")};
	o[2] = (struct docker_kv){
		STR("o"), arena_printf(a,
				  "lowerdir=" STR_FMT ",upperdir=" STR_FMT "/" STR_FMT
				  "/_data,workdir=" STR_FMT "/" STR_FMT
				  "/_data,redirect_dir=on,index=off,metacopy=off",
				  STR_ARG(m->lower), STR_ARG(m->volumes), STR_ARG(tree),
				  STR_ARG(m->volumes), STR_ARG(work))};
	volumes[0] = (struct volume_spec){.name = tree, .driver_opts = {o, 3}, .labels = labels};
	volumes[1] = (struct volume_spec){.name = work, .labels = labels};
	return o[2].value.n <= OPTIONS_MAX;
}
