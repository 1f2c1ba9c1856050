/* The surroundings of a run: engine and registry where jobs want them, what all builds share. */
#ifndef GITLAB_RUN_SETUP_H
#define GITLAB_RUN_SETUP_H

struct error;
struct run;

/* Connects to the engine when a chosen job runs on it, then brings the registry up if asked. */
int run_setup_engine(struct run *r, struct error *err);
/* Fills r->host; cheap. */
void run_setup_host(struct run *r);

#endif
