/* Builders of trees for dump.c and dump_full.c; nobody else may include it. */
#ifndef PIPELINE_DUMP_INTERNAL_H
#define PIPELINE_DUMP_INTERNAL_H

#include "pipeline/pipeline.h"
#include "yaml/node.h"

struct node *d_str(struct arena *a, struct str s);
struct node *d_map(struct arena *a);
struct node *d_seq(struct arena *a);
struct node *d_null(struct arena *a);
struct node *d_texts(struct arena *a, const struct texts *t);
struct node *d_codes(struct arena *a, const int64_t *codes, size_t n);
void d_put(struct arena *a, struct node *map, const char *key, struct node *value);
void d_put_str(struct arena *a, struct node *map, const char *key, struct str s);
void d_put_bool(struct arena *a, struct node *map, const char *key, bool b);
void d_put_int(struct arena *a, struct node *map, const char *key, int64_t i);
/* These two put nothing where the keyword was not given. */
void d_put_text(struct arena *a, struct node *map, const char *key, struct text t);
void d_put_texts(struct arena *a, struct node *map, const char *key, const struct texts *t);

typedef void d_job_fn(
	struct arena *a, const struct pipeline *p, const struct job *job, struct node *out);
/* The tree of `list --json`; more (may be NULL) adds to each job. */
struct node *d_pipeline(struct arena *a, const struct pipeline *p, bool all, d_job_fn *more);

#endif
