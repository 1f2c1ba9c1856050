#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "config/job_def.h"
#include "source/source.h"
#include "vars/varset.h"
#include "emulator/runner/diagnose.h"
#include "emulator/runner/runner_config.h"

/* Each sample line of the table hits its own entry, though earlier ones are tried first. */
static void test_samples_hit_their_entry(void **state)
{
	size_t n;
	const struct diagnose_entry *table = diagnose_table(&n);
	assert_true(n >= 110);
	for (size_t i = 0; i < n; i++) {
		struct str_split it = str_split(str_c(table[i].sample), '\n');
		struct str line;
		while (str_split_next(&it, &line)) {
			struct diagnose *d = diagnose_new();
			const struct diagnose_hit *hit = diagnose_line(d, line);
			if (!hit)
				fail_msg("%s misses: " STR_FMT, table[i].id, STR_ARG(line));
			if (hit->entry != &table[i])
				fail_msg("%s is taken by %s: " STR_FMT, table[i].id, hit->entry->id,
					STR_ARG(line));
			diagnose_free(d);
		}
	}
}

static void test_ids_and_names_are_unique(void **state)
{
	size_t n;
	const struct diagnose_entry *t = diagnose_table(&n);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(t[i].id, t[j].id);
			assert_string_not_equal(t[i].name, t[j].name);
		}
	}
}

static void test_once_a_job(void **state)
{
	struct diagnose *d = diagnose_new();
	struct str line = STR("sh: exec format error");
	assert_non_null(diagnose_line(d, line));
	assert_null(diagnose_line(d, line));
	assert_int_equal(diagnose_count(d), 1);
	assert_string_equal(diagnose_get(d, 0)->entry->id, "D42");
	assert_null(diagnose_get(d, 1));
	diagnose_free(d);
}

static void test_ordinary_lines(void **state)
{
	static const char *const lines[] = {"", "$ make", "ok 12 tests", "docker: pulling",
		"lookup table written", "no error found", "/v2/ ready", "error: 0"};
	struct diagnose *d = diagnose_new();
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_null(diagnose_line(d, str_c(lines[i])));
	diagnose_free(d);
}

static void test_colours_progress_and_stamps(void **state)
{
	static const char *const lines[] = {
		"\033[31mERROR:\033[0m no space \033[1mleft on\033[0m device\r\n",
		"10%\r20%\rno space left on device",
		"2026-11-24T06:50:42.123456Z 00O no space left on device",
		"NO SPACE LEFT ON DEVICE",
	};
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct diagnose *d = diagnose_new();
		const struct diagnose_hit *hit = diagnose_line(d, str_c(lines[i]));
		assert_non_null(hit);
		assert_string_equal(hit->entry->id, "D67");
		diagnose_free(d);
	}
	/* '^' counts from behind the stamp. */
	struct diagnose *d = diagnose_new();
	assert_non_null(diagnose_line(d, STR("2026-11-24T06:50:42Z 01E Killed")));
	assert_null(diagnose_line(d, STR("three jobs were Killed by the user")));
	diagnose_free(d);
}

static void test_far_into_a_long_line(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	for (int i = 0; i < 20000; i++)
		buf_adds(&b, "x ");
	buf_adds(&b, "no space left on device");
	for (int i = 0; i < 20000; i++)
		buf_adds(&b, " y");
	struct diagnose *d = diagnose_new();
	const struct diagnose_hit *hit = diagnose_line(d, buf_str(&b));
	assert_non_null(hit);
	assert_true(hit->line.n <= 512);
	diagnose_free(d);
}

/* A log full of a common word costs little, and what comes behind it is still recognised. */
static void test_common_words_in_every_line(void **state)
{
	struct diagnose *d = diagnose_new();
	for (int i = 0; i < 200000; i++)
		assert_null(diagnose_line(d, STR("404 not found, access denied, lookup done, ok")));
	const struct diagnose_hit *hit = diagnose_line(d, STR("write: no space left on device"));
	assert_non_null(hit);
	assert_string_equal(hit->entry->id, "D67");
	diagnose_free(d);
}

