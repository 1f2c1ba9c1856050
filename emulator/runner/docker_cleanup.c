#include "base/base.h"
#include "emulator/runner/docker_internal.h"
#include "emulator/docker/network.h"
#include "emulator/docker/volume.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/runner_config.h"
#include "emulator/runner/janitor.h"
#include "emulator/runner/job_env.h"
#include "emulator/store/store.h"

/* An engine that does not answer must not hold us. */
#define BUDGET_MS 60000

/* A volume is in use until its container is gone, also where somebody else removes that. */
#define IN_USE_TRIES    50
#define IN_USE_AGAIN_MS 100
#define CONFLICT        409

/* One removal; its handle is kept so that the budget can end it. */
struct removal {
	struct executor_docker *e;
	struct docker_call *call; /* NULL: it waits for its next try */
	const char *what;
	struct str volume;
	unsigned tries;
	struct loop_timer again;
	struct removal *next;
};

static void on_removed(void *arg, struct error *err);

static void try_again(void *arg)
{
	struct removal *r = arg;
	struct error late = ERROR_INIT;

	if (r->e->late) {
		error_set(&late, ERR_CANCELLED, 0, "canceled");
		on_removed(r, &late);
		return;
	}
	r->call = docker_volume_remove(r->e->engine, r->volume, true, on_removed, r);
}

/* Somebody else is at it: it is as good as done. */
static bool is_being_removed(const struct error *err)
{
	return err->domain == ERR_DOCKER && err->code == CONFLICT &&
	       str_find(str_c(err->text), STR("already in progress")) != STR_NPOS;
}

static void on_removed(void *arg, struct error *err)
{
	struct removal *r = arg, **at;
	struct executor_docker *e = r->e;

	if (err && r->volume.n && err->domain == ERR_DOCKER && err->code == CONFLICT && !e->late &&
		r->tries++ < IN_USE_TRIES) {
		r->call = NULL;
		loop_timer_start(
			build_host(e->base.build)->loop, &r->again, IN_USE_AGAIN_MS, try_again, r);
		return;
	}
	for (at = &e->removals; *at != r; at = &(*at)->next)
		;
	*at = r->next;
	if (err && !is_being_removed(err)) {
		struct outcome o;

		outcome_fail(&o, FAIL_RUNNER_SYSTEM, "cannot remove the job's %s: %s", r->what,
			e->late ? "the engine does not answer" : err->text);
		docker_fail(e, &o);
	}
	free(r);
	docker_end(e);
}

static struct removal *removal(struct executor_docker *e, const char *what)
{
	struct removal *r = xcalloc(1, sizeof(*r));

	r->e = e;
	r->what = what;
	r->next = e->removals;
	e->removals = r;
	docker_begin(e);
	return r;
}

static void on_late(void *arg)
{
	struct executor_docker *e = arg;
	struct removal *r;

	e->late = true;
	for (r = e->removals; r; r = r->next)
		if (r->call)
			docker_call_cancel(r->call);
}

static void remove_container(struct executor_docker *e, struct str id)
{
	bool volumes = !build_host(e->base.build)->config->docker.volume_keep.v;
	struct removal *r;

	if (!id.n)
		return;
	r = removal(e, "container");
	r->call = docker_container_remove(e->engine, id, true, volumes, on_removed, r);
}

static bool kept(const struct executor_docker *e)
{
	return build_host(e->base.build)->keep_failed && build_failed(e->base.build) &&
	       e->container.n;
}

/* The janitor of the next run must not take what was asked to stay. */
static void keep(struct executor_docker *e)
{
	const struct build_host *h = build_host(e->base.build);
	CLEANUP(free) char *mark = xasprintf("%s/" JANITOR_KEEP_FILE, h->run_dir);
	struct job_log *log = build_log(e->base.build);
	struct error err = ERROR_INIT;
	const char *docker[2];
	size_t i;

	if (store_write_file(mark, STR(""), &err))
		job_log_warnln(log, "%s", err.text);
	job_log_println(log, "The job's container is kept: " STR_FMT, STR_ARG(e->container_name));
	for (i = 0; i < e->n_services; i++)
		if (e->services[i].container.n)
			job_log_println(log, "The service's container is kept: " STR_FMT,
				STR_ARG(e->services[i].container_name));
	docker[0] = h->docker_host ? " -H " : "";
	docker[1] = h->docker_host ? h->docker_host : "";
	/* Without a client on its standard input, the shell in it waits for ever. */
	build_kept(e->base.build,
		"docker%s%s start " STR_FMT " && docker%s%s exec -it -w '" STR_FMT "' " STR_FMT
		" sh",
		docker[0], docker[1], STR_ARG(e->container_name), docker[0], docker[1],
		STR_ARG(build_env(e->base.build)->project_dir), STR_ARG(e->container_name));
}

void docker_cleanup_start(struct executor_docker *e)
{
	size_t i;

	loop_timer_start(build_host(e->base.build)->loop, &e->budget, BUDGET_MS, on_late, e);
	if (kept(e)) {
		keep(e);
		return;
	}
	remove_container(e, e->container);
	for (i = 0; i < e->n_services; i++)
		remove_container(e, e->services[i].container);
}

static void on_left(void *arg, struct error *err)
{
	struct removal *r = arg;
	struct executor_docker *e = r->e;

	/* The network goes once the last of the guests has left it. */
	if (e->guests && --e->guests == 0) {
		struct removal *net = removal(e, "network");

		net->call = docker_network_remove(e->engine, e->network, on_removed, net);
	}
	on_removed(r, err);
}

static void remove_network(struct executor_docker *e)
{
	const struct build_host *h = build_host(e->base.build);
	size_t i;

	if (!e->network.n)
		return;
	for (i = 0; i < h->n_extra_names; i++)
		e->guests += e->connected[i];
	if (!e->guests) {
		struct removal *net = removal(e, "network");

		net->call = docker_network_remove(e->engine, e->network, on_removed, net);
	}
	for (i = 0; i < h->n_extra_names; i++) {
		struct removal *r;

		if (!e->connected[i])
			continue;
		r = removal(e, "network");
		r->call = docker_network_disconnect(
			e->engine, e->network, h->extra_names[i].container, true, on_left, r);
	}
}

static void remove_volume(struct executor_docker *e, struct str name)
{
	struct removal *r;

	if (!name.n)
		return;
	r = removal(e, "volume");
	r->volume = name;
	r->call = docker_volume_remove(e->engine, name, true, on_removed, r);
}

void docker_cleanup_rest(struct executor_docker *e)
{
	e->phase = PHASE_REMOVE_REST;
	docker_begin(e);
	if (!kept(e)) {
		remove_network(e);
		remove_volume(e, e->volume);
		for (size_t i = 0; i < ARRAY_SIZE(e->layer.volumes); i++)
			remove_volume(e, e->layer.volumes[i]);
	}
	docker_end(e);
}
