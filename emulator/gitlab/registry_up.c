#include "base/base.h"
#include "emulator/gitlab/registry_up.h"
#include "emulator/gitlab/session.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/store/archive.h"

#include <time.h>
#include <unistd.h>

#define LABEL_KEY "cilocal.registry.key"
/* "http:80", "https:443:FINGERPRINT" */
#define LABEL_LISTENS "cilocal.registry.listens"
#define FILES_DIR     "/etc"
#define HTPASSWD_NAME "cilocal-registry.htpasswd"
#define CERT_NAME     "cilocal-registry.pem"
#define KEY_NAME      "cilocal-registry.key"
#define CA_DIR_NAME   "cilocal-registry-ca"
#define CA_NAME       CA_DIR_NAME "/ca.crt"

#define READY_MS 20000
#define TRIES    5

static const struct docker_kv managed[] = {{STR_INIT("cilocal.managed"), STR_INIT("true")},
	{STR_INIT("cilocal.registry"), STR_INIT("true")}};

/* How the container is to listen. */
struct listen {
	struct str port; /* "80", "443", the port of CI_REGISTRY */
	struct str label;
	bool tls;
	struct registry_tls files; /* with tls */
};

struct docker_kvs registry_labels(void)
{
	return (struct docker_kvs){managed, ARRAY_SIZE(managed)};
}

static struct str image_of(const struct registry_options *o)
{
	return str_c(o->image ? o->image : REGISTRY_IMAGE);
}

static bool is_404(const struct error *e)
{
	return e->domain == ERR_DOCKER && e->code == 404;
}

static int tar_bytes(void *arg, const void *p, size_t n, struct error *err)
{
	UNUSED(err);
	buf_add(arg, p, n);
	return 0;
}

/* "127.0.0.1:32768" of the published port, and how it is spoken to. */
static void read_address(struct registry_info *out, struct arena *a, const struct sync_container *c)
{
	struct str at = c->ports.n ? c->ports.v[0].value : STR_NULL;
	size_t colon = str_rchr(at, ':');
	uint64_t port;

	out->tls = str_starts(docker_kv_get(c->labels, LABEL_LISTENS), STR("https:"));
	if (!c->running || colon == STR_NPOS || !parse_u64(str_from(at, colon + 1), &port) ||
		port > UINT16_MAX)
		return;
	out->address = at;
	out->port = (uint16_t)port;
	out->url = arena_printf(
		a, "%s://" STR_FMT, out->tls ? "https" : "http", STR_ARG(out->address));
}

/*
 * The names under which the engine pulled from here hold a port that the next container will not
 * have.
 */
static void forget_images(struct session *s, struct arena *a, const struct sync_container *c)
{
	struct registry_info info = {.port = 0};
	struct error ignored = ERROR_INIT;

	read_address(&info, a, c);
	if (info.port)
		sync_forget_images(
			s, arena_printf(a, STR_FMT "/", STR_ARG(info.address)), &ignored);
}

/* A tar with the files of the registry in it. */
static int files_tar(struct buf *out, struct arena *a, const struct registry_state *state,
	const struct listen *l, struct error *err)
{
	struct archive_item items[] = {
		{.path = STR(HTPASSWD_NAME), .mode = 0644},
		{.path = STR(CERT_NAME), .mode = 0644, .data = l->files.cert},
		{.path = STR(KEY_NAME), .mode = 0600, .data = l->files.key},
		{.path = STR(CA_NAME), .mode = 0644, .data = l->files.ca},
	};
	struct archive_writer *w;
	int rc = 0;

	if (registry_htpasswd(&items[0].data, a, state, err))
		return -1;
	w = archive_writer_new(ARCHIVE_TAR, tar_bytes, out);
	for (size_t i = 0; !rc && i < (l->tls ? ARRAY_SIZE(items) : 1); i++) {
		items[i].kind = ARCHIVE_FILE;
		items[i].size = items[i].data.n;
		rc = archive_writer_add(w, &items[i], err);
	}
	if (!rc)
		rc = archive_writer_close(w, err);
	archive_writer_free(w);
	return rc;
}

static int make_volume(struct session *s, struct str name, struct error *err)
{
	struct volume_spec spec = {.name = name, .labels = {managed, ARRAY_SIZE(managed)}};

	return sync_create_volume(s, &spec, err);
}

