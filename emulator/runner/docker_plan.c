#include "base/base.h"
#include "emulator/runner/docker_internal.h"
#include "emulator/docker/image.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/dind.h"
#include "emulator/runner/docker_values.h"
#include "emulator/runner/job_env.h"
#include "emulator/runner/leftover.h"
#include "emulator/runner/runner_config.h"
#include "expr/glob.h"

static int refuse(struct executor_docker *e, enum failure_reason reason, struct span at,
	const char *fmt, ...) PRINTF_LIKE(4, 5);

static int refuse(
	struct executor_docker *e, enum failure_reason reason, struct span at, const char *fmt, ...)
{
	struct outcome o = OUTCOME_OK;
	va_list ap;

	o.reason = reason;
	o.at = at;
	va_start(ap, fmt);
	vsnprintf(o.text, sizeof(o.text), fmt, ap);
	va_end(ap);
	docker_fail(e, &o);
	return -1;
}

struct str docker_stand_in(struct executor_docker *e, struct str image)
{
	const struct build_host *h = build_host(e->base.build);

	return image_rule_apply(h->image_rules, h->n_image_rules, image, e->arena);
}

/* Patterns as doublestar matches them; an empty list allows everything. */
static bool allowed(const struct rc_list *list, struct str name)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (glob_match_once(list->v[i].v, GLOB_DOUBLESTAR, name))
			return true;
	return list->n == 0;
}

/* --locked: what an image's name means must be known. */
static int check_locked(struct executor_docker *e, struct str image, struct span at)
{
	const struct build_host *h = build_host(e->base.build);

	if (!h->only_image_rules || image_rule_find(h->image_rules, h->n_image_rules, image))
		return 0;
	return refuse(e, FAIL_RUNNER_SYSTEM, at,
		"image \"" STR_FMT "\" is not in the lock file, and this run is locked",
		STR_ARG(image));
}

static int plan_image(struct executor_docker *e)
{
	struct build *b = e->base.build;
	const struct build_spec *s = build_spec(b);
	const struct rc_docker *d = &build_host(b)->config->docker;
	struct span at = s->image ? s->image->at : SPAN_NONE;
	struct image_ref ref;

	if (s->image && s->image->name.s.n) {
		e->image_name = job_env_expand(build_env(b), e->arena, s->image->name.s);
		if (!str_eq(e->image_name, d->image.v) &&
			!allowed(&d->allowed_images, e->image_name))
			return refuse(e, FAIL_RUNNER_SYSTEM, at,
				"image \"" STR_FMT "\" is not on the list of allowed images "
				"(allowed_images of the runner configuration)",
				STR_ARG(e->image_name));
	} else if (d->image.v.n) {
		job_log_infoln(build_log(b), "Using default image");
		e->image_name = job_env_expand(build_env(b), e->arena, d->image.v);
	} else {
		return refuse(e, FAIL_RUNNER_SYSTEM, at,
			"no image: neither the job nor the runner configuration names one");
	}
	if (!image_ref_parse(e->image_name, &ref))
		return refuse(e, FAIL_RUNNER_CONFIG, at,
			"invalid image name \"" STR_FMT "\"%s" STR_FMT "%s", STR_ARG(e->image_name),
			s->image && !str_eq(s->image->name.s, e->image_name) ? " (written as '"
									     : "",
			STR_ARG(s->image && !str_eq(s->image->name.s, e->image_name)
					? s->image->name.s
					: STR_NULL),
			s->image && !str_eq(s->image->name.s, e->image_name) ? "')" : "");
	if (check_locked(e, e->image_name, at))
		return -1;
	e->image = docker_stand_in(e, e->image_name);
	job_log_println(build_log(b), "Using Docker executor with image " STR_FMT " ...",
		STR_ARG(e->image_name));
	if (!str_eq(e->image, e->image_name))
		job_log_println(build_log(b), "(taken as " STR_FMT ")", STR_ARG(e->image));
	return 0;
}

static bool service_privileged(const struct rc_docker *d, struct str image)
{
	bool on = d->services_privileged.set ? d->services_privileged.v : d->privileged.v;

	return on && allowed(&d->allowed_privileged_services, image);
}

static int check_service(struct executor_docker *e, const struct docker_service *s)
{
	const struct rc_docker *d = &build_host(e->base.build)->config->docker;
	size_t i;

	if (!s->from_config && !allowed(&d->allowed_services, s->written)) {
		for (i = 0; i < d->n_services && !str_eq(d->services[i].name.v, s->written); i++)
			;
		if (i == d->n_services)
			return refuse(e, FAIL_RUNNER_SYSTEM, s->at,
				"service \"" STR_FMT "\" is not on the list of allowed services "
				"(allowed_services of the runner configuration)",
				STR_ARG(s->written));
	}
	/* Its daemon would fail with a message that does not say why. */
	if (dind_is_image(s->written) && !service_privileged(d, s->written))
		return refuse(e, FAIL_RUNNER_CONFIG, s->at,
			"service '" STR_FMT
			"' runs a Docker daemon, which needs privileged mode, and "
			"that is off: run again with --privileged, or set `privileged = true` in "
			"[runners.docker] of the runner configuration; or, without the service, "
			"mount "
			"the engine's own socket: volumes = "
			"[\"/var/run/docker.sock:/var/run/docker.sock\"]",
			STR_ARG(s->written));
	return 0;
}

