/* Containers: create, start, stop, wait, inspect, logs, remove. */
#ifndef DOCKER_CONTAINER_H
#define DOCKER_CONTAINER_H

#include "base/str.h"
#include "emulator/docker/types.h"

enum docker_mount_type { DOCKER_MOUNT_BIND, DOCKER_MOUNT_VOLUME, DOCKER_MOUNT_TMPFS };

struct docker_mount {
	enum docker_mount_type type;
	struct str source,
		target; /* source: host path or volume name; empty: anonymous volume, tmpfs */
	bool read_only;
	bool no_copy;                  /* volume: don't fill it from the image */
	struct str propagation;        /* bind: "rprivate", "rslave"...; empty: default */
	struct str driver;             /* volume: created by this driver where missing */
	struct docker_kvs driver_opts; /* volume */
	struct docker_kvs labels;      /* volume */
	uint64_t tmpfs_size;           /* bytes; 0: default */
	uint32_t tmpfs_mode;           /* 0: default */
};

struct docker_ulimit {
	struct str name;
	int64_t soft, hard;
};

struct docker_device {
	struct str host, container, permissions; /* permissions: "rwm" */
};

struct docker_device_request {
	struct str driver; /* "nvidia" or empty */
	int64_t count;     /* -1: all */
	struct docker_strs ids, capabilities;
};

/* Attachment to one network: the primary one (network_mode) or one more. */
struct docker_endpoint {
	struct str network; /* name or id */
	struct docker_strs aliases;
	struct docker_strs links;
	struct str ipv4, mac;
};

/*
 * Body of POST /containers/create. Zero means "leave out". Fields are those of GitLab Runner's two
 * create bodies (gitlab-runner, executors/docker/docker.go, createContainerConfig/createHostConfig
 * and services.go, createService), and a few that cilocal needs.
 */
struct container_spec {
	struct str name;     /* empty: the engine picks one */
	struct str image;    /* reference, digest or id */
	struct str platform; /* "linux/arm64/v8" */

	bool has_cmd, has_entrypoint; /* false: the image's own */
	struct docker_strs cmd, entrypoint;
	struct docker_strs env; /* "NAME=value" */
	struct docker_kvs labels;
	struct docker_strs exposed_ports; /* "80/tcp" */
	struct str user, hostname, mac, working_dir, stop_signal;
	bool tty, open_stdin, stdin_once, attach_stdin, attach_stdout, attach_stderr;
	int stop_timeout; /* seconds; 0: default */
	bool no_healthcheck;

	struct docker_strs binds; /* "src:dst[:mode]" */
	const struct docker_mount *mounts;
	size_t n_mounts;
	struct docker_kvs tmpfs; /* path -> options */
	struct docker_strs volumes_from;
	struct str volume_driver;
	struct docker_strs anonymous_volumes; /* container paths */

	struct str network_mode; /* "bridge", "host", "none", "container:ID", network */
	const struct docker_endpoint *networks; /* first: the one of network_mode */
	size_t n_networks;
	struct docker_strs extra_hosts, links, dns, dns_search, dns_options;
	struct docker_kvs port_bindings; /* "5000/tcp" -> "127.0.0.1:5000" (host part optional) */
	bool publish_all;

	bool privileged, read_only_rootfs, init, auto_remove, oom_kill_disable;
	int oom_score_adj;
	struct docker_strs cap_add, cap_drop, group_add, security_opt;
	struct str pid_mode, ipc_mode, userns_mode, uts_mode, cgroupns_mode, isolation, runtime;
	struct docker_kvs sysctls;
	const struct docker_ulimit *ulimits;
	size_t n_ulimits;
	const struct docker_device *devices;
	size_t n_devices;
	struct docker_strs device_cgroup_rules;
	const struct docker_device_request *device_requests;
	size_t n_device_requests;

	int64_t shm_size;                                /* bytes */
	int64_t memory, memory_swap, memory_reservation; /* bytes; memory_swap -1: unlimited */
	int64_t nano_cpus, cpu_shares;
	struct str cpuset_cpus, cpuset_mems, cgroup_parent;
	int64_t pids_limit;

	struct str log_driver; /* empty: the engine's default */
	struct docker_kvs log_options;
};