static int make_container(struct session *s, const struct registry_state *state,
	const struct registry_info *info, const struct listen *l, const struct registry_options *o,
	struct arena *a, struct error *err)
{
	struct str env[] = {
		arena_printf(a, "REGISTRY_HTTP_ADDR=0.0.0.0:" STR_FMT, STR_ARG(l->port)),
		STR("REGISTRY_AUTH=htpasswd"),
		STR("REGISTRY_AUTH_HTPASSWD_REALM=cilocal"),
		STR("REGISTRY_AUTH_HTPASSWD_PATH=" FILES_DIR "/" HTPASSWD_NAME),
		STR("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/var/lib/registry"),
		STR("REGISTRY_STORAGE_DELETE_ENABLED=true"),
		STR("OTEL_TRACES_EXPORTER=none"),
		/* Only with TLS. */
		STR("REGISTRY_HTTP_TLS_CERTIFICATE=" FILES_DIR "/" CERT_NAME),
		STR("REGISTRY_HTTP_TLS_KEY=" FILES_DIR "/" KEY_NAME),
	};
	struct str inner = arena_printf(a, STR_FMT "/tcp", STR_ARG(l->port));
	struct docker_kv binding = {inner, STR("127.0.0.1:0")};
	struct docker_mount mounts[] = {
		{.type = DOCKER_MOUNT_VOLUME,
			.source = info->volume,
			.target = STR("/var/lib/registry")},
		{.type = DOCKER_MOUNT_VOLUME,
			.source = info->ca_volume,
			.target = STR(FILES_DIR "/" CA_DIR_NAME)},
	};
	struct docker_kv labels[ARRAY_SIZE(managed) + 2];
	struct container_spec spec = {.name = info->name,
		.image = image_of(o),
		.env = {env, l->tls ? ARRAY_SIZE(env) : ARRAY_SIZE(env) - 2},
		.labels = {labels, ARRAY_SIZE(labels)},
		.exposed_ports = {&inner, 1},
		.port_bindings = {&binding, 1},
		.mounts = mounts,
		.n_mounts = l->tls ? 2 : 1};
	struct buf tar = BUF_INIT;
	struct str id;
	int rc;

	memcpy(labels, managed, sizeof(managed));
	labels[ARRAY_SIZE(managed)] =
		(struct docker_kv){STR(LABEL_KEY), registry_fingerprint(a, state)};
	labels[ARRAY_SIZE(managed) + 1] = (struct docker_kv){STR(LABEL_LISTENS), l->label};
	if (make_volume(s, info->volume, err) || (l->tls && make_volume(s, info->ca_volume, err)) ||
		sync_create(s, &spec, a, &id, err))
		return -1;
	rc = files_tar(&tar, a, state, l, err);
	if (!rc)
		rc = sync_put(s, id, STR(FILES_DIR), buf_str(&tar), err);
	if (!rc)
		rc = sync_start(s, id, err);
	buf_release(&tar);
	if (rc) {
		struct error mine = ERROR_INIT;

		session_finish(s, sync_remove_container, id, &mine);
	}
	return rc;
}

/* What is known of it before the engine is asked. */
static int fill_info(struct session *s, struct registry_info *out,
	const struct registry_state *state, const struct registry_options *o, struct arena *a,
	struct error *err)
{
	struct registry_names names;

	if (registry_names(&names, a, o, err))
		return -1;
	*out = (struct registry_info){.name = names.container,
		.elsewhere = !engine_is_local(s->engine),
		.volume = names.volume,
		.ca_volume = names.ca_volume,
		.ca_file = registry_tls_ca(a, o, NULL),
		.host = o->host ? str_c(o->host) : state->host,
		.user = state->user,
		.password = state->password,
		.image = image_of(o)};
	return 0;
}

int registry_look(struct session *s, const struct registry_state *state,
	const struct registry_options *o, struct arena *a, struct registry_info *out,
	struct error *err)
{
	struct error mine = ERROR_INIT;
	struct sync_container c;

	if (fill_info(s, out, state, o, a, err))
		return -1;
	if (sync_has_volume(s, out->volume, &out->storage, err))
		return -1;
	if (sync_inspect(s, out->name, a, &c, &mine))
		return is_404(&mine) ? 0 : error_pass(err, &mine);
	out->exists = true;
	out->running = c.running;
	out->container = c.id;
	out->image = c.image;
	read_address(out, a, &c);
	if (out->tls)
		out->tls_end = registry_tls_until(a, o);
	else
		out->ca_file = NULL;
	return 0;
}

