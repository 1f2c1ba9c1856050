/*
 * The registry as three see it: this machine, a job's container, and the daemon of a
 * Docker-in-Docker service. Each has its own names, trust and routes, so each is tried.
 */
#include "base/base.h"
#include "emulator/gitlab/doctor_internal.h"
#include "emulator/core/error.h"
#include "emulator/gitlab/registry_state.h"
#include "emulator/gitlab/registry_up.h"
#include "emulator/runner/diagnose.h"
#include "emulator/runner/docker_values.h"
#include "emulator/runner/runner_config.h"

/* A daemon in a container needs a while to start. */
#define DIND_MS 45000

struct target {
	struct str host; /* CI_REGISTRY */
	struct str name, port;
	struct str ip; /* of the local registry's container; empty: by its name */
	const struct registry_info *local; /* NULL: it is somewhere else */
};

static void add(struct look *l, enum doctor_state state, struct str text, const char *cure)
{
	doctor_add(l->d, "registry", state, text, cure ? str_c(cure) : STR_NULL);
}

static void fill_target(struct target *t, struct str host, const struct registry_info *local)
{
	size_t colon = str_chr(host, ':');

	*t = (struct target){.host = host, .name = registry_host_name(host), .local = local};
	if (colon != STR_NPOS)
		t->port = str_from(host, colon + 1);
	else
		t->port = local && !local->tls ? STR("80") : STR("443");
}

/* What containers of jobs get of the configuration, as far as it is about finding names. */
static void names_of_jobs(struct look *l, const struct target *t, struct container_spec *spec)
{
	const struct rc_docker *d = &l->config->docker;
	const struct rc_list *lists[] = {&d->extra_hosts, &d->dns, &d->dns_search};
	struct docker_strs *out[] = {&spec->extra_hosts, &spec->dns, &spec->dns_search};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct str *v = arena_array(l->a, struct str, lists[i]->n + 1);
		size_t n = 0;

		if (!i && t->ip.n)
			v[n++] = arena_printf(
				l->a, STR_FMT ":" STR_FMT, STR_ARG(t->name), STR_ARG(t->ip));
		for (size_t k = 0; k < lists[i]->n && !(n && !i); k++)
			v[n++] = lists[i]->v[k].v;
		*out[i] = (struct docker_strs){v, n};
	}
}

/* ---- from this machine ---- */

/* Empty: it finds none. */
static struct str address_here(struct look *l, struct str name)
{
	struct error ignored = ERROR_INIT;
	struct str address;

	sync_address(&l->s, arena_cstr(l->a, name), l->a, &address, &ignored);
	return address;
}

static bool local_from_here(struct look *l, const struct registry_info *info)
{
	struct sync_response r = {0};
	struct error err = ERROR_INIT;
	struct sync_request q = {.url = arena_printf(l->a, STR_FMT "/v2/", STR_ARG(info->url)).p,
		.ca_file = info->ca_file};

	if (info->elsewhere) {
		add(l, DOCTOR_NOTE,
			arena_printf(l->a,
				"the local registry stands in for " STR_FMT
				", on the engine's machine; its port, " STR_FMT
				" there, is not reached from here and not needed",
				STR_ARG(info->host), STR_ARG(info->address)),
			NULL);
		return true;
	}
	if (sync_http(&l->s, &q, l->a, &r, &err) || (r.status != 401 && r.status != 200)) {
		add(l, DOCTOR_FAILURE,
			arena_printf(l->a, "the local registry does not answer on " STR_FMT ": %s",
				STR_ARG(info->address),
				error_is(&err) ? err.text : "not as a registry does"),
			"'cilocal registry stop' and 'cilocal registry start' make it anew; its "
			"images stay");
		return false;
	}
	add(l, DOCTOR_OK,
		arena_printf(l->a,
			"the local registry stands in for " STR_FMT ", and answers on " STR_FMT
			", %s",
			STR_ARG(info->host), STR_ARG(info->address),
			info->tls ? "with TLS" : "without TLS"),
		NULL);
	return true;
}

static void far_from_here(struct look *l, const struct target *t)
{
	struct sync_response r = {0};
	struct error err = ERROR_INIT;
	struct sync_request q = {
		.url = arena_printf(l->a, "https://" STR_FMT "/v2/", STR_ARG(t->host)).p};

	if (!sync_http(&l->s, &q, l->a, &r, &err) && (r.status == 401 || r.status == 200))
		add(l, DOCTOR_OK,
			arena_printf(l->a, "this machine reaches " STR_FMT, STR_ARG(t->host)),
			NULL);
	else
		add(l, DOCTOR_WARNING,
			arena_printf(l->a, "this machine does not reach " STR_FMT ": %s",
				STR_ARG(t->host),
				error_is(&err) ? err.text : "it does not answer as a registry"),
			"images of jobs are pulled by the engine, which has names, proxies and "
			"authorities of its own (/etc/docker/certs.d); 'cilocal run --registry' "
			"does without that registry");
}