/* ---- words and places ---- */

struct world {
	struct arena arena;
	struct source_set sources;
	struct job_def job;
	struct service service;
	struct image image;
	struct varset vars;
	struct runner_config config;
	const char *files[1];
	struct diagnose_context ctx;
};

static struct span line_span(uint32_t line)
{
	return (struct span){{1, line, 1}, {1, line, 2}};
}

/* The how-to's job: image on line 6, dind on 8, DOCKER_HOST on 11; config.toml as shown there. */
static void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	source_set_init(&w->sources, &w->arena);
	source_add(&w->sources, STR(".gitlab-ci.yml"), STR("x\n"), SPAN_NONE);
	w->image.name = (struct text){STR("docker:20.10.16"), line_span(6)};
	w->service.image.name = (struct text){STR("docker:20.10.16-dind"), line_span(8)};
	w->job.name = (struct text){STR("build-image"), line_span(4)};
	w->job.image = &w->image;
	w->job.services = &w->service;
	w->job.n_services = 1;
	varset_init(&w->vars, &w->arena);
	varset_put(&w->vars, &(struct var){.key = STR("DOCKER_TLS_CERTDIR"),
				     .value = STR_NULL,
				     .at = line_span(12),
				     .layer = VAR_YAML_JOB});
	runner_config_init(&w->config);
	w->files[0] = "config.toml";
	w->config.files = w->files;
	w->config.n_files = 1;
	w->config.at.line = 1;
	w->config.docker.at.line = 3;
	w->config.docker.privileged = (struct rc_bool){true, true, {0, 5, 1}};
	w->ctx = (struct diagnose_context){&w->job, &w->vars, &w->sources, &w->config};
}

static struct diagnose_hint explain(struct world *w, const char *line)
{
	struct diagnose_hint hint;
	struct diagnose *d = diagnose_new();
	const struct diagnose_hit *hit = diagnose_line(d, str_c(line));
	assert_non_null(hit);
	diagnose_explain(&w->arena, hit, &w->ctx, &hint);
	diagnose_free(d);
	return hint;
}

static void assert_place(
	const struct diagnose_hint *h, const char *file, unsigned line, const char *what)
{
	assert_int_equal(h->n_places, 1);
	if (!str_is(h->places[0].file, file) || h->places[0].line != line ||
		str_find(h->places[0].what, str_c(what)) == STR_NPOS)
		fail_msg(STR_FMT ":%u: " STR_FMT, STR_ARG(h->places[0].file), h->places[0].line,
			STR_ARG(h->places[0].what));
}

static const char no_daemon[] = "docker: Cannot connect to the Docker daemon at tcp://docker:2375. "
				"Is the docker daemon running?";

static void test_no_daemon_names_what_is_wrong(void **state)
{
	struct world w;
	struct text script = {STR("docker info"), line_span(14)};
	world_init(&w);
	w.job.script = (struct texts){&script, 1, true, line_span(13)};
	struct diagnose_hint h = explain(&w, no_daemon);
	assert_place(&h, ".gitlab-ci.yml", 14, "docker info");

	w.config.docker.privileged.v = false;
	h = explain(&w, no_daemon);
	assert_place(&h, "config.toml", 5, "privileged = true");
	w.config.docker.privileged = (struct rc_bool){false, false, {0, 0, 0}};
	h = explain(&w, no_daemon);
	assert_place(&h, "config.toml", 3, "add here: privileged = true");

	varset_put(&w.vars, &(struct var){.key = STR("DOCKER_TLS_CERTDIR"),
				    .value = STR("/certs"),
				    .at = line_span(12),
				    .layer = VAR_YAML_JOB});
	h = explain(&w, no_daemon);
	assert_place(&h, ".gitlab-ci.yml", 12, "DOCKER_TLS_CERTDIR: \"\"");

	w.job.n_services = 0;
	h = explain(&w, no_daemon);
	assert_place(&h, ".gitlab-ci.yml", 4, "add a service: docker:20.10.16-dind");
	arena_release(&w.arena);
}

