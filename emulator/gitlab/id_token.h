/*
 * id_tokens: signed tokens with GitLab's claims, and the small server that answers for them: a
 * discovery document and the public key, reachable from jobs while the run lasts. May be included
 * by run*.c, bridge.c and job_payload.c of this room.
 */
#ifndef GITLAB_ID_TOKEN_H
#define GITLAB_ID_TOKEN_H

struct error;
struct job_run;
struct run;
struct varset;

/*
 * Before jobs of this pipeline start: key and server, if one of the jobs has id_tokens. Those of a
 * trigger job's pipeline are the same as the first one's. 0, or -1 with err.
 */
int id_tokens_prepare(struct run *r, struct error *err);
/* The job's tokens into extra, masked; j->spec must hold job id and timeout. 0, or -1 with err. */
int id_tokens_add(struct job_run *j, struct varset *extra, struct error *err);
/* Of the first pipeline; before the loop goes. */
void id_tokens_free(struct run *top);

#endif
