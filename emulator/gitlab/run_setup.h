/* The surroundings of a run: engine and registry where jobs want them, what all builds share. */
#ifndef GITLAB_RUN_SETUP_H
#define GITLAB_RUN_SETUP_H

struct error;
struct run;

/* Connects to the engine when a chosen job runs on it, then brings the registry up if asked. */
int run_setup_engine(struct run *r, struct error *err);
/* Fills r->hosts; cheap. */
void run_setup_host(struct run *r);
/* The sources of the project at root on each engine, into r->hosts; and their end. */
void run_setup_layers(struct run *r, const char *root);
void run_release_layers(struct run *r);

#endif