static int died(
	struct session *s, const struct sync_container *c, struct arena *a, struct error *err)
{
	struct error mine = ERROR_INIT;
	struct str log = STR_NULL;

	sync_logs(s, c->id, 5, a, &log, &mine);
	log = str_trim(log);
	return error_set(err, ERR_DOCKER, 0,
		"the registry's container ended with code %lld: " STR_FMT, (long long)c->exit_code,
		STR_ARG(log));
}

/*
 * Waits until the registry asks for a password. On an engine elsewhere its port can't be reached
 * from here; then it is enough that the container stays up.
 */
static int wait_ready(
	struct session *s, struct arena *a, struct registry_info *out, struct error *err)
{
	uint64_t end = loop_now(s->loop) + READY_MS, pause = 10;
	bool local = !out->elsewhere;

	for (;;) {
		struct sync_container c;
		struct sync_response r = {0};
		struct error mine = ERROR_INIT;

		if (sync_inspect(s, out->name, a, &c, err))
			return -1;
		if (!c.running)
			return died(s, &c, a, err);
		read_address(out, a, &c);
		out->container = c.id;
		if (!local && pause > 500)
			return 0;
		if (local && out->port) {
			struct sync_request q = {
				.url = arena_printf(a, STR_FMT "/v2/", STR_ARG(out->url)).p,
				.ca_file = out->ca_file};

			if (!sync_http(s, &q, a, &r, &mine) && (r.status == 401 || r.status == 200))
				return 0;
		}
		if (s->signum)
			return error_set(err, ERR_CANCELLED, s->signum, "interrupted");
		if (loop_now(s->loop) > end)
			return error_set(err, ERR_TIMEOUT, 0,
				"the registry on 127.0.0.1:%u does not answer: %s", out->port,
				error_is(&mine) ? mine.text : "no answer of a registry");
		sync_sleep(s, pause);
		pause = MIN(pause * 2, 640);
	}
}

/* Somebody else may be removing the container right now: then look again (1). Any other error is
 * passed on. */
static int gone_or_going(int rc, const struct error *mine, struct error *err)
{
	if (!rc || (mine->domain == ERR_DOCKER && (mine->code == 404 || mine->code == 409)))
		return 1;
	return error_pass(err, mine);
}

int registry_not_running(struct error *err)
{
	return error_set(err, ERR_DOCKER, 0,
		"the local registry is not running: start it with 'cilocal registry start'");
}

int registry_jobs(struct session *s, struct arena *a, size_t *n, struct error *err)
{
	struct sync_rows rows;

	*n = 0;
	if (sync_list_containers(s, "cilocal.run", a, &rows, err))
		return -1;
	for (size_t i = 0; i < rows.n; i++)
		*n += str_is(rows.v[i].state, "running");
	return 0;
}

static int may_replace(struct session *s, const struct registry_info *info, const struct listen *l,
	struct arena *a, struct error *err)
{
	size_t n;

	if (registry_jobs(s, a, &n, err))
		return -1;
	if (!n)
		return 0;
	return error_set(err, ERR_DOCKER, 409,
		"it can't be started anew while jobs run (their containers on the engine: %zu), to "
		"speak %s on port " STR_FMT " for " STR_FMT ": wait until they have ended",
		n, l->tls ? "TLS" : "plain HTTP", STR_ARG(l->port),
		STR_ARG(info->host.n ? info->host : STR("localhost")));
}

/* One look and what follows from it: 1: look again, 0: it is up, -1 with err. */
static int one_try(struct session *s, const struct registry_state *state,
	const struct registry_info *info, const struct listen *l, const struct registry_options *o,
	struct arena *a, struct error *err)
{
	struct error mine = ERROR_INIT;
	struct sync_container c;

