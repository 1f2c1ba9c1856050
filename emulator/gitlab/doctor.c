#include "base/base.h"
#include "emulator/gitlab/doctor.h"
#include "emulator/gitlab/doctor_internal.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/gitlab/registry.h"
#include "emulator/runner/runner_choose.h"
#include "emulator/runner/runner_config.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

/* A registry beside us answers at once. */
#define ANSWER_MS 5000
/* Less is the time that a question takes. */
#define CLOCK_S 30

const char *doctor_state_word(enum doctor_state s)
{
	static const char *const words[] = {"ok", "note", "warning", "failure"};

	return words[s];
}

void doctor_add(struct doctor *d, const char *name, enum doctor_state state, struct str text,
	struct str cure)
{
	struct doctor_item item = {
		name, state, arena_str(d->arena, text), arena_str(d->arena, cure)};

	vec_push_in(d->arena, &d->items, item);
}

static struct str size_text(struct arena *a, uint64_t bytes)
{
	return arena_printf(a, "%.1f GB", (double)bytes / 1e9);
}

/* ---- disk ---- */

static void look_at_disk(struct look *l, const char *what, const char *path)
{
	struct statvfs v;
	uint64_t bytes;
	struct str text;

	if (statvfs(path, &v))
		return;
	bytes = (uint64_t)v.f_bavail * v.f_frsize;
	text = arena_printf(
		l->a, STR_FMT " free for %s, %s", STR_ARG(size_text(l->a, bytes)), what, path);
	if (bytes < (uint64_t)200 << 20)
		doctor_add(l->d, "disk", DOCTOR_FAILURE, text,
			STR("make room: 'cilocal clean --dry-run' shows what cilocal keeps, "
			    "'docker system df' what the engine does"));
	else if (bytes < (uint64_t)2 << 30)
		doctor_add(l->d, "disk", DOCTOR_WARNING, text,
			STR("an image alone may be larger: 'cilocal clean' and 'docker image "
			    "prune' make room"));
	else
		doctor_add(l->d, "disk", DOCTOR_OK, text, STR_NULL);
}

/* ---- containers that look ---- */

static void lock(struct look *l)
{
	char host[256] = "";
	const char *dir = registry_state_dir(l->a, l->o->registry, NULL);
	const char *path = dir ? arena_printf(l->a, "%s/doctor.lock", dir).p : "";

	gethostname(host, sizeof(host) - 1);
	l->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (l->lock_fd >= 0)
		flock(l->lock_fd, LOCK_EX | LOCK_NB);
	l->labels[0] = (struct docker_kv){STR("cilocal.managed"), STR("true")};
	l->labels[1] = (struct docker_kv){STR("cilocal.run"), STR("doctor")};
	l->labels[2] = (struct docker_kv){STR("cilocal.lock"), str_c(path)};
	l->labels[3] = (struct docker_kv){STR("cilocal.host"), arena_str(l->a, str_c(host))};
}

int doctor_probe(struct look *l, struct container_spec *spec, const char *script, uint64_t limit_ms,
	int64_t *code, struct str *said, struct error *err)
{
	struct str entrypoint = STR("sh"), *cmd = arena_array(l->a, struct str, spec->cmd.n + 3);

	cmd[0] = STR("-c");
	cmd[1] = str_c(script);
	cmd[2] = STR("sh");
	for (size_t i = 0; i < spec->cmd.n; i++)
		cmd[i + 3] = spec->cmd.v[i];
	if (!spec->image.n)
		spec->image = l->image;
	spec->has_entrypoint = spec->has_cmd = true;
	spec->entrypoint = (struct docker_strs){&entrypoint, 1};
	spec->cmd = (struct docker_strs){cmd, spec->cmd.n + 3};
	spec->user = STR("0");
	spec->labels = (struct docker_kvs){l->labels, ARRAY_SIZE(l->labels)};
	return sync_run(&l->s, spec, limit_ms, 20, l->a, code, said, err);
}

/* ---- one engine ---- */

static struct str describe(const struct look *l, const struct endpoint *at)
{
	const struct sync_info *i = &l->info;
	struct str cgroup = i->cgroup_version.n ? arena_printf(l->a, ", cgroup v" STR_FMT,
							  STR_ARG(i->cgroup_version))
						: STR("");

	return arena_printf(l->a,
		"%s " STR_FMT " (API %s) at %s (%s): " STR_FMT "/" STR_FMT "%s%s, " STR_FMT STR_FMT
		", %u processor%s, " STR_FMT,
		i->podman ? "Podman" : "Docker", STR_ARG(i->version),
		engine_api_version(l->s.engine), at->url, at->origin, STR_ARG(i->os),
		STR_ARG(i->arch), engine_is_local(l->s.engine) ? "" : ", on another machine",
		i->rootless ? ", rootless" : "", STR_ARG(i->storage_driver), STR_ARG(cgroup),
		i->cpus, i->cpus == 1 ? "" : "s", STR_ARG(size_text(l->a, i->memory)));
}

