/* The body of POST /containers/create (Docker Engine API, ContainerCreate). */
#include "base/base.h"
#include "emulator/docker/container.h"

#include "emulator/docker/container_spec.h"
#include "emulator/docker/json.h"

/* {"80/tcp": {}, ...} */
static void put_set(json_t *obj, const char *key, struct docker_strs s)
{
	json_t *map;

	if (!s.n)
		return;
	map = json_object();
	for (size_t i = 0; i < s.n; i++) {
		json_t *name = json_from_str(s.v[i]);

		json_object_set_new(map, json_string_value(name), json_object());
		json_decref(name);
	}
	json_put(obj, key, map);
}

static void put_config(json_t *o, const struct container_spec *s)
{
	json_t *health;

	json_put_str(o, "Image", s->image);
	json_put_str(o, "Hostname", s->hostname);
	json_put_str(o, "User", s->user);
	json_put_str(o, "WorkingDir", s->working_dir);
	json_put_str(o, "StopSignal", s->stop_signal);
	json_put_str(o, "MacAddress", s->mac);
	json_put_strs(o, "Env", s->env);
	json_put_kvs(o, "Labels", s->labels);
	/* An empty list is not the same as none: it clears what the image says. */
	if (s->has_cmd)
		json_put(o, "Cmd", json_from_strs(s->cmd));
	if (s->has_entrypoint)
		json_put(o, "Entrypoint", json_from_strs(s->entrypoint));
	put_set(o, "ExposedPorts", s->exposed_ports);
	put_set(o, "Volumes", s->anonymous_volumes);
	json_put_true(o, "Tty", s->tty);
	json_put_true(o, "OpenStdin", s->open_stdin);
	json_put_true(o, "StdinOnce", s->stdin_once);
	json_put_true(o, "AttachStdin", s->attach_stdin);
	json_put_true(o, "AttachStdout", s->attach_stdout);
	json_put_true(o, "AttachStderr", s->attach_stderr);
	json_put_int(o, "StopTimeout", s->stop_timeout);
	if (s->no_healthcheck) {
		health = json_object();
		json_put_strs(health, "Test", (struct docker_strs){(struct str[]){STR("NONE")}, 1});
		json_put(o, "Healthcheck", health);
	}
}

static json_t *volume_options(const struct docker_mount *m)
{
	json_t *o = json_object(), *driver;

	json_put_true(o, "NoCopy", m->no_copy);
	json_put_kvs(o, "Labels", m->labels);
	if (m->driver.n || m->driver_opts.n) {
		driver = json_object();
		json_put_str(driver, "Name", m->driver.n ? m->driver : STR("local"));
		json_put_kvs(driver, "Options", m->driver_opts);
		json_put(o, "DriverConfig", driver);
	}
	return o;
}

static json_t *mount(const struct docker_mount *m)
{
	static const struct str types[] = {
		[DOCKER_MOUNT_BIND] = STR_INIT("bind"),
		[DOCKER_MOUNT_VOLUME] = STR_INIT("volume"),
		[DOCKER_MOUNT_TMPFS] = STR_INIT("tmpfs"),
	};
	json_t *o = json_object(), *options = NULL;
	const char *key = NULL;

	json_put_str(o, "Type", types[m->type]);
	json_put_str(o, "Source", m->source);
	json_put_str(o, "Target", m->target);
	json_put_true(o, "ReadOnly", m->read_only);
	switch (m->type) {
	case DOCKER_MOUNT_BIND:
		key = "BindOptions";
		options = json_object();
		json_put_str(options, "Propagation", m->propagation);
		break;
	case DOCKER_MOUNT_VOLUME:
		key = "VolumeOptions";
		options = volume_options(m);
		break;
	case DOCKER_MOUNT_TMPFS:
		key = "TmpfsOptions";
		options = json_object();
		json_put_int(options, "SizeBytes", (int64_t)m->tmpfs_size);
		json_put_int(options, "Mode", m->tmpfs_mode);
		break;
	}
	if (json_object_size(options))
		json_put(o, key, options);
	else
		json_decref(options);
	return o;
}

static void put_storage(json_t *host, const struct container_spec *s)
{
	json_t *list;

	json_put_strs(host, "Binds", s->binds);
	json_put_strs(host, "VolumesFrom", s->volumes_from);
	json_put_str(host, "VolumeDriver", s->volume_driver);
	json_put_kvs(host, "Tmpfs", s->tmpfs);
	json_put_true(host, "ReadonlyRootfs", s->read_only_rootfs);
	json_put_int(host, "ShmSize", s->shm_size);
	if (!s->n_mounts)
		return;
	list = json_array();
	for (size_t i = 0; i < s->n_mounts; i++)
		json_array_append_new(list, mount(&s->mounts[i]));
	json_put(host, "Mounts", list);
}

/* "5000/tcp" -> "127.0.0.1:5000" becomes [{"HostIp": "127.0.0.1", "HostPort": "5000"}]. */
static void put_ports(json_t *host, const struct container_spec *s)
{
	json_t *map;

	json_put_true(host, "PublishAllPorts", s->publish_all);
	if (!s->port_bindings.n)
		return;
	map = json_object();
	for (size_t i = 0; i < s->port_bindings.n; i++) {
		const struct docker_kv *kv = &s->port_bindings.v[i];
		json_t *key = json_from_str(kv->key), *list = json_array(), *o = json_object();
		size_t colon = str_rchr(kv->value, ':');

		if (colon != STR_NPOS)
			json_put_str(o, "HostIp", str_sub(kv->value, 0, colon));
		json_put(o, "HostPort",
			json_from_str(str_from(kv->value, colon == STR_NPOS ? 0 : colon + 1)));
		json_array_append_new(list, o);
		json_object_set_new(map, json_string_value(key), list);
		json_decref(key);
	}
	json_put(host, "PortBindings", map);
}

