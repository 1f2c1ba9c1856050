/* What every cmocka test needs, in the order that cmocka wants. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#define assert_str(s, lit)                                                                   \
	do {                                                                                 \
		struct str s_ = (s);                                                         \
		assert_string_equal(arena_printf(&test_arena, STR_FMT, STR_ARG(s_)).p, lit); \
	} while (0)

/* Memory of one test; the group's teardown releases it. */
static struct arena test_arena = ARENA_INIT;

static inline int release_arena(void **state)
{
	UNUSED(state);
	arena_release(&test_arena);
	return 0;
}

#define RUN(tests) cmocka_run_group_tests((tests), NULL, release_arena)

#endif
