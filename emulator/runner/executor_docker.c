#include "base/base.h"
#include "emulator/runner/docker_internal.h"
#include "emulator/core/trace.h"
#include "emulator/docker/auth.h"
#include "emulator/docker/engine.h"
#include "emulator/docker/image.h"
#include "emulator/docker/network.h"
#include "emulator/docker/volume.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/image_fetch.h"
#include "emulator/runner/job_env.h"
#include "emulator/runner/runner_config.h"

static struct executor_docker *self(struct executor *e)
{
	return container_of(e, struct executor_docker, base);
}

/* Activities and phases */

static void phase_ended(struct executor_docker *e);

void docker_begin(struct executor_docker *e)
{
	e->pending++;
}

void docker_end(struct executor_docker *e)
{
	if (!e->pending)
		BUG("an activity ended that never began");
	if (--e->pending == 0)
		phase_ended(e);
}

void docker_fail(struct executor_docker *e, const struct outcome *o)
{
	if (e->first.reason == FAIL_NONE)
		e->first = *o;
}

bool docker_gone(const struct error *err)
{
	return err->domain != ERR_DOCKER && err->domain != ERR_CANCELLED;
}

void docker_fail_error(
	struct executor_docker *e, const struct error *err, struct span at, const char *what)
{
	struct outcome o;
	bool refused = err->domain == ERR_DOCKER;

	outcome_fail(&o, refused && err->code == 400 ? FAIL_RUNNER_CONFIG : FAIL_RUNNER_SYSTEM,
		"%s%s%s", what, *what ? ": " : "", err->text);
	o.at = at;
	o.surroundings = !(refused && err->code == 400);
	docker_fail(e, &o);
}

static void answer(struct executor_docker *e)
{
	struct outcome o = e->first;

	e->phase = PHASE_IDLE;
	e->first = OUTCOME_OK;
	build_step_done(e->base.build, &o);
}

static void start_layer(struct executor_docker *e);
static void start_services(struct executor_docker *e);
static void start_create(struct executor_docker *e);

/* Everything that was under way has ended: the next phase, or the build's answer. */
static void phase_ended(struct executor_docker *e)
{
	bool stop = e->first.reason != FAIL_NONE || e->stopping;

	TRACE(DOCKER, "job phase %d ended%s", (int)e->phase, stop ? ", stops" : "");
	switch (e->phase) {
	case PHASE_FETCH:
		if (stop)
			break;
		start_layer(e);
		return;
	case PHASE_LAYER:
		if (stop)
			break;
		start_services(e);
		return;
	case PHASE_SERVICES:
		if (stop || e->container.n)
			break;
		start_create(e);
		return;
	case PHASE_REMOVE:
		docker_cleanup_rest(e);
		return;
	case PHASE_REMOVE_REST:
		loop_timer_stop(&e->budget);
		break;
	case PHASE_CREATE:
	case PHASE_SOURCES:
	case PHASE_FILES:
	case PHASE_RUN:
	case PHASE_IDLE:
		break;
	}
	if (e->stopping && e->first.reason == FAIL_NONE && e->phase < PHASE_RUN)
		outcome_fail(&e->first, FAIL_CANCELED, "canceled");
	answer(e);
}

static void enter(struct executor_docker *e, enum docker_phase phase)
{
	e->phase = phase;
	docker_begin(e);
}

/* Network, volume, images */

static void connect_extra(struct executor_docker *e);

static void on_network(void *arg, struct error *err, struct str id)
{
	struct executor_docker *e = arg;

	if (err) {
		docker_fail_error(e, err, SPAN_NONE, "cannot make the job's network");
	} else {
		e->network = arena_str(e->arena, id);
		connect_extra(e);
	}
	docker_end(e);
}

struct str docker_network_name(const struct executor_docker *e)
{
	return arena_printf(e->arena, STR_FMT "-net", STR_ARG(e->prefix));
}

void docker_make_network(struct executor_docker *e)
{
	const struct rc_docker *d = &build_host(e->base.build)->config->docker;
	struct docker_kv mtu = {STR("com.docker.network.driver.mtu"), STR_NULL};
	struct network_spec spec = {
		.name = docker_network_name(e), .labels = e->labels, .ipv6 = d->enable_ipv6.v};

	if (d->network_mtu.v > 0) {
		mtu.value = arena_printf(e->arena, "%" PRId64, d->network_mtu.v);
		spec.options = (struct docker_kvs){&mtu, 1};
	}
	e->own_network = true;
	docker_begin(e);
	docker_network_create(e->engine, &spec, on_network, e);
}

static void on_connected(void *arg, struct error *err)
{
	struct executor_docker *e = arg;

	if (err)
		docker_fail_error(e, err, SPAN_NONE, "cannot connect to the job's network");
	docker_end(e);
}