static struct docker_strs expanded(struct executor_docker *e, const struct texts *t)
{
	struct str *v = arena_array(e->arena, struct str, t->n + 1);
	size_t i;

	for (i = 0; i < t->n; i++)
		v[i] = t->v[i].s;
	return (struct docker_strs){v, t->n};
}

static struct docker_strs config_list(struct executor_docker *e, const struct rc_list *l)
{
	struct str *v = arena_array(e->arena, struct str, l->n + 1);
	size_t i;

	for (i = 0; i < l->n; i++)
		v[i] = l->v[i].v;
	return (struct docker_strs){v, l->n};
}

static void put_env(
	struct executor_docker *e, struct str *v, size_t *n, struct str key, struct str value)
{
	v[(*n)++] = arena_printf(e->arena, STR_FMT "=" STR_FMT, STR_ARG(key), STR_ARG(value));
}

/*
 * The job's public variables, then the service's own, which may refer to all of the job's (also the
 * ones that services do not get by themselves: that is how a secret is passed on).
 */
static void service_env(struct executor_docker *e, struct docker_service *s,
	const struct varset *own, const struct rc_list *config)
{
	const struct job_env *env = build_env(e->base.build);
	const struct var **win = NULL;
	size_t n_own = own ? varset_winners(own, e->arena, &win) : 0, i, n = 0;
	size_t n_config = config ? config->n : 0;
	struct str *v = arena_array(e->arena, struct str, env->n + n_own + n_config + 1);

	for (i = 0; i < env->n; i++)
		if (!env->v[i].internal)
			put_env(e, v, &n, env->v[i].key,
				varset_get(&env->vars, env->v[i].key)->value);
	for (i = 0; i < n_config; i++)
		v[n++] = config->v[i].v;
	for (i = 0; i < n_own; i++)
		put_env(e, v, &n, win[i]->key,
			win[i]->raw ? win[i]->value : job_env_expand(env, e->arena, win[i]->value));
	s->env = (struct docker_strs){v, n};
}

/*
 * Names that the service answers to: those of its image, then its own. A name that another service
 * has is left out; a service without any name is not started (GitLab Runner,
 * executors/docker/services.go, createServices).
 */
static int plan_aliases(struct executor_docker *e, struct docker_service *s, struct str alias)
{
	struct job_log *log = build_log(e->base.build);
	struct str *own;
	size_t n_own = service_aliases_split(
		e->arena, job_env_expand(build_env(e->base.build), e->arena, alias), &own);
	size_t i, j, k;

	if (!s->name.valid && n_own)
		return refuse(e, FAIL_RUNNER_CONFIG, s->at, "invalid service image name: " STR_FMT,
			STR_ARG(s->written));
	s->aliases = arena_array(e->arena, struct str, s->name.n_aliases + n_own + 1);
	for (i = 0; i < s->name.n_aliases + n_own; i++) {
		struct str one =
			i < s->name.n_aliases ? s->name.aliases[i] : own[i - s->name.n_aliases];
		bool taken = false;

		for (j = 0; j <= s->index && !taken; j++)
			for (k = 0; k < e->services[j].n_aliases && !taken; k++)
				taken = str_eq(e->services[j].aliases[k], one);
		if (taken)
			job_log_warnln(log,
				"Skipping alias \"" STR_FMT "\" for service \"" STR_FMT
				"\" (services[%zu]): alias is already in use by another service.",
				STR_ARG(one), STR_ARG(s->written), s->index);
		else
			s->aliases[s->n_aliases++] = one;
	}
	s->skipped = s->n_aliases == 0;
	if (s->skipped && !s->name.valid)
		job_log_warnln(log,
			"Service \"" STR_FMT "\" is not started: its name is no image name",
			STR_ARG(s->written));
	return 0;
}

static int plan_service(struct executor_docker *e, size_t index, const struct service *job,
	const struct rc_service *config)
{
	struct docker_service *s = &e->services[index];
	const struct job_env *env = build_env(e->base.build);
	struct str alias = job ? job->alias.s : config->alias.v;

	s->e = e;
	s->index = index;
	s->from_config = config != NULL;
	s->at = job ? job->image.at : SPAN_NONE;
	s->options = job ? &job->image : NULL;
	s->written = job_env_expand(env, e->arena, job ? job->image.name.s : config->name.v);
	s->name = service_name_parse(e->arena, s->written);
	if (check_locked(e, s->name.image, s->at))
		return -1;
	s->image = docker_stand_in(e, s->name.image);
	s->cmd = job ? expanded(e, &job->command) : config_list(e, &config->command);
	s->entrypoint =
		job ? expanded(e, &job->image.entrypoint) : config_list(e, &config->entrypoint);
	if (dind_is_image(s->written))
		docker_mirror_add(e, s);
	s->container_name = arena_printf(e->arena, STR_FMT "-svc-%zu", STR_ARG(e->prefix), index);
	service_env(e, s, job ? job->vars : NULL, config ? &config->environment : NULL);
	if (check_service(e, s) || plan_aliases(e, s, alias))
		return -1;
	return 0;
}

