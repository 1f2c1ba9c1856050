/*
 * The engine: where it is, which version is spoken, how its errors read. Read this file first.
 */
#ifndef DOCKER_ENGINE_H
#define DOCKER_ENGINE_H

#include "emulator/docker/types.h"

struct arena;
struct loop;
struct http;

/* Where an engine listens. Strings belong to the struct (endpoint_release). */
struct endpoint {
	char *url;    /* as a user would write it: unix:///var/run/docker.sock, tcp://host:2376 */
	char *origin; /* who said so: "DOCKER_HOST", "docker context 'x'", "default socket" */
	char *socket; /* path of a Unix socket, or NULL */
	char *host;   /* else host and port */
	char *user;   /* of ssh; NULL: ssh's own choice */
	unsigned port;
	bool ssh; /* through the ssh program; port 0: its own choice */
	bool tls;
	bool tls_insecure; /* encrypted, the server's certificate is not checked */
	char *ca_file, *cert_file, *key_file;
};

/* What discovery looks at. Zero means: the real environment and the real file system. */
struct endpoint_lookup {
	const char *host;    /* --host or config.toml's host; NULL: not given */
	const char *tls_dir; /* config.toml's tls_cert_path; NULL: not given */
	bool tls_verify;     /* with host: TLS with ca.pem, cert.pem, key.pem of tls_dir */
	const char *(*getenv)(void *arg, const char *name);
	void *arg;
	const char *root; /* put before the fixed socket paths; for tests */
};

/*
 * Finds the engine: explicit host, DOCKER_HOST, DOCKER_CONTEXT, the configuration's currentContext,
 * /var/run/docker.sock, $XDG_RUNTIME_DIR/docker.sock, ~/.docker/run/docker.sock, Podman's sockets.
 * Of the well-known sockets the first one that accepts a connection is taken; if none does, the
 * first that exists. -1 when there is none: the error lists where it looked. Blocking but local.
 */
int endpoint_find(const struct endpoint_lookup *in, struct endpoint *out, struct error *err);
/* One URL (unix://, tcp://, http://, https://, ssh://, a bare path) to an endpoint. */
int endpoint_parse(const char *url, struct endpoint *out, struct error *err);
void endpoint_release(struct endpoint *e);

/* Cheap: connects to nothing. The endpoint is copied. */
struct engine *engine_new(struct loop *l, struct http *h, const struct endpoint *at);
/* All calls must have completed or be cancelled; the completions run before this returns. */
void engine_free(struct engine *e);

const struct endpoint *engine_endpoint(const struct engine *e);
/* On this machine and not reached through TCP. (A VM behind the socket still counts: see info.) */
bool engine_is_local(const struct engine *e);
/*
 * Whether addresses of its networks mean the same on this machine. Those of an engine without root,
 * or in a virtual machine, are in a network namespace of its own, and the same addresses here may
 * be another engine's: its socket is not root's (Docker, "Rootless mode"). Asked of the socket each
 * time.
 */
bool engine_shares_network(const struct engine *e);

/* By its answer to the negotiation; false before. */
bool engine_is_podman(const struct engine *e);
/* Its volumes were looked for on this machine, and not found; false before. */
bool engine_is_elsewhere(const struct engine *e);
void engine_mark_elsewhere(struct engine *e);

/*
 * Version negotiation (GET /_ping, min of ours and the server's). Any other call does it by itself
 * first; calling this gives one place for "no engine" errors. Repeating it is free.
 */
struct docker_call *engine_connect(struct engine *e, docker_done_fn *done, void *arg);
/* "1.41"; NULL before negotiation. */
const char *engine_api_version(const struct engine *e);
/* Whether the negotiated version is at least major.minor. */
bool engine_api_at_least(const struct engine *e, unsigned major, unsigned minor);

struct engine_info {
	struct str server_version, api_version, min_api_version; /* of GET /version */
	struct str os_type, architecture; /* "linux"; "x86_64" as the kernel says */
	struct str os, arch;              /* Go's names, as in image platforms: "linux", "amd64" */
	struct str name;                  /* host name of the engine's machine */
	struct str kernel, operating_system;
	struct str root_dir;    /* engine's data directory on its machine */
	struct str system_time; /* RFC 3339 */
	struct str storage_driver, cgroup_version, default_runtime;
	struct docker_strs runtimes, security_options, insecure_registries;
	uint64_t memory;
	unsigned cpus;
	bool rootless, podman;
	/* What it says that it can't limit: such settings of a container have no effect. */
	bool no_memory_limit, no_cpu_limit, no_cpuset;
};
typedef void engine_info_fn(void *arg, struct error *err, const struct engine_info *info);
/* GET /info and GET /version. */
struct docker_call *engine_info(struct engine *e, engine_info_fn *done, void *arg);

#define ENGINE_API_MAX_MAJOR 1
#define ENGINE_API_MAX_MINOR 47

#endif
