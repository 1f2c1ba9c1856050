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
	const char *hosts, *daemon; /* the files /etc/hosts and /opt/daemon.json; NULL: missing */
};

static bool read_file(void *arg, struct arena *a, struct str path, struct str *out)
{
	const struct world *w = arg;
	const char *text = str_is(path, "/etc/hosts")         ? w->hosts
			   : str_is(path, "/opt/daemon.json") ? w->daemon
							      : NULL;
	if (text)
		*out = arena_str(a, str_c(text));
	return text != NULL;
}

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
	const struct dind_files files = {read_file, w};
	/* Twice, as for two jobs that have it from one place. */
	for (int i = 0; i < 2; i++)
		dind_lint(&w->arena, &w->job, &w->vars, &w->config, &files, &w->diags);
	const struct diag *d = w->diags.first;
	if (!words && d)
		fail_msg("unexpected: " STR_FMT, STR_ARG(d->text));
	if (words) {
		assert_non_null(d);
		assert_null(d->next);
		assert_null(d->notes->next);
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

static void test_a_volume_with_a_slash_at_its_end(void **state)
{
	static const char *const targets[] = {"/certs/client/", "/certs/", "/certs/clients"};
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		struct rc_text certs = {str_c(targets[i]), true, {0, 1, 1}};
		struct world w;
		begin(&w, "docker:dind");
		set(&w, "DOCKER_HOST", "tcp://docker:2376", 11);
		w.config.docker.volumes = (struct rc_list){&certs, 1, true, {0, 1, 1}};
		expect(&w, 8, i == 2 ? "no volume /certs/client" : NULL);
	}
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

/* A name that nobody has. */
static void test_name_of_no_service(void **state)
{
	static const struct {
		const char *service, *alias, *host, *words;
	} cases[] = {{"docker:20-dind", "engine", "tcp://engin:2375", "DOCKER_HOST names 'engin'"},
		{"docker:20-dind", "engine", "tcp://engine:2375", NULL},
		{"docker:20-dind", "", "tcp://docker:2375", NULL},
		{"docker:20-dind", "", "tcp://build.example.com:2375", NULL},
		{"docker:20-dind", "", "tcp://10.0.0.1:2375", NULL},
		{"docker:20-dind", "", "tcp://localhost:2375", NULL},
		{"redis:7", "", "tcp://docker:2375", "DOCKER_HOST names 'docker'"},
		{"redis:7", "docker", "tcp://docker:2375", NULL},
		{"redis:7", "", "tcp://buildhost:2375", NULL}};
	struct text line = {STR("docker build ."), line_span(14)};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world w;
		begin(&w, cases[i].service);
		w.service.alias.s = str_c(cases[i].alias);
		w.job.script = (struct texts){&line, 1, true, line_span(13)};
		set(&w, "DOCKER_HOST", cases[i].host, 11);
		set(&w, "DOCKER_TLS_CERTDIR", "", 12);
		expect(&w, cases[i].words ? 11 : 0, cases[i].words);
	}
	/* Other names that a configuration brings in. */
	struct world w;
	struct rc_text host = {STR("engin:10.0.0.1"), true, {0, 3, 1}};
	begin(&w, "docker:20-dind");
	set(&w, "DOCKER_HOST", "tcp://engin:2375", 11);
	set(&w, "DOCKER_TLS_CERTDIR", "", 12);
	w.config.docker.extra_hosts = (struct rc_list){&host, 1, true, {0, 3, 1}};
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
	w.daemon = "{\"insecure-registries\": [\"a.b\"], \"mtu\": 1360}";
	expect(&w, 9, "is an option of the service and in the mounted /opt/daemon.json too");

	/* Another directive, or a file that is not there. */
	struct text mirror = {STR("--registry-mirror=http://m"), line_span(9)};
	for (int i = 0; i < 3; i++) {
		begin(&w, "docker:dind");
		set(&w, "DOCKER_TLS_CERTDIR", "", 12);
		w.service.command = (struct texts){&mirror, 1, true, line_span(9)};
		w.config.docker.volumes = (struct rc_list){&file, 1, true, {0, 1, 1}};
		w.daemon = i == 0   ? "{\"insecure-registries\": [\"a.b\"]}"
			   : i == 1 ? "{\"registry-mirrors\": [\"http://o\"]}"
				    : NULL;
		expect(&w, 9, i == 1 ? "'--registry-mirror=http://m' is an option" : NULL);
	}
	begin(&w, "docker:dind");
	set(&w, "DOCKER_TLS_CERTDIR", "", 12);
	w.config.docker.volumes = (struct rc_list){&file, 1, true, {0, 1, 1}};
	w.daemon = "{\"hosts\": [\"tcp://0.0.0.0:2375\"]}";
	expect(&w, 8, "has \"hosts\"");
}

