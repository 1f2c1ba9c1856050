/* Files in and out of containers, running or not, as tar streams. */
#ifndef DOCKER_ARCHIVE_H
#define DOCKER_ARCHIVE_H

#include "emulator/core/http.h"
#include "emulator/docker/types.h"

struct archive_stat {
	struct str name, link_target;
	int64_t size;
	uint32_t mode; /* permission bits 07777 */
	bool is_dir, is_symlink, is_regular;
	struct str mtime; /* RFC 3339 */
};
typedef void archive_stat_fn(void *arg, struct error *err, const struct archive_stat *r);
/* A path that is not there is domain DOCKER, code 404. */
struct docker_call *docker_archive_stat(
	struct engine *e, struct str container, struct str path, archive_stat_fn *done, void *arg);

struct archive_put {
	struct str container, path; /* path: an existing directory in the container */
	bool no_overwrite; /* refuse to replace a directory by a file or the other way round */
	bool copy_uid_gid; /* keep owners of the tar; else they become root's */
	struct str tar;    /* the whole archive, copied */
	http_produce_fn *produce; /* or piece by piece; HTTP_LATER waits for docker_call_resume() */
	docker_done_fn *done;
	void *arg; /* for produce and done */
};
struct docker_call *docker_archive_put(struct engine *e, const struct archive_put *p);

struct archive_get {
	struct str container, path;
	/*
	 * The stat of path, before the first chunk; optional. err is NULL. Podman has one of a link
	 * that leads nowhere, although the call then fails.
	 */
	archive_stat_fn *stat;
	http_chunk_fn *chunk; /* bytes of an uncompressed tar; docker_call_pause() holds it back */
	docker_done_fn *done;
	void *arg; /* for all callbacks */
};
struct docker_call *docker_archive_get(struct engine *e, const struct archive_get *g);

#endif
