/* A state folder of the registry for each test; it links the room gitlab. */
#ifndef TEST_REGISTRY_DIR_H
#define TEST_REGISTRY_DIR_H

#include <stdlib.h>
#include "emulator/core/error.h"
#include "emulator/gitlab/registry.h"
#include "emulator/store/store.h"

struct fixture {
	char dir[64];
	struct arena arena;
	struct registry_options o;
	struct error err;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/cilocal-registry-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->o.state_dir = f->dir;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	store_remove_tree(f->dir, NULL);
	arena_release(&f->arena);
	free(f);
	return 0;
}

#endif