/* ---- from a job ---- */

/* 7: the name is not found, 9: not tried. */
#define FIND_NAME                                                                                 \
	"if command -v getent >/dev/null; then getent hosts $n >/dev/null || exit 7\n"            \
	"elif command -v nc >/dev/null; then ! nc -w 3 $n $p </dev/null 2>&1 | "                  \
	"grep -qE 'bad address|not known|resolve' || exit 7\n"                                    \
	"elif command -v wget >/dev/null; then ! wget -q -T 3 -O /dev/null http://$n:$p/ 2>&1 | " \
	"grep -qE 'bad address|unable to resolve' || exit 7\n"
static const char dns_script[] = "n=$1 p=9\n" FIND_NAME "else exit 9; fi\n";
/*
 * 6: nothing answers at the port. Where the registry has no TLS it must answer as one: 401 asks for
 * a password.
 */
static const char job_script[] =
	"n=$1 p=$2 plain=$3\n" FIND_NAME "else exit 9; fi\n"
	"if command -v nc >/dev/null; then\n"
	"[ $plain ] || { nc -w 5 $n $p </dev/null && exit 0; exit 6; }\n"
	"printf 'GET /v2/ HTTP/1.0\\r\\nHost: %s\\r\\n\\r\\n' $n | nc -w 5 $n $p | head -n 1 | "
	"grep -q 401 || exit 6\n"
	"elif command -v wget >/dev/null && [ $plain ]; then\n"
	"wget -T 5 -O /dev/null http://$n:$p/v2/ 2>&1 | grep -q 401 || exit 6\n"
	"else exit 9; fi\n";

static void not_found_in_job(struct look *l, const struct target *t)
{
	struct str here = address_here(l, t->name);

	add(l, DOCTOR_WARNING,
		arena_printf(l->a,
			"a container finds no address of " STR_FMT
			"; this machine does, by its own /etc/hosts or DNS server",
			STR_ARG(t->name)),
		arena_printf(l->a,
			"extra_hosts = [\"" STR_FMT ":" STR_FMT
			"\"] in [runners.docker], or dns = [\"SERVER\"] with one that knows it",
			STR_ARG(t->name), STR_ARG(here.n ? here : STR("ADDRESS")))
			.p);
}

static void from_job(struct look *l, const struct target *t)
{
	struct str words[] = {t->name, t->port, t->local && !t->local->tls ? STR("1") : STR("")};
	struct container_spec spec = {.cmd = {words, ARRAY_SIZE(words)}};
	struct error err = ERROR_INIT;
	struct str said = STR_NULL;
	int64_t code = 0;

	if (!l->image.n)
		return;
	names_of_jobs(l, t, &spec);
	if (doctor_probe(l, &spec, job_script, DOCTOR_PROBE_MS, &code, &said, &err))
		add(l, DOCTOR_FAILURE, arena_printf(l->a, "from a container: %s", err.text), NULL);
	else if (code == 9)
		add(l, DOCTOR_NOTE,
			arena_printf(l->a,
				"from a container: not tried, " STR_FMT " has neither nc nor wget",
				STR_ARG(l->image)),
			NULL);
	else if (code == 7 && !t->local)
		not_found_in_job(l, t);
	else if (code)
		add(l, t->local ? DOCTOR_FAILURE : DOCTOR_WARNING,
			arena_printf(l->a,
				"a container cannot reach " STR_FMT "%s" STR_FMT "%s" STR_FMT,
				STR_ARG(t->host), t->ip.n ? " at " : "", STR_ARG(t->ip),
				said.n ? ": " : "", STR_ARG(said)),
			"a firewall between containers? Look at 'iptables -L DOCKER-USER', and "
			"whether the engine was started with --icc=false; for one that is reached "
			"through a proxy, HTTPS_PROXY in environment of [[runners]]");
	else
		add(l, DOCTOR_OK,
			arena_printf(l->a, "a container reaches " STR_FMT, STR_ARG(t->host)), NULL);
}

/* ---- from a Docker-in-Docker service ---- */

/*
 * 8: the daemon did not start; else what it said to a pull of an image that nobody has. One for
 * which the registry is insecure tries HTTP after any error, and then tells of that alone.
 */
static const char dind_script[] =
	"image=$1; shift\n"
	"export DOCKER_HOST=unix:///var/run/docker.sock DOCKER_TLS_CERTDIR=\n"
	"dockerd-entrypoint.sh dockerd --host=$DOCKER_HOST \"$@\" >/dockerd.log 2>&1 &\n"
	"i=0\n"
	"until docker info >/dev/null 2>&1; do\n"
	"i=$((i + 1))\n"
	"if [ $i -gt 120 ] || ! kill -0 $! 2>/dev/null; then tail -n 3 /dockerd.log; exit 8; fi\n"
	"sleep 0.25\n"
	"done\n"
	"docker pull $image >/said 2>&1\n"
	"sed -n 's/.*next endpoint for pull after error: //p' /dockerd.log\n"
	"tail -n 1 /said\n";

