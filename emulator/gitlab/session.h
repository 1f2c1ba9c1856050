/*
 * A loop with an HTTP client and an engine connection, and calls that wait for their answer: for
 * the commands that do one thing after the other (`registry`, `clean`) and for what a run must know
 * before its first job starts. Results are copied into an arena, so nothing here has a lifetime of
 * its own.
 *
 * A signal cancels the call that is waited for: it fails with domain CANCELLED and the signal's
 * number as its code, and so do all later ones.
 */
#ifndef GITLAB_SESSION_H
#define GITLAB_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "emulator/docker/container.h"
#include "emulator/docker/engine.h"
#include "emulator/docker/volume.h"

struct arena;
struct error;
struct loop;
struct http;
struct exec_run;
struct resolve;

struct session {
	struct loop *loop;
	struct http *http;
	struct engine *engine;    /* NULL until session_engine() succeeded */
	struct docker_call *call; /* what is waited for: one of these or none */
	struct http_call *transfer;
	struct exec_run *exec;
	struct resolve *lookup;
	unsigned get_timeout_ms; /* of sync_http(); 0: 30 s */
	int signum;              /* the signal that interrupted, 0: none */
};

/* The loop and its signal handling; no connection yet. */
int session_open(struct session *s, struct error *err);
/* Finds the engine and speaks with it. The error says what to do. */
int session_engine(struct session *s, const struct endpoint_lookup *where, struct error *err);
/* One more, which is the caller's: engine_free() before session_close(). */
int session_engine_more(struct session *s, const struct endpoint_lookup *where, struct engine **out,
	struct error *err);
/* The session's engine goes, so that session_engine() can find another. */
void session_engine_close(struct session *s);
int session_close(struct session *s, struct error *err);
/*
 * A call that takes down what was made, done also after a signal: the signal is forgotten
 * meanwhile.
 */
int session_finish(struct session *s,
	int (*call)(struct session *s, struct str id, struct error *err), struct str id,
	struct error *err);
/* As the signal handler does; for an owner of the loop that handles signals itself. */
void session_interrupt(struct session *s, int signum);

struct sync_container {
	struct str id, image, status;
	bool running;
	int64_t exit_code;
	struct docker_kvs labels;
	struct docker_kvs ports;
	struct str ip; /* in its first network; empty: none */
};
/* One row of a list, whatever the kind. */
struct sync_row {
	struct str id, name, state;
	struct docker_kvs labels;
};
struct sync_rows {
	struct sync_row *v;
	size_t n;
};

/* 0 or -1 with err; "no such ..." is domain DOCKER with code 404. */
int sync_inspect(struct session *s, struct str id, struct arena *a, struct sync_container *out,
	struct error *err);
int sync_create(struct session *s, const struct container_spec *spec, struct arena *a,
	struct str *id, struct error *err);
int sync_start(struct session *s, struct str id, struct error *err);
int sync_remove_container(struct session *s, struct str id, struct error *err);
int sync_remove_network(struct session *s, struct str id, struct error *err);
int sync_remove_volume(struct session *s, struct str name, struct error *err);
int sync_put(struct session *s, struct str id, struct str path, struct str tar, struct error *err);
int sync_create_volume(struct session *s, const struct volume_spec *spec, struct error *err);
int sync_has_volume(struct session *s, struct str name, bool *has, struct error *err);
/* The engine's address in a network (in the arena; empty: it has none). */
int sync_gateway(struct session *s, struct str network, struct arena *a, struct str *address,
	struct error *err);
struct sync_info {
	struct str version, os, arch, storage_driver, root_dir, cgroup_version, system_time;
	uint64_t memory;
	unsigned cpus;
	bool rootless, podman, no_memory_limit, no_cpu_limit, no_cpuset;
};
int sync_engine_info(struct session *s, struct arena *a, struct sync_info *out, struct error *err);
/* The names with tags of all images. */
struct sync_names {
	struct str *v;
	size_t n;
};
int sync_images(struct session *s, struct arena *a, struct sync_names *out, struct error *err);
/* The same with what they are: a row for each name. */
struct sync_image {
	struct str name, id; /* "redis:7", "sha256:..." */
	int64_t size;
};
struct sync_image_rows {
	struct sync_image *v;
	size_t n;
};
int sync_image_rows(
	struct session *s, struct arena *a, struct sync_image_rows *out, struct error *err);
