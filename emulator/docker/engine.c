#include "base/base.h"
#include "emulator/docker/engine.h"

#include "emulator/core/trace.h"
#include "emulator/docker/docker_internal.h"
#include "emulator/docker/json.h"
#include "emulator/docker/ssh.h"

#include <sys/stat.h>

/* What a server without the header is taken for, as the official client does (moby, client). */
#define OLDEST_MAJOR 1
#define OLDEST_MINOR 24

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

struct engine *engine_new(struct loop *l, struct http *h, const struct endpoint *at)
{
	struct engine *e = xcalloc(1, sizeof(*e));

	e->loop = l;
	e->http = h;
	e->at = *at;
	e->at.url = copy(at->url);
	e->at.origin = copy(at->origin);
	e->at.socket = copy(at->socket);
	e->at.host = copy(at->host);
	e->at.user = copy(at->user);
	e->at.ca_file = copy(at->ca_file);
	e->at.cert_file = copy(at->cert_file);
	e->at.key_file = copy(at->key_file);
	if (at->ssh) {
		e->relay = ssh_relay_new(l, at, &e->no_relay);
		/* Without a relay nobody listens there, and the error says why. */
		e->at.socket = xstrdup(e->relay ? ssh_relay_socket(e->relay) : "");
	}
	return e;
}

const struct endpoint *engine_endpoint(const struct engine *e)
{
	return &e->at;
}

bool engine_is_local(const struct engine *e)
{
	return e->at.socket && !e->at.ssh;
}

bool engine_shares_network(const struct engine *e)
{
	struct stat st;

	return engine_is_local(e) && !stat(e->at.socket, &st) && st.st_uid == 0;
}

bool engine_is_podman(const struct engine *e)
{
	return e->podman;
}

bool engine_is_elsewhere(const struct engine *e)
{
	return e->elsewhere;
}

void engine_mark_elsewhere(struct engine *e)
{
	e->elsewhere = true;
}

const char *engine_api_version(const struct engine *e)
{
	return e->state == ENGINE_READY ? e->version : NULL;
}

bool engine_api_at_least(const struct engine *e, unsigned major, unsigned minor)
{
	return e->major > major || (e->major == major && e->minor >= minor);
}

void engine_tls(const struct engine *e, struct http_tls *tls)
{
	tls->ca_file = e->at.ca_file;
	tls->cert_file = e->at.cert_file;
	tls->key_file = e->at.key_file;
	tls->insecure = e->at.tls_insecure;
}

void engine_url(const struct engine *e, bool versioned, struct buf *out)
{
	if (e->at.socket)
		buf_adds(out, "http://localhost");
	else
		buf_printf(out, strchr(e->at.host, ':') ? "%s://[%s]:%u" : "%s://%s:%u",
			e->at.tls ? "https" : "http", e->at.host, e->at.port);
	if (versioned)
		buf_printf(out, "/v%s", e->version);
}

/* ---- negotiation ---- */

static bool parse_version(struct str s, unsigned *major, unsigned *minor)
{
	size_t dot = str_chr(s, '.');
	uint64_t a, b;

	if (dot == STR_NPOS || !parse_u64(str_sub(s, 0, dot), &a) ||
		!parse_u64(str_from(s, dot + 1), &b) || a > 99 || b > 9999)
		return false;
	*major = (unsigned)a;
	*minor = (unsigned)b;
	return true;
}

static void agree(struct engine *e, unsigned major, unsigned minor)
{
	e->major = major;
	e->minor = minor;
	snprintf(e->version, sizeof(e->version), "%u.%u", major, minor);
	e->state = ENGINE_READY;
	TRACE(DOCKER, "engine at %s, API %s", e->at.url, e->version);
	call_negotiated(e, NULL);
}

static void fail(struct engine *e, struct error *err)
{
	/* The next call tries again: the engine may have come up by then. */
	e->state = ENGINE_NEW;
	call_negotiated(e, err);
}

static void ask(struct engine *e, const char *path, http_done_fn *done)
{
	struct buf url = BUF_INIT;
	struct http_request req = {
		.unix_socket = e->at.socket,
		.timeout_ms = 30000,
		.done = done,
		.arg = e,
	};

	engine_url(e, false, &url);
	buf_adds(&url, path);
	req.url = url.p;
	engine_tls(e, &req.tls);
	e->asking = http_start(e->http, &req);
	buf_release(&url);
}

/* The server is newer than we are: ours, unless it has given that up already. */
static void on_version(void *arg, struct error *err, const struct http_response *r)
{
	struct engine *e = arg;
	unsigned major = ENGINE_API_MAX_MAJOR, minor = ENGINE_API_MAX_MINOR, a, b;
	struct error ignored = ERROR_INIT;

	e->asking = NULL;
	if (!err && r->status == 200) {
		CLEANUP(json_decref) json_t *doc = json_parse(r->body, "/version", &ignored);

		if (parse_version(json_str(doc, "MinAPIVersion"), &a, &b) &&
			(a > major || (a == major && b > minor))) {
			major = a;
			minor = b;
		}
	}
	agree(e, major, minor);
}

