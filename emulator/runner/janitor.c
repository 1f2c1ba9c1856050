#include "base/base.h"
#include "emulator/runner/janitor.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/core/trace.h"
#include "emulator/docker/container.h"
#include "emulator/docker/network.h"
#include "emulator/docker/volume.h"
#include "emulator/runner/layer_list.h"
#include "emulator/runner/layers.h"
#include "emulator/store/store.h"

#include <unistd.h>

/* It is a courtesy: an engine that takes longer than this is left alone. */
#define BUDGET_MS 30000
/* When the run is over before it, what is left of it may take this long. */
#define FINISH_MS 8000
/*
 * What the dead run had asked for a moment ago may still be on its way: a container whose removal
 * is in progress (its volume cannot go yet), one that is made after it was looked for. So after a
 * round that found something comes another one, until one finds nothing; what cannot be removed
 * at all gets this many.
 */
#define FRUITLESS_ROUNDS 4
#define PAUSE_MS         400

enum kind { CONTAINERS, NETWORKS, VOLUMES, SOURCES, KINDS };

/* Kind after kind: networks and volumes cannot go before the containers that use them. */
struct janitor {
	struct engine *engine;
	janitor_done_fn *done;
	void *arg;
	char host[256];
	enum kind kind;
	size_t pending;
	bool cancelled;
	struct docker_call *list;
	struct loop_timer budget;
	size_t removed[KINDS];
	size_t found, fruits; /* in this round: what had to go, what went */
	unsigned fruitless;   /* rounds in a row */
	struct loop *loop;
	struct loop_timer pause;
	struct janitor_result result;
	struct error error;
};

static void next_kind(struct janitor *j);

static void finish(struct janitor *j)
{
	loop_timer_stop(&j->budget);
	j->result.containers = j->removed[CONTAINERS];
	j->result.networks = j->removed[NETWORKS];
	j->result.volumes = j->removed[VOLUMES];
	j->result.sources = j->removed[SOURCES];
	j->result.error = error_is(&j->error) ? &j->error : NULL;
	j->done(j->arg, &j->result);
	free(j);
}

static void on_pause(void *arg)
{
	struct janitor *j = arg;

	j->kind = CONTAINERS;
	j->found = j->fruits = 0;
	j->result.failed = 0;
	j->error = ERROR_INIT;
	next_kind(j);
}

static void round_done(struct janitor *j)
{
	j->fruitless = j->fruits ? 0 : j->fruitless + 1;
	if (j->cancelled || !j->found || j->fruitless == FRUITLESS_ROUNDS)
		finish(j);
	else
		loop_timer_start(j->loop, &j->pause, PAUSE_MS, on_pause, j);
}

static void one_done(struct janitor *j)
{
	if (--j->pending)
		return;
	j->kind++;
	if (j->kind == KINDS || j->cancelled)
		round_done(j);
	else
		next_kind(j);
}

static void keep_error(struct janitor *j, const struct error *err)
{
	if (!error_is(&j->error) && err->domain != ERR_CANCELLED)
		j->error = *err;
}

static void on_removed(void *arg, struct error *err)
{
	struct janitor *j = arg;

	if (err) {
		j->result.failed++;
		keep_error(j, err);
	} else {
		j->removed[j->kind]++;
		j->fruits++;
	}
	one_done(j);
}

/*
 * Dead: made on this host by a run whose lock nobody holds, and which nobody asked to keep. Of
 * other hosts (a shared engine) nothing can be known.
 */
static bool is_dead(const struct janitor *j, struct docker_kvs labels)
{
	struct str lock = docker_kv_get(labels, "cilocal.lock");
	struct str host = docker_kv_get(labels, "cilocal.host");
	CLEANUP(free) char *path = NULL;
	CLEANUP(free) char *mark = NULL;
	char *slash;

	if (!lock.n || !str_is(host, j->host))
		return false;
	path = xstrndup(lock.p, lock.n);
	if (store_lock_held(path))
		return false;
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	mark = xasprintf("%s/" JANITOR_KEEP_FILE, path);
	return access(mark, F_OK) != 0;
}

static bool goes(struct janitor *j, struct docker_kvs labels, struct str name)
{
	if (j->cancelled || !is_dead(j, labels))
		return false;
	TRACE(DOCKER, "janitor: removes '" STR_FMT "' of run " STR_FMT, STR_ARG(name),
		STR_ARG(docker_kv_get(labels, "cilocal.run")));
	j->found++;
	j->pending++;
	return true;
}

