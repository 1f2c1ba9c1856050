/* Helpers of the tests in this folder. */
#ifndef VARS_TEST_H
#define VARS_TEST_H

#include <setjmp.h>
#include <cmocka.h>

#include "vars/varset.h"

#define assert_str(s, lit)                                                         \
	do {                                                                       \
		struct str s_ = (s);                                               \
		if (!str_is(s_, (lit)))                                            \
			fail_msg("'" STR_FMT "' is not '%s'", STR_ARG(s_), (lit)); \
	} while (0)

static inline void put(struct varset *s, enum var_layer layer, const char *key, const char *value)
{
	varset_set(s, layer, str_c(key), str_c(value));
}

static inline void put_raw(
	struct varset *s, enum var_layer layer, const char *key, const char *value)
{
	struct var v = {.key = str_c(key), .value = str_c(value), .layer = layer, .raw = true};

	varset_put(s, &v);
}

static inline void put_file(
	struct varset *s, enum var_layer layer, const char *key, const char *value)
{
	struct var v = {.key = str_c(key), .value = str_c(value), .layer = layer, .file = true};

	varset_put(s, &v);
}

static inline void put_scope(struct varset *s, enum var_layer layer, const char *key,
	const char *value, const char *scope)
{
	struct var v = {
		.key = str_c(key), .value = str_c(value), .layer = layer, .env_scope = scope};

	varset_put(s, &v);
}

#endif
