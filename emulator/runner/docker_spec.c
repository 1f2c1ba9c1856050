#include "base/base.h"
#include "emulator/runner/docker_internal.h"
#include "emulator/docker/engine.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/docker_values.h"
#include "emulator/runner/job_env.h"
#include "emulator/runner/runner_config.h"
#include "emulator/runner/script.h"
#include "emulator/store/store.h"
#include "emulator/store/tar_filter.h"
#include "expr/glob.h"

#include <unistd.h>

#define PROFILE_MAX ((size_t)1024 * 1024)

static int bad(struct executor_docker *e, struct rc_at at, const char *key, struct str value)
{
	struct outcome o;
	char place[512];

	rc_place(build_host(e->base.build)->config, at, place, sizeof(place));
	outcome_fail(&o, FAIL_RUNNER_CONFIG, "%s%s%s: cannot use '" STR_FMT "'", place,
		*place ? ": " : "", key, STR_ARG(value));
	docker_fail(e, &o);
	return -1;
}

static const struct rc_docker *config(const struct executor_docker *e)
{
	return &build_host(e->base.build)->config->docker;
}

static struct docker_strs list(struct executor_docker *e, const struct rc_list *l)
{
	struct str *v = arena_array(e->arena, struct str, l->n + 1);
	size_t i;

	for (i = 0; i < l->n; i++)
		v[i] = l->v[i].v;
	return (struct docker_strs){v, l->n};
}

static struct docker_kvs table(struct executor_docker *e, const struct rc_table *t)
{
	struct docker_kv *v = arena_array(e->arena, struct docker_kv, t->n + 1);
	size_t i;

	for (i = 0; i < t->n; i++)
		v[i] = (struct docker_kv){t->v[i].key, t->v[i].value.v};
	return (struct docker_kvs){v, t->n};
}

static int size_of(
	struct executor_docker *e, const struct rc_text *t, const char *key, int64_t *out)
{
	if (t->set && t->v.n && !docker_size_parse(t->v, out))
		return bad(e, t->at, key, t->v);
	return 0;
}

static int cpus_of(
	struct executor_docker *e, const struct rc_text *t, const char *key, int64_t *out)
{
	if (t->set && t->v.n && !docker_cpus_parse(t->v, out))
		return bad(e, t->at, key, t->v);
	return 0;
}

static bool matches(const struct rc_list *patterns, struct str name)
{
	size_t i;

	for (i = 0; i < patterns->n; i++)
		if (glob_match_once(patterns->v[i].v, GLOB_DOUBLESTAR, name))
			return true;
	return patterns->n == 0;
}

/* Volumes: the same list in every container of the job. */

/*
 * A cache volume outlives runs: one for each project, path and number of the job. Two jobs that run
 * at once never share one, as on GitLab (GitLab Runner, executors/docker, ProjectUniqueName): what
 * a Docker-in-Docker service puts there is its own job's.
 */
static struct str cache_volume(struct executor_docker *e, struct str path)
{
	const char *root = build_host(e->base.build)->project_root;
	unsigned slot = build_env(e->base.build)->slot;
	struct str target =
		slot ? arena_printf(e->arena, STR_FMT "\n%u", STR_ARG(path), slot) : path;
	struct str key = arena_printf(e->arena, "%s\n" STR_FMT, root ? root : "", STR_ARG(target));
	struct str back = arena_printf(e->arena, STR_FMT "\n%s", STR_ARG(target), root ? root : "");

	return arena_printf(e->arena, "cilocal-cache-%08x%08x", (unsigned)str_hash(key),
		(unsigned)str_hash(back));
}

static void bind_source_note(struct executor_docker *e, const struct rc_text *t, struct str source)
{
	char place[512];

	if (!engine_is_local(e->engine) || source.p[0] != '/' ||
		!access(arena_cstr(e->arena, source), F_OK))
		return;
	rc_place(build_host(e->base.build)->config, t->at, place, sizeof(place));
	job_log_warnln(build_log(e->base.build),
		"%s%svolume source " STR_FMT
		" does not exist: the engine puts an empty directory in "
		"its place",
		place, *place ? ": " : "", STR_ARG(source));
}

struct volumes {
	VEC(struct str) binds;
	VEC(struct str) anonymous;
	VEC(struct docker_mount) mounts;
};