static void connect_extra(struct executor_docker *e)
{
	const struct build_host *h = build_host(e->base.build);
	size_t i;

	for (i = 0; i < h->n_extra_names; i++) {
		struct docker_strs alias = {&h->extra_names[i].host, 1};

		if (!docker_wants_name(e, i))
			continue;
		docker_begin(e);
		e->connected[i] = true;
		docker_network_connect(
			e->engine, e->network, h->extra_names[i].container, alias, on_connected, e);
	}
}

static void on_volume(void *arg, struct error *err, struct str name, struct str mountpoint)
{
	struct executor_docker *e = arg;

	if (!err) {
		e->volume = arena_str(e->arena, name);
		docker_direct_open(e, mountpoint);
		e->volume_mounted = docker_has_services(e) || e->direct.fd >= 0;
	} else if (docker_has_services(e)) {
		docker_fail_error(e, err, SPAN_NONE, "cannot make the job's volume");
	} else {
		TRACE(JOB, STR_FMT ": goes on without a volume: %s",
			STR_ARG(build_spec(e->base.build)->name), err->text);
	}
	docker_end(e);
}

/*
 * Services see the sources: they share a volume with the job. Without services it is of use where
 * its files can be reached (docker_direct.c), and not needed.
 */
void docker_make_volume(struct executor_docker *e)
{
	struct volume_spec spec = {
		.name = arena_printf(e->arena, STR_FMT "-builds", STR_ARG(e->prefix)),
		.labels = e->labels};

	if (e->own_volume)
		return;
	e->own_volume = true;
	docker_begin(e);
	docker_volume_create(e->engine, &spec, on_volume, e);
}

static void keep_policy(struct image_fetch_spec *spec, enum pull_policy p)
{
	if (spec->n_policies < ARRAY_SIZE(spec->policies))
		spec->policies[spec->n_policies++] = p;
}

static bool policy_allowed(const struct rc_docker *d, enum pull_policy p)
{
	enum pull_policy one;
	size_t i;

	for (i = 0; i < d->allowed_pull_policies.n; i++)
		if (pull_policy_parse(d->allowed_pull_policies.v[i].v, &one) && one == p)
			return true;
	return d->allowed_pull_policies.n == 0;
}

/* What an earlier job, or an earlier run, may have pushed since it was last pulled. */
static bool from_fresh_place(const struct build_host *h, struct str name)
{
	const struct image_rule *r = image_rule_find(h->image_rules, h->n_image_rules, name);

	return r && r->fresh;
}

/*
 * --pull, else the job's policies, else the configuration's, else if-not-present (the Runner's own
 * default is always; on one's own machine that would ask a registry for each job).
 */
static int policies(
	struct executor_docker *e, const struct image *image, struct image_fetch_spec *spec)
{
	const struct build_host *h = build_host(e->base.build);
	const struct rc_docker *d = &h->config->docker;
	struct outcome o;
	enum pull_policy p;
	size_t i;

	if (h->pull_override.n && pull_policy_parse(h->pull_override, &p)) {
		keep_policy(spec, p);
		return 0;
	}
	for (i = 0; image && i < image->n_pull_policies; i++)
		if (policy_allowed(d, image->pull_policies[i]))
			keep_policy(spec, image->pull_policies[i]);
	if (image && image->n_pull_policies && !spec->n_policies) {
		outcome_fail(&o, FAIL_RUNNER_CONFIG,
			"invalid pull policy for image \"" STR_FMT
			"\": pull_policy defined in GitLab "
			"pipeline config is not one of the allowed_pull_policies",
			STR_ARG(spec->name));
		o.at = image->at;
		docker_fail(e, &o);
		return -1;
	}
	for (i = 0; !spec->n_policies && i < d->pull_policy.n; i++) {
		if (!pull_policy_parse(d->pull_policy.v[i].v, &p)) {
			outcome_fail(&o, FAIL_RUNNER_CONFIG,
				"unsupported pull_policy config: \"" STR_FMT "\"",
				STR_ARG(d->pull_policy.v[i].v));
			docker_fail(e, &o);
			return -1;
		}
		keep_policy(spec, p);
		while (i + 1 < d->pull_policy.n &&
			pull_policy_parse(d->pull_policy.v[i + 1].v, &p)) {
			keep_policy(spec, p);
			i++;
		}
	}
	if (!spec->n_policies)
		keep_policy(
			spec, from_fresh_place(h, spec->name) ? PULL_ALWAYS : PULL_IF_NOT_PRESENT);
	return 0;
}

static void on_waits(void *arg, struct str what)
{
	if (what.n)
		build_waits(arg, BUILD_WAIT_IMAGE, STR_FMT, STR_ARG(what));
	else
		build_waits_over(arg);
}

