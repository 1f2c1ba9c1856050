/*
 * What can't work in a configuration file, beyond types: values of GitLab Runner's keys, and
 * runners that can't be played on one's own machine.
 *
 * Source: GitLab Runner docs, "Advanced configuration".
 */
#ifndef CLI_RUNNER_CHECK_H
#define CLI_RUNNER_CHECK_H

#include <stdbool.h>

struct diags;
struct node;
struct rc_docker;
struct runner_config;

/* A [[runners]] table and what was read from it; errors and warnings go to diags. */
void runner_check(struct diags *diags, const struct node *map, const struct runner_config *c);
/* The same for its [runners.docker]. */
void runner_check_docker(struct diags *diags, const struct node *map, const struct rc_docker *d);

/* Whether a [[runners]] table names an executor and a shell that there are here. */
bool runner_can_play(const struct node *runner);
/*
 * Says so of one that does not, with a word on what stands in for its executor: an error, or a note
 * where other runners take the jobs.
 */
void runner_left_out(struct diags *diags, const struct node *runner, bool others_play);

#endif