static struct str absolute(struct executor_docker *e, struct str target)
{
	if (target.p[0] == '/')
		return target;
	return arena_printf(e->arena, STR_FMT "/" STR_FMT,
		STR_ARG(build_env(e->base.build)->project_dir), STR_ARG(target));
}

bool docker_is_mounted(struct executor_docker *e, struct str place,
	bool (*covers)(struct str target, struct str place))
{
	const struct rc_docker *d = config(e);
	const struct job_env *env = build_env(e->base.build);
	struct docker_volume_text v;

	for (size_t i = 0; i < d->volumes.n; i++)
		if (docker_volume_parse(job_env_expand(env, e->arena, d->volumes.v[i].v), &v) &&
			covers(absolute(e, v.target), place))
			return true;
	for (size_t i = 0; i < d->tmpfs.n; i++)
		if (covers(d->tmpfs.v[i].key, place))
			return true;
	return d->volumes_from.n != 0;
}

/* A path of the host relative to the project; a name without a slash is a volume's. */
static struct str host_path(struct executor_docker *e, struct str source)
{
	const char *root = build_host(e->base.build)->project_root;

	if (source.p[0] == '/' || !root || (source.p[0] != '.' && str_chr(source, '/') == STR_NPOS))
		return source;
	return arena_printf(e->arena, "%s/" STR_FMT, root, STR_ARG(source));
}

static int one_volume(struct executor_docker *e, struct volumes *out, const struct rc_text *t)
{
	static const struct docker_kv cache_labels[] = {
		{STR_INIT("cilocal.cache"), STR_INIT("true")}};
	const struct rc_docker *d = config(e);
	struct str text = job_env_expand(build_env(e->base.build), e->arena, t->v);
	struct docker_volume_text v;
	struct str target;

	if (!docker_volume_parse(text, &v))
		return bad(e, t->at, "volumes", text);
	target = absolute(e, v.target);
	if (v.source.n) {
		struct str source = host_path(e, v.source), bind;

		bind_source_note(e, t, source);
		bind = arena_printf(e->arena, STR_FMT ":" STR_FMT "%s" STR_FMT, STR_ARG(source),
			STR_ARG(target), v.mode.n ? ":" : "", STR_ARG(v.mode));
		vec_push_in(e->arena, &out->binds, bind);
	} else if (d->disable_cache.v) {
		vec_push_in(e->arena, &out->anonymous, target);
	} else if (d->cache_dir.v.n) {
		struct str name = cache_volume(e, target);
		struct str bind = arena_printf(e->arena, STR_FMT "/" STR_FMT ":" STR_FMT,
			STR_ARG(host_path(e, d->cache_dir.v)), STR_ARG(name), STR_ARG(target));

		vec_push_in(e->arena, &out->binds, bind);
	} else {
		struct docker_mount m = {.type = DOCKER_MOUNT_VOLUME,
			.source = cache_volume(e, target),
			.target = target,
			.driver = d->volume_driver.v,
			.driver_opts = table(e, &d->volume_driver_ops),
			.labels = {cache_labels, ARRAY_SIZE(cache_labels)}};

		vec_push_in(e->arena, &out->mounts, m);
	}
	return 0;
}

static bool mounted_over(const struct volumes *v, struct str folder)
{
	bool over = false;
	size_t i;

	for (i = 0; i < v->binds.n; i++) {
		struct docker_volume_text t;

		over |= docker_volume_parse(v->binds.v[i], &t) &&
			docker_path_holds(t.target, folder);
	}
	for (i = 0; i < v->anonymous.n; i++)
		over |= docker_path_holds(v->anonymous.v[i], folder);
	for (i = 0; i < v->mounts.n; i++)
		over |= docker_path_holds(v->mounts.v[i].target, folder);
	return over;
}

/* Below a volume of the user's it would leave a folder in there. */
static void ca_volume(struct executor_docker *e, struct volumes *v)
{
	const struct ca_mount *ca = &build_host(e->base.build)->ca_mount;
	struct docker_mount m = {.type = DOCKER_MOUNT_VOLUME,
		.source = ca->volume,
		.target = ca->folder,
		.read_only = true};

	if (!ca->volume.n)
		return;
	if (mounted_over(v, ca->folder))
		job_log_warnln(build_log(e->base.build),
			"a volume lies over " STR_FMT
			": the certificate of the local registry is not put there; "
			"$CI_SERVER_TLS_CA_FILE has it",
			STR_ARG(ca->folder));
	else
		vec_push_in(e->arena, &v->mounts, m);
}