/* The service gets what is public, and the runner's environment. */
static void test_what_the_service_sees(void **state)
{
	struct world w;
	begin(&w, "docker:dind");
	set(&w, "DOCKER_HOST", "tcp://docker:2375", 11);
	varset_put(&w.vars,
		&(struct var){
			.key = STR("DOCKER_TLS_CERTDIR"), .layer = VAR_PROJECT, .internal = true});
	expect(&w, 11, "it does not get DOCKER_TLS_CERTDIR");

	struct rc_text line = {STR("DOCKER_TLS_CERTDIR="), true, {0, 1, 1}};
	begin(&w, "docker:dind");
	set(&w, "DOCKER_HOST", "tcp://docker:2375", 11);
	w.config.environment = (struct rc_list){&line, 1, true, {0, 1, 1}};
	expect(&w, 0, NULL);

	struct rc_text certs = {STR("/tls/client"), true, {0, 1, 1}};
	for (int i = 0; i < 2; i++) {
		begin(&w, "docker:dind");
		set(&w, "DOCKER_TLS_CERTDIR", i ? "/certs" : "/tls", 12);
		w.config.docker.volumes = (struct rc_list){&certs, 1, true, {0, 1, 1}};
		expect(&w, 8, i ? "no volume /certs/client" : NULL);
	}
}

static void test_privileges_and_socket(void **state)
{
	struct rc_text socket = {STR("/run/docker.sock:/var/run/docker.sock"), true, {0, 1, 1}};
	struct world w;
	begin(&w, "docker:dind");
	set(&w, "DOCKER_TLS_CERTDIR", "", 12);
	w.config.docker.at.line = 2;
	w.config.docker.privileged.v = true;
	expect(&w, 0, NULL);
	begin(&w, "docker:dind");
	set(&w, "DOCKER_TLS_CERTDIR", "", 12);
	w.config.docker.at.line = 2;
	expect(&w, 8, "needs a privileged container");
	begin(&w, "docker:dind");
	set(&w, "DOCKER_TLS_CERTDIR", "", 12);
	w.config.docker.volumes = (struct rc_list){&socket, 1, true, {0, 1, 1}};
	expect(&w, 8, "at /var/run/docker.sock is in the place");
}

static void test_names_of_the_certificate(void **state)
{
	struct rc_text certs = {STR("/certs/client"), true, {0, 1, 1}};
	for (int i = 0; i < 2; i++) {
		struct world w;
		begin(&w, "docker:dind");
		w.service.alias.s = STR("engine");
		w.config.docker.volumes = (struct rc_list){&certs, 1, true, {0, 1, 1}};
		set(&w, "DOCKER_HOST", "tcp://engine:2376", 11);
		if (i)
			set(&w, "DOCKER_TLS_SAN", "DNS:engine", 12);
		expect(&w, 11, i ? NULL : "not for 'engine'");
	}
	/* The runner's service has it in its own environment. */
	struct rc_text san = {STR("DOCKER_TLS_SAN=DNS:engine"), true, {0, 5, 1}};
	struct rc_service service = {.name = {STR("docker:dind"), true, {0, 4, 1}},
		.alias = {STR("engine"), true, {0, 4, 1}},
		.at = {0, 4, 1}};
	for (int i = 0; i < 2; i++) {
		struct world w;
		begin(&w, "docker:dind");
		w.job.n_services = 0;
		service.environment = (struct rc_list){&san, (size_t)i, true, {0, 5, 1}};
		w.config.docker.services = &service;
		w.config.docker.n_services = 1;
		w.config.docker.volumes = (struct rc_list){&certs, 1, true, {0, 1, 1}};
		set(&w, "DOCKER_HOST", "tcp://engine:2376", 11);
		expect(&w, 11, i ? NULL : "not for 'engine'");
	}
	struct world w;
	begin(&w, "docker:dind");
	set(&w, "DOCKER_HOST", "tcp://docker:2375", 11);
	set(&w, "DOCKER_TLS_CERTDIR", "", 12);
	set(&w, "DOCKER_TLS_VERIFY", "1", 13);
	expect(&w, 13, "DOCKER_TLS_VERIFY makes the client speak TLS");
}

