/* A first .gitlab-ci.yml for what a project holds. */
#ifndef CLI_INIT_H
#define CLI_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"

struct arena;

struct init_found {
	const char *language, *file, *job; /* "Go", "go.mod", "go" */
};

struct init {
	struct arena *arena;
	const char *root; /* of the project */
	VEC(struct init_found) found;
	struct buf jobs; /* YAML; init_release() frees it */
	bool builds_image;
};

/*
 * Looks into the project's root and writes the definition into out: a job for each language that is
 * found, or one that greets where none is.
 */
void init_make(struct init *in, struct buf *out);
void init_release(struct init *in);

#endif