static const char no_host[] = "Error response from daemon: Get "
			      "\"https://registry.gitlab.example.com/v2/\": dial tcp: lookup "
			      "registry.gitlab.example.com on 192.168.40.190:53: no such host";

static void test_no_host_names_extra_hosts(void **state)
{
	struct world w;
	world_init(&w);
	struct diagnose_hint h = explain(&w, no_host);
	assert_place(&h, "config.toml", 3,
		"add here: extra_hosts = [\"registry.gitlab.example.com:IP-ADDRESS\"]");
	assert_true(str_find(h.cause, STR("asks 192.168.40.190,")) != STR_NPOS);

	struct rc_text entries[] = {{STR("other:10.0.0.1"), true, {0, 8, 20}},
		{STR("registry.gitlab.example.com:10.0.0.9"), true, {0, 9, 20}}};
	w.config.docker.extra_hosts = (struct rc_list){entries, 2, true, {0, 7, 1}};
	h = explain(&w, no_host);
	assert_place(&h, "config.toml", 9, "extra_hosts");
	arena_release(&w.arena);
}

static const char no_names[] =
	"Error response from daemon: Get \"https://registry.gitlab.example.com/v2/\": x509: "
	"certificate "
	"is not valid for any names, but wanted to match registry.gitlab.example.com";

static void test_x509_names_the_service(void **state)
{
	struct world w;
	world_init(&w);
	struct diagnose_hint h = explain(&w, no_names);
	assert_place(&h, ".gitlab-ci.yml", 8,
		"command: [\"--insecure-registry\", \"registry.gitlab.example.com\"]");
	struct rc_service s = {
		.name = {STR("docker:20.10.16-dind"), true, {0, 10, 1}}, .at = {0, 9, 1}};
	w.config.docker.services = &s;
	w.config.docker.n_services = 1;
	h = explain(&w, no_names);
	assert_place(&h, "config.toml", 9, "command = [\"--insecure-registry\"");
	arena_release(&w.arena);
}

static void test_no_configuration_at_all(void **state)
{
	struct world w;
	world_init(&w);
	runner_config_init(&w.config);
	struct diagnose_hint h = explain(&w, no_host);
	assert_place(&h, "", 0, "write into .cilocal.toml");
	w.ctx = (struct diagnose_context){NULL, NULL, NULL, NULL};
	size_t n;
	const struct diagnose_entry *t = diagnose_table(&n);
	for (size_t i = 0; i < n; i++) {
		CLEANUP(buf_release) struct buf out = BUF_INIT;
		struct diagnose_hit hit = {.entry = &t[i], .line = str_c(t[i].sample)};
		diagnose_explain(&w.arena, &hit, &w.ctx, &h);
		diagnose_write(&out, &h, 80);
		/* A placeholder that is not filled would show its bar. */
		assert_true(str_chr(h.cause, '|') == STR_NPOS);
		assert_true(str_starts(buf_str(&out), STR("hint: ")));
	}
	arena_release(&w.arena);
}