/* The size of an image that is here; -1 where it is not. */
int sync_image_size(struct session *s, struct str name, int64_t *size, struct error *err);
/*
 * What an image is exactly: by its digest in the repository ("alpine@sha256:..."), of one that no
 * registry gave by its id ("sha256:..."). Empty where the engine has none of that name.
 */
int sync_image_exact(
	struct session *s, struct str name, struct arena *a, struct str *exact, struct error *err);
/* The same as its registry has it now, asked with the user's credentials; the name is left as it is
 * on the engine. */
int sync_registry_exact(
	struct session *s, struct str name, struct arena *a, struct str *exact, struct error *err);
/* Images as one tar, to and from a file; it blocks. */
int sync_save_images(struct session *s, struct docker_strs names, int fd, struct error *err);
int sync_load_images(struct session *s, int fd, struct error *err);
/* Pulls the image with the user's credentials, unless it is here. */
int sync_need_image(struct session *s, struct str name, struct error *err);
/* Between the engine and a registry; auth: the value of X-Registry-Auth (docker/auth.h). */
struct image_progress;
typedef void sync_progress_fn(void *arg, const struct image_progress *now);
int sync_push_image(struct session *s, struct str name, struct str auth, sync_progress_fn *progress,
	void *arg, struct error *err);
int sync_pull_image(struct session *s, struct str name, struct str auth, sync_progress_fn *progress,
	void *arg, struct error *err);
int sync_tag_image(
	struct session *s, struct str name, struct str repo, struct str tag, struct error *err);
/* One name of an image; the image goes with its last one. */
int sync_untag_image(struct session *s, struct str name, struct error *err);
/*
 * Names of images that start with prefix, and the tags that were made beside them for another host,
 * are removed; the images go when no other name is left.
 */
int sync_forget_images(struct session *s, struct str prefix, struct error *err);
/* The last lines that a container wrote. */
int sync_logs(struct session *s, struct str id, int64_t tail, struct arena *a, struct str *out,
	struct error *err);
/* A command in a running container, as root: its exit code, and what it printed. */
int sync_exec(struct session *s, struct str container, struct docker_strs cmd, struct arena *a,
	int64_t *code, struct str *out, struct error *err);
/*
 * A container of its own: started, waited for (limit_ms, 0: as long as it takes), its last lines
 * read, removed, also after a signal.
 */
int sync_run(struct session *s, const struct container_spec *spec, uint64_t limit_ms, int64_t tail,
	struct arena *a, int64_t *code, struct str *said, struct error *err);
int sync_list_containers(struct session *s, const char *label, struct arena *a,
	struct sync_rows *out, struct error *err);
int sync_list_networks(struct session *s, const char *label, struct arena *a, struct sync_rows *out,
	struct error *err);
/* label NULL: all of them. */
int sync_list_volumes(struct session *s, const char *label, struct arena *a, struct sync_rows *out,
	struct error *err);

struct sync_response {
	long status;
	struct str body, digest, link; /* Docker-Content-Digest, Link */
};
struct sync_request {
	const char *method; /* NULL: GET */
	const char *url;
	const char *const *headers; /* lines, NULL at the end; or NULL */
	const char *ca_file;        /* NULL: the system's authorities */
	struct str body;
};
/* Any status is a success. */
int sync_http(struct session *s, const struct sync_request *q, struct arena *a,
	struct sync_response *out, struct error *err);
/* Of a name, as this machine finds it; empty where it fails. */
int sync_address(struct session *s, const char *name, struct arena *a, struct str *address,
	struct error *err);
void sync_sleep(struct session *s, uint64_t ms);

#endif
