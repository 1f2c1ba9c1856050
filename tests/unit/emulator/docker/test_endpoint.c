#include "base/base.h"
#include "emulator/docker/engine.h"

#include "emulator/core/error.h"

#include <setjmp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

/* A folder, and an environment as NAME=value lines. */
struct scene {
	char dir[64];
	struct endpoint_lookup in;
	struct endpoint at;
	struct error err;
	char env[8][160];
	size_t n_env;
	int fd;
};

static const char *get_env(void *arg, const char *name)
{
	struct scene *s = arg;
	size_t n = strlen(name);

	for (size_t i = 0; i < s->n_env; i++)
		if (!strncmp(s->env[i], name, n) && s->env[i][n] == '=')
			return s->env[i] + n + 1;
	return NULL;
}

static void set_env(struct scene *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->env[s->n_env++], sizeof(s->env[0]), fmt, ap);
	va_end(ap);
}

static int set_up(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));

	snprintf(s->dir, sizeof(s->dir), "/tmp/cilocal-endpoint-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	s->in.getenv = get_env;
	s->in.arg = s;
	s->in.root = s->dir;
	s->fd = -1;
	set_env(s, "HOME=%s", s->dir);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	char command[128];
	FILE *f;

	endpoint_release(&s->at);
	if (s->fd >= 0)
		close(s->fd);
	snprintf(command, sizeof(command), "rm -rf '%s'", s->dir);
	f = popen(command, "r");
	pclose(f);
	free(s);
	return 0;
}

static void put_file(struct scene *s, const char *name, const char *text)
{
	char path[256], *slash;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void listen_at(struct scene *s, const char *name)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	put_file(s, name, "");
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s", s->dir, name);
	unlink(sa.sun_path);
	s->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(s->fd, 1), 0);
}

static void find(struct scene *s)
{
	if (endpoint_find(&s->in, &s->at, &s->err))
		fail_msg("%s", s->err.text);
}

static void urls(void **state)
{
	static const struct {
		const char *url, *socket, *host;
		unsigned port;
		bool tls;
	} good[] = {
		{"unix:///x/y.sock", "/x/y.sock", NULL, 0, false},
		{"/x/y.sock", "/x/y.sock", NULL, 0, false},
		{"unix://", "/var/run/docker.sock", NULL, 0, false},
		{"tcp://h:1", NULL, "h", 1, false},
		{"tcp://h:1/", NULL, "h", 1, false},
		{"tcp://[::1]:99", NULL, "::1", 99, false},
		{"tcp://:5", NULL, "127.0.0.1", 5, false},
		{"https://h:1", NULL, "h", 1, true},
		{"h:1", NULL, "h", 1, false},
		{"ssh://me@h:22", NULL, "h", 22, false},
		{"ssh://h", NULL, "h", 0, false},
	};
	static const char *const bad[] = {"ssh://", "ssh://me@", "ssh://h/path",
		"npipe:////./pipe/x", "tcp://h:0", "tcp://h:x", "tcp://h/path", ""};
	struct endpoint at;

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(endpoint_parse(good[i].url, &at, NULL), 0);
		if (good[i].socket)
			assert_string_equal(at.socket, good[i].socket);
		else
			assert_string_equal(at.host, good[i].host);
		assert_int_equal(at.port, good[i].port);
		assert_int_equal(at.tls, good[i].tls);
		endpoint_release(&at);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = ERROR_INIT;

		assert_int_equal(endpoint_parse(bad[i], &at, &err), -1);
		assert_int_equal(err.domain, ERR_USAGE);
	}
}

static void an_explicit_host_wins(void **state)
{
	struct scene *s = *state;

	set_env(s, "DOCKER_HOST=unix:///from/env");
	s->in.host = "unix:///from/option";
	find(s);
	assert_string_equal(s->at.socket, "/from/option");
}

static void the_environment_is_next(void **state)
{
	struct scene *s = *state;

	set_env(s, "DOCKER_HOST=tcp://h");
	set_env(s, "DOCKER_CONTEXT=other");
	find(s);
	assert_string_equal(s->at.host, "h");
	assert_string_equal(s->at.origin, "DOCKER_HOST");
	assert_int_equal(s->at.port, 2375);
	assert_false(s->at.tls);
}

