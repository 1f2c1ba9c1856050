/* Images and their names. */
#ifndef DOCKER_IMAGE_H
#define DOCKER_IMAGE_H

#include "emulator/core/http.h"
#include "emulator/docker/types.h"

/* Parts of an image name; views into the text that was parsed. */
struct image_ref {
	struct str repo;   /* all before tag and digest: "reg:5000/group/app" */
	struct str tag;    /* empty: none given */
	struct str digest; /* "sha256:..."; empty: none given */
	bool is_id;        /* the whole text is an image id (sha256:... or 64 hex digits) */
};
/* False when it can't be an image name (empty, white space, upper case in the repository). */
bool image_ref_parse(struct str text, struct image_ref *out);
/*
 * Of names with tags the one that was probably meant by one that is not among them: with another
 * tag of the same repository, else with a name near to it (str_nearest()). Without a tag it means
 * latest. NULL: none, or it is among them, or it is a digest.
 */
const struct str *image_ref_nearest(struct str asked, const struct str *names, size_t n);

struct image_state {
	struct str id; /* sha256:... */
	struct docker_strs repo_tags, repo_digests;
	struct docker_strs env, cmd, entrypoint,
		exposed_ports; /* ports: "80/tcp", sorted by number */
	struct docker_strs volumes, shell;
	struct docker_kvs labels;
	struct str user, working_dir, stop_signal;
	struct str os, arch, variant;
	bool healthcheck;
	int64_t size;
};
typedef void image_inspect_fn(void *arg, struct error *err, const struct image_state *r);
/* A missing image is domain DOCKER, code 404. */
struct docker_call *docker_image_inspect(
	struct engine *e, struct str name, image_inspect_fn *done, void *arg);

/* The digest ("sha256:...") that the name has at its registry now, asked through the engine. */
typedef void image_digest_fn(void *arg, struct error *err, struct str digest);
struct docker_call *docker_image_distribution(
	struct engine *e, struct str name, struct str auth, image_digest_fn *done, void *arg);

struct image_progress {
	struct str id, status, progress; /* layer, "Downloading", "[==>   ] 1MB/3MB" */
	int64_t current, total;          /* bytes; 0: not told */
};
typedef void image_progress_fn(void *arg, const struct image_progress *p);
struct image_pull {
	struct str name;             /* without tag and digest the tag is "latest" */
	struct str platform;         /* "linux/arm64"; empty: the engine's */
	struct str auth;             /* value of X-Registry-Auth (auth.h); empty: no header */
	image_progress_fn *progress; /* optional */
	docker_done_fn *done;
	void *arg;
};
/* A failure inside the progress stream is a failure here, in the daemon's words. */
struct docker_call *docker_image_pull(struct engine *e, const struct image_pull *p);
struct docker_call *docker_image_push(struct engine *e, const struct image_pull *p);

/* The images as one tar, with these names; docker_call_pause() holds it back. */
struct docker_call *docker_image_save(struct engine *e, struct docker_strs names,
	http_chunk_fn *chunk, docker_done_fn *done, void *arg);
/* Such a tar, piece by piece. */
struct docker_call *docker_image_load(
	struct engine *e, http_produce_fn *produce, docker_done_fn *done, void *arg);

struct docker_call *docker_image_tag(struct engine *e, struct str name, struct str repo,
	struct str tag, docker_done_fn *done, void *arg);
/* Success also when there is none (404). */
struct docker_call *docker_image_remove(
	struct engine *e, struct str name, bool force, docker_done_fn *done, void *arg);

struct image_row {
	struct str id;
	struct docker_strs repo_tags;
	struct docker_kvs labels;
	int64_t size, created;
};
typedef void image_list_fn(void *arg, struct error *err, const struct image_row *rows, size_t n);
/* Images with every label; none given: all. */
struct docker_call *docker_image_list(
	struct engine *e, struct docker_strs labels, image_list_fn *done, void *arg);

#endif