	if (!sync_inspect(s, info->name, a, &c, &mine)) {
		struct str key = docker_kv_get(c.labels, LABEL_KEY);
		bool other = !str_eq(docker_kv_get(c.labels, LABEL_LISTENS), l->label);

		if (other && c.running && may_replace(s, info, l, a, err))
			return -1;
		if (other || !str_eq(key, registry_fingerprint(a, state)) ||
			(o->image && !str_is(c.image, o->image))) {
			forget_images(s, a, &c);
			return gone_or_going(sync_remove_container(s, c.id, &mine), &mine, err);
		}
		if (c.running || !sync_start(s, c.id, &mine))
			return 0;
		return gone_or_going(-1, &mine, err);
	}
	if (!is_404(&mine))
		return error_pass(err, &mine);
	mine = ERROR_INIT;
	if (!make_container(s, state, info, l, o, a, &mine))
		return 0;
	/* Another process was quicker with the same name. */
	if (mine.domain == ERR_DOCKER && mine.code == 409)
		return 1;
	return error_pass(err, &mine);
}

/*
 * While jobs run, a certificate that is still valid is kept, for the container can't be replaced
 * then.
 */
static int plan_listen(struct session *s, struct listen *l, const struct registry_state *state,
	const struct registry_options *o, struct registry_info *info, struct arena *a,
	struct error *err)
{
	size_t colon = str_chr(info->host, ':'), jobs;

	*l = (struct listen){.tls = registry_uses_tls(state, o)};
	l->port = colon != STR_NPOS ? str_from(info->host, colon + 1)
		  : l->tls          ? STR("443")
				    : STR("80");
	l->label = arena_printf(a, "%s:" STR_FMT, l->tls ? "https" : "http", STR_ARG(l->port));
	info->tls = l->tls;
	if (!l->tls) {
		info->ca_file = NULL;
		return 0;
	}
	if (registry_jobs(s, a, &jobs, err) || registry_tls_ensure(&l->files, a, o, info->host,
						       (int64_t)time(NULL), jobs > 0, err))
		return -1;
	info->ca = l->files.ca;
	info->ca_file = l->files.ca_path;
	info->tls_end = registry_tls_end(l->files.cert);
	l->label = arena_printf(
		a, STR_FMT ":" STR_FMT, STR_ARG(l->label), STR_ARG(l->files.fingerprint));
	return 0;
}

int registry_up(struct session *s, const struct registry_state *state,
	const struct registry_options *o, struct arena *a, struct registry_info *out,
	struct error *err)
{
	CLEANUP(close) int lock = registry_lock(s, a, o, err);
	struct listen l;
	int rc = 1;

	if (lock < 0 || fill_info(s, out, state, o, a, err) ||
		plan_listen(s, &l, state, o, out, a, err))
		return -1;
	if (sync_need_image(s, image_of(o), err))
		return error_wrap(err, "the local registry's image '%s'",
			o->image ? o->image : REGISTRY_IMAGE);
	for (unsigned i = 0; rc == 1 && i < TRIES; i++) {
		if (i)
			sync_sleep(s, 100 * i);
		rc = one_try(s, state, out, &l, o, a, err);
	}
	if (rc == 1)
		return error_set(err, ERR_DOCKER, 409,
			"the container '" STR_FMT "' comes and goes: is another cilocal starting "
			"or stopping it?",
			STR_ARG(out->name));
	if (rc)
		return error_wrap(err, "the local registry");
	out->exists = out->running = out->storage = true;
	return wait_ready(s, a, out, err);
}

int registry_down(struct session *s, bool purge, bool *was, const struct registry_options *o,
	struct error *err)
{
	struct arena a = ARENA_INIT;
	struct error mine = ERROR_INIT, ignored = ERROR_INIT;
	struct registry_names names;
	struct sync_container c;
	int lock = registry_lock(s, &a, o, err);
	int rc = lock < 0 || registry_names(&names, &a, o, err) ? -1 : 0;
	bool has = false;

	if (was)
		*was = false;
	if (rc) {
		if (lock >= 0)
			close(lock);
		arena_release(&a);
		return rc;
	}
	if (!sync_inspect(s, names.container, &a, &c, &mine)) {
		if (was)
			*was = true;
		forget_images(s, &a, &c);
		rc = sync_remove_container(s, c.id, err);
	} else if (!is_404(&mine)) {
		rc = error_pass(err, &mine);
	}
	if (!rc && purge) {
		rc = sync_has_volume(s, names.volume, &has, err);
		if (!rc && has)
			rc = sync_remove_volume(s, names.volume, err);
		/* A container that was kept may have it; it goes with the next purge. */
		if (!rc)
			sync_remove_volume(s, names.ca_volume, &ignored);
		if (was)
			*was = *was || has;
	}
	close(lock);
	arena_release(&a);
	return rc;
}