static int volumes(struct executor_docker *e, struct container_spec *out)
{
	const struct rc_docker *d = config(e);
	struct volumes v = {0};
	size_t i;

	for (i = 0; i < d->volumes.n; i++)
		if (one_volume(e, &v, &d->volumes.v[i]))
			return -1;
	if (e->volume_mounted) {
		struct docker_mount m = {.type = DOCKER_MOUNT_VOLUME,
			.source = e->volume,
			.target = e->base.ops->builds_dir(&e->base)};

		vec_push_in(e->arena, &v.mounts, m);
	}
	if (docker_layer_mounted(e)) {
		struct docker_mount m = {.type = DOCKER_MOUNT_VOLUME,
			.source = e->layer.volumes[0],
			.target = build_env(e->base.build)->project_dir,
			.no_copy = true};

		vec_push_in(e->arena, &v.mounts, m);
	}
	ca_volume(e, &v);
	out->binds = (struct docker_strs){v.binds.v, v.binds.n};
	out->anonymous_volumes = (struct docker_strs){v.anonymous.v, v.anonymous.n};
	out->mounts = v.mounts.v;
	out->n_mounts = v.mounts.n;
	return 0;
}

static int ahead(void *arg, const void *p, size_t n, struct error *err)
{
	UNUSED(err);
	buf_add(arg, p, n);
	return 0;
}

static void open_folder(struct executor_docker *e, struct str target)
{
	struct error ignored = ERROR_INIT;

	tar_filter_folder(ahead, &e->ahead, str_from(target, 1), time(NULL), &ignored);
}

/*
 * Volumes that last are there for whoever the job runs as (GitLab Runner,
 * executors/docker/internal/volumes/permission): their folders get mode 0777 with the sources,
 * which are put into the container next.
 */
static void open_volumes(struct executor_docker *e, const struct container_spec *spec)
{
	for (size_t i = 0; i < spec->anonymous_volumes.n; i++)
		open_folder(e, spec->anonymous_volumes.v[i]);
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (spec->mounts[i].labels.n)
			open_folder(e, spec->mounts[i].target);
}

/* Network */

static void network(
	struct executor_docker *e, struct container_spec *out, struct docker_strs aliases)
{
	struct docker_endpoint *p = arena_new(e->arena, struct docker_endpoint);
	/* By its name: Docker before 25 compares that for mac_address. */
	struct str mode = e->network.n ? docker_network_name(e) : e->network_mode;
	bool named = e->network.n ||
		     (mode.n && !str_is(mode, "bridge") && !str_is(mode, "host") &&
			     !str_is(mode, "none") && !str_starts(mode, STR("container:")));

	out->network_mode = mode;
	if (!named)
		return;
	p->network = mode;
	p->aliases = aliases;
	out->networks = p;
	out->n_networks = 1;
}

/* Of the job's container alone: two in one network with the same would not hear each other. */
static void hardware_address(struct executor_docker *e, struct container_spec *out)
{
	struct str mac = config(e)->mac_address.v;
	struct docker_endpoint *p;

	if (!mac.n || str_is(out->network_mode, "host") || str_is(out->network_mode, "none") ||
		str_starts(out->network_mode, STR("container:")))
		return;
	/* Engine API 1.44 moved it from the container to its place in a network. */
	if (!engine_api_at_least(e->engine, 1, 44)) {
		out->mac = mac;
		return;
	}
	if (!out->n_networks)
		out->network_mode = STR("bridge");
	p = arena_new(e->arena, struct docker_endpoint);
	*p = out->n_networks ? out->networks[0]
			     : (struct docker_endpoint){.network = out->network_mode};
	p->mac = mac;
	out->networks = p;
	out->n_networks = 1;
}