struct container_created {
	struct str id;
	struct docker_strs warnings;
};
typedef void container_create_fn(void *arg, struct error *err, const struct container_created *r);
struct docker_call *docker_container_create(
	struct engine *e, const struct container_spec *spec, container_create_fn *done, void *arg);

/* Success also when it runs already (304). */
struct docker_call *docker_container_start(
	struct engine *e, struct str id, docker_done_fn *done, void *arg);
/* SIGTERM, after `seconds` SIGKILL; seconds < 0: the container's own grace. Done when it has ended.
 */
struct docker_call *docker_container_stop(
	struct engine *e, struct str id, int seconds, docker_done_fn *done, void *arg);
struct docker_call *docker_container_kill(
	struct engine *e, struct str id, const char *signal, docker_done_fn *done, void *arg);
/* volumes: its anonymous volumes too. Success also when there is no such container (404). */
struct docker_call *docker_container_remove(
	struct engine *e, struct str id, bool force, bool volumes, docker_done_fn *done, void *arg);
struct docker_call *docker_container_rename(
	struct engine *e, struct str id, struct str name, docker_done_fn *done, void *arg);
/* Terminal size of a container with tty. */
struct docker_call *docker_container_resize(struct engine *e, struct str id, unsigned rows,
	unsigned cols, docker_done_fn *done, void *arg);

enum container_wait_for { WAIT_NOT_RUNNING, WAIT_NEXT_EXIT, WAIT_REMOVED };
struct container_exit {
	int64_t status;
	struct str error; /* the engine's own trouble with the wait, usually empty */
};
typedef void container_wait_fn(void *arg, struct error *err, const struct container_exit *r);
typedef void container_ready_fn(void *arg);
/*
 * ready (may be NULL) runs when the engine has taken the request, before the exit: with
 * WAIT_NEXT_EXIT and ready, a wait can be in place before the start. A container that was never
 * started answers WAIT_NOT_RUNNING at once; after the start has answered it is right everywhere.
 * WAIT_REMOVED has no exit code on Podman 4.3. No time limit.
 */
struct docker_call *docker_container_wait(struct engine *e, struct str id,
	enum container_wait_for what, container_ready_fn *ready, container_wait_fn *done,
	void *arg);

struct container_network {
	struct str name, id, ipv4, ipv6, gateway, mac;
	struct docker_strs aliases;
};
struct container_mount_point {
	struct str type, name, source, destination;
	bool rw;
};
struct container_state {
	struct str id, name;        /* name without the leading slash */
	struct str image_id, image; /* sha256:..., and as given at creation */
	struct str status;          /* "created", "running", "exited", "dead", ... */
	bool running, oom_killed, tty;
	int64_t exit_code;
	int64_t pid;
	struct str error;  /* why it could not be started, in the engine's words */
	struct str health; /* "", "starting", "healthy", "unhealthy" */
	struct str hostname, user, working_dir;
	struct docker_strs env, cmd, entrypoint;
	struct docker_strs exposed_ports; /* "2375/tcp", as the image and the creation say */
	struct docker_kvs labels;
	const struct container_network *networks;
	size_t n_networks;
	const struct container_mount_point *mounts;
	size_t n_mounts;
	struct docker_kvs ports; /* published: "5000/tcp" -> "127.0.0.1:32768" */
	struct str started_at, finished_at;
};
typedef void container_inspect_fn(void *arg, struct error *err, const struct container_state *r);
struct docker_call *docker_container_inspect(
	struct engine *e, struct str id, container_inspect_fn *done, void *arg);

struct container_row {
	struct str id, name, image, state;
	struct docker_kvs labels;
	int64_t created; /* seconds since the epoch */
};
typedef void container_list_fn(
	void *arg, struct error *err, const struct container_row *rows, size_t n);
/* All containers, stopped ones too, that have every label ("key" or "key=value"). */
struct docker_call *docker_container_list(
	struct engine *e, struct docker_strs labels, container_list_fn *done, void *arg);

struct logs_options {
	bool follow, timestamps;
	bool no_stdout, no_stderr;
	bool tty;         /* the container has a terminal: output is not framed */
	int64_t tail;     /* last lines; 0: all */
	struct str since; /* seconds or RFC 3339; empty: from the start */
};
/* Output until the end of what there is, with follow until the container ends. */
struct docker_call *docker_container_logs(struct engine *e, struct str id,
	const struct logs_options *o, docker_output_fn *output, docker_done_fn *done, void *arg);

#endif
