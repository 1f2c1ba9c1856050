/*
 * The sources of a job as a mount over what is on the engine already (layers.h), where that is
 * quicker than an upload: beyond a size.
 */
#include "base/base.h"
#include "emulator/runner/docker_internal.h"
#include "emulator/core/trace.h"
#include "emulator/docker/volume.h"
#include "emulator/git/snapshot.h"
#include "emulator/runner/job_env.h"

/*
 * Measured: two more volumes cost a job some 15 ms, an upload 0.5 ms a file and 10 ms a MiB; but
 * each change of the tree makes a delta, which costs the run some 250 ms.
 */
#define MIN_BYTES   ((uint64_t)8 << 20)
#define MIN_ENTRIES 400

static void upload_instead(struct executor_docker *e, const char *why)
{
	bool direct = docker_direct_wants_volume(e);

	e->layer.wanted = false;
	TRACE(JOB, STR_FMT ": the sources are %s: %s", STR_ARG(build_spec(e->base.build)->name),
		direct ? "copied" : "uploaded", why);
	/* After a stop nothing more is made. */
	if (direct && !e->stopping)
		docker_make_volume(e);
}

/* The list of the sources; what fails is said where they are asked for again. */
static void on_list(void *arg, const struct snapshot *s, const struct error *err)
{
	struct executor_docker *e = arg;

	if (err || !s)
		e->layer.wanted = false;
	else if (s->bytes < MIN_BYTES && s->entries.n < MIN_ENTRIES)
		upload_instead(e, "they are small");
	docker_end(e);
}

void docker_layer_plan(struct executor_docker *e)
{
	const struct build_host *h = build_host(e->base.build);

	if (!h->layers || !build_sources_planned(e->base.build, &e->layer.view)) {
		upload_instead(e, "there is nothing to mount at first");
		return;
	}
	if (str_eq(build_env(e->base.build)->project_dir, e->base.ops->builds_dir(&e->base))) {
		upload_instead(e, "they are the folder of the builds itself");
		return;
	}
	/* A volume of the configuration at the very place of the sources stays what is there. */
	if (docker_is_mounted(e, build_env(e->base.build)->project_dir, str_eq)) {
		upload_instead(e, "the runner configuration mounts something there");
		return;
	}
	e->layer.wanted = true;
	docker_begin(e);
	sources_want(h->sources, &e->layer.list, on_list, e);
}

struct made {
	struct executor_docker *e;
	size_t i;
};

static void on_made(void *arg, struct error *err, struct str name, struct str mountpoint)
{
	struct made *m = arg;
	struct executor_docker *e = m->e;

	if (err) {
		docker_fail_error(e, err, SPAN_NONE, "cannot make the job's volume");
	} else {
		e->layer.volumes[m->i] = arena_str(e->arena, name);
		if (m->i == 0)
			e->layer.mountpoint = arena_str(e->arena, mountpoint);
	}
	docker_end(e);
}

static void on_layer(void *arg, const struct layer_mount *m, const char *why)
{
	struct executor_docker *e = arg;
	struct volume_spec volumes[2];

	/* Nothing is mounted and nothing is made any more: the phase ends here. */
	if (e->stopping) {
		docker_end(e);
		return;
	}
	if (!m) {
		upload_instead(e, why);
	} else if (layers_volumes(e->arena, m, e->prefix, e->labels, volumes)) {
		TRACE(JOB, STR_FMT ": the sources are mounted, not copied",
			STR_ARG(build_spec(e->base.build)->name));
		/* For what stands around them. */
		if (docker_direct_wants_volume(e))
			docker_make_volume(e);
		for (size_t i = 0; i < ARRAY_SIZE(volumes); i++) {
			struct made *made = arena_new(e->arena, struct made);

			*made = (struct made){e, i};
			docker_begin(e);
			docker_volume_create(e->engine, &volumes[i], on_made, made);
		}
	} else {
		upload_instead(e, "the engine keeps its volumes at too long a path");
	}
	docker_end(e);
}

void docker_layer_start(struct executor_docker *e)
{
	const struct build_host *h = build_host(e->base.build);
	struct layers_want want = {.view = &e->layer.view,
		.image = e->image,
		.labels = e->labels,
		.run_id = h->run_id};

	if (!e->layer.wanted)
		return;
	docker_begin(e);
	layers_want(h->layers, &e->layer.wait, &want, on_layer, e);
}

bool docker_layer_mounted(const struct executor_docker *e)
{
	return e->layer.volumes[0].n != 0;
}

void docker_layer_stop(struct executor_docker *e)
{
	if (e->layer.list.sources) {
		sources_unwant(&e->layer.list);
		docker_end(e);
	}
	layers_cancel(&e->layer.wait);
}