/* What all containers of a job have in common. */
static int common(struct executor_docker *e, struct container_spec *out)
{
	const struct rc_docker *d = config(e);
	const struct build *b = e->base.build;
	size_t i, n = 0;
	struct str *opts =
		arena_array(e->arena, struct str, d->extra_hosts.n + e->n_extra_hosts + 1);
	struct docker_kv *log = arena_array(e->arena, struct docker_kv, d->log_options.n + 1);

	out->labels = e->labels;
	for (i = 0; i < d->extra_hosts.n; i++)
		if (!docker_names_host(e, d->extra_hosts.v[i].v))
			opts[n++] = d->extra_hosts.v[i].v;
	for (i = 0; i < e->n_extra_hosts; i++)
		opts[n++] = e->extra_hosts[i];
	out->extra_hosts = (struct docker_strs){opts, n};
	out->dns = list(e, &d->dns);
	out->dns_search = list(e, &d->dns_search);
	out->userns_mode = d->userns_mode.v;
	out->runtime = d->runtime.v;
	if (d->shm_size.v < 0)
		return bad(e, d->shm_size.at, "shm_size", STR("a negative size"));
	out->shm_size = d->shm_size.v;
	out->init = job_env_flag(
		build_env(b), build_host(b)->config, "FF_USE_INIT_WITH_DOCKER_EXECUTOR", false);
	for (i = 0; i < d->log_options.n; i++) {
		struct str key = d->log_options.v[i].key;

		if (!str_is(key, "env") && !str_is(key, "labels"))
			return bad(e, d->log_options.at,
				"invalid log options: only [\"env\" \"labels\"] are allowed", key);
		log[i] = (struct docker_kv){key, d->log_options.v[i].value.v};
	}
	out->log_options = (struct docker_kvs){log, d->log_options.n};
	if (d->log_options.n)
		out->log_driver = STR("json-file");
	return volumes(e, out);
}

/* "seccomp=FILE" means the file's content: the engine takes no path. */
static int security(struct executor_docker *e, const struct rc_list *l, struct docker_strs *out)
{
	struct str *v = arena_array(e->arena, struct str, l->n + 1), profile;
	size_t i;

	for (i = 0; i < l->n; i++) {
		struct str path = str_from(l->v[i].v, 8);

		v[i] = l->v[i].v;
		if (!str_starts(v[i], STR("seccomp=")) || str_is(path, "unconfined") ||
			str_is(path, "builtin"))
			continue;
		if (store_read_file(
			    arena_cstr(e->arena, path), e->arena, PROFILE_MAX, &profile, NULL))
			return bad(e, l->v[i].at, "security_opt: no such profile", path);
		v[i] = arena_printf(e->arena, "seccomp=" STR_FMT, STR_ARG(profile));
	}
	*out = (struct docker_strs){v, l->n};
	return 0;
}

static int limits(struct executor_docker *e, struct container_spec *out)
{
	const struct rc_docker *d = config(e);
	struct docker_ulimit *u = arena_array(e->arena, struct docker_ulimit, d->ulimit.n + 1);
	size_t i;

	for (i = 0; i < d->ulimit.n; i++)
		if (!docker_ulimit_parse(d->ulimit.v[i].key, d->ulimit.v[i].value.v, &u[i]))
			return bad(e, d->ulimit.v[i].value.at, "ulimit", d->ulimit.v[i].value.v);
	out->ulimits = u;
	out->n_ulimits = d->ulimit.n;
	out->cpuset_cpus = d->cpuset_cpus.v;
	out->cpuset_mems = d->cpuset_mems.v;
	out->cpu_shares = d->cpu_shares.v;
	out->cgroup_parent = d->cgroup_parent.v;
	if (size_of(e, &d->memory, "memory", &out->memory) ||
		size_of(e, &d->memory_swap, "memory_swap", &out->memory_swap) ||
		size_of(e, &d->memory_reservation, "memory_reservation",
			&out->memory_reservation) ||
		cpus_of(e, &d->cpus, "cpus", &out->nano_cpus))
		return -1;
	return 0;
}

static int devices(struct executor_docker *e, const struct rc_list *l, struct container_spec *out)
{
	struct docker_device *v = arena_array(e->arena, struct docker_device, l->n + 1);
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!docker_device_parse(l->v[i].v, &v[i]))
			return bad(e, l->v[i].at, "devices", l->v[i].v);
	out->devices = v;
	out->n_devices = l->n;
	return 0;
}

static int gpus(struct executor_docker *e, const struct rc_text *t, const char *key,
	struct container_spec *out)
{
	struct docker_device_request *r;

	if (!t->set || !t->v.n)
		return 0;
	r = arena_new(e->arena, struct docker_device_request);
	if (!docker_gpus_parse(e->arena, t->v, r))
		return bad(e, t->at, key, t->v);
	out->device_requests = r;
	out->n_device_requests = 1;
	return 0;
}

static struct docker_strs job_environment(struct executor_docker *e)
{
	const struct job_env *env = build_env(e->base.build);
	struct str *v = arena_array(e->arena, struct str, env->n + 1);
	size_t i;

