/*
 * secrets: values that a job on GitLab gets from a vault. Here they come from the `secrets` tables
 * of the files of variables, by the path that the definition names. May be included by job_*.c of
 * this room.
 */
#ifndef GITLAB_SECRETS_H
#define GITLAB_SECRETS_H

struct error;
struct job_run;
struct varset;

/*
 * Puts the job's secrets over all other variables of the payload: masked, raw, as files unless
 * `file: false`. -1 with err where one has no value: the job fails before it starts.
 */
int secrets_add(struct job_run *j, struct varset *payload, struct error *err);
/* Into the job's log, as the Runner does; j->log is there. */
void secrets_tell(struct job_run *j);

#endif