static void test_words(void **state)
{
	struct world w;
	world_init(&w);
	struct diagnose_hint h = explain(&w, "bash: line 153: go: command not found");
	assert_true(str_starts(h.cause, STR("'go' is not there: not in the job's image")));
	h = explain(&w, "bash: line 3: ./build.sh: Permission denied");
	assert_true(str_starts(h.cause, STR("'./build.sh' can't be executed")));
	h = explain(&w, "Get \"https://10.0.0.5:5000/v2/\": http: server gave HTTP response to "
			"HTTPS client");
	assert_true(str_starts(h.cause, STR("10.0.0.5:5000 speaks plain HTTP")));
	static const char *const nobody[] = {"wget: bad address 'db:8080'",
		"Caused by: java.net.UnknownHostException: db",
		"php_network_getaddresses: getaddrinfo for db failed: Name or service not known",
		("redis.exceptions.ConnectionError: Error -2 connecting to db:6379. Name or "
		 "service "
		 "not known.")};
	for (size_t i = 0; i < ARRAY_SIZE(nobody); i++) {
		h = explain(&w, nobody[i]);
		assert_true(str_starts(h.cause, STR("no service answers to the name 'db'")));
	}
	arena_release(&w.arena);
}

/* Of several commands with the word, the one that ran last is meant; the runner's verdict adds
 * nothing. */
static void test_commands(void **state)
{
	struct world w;
	struct text lines[] = {{STR("docker login a"), line_span(14)},
		{STR("docker login b"), line_span(15)}, {STR("make all\nmake test"), line_span(16)},
		{STR("echo docker login"), line_span(18)}};
	struct diagnose_hint h;
	world_init(&w);
	w.job.script = (struct texts){lines, 4, true, line_span(13)};
	struct diagnose *d = diagnose_new();
	/* What a command says may come before its name. */
	const struct diagnose_hit *early = diagnose_line(d, STR("no basic auth credentials"));
	assert_null(diagnose_line(d, STR("\033[32;1m$ docker login a\033[0;m")));
	const struct diagnose_hit *refused =
		diagnose_line(d, STR("unauthorized: authentication required"));
	assert_null(
		diagnose_line(d, STR("\033[32;1m$ docker login b # connection refused\033[0;m")));
	assert_null(diagnose_line(d, STR("\033[32;1m$ docker login b\033[0;m")));
	diagnose_explain(&w.arena, refused, &w.ctx, &h);
	assert_place(&h, ".gitlab-ci.yml", 15, "the login that was refused");
	/* Without the word the last one is still the place, but for what came before all of them.
	 */
	assert_null(diagnose_line(
		d, STR("\033[32;1m$ make all # collapsed multi-line command\033[0;m")));
	const struct diagnose_hit *tty = diagnose_line(d, STR("the input device is not a TTY"));
	diagnose_explain(&w.arena, tty, &w.ctx, &h);
	assert_place(&h, ".gitlab-ci.yml", 16, "without");
	diagnose_explain(&w.arena, early, &w.ctx, &h);
	assert_int_equal(h.n_places, 0);
	assert_null(diagnose_line(d, STR("section_end:1:step_script\r\033[0Ksection_start:1:after_"
					 "script\r\033[0K\033[36;1mRunning after_script\033[0;m")));
	assert_null(diagnose_line(d, STR("\033[32;1m$ echo docker login\033[0;m")));
	assert_null(diagnose_line(d, STR("section_end:1:after_script\r\033[0K")));
	diagnose_explain(&w.arena, tty, &w.ctx, &h);
	assert_place(&h, ".gitlab-ci.yml", 16, "without");
	assert_null(diagnose_line(d, STR("ERROR: Job failed: exit code 127")));
	diagnose_free(d);
	d = diagnose_new();
	assert_non_null(diagnose_line(d, STR("ERROR: Job failed: exit code 127")));
	diagnose_free(d);
	arena_release(&w.arena);
}

/* ---- which hits say why the job failed ---- */

static void feed(struct diagnose *d, const char *const *lines)
{
	for (; *lines; lines++)
		diagnose_line(d, str_c(*lines));
}

/* The ids of what is chosen, "D12 D67 | D24": reasons, then remarks. */
static const char *chosen(const char *const *lines, const struct job_def *job, bool *earlier)
{
	static char text[256];
	struct diagnose_choice c;
	struct diagnose *d = diagnose_new();
	size_t n = 0;
	feed(d, lines);
	diagnose_choose(d, job, &c);
	text[0] = '\0';
	for (size_t i = 0; i < c.n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s%s", n ? " " : "",
			i == c.n_reasons ? "| " : "", c.hits[i]->entry->id);
	if (earlier)
		*earlier = c.earlier;
	diagnose_free(d);
	return text;
}

