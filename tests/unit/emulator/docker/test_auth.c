#include "base/base.h"
#include "emulator/docker/auth.h"

#include "emulator/core/error.h"
#include "emulator/core/loop.h"

#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

struct scene {
	struct loop *loop;
	struct auth *auth;
	char dir[64], source[64], user[64], secret[64], token[64], key[64], warning[512];
	struct error err;
	unsigned done;
	size_t n_warnings, n_header, n_refused;
	char refused[8][256];
};

static int set_up(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));

	s->loop = loop_new(NULL);
	s->auth = auth_new(s->loop);
	snprintf(s->dir, sizeof(s->dir), "/tmp/cilocal-auth-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	char command[128];
	FILE *f;

	auth_free(s->auth);
	assert_int_equal(loop_free(s->loop, NULL), 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", s->dir);
	f = popen(command, "r");
	pclose(f);
	free(s);
	return 0;
}

static void on_found(void *arg, struct error *err, const struct auth_match *m)
{
	struct scene *s = arg;

	s->done++;
	if (err) {
		s->err = *err;
		return;
	}
	snprintf(s->source, sizeof(s->source), STR_FMT, STR_ARG(m->source));
	snprintf(s->user, sizeof(s->user), STR_FMT, STR_ARG(m->entry.username));
	snprintf(s->secret, sizeof(s->secret), STR_FMT, STR_ARG(m->entry.password));
	snprintf(s->token, sizeof(s->token), STR_FMT, STR_ARG(m->entry.identity_token));
	snprintf(s->key, sizeof(s->key), STR_FMT, STR_ARG(m->key));
	s->n_header = m->header.n;
	s->n_warnings = m->warnings.n;
	s->n_refused = m->refused.n;
	for (size_t i = 0; i < m->refused.n; i++)
		snprintf(s->refused[i], sizeof(s->refused[i]), STR_FMT, STR_ARG(m->refused.v[i]));
	if (m->warnings.n)
		snprintf(s->warning, sizeof(s->warning), STR_FMT, STR_ARG(m->warnings.v[0]));
}

static void find(struct scene *s, const char *image)
{
	unsigned before = s->done;

	auth_find(s->auth, str_c(image), on_found, s);
	assert_int_equal(s->done, before);
	loop_run(s->loop);
	assert_int_equal(s->done, before + 1);
}

/* A helper program on PATH. */
static void put_helper(struct scene *s, const char *name, const char *script)
{
	const char *old = getenv("PATH");
	char path[128], paths[2048];
	FILE *f;

	snprintf(path, sizeof(path), "%s/docker-credential-%s", s->dir, name);
	f = fopen(path, "w");
	fprintf(f, "#!/bin/sh\n%s\n", script);
	fclose(f);
	chmod(path, 0700);
	if (strncmp(old, s->dir, strlen(s->dir)) != 0) {
		snprintf(paths, sizeof(paths), "%s:%s", s->dir, old);
		setenv("PATH", paths, 1);
	}
}

static void image_paths(void **state)
{
	static const char *const pairs[][2] = {
		{"nginx", "docker.io/nginx"},
		{"nginx:1.25", "docker.io/nginx"},
		{"samalba/hipache", "docker.io/samalba/hipache"},
		{"index.docker.io/a/b:1", "docker.io/a/b"},
		{"docker.io/a", "docker.io/a"},
		{"localhost/a:x", "localhost/a"},
		{"REG.example.com:5000/Group/app:1", "reg.example.com:5000/Group/app"},
		{"reg:5000/a@sha256:ab", "reg:5000/a"},
		{"reg:5000/a:1@sha256:ab", "reg:5000/a"},
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		struct buf out = BUF_INIT;

		auth_image_path(&out, str_c(pairs[i][0]));
		assert_string_equal(out.p, pairs[i][1]);
		buf_release(&out);
	}
}

static void key_paths(void **state)
{
	static const char *const pairs[][2] = {
		{"https://index.docker.io/v1/", "docker.io"},
		{"HTTPS://Reg.example.com/v2/x", "reg.example.com"},
		{"http://reg:5000", "reg:5000"},
		{"reg.example.com:5000/group/", "reg.example.com:5000/group"},
		{"REG/Group/app:tag", "reg/Group/app"},
		{"reg:5000", "reg:5000"},
	};

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		struct buf out = BUF_INIT;

		auth_key_path(&out, str_c(pairs[i][0]));
		assert_string_equal(out.p, pairs[i][1]);
		buf_release(&out);
	}
}