/* A daemon that the runner gives to every job concerns those that use one. */
static void test_service_of_the_runner(void **state)
{
	struct rc_text words[] = {{STR("dockerd"), true, {0, 5, 1}}};
	struct rc_service service = {.name = {STR("docker:dind"), true, {0, 4, 1}},
		.command = {words, 1, true, {0, 5, 1}},
		.at = {0, 4, 1}};
	static const char *const files[] = {"c.toml"};
	for (int i = 0; i < 2; i++) {
		struct text line = {i ? STR("docker info") : STR("make"), line_span(6)};
		struct world w;
		begin(&w, "docker:dind");
		w.job.n_services = 0;
		w.job.script = (struct texts){&line, 1, true, line_span(6)};
		set(&w, "DOCKER_TLS_CERTDIR", "", 12);
		w.config.files = (const char **)files;
		w.config.n_files = 1;
		w.config.docker.services = &service;
		w.config.docker.n_services = 1;
		expect(&w, 4, i ? "begins with dockerd" : NULL);
	}
	struct world w;
	begin(&w, "docker:dind");
	w.job.n_services = 0;
	w.config.files = (const char **)files;
	w.config.n_files = 1;
	w.config.docker.services = &service;
	w.config.docker.n_services = 1;
	service.command.n = 0;
	set(&w, "DOCKER_HOST", "tcp://docker:2375", 11);
	expect(&w, 11, "the Docker-in-Docker service (c.toml:4) runs with TLS");
}

static void test_logins(void **state)
{
	static const struct {
		const char *line;
		bool told;
	} lines[] = {
		{"docker login -u u -p $PASSWORD registry.example.com", true},
		{"make && docker login --password=x", true},
		{"/usr/bin/podman login --password x -u y", true},
		{"echo $P | docker login -u u --password-stdin r", false},
		{"docker run -p 80:80 x", false},
		{"mysql login -p", false},
	};
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct text line = {str_c(lines[i].line), line_span(6)};
		struct world w;
		begin(&w, "postgres:16");
		w.job.script = (struct texts){&line, 1, true, line_span(6)};
		expect(&w, 6, lines[i].told ? "a password on a command line" : NULL);
	}
}

static void test_hosts_of_this_machine(void **state)
{
	static const char hosts[] = "127.0.0.1 localhost local.example.com\n"
				    "10.1.2.3\tregistry other.example.com # a note\n"
				    "# 10.9.9.9 commented.example.com\n"
				    "10.1.2.4 registry.example.com\n";
	static const struct {
		const char *line;
		bool told;
	} lines[] = {
		{"docker login -u u --password-stdin registry.example.com", true},
		{"docker push registry.example.com:5000/a/b:1 && docker pull "
		 "registry.example.com/c",
			true},
		{"docker push $R/b", true},
		{"docker push local.example.com/b", false},
		{"docker push commented.example.com/b", false},
		{"docker push unknown.example.com/b", false},
		{"curl registry.example.com", false},
	};
	for (size_t i = 0; i < 2 * ARRAY_SIZE(lines); i++) {
		struct rc_text extra = {STR("registry.example.com:10.1.2.4"), true, {0, 1, 1}};
		struct text line = {str_c(lines[i / 2].line), line_span(6)};
		struct world w;
		begin(&w, "docker:dind");
		set(&w, "DOCKER_TLS_CERTDIR", "", 12);
		set(&w, "R", "registry.example.com", 13);
		w.hosts = hosts;
		w.job.script = (struct texts){&line, 1, true, line_span(6)};
		if (i % 2)
			w.config.docker.extra_hosts = (struct rc_list){&extra, 1, true, {0, 1, 1}};
		expect(&w, 6,
			lines[i / 2].told && i % 2 == 0
				? "'registry.example.com' stands in this machine's /etc/hosts"
				: NULL);
	}
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
		cmocka_unit_test(test_a_volume_with_a_slash_at_its_end),
		cmocka_unit_test(test_port_and_certificates_disagree),
		cmocka_unit_test(test_certificates_do_not_travel),
		cmocka_unit_test(test_alias),
		cmocka_unit_test(test_name_of_no_service),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_other_services),
		cmocka_unit_test(test_what_the_service_sees),
		cmocka_unit_test(test_privileges_and_socket),
		cmocka_unit_test(test_names_of_the_certificate),
		cmocka_unit_test(test_service_of_the_runner),
		cmocka_unit_test(test_logins),
		cmocka_unit_test(test_hosts_of_this_machine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