static void on_containers(void *arg, struct error *err, const struct container_row *rows, size_t n)
{
	struct janitor *j = arg;
	size_t i;

	j->list = NULL;
	if (err)
		keep_error(j, err);
	for (i = 0; !err && i < n; i++)
		if (goes(j, rows[i].labels, rows[i].name))
			docker_container_remove(j->engine, rows[i].id, true, true, on_removed, j);
	one_done(j);
}

static void on_networks(void *arg, struct error *err, const struct network_row *rows, size_t n)
{
	struct janitor *j = arg;
	size_t i;

	j->list = NULL;
	if (err)
		keep_error(j, err);
	for (i = 0; !err && i < n; i++)
		if (goes(j, rows[i].labels, rows[i].name))
			docker_network_remove(j->engine, rows[i].id, on_removed, j);
	one_done(j);
}

static void on_volumes(void *arg, struct error *err, const struct volume_row *rows, size_t n)
{
	struct janitor *j = arg;
	size_t i;

	j->list = NULL;
	if (err)
		keep_error(j, err);
	for (i = 0; !err && i < n; i++)
		if (goes(j, rows[i].labels, rows[i].name))
			docker_volume_remove(j->engine, rows[i].name, true, on_removed, j);
	one_done(j);
}

/*
 * Volumes with sources outlive runs; those go that no project counts as its own any more and no run
 * uses: older ones, ones that were never finished, ones of projects that are gone. The lock of
 * whoever makes one is looked at first: what it makes stands in the state once that is free.
 */
static bool is_stale(const struct janitor *j, const struct volume_row *row)
{
	struct str dir = docker_kv_get(row->labels, LAYERS_LABEL);
	CLEANUP(free) char *path = xstrndup(dir.p, dir.n);
	CLEANUP(free) char *build = xasprintf("%s/build", path);
	CLEANUP(free) char *lock = xasprintf("%s/lock", path);

	return !j->cancelled && dir.n &&
	       str_is(docker_kv_get(row->labels, "cilocal.host"), j->host) &&
	       !store_lock_held(build) && !layer_state_has(path, row->name) &&
	       !store_lock_held(lock);
}

static void on_sources(void *arg, struct error *err, const struct volume_row *rows, size_t n)
{
	struct janitor *j = arg;

	j->list = NULL;
	if (err)
		keep_error(j, err);
	for (size_t i = 0; !err && i < n; i++)
		if (is_stale(j, &rows[i])) {
			TRACE(DOCKER, "janitor: removes '" STR_FMT "'", STR_ARG(rows[i].name));
			j->pending++;
			docker_volume_remove(j->engine, rows[i].name, true, on_removed, j);
		}
	one_done(j);
}

static void next_kind(struct janitor *j)
{
	static const struct str label = STR_INIT("cilocal.managed=true");
	static const struct str sources = STR_INIT(LAYERS_LABEL);
	struct docker_strs labels = {&label, 1}, layers = {&sources, 1};

	j->pending = 1;
	switch (j->kind) {
	case CONTAINERS:
		j->list = docker_container_list(j->engine, labels, on_containers, j);
		break;
	case NETWORKS:
		j->list = docker_network_list(j->engine, labels, on_networks, j);
		break;
	case VOLUMES:
		j->list = docker_volume_list(j->engine, labels, on_volumes, j);
		break;
	case SOURCES:
		j->list = docker_volume_list(j->engine, layers, on_sources, j);
		break;
	case KINDS:
		BUG("the janitor has nothing left to list");
	}
}

static void on_late(void *arg)
{
	janitor_cancel(arg);
}

struct janitor *janitor_start(
	struct loop *loop, struct engine *engine, janitor_done_fn *done, void *arg)
{
	struct janitor *j = xcalloc(1, sizeof(*j));

	j->engine = engine;
	j->loop = loop;
	j->done = done;
	j->arg = arg;
	j->error = ERROR_INIT;
	gethostname(j->host, sizeof(j->host) - 1);
	loop_timer_start(loop, &j->budget, BUDGET_MS, on_late, j);
	next_kind(j);
	return j;
}

void janitor_cancel(struct janitor *j)
{
	j->cancelled = true;
	if (j->list)
		docker_call_cancel(j->list);
	if (j->pause.loop) {
		loop_timer_stop(&j->pause);
		finish(j);
	}
}

void janitor_finish(struct janitor *j)
{
	loop_timer_start(j->loop, &j->budget, FINISH_MS, on_late, j);
}
