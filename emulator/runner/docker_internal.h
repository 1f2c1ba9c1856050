/*
 * Shared by executor_docker.c and the docker_*.c files of this room only.
 *
 * How the executor works: an operation (prepare, get_sources, run, cleanup) starts activities side
 * by side. Each counts in `pending`; the first failure is kept; when the last one has ended, the
 * operation goes to its next phase or answers the build. Calls that make something on the engine
 * are never cancelled, so that whatever was made is known and can be removed.
 */
#ifndef RUNNER_DOCKER_INTERNAL_H
#define RUNNER_DOCKER_INTERNAL_H

#include <uv.h>
#include "base/buf.h"
#include "base/map.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/docker/container.h"
#include "emulator/docker/types.h"
#include "emulator/log/line.h"
#include "emulator/runner/executor.h"
#include "emulator/runner/files_local.h"
#include "emulator/runner/layers.h"
#include "emulator/runner/service_name.h"
#include "emulator/runner/sources.h"

struct auth;
struct docker_enter;
struct docker_health;
struct executor_docker;
struct image_fetch;
struct raw;
struct removal;
struct exec_run;
struct image_state;
struct selection;
struct tar_filter;
struct tar_stream;

/* One service of the job, or of the runner configuration. */
struct docker_service {
	struct executor_docker *e;
	size_t index;
	/* planned */
	struct str written;          /* the name after expansion */
	struct service_name name;    /* image: what is pulled */
	struct str image;            /* after stand-ins: what is asked of the engine */
	const struct image *options; /* of the job's definition; NULL for the configuration's */
	struct str *aliases;
	size_t n_aliases;
	struct docker_strs cmd, entrypoint;
	struct docker_strs env;
	struct span at;
	bool skipped;
	bool from_config;
	/* running */
	struct image_fetch *fetch;
	struct str container; /* id, in the arena */
	struct str container_name;
	struct str ip;
	struct docker_health *health;
	struct docker_call *follow; /* CI_DEBUG_SERVICES */
	bool follow_awaited;        /* its end is an activity of the cleanup */
	struct lines lines[2];
};

/* The job's own layer above the sources on the engine. */
struct docker_layer {
	struct sources_view view;
	struct sources_wait list;
	struct layers_wait wait;
	bool wanted;           /* what is mounted may be decided once the list is there */
	struct str volumes[2]; /* made: the one that is mounted, the one beside it */
	struct str mountpoint; /* of the first, on the engine's machine */
};

/* The job's volume as a folder of this machine. */
struct docker_direct {
	bool wanted; /* a volume would be looked for here, and was not missed */
	bool hidden; /* the image has a volume of its own in it */
	int fd;      /* -1: not here */
	struct files_below at;
	struct files_local *work; /* under way */
	struct str archive;
	struct selection *selection;
	int out;
};

enum docker_phase {
	PHASE_IDLE,
	PHASE_FETCH,    /* images, network, volume */
	PHASE_LAYER,    /* the sources on the engine, where they are mounted */
	PHASE_SERVICES, /* services, and the job's container where it needs none of their addresses
			 */
	PHASE_CREATE,   /* the job's container */
	PHASE_SOURCES,  /* upload, health checks */
	PHASE_FILES,    /* artifacts and caches, in or out */
	PHASE_RUN,
	PHASE_REMOVE,     /* containers */
	PHASE_REMOVE_REST /* networks and volumes, once nothing uses them */
};

/* One script in the job's container: attach, wait and start in flight together. */
struct docker_step_run {
	const struct step *step;
	struct raw *raw;
	struct docker_call *wait, *start;
	struct exec_run *kill;
	uint64_t kill_at; /* end of the grace period; 0: not being stopped */
	struct loop_timer again;
	bool opened, waiting, started, exited, ended, stop_asked, stop_now, killed, inspecting;
	bool killing; /* the kill's answer is to come */
	bool lost;    /* the stream ended before the script was sent */
	unsigned tries;
	int64_t exit_code;
	struct error error;
	struct loop_timer drain;
};

