#include "base/base.h"
#include "emulator/runner/docker_internal.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/docker_values.h"
#include "emulator/runner/job_env.h"
#include "emulator/runner/runner_config.h"

bool docker_wants_name(const struct executor_docker *e, size_t i)
{
	return e->wants_mirror || !build_host(e->base.build)->extra_names[i].mirror.n;
}

static const struct extra_name *mirror_of(const struct build_host *h)
{
	for (size_t i = 0; i < h->n_extra_names; i++)
		if (h->extra_names[i].mirror.n)
			return &h->extra_names[i];
	return NULL;
}

/* Why a daemon can't be told of the mirror by options; NULL: it can. */
static const char *no_mirror(struct executor_docker *e, const struct docker_service *s)
{
	const struct rc_docker *d = &build_host(e->base.build)->config->docker;
	struct docker_volume_text v;

	if (d->network_mode.v.n)
		return "network_mode is set";
	if (s->entrypoint.n ||
		(s->cmd.n && !str_starts(s->cmd.v[0], STR("-")) && !str_is(s->cmd.v[0], "dockerd")))
		return "its command is a program of its own";
	for (size_t i = 0; i < d->volumes.n; i++) {
		struct str text =
			job_env_expand(build_env(e->base.build), e->arena, d->volumes.v[i].v);

		if (docker_volume_parse(text, &v) &&
			docker_path_holds(v.target, STR("/etc/docker/daemon.json")))
			return "its daemon.json is in a volume, and dockerd refuses options that "
			       "are in there too";
	}
	return NULL;
}

/*
 * Stand-ins for images of Docker Hub, for what a daemon in a service pulls and builds: a mirror,
 * which it asks first. With its scheme the second option makes BuildKit speak HTTP too (Docker
 * Engine, daemon, RegistryHosts).
 */
void docker_mirror_add(struct executor_docker *e, struct docker_service *s)
{
	const struct extra_name *m = mirror_of(build_host(e->base.build));
	size_t n = 0, first = s->cmd.n && str_is(s->cmd.v[0], "dockerd");
	const char *why;
	struct str *v;

	if (!m)
		return;
	why = no_mirror(e, s);
	if (why) {
		job_log_warnln(build_log(e->base.build),
			"service '" STR_FMT "' gets no stand-ins for images: %s",
			STR_ARG(s->written), why);
		return;
	}
	v = arena_array(e->arena, struct str, s->cmd.n + 3);
	for (size_t i = 0; i < first; i++)
		v[n++] = s->cmd.v[i];
	v[n++] = arena_printf(e->arena, "--registry-mirror=http://" STR_FMT, STR_ARG(m->mirror));
	v[n++] = arena_printf(e->arena, "--insecure-registry=http://" STR_FMT, STR_ARG(m->mirror));
	for (size_t i = first; i < s->cmd.n; i++)
		v[n++] = s->cmd.v[i];
	s->cmd = (struct docker_strs){v, n};
	e->wants_mirror = true;
	job_log_infoln(build_log(e->base.build),
		"Service " STR_FMT " asks " STR_FMT
		" before Docker Hub, which has this run's stand-ins for images",
		STR_ARG(s->written), STR_ARG(m->mirror));
}