static void the_header_is_base64url_of_json(void **state)
{
	struct auth_entry e = {.username = STR("gitlab-ci-token"),
		.password = STR("s3cr3t?>~"),
		.server = STR("registry.example.com:5000")};
	struct buf out = BUF_INIT;

	UNUSED(state);
	auth_header(&out, &e);
	assert_string_equal(out.p,
		"eyJ1c2VybmFtZSI6ImdpdGxhYi1jaS10b2tlbiIsInBhc3N3b3JkIjoiczNjcjN0Pz5-"
		"Iiwic2VydmVyYWRkcmVzcyI6InJlZ2lzdHJ5LmV4YW1wbGUuY29tOjUwMDAifQo=");
	buf_release(&out);
	buf_init(&out);
	e = (struct auth_entry){.identity_token = STR("tok"), .server = STR("a.b")};
	auth_header(&out, &e);
	/* {"serveraddress":"a.b","identitytoken":"tok"} */
	assert_string_equal(
		out.p, "eyJzZXJ2ZXJhZGRyZXNzIjoiYS5iIiwiaWRlbnRpdHl0b2tlbiI6InRvayJ9Cg==");
	buf_release(&out);
}

static void the_longest_path_wins(void **state)
{
	struct scene *s = *state;

	/* dTpw is u:p, YTpi is a:b */
	auth_add_text(s->auth, "$DOCKER_AUTH_CONFIG", NULL,
		STR("{\"auths\":{\"reg:5000\":{\"auth\":\"dTpw\"},\"reg:5000/group/app\":"
		    "{\"auth\":\"YTpi\"}}}"));
	auth_add_login(s->auth, "job", STR("reg:5000/group"), STR("third"), STR("x"));
	find(s, "reg:5000/group/app/img:1");
	assert_string_equal(s->user, "a");
	assert_string_equal(s->secret, "b");
	assert_string_equal(s->key, "reg:5000/group/app");
	find(s, "reg:5000/group/other");
	assert_string_equal(s->user, "third");
	assert_string_equal(s->source, "job");
	find(s, "reg:5000/else");
	assert_string_equal(s->user, "u");
	assert_string_equal(s->source, "$DOCKER_AUTH_CONFIG");
	find(s, "reg:5001/else");
	assert_string_equal(s->source, "");
	assert_int_equal(s->n_header, 0);
	assert_int_equal(s->n_warnings, 0);
}

static void the_first_source_wins_for_one_path(void **state)
{
	struct scene *s = *state;

	auth_add_text(s->auth, "first", NULL,
		STR("{\"auths\":{\"https://index.docker.io/v1/\":{\"username\":\"u1\","
		    "\"password\":\"p\"}}}"));
	auth_add_login(s->auth, "second", STR("docker.io"), STR("u2"), STR("p"));
	find(s, "nginx");
	assert_string_equal(s->user, "u1");
}

static void a_broken_source_only_warns(void **state)
{
	struct scene *s = *state;

	auth_add_text(s->auth, "$DOCKER_AUTH_CONFIG", NULL, STR("{\"auths\":"));
	auth_add_login(s->auth, "job", STR("reg"), STR("u"), STR("p"));
	find(s, "reg:1/x");
	assert_string_equal(s->user, "");
	assert_int_equal(s->n_warnings, 1);
	assert_true(str_starts(str_c(s->warning),
		STR("Failed to resolve credentials from $DOCKER_AUTH_CONFIG: ")));
	assert_true(str_ends(
		str_c(s->warning), STR(". Credentials from this source will not be used.")));
	/* Once is enough. */
	find(s, "reg/x");
	assert_string_equal(s->user, "");
	assert_int_equal(s->n_warnings, 0);
}

