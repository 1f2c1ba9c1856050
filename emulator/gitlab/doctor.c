#include "base/base.h"
#include "emulator/gitlab/doctor.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/gitlab/registry_state.h"
#include "emulator/gitlab/registry_up.h"
#include "emulator/gitlab/session.h"
#include "emulator/runner/runner_choose.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A container that only looks has long since looked. */
#define PROBE_MS 15000
/* A registry beside us answers at once. */
#define ANSWER_MS 5000

struct look {
	struct doctor *d;
	struct arena *a;
	const struct doctor_options *o;
	struct session s;
	int lock_fd;
	struct docker_kv labels[4];
	struct sync_info info;
	struct str image; /* of this engine, with a shell in it; empty: there is none */
};

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

/* A script in a container of its own, which is gone afterwards. */
static int probe(struct look *l, const char *script, bool privileged, struct docker_strs hosts,
	int64_t *code, struct str *said, struct error *err)
{
	struct str entrypoint = STR("sh"), cmd[2] = {STR("-c"), str_c(script)};
	struct container_spec spec = {.image = l->image,
		.has_entrypoint = true,
		.entrypoint = {&entrypoint, 1},
		.has_cmd = true,
		.cmd = {cmd, 2},
		.user = STR("0"),
		.labels = {l->labels, ARRAY_SIZE(l->labels)},
		.extra_hosts = hosts,
		.privileged = privileged};

	return sync_run(&l->s, &spec, PROBE_MS, 20, l->a, code, said, err);
}

/* ---- one engine ---- */

static struct str describe(const struct look *l, const struct endpoint *at)
{
	const struct sync_info *i = &l->info;