/* Where files are taken from, below the project directory. */
struct docker_base {
	struct str path;
	bool through;    /* what is in it, also where it is a link */
	bool sure;       /* a file that is taken whatever the selection says */
	struct str only; /* empty: all of it; else of all that is there this link */
};

/* Artifacts and caches: a tar in, or the parts of a selection out, one after the other. */
struct docker_files {
	struct selection *selection;
	struct docker_base *bases; /* grows by hard links' targets, and by links */
	size_t n, cap, at;
	bool link;               /* the base under way is a symbolic link */
	bool followed;           /* but what came is what it leads to */
	struct str above;        /* what names in the tar lack in front: "build/", "" */
	bool root;               /* the project directory itself: its name is in front */
	struct buf name, target; /* of the entry under way */
	struct buf in;           /* what goes to the engine next, from in_at on */
	size_t in_at;
	bool in_end; /* all of the archive is in `in` */
	struct tar_filter *filter;
	struct docker_call *call;
	int fd;
	struct error error;
	struct buf *read;   /* of a file that is read, in place of all of the above */
	uint64_t read_size; /* from its header */
};

struct executor_docker {
	struct executor base;
	struct engine *engine;
	struct arena *arena; /* the build's */

	enum docker_phase phase;
	unsigned pending;
	struct outcome first; /* failure of the operation under way */
	bool stopping;

	/* planned */
	struct str prefix; /* of container names */
	struct str image_name, image;
	struct str network_mode;
	bool own_network;  /* a network for this job alone */
	bool wants_mirror; /* a Docker-in-Docker service asks the mirror of the host */
	bool bridge_names; /* extra names by extra hosts, where that can be */
	bool links;        /* bridge mode: names of services by extra hosts */
	struct docker_service *services;
	size_t n_services;
	struct docker_kvs labels;
	struct str *extra_hosts; /* of bridge jobs: extra names */
	size_t n_extra_hosts;

	/* made */
	struct str network; /* id */
	bool own_volume;    /* was asked for */
	struct str volume;  /* /builds, shared with services */
	bool volume_mounted;
	struct docker_layer layer;
	struct docker_direct direct;
	struct str container; /* id of the job's */
	struct str container_name;
	bool *connected; /* extra names that joined the network */

	struct auth *auth;
	struct image_fetch *fetch;
	struct sources_wait wait;
	struct tar_stream *tar;
	struct buf ahead; /* what stands before the sources in the tar, from ahead_at on */
	size_t ahead_at;
	struct docker_call *put_ahead; /* or it goes by itself */
	struct docker_call *put;
	struct docker_step_run run;
	struct docker_files files;
	struct docker_enter *enter; /* somebody is inside */
	struct loop_timer budget;   /* of cleanup */
	bool late;                  /* cleanup is over its budget */
	struct removal *removals;   /* under way */
	unsigned guests;            /* extra names that are still in the network */
};

/* Activities (executor_docker.c). */
void docker_begin(struct executor_docker *e);
void docker_end(struct executor_docker *e); /* went well, or its failure was reported */
/* Keeps the first failure of an operation. */
void docker_fail(struct executor_docker *e, const struct outcome *o);
/* A failed call of the engine: the daemon's words, or "engine is gone". */
void docker_fail_error(
	struct executor_docker *e, const struct error *err, struct span at, const char *what);
bool docker_gone(const struct error *err); /* the engine itself is the trouble */

/* Plan (docker_plan.c): pure but for log lines. 0, or -1 with e->first set. */
int docker_plan(struct executor_docker *e);
bool docker_has_services(const struct executor_docker *e); /* that are not skipped */
struct str docker_stand_in(struct executor_docker *e, struct str image);

/*
 * docker_mirror.c: a Docker-in-Docker service gets the options by which it asks the host's mirror,
 * where there is one.
 */
void docker_mirror_add(struct executor_docker *e, struct docker_service *s);
/* Whether the job needs the host's extra name i. */
bool docker_wants_name(const struct executor_docker *e, size_t i);

/* docker_login.c: fills e->auth with all sources of credentials, in the Runner's order. */
void docker_credentials(struct executor_docker *e);

