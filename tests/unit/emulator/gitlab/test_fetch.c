/* Includes from elsewhere: real git repositories in a temporary folder, a small HTTP server. */
#include "base/base.h"
#include "emulator/gitlab/fetch_include.h"
#include "emulator/gitlab/fetch_internal.h"
#include "emulator/git/repo.h"
#include "emulator/store/store.h"
#include "vars/facts.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- in place of the config room: answers are only noted ---- */

#define MAX_WANTS 8

static struct answers {
	struct config_want *w[MAX_WANTS];
	char text[MAX_WANTS][256], name[MAX_WANTS][128], version[MAX_WANTS][32];
	size_t n;
} answers;

static struct answers *note(struct config_want *w, struct str text)
{
	assert_true(answers.n < MAX_WANTS);
	assert_false(w->answered);
	w->answered = true;
	answers.w[answers.n] = w;
	snprintf(answers.text[answers.n], sizeof(answers.text[0]), STR_FMT, STR_ARG(text));
	answers.n++;
	return &answers;
}

void config_provide(
	struct config *c, struct config_want *w, struct str text, const struct config_resolved *as)
{
	struct answers *a = note(w, text);

	UNUSED(c);
	if (!as)
		return;
	snprintf(a->name[a->n - 1], sizeof(a->name[0]), STR_FMT, STR_ARG(as->name));
	snprintf(a->version[a->n - 1], sizeof(a->version[0]), STR_FMT, STR_ARG(as->version));
	assert_int_equal(as->sha.n, 40);
}

void config_provide_glob(struct config *c, struct config_want *w, const struct str *paths, size_t n)
{
	struct buf all = BUF_INIT;

	UNUSED(c);
	for (size_t i = 0; i < n; i++)
		buf_printf(&all, "%s" STR_FMT, i ? " " : "", STR_ARG(paths[i]));
	note(w, buf_str(&all));
	buf_release(&all);
}

void config_refuse(struct config *c, struct config_want *w, struct str why)
{
	char text[256];

	UNUSED(c);
	snprintf(text, sizeof(text), "! " STR_FMT, STR_ARG(why));
	note(w, str_c(text));
}

/* ---- fixture ---- */

struct fixture {
	char root[64], path[128], cache[128];
	struct config config;
	struct config_want wants[MAX_WANTS];
	size_t n;
	struct facts facts;
	struct git_url url;
	struct fetch_options o;
	struct buf messages;
	pid_t server;
	unsigned port;
};

static void on_message(void *arg, enum diag_level level, const char *text)
{
	struct fixture *f = arg;

	UNUSED(level);
	buf_printf(&f->messages, "%s\n", text);
}

static void sh(struct fixture *f, const char *script)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		assert_int_equal(chdir(f->root), 0);
		execl("/bin/sh", "sh", "-ec", script, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->root, sizeof(f->root), "/tmp/cilocal-fetch-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	sh(f, "export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b "
	      "GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b\n"
	      "git init -q -b main group/lib.git; cd group/lib.git; mkdir -p ci templates/big\n"
	      "echo one >ci/a.yml; echo two >ci/b.yml; echo 1.0.0 >templates/small.yml\n"
	      "echo big >templates/big/template.yml; git add .; git commit -qm 1; git tag 1.0.0\n"
	      "echo 1.2.0 >templates/small.yml; git commit -qam 2; git tag 1.2.0\n"
	      "echo 1.10.1 >templates/small.yml; git commit -qam 3; git tag v1.10.1\n"
	      "echo 2.0.0-rc1 >templates/small.yml; git commit -qam 4; git tag 2.0.0-rc1\n"
	      "git checkout -q -b dev; echo dev >ci/a.yml; git commit -qam 5; git checkout -q "
	      "main\n"
	      "git init -q -b main ../none.git");
	snprintf(f->path, sizeof(f->path), "%s/group/app", f->root + 1);
	snprintf(f->cache, sizeof(f->cache), "%s/cache", f->root);
	f->url = (struct git_url){.protocol = STR("file"), .path = str_c(f->path)};
	f->facts.project_path = STR("group/app");
	f->facts.server_host = STR("gitlab.example.com");
	f->o = (struct fetch_options){.facts = &f->facts,
		.url = &f->url,
		.cache_dir = f->cache,
		.message = on_message,
		.message_arg = f};
	/* Projects are <name>.git here, as bare clones often are. */
	static struct project_place places[2];
	static char lib[128];
	snprintf(lib, sizeof(lib), "%s/group/lib.git", f->root);
	places[0] = (struct project_place){STR("group/lib"), str_c(lib)};
	f->o.places = places;
	f->o.n_places = 1;
	buf_init(&f->messages);
	memset(&answers, 0, sizeof(answers));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->server) {
		kill(f->server, SIGKILL);
		waitpid(f->server, NULL, 0);
	}
	store_remove_tree(f->root, NULL);
	buf_release(&f->messages);
	free(f);
	return 0;
}

