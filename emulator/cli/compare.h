/* `explain --all`: the pipelines of several events, side by side. */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

struct cli;

/*
 * Without a job: a table of jobs and events, and what differs; with one: what decides about it in
 * each event. An event that has no pipeline, or for which the definition is invalid, is a word of
 * its column. Exit code: EXIT_INVALID only where the definition is invalid for all of them.
 */
int compare_events(struct cli *c);

#endif
