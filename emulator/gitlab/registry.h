/*
 * The local stand-in for GitLab's container registry: CNCF Distribution in a container, with a
 * generated user and password, one for each user of the machine, shared by all projects. Users who
 * share an engine do not meet: the container's name, `cilocal-registry-<8 hex digits>`, is that of
 * the state folder.
 *
 * - Storage: the named volume `<container>-data`. It survives `stop`; `stop --purge` and `clean`
 * remove it.
 * - Credentials: a file with mode 0600 in the state folder ($XDG_STATE_HOME/cilocal, else
 *   ~/.local/state/cilocal). Nothing secret is in a label, a name or the container's environment:
 * the htpasswd file is copied into the container before it starts.
 * - Reachable from a job's network by the name that CI_REGISTRY has (the container joins the
 *   network with that alias, and listens at its port, else at 80, with TLS at 443), from this
 *   machine on 127.0.0.1 at a port that the engine chose.
 * - With TLS its certificate is one of our own authority (registry_tls.h), whose certificate jobs
 *   get as CI_SERVER_TLS_CA_FILE and, where Docker looks for it, out of the volume
 * `<container>-ca`.
 */
#ifndef GITLAB_REGISTRY_H
#define GITLAB_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "emulator/docker/engine.h"

struct arena;
struct error;
struct facts;

#define REGISTRY_IMAGE "registry:2"
#define REGISTRY_USER  "gitlab-ci-token"
/* As GitLab names the user of a project's first deploy token. */
#define REGISTRY_DEPLOY_USER "gitlab+deploy-token-1"

enum registry_tls_choice {
	REGISTRY_TLS_AS_IS, /* as it was started, else without */
	REGISTRY_TLS_OFF,
	REGISTRY_TLS_ON
};

/* Borrowed; zeroed = the defaults. */
struct registry_options {
	const char *image; /* NULL: REGISTRY_IMAGE */
	const char *host;  /* the name that CI_REGISTRY shall have; NULL: registry.<server host> */
	struct endpoint_lookup engine; /* zeroed: as the engine client finds it */
	const char *state_dir;         /* NULL: from the environment */
	enum registry_tls_choice tls;
};

/*
 * Before compilation, in every command that reads a pipeline: sets registry_host, registry_user,
 * registry_password, deploy_user, deploy_password and job_token of the facts where the local
 * registry is used. wanted: --registry or the configuration says so; otherwise it is used where
 * `cilocal registry start` was called and not undone by `stop`. *used (may be NULL) says which;
 * give it to run_options.registry.
 *
 * Reads one small file; makes the credentials when they are wanted and not there yet; asks no
 * engine. f->server_host must be filled. Returns 0 or -1 (state folder not writable).
 */
int registry_facts(struct facts *f, struct arena *a, const struct registry_options *o, bool wanted,
	bool *used, struct error *err);

struct registry_info {
	bool running;
	bool exists;        /* a container is there, running or not */
	bool storage;       /* the volume is there */
	struct str host;    /* CI_REGISTRY it was started for */
	struct str address; /* 127.0.0.1:PORT; empty unless running */
	struct str url;     /* the same with http:// or https:// */
	uint16_t port;
	bool elsewhere; /* the engine is on another machine, and so is the address */
	bool tls;
	const char *ca_file;     /* of the authority, with TLS; else NULL */
	int64_t tls_end;         /* its certificate runs out, seconds since the epoch; else 0 */
	struct str ca;           /* its text; with registry_up() only */
	struct str name, volume; /* of the container and of its storage */
	struct str ca_volume;
	struct str image, container; /* container: its id */
	struct str user, password;   /* empty where there are no credentials yet */
};

/* A repository without tags has one with an empty tag. */
struct registry_tag {
	struct str repository, tag, digest;
	int64_t size;         /* bytes of config and layers, of all images of an index */
	bool index;           /* several images under one name */
	struct str platforms; /* of an index, those that are there: "linux/amd64,linux/arm64" */
};

/*
 * The commands, each synchronous with a loop of its own. Strings of the results live in the arena.
 * 0 or -1 with err; one that a signal ended has domain CANCELLED and the signal as code.
 */
int registry_start(struct registry_info *out, struct arena *a, const struct registry_options *o,
	struct error *err);
/* purge: the storage and the credentials too. *was: there was something to stop; may be NULL. */
int registry_stop(bool purge, bool *was, const struct registry_options *o, struct error *err);
int registry_status(struct registry_info *out, struct arena *a, const struct registry_options *o,
	struct error *err);
int registry_list(struct registry_tag **out, size_t *n, struct registry_info *info, struct arena *a,
	const struct registry_options *o, struct error *err);

struct registry_moved {
	struct str name; /* with the host, as jobs and, after a pull, the engine call it */
	struct str repository, tag, digest; /* tag: the digest where the name has one */
	int64_t size;                       /* on the engine; -1: not known yet */
};
/*
 * How a transfer gets on, in a few words: "12.3 of 45.6 MB". Called first when it begins, with no
 * words and with what is known of the image by then.
 */
typedef void registry_progress_fn(void *arg, const struct registry_moved *m, struct str how);
/*
 * An image of the engine into the registry. as: what it is called there, with or without the host;
 * NULL: as on the engine, without the host of another registry. An image that is not there is
 * domain DOCKER with code 404, and names the nearest.
 */
int registry_push(struct registry_moved *out, struct arena *a, const struct registry_options *o,
	const char *image, const char *as, registry_progress_fn *progress, void *arg,
	struct error *err);
/* The other way. */
int registry_pull(struct registry_moved *out, struct arena *a, const struct registry_options *o,
	const char *image, registry_progress_fn *progress, void *arg, struct error *err);

struct registry_freed {
	uint64_t bytes, left;                   /* of the storage */
	uint64_t tags, manifests, repositories; /* removed */
};
/*
 * Removes images by name ("group/app:1"; "group/app": the repository with all tags), then what no
 * tag leads to. The registry is stopped meanwhile, and started again where it ran. Refused while
 * jobs run. Several names or none.
 */
int registry_gc(struct registry_freed *out, struct arena *a, const struct registry_options *o,
	const char *const *names, size_t n, struct error *err);

/*
 * JSON of the commands, one line without line end, in the arena. status: {"running","exists",
 * "storage","host","address","port","url","remote","tls","ca","certificate_ends","image","container","user","credentials"},
 * plus "password" with show_password; without, "credentials" names the file (mode 0600) that holds
 * it, so that a password gets into a terminal or a log only when it was asked for. list:
 * {"host","url","tls","repositories":[{"name","tags":[{"name","digest","size","platforms"}]}]}.
 */
struct str registry_status_json(struct arena *a, const struct registry_info *info,
	const struct registry_options *o, bool show_password);
struct str registry_list_json(struct arena *a, const struct registry_info *info,
	const struct registry_tag *tags, size_t n);

/*
 * The certificate of the registry's authority, which jobs get (PEM, in the arena); empty where it
 * is used without TLS, and before the first start with it. Asks no engine.
 */
struct str registry_ca(struct arena *a, const struct registry_options *o);

/* The state folder ($XDG_STATE_HOME/cilocal or ~/.local/state/cilocal), made when absent. */
const char *registry_state_dir(
	struct arena *a, const struct registry_options *o, struct error *err);

#endif