#define NAMED(command) "\033[32;1m$ " command "\033[0;m"
#define AFTER_SCRIPT                                                                      \
	"section_end:1:step_script\r\033[0Ksection_start:1:after_script\r\033[0KRunning " \
	"after_script"

static void test_what_passed_is_no_reason(void **state)
{
	bool earlier;
	static const char *const passed[] = {NAMED("docker rm -f web"),
		"Error: No such container: web", NAMED("make"), "main.c:3: expected ;",
		"ERROR: Job failed: exit code 2", NULL};
	assert_string_equal(chosen(passed, NULL, NULL), "");
	/* The same words again are the last command's. */
	static const char *const again[] = {NAMED("docker rm -f web"),
		"Error: No such container: web", "ok", "ok", NAMED("docker exec db true"),
		"Error: No such container: db", NULL};
	assert_string_equal(chosen(again, NULL, NULL), "D61");
	/* Where the last command says nothing, it is about an earlier one. */
	static const char *const status[] = {NAMED("make || status=1"), "no space left on device",
		"done", "done", NAMED("exit $status"), "section_end:1:step_script\r\033[0K",
		"ERROR: Job failed: exit code 1", NULL};
	assert_string_equal(chosen(status, NULL, &earlier), "D67");
	assert_true(earlier);
	/* Its words may come before its name. */
	static const char *const late[] = {NAMED("cd src"), "bash: line 9: make: command not found",
		NAMED("make all"), "ERROR: Job failed: exit code 127", NULL};
	assert_string_equal(chosen(late, NULL, &earlier), "D86");
	assert_false(earlier);
	/* A block is one command. Other programs' lines that look so are none. */
	static const char *const yarn[] = {NAMED("yarn build"), "$ webpack",
		"sh: webpack: not found", "$ other", "error Command failed", NULL};
	assert_string_equal(chosen(yarn, NULL, NULL), "D86");
}

static void test_outside_of_the_script(void **state)
{
	static const char *const after[] = {NAMED("make"), "expected ;", AFTER_SCRIPT,
		NAMED("docker rm web"), "Error: No such container: web",
		"section_end:1:after_script\r\033[0K",
		"WARNING: after_script failed, but job will continue unaffected", NULL};
	assert_string_equal(chosen(after, NULL, NULL), "| D92");
	/* A service's log is before the script, or beside it. */
	static const char *const service[] = {"mount: permission denied (are you root?)",
		NAMED("docker info"), "[service:redis-redis] no space left on device",
		NAMED("docker build ."), "Cannot connect to the Docker daemon at tcp://docker:2375",
		NULL};
	assert_string_equal(chosen(service, NULL, NULL), "D18 D67 D01");
	/* A pull that the next policy made good. */
	/* A service that was late, and what has to do with it. */
	static const char *const slow[] = {"*** WARNING: Service x probably didn't start properly.",
		NAMED("make"), "bash: make: command not found", NULL};
	assert_string_equal(chosen(slow, NULL, NULL), "D86");
	static const char *const late[] = {"*** WARNING: Service x probably didn't start properly.",
		NAMED("wget http://x/"), "connection refused", NULL};
	assert_string_equal(chosen(late, NULL, NULL), "D84 | D24");
	static const char *const login[] = {
		"WARNING: Failed to resolve credentials from $DOCKER_AUTH_CONFIG: no JSON",
		NAMED("make"), "connection refused", NULL};
	assert_string_equal(chosen(login, NULL, NULL), "D84");
	static const char *const refused[] = {
		"WARNING: Failed to resolve credentials from $DOCKER_AUTH_CONFIG: no JSON",
		"ERROR: Job failed: unauthorized: authentication required", NULL};
	assert_string_equal(chosen(refused, NULL, NULL), "D31 | D124");
	static const char *const pull[] = {"WARNING: Failed to pull image with policy \"always\": "
					   "toomanyrequests",
		NAMED("make"), "expected ;", NULL};
	assert_string_equal(chosen(pull, NULL, NULL), "");
}

