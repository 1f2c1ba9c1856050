/* A definition as it stands in another revision, with the local files that it includes there. */
#ifndef CLI_REVISION_H
#define CLI_REVISION_H

#include <stdbool.h>
#include "emulator/git/tree.h"
#include "source/loader.h"
#include "vars/facts.h"

struct load;

struct revision {
	struct load *l;
	struct repo_tree tree;
	struct loader_tree files;
	struct facts before; /* of the work tree: their questions and their ctx */
};

/* Prints what is wrong with the name. An exit code; revision_close() after EXIT_OK. */
int revision_open(struct load *l, const char *name, struct revision *out);
/*
 * As load_definition(): errors in the main file are at REVISION:FILE. *missing: the revision has no
 * such file, which is no error (EXIT_OK, and no definition is loaded).
 */
int revision_load(struct revision *r, bool *missing);
/* The project is the work tree again; what was loaded stays. */
void revision_close(struct revision *r);

#endif