static void want(struct fixture *f, enum want_kind kind, const char *path, const char *project,
	const char *ref)
{
	struct config_want *w = &f->wants[f->n];

	*w = (struct config_want){
		.kind = kind, .path = str_c(path), .project = str_c(project), .ref = str_c(ref)};
	if (f->n++)
		w[-1].next = w;
	f->config.wants = f->wants;
}

/* Fetches what was asked for; then the slate is clean again, but for the answers. */
static void fetch(struct fixture *f)
{
	memset(&answers, 0, sizeof(answers));
	fetch_includes(&f->config, &f->o);
	assert_int_equal(answers.n, f->n);
	f->n = 0;
}

static const char *text_of(struct fixture *f, size_t want_index)
{
	for (size_t i = 0; i < answers.n; i++)
		if (answers.w[i] == &f->wants[want_index])
			return answers.text[i];
	return NULL;
}

/* ---- projects ---- */

static void test_project(void **state)
{
	struct fixture *f = *state;

	want(f, WANT_PROJECT, "/ci/a.yml", "group/lib", "");
	want(f, WANT_PROJECT, "ci/b.yml", "group/lib", "main");
	want(f, WANT_PROJECT, "ci/a.yml", "group/lib", "dev");
	want(f, WANT_PROJECT, "ci/c.yml", "group/lib", "");
	want(f, WANT_PROJECT, "ci", "group/lib", "");
	want(f, WANT_PROJECT, "ci/a.yml", "group/lib", "nope");
	want(f, WANT_LOCAL_GLOB, "ci/*.yml", "group/lib", "main");
	fetch(f);
	assert_string_equal(text_of(f, 0), "one\n");
	assert_string_equal(text_of(f, 1), "two\n");
	assert_string_equal(text_of(f, 2), "dev\n");
	assert_string_equal(
		text_of(f, 3), "! there is no file 'ci/c.yml' in the project at 'HEAD'");
	assert_non_null(strstr(text_of(f, 4), "! there is no file 'ci'"));
	assert_string_equal(text_of(f, 5), "! project 'group/lib' has no reference 'nope'");
	assert_string_equal(text_of(f, 6), "ci/a.yml ci/b.yml");
}

static void test_commit_ids(void **state)
{
	struct fixture *f = *state;
	char id[64] = "", path[128];
	FILE *in;

	sh(f, "cd group/lib.git; git rev-parse 1.2.0 >../id");
	snprintf(path, sizeof(path), "%s/group/id", f->root);
	in = fopen(path, "r");
	assert_non_null(in);
	assert_int_equal(fscanf(in, "%63s", id), 1);
	fclose(in);
	want(f, WANT_PROJECT, "templates/small.yml", "group/lib", id);
	fetch(f);
	assert_string_equal(text_of(f, 0), "1.2.0\n");
	/* Once here, it needs no server. */
	f->o.offline = true;
	want(f, WANT_PROJECT, "templates/small.yml", "group/lib", id);
	fetch(f);
	assert_string_equal(text_of(f, 0), "1.2.0\n");
	f->o.offline = false;
	id[9] = 0;
	want(f, WANT_PROJECT, "templates/small.yml", "group/lib", id);
	fetch(f);
	assert_string_equal(text_of(f, 0), "1.2.0\n");
}

static void test_no_project(void **state)
{
	struct fixture *f = *state;

	want(f, WANT_PROJECT, "a.yml", "group/gone", "");
	want(f, WANT_PROJECT, "a.yml", "group/lib", "--upload-pack=x");
	fetch(f);
	assert_non_null(strstr(text_of(f, 0), "! project 'group/gone' not found or access denied"));
	assert_non_null(strstr(text_of(f, 1), "can have no reference"));
}

