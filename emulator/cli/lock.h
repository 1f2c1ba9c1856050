/* What `lock`, `outdated` and `--locked` share. */
#ifndef CLI_LOCK_H
#define CLI_LOCK_H

#include <stdbool.h>
#include "emulator/cli/image_needs.h"
#include "emulator/cli/lock_file.h"

struct cli;
struct load;
struct run_options;
struct session;

/* An image that can't be had, and why. */
struct lock_failure {
	const struct image_need *need;
	struct str why;
};

struct lock_state {
	struct lock_file now; /* as it all is now */
	VEC(struct lock_failure) failures;
	bool no_engine; /* none answered: all but the images is there, and EXIT_SURROUNDINGS */
};

/*
 * After load_project(): loads the definition and writes down what it takes. moved: as the
 * registries have it now, with the newest releases; else images as the engine has them, and from
 * their registry where it has none. images: false leaves them out, as --no-images does; then no
 * engine is needed. Prints errors; an exit code.
 */
int lock_collect(struct cli *c, struct load *l, bool moved, bool images, struct lock_state *out);

/* With --locked, images as the lock has them, and no other stand-ins. */
void lock_apply(struct cli *c, const struct load *l, struct run_options *o);
/*
 * With --locked: each image of the pipeline and of those that it starts is in the lock, else there
 * are errors in l->diags. An exit code where that can't be said.
 */
int lock_lint_images(struct cli *c, struct load *l);
/* The same with the errors printed, and EXIT_INVALID for them. */
int lock_check_images(struct cli *c, struct load *l);

#endif
