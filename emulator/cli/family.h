/* `list --children`: the jobs of the pipelines that trigger jobs start, and of those they start. */
#ifndef CLI_FAMILY_H
#define CLI_FAMILY_H

#include <stdbool.h>

struct cli;
struct load;
struct node;

/* Below the table of the pipeline: one for each trigger job, or a line that says why there is none.
 */
void family_table(struct cli *c, struct load *l, bool all);
/* The rows of the whole family; names are "TRIGGER JOB > JOB", as in logs. */
void family_csv(struct cli *c, struct load *l, bool all);
/*
 * The pipeline as of `list --json`, where each job has a "downstream": null, or {"kind", "state",
 * "pipeline"} with jobs of the same kind. Printed, since what it borrows ends with the call.
 */
void family_json(struct cli *c, struct load *l, bool all);

#endif
