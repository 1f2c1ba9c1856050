#include "base/base.h"
#include "emulator/gitlab/jwt.h"
#include "base/arena.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"

#include <setjmp.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "../temp_dir.h"

static struct arena a;

static void test_key_stays(void **state)
{
	const char *oidc = arena_printf(&a, "%s/oidc", dir).p;
	struct error err = ERROR_INIT;
	struct jwt_key *k = jwt_key_open(oidc, &err), *again = jwt_key_open(oidc, &err);
	struct str one, two;
	struct stat st;

	UNUSED(state);
	assert_non_null(k);
	assert_non_null(again);
	assert_true(str_eq(jwt_key_set(k), jwt_key_set(again)));
	assert_true(str_starts(jwt_key_set(k), STR("{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"")));
	assert_int_equal(stat(arena_printf(&a, "%s/key.pem", oidc).p, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* RS256 has one signature for one text. */
	assert_int_equal(jwt_sign(k, STR("{\"a\":1}"), &a, &one, &err), 0);
	assert_int_equal(jwt_sign(again, STR("{\"a\":1}"), &a, &two, &err), 0);
	assert_true(str_eq(one, two));
	assert_true(str_find(one, STR(".eyJhIjoxfQ.")) != STR_NPOS);
	assert_true(str_chr(one, '=') == STR_NPOS && str_chr(one, '+') == STR_NPOS);
	jwt_key_free(k);
	jwt_key_free(again);
	jwt_key_free(NULL);
}

static void refuses(const char *pem, const char *why)
{
	struct error err = ERROR_INIT;
	const char *path = arena_printf(&a, "%s/key.pem", dir).p;

	assert_int_equal(store_write_file(path, str_c(pem), &err), 0);
	assert_null(jwt_key_open(dir, &err));
	assert_non_null(strstr(err.text, why));
}

static void test_broken_key(void **state)
{
	UNUSED(state);
	refuses("", "holds no private key; remove it");
	refuses("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"holds no private key");
	/* An elliptic curve's. */
	refuses("-----BEGIN PRIVATE KEY-----\n"
		"MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
		"-----END PRIVATE KEY-----\n",
		"is no RSA key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_stays),
		cmocka_unit_test(test_broken_key),
	};

	int failed = cmocka_run_group_tests(tests, setup, teardown);

	arena_release(&a);
	return failed;
}