/* What a parser says of a broken document shows what stands at the place: a password, perhaps. */
static void nothing_broken_is_shown(void **state)
{
	static const char *const texts[] = {
		"{\"auths\":{\"reg:1\":{\"auth\" \"s3cr3t\"}}}",
		"{\"auths\":{\"reg:1\":{\"auth\":\"s3cr3t!\"}}}",
		"{\"auths\":{\"reg:1\":\"s3cr3t\"}}",
		"{\"auths\":\"s3cr3t\"}",
		"s3cr3t",
		"[\"s3cr3t\"]",
		"{\"credHelpers\":{\"reg:1\":\"rubbish\"}}",
		"{\"credHelpers\":{\"reg:1\":\"list\"}}",
		"{\"credHelpers\":{\"reg:1\":\"half\"}}",
		"{\"credsStore\":\"rubbish\"}",
		"{\"credsStore\":\"list\"}",
	};
	struct scene *s = *state;

	put_helper(s, "rubbish", "echo '{\"Username\":\"u\",\"Secret\" \"s3cr3t\"}'");
	put_helper(s, "list", "echo '[\"s3cr3t\"]'");
	put_helper(s, "half", "echo '{\"Username\":\"u\",\"Secret\":\"s3cr3t\"}'; exit 3");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auth_free(s->auth);
		s->auth = auth_new(s->loop);
		auth_add_text(s->auth, "x", NULL, str_c(texts[i]));
		find(s, "reg:1/a");
		assert_int_equal(s->n_warnings, 1);
		if (strstr(s->warning, "s3cr3t"))
			fail_msg("%s", s->warning);
		assert_string_equal(s->source, "");
	}
}

static void a_refusal_is_explained(void **state)
{
	struct scene *s = *state;

	setenv("HOME", "/nowhere", 1);
	unsetenv("DOCKER_CONFIG");
	auth_add_text(s->auth, "$DOCKER_AUTH_CONFIG", "environment of c.toml:3",
		STR("{\"auths\":{\"reg:5000\":{\"auth\":\"dTpw\"}}}"));
	auth_add_user_config(s->auth);
	auth_add_login(s->auth, "job", STR("other"), STR("u"), STR("p"));
	find(s, "reg:5000/a/b:1");
	assert_int_equal(s->n_refused, 1);
	assert_string_equal(s->refused[0],
		"the registry refused the login 'u', which is the entry 'reg:5000' of "
		"$DOCKER_AUTH_CONFIG (environment of c.toml:3)");
	find(s, "reg:5001/a/b:1");
	assert_int_equal(s->n_refused, 5);
	assert_string_equal(s->refused[0],
		"no login was tried, since there is no entry for reg:5001/a/b or what is above "
		"it in:");
	assert_string_equal(
		s->refused[1], "  $DOCKER_AUTH_CONFIG (environment of c.toml:3): reg:5000");
	assert_string_equal(s->refused[2], "  /nowhere/.docker/config.json: there is no such file");
	assert_string_equal(s->refused[3], "  job: other");
	assert_string_equal(s->refused[4],
		"the entry 'reg:5000' of $DOCKER_AUTH_CONFIG is for another port or path: an "
		"image's name must begin with it, port and all");
}

static void bad_base64_spoils_the_source(void **state)
{
	struct scene *s = *state;

	auth_add_text(s->auth, "x", NULL,
		STR("{\"auths\":{\"a.b\":{\"auth\":\"dTpw\"},\"c\":{\"auth\":\"!\"}}}"));
	find(s, "a.b/x");
	assert_string_equal(s->source, "");
	assert_int_equal(s->n_warnings, 1);
}

static void helpers_overlay_auths(void **state)
{
	struct scene *s = *state;

	put_helper(s, "one",
		"read server; [ $1 = get ] || exit 2\n"
		"echo "
		"\"{\\\"ServerURL\\\":\\\"$server\\\",\\\"Username\\\":\\\"h\\\",\\\"Secret\\\":"
		"\\\"s-$server\\\"}\"");
	auth_add_text(s->auth, "x", NULL,
		STR("{\"auths\":{\"a.b\":{\"auth\":\"dTpw\"}},\"credHelpers\":{\"a.b\":\"one\"}}"));
	find(s, "a.b/x");
	assert_string_equal(s->user, "h");
	assert_string_equal(s->secret, "s-a.b");
}

