/* Which jobs an argument means, and tables of them. */
#ifndef CLI_JOBS_H
#define CLI_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct cli;
struct job;
struct pipeline;

/*
 * Jobs that a name, base name or glob means (all: the ones that are out too), in the arena. Where
 * there is none: prints an error with the nearest name and returns EXIT_USAGE.
 */
int jobs_find(struct cli *c, const struct pipeline *p, const char *name, bool all,
	struct job ***out, size_t *n);

/* Prints that there is no such job, with the nearest of the names. Returns EXIT_USAGE. */
int jobs_unknown(struct cli *c, struct str name, const struct str *names, size_t n);

/* The table of `list`, and its CSV (RFC 4180). */
void jobs_table(struct cli *c, const struct pipeline *p, bool all);
/*
 * prefix: in front of each name, for the rows of pipelines that trigger jobs start; NULL text:
 * none, and the header line comes first.
 */
void jobs_csv(struct cli *c, const struct pipeline *p, bool all, struct str prefix);

#endif