	for (i = 0; i < env->n; i++) {
		struct str value = varset_get(&env->vars, env->v[i].key)->value;

		v[i] = arena_printf(
			e->arena, STR_FMT "=" STR_FMT, STR_ARG(env->v[i].key), STR_ARG(value));
	}
	return (struct docker_strs){v, env->n};
}

static int user_refused(struct executor_docker *e, struct str user)
{
	const struct image *image = build_spec(e->base.build)->image;
	const struct rc_list *allowed = &config(e)->allowed_users;
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	struct outcome o;

	for (size_t i = 0; i < allowed->n; i++)
		buf_printf(&names, "%s" STR_FMT, i ? " " : "", STR_ARG(allowed->v[i].v));
	outcome_fail(&o, FAIL_RUNNER_CONFIG, "user \"" STR_FMT "\" is not an allowed user: [%s]",
		STR_ARG(user), names.p);
	if (image)
		o.at = image->at;
	docker_fail(e, &o);
	return -1;
}

static int user(struct executor_docker *e, struct container_spec *out)
{
	const struct rc_docker *d = config(e);
	const struct image *image = build_spec(e->base.build)->image;
	size_t i;

	out->user = d->user.v;
	if (!out->user.n && image && image->user.s.n)
		out->user = job_env_expand(build_env(e->base.build), e->arena, image->user.s);
	for (i = 0; i < d->allowed_users.n && !str_eq(d->allowed_users.v[i].v, out->user); i++)
		;
	if (out->user.n && d->allowed_users.n && i == d->allowed_users.n)
		return user_refused(e, out->user);
	return 0;
}

static void entrypoint(
	struct executor_docker *e, struct container_spec *out, struct docker_strs words)
{
	if (!words.n)
		return;
	if (config(e)->disable_entrypoint_overwrite.v) {
		job_log_warnln(build_log(e->base.build), "Entrypoint override disabled");
		return;
	}
	out->has_entrypoint = true;
	out->entrypoint = words;
}

/* Names of services in /etc/hosts, as GitLab's default network mode has them. */
static void link_hosts(struct executor_docker *e, struct container_spec *out)
{
	VEC(struct str) v = {0};
	size_t i, j;

	if (!e->links)
		return;
	for (i = 0; i < out->extra_hosts.n; i++)
		vec_push_in(e->arena, &v, out->extra_hosts.v[i]);
	for (i = 0; i < e->n_services; i++)
		for (j = 0; j < e->services[i].n_aliases && e->services[i].ip.n; j++) {
			struct str h = arena_printf(e->arena, STR_FMT ":" STR_FMT,
				STR_ARG(e->services[i].aliases[j]), STR_ARG(e->services[i].ip));

			vec_push_in(e->arena, &v, h);
		}
	out->extra_hosts = (struct docker_strs){v.v, v.n};
}