static void put_network(json_t *host, const struct container_spec *s)
{
	json_put_str(host, "NetworkMode", s->network_mode);
	json_put_strs(host, "ExtraHosts", s->extra_hosts);
	json_put_strs(host, "Links", s->links);
	json_put_strs(host, "Dns", s->dns);
	json_put_strs(host, "DnsSearch", s->dns_search);
	json_put_strs(host, "DnsOptions", s->dns_options);
	put_ports(host, s);
}

static void put_devices(json_t *host, const struct container_spec *s)
{
	json_t *list = json_array(), *requests = json_array(), *o;

	for (size_t i = 0; i < s->n_devices; i++) {
		o = json_object();
		json_put_str(o, "PathOnHost", s->devices[i].host);
		json_put_str(o, "PathInContainer", s->devices[i].container);
		json_put_str(o, "CgroupPermissions", s->devices[i].permissions);
		json_array_append_new(list, o);
	}
	json_put(host, "Devices", list);
	for (size_t i = 0; i < s->n_device_requests; i++) {
		const struct docker_device_request *r = &s->device_requests[i];
		json_t *any = json_array();

		o = json_object();
		json_put_str(o, "Driver", r->driver);
		json_put_int(o, "Count", r->count);
		json_put_strs(o, "DeviceIDs", r->ids);
		json_array_append_new(any, json_from_strs(r->capabilities));
		json_put(o, "Capabilities", any);
		json_array_append_new(requests, o);
	}
	json_put(host, "DeviceRequests", requests);
	json_put_strs(host, "DeviceCgroupRules", s->device_cgroup_rules);
}

static void put_security(json_t *host, const struct container_spec *s)
{
	json_put_true(host, "Privileged", s->privileged);
	json_put_strs(host, "CapAdd", s->cap_add);
	json_put_strs(host, "CapDrop", s->cap_drop);
	json_put_strs(host, "GroupAdd", s->group_add);
	json_put_strs(host, "SecurityOpt", s->security_opt);
	json_put_str(host, "PidMode", s->pid_mode);
	json_put_str(host, "IpcMode", s->ipc_mode);
	json_put_str(host, "UsernsMode", s->userns_mode);
	json_put_str(host, "UTSMode", s->uts_mode);
	json_put_str(host, "CgroupnsMode", s->cgroupns_mode);
	json_put_str(host, "Isolation", s->isolation);
	json_put_str(host, "Runtime", s->runtime);
	json_put_kvs(host, "Sysctls", s->sysctls);
}

static void put_resources(json_t *host, const struct container_spec *s)
{
	json_t *list;

	json_put_int(host, "Memory", s->memory);
	json_put_int(host, "MemorySwap", s->memory_swap);
	json_put_int(host, "MemoryReservation", s->memory_reservation);
	json_put_int(host, "NanoCpus", s->nano_cpus);
	json_put_int(host, "CpuShares", s->cpu_shares);
	json_put_str(host, "CpusetCpus", s->cpuset_cpus);
	json_put_str(host, "CpusetMems", s->cpuset_mems);
	json_put_str(host, "CgroupParent", s->cgroup_parent);
	json_put_int(host, "PidsLimit", s->pids_limit);
	json_put_int(host, "OomScoreAdj", s->oom_score_adj);
	json_put_true(host, "OomKillDisable", s->oom_kill_disable);
	if (!s->n_ulimits)
		return;
	list = json_array();
	for (size_t i = 0; i < s->n_ulimits; i++) {
		json_t *o = json_object();

		json_put_str(o, "Name", s->ulimits[i].name);
		json_object_set_new(o, "Soft", json_integer(s->ulimits[i].soft));
		json_object_set_new(o, "Hard", json_integer(s->ulimits[i].hard));
		json_array_append_new(list, o);
	}
	json_put(host, "Ulimits", list);
}

static json_t *host_config(const struct container_spec *s)
{
	json_t *host = json_object(), *log;

	put_storage(host, s);
	put_network(host, s);
	put_security(host, s);
	put_devices(host, s);
	put_resources(host, s);
	json_put_true(host, "Init", s->init);
	json_put_true(host, "AutoRemove", s->auto_remove);
	if (s->log_driver.n || s->log_options.n) {
		log = json_object();
		json_put_str(log, "Type", s->log_driver);
		json_put_kvs(log, "Config", s->log_options);
		json_put(host, "LogConfig", log);
	}
	return host;
}

static json_t *endpoint(const struct docker_endpoint *e)
{
	json_t *o = json_object(), *ipam;

	json_put_strs(o, "Aliases", e->aliases);
	json_put_strs(o, "Links", e->links);
	json_put_str(o, "MacAddress", e->mac);
	if (e->ipv4.n) {
		ipam = json_object();
		json_put_str(ipam, "IPv4Address", e->ipv4);
		json_put(o, "IPAMConfig", ipam);
	}
	return o;
}

static json_t *networking(const struct container_spec *s)
{
	json_t *o = json_object(), *map = json_object();

	for (size_t i = 0; i < s->n_networks; i++) {
		json_t *name = json_from_str(s->networks[i].network);

		json_object_set_new(map, json_string_value(name), endpoint(&s->networks[i]));
		json_decref(name);
	}
	json_put(o, "EndpointsConfig", map);
	return o;
}

void container_spec_write(const struct container_spec *s, struct buf *out)
{
	json_t *o = json_object();

	put_config(o, s);
	json_put(o, "HostConfig", host_config(s));
	if (s->n_networks)
		json_put(o, "NetworkingConfig", networking(s));
	json_write(out, o);
}