static void test_set_plus_e_and_consequences(void **state)
{
	struct world w;
	bool earlier;
	struct text script = {STR("set +e"), line_span(14)};
	static const char *const lines[] = {NAMED("set +e"), NAMED("./x"),
		"bash: line 3: ./x: Permission denied", "ok", "ok", "ok", NAMED("echo done"),
		"done", NAMED("exit 3"), NULL};
	world_init(&w);
	w.job.script = (struct texts){&script, 1, true, line_span(13)};
	assert_string_equal(chosen(lines, &w.job, &earlier), "D85");
	assert_false(earlier);
	arena_release(&w.arena);
	/* One hint for one cause. */
	static const char *const dind[] = {"mount: permission denied (are you root?)",
		"failed to start daemon: Error initializing network controller", NULL};
	assert_string_equal(chosen(dind, NULL, NULL), "D18");
	static const char *const build[] = {NAMED("docker build ."), "/bin/sh: foo: not found",
		"The command '/bin/sh -c foo' returned a non-zero code: 127", NULL};
	assert_string_equal(chosen(build, NULL, NULL), "D121");
}

/* Lines of programs that have nothing to do with the entries whose words they hold. */
static void test_other_programs_words(void **state)
{
	static const char *const lines[] = {"a.kt:3:5: error: unresolved reference: foo",
		"E   ValueError: Invalid format specifier",
		"INFO: FATAL: invalid argument is tested", "Error: bad object in JSON",
		"npm error 401 Unauthorized - GET https://npm.example.com",
		"GET /x: 404: not found", "413 lines, 2 too large", "unknown flag: --secret"};
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct diagnose *d = diagnose_new();
		const struct diagnose_hit *hit = diagnose_line(d, str_c(lines[i]));
		if (hit)
			fail_msg("%s takes: %s", hit->entry->id, lines[i]);
		diagnose_free(d);
	}
}

static void test_written_form(void **state)
{
	struct world w;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	world_init(&w);
	struct diagnose_hint h = explain(&w, no_names);
	diagnose_write(&out, &h, 60);
	struct str_split it = str_split(buf_str(&out), '\n');
	struct str line;
	unsigned n = 0;
	while (str_split_next(&it, &line) && line.n) {
		if (!str_starts(line, STR("  at: ")))
			assert_true(line.n <= 60 || str_chr(str_trim(line), ' ') == STR_NPOS);
		n++;
	}
	assert_true(n > 4);
	assert_true(
		str_find(buf_str(&out), STR("\n  at: .gitlab-ci.yml:8: command: [")) != STR_NPOS);
	arena_release(&w.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples_hit_their_entry),
		cmocka_unit_test(test_ids_and_names_are_unique),
		cmocka_unit_test(test_once_a_job),
		cmocka_unit_test(test_ordinary_lines),
		cmocka_unit_test(test_colours_progress_and_stamps),
		cmocka_unit_test(test_far_into_a_long_line),
		cmocka_unit_test(test_common_words_in_every_line),
		cmocka_unit_test(test_no_daemon_names_what_is_wrong),
		cmocka_unit_test(test_no_host_names_extra_hosts),
		cmocka_unit_test(test_x509_names_the_service),
		cmocka_unit_test(test_no_configuration_at_all),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_what_passed_is_no_reason),
		cmocka_unit_test(test_outside_of_the_script),
		cmocka_unit_test(test_set_plus_e_and_consequences),
		cmocka_unit_test(test_other_programs_words),
		cmocka_unit_test(test_written_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