int docker_job_spec(struct executor_docker *e, struct container_spec *out)
{
	static const struct str build_alias = STR_INIT("build");
	const struct rc_docker *d = config(e);
	const struct build_spec *spec = build_spec(e->base.build);
	struct str *cmd = arena_array(e->arena, struct str, 3), *words;
	struct str id = job_env_get(build_env(e->base.build), "CI_PROJECT_ID");
	size_t i, n = spec->image ? spec->image->entrypoint.n : 0;

	*out = (struct container_spec){.name = e->container_name, .image = e->image};
	if (common(e, out) || limits(e, out) || user(e, out) || devices(e, &d->devices, out) ||
		gpus(e, &d->gpus, "gpus", out) || security(e, &d->security_opt, &out->security_opt))
		return -1;
	open_volumes(e, out);
	cmd[0] = STR("sh");
	cmd[1] = STR("-c");
	cmd[2] = str_c(script_detect_shell);
	out->has_cmd = true;
	out->cmd = (struct docker_strs){cmd, 3};
	words = arena_array(e->arena, struct str, n + 1);
	for (i = 0; i < n; i++)
		words[i] = spec->image->entrypoint.v[i].s;
	entrypoint(e, out, (struct docker_strs){words, n});
	if (spec->image)
		out->platform =
			job_env_expand(build_env(e->base.build), e->arena, spec->image->platform.s);
	out->env = job_environment(e);
	out->hostname =
		d->hostname.v.n
			? d->hostname.v
			: arena_printf(e->arena, "runner-cilocal-project-" STR_FMT "-concurrent-%u",
				  STR_ARG(id.n ? id : STR("0")), build_env(e->base.build)->slot);
	if (str_is(e->network_mode, "host") || str_starts(e->network_mode, STR("container:")))
		out->hostname = d->hostname.v;
	out->open_stdin = out->stdin_once = true;
	out->attach_stdin = out->attach_stdout = out->attach_stderr = true;
	network(e, out, (struct docker_strs){&build_alias, 1});
	hardware_address(e, out);
	link_hosts(e, out);
	out->privileged = d->privileged.v && matches(&d->allowed_privileged_images, e->image_name);
	out->tmpfs = table(e, &d->tmpfs);
	out->volumes_from = list(e, &d->volumes_from);
	out->volume_driver = d->volume_driver.v;
	out->links = list(e, &d->links);
	out->cap_add = list(e, &d->cap_add);
	out->cap_drop = list(e, &d->cap_drop);
	out->group_add = list(e, &d->group_add);
	out->pid_mode = d->pid_mode.v;
	out->ipc_mode = d->ipcmode.v;
	out->sysctls = table(e, &d->sysctls);
	out->oom_kill_disable = d->oom_kill_disable.v;
	out->oom_score_adj = (int)d->oom_score_adjust.v;
	out->device_cgroup_rules = list(e, &d->device_cgroup_rules);
	/* The output goes to the attached client; a second copy on the engine's disk serves nobody.
	 */
	if (!d->log_options.n)
		out->log_driver = STR("none");
	return 0;
}

static int service_devices(
	struct executor_docker *e, const struct docker_service *s, struct container_spec *out)
{
	const struct rc_table *t = &config(e)->services_devices;
	struct docker_device *v = arena_array(e->arena, struct docker_device, t->n + 1);
	size_t i;

	for (i = 0; i < t->n; i++)
		if (glob_match_once(t->v[i].key, GLOB_DOUBLESTAR, s->written)) {
			if (!docker_device_parse(t->v[i].value.v, &v[out->n_devices]))
				return bad(
					e, t->v[i].value.at, "services_devices", t->v[i].value.v);
			out->n_devices++;
		}
	out->devices = v;
	return 0;
}

int docker_service_spec(
	struct executor_docker *e, struct docker_service *s, struct container_spec *out)
{
	const struct rc_docker *d = config(e);
	const struct job_env *env = build_env(e->base.build);
	struct docker_kv *labels = arena_array(e->arena, struct docker_kv, e->labels.n + 2);
	bool on = d->services_privileged.set ? d->services_privileged.v : d->privileged.v;

	*out = (struct container_spec){.name = s->container_name, .image = s->image};
	if (common(e, out) || service_devices(e, s, out) ||
		gpus(e, &d->service_gpus, "service_gpus", out) ||
		security(e, &d->services_security_opt, &out->security_opt) ||
		size_of(e, &d->service_memory, "service_memory", &out->memory) ||
		size_of(e, &d->service_memory_swap, "service_memory_swap", &out->memory_swap) ||
		size_of(e, &d->service_memory_reservation, "service_memory_reservation",
			&out->memory_reservation) ||
		cpus_of(e, &d->service_cpus, "service_cpus", &out->nano_cpus))
		return -1;
	memcpy(labels, e->labels.v, e->labels.n * sizeof(*labels));
	labels[e->labels.n] = (struct docker_kv){STR("cilocal.service"), s->name.service};
	labels[e->labels.n + 1] =
		(struct docker_kv){STR("cilocal.service.version"), s->name.version};
	out->labels = (struct docker_kvs){labels, e->labels.n + 2};
	out->has_cmd = s->cmd.n != 0;
	out->cmd = s->cmd;
	entrypoint(e, out, s->entrypoint);
	out->env = s->env;
	if (s->options) {
		out->platform = job_env_expand(env, e->arena, s->options->platform.s);
		out->user = job_env_expand(env, e->arena, s->options->user.s);
	}
	network(e, out, (struct docker_strs){s->aliases, s->n_aliases});
	out->privileged = on && matches(&d->allowed_privileged_services, s->written);
	out->tmpfs = table(e, &d->services_tmpfs);
	out->cpuset_cpus = d->service_cpuset_cpus.v;
	out->cpu_shares = d->service_cpu_shares.v;
	out->cgroup_parent = d->service_cgroup_parent.v;
	return 0;
}