/* Activities of the first phase (executor_docker.c, docker_names.c). */
void docker_make_network(struct executor_docker *e);
struct str docker_network_name(const struct executor_docker *e);
void docker_make_volume(struct executor_docker *e); /* of the builds; once */
void docker_names_start(struct executor_docker *e);
/* An entry of extra_hosts (NAME:ADDRESS) has the name of such a container, which the run answers
 * itself. */
bool docker_names_host(const struct executor_docker *e, struct str entry);

/*
 * The sources as a mount (docker_layer.c): plan() in the first phase, start() in PHASE_LAYER, each
 * with activities of their own. mounted() once the phase is over.
 */
void docker_layer_plan(struct executor_docker *e);
void docker_layer_start(struct executor_docker *e);
bool docker_layer_mounted(const struct executor_docker *e);
void docker_layer_stop(struct executor_docker *e);

/* The sources (docker_sources.c): activities. upload() is for docker_direct.c. */
void docker_sources_start(struct executor_docker *e);
void docker_sources_upload(struct executor_docker *e);
void docker_sources_stop(struct executor_docker *e);

/*
 * Files without the engine (docker_direct.c): plan() in the first phase; where a volume is wanted,
 * it is made before the container; open() once it is there. fill() is an activity that turns to
 * docker_sources_upload() where it fails; false: not possible, as fills() says before. put() and
 * get() turn to docker_files_*() by themselves.
 */
/* Does the configuration mount something at the folder, in it or over it? That is not seen from
 * outside. */
bool docker_mounted_over(struct executor_docker *e, struct str dir);
void docker_direct_plan(struct executor_docker *e);
bool docker_direct_wants_volume(const struct executor_docker *e);
void docker_direct_image(struct executor_docker *e, const struct image_state *image);
void docker_direct_open(struct executor_docker *e, struct str mountpoint);
bool docker_direct_fills(const struct executor_docker *e);
bool docker_direct_fill(struct executor_docker *e, struct sources *from);
void docker_direct_put(struct executor_docker *e, struct str archive);
void docker_direct_get(struct executor_docker *e, struct selection *s, int fd);
void docker_direct_stop(struct executor_docker *e);
void docker_direct_close(struct executor_docker *e);

/* Bodies of create (docker_spec.c). 0, or -1 with e->first set. */
int docker_job_spec(struct executor_docker *e, struct container_spec *out);
int docker_service_spec(
	struct executor_docker *e, struct docker_service *s, struct container_spec *out);
/*
 * Does the configuration mount something there? covers() says so of a mount's target and the place;
 * of volumes_from it is not known, so they do.
 */
bool docker_is_mounted(struct executor_docker *e, struct str place,
	bool (*covers)(struct str target, struct str place));

/* Services (docker_service.c). */
void docker_service_start(struct docker_service *s);
/* In cleanup: ends what follows the service; activities until it has ended. */
void docker_service_release(struct docker_service *s);
/* Health checks (docker_health.c): they go on from phase to phase; report makes one an activity. */
void docker_health_start(struct docker_service *s, const struct container_state *state);
void docker_health_report(struct docker_service *s);
void docker_health_stop(struct docker_service *s);
void docker_health_free(struct docker_service *s);

/* Scripts (docker_step.c). */
void docker_step_start(struct executor_docker *e, const struct step *s);
void docker_step_stop(struct executor_docker *e, bool now);
void docker_step_say(struct executor_docker *e, const char *line);

/* A visitor, beside a script that waits (docker_enter.c). */
void docker_enter_start(struct executor_docker *e, const struct visit *v);
void docker_enter_stop(struct executor_docker *e);

/* Artifacts and caches (docker_files.c). */
void docker_files_put(struct executor_docker *e, struct str archive);
void docker_files_get(struct executor_docker *e, struct selection *s, int fd);
void docker_files_read(struct executor_docker *e, struct str path, struct buf *out);
void docker_files_stop(struct executor_docker *e);

/* Cleanup (docker_cleanup.c). */
void docker_cleanup_start(struct executor_docker *e);
void docker_cleanup_rest(struct executor_docker *e);

#endif