static int plan_services(struct executor_docker *e)
{
	const struct build_spec *spec = build_spec(e->base.build);
	const struct rc_docker *d = &build_host(e->base.build)->config->docker;
	size_t n = d->n_services + spec->n_services, i;

	if (d->services_limit.v >= 0 && (int64_t)n > d->services_limit.v)
		return refuse(e, FAIL_RUNNER_SYSTEM,
			spec->n_services ? spec->services[0].image.at : SPAN_NONE,
			"too many services requested: %zu, only %" PRId64 " allowed", n,
			d->services_limit.v);
	e->services = arena_array(e->arena, struct docker_service, n + 1);
	e->n_services = n;
	for (i = 0; i < n; i++)
		if (i < d->n_services
				? plan_service(e, i, NULL, &d->services[i])
				: plan_service(e, i, &spec->services[i - d->n_services], NULL))
			return -1;
	return 0;
}

bool docker_has_services(const struct executor_docker *e)
{
	size_t i;

	for (i = 0; i < e->n_services; i++)
		if (!e->services[i].skipped)
			return true;
	return false;
}

/* With the engine's own socket it is the engine that logs in, pulls and pushes. */
static void tell_other_name(struct executor_docker *e)
{
	const struct build_host *h = build_host(e->base.build);
	const struct rc_list *volumes = &h->config->docker.volumes;

	for (size_t i = 0; i < volumes->n; i++) {
		if (str_find(volumes->v[i].v, STR("docker.sock")) == STR_NPOS)
			continue;
		for (size_t k = 0; k < h->n_extra_names; k++)
			if (h->extra_names[k].address.n)
				job_log_infoln(build_log(e->base.build),
					"Docker commands on the mounted socket find the "
					"registry " STR_FMT " as " STR_FMT,
					STR_ARG(h->extra_names[k].host),
					STR_ARG(h->extra_names[k].address));
		return;
	}
}

/*
 * A network of the job's own where something has to be found by name; else the engine's default
 * one, which costs no call. Bridge mode asked for by the configuration is GitLab's default: names
 * in /etc/hosts.
 */
static void plan_network(struct executor_docker *e)
{
	const struct build_host *h = build_host(e->base.build);
	bool flag =
		job_env_flag(build_env(e->base.build), h->config, "FF_NETWORK_PER_BUILD", false);
	bool registry = false;

	e->network_mode = h->config->docker.network_mode.v;
	e->links = str_is(e->network_mode, "bridge") && docker_has_services(e);
	e->own_network = !e->network_mode.n && (docker_has_services(e) || flag);
	for (size_t i = 0; i < h->n_extra_names; i++)
		registry |= !h->extra_names[i].mirror.n;
	e->bridge_names = !e->network_mode.n && !e->own_network && registry;
	if (e->network_mode.n && registry)
		job_log_warnln(build_log(e->base.build),
			"the local registry is not reachable by its name with network_mode = "
			"\"" STR_FMT "\"",
			STR_ARG(e->network_mode));
	tell_other_name(e);
	for (size_t i = 0; i < h->config->docker.extra_hosts.n; i++)
		if (docker_names_host(e, h->config->docker.extra_hosts.v[i].v))
			job_log_warnln(build_log(e->base.build),
				"extra_hosts \"" STR_FMT
				"\" is left out: the local registry has that name",
				STR_ARG(h->config->docker.extra_hosts.v[i].v));
}

/* By these the janitor, `clean` and people know what belongs to whom. Never a secret. */
static void plan_labels(struct executor_docker *e)
{
	const struct build_host *h = build_host(e->base.build);
	const struct rc_table *extra = &h->config->docker.container_labels;
	struct docker_kv *v =
		arena_array(e->arena, struct docker_kv, LEFTOVER_LABELS + 1 + extra->n);
	size_t n = LEFTOVER_LABELS, i;

	leftover_labels(e->arena, h->run_id, h->lock_path, v);
	v[n++] = (struct docker_kv){STR("cilocal.job"), build_spec(e->base.build)->name};
	for (i = 0; i < extra->n; i++)
		v[n++] = (struct docker_kv){extra->v[i].key,
			job_env_expand(build_env(e->base.build), e->arena, extra->v[i].value.v)};
	e->labels = (struct docker_kvs){v, n};
}

int docker_plan(struct executor_docker *e)
{
	static unsigned counter;
	const struct build_host *h = build_host(e->base.build);

	/* Unique among all runs and all attempts of a job in a run. */
	e->prefix = arena_printf(e->arena, "cilocal-%s-%u-" STR_FMT, h->run_id, ++counter,
		STR_ARG(str_sub(build_spec(e->base.build)->slug, 0, 40)));
	e->container_name = arena_printf(e->arena, STR_FMT "-build", STR_ARG(e->prefix));
	plan_labels(e);
	if (plan_image(e) || plan_services(e))
		return -1;
	plan_network(e);
	return 0;
}