static void on_ping(void *arg, struct error *err, const struct http_response *r)
{
	struct engine *e = arg;
	unsigned major = OLDEST_MAJOR, minor = OLDEST_MINOR;
	struct error why = ERROR_INIT;
	struct str theirs;

	e->asking = NULL;
	if (err) {
		call_explain_transport(e, err);
		fail(e, err);
		return;
	}
	if (r->status >= 300) {
		call_daemon_error(&why, r->status, r->body);
		call_explain_refusal(e, &why);
		fail(e, &why);
		return;
	}
	theirs = http_header(r, "Api-Version");
	e->podman = http_header(r, "Libpod-Api-Version").n != 0;
	if (theirs.n && !parse_version(theirs, &major, &minor)) {
		error_set(&why, ERR_DOCKER, 0,
			"no Docker engine at %s (%s): API version '" STR_FMT "'", e->at.url,
			e->at.origin, STR_ARG(theirs));
		fail(e, &why);
		return;
	}
	if (major > ENGINE_API_MAX_MAJOR ||
		(major == ENGINE_API_MAX_MAJOR && minor > ENGINE_API_MAX_MINOR))
		ask(e, "/version", on_version);
	else
		agree(e, major, minor);
}

void engine_ask(struct engine *e)
{
	if (e->state != ENGINE_NEW)
		return;
	e->state = ENGINE_ASKING;
	ask(e, "/_ping", on_ping);
}

struct docker_call *engine_connect(struct engine *e, docker_done_fn *done, void *arg)
{
	struct docker_call *c =
		call_new(e, "connect", call_finish_plain, (call_user_fn *)done, arg);

	c->no_request = true;
	return call_go(c);
}

/* ---- info ---- */

struct info_query {
	struct arena arena;
	struct engine_info info;
	json_t *version;
};

static void release_info(void *extra)
{
	struct info_query *q = extra;

	json_decref(q->version);
	arena_release(&q->arena);
	free(q);
}

/* Engines that do not speak of it are taken to have it. */
static bool lacks(const json_t *doc, const char *key)
{
	return json_is_false(json_get(doc, key));
}

static void read_info(struct info_query *q, const json_t *doc)
{
	struct engine_info *i = &q->info;

	i->os_type = json_str(doc, "OSType");
	i->architecture = json_str(doc, "Architecture");
	i->name = json_str(doc, "Name");
	i->kernel = json_str(doc, "KernelVersion");
	i->operating_system = json_str(doc, "OperatingSystem");
	i->root_dir = json_str(doc, "DockerRootDir");
	i->system_time = json_str(doc, "SystemTime");
	i->storage_driver = json_str(doc, "Driver");
	i->cgroup_version = json_str(doc, "CgroupVersion");
	i->default_runtime = json_str(doc, "DefaultRuntime");
	i->runtimes = json_keys(doc, "Runtimes", &q->arena);
	i->security_options = json_strs(doc, "SecurityOptions", &q->arena);
	i->insecure_registries =
		json_strs(json_get(doc, "RegistryConfig"), "InsecureRegistryCIDRs", &q->arena);
	i->memory = (uint64_t)json_int(doc, "MemTotal");
	i->cpus = (unsigned)json_int(doc, "NCPU");
	i->no_memory_limit = lacks(doc, "MemoryLimit");
	i->no_cpu_limit = lacks(doc, "CpuCfsQuota");
	i->no_cpuset = lacks(doc, "CPUSet");
	for (size_t n = 0; n < i->security_options.n; n++)
		if (str_find(i->security_options.v[n], STR("name=rootless")) != STR_NPOS)
			i->rootless = true;
}

/* Named registries (IndexConfigs with Secure false) join the list of networks. */
static void read_insecure(struct info_query *q, const json_t *doc)
{
	json_t *map = json_get(json_get(doc, "RegistryConfig"), "IndexConfigs"), *entry;
	struct docker_strs old = q->info.insecure_registries;
	struct str *v = arena_array(&q->arena, struct str, old.n + json_object_size(map) + 1);
	const char *name;
	size_t n = old.n;

	if (n)
		memcpy(v, old.v, n * sizeof(*v));
	json_object_foreach(map, name, entry) if (json_is_false(json_object_get(entry, "Secure")))
		v[n++] = str_c(name);
	q->info.insecure_registries = (struct docker_strs){v, n};
}

static void on_info(struct docker_call *c, struct error *err, const struct http_response *r)
{
	struct info_query *q = c->extra;
	engine_info_fn *done = (engine_info_fn *)c->user;
	json_t *doc = err ? NULL : json_parse(r->body, "the engine's information", &c->err);

	if (!doc) {
		done(c->arg, err ? err : &c->err, NULL);
		return;
	}
	read_info(q, doc);
	read_insecure(q, doc);
	done(c->arg, NULL, &q->info);
	json_decref(doc);
}

static void read_version(struct info_query *q)
{
	struct engine_info *i = &q->info;
	json_t *parts = json_get(q->version, "Components");

	i->server_version = json_str(q->version, "Version");
	i->api_version = json_str(q->version, "ApiVersion");
	i->min_api_version = json_str(q->version, "MinAPIVersion");
	i->os = json_str(q->version, "Os");
	i->arch = json_str(q->version, "Arch");
	for (size_t n = 0; n < json_array_size(parts); n++)
		if (str_starts(json_str(json_array_get(parts, n), "Name"), STR("Podman")))
			i->podman = true;
}

/* /version has come; the same call goes on with /info, so that the user's handle stays good. */
static void on_version_for_info(
	struct docker_call *c, struct error *err, const struct http_response *r)
{
	struct info_query *q = c->extra;

	if (!err)
		q->version = json_parse(r->body, "the engine's version", &c->err);
	if (err || !q->version) {
		((engine_info_fn *)c->user)(c->arg, err ? err : &c->err, NULL);
		return;
	}
	read_version(q);
	call_again(c, "/info", on_info);
}

struct docker_call *engine_info(struct engine *e, engine_info_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "GET", on_version_for_info, (call_user_fn *)done, arg);
	struct info_query *q = xcalloc(1, sizeof(*q));

	arena_init(&q->arena);
	c->extra = q;
	c->release = release_info;
	call_path(c, "/version");
	return call_go(c);
}