static void test_offline_copy(void **state)
{
	static struct project_place far = {
		STR_INIT("group/lib"), STR_INIT("https://git.invalid/lib")};
	struct fixture *f = *state;
	CLEANUP(free)
	char *key = xasprintf("url." STR_FMT ".insteadOf", STR_ARG(f->o.places->place));

	/* Git goes to the clone for the URL, which the program takes for one of a server. */
	setenv("GIT_CONFIG_COUNT", "1", 1);
	setenv("GIT_CONFIG_KEY_0", key, 1);
	setenv("GIT_CONFIG_VALUE_0", far.place.p, 1);
	f->o.places = &far;
	want(f, WANT_PROJECT, "ci/a.yml", "group/lib", "main");
	fetch(f);
	f->o.offline = true;
	want(f, WANT_PROJECT, "ci/b.yml", "group/lib", "main");
	want(f, WANT_PROJECT, "ci/b.yml", "group/lib", "dev");
	fetch(f);
	unsetenv("GIT_CONFIG_COUNT");
	assert_string_equal(text_of(f, 0), "two\n");
	assert_non_null(strstr(text_of(f, 1), "was never fetched, and this run is offline"));
}

static void test_offline_clone(void **state)
{
	struct fixture *f = *state;

	f->o.offline = true;
	want(f, WANT_PROJECT, "ci/b.yml", "group/lib", "main");
	fetch(f);
	assert_string_equal(text_of(f, 0), "two\n");
}

static void test_components(void **state)
{
	struct fixture *f = *state;

	want(f, WANT_COMPONENT, "gitlab.example.com/group/lib/small", "", "~latest");
	want(f, WANT_COMPONENT, "gitlab.example.com/group/lib/small", "", "1.2");
	want(f, WANT_COMPONENT, "gitlab.example.com/group/lib/big", "", "1.0.0");
	want(f, WANT_COMPONENT, "gitlab.example.com/group/lib/none", "", "1.0.0");
	want(f, WANT_COMPONENT, "small", "", "1");
	fetch(f);
	assert_string_equal(text_of(f, 0), "1.10.1\n");
	assert_string_equal(text_of(f, 1), "1.2.0\n");
	assert_string_equal(text_of(f, 2), "big\n");
	assert_non_null(strstr(text_of(f, 3), "has no file templates/NAME.yml"));
	assert_non_null(strstr(text_of(f, 4), "is no component"));
	for (size_t i = 0; i < answers.n; i++)
		if (answers.w[i] == &f->wants[0]) {
			assert_string_equal(answers.version[i], "v1.10.1");
			assert_string_equal(
				answers.name[i], "group/lib:templates/small.yml@~latest");
		}
}

static void test_versions(void **state)
{
	static const struct str tags[] = {STR_INIT("1.0.0"), STR_INIT("1.9.0"), STR_INIT("v1.10.0"),
		STR_INIT("2.0.0-rc1"), STR_INIT("latest"), STR_INIT("0.9.9")};

	UNUSED(state);
	assert_true(version_is_partial(STR("1")) && version_is_partial(STR("1.2")));
	assert_true(version_is_partial(STR("~latest")));
	assert_false(version_is_partial(STR("1.2.3")) || version_is_partial(STR("main")));
	assert_true(str_is(version_pick(STR("~latest"), tags, ARRAY_SIZE(tags)), "v1.10.0"));
	assert_true(str_is(version_pick(STR("1.9"), tags, ARRAY_SIZE(tags)), "1.9.0"));
	assert_true(str_is(version_pick(STR("0"), tags, ARRAY_SIZE(tags)), "0.9.9"));
	assert_int_equal(version_pick(STR("2"), tags, ARRAY_SIZE(tags)).n, 0);
}

static void test_urls(void **state)
{
	struct fixture *f = *state;
	struct arena a = ARENA_INIT;
	struct str url, why;

	f->o.n_places = 0;
	f->url = (struct git_url){.protocol = STR("ssh"),
		.user = STR("git"),
		.host = STR("gitlab.example.com"),
		.port = STR("2222")};
	assert_true(fetch_project_url(&a, &f->o, STR_NULL, STR("x/y"), &url, &why));
	assert_string_equal(url.p, "ssh://git@gitlab.example.com:2222/x/y.git");
	assert_true(fetch_project_url(&a, &f->o, STR("gitlab.com"), STR("x/y"), &url, &why));
	assert_string_equal(url.p, "https://gitlab.com/x/y.git");
	f->url = (struct git_url){.protocol = STR("https"), .host = STR("gitlab.example.com")};
	assert_true(
		fetch_project_url(&a, &f->o, STR("GitLab.example.com"), STR("x/y"), &url, &why));
	assert_string_equal(url.p, "https://gitlab.example.com/x/y.git");
	f->url = (struct git_url){.protocol = STR("file"), .path = STR("srv/git/group/app")};
	assert_true(fetch_project_url(&a, &f->o, STR_NULL, STR("x/y"), &url, &why));
	assert_string_equal(url.p, "/srv/git/x/y");
	f->url = (struct git_url){.protocol = STR("file"), .path = STR("home/me/thing")};
	assert_false(fetch_project_url(&a, &f->o, STR_NULL, STR("x/y"), &url, &why));
	arena_release(&a);
}

