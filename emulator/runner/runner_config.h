/*
 * What GitLab Runner's config.toml says, as plain data: its [[runners]] blocks and the global keys
 * that matter here. The reader of the file fills it (emulator/cli); the executors only read it.
 * Strings live in the arena of whoever filled it, which must outlive every build. Every value knows
 * the line that set it, so that a message can name the very line to change.
 *
 * Names are those of the file, with '-' as '_'. Sizes stay texts as written ("512m"), durations
 * too ("5m"): the code that uses them parses them and reports a bad one with its place.
 *
 * Source: GitLab Runner docs, "Advanced configuration".
 */
#ifndef RUNNER_RUNNER_CONFIG_H
#define RUNNER_RUNNER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct arena;

/* Where a value was written. line 0: not from a file (a default, or a command line option). */
struct rc_at {
	uint32_t file; /* index into runner_config.files */
	uint32_t line, col;
};

/* The scalar kinds; `set` is false where the file has no such key (then v is the default). */
struct rc_text {
	struct str v;
	bool set;
	struct rc_at at;
};
struct rc_bool {
	bool v;
	bool set;
	struct rc_at at;
};
struct rc_int {
	int64_t v;
	bool set;
	struct rc_at at;
};
struct rc_list {
	struct rc_text *v;
	size_t n;
	bool set;
	struct rc_at at;
};
struct rc_pair {
	struct str key;
	struct rc_text value; /* a table of lists holds one pair for each element */
};
struct rc_table {
	struct rc_pair *v;
	size_t n;
	bool set;
	struct rc_at at;
};

/* One [[runners.docker.services]]. */
struct rc_service {
	struct rc_text name, alias;
	struct rc_list entrypoint, command;
	struct rc_list environment; /* K=V */
	struct rc_at at;
};

/* [runners.docker] */
struct rc_docker {
	struct rc_at at;
	struct rc_text host, tls_cert_path;
	struct rc_bool tls_verify;
	struct rc_text image, user, hostname, runtime, platform;
	struct rc_bool privileged; /* --privileged sets v and set with no line */
	struct rc_bool services_privileged;
	struct rc_list allowed_privileged_images, allowed_privileged_services;
	struct rc_bool disable_entrypoint_overwrite;
	struct rc_bool oom_kill_disable;
	struct rc_int oom_score_adjust;
	struct rc_bool disable_cache, volume_keep;
	struct rc_list volumes, volumes_from;
	struct rc_text cache_dir, volume_driver;
	struct rc_table volume_driver_ops;
	struct rc_table tmpfs, services_tmpfs;
	struct rc_int shm_size; /* bytes; 0: the engine's default */
	struct rc_list extra_hosts, dns, dns_search, links;
	struct rc_text network_mode, mac_address;
	struct rc_int network_mtu;
	struct rc_bool enable_ipv6;
	struct rc_text pid_mode, ipcmode, userns_mode;
	struct rc_list allowed_users, group_add;
	struct rc_list cap_add, cap_drop, security_opt, services_security_opt;
	struct rc_list devices, device_cgroup_rules;
	struct rc_table services_devices;
	struct rc_text gpus, service_gpus;
	struct rc_table sysctls, ulimit;
	struct rc_text memory, memory_swap, memory_reservation, cpus, cpuset_cpus, cpuset_mems;
	struct rc_int cpu_shares;
	struct rc_text cgroup_parent;
	struct rc_text service_memory, service_memory_swap, service_memory_reservation;
	struct rc_text service_cpus, service_cpuset_cpus, service_cgroup_parent;
	struct rc_int service_cpu_shares;
	struct rc_list allowed_images, allowed_services, allowed_pull_policies;
	struct rc_list pull_policy;              /* a plain string in the file is a list of one */
	struct rc_int services_limit;            /* default -1: none */
	struct rc_int wait_for_services_timeout; /* seconds; default 30; negative: no check */
	struct rc_table container_labels, log_options;
	struct rc_service *services;
	size_t n_services;
};

/* PEM. */
struct rc_tls {
	struct str ca, cert, key; /* cert and key both or none */
};

struct runner_config {
	const char **files; /* paths as the user would name them; see rc_at.file */
	size_t n_files;

	struct rc_int concurrent; /* global: jobs in parallel; 0: not set */

	/* [[runners]] */
	struct rc_at at;
	struct rc_text name, executor, shell, builds_dir;
	/* What GitLab knows of a runner, and its file does not; see runner_choose.h. */
	struct rc_list tags;
	struct rc_bool run_untagged;
	struct rc_int limit, output_limit; /* output_limit: KiB, default 4096 */
	struct rc_list environment;        /* K=V */
	struct rc_text pre_get_sources_script, post_get_sources_script;
	struct rc_text pre_build_script, post_build_script;
	struct rc_text prepare_timeout, get_sources_timeout;
	struct rc_bool debug_trace_disabled;
	struct rc_bool custom_build_dir; /* its key `enabled`; see job_env.h */
	struct rc_table feature_flags;   /* values "true" or "false" */
	/* For the connection to GitLab; tls: what jobs get of them, empty: nothing. */
	struct rc_text tls_ca_file, tls_cert_file, tls_key_file;
	struct rc_tls tls;
	struct rc_docker docker;
};

/* More than a mask has bits are refused. */
#define RUNNERS_MAX 64

/*
 * All that may take jobs, in the order of the files. v[0] is always there: the defaults, where no
 * file has a [[runners]] block. The global keys and `files` are the same in each.
 */
struct runner_configs {
	struct runner_config *v;
	size_t n;
	size_t blocks; /* that files had: 0 or n */
};

/*
 * The configuration of a runner that nobody configured: nothing set, the defaults above. Callers
 * that read a file start from it.
 */
void runner_config_init(struct runner_config *c);

/* The folder that project directories are below in containers: builds_dir, else /builds. */
struct str rc_builds_dir(const struct runner_config *c);

struct endpoint_lookup;

/* What [runners.docker] says of the engine: host, tls_cert_path, tls_verify. Texts in the arena. */
void rc_endpoint(const struct runner_config *c, struct arena *a, struct endpoint_lookup *out);

/* The first runner that has the same engine as this one: itself, where none before it has. */
size_t rc_same_engine(const struct runner_configs *all, size_t index);

/* "FILE:LINE" of a place, or "" where it came from no file. Writes into buf, returns buf. */
const char *rc_place(const struct runner_config *c, struct rc_at at, char *buf, size_t size);

#endif
