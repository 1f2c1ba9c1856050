/* Jobs and what they inherit. Only this room may include it. */
#ifndef CONFIG_JOBS_H
#define CONFIG_JOBS_H

#include "config/config_internal.h"
#include "config/schema.h"

/* defaults.c: the `default` mapping and the deprecated root keywords, read once. */
struct defaults {
	struct job_def def; /* what the readers made of them */
	struct job_rare rare;
	struct node *node;  /* keyword -> value; NULL when there is nothing */
	struct node *given; /* the same with values as jobs get them (VIA_DEFAULT) */
};
void read_defaults(struct config *c, struct defaults *out);
/* What the reader of a keyword made, for another job; false: not a keyword of `default`. */
bool copy_fields(struct job_def *job, const struct job_def *from, enum keyword_id id);
/* Gives the job what it inherits: fields and, in a new mapping, the nodes (VIA_DEFAULT). */
void inherit_defaults(struct config *c, const struct defaults *d, struct job_def *job);

/* jobs.c */
/* An empty definition whose rare part is there to be filled. */
void init_job_def(struct job_def *job, struct job_rare *rare);

#endif
