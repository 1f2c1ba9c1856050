/* Jobs and what they inherit. Only this room may include it. */
#ifndef CONFIG_JOBS_H
#define CONFIG_JOBS_H

#include "config/config_internal.h"
#include "config/schema.h"

/* defaults.c: the `default` mapping and the deprecated root keywords, read once. */
struct defaults {
	struct job_def def; /* what the readers made of them */
	struct node *node;  /* keyword -> value; NULL when there is nothing */
};
void read_defaults(struct config *c, struct defaults *out);
/* Gives the job what it inherits: fields and, in a new mapping, the nodes (VIA_DEFAULT). */
void inherit_defaults(struct config *c, const struct defaults *d, struct job_def *job);

/* jobs.c */
void init_job_def(struct job_def *job);

#endif
