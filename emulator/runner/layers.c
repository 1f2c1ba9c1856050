#include "base/base.h"
#include "emulator/runner/layers.h"
#include "emulator/runner/layers_internal.h"
#include "base/buf.h"
#include "emulator/core/trace.h"
#include "emulator/docker/engine.h"
#include "emulator/runner/layer_fill.h"
#include "emulator/git/snapshot.h"

#include <unistd.h>

/* What mount(2) takes is a page. */
#define OPTIONS_MAX 4000

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

void layer_finish(struct layer *y, enum layer_phase phase)
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
	layer_make(y);
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
