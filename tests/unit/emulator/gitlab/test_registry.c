/* The registry's credentials and JSON; what needs an engine is in tests/docker. */
#include "base/base.h"
#include "emulator/gitlab/registry.h"
#include "emulator/gitlab/registry_state.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"
#include "vars/facts.h"

#include <crypt.h>
#include <jansson.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "registry_dir.h"

static void test_credentials(void **state)
{
	struct fixture *f = *state;
	struct registry_state one, two;
	struct stat st;

	assert_int_equal(registry_state_read(&one, &f->arena, &f->o, &f->err), 0);
	assert_int_equal(one.password.n, 0);
	assert_int_equal(registry_state_ensure(&one, &f->arena, &f->o, &f->err), 0);
	assert_int_equal(registry_state_ensure(&two, &f->arena, &f->o, &f->err), 0);
	assert_true(one.password.n >= 40);
	assert_true(str_eq(one.password, two.password));
	assert_true(str_eq(one.deploy_password, two.deploy_password));
	assert_true(str_starts(one.deploy_password, STR("gldt-")));
	assert_false(str_eq(str_from(one.password, 6), str_from(one.deploy_password, 5)));
	assert_true(str_is(one.user, "gitlab-ci-token"));
	assert_int_equal(stat(registry_state_path(&f->arena, &f->o, NULL), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(str_eq(
		registry_fingerprint(&f->arena, &one), registry_fingerprint(&f->arena, &two)));
	assert_int_equal(str_find(registry_fingerprint(&f->arena, &one), one.password), STR_NPOS);
	assert_int_equal(registry_state_remove(&f->arena, &f->o, &f->err), 0);
	assert_int_equal(registry_state_ensure(&two, &f->arena, &f->o, &f->err), 0);
	assert_false(str_eq(one.password, two.password));
}

/* Many processes that start at once end with one password. */
static void test_one_password(void **state)
{
	struct fixture *f = *state;
	struct registry_state s;
	int status, pipes[2];
	char first[64], other[64];
	ssize_t n;

	assert_int_equal(pipe(pipes), 0);
	for (int i = 0; i < 8; i++)
		if (!fork()) {
			struct arena a = ARENA_INIT;
			char line[64] = "";
			int rc = registry_state_ensure(&s, &a, &f->o, &f->err);

			snprintf(line, sizeof(line), STR_FMT, STR_ARG(s.password));
			rc = rc || write(pipes[1], line, sizeof(line)) != sizeof(line);
			_exit(rc);
		}
	for (int i = 0; i < 8; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
		n = read(pipes[0], i ? other : first, sizeof(first));
		assert_int_equal(n, sizeof(first));
		if (i)
			assert_string_equal(first, other);
	}
	close(pipes[0]);
	close(pipes[1]);
}

static void test_htpasswd(void **state)
{
	struct fixture *f = *state;
	struct registry_state s = {.user = STR("gitlab-ci-token"),
		.password = STR("glcbt-secret"),
		.deploy_password = STR("gldt-other")};
	struct crypt_data *work = xcalloc(1, sizeof(*work));
	struct str line, hash;
	const char *again;

	assert_int_equal(registry_htpasswd(&line, &f->arena, &s, &f->err), 0);
	assert_true(str_starts(line, STR("gitlab-ci-token:$2y$")));
	assert_true(str_ends(line, STR("\n")));
	assert_int_equal(str_find(line, s.password), STR_NPOS);
	assert_int_not_equal(str_find(line, STR("\ngitlab+deploy-token-1:$2y$")), STR_NPOS);
	hash = str_sub(line, str_chr(line, ':') + 1, str_chr(line, '\n'));
	again = crypt_rn("glcbt-secret", arena_cstr(&f->arena, hash), work, (int)sizeof(*work));
	assert_non_null(again);
	assert_true(str_is(hash, again));
	free(work);
	s.password = STR("open sesame");
	s.user = STR("Aladdin");
	assert_string_equal(registry_authorization(&f->arena, s.user, s.password),
		"Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

static void test_facts(void **state)
{
	struct fixture *f = *state;
	struct registry_state s;
	struct facts facts = {.server_host = STR("gitlab.example.com")};
	bool used = true;

	assert_int_equal(registry_facts(&facts, &f->arena, &f->o, false, &used, &f->err), 0);
	assert_false(used);
	assert_int_equal(facts.registry_host.n, 0);
	/* Credentials alone do not make a run use it, a started registry does. */
	assert_int_equal(registry_state_ensure(&s, &f->arena, &f->o, &f->err), 0);
	assert_int_equal(registry_facts(&facts, &f->arena, &f->o, false, &used, &f->err), 0);
	assert_false(used);
	s.started = true;
	assert_int_equal(registry_state_write(&s, &f->arena, &f->o, &f->err), 0);
	assert_int_equal(registry_facts(&facts, &f->arena, &f->o, false, &used, &f->err), 0);
	assert_true(used);
	assert_true(str_is(facts.registry_host, "registry.gitlab.example.com"));
	assert_true(str_eq(facts.registry_password, s.password));
	assert_true(str_eq(facts.job_token, s.password));
	f->o.host = "reg.test";
	assert_int_equal(registry_facts(&facts, &f->arena, &f->o, true, &used, &f->err), 0);
	assert_true(str_is(facts.registry_host, "reg.test"));
}

/* A host comes from the remote's address, where any byte may be. */
static void test_host_of_any_bytes(void **state)
{
	struct fixture *f = *state;
	struct registry_state s;

	assert_int_equal(registry_state_ensure(&s, &f->arena, &f->o, &f->err), 0);
	s.host = STR("registry.\xff.example");
	assert_int_equal(registry_state_write(&s, &f->arena, &f->o, &f->err), 0);
	assert_int_equal(registry_state_read(&s, &f->arena, &f->o, &f->err), 0);
	assert_string_equal(s.host.p, "registry.\xef\xbf\xbd.example");
}

static void test_broken_state(void **state)
{
	struct fixture *f = *state;
	struct registry_state s;

	assert_int_equal(store_write_file(registry_state_path(&f->arena, &f->o, NULL),
				 STR("{\"user\": "), &f->err),
		0);
	assert_int_equal(registry_state_read(&s, &f->arena, &f->o, &f->err), -1);
	assert_non_null(strstr(f->err.text, "registry.json"));
	assert_non_null(strstr(f->err.text, "remove it"));
}

static void test_json(void **state)
{
	struct fixture *f = *state;
	struct registry_info info = {.running = true,
		.host = STR("registry.gitlab.example.com"),
		.address = STR("127.0.0.1:32768"),
		.url = STR("https://127.0.0.1:32768"),
		.port = 32768,
		.tls = true,
		.ca_file = "/state/ca.pem",
		.user = STR("gitlab-ci-token"),
		.password = STR("glcbt-secret")};
	struct registry_tag tags[] = {
		{.repository = STR("g/a"), .tag = STR("1"), .digest = STR("sha256:aa"), .size = 10},
		{.repository = STR("g/a"),
			.tag = STR("2"),
			.digest = STR("sha256:bb"),
			.size = 20,
			.index = true,
			.platforms = STR("linux/amd64,linux/arm/v7")},
		{.repository = STR("g/b")}};
	struct str text = registry_status_json(&f->arena, &info, &f->o, false);

	assert_int_equal(str_find(text, STR("glcbt-secret")), STR_NPOS);
	assert_int_not_equal(str_find(text, STR("\"url\":\"https://127.0.0.1:32768\"")), STR_NPOS);
	assert_int_not_equal(
		str_find(text, STR("\"tls\":true,\"ca\":\"/state/ca.pem\"")), STR_NPOS);
	text = registry_status_json(&f->arena, &info, &f->o, true);
	assert_int_not_equal(str_find(text, STR("\"password\":\"glcbt-secret\"")), STR_NPOS);
	text = registry_list_json(&f->arena, &info, tags, 3);
	assert_string_equal(text.p,
		"{\"host\":\"registry.gitlab.example.com\",\"url\":\"https://127.0.0.1:32768\","
		"\"tls\":true,\"repositories\":["
		"{\"name\":\"g/a\",\"tags\":[{\"name\":\"1\",\"digest\":\"sha256:aa\",\"size\":10,"
		"\"platforms\":null},"
		"{\"name\":\"2\",\"digest\":\"sha256:bb\",\"size\":20,"
		"\"platforms\":[\"linux/amd64\",\"linux/arm/v7\"]}]},"
		"{\"name\":\"g/b\",\"tags\":[]}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_credentials, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_password, setup, teardown),
		cmocka_unit_test_setup_teardown(test_htpasswd, setup, teardown),
		cmocka_unit_test_setup_teardown(test_facts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_host_of_any_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken_state, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
