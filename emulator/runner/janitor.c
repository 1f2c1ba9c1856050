#include "base/base.h"
#include "emulator/runner/janitor.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/core/trace.h"
#include "emulator/docker/container.h"
#include "emulator/docker/network.h"
#include "emulator/docker/volume.h"
#include "emulator/runner/layers.h"
#include "emulator/runner/leftover.h"

/* It is a courtesy: an engine that takes longer than this is left alone. */
#define BUDGET_MS 30000
/* When the run is over before it, what is left of it may take this long. */
#define FINISH_MS 8000
/*
 * What the dead run had asked for a moment ago may still be on its way: a container whose removal
 * is in progress (its volume cannot go yet), one that is made after it was looked for. So after a
 * round that found something comes another one, until one finds nothing; what cannot be removed
 * at all gets this many when nothing else is waited for. And where a run has died since the last
 * time, finding nothing proves nothing in the first moments.
 */
#define FRUITLESS_ROUNDS 4
#define PAUSE_MS         400
#define PAUSE_MAX_MS     3200
#define SETTLE_MS        2500

enum kind { CONTAINERS, NETWORKS, VOLUMES, SOURCES, KINDS };

/* Kind after kind: networks and volumes cannot go before the containers that use them. */
struct janitor {
	struct engine *engine;
	struct arena arena;
	const char *root;     /* the project's .cilocal */
	VEC(struct str) dead; /* runs that labels have shown to be dead, of any project */
	janitor_done_fn *done;
	void *arg;
	enum kind kind;
	size_t pending;
	bool cancelled, finishing;
	bool died; /* a run of this project, since the last time */
	uint64_t began;
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
	j->result.error = error_is(&j->error) ? &j->error : NULL;
	j->done(j->arg, &j->result);
	arena_release(&j->arena);
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

/* Is it worth while to look again? */
static bool goes_on(const struct janitor *j)
{
	if (j->cancelled)
		return false;
	if (j->found)
		return j->fruitless < FRUITLESS_ROUNDS || !j->finishing;
	return j->died && loop_now(j->loop) - j->began < SETTLE_MS;
}

static void round_done(struct janitor *j)
{
	unsigned pause = PAUSE_MS;

	j->fruitless = j->fruits || !j->found ? 0 : j->fruitless + 1;
	if (!goes_on(j)) {
		j->result.clean = !j->cancelled && !j->found && !error_is(&j->error);
		finish(j);
		return;
	}
	for (unsigned i = FRUITLESS_ROUNDS; i < j->fruitless && pause < PAUSE_MAX_MS; i++)
		pause *= 2;
	loop_timer_start(j->loop, &j->pause, pause, on_pause, j);
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

static void removes(struct janitor *j, struct str name, struct str run)
{
	TRACE(DOCKER, "janitor: removes '" STR_FMT "' of run " STR_FMT, STR_ARG(name),
		STR_ARG(run));
	j->found++;
	j->pending++;
}

static bool known_dead(const struct janitor *j, struct str run)
{
	for (size_t i = 0; i < j->dead.n; i++)
		if (str_eq(j->dead.v[i], run))
			return true;
	return false;
}

static bool goes(struct janitor *j, struct docker_kvs labels, struct str name)
{
	struct str run = docker_kv_get(labels, "cilocal.run");

	if (j->cancelled || !leftover_by_labels(labels))
		return false;
	if (!known_dead(j, run))
		vec_push_in(&j->arena, &j->dead, arena_str(&j->arena, run));
	removes(j, name, run);
	return true;
}

/* The engine has lost the labels of some (leftover.h). */
static bool volume_goes(struct janitor *j, const struct volume_row *row)
{
	struct str run = leftover_run_of(row->name);

	/* Those of the sources, and caches, last longer than a run: on_sources() knows which. */
	if (row->labels.n && !str_is(docker_kv_get(row->labels, "cilocal.managed"), "true"))
		return false;
	if (j->cancelled || row->labels.n || !run.n)
		return goes(j, row->labels, row->name);
	if (!leftover_by_name(j->root, row->name) &&
		!(known_dead(j, run) && !leftover_is_sources(row->name)))
		return false;
	removes(j, row->name, run);
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
		if (volume_goes(j, &rows[i]))
			docker_volume_remove(j->engine, rows[i].name, true, on_removed, j);
	one_done(j);
}

static void on_sources(void *arg, struct error *err, const struct volume_row *rows, size_t n)
{
	struct janitor *j = arg;

	j->list = NULL;
	if (err)
		keep_error(j, err);
	for (size_t i = 0; !err && i < n; i++)
		if (!j->cancelled && leftover_sources(&rows[i])) {
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
		/* All of them: some have lost their labels. */
		j->list =
			docker_volume_list(j->engine, (struct docker_strs){NULL, 0}, on_volumes, j);
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

struct janitor *janitor_start(struct loop *loop, struct engine *engine, const char *root,
	janitor_done_fn *done, void *arg)
{
	struct janitor *j = xcalloc(1, sizeof(*j));

	j->engine = engine;
	j->loop = loop;
	j->done = done;
	j->arg = arg;
	j->error = ERROR_INIT;
	arena_init(&j->arena);
	j->root = root ? arena_str(&j->arena, str_c(root)).p : NULL;
	j->began = loop_now(loop);
	j->died = leftover_runs_died(j->root);
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
	j->finishing = true;
	loop_timer_start(j->loop, &j->budget, FINISH_MS, on_late, j);
	if (!j->pause.loop)
		return;
	loop_timer_stop(&j->pause);
	if (goes_on(j))
		loop_timer_start(j->loop, &j->pause, PAUSE_MS, on_pause, j);
	else
		finish(j);
}
