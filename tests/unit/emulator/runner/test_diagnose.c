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
	assert_true(n >= 98);
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
		struct diagnose_hit hit = {&t[i], str_c(t[i].sample), NULL};
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
	assert_null(diagnose_line(d, STR("$ docker login b # connection refused")));
	assert_null(diagnose_line(d, STR("$ docker login b")));
	diagnose_explain(&w.arena, refused, &w.ctx, &h);
	assert_place(&h, ".gitlab-ci.yml", 15, "the login that was refused");
	/* Without the word the last one is still the place, but for what came before all of them.
	 */
	assert_null(diagnose_line(d, STR("$ make all # collapsed multi-line command")));
	const struct diagnose_hit *tty = diagnose_line(d, STR("the input device is not a TTY"));
	diagnose_explain(&w.arena, tty, &w.ctx, &h);
	assert_place(&h, ".gitlab-ci.yml", 16, "without");
	diagnose_explain(&w.arena, early, &w.ctx, &h);
	assert_int_equal(h.n_places, 0);
	assert_null(diagnose_line(d, STR("Running after_script")));
	assert_null(diagnose_line(d, STR("$ echo docker login")));
	diagnose_explain(&w.arena, tty, &w.ctx, &h);
	assert_place(&h, ".gitlab-ci.yml", 16, "without");
	assert_null(diagnose_line(d, STR("ERROR: Job failed: exit code 127")));
	diagnose_free(d);
	d = diagnose_new();
	assert_non_null(diagnose_line(d, STR("ERROR: Job failed: exit code 127")));
	diagnose_free(d);
	arena_release(&w.arena);
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
		cmocka_unit_test(test_written_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