static void fill_fetch(struct executor_docker *e, const struct image *image, struct str name,
	struct str asked, struct image_fetch_spec *spec)
{
	*spec = (struct image_fetch_spec){.loop = build_host(e->base.build)->loop,
		.engine = e->engine,
		.log = build_log(e->base.build),
		.name = name,
		.image = asked,
		.tag_as_name = from_fresh_place(build_host(e->base.build), name),
		.auth = e->auth,
		.waits = on_waits,
		.waits_arg = e->base.build,
		.at = image ? image->at : SPAN_NONE};
	if (image && image->platform.s.n)
		spec->platform =
			job_env_expand(build_env(e->base.build), e->arena, image->platform.s);
}

static void on_seen(void *arg, const struct image_state *image)
{
	docker_direct_image(arg, image);
}

/* A digest that is an id as well: image_fetch may have found the image by it under no such name. */
static struct str exact_image(struct executor_docker *e, struct str image, struct str id)
{
	struct image_ref ref;

	return id.n && image_ref_parse(image, &ref) && str_eq(ref.digest, id)
		       ? arena_str(e->arena, id)
		       : image;
}

static void on_image(void *arg, const struct outcome *o, struct str id)
{
	struct executor_docker *e = arg;

	e->fetch = NULL;
	e->image = exact_image(e, e->image, id);
	if (o->reason != FAIL_NONE)
		docker_fail(e, o);
	docker_end(e);
}

static void on_service_image(void *arg, const struct outcome *o, struct str id)
{
	struct docker_service *s = arg;

	s->fetch = NULL;
	s->image = exact_image(s->e, s->image, id);
	if (o->reason != FAIL_NONE)
		docker_fail(s->e, o);
	docker_end(s->e);
}

static void fetch_images(struct executor_docker *e)
{
	const struct image *image = build_spec(e->base.build)->image;
	struct image_fetch_spec spec;
	size_t i;

	docker_credentials(e);
	for (i = 0; i < e->n_services; i++) {
		struct docker_service *s = &e->services[i];

		if (s->skipped)
			continue;
		fill_fetch(e, s->options, s->name.image, s->image, &spec);
		if (policies(e, s->options, &spec))
			return;
		docker_begin(e);
		s->fetch = image_fetch_start(&spec, on_service_image, s);
	}
	fill_fetch(e, image, e->image_name, e->image, &spec);
	if (policies(e, image, &spec))
		return;
	spec.seen = on_seen;
	docker_begin(e);
	e->fetch = image_fetch_start(&spec, on_image, e);
}

static void docker_prepare(struct executor *base)
{
	struct executor_docker *e = self(base);
	const struct build_host *h = build_host(base->build);
	struct outcome o;

	e->engine = h->docker;
	if (!e->engine) {
		outcome_fail(&o, FAIL_RUNNER_SYSTEM, "no container engine was found");
		o.surroundings = true;
		build_step_done(base->build, &o);
		return;
	}
	e->connected = arena_array(e->arena, bool, h->n_extra_names + 1);
	enter(e, PHASE_FETCH);
	if (!docker_plan(e)) {
		if (e->own_network)
			docker_make_network(e);
		else if (e->bridge_names)
			docker_names_start(e);
		docker_direct_plan(e);
		if (docker_has_services(e))
			docker_make_volume(e);
		docker_layer_plan(e);
		fetch_images(e);
	}
	docker_end(e);
}

/* Containers */

static void on_created(void *arg, struct error *err, const struct container_created *r)
{
	struct executor_docker *e = arg;
	const struct image *image = build_spec(e->base.build)->image;
	size_t i;

	if (err) {
		docker_fail_error(e, err, image ? image->at : SPAN_NONE, "");
	} else {
		e->container = arena_str(e->arena, r->id);
		for (i = 0; i < r->warnings.n; i++)
			job_log_warnln(
				build_log(e->base.build), STR_FMT, STR_ARG(r->warnings.v[i]));
	}
	docker_end(e);
}

static void create_job_container(struct executor_docker *e)
{
	struct container_spec spec;

	if (docker_job_spec(e, &spec))
		return;
	docker_begin(e);
	docker_container_create(e->engine, &spec, on_created, e);
}

static void start_layer(struct executor_docker *e)
{
	enter(e, PHASE_LAYER);
	docker_layer_start(e);
	docker_end(e);
}