static void add_engine(struct look *l, const struct endpoint *at)
{
	const struct sync_info *i = &l->info;
	struct doctor_engine e = {.kind = i->podman ? "Podman" : "Docker",
		.url = arena_str(l->a, str_c(at->url)),
		.origin = arena_str(l->a, str_c(at->origin)),
		.version = i->version,
		.api = arena_str(l->a, str_c(engine_api_version(l->s.engine))),
		.storage_driver = i->storage_driver,
		.cgroup_version = i->cgroup_version,
		.rootless = i->rootless,
		.remote = !engine_is_local(l->s.engine)};

	vec_push_in(l->a, &l->d->engines, e);
}

/* ---- its clock ---- */

/* "2026-11-24T06:50:42.123456789+01:00", as engines write a time. -1: it is none. */
static int64_t unix_time(struct arena *a, struct str text)
{
	struct tm t = {0};
	const char *rest = strptime(arena_cstr(a, text), "%Y-%m-%dT%H:%M:%S", &t);
	int hours = 0, minutes = 0;
	int64_t east = 0;

	if (!rest)
		return -1;
	rest += strspn(rest, ".0123456789");
	if ((*rest == '+' || *rest == '-') && sscanf(rest + 1, "%2d:%2d", &hours, &minutes) == 2)
		east = (*rest == '-' ? -1 : 1) * (hours * 60 + minutes) * 60;
	return timegm(&t) - east;
}

static void look_at_clock(struct look *l)
{
	int64_t theirs = unix_time(l->a, l->info.system_time), off = theirs - time(NULL);

	if (theirs < 0)
		return;
	if (llabs(off) <= CLOCK_S)
		doctor_add(l->d, "clock", DOCTOR_OK, STR("this machine and the engine agree"),
			STR_NULL);
	else
		doctor_add(l->d, "clock", DOCTOR_WARNING,
			arena_printf(l->a, "the engine's clock is %lld s %s this machine's",
				llabs(off), off < 0 ? "behind" : "ahead of"),
			STR("certificates and tokens fail by that: set both clocks by a time "
			    "server; a virtual machine that slept (Docker Desktop) gets its time "
			    "when it is started again"));
}

/* Images that have a shell, by what they are usually called; none is pulled for this. */
static struct str find_image(struct look *l, const struct sync_names *names)
{
	static const char *const known[] = {"busybox:", "alpine:", "docker:", "debian:", "ubuntu:",
		"registry:", "redis:", "postgres:", "python:", "node:", "golang:"};

	for (size_t k = 0; k < ARRAY_SIZE(known); k++)
		for (size_t i = 0; i < names->n; i++)
			if (str_starts(names->v[i], str_c(known[k])))
				return names->v[i];
	return STR_NULL;
}

/* The pipeline's own, else any of the usual name. */
static struct str find_dind(struct look *l)
{
	struct str any = STR_NULL;

	for (size_t i = 0; i < l->images.n; i++) {
		struct str name = l->images.v[i];

		if (l->o->dind_image.n && str_eq(name, l->o->dind_image))
			return name;
		if (!any.n && str_starts(name, STR("docker:")) && str_ends(name, STR("dind")))
			any = name;
	}
	return any;
}

static void look_at_privileges(struct look *l)
{
	struct error err = ERROR_INIT;
	struct str said = STR_NULL;
	int64_t code = 0;
	struct container_spec spec = {.privileged = true};
	enum doctor_state bad = l->o->privileged ? DOCTOR_FAILURE : DOCTOR_NOTE;

	l->may_privileged = false;
	if (!l->image.n) {
		doctor_add(l->d, "privileges", DOCTOR_NOTE,
			STR("not tried: the engine has no image with a shell that is known"),
			STR("'docker pull busybox' is enough"));
		return;
	}
	if (doctor_probe(
		    l, &spec, "mount -t tmpfs none /mnt", DOCTOR_PROBE_MS, &code, &said, &err) ||
		code) {
		doctor_add(l->d, "privileges", bad,
			arena_printf(l->a, "privileged containers do not work: " STR_FMT,
				STR_ARG(error_is(&err) ? str_c(err.text) : said)),
			STR("Docker-in-Docker needs them: an engine that runs as root, or a job "
			    "that builds without a daemon (buildah, kaniko)"));
		return;
	}
	l->may_privileged = true;
	doctor_add(l->d, "privileges", DOCTOR_OK,
		STR("privileged containers work; --privileged allows them"), STR_NULL);
}

/* ---- limits ---- */

