/* The images that jobs would run in, with their services, as the runner would name them. */
#ifndef CLI_IMAGE_NEEDS_H
#define CLI_IMAGE_NEEDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/diag.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"

struct cli;
struct job;
struct load;
struct run_options;

struct image_need {
	struct str name, taken; /* as the pipeline has it; what is used for it */
	struct span at;      /* where the first job names it; nowhere: a configuration file does */
	bool service, local; /* local: comes out of the local registry */
	int64_t size;        /* of the caller's; -1 */
	size_t jobs;
	struct str first; /* of these jobs */
};

struct image_needs {
	VEC(struct image_need *) all;
	struct map by_name;
};

/*
 * Adds those of the jobs that run in containers; o has the stand-ins. Everything lives in c->arena.
 * Prints errors; an exit code.
 */
int image_needs_find(struct cli *c, struct load *l, const struct run_options *o,
	struct job *const *jobs, size_t n, struct image_needs *out);
/* The engine takes a name without tag for all tags. */
struct str image_with_tag(struct arena *a, struct str name);

#endif
