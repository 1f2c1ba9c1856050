#include "base/base.h"
#include "emulator/gitlab/registry_up.h"
#include "emulator/gitlab/session.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/store/archive.h"

#include <unistd.h>

#define LABEL_KEY     "cilocal.registry.key"
#define HTPASSWD_DIR  "/etc"
#define HTPASSWD_NAME "cilocal-registry.htpasswd"
#define INNER_PORT    "80/tcp"

#define READY_MS 20000
#define TRIES    5

static const struct docker_kv managed[] = {{STR_INIT("cilocal.managed"), STR_INIT("true")},
	{STR_INIT("cilocal.registry"), STR_INIT("true")}};

static struct str image_of(const struct registry_options *o)
{
	return str_c(o->image ? o->image : REGISTRY_IMAGE);
}

static bool is_404(const struct error *e)
{
	return e->domain == ERR_DOCKER && e->code == 404;
}

static int pass_on(struct error *err, const struct error *from)
{
	return error_set(err, from->domain, from->code, "%s", from->text);
}

static int tar_bytes(void *arg, const void *p, size_t n, struct error *err)
{
	UNUSED(err);
	buf_add(arg, p, n);
	return 0;
}

/* "127.0.0.1:32768" of the published port. */
static void read_address(struct registry_info *out, const struct sync_container *c)
{
	struct str at = docker_kv_get(c->ports, INNER_PORT);
	size_t colon = str_rchr(at, ':');
	uint64_t port;

	if (!c->running || colon == STR_NPOS || !parse_u64(str_from(at, colon + 1), &port) ||
		port > UINT16_MAX)
		return;
	out->address = at;
	out->port = (uint16_t)port;
}

/*
 * The names under which the engine pulled from here hold a port that the next container will not
 * have.
 */
static void forget_images(struct session *s, struct arena *a, const struct sync_container *c)
{
	struct registry_info info = {.port = 0};
	struct error ignored = ERROR_INIT;

	read_address(&info, c);
	if (info.port)
		sync_forget_images(
			s, arena_printf(a, STR_FMT "/", STR_ARG(info.address)), &ignored);
}

/* A tar with the htpasswd file in it. */
static int htpasswd_tar(
	struct buf *out, struct arena *a, const struct registry_state *state, struct error *err)
{
	struct archive_item item = {.kind = ARCHIVE_FILE, .path = STR(HTPASSWD_NAME), .mode = 0644};
	struct archive_writer *w;
	int rc;

	if (registry_htpasswd(&item.data, a, state, err))
		return -1;
	item.size = item.data.n;
	w = archive_writer_new(ARCHIVE_TAR, tar_bytes, out);
	rc = archive_writer_add(w, &item, err);
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
	const struct registry_info *info, const struct registry_options *o, struct arena *a,
	struct error *err)
{
	static const struct str env[] = {STR_INIT("REGISTRY_HTTP_ADDR=0.0.0.0:80"),
		STR_INIT("REGISTRY_AUTH=htpasswd"),
		STR_INIT("REGISTRY_AUTH_HTPASSWD_REALM=cilocal"),
		STR_INIT("REGISTRY_AUTH_HTPASSWD_PATH=" HTPASSWD_DIR "/" HTPASSWD_NAME),
		STR_INIT("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/var/lib/registry"),
		STR_INIT("REGISTRY_STORAGE_DELETE_ENABLED=true"),
		STR_INIT("OTEL_TRACES_EXPORTER=none")};
	static const struct str ports[] = {STR_INIT(INNER_PORT)};
	static const struct docker_kv bindings[] = {
		{STR_INIT(INNER_PORT), STR_INIT("127.0.0.1:0")}};
	struct docker_mount storage = {.type = DOCKER_MOUNT_VOLUME,
		.source = info->volume,
		.target = STR("/var/lib/registry")};
	struct docker_kv labels[ARRAY_SIZE(managed) + 1];
	struct container_spec spec = {.name = info->name,
		.image = image_of(o),
		.env = {env, ARRAY_SIZE(env)},
		.labels = {labels, ARRAY_SIZE(labels)},
		.exposed_ports = {ports, ARRAY_SIZE(ports)},
		.port_bindings = {bindings, ARRAY_SIZE(bindings)},
		.mounts = &storage,
		.n_mounts = 1};
	struct buf tar = BUF_INIT;
	struct str id;
	int rc;