/* ---- HTTP ---- */

static void reply(int fd, const char *status, const char *body)
{
	dprintf(fd, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status,
		strlen(body), body);
}

/* /ok answers, /flaky does so the second time, /gone is 404, /broken always 500. */
static void serve(int listener)
{
	unsigned flaky = 0;
	char line[2048];

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

		if (n <= 0)
			continue;
		line[n] = 0;
		if (strstr(line, "GET /ok"))
			reply(fd, "200 OK", "ok: {}\n");
		else if (strstr(line, "GET /flaky"))
			reply(fd, flaky++ ? "200 OK" : "503 Busy", "flaky: {}\n");
		else if (strstr(line, "GET /broken"))
			reply(fd, "500 Oops", "");
		else
			reply(fd, "404 Not Found", "");
		close(fd);
	}
}

static void start_server(struct fixture *f)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	f->port = ntohs(at.sin_port);
	f->server = fork();
	if (!f->server)
		serve(fd);
	close(fd);
}

static void want_url(struct fixture *f, struct arena *a, const char *path)
{
	want(f, WANT_REMOTE, arena_printf(a, "http://127.0.0.1:%u/%s", f->port, path).p, "", "");
}

static void test_remote(void **state)
{
	struct fixture *f = *state;
	struct arena a = ARENA_INIT;

	start_server(f);
	want_url(f, &a, "ok.yml");
	want_url(f, &a, "gone.yml");
	want_url(f, &a, "flaky.yml");
	fetch(f);
	assert_string_equal(text_of(f, 0), "ok: {}\n");
	assert_non_null(strstr(text_of(f, 1), "does not exist (HTTP 404)"));
	assert_string_equal(text_of(f, 2), "flaky: {}\n");
	/* The server goes away: the copy is used, and said to be one. */
	kill(f->server, SIGKILL);
	waitpid(f->server, NULL, 0);
	f->server = 0;
	f->wants[0].cache = STR_NULL;
	struct timespec from, to;
	want_url(f, &a, "ok.yml");
	clock_gettime(CLOCK_MONOTONIC, &from);
	fetch(f);
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_string_equal(text_of(f, 0), "ok: {}\n");
	assert_non_null(strstr(f->messages.p, "using the copy"));
	/* Three tries would take three seconds. */
	assert_true(to.tv_sec - from.tv_sec < 3);
	f->o.offline = true;
	want_url(f, &a, "ok.yml");
	want_url(f, &a, "never.yml");
	fetch(f);
	assert_string_equal(text_of(f, 0), "ok: {}\n");
	assert_non_null(strstr(f->messages.p, "using the copy that is less than a minute old"));
	assert_non_null(strstr(text_of(f, 1), "was never fetched"));
	arena_release(&a);
}

static void test_template_folder(void **state)
{
	struct fixture *f = *state;
	char dir[128];

	sh(f, "mkdir -p templates/Jobs; echo here >templates/Jobs/X.gitlab-ci.yml");
	snprintf(dir, sizeof(dir), "%s/templates", f->root);
	f->o.templates = dir;
	f->o.offline = true;
	want(f, WANT_TEMPLATE, "Jobs/X.gitlab-ci.yml", "", "");
	want(f, WANT_TEMPLATE, "../group/id", "", "");
	want(f, WANT_ARTIFACT, "a.yml", "job", "");
	fetch(f);
	assert_string_equal(text_of(f, 0), "here\n");
	assert_non_null(strstr(text_of(f, 1), "is no template"));
	assert_non_null(strstr(text_of(f, 2), "child pipeline"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_project, setup, teardown),
		cmocka_unit_test_setup_teardown(test_commit_ids, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_project, setup, teardown),
		cmocka_unit_test_setup_teardown(test_offline_copy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_offline_clone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_components, setup, teardown),
		cmocka_unit_test(test_versions),
		cmocka_unit_test_setup_teardown(test_urls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remote, setup, teardown),
		cmocka_unit_test_setup_teardown(test_template_folder, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
