/* A folder of the test program's own, for cmocka_run_group_tests(); it links the room store. */
#ifndef TEST_TEMP_DIR_H
#define TEST_TEMP_DIR_H

#include <stdlib.h>
#include "emulator/store/store.h"

static char dir[] = "/tmp/cilocal-test-XXXXXX";

static int setup(void **state)
{
	UNUSED(state);
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	UNUSED(state);
	return store_remove_tree(dir, NULL);
}

#endif