/* Words of a registry that was reached: it knows no such image, or wants a login first. */
static bool is_answer(struct str line)
{
	static const char *const words[] = {"no basic auth credentials", "unauthorized", "denied",
		"manifest unknown", "not found", "authentication required"};

	if (str_find(line, STR("lookup ")) != STR_NPOS || str_find(line, STR("dial ")) != STR_NPOS)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_find(line, str_c(words[i])) != STR_NPOS)
			return true;
	return false;
}

/* Whether one of the lines is; *last: the last of them. */
static bool was_reached(struct str said, struct str *last)
{
	struct str_split it = str_split(said, '\n');
	struct str line;
	bool reached = false;

	while (str_split_next(&it, &line)) {
		if (line.n)
			*last = line;
		reached |= is_answer(line);
	}
	return reached;
}

/* What the daemon's words mean is what a job's log would say of them. */
static void explain(struct look *l, const struct target *t, struct str said)
{
	struct diagnose *d = diagnose_new();
	const struct diagnose_hit *hit = diagnose_line(d, said);
	struct diagnose_context ctx = {.config = l->config};
	struct diagnose_hint hint;
	struct str cure = STR_NULL;

	if (hit) {
		diagnose_explain(l->a, hit, &ctx, &hint);
		cure = hint.cure;
		if (hint.n_places && hint.places[0].file.n)
			cure = arena_printf(l->a, STR_FMT " (" STR_FMT ":%u)", STR_ARG(cure),
				STR_ARG(hint.places[0].file), hint.places[0].line);
	}
	add(l, l->o->privileged ? DOCTOR_FAILURE : DOCTOR_WARNING,
		arena_printf(l->a,
			"a Docker-in-Docker service does not reach " STR_FMT ": " STR_FMT,
			STR_ARG(t->host), STR_ARG(said)),
		cure.n ? arena_cstr(l->a, cure) : NULL);
	diagnose_free(d);
}

/* Volumes that configure the daemon: daemon.json, authorities of registries. */
static void binds_of_dind(struct look *l, struct container_spec *spec)
{
	const struct rc_list *volumes = &l->config->docker.volumes;
	struct str *v = arena_array(l->a, struct str, volumes->n + 1);
	struct docker_volume_text text;
	size_t n = 0;

	for (size_t i = 0; i < volumes->n; i++)
		if (docker_volume_parse(volumes->v[i].v, &text) && text.source.n &&
			text.source.p[0] == '/' && str_starts(text.target, STR("/etc/docker")))
			v[n++] = volumes->v[i].v;
	spec->binds = (struct docker_strs){v, n};
}

static void arguments_of_dind(struct look *l, const struct target *t, struct container_spec *spec)
{
	const struct docker_strs *own = &l->o->dind_command;
	struct str *v = arena_array(l->a, struct str, own->n + 3);
	size_t n = 0;

	v[n++] = arena_printf(l->a, STR_FMT "/cilocal/doctor:none", STR_ARG(t->host));
	for (size_t i = 0; i < own->n && own->v[0].n && own->v[0].p[0] == '-'; i++)
		v[n++] = own->v[i];
	/* Without a service to look at, one is taken for granted that knows the local registry. */
	if (!l->o->dind_image.n && t->local && !t->local->tls) {
		v[n++] = STR("--insecure-registry");
		v[n++] = t->host;
	}
	spec->cmd = (struct docker_strs){v, n};
}

