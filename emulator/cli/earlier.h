/* Earlier runs of the project, for `runs`, `logs` and `artifacts`. */
#ifndef CLI_EARLIER_H
#define CLI_EARLIER_H

#include <stdbool.h>
#include <stddef.h>
#include "emulator/store/run_record.h"
#include "emulator/store/store.h"

struct cli;

struct earlier {
	struct store store;
	const char *root;
	struct str *ids; /* newest first */
	size_t n;
};

/* Opens the store of the project around the current directory. Prints errors; an exit code. */
int earlier_open(struct cli *c, struct earlier *e);
void earlier_release(struct earlier *e);

/*
 * The run with this id or a unique beginning of one (NULL, "last": the newest); EXIT_OK with *index
 * set, or EXIT_USAGE after printing why.
 */
int earlier_find(struct cli *c, const struct earlier *e, const char *id, size_t *index);
/* 0, or -1 where the record can't be read (a warning is printed). *dir may be NULL. */
int earlier_read(
	struct cli *c, struct earlier *e, size_t index, struct run_record *out, const char **dir);

/* Says that a run has no such job, with the nearest name; EXIT_USAGE. */
int earlier_no_job(struct cli *c, const struct run_record *r, const char *name);
/* Whether an argument means a job: its name, the base name of a parallel one, or a glob. */
bool earlier_means(struct str want, struct str job);

#endif