/* The engine takes such settings without a word. */
static void look_at_limits(struct look *l)
{
	const struct sync_info *i = &l->info;
	const struct rc_docker *d = &l->config->docker;
	bool memory = d->memory.v.n || d->memory_swap.v.n || d->memory_reservation.v.n ||
		      d->service_memory.v.n || d->service_memory_swap.v.n ||
		      d->service_memory_reservation.v.n;
	bool cpus =
		d->cpus.v.n || d->service_cpus.v.n || d->cpu_shares.v || d->service_cpu_shares.v;
	bool cpuset = d->cpuset_cpus.v.n || d->cpuset_mems.v.n || d->service_cpuset_cpus.v.n;
	bool asked = (memory && i->no_memory_limit) || (cpus && i->no_cpu_limit) ||
		     (cpuset && i->no_cpuset);
	struct buf text = BUF_INIT;

	if (i->no_memory_limit)
		buf_adds(&text, ", memory");
	if (i->no_cpu_limit)
		buf_adds(&text, ", CPU time");
	if (i->no_cpuset)
		buf_adds(&text, ", sets of CPUs");
	if (text.n)
		doctor_add(l->d, "limits", asked ? DOCTOR_WARNING : DOCTOR_NOTE,
			arena_printf(l->a,
				"the engine can't limit" STR_FMT ": such keys of [runners.docker] "
				"%s",
				STR_ARG(str_from(buf_str(&text), 1)),
				asked ? "are set, and have no effect" : "would have no effect"),
			i->rootless
				? STR("an engine without root limits jobs with cgroup v2, where "
				      "systemd delegates the controllers cpu, cpuset, memory "
				      "and pids to its user; one that runs as root always does")
				: STR("the kernel of the engine's machine has no cgroup "
				      "controllers for that, or they are not mounted"));
	buf_release(&text);
}

static void no_engine(struct look *l, size_t index, const struct error *err)
{
	const struct runner_configs *all = l->o->runners;
	struct str who = all->n == 1 ? STR("")
				     : arena_printf(l->a, STR_FMT ": ",
					       STR_ARG(runner_title(all, index, l->a)));

	doctor_add(l->d, "engine", l->o->docker ? DOCTOR_FAILURE : DOCTOR_WARNING,
		arena_printf(l->a, STR_FMT "%s", STR_ARG(who), err->text),
		STR("start Docker or Podman (for Podman: 'systemctl --user start podman.socket'), "
		    "or say where the engine is with DOCKER_HOST; jobs without an image run in a "
		    "shell without one"));
}

static int look_at_engine(struct look *l, size_t index, struct error *err)
{
	struct endpoint_lookup where;
	struct error mine = ERROR_INIT;

	rc_endpoint(&l->o->runners->v[index], l->a, &where);
	session_engine_close(&l->s);
	if (session_engine(&l->s, &where, &mine) ||
		sync_engine_info(&l->s, l->a, &l->info, &mine)) {
		if (l->s.signum)
			return error_set(err, ERR_CANCELLED, l->s.signum, "interrupted");
		no_engine(l, index, &mine);
		return 0;
	}
	doctor_add(l->d, "engine", str_is(l->info.os, "linux") ? DOCTOR_OK : DOCTOR_FAILURE,
		describe(l, engine_endpoint(l->s.engine)),
		str_is(l->info.os, "linux")
			? STR_NULL
			: STR("jobs run in Linux containers: switch the engine"));
	add_engine(l, engine_endpoint(l->s.engine));
	if (engine_is_local(l->s.engine) && l->info.root_dir.n)
		look_at_disk(l, "the engine", arena_cstr(l->a, l->info.root_dir));
	look_at_clock(l);
	l->image = l->dind_image = STR_NULL;
	if (!sync_images(&l->s, l->a, &l->images, &mine)) {
		l->image = find_image(l, &l->images);
		l->dind_image = find_dind(l);
	}
	l->config = &l->o->runners->v[index];
	look_at_limits(l);
	look_at_privileges(l);
	if (!index)
		doctor_look_at_registry(l);
	return l->s.signum ? error_set(err, ERR_CANCELLED, l->s.signum, "interrupted") : 0;
}

static bool uses_engine(const struct runner_config *c)
{
	return !c->executor.set || str_is(c->executor.v, "docker");
}

int doctor_look(struct doctor *d, const struct doctor_options *o, struct error *err)
{
	struct look l = {.d = d, .a = d->arena, .o = o, .lock_fd = -1};
	int rc = 0;

	if (session_open(&l.s, err))
		return -1;
	l.s.get_timeout_ms = ANSWER_MS;
	lock(&l);
	if (o->root)
		look_at_disk(&l, "runs and caches", o->root);
	for (size_t i = 0; !rc && i < o->runners->n; i++)
		if (uses_engine(&o->runners->v[i]) && rc_same_engine(o->runners, i) == i)
			rc = look_at_engine(&l, i, err);
	if (l.lock_fd >= 0)
		close(l.lock_fd);
	if (session_close(&l.s, rc ? NULL : err))
		rc = -1;
	return rc;
}