static void certificates_of_the_environment(void **state)
{
	struct scene *s = *state;

	put_file(s, "certs/ca.pem", "x");
	put_file(s, "certs/key.pem", "x");
	set_env(s, "DOCKER_HOST=tcp://h");
	set_env(s, "DOCKER_TLS_VERIFY=1");
	set_env(s, "DOCKER_CERT_PATH=%s/certs", s->dir);
	find(s);
	assert_int_equal(s->at.port, 2376);
	assert_true(s->at.tls);
	assert_false(s->at.tls_insecure);
	assert_non_null(s->at.ca_file);
	assert_null(s->at.cert_file);
}

static void contexts(void **state)
{
	struct scene *s = *state;

	put_file(s, ".docker/config.json", "{\"currentContext\":\"two\"}");
	put_file(s, ".docker/contexts/meta/aa/meta.json",
		"{\"Name\":\"one\",\"Endpoints\":{\"docker\":{\"Host\":\"unix:///one\"}}}");
	put_file(s, ".docker/contexts/meta/bb/meta.json",
		"{\"Name\":\"two\",\"Endpoints\":{\"docker\":{\"Host\":\"tcp://two:7\","
		"\"SkipTLSVerify\":true}}}");
	put_file(s, ".docker/contexts/tls/bb/docker/ca.pem", "x");
	find(s);
	assert_string_equal(s->at.host, "two");
	assert_string_equal(s->at.origin, "docker context 'two'");
	assert_true(s->at.tls && s->at.tls_insecure && s->at.ca_file);
	endpoint_release(&s->at);
	set_env(s, "DOCKER_CONTEXT=one");
	find(s);
	assert_string_equal(s->at.socket, "/one");
}

static void an_unknown_context_is_an_error(void **state)
{
	struct scene *s = *state;

	set_env(s, "DOCKER_CONTEXT=nowhere");
	assert_int_equal(endpoint_find(&s->in, &s->at, &s->err), -1);
	assert_true(str_find(str_c(s->err.text), STR("no docker context 'nowhere'")) != STR_NPOS);
}

static void the_default_context_is_none(void **state)
{
	struct scene *s = *state;

	put_file(s, ".docker/config.json", "{\"currentContext\":\"default\"}");
	listen_at(s, "var/run/docker.sock");
	find(s);
	assert_string_equal(s->at.origin, "default socket");
}

static void a_socket_that_answers_beats_one_that_does_not(void **state)
{
	struct scene *s = *state;

	put_file(s, "var/run/docker.sock", "dead");
	set_env(s, "XDG_RUNTIME_DIR=%s/run", s->dir);
	listen_at(s, "run/podman/podman.sock");
	find(s);
	assert_true(str_ends(str_c(s->at.socket), STR("/run/podman/podman.sock")));
}

static void a_dead_socket_is_better_than_none(void **state)
{
	struct scene *s = *state;

	put_file(s, "var/run/docker.sock", "dead");
	find(s);
	assert_true(str_ends(str_c(s->at.socket), STR("/var/run/docker.sock")));
}

static void nothing_at_all_lists_the_places(void **state)
{
	struct scene *s = *state;

	assert_int_equal(endpoint_find(&s->in, &s->at, &s->err), -1);
	assert_int_equal(s->err.domain, ERR_SYS);
	assert_true(str_find(str_c(s->err.text), STR("/var/run/docker.sock")) != STR_NPOS);
	assert_true(str_find(str_c(s->err.text), STR("podman.sock")) != STR_NPOS);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls),
		CASE(an_explicit_host_wins),
		CASE(the_environment_is_next),
		CASE(certificates_of_the_environment),
		CASE(contexts),
		CASE(an_unknown_context_is_an_error),
		CASE(the_default_context_is_none),
		CASE(a_socket_that_answers_beats_one_that_does_not),
		CASE(a_dead_socket_is_better_than_none),
		CASE(nothing_at_all_lists_the_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
