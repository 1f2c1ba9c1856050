/*
 * Docker-in-Docker in a job: is there such a service, and do the job's variables and the runner's
 * configuration fit together? Pure; for warnings before a run and for hints after one.
 *
 * Source: GitLab docs, "Use Docker to build Docker images"; the images' dockerd-entrypoint.sh and
 * docker-entrypoint.sh.
 */
#ifndef RUNNER_DIND_H
#define RUNNER_DIND_H

#include <stdbool.h>
#include "base/str.h"

struct arena;
struct diags;
struct job_def;
struct rc_service;
struct runner_config;
struct service;
struct varset;

struct dind {
	const struct service *service;           /* the job's, or NULL */
	const struct rc_service *runner_service; /* of [[runners.docker.services]], or NULL */
	bool alias_docker;                       /* one of them answers to the name docker */
	bool tls;                                /* the service's DOCKER_TLS_CERTDIR is not empty */
	struct str certificates;                 /* that variable, as the service has it */
	struct str image; /* expanded; empty where there is no such service */
};

/* "docker:20.10-dind" of any registry. name: already expanded. */
bool dind_is_image(struct str name);

/* job, vars (the job's variables) and config may be NULL. */
void dind_find(struct arena *a, const struct job_def *job, const struct varset *vars,
	const struct runner_config *config, struct dind *out);

/*
 * A variable as a service sees it: of the job where it is public, else of `environment` in the
 * runner's configuration. False: it has none.
 */
bool dind_variable(const struct job_def *job, const struct varset *vars,
	const struct runner_config *config, const char *key, struct str *out);
/* The same as that very service has it: with the variables that are its own, which come first. */
bool dind_service_variable(const struct job_def *job, const struct varset *vars,
	const struct runner_config *config, const struct dind *d, const char *key, struct str *out);

/* Files of this machine that warnings ask for; read may be NULL: none can be read. */
struct dind_files {
	/* False: there is no such file. The path is as it was written; the text goes to the arena.
	 */
	bool (*read)(void *arg, struct arena *a, struct str path, struct str *out);
	void *arg;
};

/*
 * Warnings for one job, with the places in its definition: of its Docker-in-Docker service (its
 * own, else the runner's), and of how its scripts log in.
 */
void dind_lint(struct arena *a, const struct job_def *job, const struct varset *vars,
	const struct runner_config *config, const struct dind_files *files, struct diags *d);

#endif