static void from_dind(struct look *l, const struct target *t)
{
	struct container_spec spec = {.image = l->dind_image, .privileged = true};
	struct docker_mount ca = {.type = DOCKER_MOUNT_VOLUME, .read_only = true};
	struct error err = ERROR_INIT;
	struct str said = STR_NULL, last = STR_NULL;
	int64_t code = 0;

	if (!l->may_privileged || !l->dind_image.n) {
		if (l->o->dind_image.n)
			add(l, DOCTOR_NOTE,
				l->may_privileged
					? STR("from a Docker-in-Docker service: not tried, its "
					      "image "
					      "is not on the engine")
					: STR("from a Docker-in-Docker service: not tried without "
					      "privileged containers"),
				l->may_privileged ? arena_printf(l->a, "docker pull " STR_FMT,
							    STR_ARG(l->o->dind_image))
							    .p
						  : NULL);
		return;
	}
	names_of_jobs(l, t, &spec);
	arguments_of_dind(l, t, &spec);
	binds_of_dind(l, &spec);
	if (t->local && t->local->tls) {
		ca.source = t->local->ca_volume;
		ca.target = arena_printf(l->a, "/etc/docker/certs.d/" STR_FMT, STR_ARG(t->host));
		spec.mounts = &ca;
		spec.n_mounts = 1;
	}
	if (doctor_probe(l, &spec, dind_script, DIND_MS, &code, &said, &err))
		add(l, DOCTOR_WARNING,
			arena_printf(l->a, "from a Docker-in-Docker service: %s", err.text), NULL);
	else if (code == 8)
		add(l, DOCTOR_WARNING,
			arena_printf(l->a,
				"from a Docker-in-Docker service (" STR_FMT
				"): its daemon does not start: " STR_FMT,
				STR_ARG(l->dind_image), STR_ARG(said)),
			NULL);
	else if (was_reached(said, &last))
		add(l, DOCTOR_OK,
			arena_printf(l->a,
				"a Docker-in-Docker service (" STR_FMT ") reaches " STR_FMT "%s",
				STR_ARG(l->dind_image), STR_ARG(t->host),
				l->o->dind_image.n || !t->local || t->local->tls
					? ""
					: " where its command has --insecure-registry with that "
					  "name"),
			NULL);
	else
		explain(l, t, last);
}

/* ---- all of them ---- */

static void look_at_local(struct look *l, const struct registry_info *info)
{
	struct sync_container c;
	struct error err = ERROR_INIT;
	struct target t;

	/* One that does not answer here would not answer there. */
	if (!local_from_here(l, info) || sync_inspect(&l->s, info->container, l->a, &c, &err) ||
		!c.ip.n)
		return;
	fill_target(&t, info->host, info);
	t.ip = c.ip;
	from_job(l, &t);
	from_dind(l, &t);
}

/* Names of the world, which jobs need that pull packages: tried with one that this machine finds.
 */
static void look_at_dns(struct look *l)
{
	struct target t;
	struct container_spec spec = {0};
	struct error err = ERROR_INIT;
	struct str said = STR_NULL;
	int64_t code = 0;

	if (!l->image.n)
		return;
	fill_target(&t, STR("registry-1.docker.io"), NULL);
	if (!address_here(l, t.name).n) {
		doctor_add(l->d, "dns", DOCTOR_NOTE,
			STR("not tried: this machine itself finds no address of "
			    "registry-1.docker.io"),
			STR("without a network jobs have what is here: images of the engine, the "
			    "local registry"));
		return;
	}
	names_of_jobs(l, &t, &spec);
	spec.cmd = (struct docker_strs){&t.name, 1};
	if (doctor_probe(l, &spec, dns_script, DOCTOR_PROBE_MS, &code, &said, &err) || code == 9)
		return;
	if (code)
		doctor_add(l->d, "dns", DOCTOR_WARNING,
			arena_printf(l->a,
				"a container finds no address of " STR_FMT ", this machine does",
				STR_ARG(t.name)),
			STR("dns = [\"SERVER\"] in [runners.docker], or \"dns\" in the engine's "
			    "daemon.json: a DNS server on 127.0.0.1 is not the container's"));
	else
		doctor_add(l->d, "dns", DOCTOR_OK, STR("containers find names of the world"),
			STR_NULL);
}

/* The project's registry where no local one stands in for it. */
static void look_at_far(struct look *l)
{
	struct target t;

	if (!l->o->host.n || str_ends(registry_host_name(l->o->host), STR(".localhost")))
		return;
	fill_target(&t, l->o->host, NULL);
	if (!address_here(l, t.name).n) {
		doctor_add(l->d, "names", DOCTOR_NOTE,
			arena_printf(
				l->a, "this machine finds no address of " STR_FMT, STR_ARG(t.name)),
			STR("jobs that log in there fail, unless the local registry stands in for "
			    "it (--registry), or extra_hosts in the configuration names its "
			    "address"));
		return;
	}
	far_from_here(l, &t);
	from_job(l, &t);
	from_dind(l, &t);
}

void doctor_look_at_registry(struct look *l)
{
	struct registry_state state;
	struct registry_info info;
	struct error err = ERROR_INIT;

	if (registry_state_read(&state, l->a, l->o->registry, &err) ||
		registry_look(&l->s, &state, l->o->registry, l->a, &info, &err)) {
		add(l, DOCTOR_WARNING, str_c(err.text), NULL);
		return;
	}
	if (info.running) {
		look_at_local(l, &info);
		look_at_dns(l);
		return;
	}
	add(l, DOCTOR_NOTE,
		info.storage ? STR("the local registry is stopped; its images are kept")
			     : STR("the local registry is not running"),
		"pipelines that push images want it: 'cilocal registry start', or 'cilocal run "
		"--registry'");
	look_at_far(l);
	look_at_dns(l);
}