static void stores_list_and_tokens(void **state)
{
	struct scene *s = *state;

	put_helper(s, "store",
		"if [ $1 = list ]; then echo "
		"'{\"https://r.example/v1/\":\"u\",\"q.example\":\"u\"}'; exit; fi\n"
		"echo '{\"Username\":\"<token>\",\"Secret\":\"tok\"}'");
	auth_add_text(s->auth, "x", NULL, STR("{\"credsStore\":\"store\"}"));
	find(s, "r.example/x");
	assert_string_equal(s->token, "tok");
	assert_string_equal(s->user, "");
	find(s, "q.example/x");
	assert_string_equal(s->token, "tok");
}

static void helpers_that_fail_warn(void **state)
{
	struct scene *s = *state;

	put_helper(s, "bad", "echo no keychain; exit 1");
	auth_add_text(s->auth, "x", NULL, STR("{\"credHelpers\":{\"a.b\":\"bad\"}}"));
	auth_add_text(s->auth, "y", NULL, STR("{\"credsStore\":\"missing-here\"}"));
	find(s, "a.b/x");
	assert_int_equal(s->n_warnings, 2);
	assert_true(str_find(str_c(s->warning), STR("exit code 1: no keychain")) != STR_NPOS);
}

static void nothing_in_the_keychain_is_no_fault(void **state)
{
	struct scene *s = *state;

	put_helper(s, "empty", "echo credentials not found in native keychain; exit 1");
	auth_add_text(s->auth, "x", NULL, STR("{\"credHelpers\":{\"a.b\":\"empty\"}}"));
	find(s, "a.b/x");
	assert_int_equal(s->n_warnings, 0);
	assert_string_equal(s->source, "");
}

static void a_path_for_a_helper_is_fatal(void **state)
{
	struct scene *s = *state;

	auth_add_text(s->auth, "x", NULL, STR("{\"credHelpers\":{\"a.b\":\"../../evil\"}}"));
	find(s, "a.b/x");
	assert_int_equal(s->err.domain, ERR_USAGE);
	assert_true(str_find(str_c(s->err.text), STR("path traversal is not allowed")) != STR_NPOS);
}

static void user_files(void **state)
{
	struct scene *s = *state;
	char path[128];
	FILE *f;

	setenv("HOME", s->dir, 1);
	unsetenv("DOCKER_CONFIG");
	snprintf(path, sizeof(path), "%s/.dockercfg", s->dir);
	f = fopen(path, "w");
	fputs("{\"a.b\":{\"auth\":\"dTpw\",\"email\":\"x@y\"}}", f);
	fclose(f);
	auth_add_user_config(s->auth);
	find(s, "a.b/x");
	assert_string_equal(s->user, "u");
	assert_string_equal(s->source, path);
}

static void cancelling_and_going_down(void **state)
{
	struct scene *s = *state;
	struct auth_query *q;

	put_helper(s, "slow", "sleep 20");
	auth_add_text(s->auth, "x", NULL, STR("{\"credsStore\":\"slow\"}"));
	q = auth_find(s->auth, STR("a.b/x"), on_found, s);
	auth_query_cancel(q);
	for (int i = 0; i < 3; i++)
		loop_turn(s->loop);
	assert_int_equal(s->done, 1);
	assert_int_equal(s->err.domain, ERR_CANCELLED);
	auth_find(s->auth, STR("a.b/x"), on_found, s);
	auth_free(s->auth);
	assert_int_equal(s->done, 2);
	s->auth = NULL;
	loop_run(s->loop);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(image_paths),
		cmocka_unit_test(key_paths),
		cmocka_unit_test(the_header_is_base64url_of_json),
		CASE(the_longest_path_wins),
		CASE(the_first_source_wins_for_one_path),
		CASE(a_broken_source_only_warns),
		CASE(nothing_broken_is_shown),
		CASE(a_refusal_is_explained),
		CASE(bad_base64_spoils_the_source),
		CASE(helpers_overlay_auths),
		CASE(stores_list_and_tokens),
		CASE(helpers_that_fail_warn),
		CASE(nothing_in_the_keychain_is_no_fault),
		CASE(a_path_for_a_helper_is_fatal),
		CASE(user_files),
		CASE(cancelling_and_going_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