	memcpy(labels, managed, sizeof(managed));
	labels[ARRAY_SIZE(managed)] =
		(struct docker_kv){STR(LABEL_KEY), registry_fingerprint(a, state)};
	if (make_volume(s, info->volume, err) || sync_create(s, &spec, a, &id, err))
		return -1;
	rc = htpasswd_tar(&tar, a, state, err);
	if (!rc)
		rc = sync_put(s, id, STR(HTPASSWD_DIR), buf_str(&tar), err);
	if (!rc)
		rc = sync_start(s, id, err);
	buf_release(&tar);
	if (rc) {
		struct error mine = ERROR_INIT;

		sync_remove_container(s, id, &mine);
	}
	return rc;
}

/* What is known of it before the engine is asked. */
static int fill_info(struct registry_info *out, const struct registry_state *state,
	const struct registry_options *o, struct arena *a, struct error *err)
{
	struct registry_names names;

	if (registry_names(&names, a, o, err))
		return -1;
	*out = (struct registry_info){.name = names.container,
		.volume = names.volume,
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

	if (fill_info(out, state, o, a, err))
		return -1;
	if (sync_has_volume(s, out->volume, &out->storage, err))
		return -1;
	if (sync_inspect(s, out->name, a, &c, &mine))
		return is_404(&mine) ? 0 : pass_on(err, &mine);
	out->exists = true;
	out->running = c.running;
	out->container = c.id;
	out->image = c.image;
	read_address(out, &c);
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
	bool local = engine_is_local(s->engine);

	for (;;) {
		struct sync_container c;
		struct sync_response r = {0};
		struct error mine = ERROR_INIT;

		if (sync_inspect(s, out->name, a, &c, err))
			return -1;
		if (!c.running)
			return died(s, &c, a, err);
		read_address(out, &c);
		out->container = c.id;
		if (!local && pause > 500)
			return 0;
		if (local && out->port &&
			!sync_get(s, arena_printf(a, "http://127.0.0.1:%u/v2/", out->port).p, NULL,
				a, &r, &mine) &&
			(r.status == 401 || r.status == 200))
			return 0;
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
	return pass_on(err, mine);
}

/* One look and what follows from it: 1: look again, 0: it is up, -1 with err. */
static int one_try(struct session *s, const struct registry_state *state,
	const struct registry_info *info, const struct registry_options *o, struct arena *a,
	struct error *err)
{
	struct error mine = ERROR_INIT;
	struct sync_container c;

	if (!sync_inspect(s, info->name, a, &c, &mine)) {
		struct str key = docker_kv_get(c.labels, LABEL_KEY);

		if (!str_eq(key, registry_fingerprint(a, state)) ||
			(o->image && !str_is(c.image, o->image)))
			return gone_or_going(sync_remove_container(s, c.id, &mine), &mine, err);
		if (c.running || !sync_start(s, c.id, &mine))
			return 0;
		return gone_or_going(-1, &mine, err);
	}
	if (!is_404(&mine))
		return pass_on(err, &mine);
	mine = ERROR_INIT;
	if (!make_container(s, state, info, o, a, &mine))
		return 0;
	/* Another process was quicker with the same name. */
	if (mine.domain == ERR_DOCKER && mine.code == 409)
		return 1;
	return pass_on(err, &mine);
}

int registry_up(struct session *s, const struct registry_state *state,
	const struct registry_options *o, struct arena *a, struct registry_info *out,
	struct error *err)
{
	CLEANUP(close) int lock = registry_lock(s, a, o, err);
	int rc = 1;

	if (lock < 0 || fill_info(out, state, o, a, err))
		return -1;
	if (sync_need_image(s, image_of(o), err))
		return error_wrap(err, "the local registry's image '%s'",
			o->image ? o->image : REGISTRY_IMAGE);
	for (unsigned i = 0; rc == 1 && i < TRIES; i++) {
		if (i)
			sync_sleep(s, 100 * i);
		rc = one_try(s, state, out, o, a, err);
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
	struct error mine = ERROR_INIT;
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
		rc = pass_on(err, &mine);
	}
	if (!rc && purge) {
		rc = sync_has_volume(s, names.volume, &has, err);
		if (!rc && has)
			rc = sync_remove_volume(s, names.volume, err);
		if (was)
			*was = *was || has;
	}
	close(lock);
	arena_release(&a);
	return rc;
}
