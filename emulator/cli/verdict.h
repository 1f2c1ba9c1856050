/* Sentences about one job: is it in the pipeline, why, and when it runs. */
#ifndef CLI_VERDICT_H
#define CLI_VERDICT_H

#include "base/str.h"

struct arena;
struct buf;
struct job;
struct job_def;
struct load;
struct node;
struct pipeline;

/* "'deploy' is not in this pipeline: rule 2 of 3 ...", then how it starts and what it waits for. */
void verdict_say(struct buf *out, struct arena *a, const struct pipeline *p, const struct job *j);
/* Why GitLab would create no pipeline; empty where it would. In the arena. */
struct str verdict_no_pipeline(struct arena *a, const struct pipeline *p);

/* The definition of a job whose name starts with a dot; NULL where there is none of that name. */
const struct job_def *verdict_hidden(const struct load *l, struct str name);
/* Says that it is none by itself, and which jobs extend it; the same for --json. */
void verdict_say_hidden(const struct load *l, const struct job_def *def);
struct node *verdict_hidden_tree(const struct load *l, const struct job_def *def);

#endif
