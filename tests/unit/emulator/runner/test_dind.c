#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "base/diag.h"
#include "config/job_def.h"
#include "vars/varset.h"
#include "emulator/runner/dind.h"
#include "emulator/runner/runner_config.h"

struct world {
	struct arena arena;
	struct service service;
	struct job_def job;
	struct varset vars;
	struct runner_config config;
	struct diags diags;
};

static struct span line_span(uint32_t line)
{
	return (struct span){{1, line, 1}, {1, line, 2}};
}

static void set(struct world *w, const char *key, const char *value, uint32_t line)
{
	varset_put(&w->vars, &(struct var){.key = str_c(key),
				     .value = str_c(value),
				     .at = line_span(line),
				     .layer = VAR_YAML_JOB});
}

static void begin(struct world *w, const char *service)
{
	memset(w, 0, sizeof(*w));
	varset_init(&w->vars, &w->arena);
	diags_init(&w->diags, &w->arena);
	runner_config_init(&w->config);
	w->service.image.name = (struct text){str_c(service), line_span(8)};
	w->job.name = (struct text){STR("build"), line_span(4)};
	w->job.services = &w->service;
	w->job.n_services = 1;
}

/* words NULL: no warning. Releases the world. */
static void expect(struct world *w, unsigned line, const char *words)
{
	dind_lint(&w->arena, &w->job, &w->vars, &w->config, &w->diags);
	const struct diag *d = w->diags.first;
	if (!words && d)
		fail_msg("unexpected: " STR_FMT, STR_ARG(d->text));
	if (words) {
		assert_int_equal(w->diags.warnings, 1);
		assert_int_equal(d->at.begin.line, line);
		assert_non_null(d->notes);
		assert_true(str_is(d->job, "build"));
		if (str_find(d->text, str_c(words)) == STR_NPOS)
			fail_msg("'" STR_FMT "' lacks '%s'", STR_ARG(d->text), words);
	}
	arena_release(&w->arena);
}

static void test_the_two_ways_that_work(void **state)
{
	struct world w;
	begin(&w, "docker:20.10.16-dind");
	set(&w, "DOCKER_HOST", "tcp://docker:2375", 11);
	set(&w, "DOCKER_TLS_CERTDIR", "", 12);
	expect(&w, 0, NULL);

	struct rc_text certs = {STR("/certs/client"), true, {0, 1, 1}};
	begin(&w, "docker:dind");
	set(&w, "DOCKER_HOST", "tcp://docker:2376", 11);
	set(&w, "DOCKER_TLS_CERTDIR", "/certs", 12);
	w.config.docker.volumes = (struct rc_list){&certs, 1, true, {0, 1, 1}};
	expect(&w, 0, NULL);
}

static void test_port_and_certificates_disagree(void **state)
{
	struct world w;
	begin(&w, "docker:dind");
	set(&w, "DOCKER_HOST", "tcp://docker:2375", 11);
	expect(&w, 11, "port 2375");
	begin(&w, "docker:dind");
	set(&w, "PORT", "2376", 10);
	set(&w, "DOCKER_HOST", "tcp://docker:$PORT", 11);
	set(&w, "DOCKER_TLS_CERTDIR", "", 12);
	expect(&w, 11, "port 2376");
	/* The service's own variables count for the service. */
	struct varset own;
	begin(&w, "docker:dind");
	varset_init(&own, &w.arena);
	varset_set(&own, VAR_YAML_JOB, STR("DOCKER_TLS_CERTDIR"), STR(""));
	w.service.vars = &own;
	set(&w, "DOCKER_HOST", "tcp://docker:2375", 11);
	expect(&w, 0, NULL);
}

static void test_certificates_do_not_travel(void **state)
{
	struct world w;
	begin(&w, "docker:dind");
	expect(&w, 8, "/certs/client");
}

static void test_alias(void **state)
{
	struct world w;
	begin(&w, "registry.example.com/group/docker:20-dind");
	set(&w, "DOCKER_TLS_CERTDIR", "", 12);
	expect(&w, 8, "under the name docker");
	begin(&w, "registry.example.com/group/docker:20-dind");
	w.service.alias.s = STR("engine, docker");
	set(&w, "DOCKER_TLS_CERTDIR", "", 12);
	expect(&w, 0, NULL);
	begin(&w, "registry.example.com/group/docker:20-dind");
	set(&w, "DOCKER_HOST", "tcp://registry.example.com-group-docker:2375", 11);
	set(&w, "DOCKER_TLS_CERTDIR", "", 12);
	expect(&w, 0, NULL);
}

static void test_command(void **state)
{
	struct world w;
	struct text words[] = {{STR("dockerd"), line_span(9)},
		{STR("--insecure-registry=registry.example.com"), line_span(9)}};
	begin(&w, "docker:dind");
	set(&w, "DOCKER_TLS_CERTDIR", "", 12);
	w.service.command = (struct texts){words, 2, true, line_span(9)};
	expect(&w, 9, "begins with dockerd");

	struct rc_text file = {STR("/opt/daemon.json:/etc/docker/daemon.json:ro"), true, {0, 1, 1}};
	begin(&w, "docker:dind");
	set(&w, "DOCKER_TLS_CERTDIR", "", 12);
	w.service.command = (struct texts){words + 1, 1, true, line_span(9)};
	w.config.docker.volumes = (struct rc_list){&file, 1, true, {0, 1, 1}};
	expect(&w, 9, "daemon.json");
}

static void test_other_services(void **state)
{
	static const char *const names[] = {
		"postgres:16", "docker:20.10", "mydocker:dind", "", "$UNSET"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct world w;
		begin(&w, names[i]);
		expect(&w, 0, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_two_ways_that_work),
		cmocka_unit_test(test_port_and_certificates_disagree),
		cmocka_unit_test(test_certificates_do_not_travel),
		cmocka_unit_test(test_alias),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_other_services),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