	return arena_printf(l->a,
		"%s " STR_FMT " (API %s) at %s (%s): " STR_FMT "/" STR_FMT "%s, " STR_FMT
		", %u processor%s, " STR_FMT,
		i->podman ? "Podman" : "Docker", STR_ARG(i->version),
		engine_api_version(l->s.engine), at->url, at->origin, STR_ARG(i->os),
		STR_ARG(i->arch), i->rootless ? ", rootless" : "", STR_ARG(i->storage_driver),
		i->cpus, i->cpus == 1 ? "" : "s", STR_ARG(size_text(l->a, i->memory)));
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

static void look_at_privileges(struct look *l)
{
	struct error err = ERROR_INIT;
	struct str said = STR_NULL;
	int64_t code = 0;
	enum doctor_state bad = l->o->privileged ? DOCTOR_FAILURE : DOCTOR_NOTE;

	if (!l->image.n) {
		doctor_add(l->d, "privileges", DOCTOR_NOTE,
			STR("not tried: the engine has no image with a shell that is known"),
			STR("'docker pull busybox' is enough"));
		return;
	}
	if (probe(l, "mount -t tmpfs none /mnt", true, (struct docker_strs){NULL, 0}, &code, &said,
		    &err) ||
		code) {
		doctor_add(l->d, "privileges", bad,
			arena_printf(l->a, "privileged containers do not work: " STR_FMT,
				STR_ARG(error_is(&err) ? str_c(err.text) : said)),
			STR("Docker-in-Docker needs them: an engine that runs as root, or a job "
			    "that builds without a daemon (buildah, kaniko)"));
		return;
	}
	doctor_add(l->d, "privileges", DOCTOR_OK,
		STR("privileged containers work; --privileged allows them"), STR_NULL);
}

/*
 * 401 is the answer of a registry that wants a password. With TLS it is enough that the port is
 * open: not every nc and wget speaks it.
 */
static const char *probe_script(struct look *l, const struct registry_info *info)
{
	size_t colon = str_chr(info->host, ':');
	struct str name = registry_host_name(info->host);
	struct str port = colon != STR_NPOS ? str_from(info->host, colon + 1)
			  : info->tls       ? STR("443")
					    : STR("80");

	if (info->tls)
		return arena_printf(l->a,
			"command -v nc >/dev/null || exit 9; nc -w 5 " STR_FMT " " STR_FMT
			" </dev/null",
			STR_ARG(name), STR_ARG(port))
			.p;
	return arena_printf(l->a,
		"h=" STR_FMT " p=" STR_FMT
		"; if command -v nc >/dev/null; then printf 'GET /v2/ HTTP/1.0\\r\\nHost: "
		"%%s\\r\\n\\r\\n' $h | nc -w 5 $h $p | head -n 1 | grep -q 401; elif command -v "
		"wget >/dev/null; then wget -T 5 -O /dev/null http://$h:$p/v2/ 2>&1 | grep -q 401; "
		"else exit 9; fi",
		STR_ARG(name), STR_ARG(port))
		.p;
}

static void look_from_job(struct look *l, const struct registry_info *info, struct str ip)
{
	struct str host = arena_printf(l->a, STR_FMT ":" STR_FMT,
			   STR_ARG(registry_host_name(info->host)), STR_ARG(ip)),
		   said = STR_NULL;
	const char *script = probe_script(l, info);
	struct error err = ERROR_INIT;
	int64_t code = 0;

	if (!l->image.n || !ip.n)
		return;
	if (probe(l, script, false, (struct docker_strs){&host, 1}, &code, &said, &err))
		doctor_add(l->d, "registry", DOCTOR_FAILURE,
			arena_printf(l->a, "from a container: %s", err.text), STR_NULL);
	else if (code == 9)
		doctor_add(l->d, "registry", DOCTOR_NOTE,
			arena_printf(l->a,
				"from a container: not tried, " STR_FMT " has neither nc nor wget",
				STR_ARG(l->image)),
			STR_NULL);
	else if (code)
		doctor_add(l->d, "registry", DOCTOR_FAILURE,
			arena_printf(l->a,
				"a container cannot reach it as " STR_FMT " (" STR_FMT
				"): " STR_FMT,
				STR_ARG(info->host), STR_ARG(ip), STR_ARG(said)),
			STR("a firewall between containers? Look at 'iptables -L DOCKER-USER', and "
			    "whether the engine was started with --icc=false"));
	else
		doctor_add(l->d, "registry", DOCTOR_OK,
			arena_printf(l->a,
				info->tls ? "a container reaches it as " STR_FMT
					    "; jobs and Docker-in-Docker services get the "
					    "certificate of its authority"
					  : "a container reaches it as " STR_FMT
					    "; a Docker-in-Docker service does where its command "
					    "has --insecure-registry with that name",
				STR_ARG(info->host)),
			STR_NULL);
}

static bool look_from_here(struct look *l, const struct registry_info *info)
{
	struct sync_response r = {0};
	struct error err = ERROR_INIT;
	struct sync_request q = {.url = arena_printf(l->a, STR_FMT "/v2/", STR_ARG(info->url)).p,
		.ca_file = info->ca_file};

	if (info->elsewhere) {
		doctor_add(l->d, "registry", DOCTOR_NOTE,
			arena_printf(l->a,
				"the local registry stands in for " STR_FMT
				", on the engine's machine; its port, " STR_FMT
				" there, is not reached from here and not needed",
				STR_ARG(info->host), STR_ARG(info->address)),
			STR_NULL);
		return true;
	}
	if (sync_http(&l->s, &q, l->a, &r, &err) || (r.status != 401 && r.status != 200)) {
		doctor_add(l->d, "registry", DOCTOR_FAILURE,
			arena_printf(l->a, "the local registry does not answer on " STR_FMT ": %s",
				STR_ARG(info->address),
				error_is(&err) ? err.text : "not as a registry does"),
			STR("'cilocal registry stop' and 'cilocal registry start' make it anew; "
			    "its images stay"));
		return false;
	}
	doctor_add(l->d, "registry", DOCTOR_OK,
		arena_printf(l->a,
			"the local registry stands in for " STR_FMT ", and answers on " STR_FMT
			", %s",
			STR_ARG(info->host), STR_ARG(info->address),
			info->tls ? "with TLS" : "without TLS"),
		STR_NULL);
	return true;
}

static void look_at_registry(struct look *l)
{
	struct registry_state state;
	struct registry_info info;
	struct sync_container c;
	struct error err = ERROR_INIT;

	if (registry_state_read(&state, l->a, l->o->registry, &err) ||
		registry_look(&l->s, &state, l->o->registry, l->a, &info, &err)) {
		doctor_add(l->d, "registry", DOCTOR_WARNING, str_c(err.text), STR_NULL);
		return;
	}
	if (!info.running) {
		doctor_add(l->d, "registry", DOCTOR_NOTE,
			info.storage ? STR("the local registry is stopped; its images are kept")
				     : STR("the local registry is not running"),
			STR("pipelines that push images want it: 'cilocal registry start', or "
			    "'cilocal run --registry'"));
		return;
	}
	/* One that does not answer here would not answer there. */
	if (look_from_here(l, &info) && !sync_inspect(&l->s, info.container, l->a, &c, &err))
		look_from_job(l, &info, c.ip);
}

static void look_at_names(struct look *l)
{
	struct addrinfo *found = NULL;
	const char *host = arena_cstr(l->a, l->o->host);
	int rc;

	if (!*host || str_ends(l->o->host, STR(".localhost")))
		return;
	rc = getaddrinfo(host, NULL, NULL, &found);
	if (!rc) {
		freeaddrinfo(found);
		return;
	}
	doctor_add(l->d, "names", DOCTOR_NOTE,
		arena_printf(
			l->a, "this machine finds no address of %s (%s)", host, gai_strerror(rc)),
		STR("jobs that log in there fail, unless the local registry stands in for it "
		    "(--registry), or extra_hosts in the configuration names its address"));
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
	struct sync_names names;

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
	if (engine_is_local(l->s.engine) && l->info.root_dir.n)
		look_at_disk(l, "the engine", arena_cstr(l->a, l->info.root_dir));
	l->image = sync_images(&l->s, l->a, &names, &mine) ? STR_NULL : find_image(l, &names);
	look_at_privileges(l);
	if (!index)
		look_at_registry(l);
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
	if (!rc)
		look_at_names(&l);
	if (l.lock_fd >= 0)
		close(l.lock_fd);
	if (session_close(&l.s, rc ? NULL : err))
		rc = -1;
	return rc;
}