static void start_services(struct executor_docker *e)
{
	const struct rc_docker *d = &build_host(e->base.build)->config->docker;
	size_t i;

	enter(e, PHASE_SERVICES);
	for (i = 0; i < e->n_services; i++)
		if (!e->services[i].skipped)
			docker_service_start(&e->services[i]);
	if (docker_has_services(e) && d->wait_for_services_timeout.v >= 0)
		job_log_println(build_log(e->base.build),
			"Waiting for services to be up and running (timeout %" PRId64
			" seconds)...",
			d->wait_for_services_timeout.v ? d->wait_for_services_timeout.v : 30);
	if (!e->links)
		create_job_container(e);
	docker_end(e);
}

static void start_create(struct executor_docker *e)
{
	enter(e, PHASE_CREATE);
	create_job_container(e);
	docker_end(e);
}

static void docker_get_sources(struct executor *base)
{
	struct executor_docker *e = self(base);
	size_t i;

	enter(e, PHASE_SOURCES);
	for (i = 0; i < e->n_services; i++)
		docker_health_report(&e->services[i]);
	docker_sources_start(e);
	docker_end(e);
}

static bool docker_owns_tree(struct executor *base)
{
	struct executor_docker *e = self(base);

	return !docker_mounted_over(e, build_env(base->build)->project_dir);
}

/* The rest of the interface */

static struct executor *docker_open(struct build *b)
{
	struct executor_docker *e = xcalloc(1, sizeof(*e));

	e->base.ops = &executor_docker;
	e->base.build = b;
	e->arena = build_arena(b);
	e->first = OUTCOME_OK;
	buf_init(&e->ahead);
	e->direct.fd = -1;
	return &e->base;
}

static struct str docker_builds_dir(struct executor *base)
{
	return rc_builds_dir(build_host(base->build)->config);
}

static void docker_run(struct executor *base, const struct step *s)
{
	struct executor_docker *e = self(base);

	e->stopping = false;
	enter(e, PHASE_RUN);
	docker_step_start(e, s);
	docker_end(e);
}

static void docker_put(struct executor *base, struct str archive)
{
	struct executor_docker *e = self(base);

	e->stopping = false;
	enter(e, PHASE_FILES);
	docker_direct_put(e, archive);
	docker_end(e);
}

static void docker_get(struct executor *base, struct selection *selection, int fd)
{
	struct executor_docker *e = self(base);

	e->stopping = false;
	enter(e, PHASE_FILES);
	docker_direct_get(e, selection, fd);
	docker_end(e);
}

static void docker_read(struct executor *base, struct str path, struct buf *out)
{
	struct executor_docker *e = self(base);

	e->stopping = false;
	enter(e, PHASE_FILES);
	docker_files_read(e, path, out);
	docker_end(e);
}

static void docker_say(struct executor *base, const char *line)
{
	docker_step_say(self(base), line);
}

static void docker_enter(struct executor *base, const struct visit *v)
{
	docker_enter_start(self(base), v);
}

static void docker_stop(struct executor *base, bool now)
{
	struct executor_docker *e = self(base);
	size_t i;

	e->stopping = true;
	if (e->enter)
		docker_enter_stop(e);
	if (e->phase == PHASE_RUN) {
		docker_step_stop(e, now);
		return;
	}
	if (e->phase > PHASE_RUN || e->phase == PHASE_IDLE)
		return;
	docker_begin(e); /* what ends inside here must not end the phase under our feet */
	if (e->phase == PHASE_FILES)
		docker_files_stop(e);
	docker_direct_stop(e);
	docker_layer_stop(e);
	if (e->fetch)
		image_fetch_cancel(e->fetch);
	for (i = 0; i < e->n_services; i++) {
		if (e->services[i].fetch)
			image_fetch_cancel(e->services[i].fetch);
		docker_health_stop(&e->services[i]);
	}
	docker_sources_stop(e);
	docker_end(e);
}

static void docker_cleanup(struct executor *base)
{
	struct executor_docker *e = self(base);
	size_t i;

	enter(e, PHASE_REMOVE);
	for (i = 0; i < e->n_services; i++)
		docker_service_release(&e->services[i]);
	docker_cleanup_start(e);
	docker_end(e);
}

static void docker_free(struct executor *base)
{
	struct executor_docker *e = self(base);
	size_t i;

	if (e->auth)
		auth_free(e->auth);
	for (i = 0; i < e->n_services; i++)
		docker_health_free(&e->services[i]);
	buf_release(&e->ahead);
	docker_direct_close(e);
	free(e);
}

const struct executor_ops executor_docker = {
	.name = "docker",
	.open = docker_open,
	.builds_dir = docker_builds_dir,
	.prepare = docker_prepare,
	.get_sources = docker_get_sources,
	.owns_tree = docker_owns_tree,
	.run = docker_run,
	.put = docker_put,
	.get = docker_get,
	.read = docker_read,
	.say = docker_say,
	.enter = docker_enter,
	.stop = docker_stop,
	.cleanup = docker_cleanup,
	.free = docker_free,
};
