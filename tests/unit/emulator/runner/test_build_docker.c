#include "base/base.h"
#include "emulator/core/http.h"
#include "emulator/docker/container.h"
#include "emulator/docker/engine.h"
#include "emulator/docker/network.h"
#include "emulator/docker/volume.h"
#include "emulator/runner/janitor.h"

#include "build_fixture.h"

#include <fcntl.h>
#include <sys/file.h>

/* Jobs on the engine at CILOCAL_TEST_DOCKER_HOST, with the images that the test command makes. */

static const char *docker_host;
static char *lock_path; /* held: the janitors of other runs must see that this one lives */
static int lock_fd;
static char run_id[32]; /* several of these tests may share an engine */

struct world {
	struct http *http;
	struct engine *engine;
	size_t left; /* containers, networks, volumes of cilocal that are there after the job */
	char names[1024];
};

static void connect_engine(struct job *j)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct endpoint at;
	struct error err = ERROR_INIT;

	if (endpoint_parse(docker_host, &at, &err))
		fail_msg("%s", err.text);
	w->http = http_new(j->host.loop);
	w->engine = engine_new(j->host.loop, w->http, &at);
	endpoint_release(&at);
	j->extra = w;
	j->host.docker = w->engine;
}

static void count(struct world *w, const char *kind, struct str name, struct docker_kvs labels)
{
	size_t n = strlen(w->names);

	if (!str_is(docker_kv_get(labels, "cilocal.run"), run_id))
		return;
	w->left++;
	snprintf(w->names + n, sizeof(w->names) - n, " %s " STR_FMT, kind, STR_ARG(name));
}

static void on_containers(void *arg, struct error *err, const struct container_row *r, size_t n)
{
	size_t i;

	assert_null(err);
	for (i = 0; i < n; i++)
		count(arg, "container", r[i].name, r[i].labels);
}

static void on_networks(void *arg, struct error *err, const struct network_row *r, size_t n)
{
	size_t i;

	assert_null(err);
	for (i = 0; i < n; i++)
		count(arg, "network", r[i].name, r[i].labels);
}

static void on_volumes(void *arg, struct error *err, const struct volume_row *r, size_t n)
{
	size_t i;

	assert_null(err);
	for (i = 0; i < n; i++)
		count(arg, "volume", r[i].name, r[i].labels);
}

static void drop_engine(struct job *j);

/* Nothing of the job may be left, however it ended. */
static void disconnect(struct job *j)
{
	static const struct str label = STR_INIT("cilocal.managed=true");
	struct docker_strs labels = {&label, 1};
	struct world *w = j->extra;

	docker_container_list(w->engine, labels, on_containers, w);
	docker_network_list(w->engine, labels, on_networks, w);
	docker_volume_list(w->engine, labels, on_volumes, w);
	loop_run(j->host.loop);
	if (w->left)
		fail_msg("left behind:%s\n%s", w->names, j->log.p);
	drop_engine(j);
}

static void drop_engine(struct job *j)
{
	struct world *w = j->extra;

	engine_free(w->engine);
	http_free(w->http);
	free(w);
}

static struct image image;

static void docker_job(struct job *j, const char *name, const char *const *script)
{
	job_init(j, script, NULL);
	image = (struct image){.name.s = str_c(name)};
	j->spec.executor = EXECUTOR_DOCKER;
	j->spec.image = &image;
	j->host.run_id = run_id;
	j->host.lock_path = lock_path;
	j->host.project_root = dir;
	j->prepare = connect_engine;
	j->done = disconnect;
}

static void run_ok(struct job *j)
{
	job_run(j, NULL);
	if (j->result.status == BUILD_SUCCESS)
		return;
	fputs(j->log.p, stdout); /* cmocka cuts messages at a kilobyte */
	fail_msg("%s", j->result.text);
}

static void test_success(void **state)
{
	const char *script[] = {
		"pwd", "echo out; echo err >&2", "echo \"[$EMPTY]$DIR\" > file", NULL};
	const char *after[] = {"cat file; echo $CI_JOB_STATUS", "env | grep ^DIR", NULL};
	struct job j;

	UNUSED(state);
	docker_job(&j, "busybox", script);
	put(&j.after, j.lines[2], after);
	set(&j, "EMPTY", "", false);
	set(&j, "DIR", "$CI_PROJECT_DIR/x", false);
	run_ok(&j);
	shows(&j, "Using Docker executor with image busybox ...");
	shows(&j, "Using effective pull policy of [if-not-present] for container busybox");
	shows(&j, "\n/builds/group/project\n");
	shows(&j, "\nout\n");
	shows(&j, "err\n");
	shows(&j, "\n[]/builds/group/project/x\nsuccess\n");
	shows(&j, "\033[32;1mJob succeeded\033[0;m\n");
	job_release(&j);
}

static void test_exit_codes(void **state)
{
	static const struct {
		const char *command;
		int code;
	} rows[] = {{"exit 3", 3}, {"sh -c 'kill -9 $$'", 137}, {"sh -c 'kill -15 $$'", 143},
		{"nosuchthing", 127}, {"false | true", 1}};
	size_t i;

	UNUSED(state);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *script[] = {rows[i].command, "echo never", NULL};
		CLEANUP(free) char *text = xasprintf("exit code %d", rows[i].code);
		struct job j;

		docker_job(&j, "busybox", script);
		job_run(&j, NULL);
		assert_int_equal(j.result.status, BUILD_FAILED);
		assert_int_equal(j.result.reason, FAIL_SCRIPT);
		if (j.result.exit_code != rows[i].code)
			fail_msg("%s: %d\n%s", rows[i].command, j.result.exit_code, j.log.p);
		assert_string_equal(j.result.text, text);
		hides(&j, "\nnever");
		job_release(&j);
	}
}

static void fails(const char *name, enum failure_reason reason, const char *words, const char *pull)
{
	const char *script[] = {"echo ran", NULL};
	struct job j;

	docker_job(&j, name, script);
	j.host.pull_override = str_c(pull);
	job_run(&j, NULL);
	if (j.result.status != BUILD_FAILED || j.result.reason != reason ||
		!strstr(j.result.text, words))
		fail_msg("%s: %s: %s\n%s", name, failure_reason_name(j.result.reason),
			j.result.text, j.log.p);
	assert_false(j.result.has_exit_code);
	hides(&j, "\nran");
	job_release(&j);
}

static void test_bad_images(void **state)
{
	UNUSED(state);
	fails("no/such:image", FAIL_IMAGE_PULL,
		"failed to pull image \"no/such:image\" with specified policies [never]", "never");
	fails("127.0.0.1:1/x:y", FAIL_EXTERNAL_DEPENDENCY,
		"with specified policies [if-not-present]", "if-not-present");
	fails("BAD NAME", FAIL_RUNNER_CONFIG, "invalid image name \"BAD NAME\"", "never");
	fails("$NOTHING", FAIL_RUNNER_CONFIG, "invalid image name \"\" (written as '$NOTHING')",
		"never");
}

static void test_entrypoint(void **state)
{
	const char *script[] = {"echo ran", NULL};
	struct text none = {0}, missing = {.s = STR("/nosuch")};
	struct job j;

	UNUSED(state);
	docker_job(&j, "busybox", script);
	image.entrypoint = (struct texts){&none, 1, true, SPAN_NONE};
	run_ok(&j);
	job_release(&j);
	docker_job(&j, "busybox", script);
	image.entrypoint = (struct texts){&missing, 1, true, SPAN_NONE};
	job_run(&j, NULL);
	assert_int_equal(j.result.reason, FAIL_RUNNER_SYSTEM);
	assert_false(j.result.has_exit_code);
	assert_non_null(strstr(j.result.text, "/nosuch"));
	shows(&j, "ERROR: Job failed (system failure): ");
	job_release(&j);
}

static void test_sources(void **state)
{
	const char *script[] = {
		"cat a/file", "ls -ld a | cut -c1-10", "touch new a/new", "cat .git/HEAD", NULL};
	CLEANUP(free) char *path = xasprintf("%s/repo", dir);
	CLEANUP(free) char *file = xasprintf("%s/repo/a/file", dir);
	CLEANUP(free) char *sub = xasprintf("%s/repo/a", dir);
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	struct repo here = {.root = str_c(dir)}, repo;
	const char *init[] = {"init", "-q", path, NULL};
	const char *add[] = {"-C", path, "add", "a/file", NULL};
	const char *commit[] = {"-C", path, "-c", "user.name=a", "-c", "user.email=a@b", "commit",
		"-qm", "first", NULL};
	struct job j;

	UNUSED(state);
	assert_int_equal(repo_git(&here, &out, &err, init), 0);
	assert_int_equal(store_make_dirs(sub, &err), 0);
	assert_int_equal(store_write_file(file, STR("one\n"), &err), 0);
	assert_int_equal(repo_git(&here, &out, &err, add), 0);
	assert_int_equal(repo_git(&here, &out, &err, commit), 0);
	assert_int_equal(store_write_file(file, STR("changed\n"), &err), 0);
	assert_int_equal(repo_open(&repo, path, &err), 0);
	docker_job(&j, "busybox", script);
	image.user.s = STR("1234:1234");
	job_run(&j, &repo);
	if (j.result.status != BUILD_SUCCESS)
		fail_msg("%s", j.log.p);
	shows(&j, "\nchanged\n");
	shows(&j, "\ndrwxrwxrwx\n");
	shows(&j, repo.sha.p);
	job_release(&j);
	repo_release(&repo);
	buf_release(&out);
}

static void cancel_both(struct job *j)
{
	build_cancel(j->build);
	build_cancel(j->build);
}

static void test_cancel(void **state)
{
	const char *script[] = {"echo now", "sleep 60", "echo never", NULL};
	const char *after[] = {"echo after $CI_JOB_STATUS", NULL};
	struct job j;

	UNUSED(state);
	docker_job(&j, "busybox", script);
	put(&j.after, j.lines[2], after);
	j.trigger = "\nnow\n";
	j.act = cancel_both;
	job_run(&j, NULL);
	assert_int_equal(j.result.status, BUILD_CANCELED);
	shows(&j, "after canceled\n");
	hides(&j, "never\n");
	assert_true(j.result.script_s < 5);
	job_release(&j);
}

static void test_abort(void **state)
{
	const char *script[] = {"trap '' TERM", "echo now; sleep 60", NULL};
	const char *after[] = {"echo after", NULL};
	struct job j;

	UNUSED(state);
	docker_job(&j, "busybox", script);
	put(&j.after, j.lines[2], after);
	j.trigger = "\nnow\n";
	j.act = abort_it;
	job_run(&j, NULL);
	assert_int_equal(j.result.status, BUILD_CANCELED);
	hides(&j, "Running after script");
	assert_true(j.result.script_s < 5);
	job_release(&j);
}

static void test_stop_early(void **state)
{
	static const char *const at[] = {"Running with", "Using effective", "Starting service",
		"Waiting for services", "section_end:0:prepare_exec", "section_start:0:get_sources",
		"section_start:0:step_script"};
	const char *script[] = {"echo ran; sleep 60", NULL};
	struct service service = {.image.name.s = STR("redis:7")};
	size_t i, k;

	UNUSED(state);
	for (k = 0; k < 2; k++)
		for (i = 0; i < ARRAY_SIZE(at); i++) {
			struct job j;

			docker_job(&j, "busybox", script);
			j.spec.services = &service;
			j.spec.n_services = 1;
			j.trigger = at[i];
			j.act = k ? abort_it : cancel;
			job_run(&j, NULL);
			if (j.result.status != BUILD_CANCELED)
				fail_msg("at '%s': %s\n%s", at[i], j.result.text, j.log.p);
			if (j.result.total_s > 12)
				fail_msg("at '%s': %.1f s\n%s", at[i], j.result.total_s, j.log.p);
			job_release(&j);
		}
}

static void test_script_timeout(void **state)
{
	const char *script[] = {"sleep 60", NULL}, *after[] = {"echo after $CI_JOB_STATUS", NULL};
	struct job j;

	UNUSED(state);
	docker_job(&j, "busybox", script);
	put(&j.after, j.lines[2], after);
	set(&j, "RUNNER_SCRIPT_TIMEOUT", "500ms", false);
	job_run(&j, NULL);
	assert_int_equal(j.result.reason, FAIL_JOB_TIMEOUT);
	shows(&j, "after timedout\n");
	job_release(&j);
}

static void test_service(void **state)
{
	const char *script[] = {"(echo PING; sleep 1) | nc db 6379",
		"nc -w 1 redis 6379 </dev/null", "echo shared > /builds/group/project/f", NULL};
	struct service service = {.image.name.s = STR("redis:7"), .alias.s = STR("db,cache")};
	struct job j;

	UNUSED(state);
	docker_job(&j, "busybox", script);
	j.spec.services = &service;
	j.spec.n_services = 1;
	run_ok(&j);
	shows(&j, "Starting service redis:7...");
	shows(&j, "Waiting for services to be up and running (timeout 30 seconds)...");
	shows(&j, "+PONG");
	hides(&j, "didn't start properly");
	job_release(&j);
}

/* A service that ends at once is told at once, with its log; the job goes on. */
static void test_service_dies(void **state)
{
	const char *script[] = {"echo ran", NULL};
	struct text command[] = {{.s = STR("sh")}, {.s = STR("-c")},
		{.s = STR("echo cannot start: $VALUE; exit 4")}};
	struct service service = {.image.name.s = STR("busybox"),
		.alias.s = STR("db"),
		.command = {command, 3, true, SPAN_NONE}};
	struct var port = {
		.key = STR("HEALTHCHECK_TCP_PORT"), .value = STR("99"), .layer = VAR_YAML_JOB};
	struct job j;

	UNUSED(state);
	docker_job(&j, "busybox", script);
	j.spec.services = &service;
	j.spec.n_services = 1;
	set(&j, "VALUE", "disk on fire", false);
	varset_put(&j.vars, &port);
	run_ok(&j);
	shows(&j, "*** WARNING:\033[0;m Service cilocal-test-");
	shows(&j, "probably didn't start properly.\n\nHealth check error:\nthe service exited with "
		  "code "
		  "4\n\nService container logs:\n");
	shows(&j, "cannot start: disk on fire");
	shows(&j, "\nran\n");
	assert_true(j.result.prepare_s < 10);
	job_release(&j);
}

static void test_no_ports(void **state)
{
	const char *script[] = {"echo ran", NULL};
	struct text command[] = {{.s = STR("sleep")}, {.s = STR("60")}};
	struct service service = {.image.name.s = STR("busybox"),
		.alias.s = STR("idle"),
		.command = {command, 2, true, SPAN_NONE}};
	struct job j;

	UNUSED(state);
	docker_job(&j, "busybox", script);
	j.spec.services = &service;
	j.spec.n_services = 1;
	run_ok(&j);
	shows(&j, "has no exposed ports");
	job_release(&j);
}

static void test_bridge_mode(void **state)
{
	const char *script[] = {"nc -w 1 db 6379 </dev/null && echo reached", NULL};
	struct service service = {.image.name.s = STR("redis:7"), .alias.s = STR("db")};
	struct job j;

	UNUSED(state);
	docker_job(&j, "busybox", script);
	j.spec.services = &service;
	j.spec.n_services = 1;
	j.config.docker.network_mode.v = STR("bridge");
	j.config.docker.network_mode.set = true;
	run_ok(&j);
	shows(&j, "\nreached\n");
	job_release(&j);
}

static void test_dind_needs_privileges(void **state)
{
	const char *script[] = {"docker info", NULL};
	struct service service = {.image.name.s = STR("docker:20.10.16-dind")};
	struct job j;

	UNUSED(state);
	docker_job(&j, "docker:20.10.16", script);
	j.spec.services = &service;
	j.spec.n_services = 1;
	job_run(&j, NULL);
	assert_int_equal(j.result.reason, FAIL_RUNNER_CONFIG);
	assert_non_null(strstr(j.result.text, "needs privileged mode"));
	assert_non_null(strstr(j.result.text, "--privileged"));
	hides(&j, "Starting service");
	job_release(&j);
}

static void test_dind(void **state)
{
	const char *script[] = {"docker info --format '{{.ServerVersion}} is up'", NULL};
	struct service service = {.image.name.s = STR("docker:20.10.16-dind")};
	struct job j;

	UNUSED(state);
	docker_job(&j, "docker:20.10.16", script);
	j.spec.services = &service;
	j.spec.n_services = 1;
	j.config.docker.privileged = (struct rc_bool){.v = true, .set = true};
	set(&j, "DOCKER_HOST", "tcp://docker:2375", false);
	set(&j, "DOCKER_TLS_CERTDIR", "", false);
	run_ok(&j);
	shows(&j, " is up\n");
	job_release(&j);
}

static void test_config(void **state)
{
	const char *script[] = {"cat /etc/hosts", "df -k /dev/shm | tail -1", "cat /data/x; id -u",
		"grep -c . /proc/self/mounts >/dev/null; ulimit -n", NULL};
	CLEANUP(free) char *data = xasprintf("%s/data", dir);
	CLEANUP(free) char *x = xasprintf("%s/data/x", dir);
	CLEANUP(free) char *bind = xasprintf("%s:/data:ro", data);
	struct rc_text hosts[] = {{.v = STR("registry.gitlab.example.com:10.1.2.3"), .set = true}};
	struct rc_text volumes[] = {
		{.v = str_c(bind), .set = true}, {.v = STR("/cache"), .set = true}};
	struct rc_pair limit[] = {{STR("nofile"), {.v = STR("300:400"), .set = true}}};
	struct error err = ERROR_INIT;
	struct job j;

	UNUSED(state);
	assert_int_equal(store_make_dirs(data, &err), 0);
	assert_int_equal(store_write_file(x, STR("from the host\n"), &err), 0);
	docker_job(&j, "busybox", script);
	j.config.docker.extra_hosts.v = hosts;
	j.config.docker.extra_hosts.n = 1;
	j.config.docker.volumes.v = volumes;
	j.config.docker.volumes.n = 2;
	j.config.docker.disable_cache.v = true;
	j.config.docker.shm_size.v = 8 * 1024 * 1024;
	j.config.docker.ulimit.v = limit;
	j.config.docker.ulimit.n = 1;
	run_ok(&j);
	shows(&j, "10.1.2.3\tregistry.gitlab.example.com");
	shows(&j, " 8192 ");
	shows(&j, "\nfrom the host\n0\n");
	shows(&j, "\n300\n");
	job_release(&j);
}

static void test_bad_config(void **state)
{
	const char *script[] = {"true", NULL}, *files[] = {"config.toml"};
	struct job j;

	UNUSED(state);
	docker_job(&j, "busybox", script);
	j.config.files = files;
	j.config.n_files = 1;
	j.config.docker.memory = (struct rc_text){.v = STR("lots"), .set = true, .at = {0, 7, 3}};
	job_run(&j, NULL);
	assert_int_equal(j.result.reason, FAIL_RUNNER_CONFIG);
	assert_string_equal(j.result.text, "config.toml:7: memory: cannot use 'lots'");
	job_release(&j);
}

static void test_debug_services(void **state)
{
	const char *script[] = {"sleep 1", NULL};
	struct service service = {.image.name.s = STR("redis:7")};
	struct job j;

	UNUSED(state);
	docker_job(&j, "busybox", script);
	j.spec.services = &service;
	j.spec.n_services = 1;
	set(&j, "CI_DEBUG_SERVICES", "true", false);
	run_ok(&j);
	shows(&j, "\033[0;37m[service:redis] 20");
	job_release(&j);
}

/*
 * What --keep leaves stays while its mark is there; without it the janitor takes it all once nobody
 * holds the lock.
 */

struct cleaning {
	struct world *w;
	struct loop *loop;
	struct janitor_result r;
};

static void on_cleaned(void *arg, const struct janitor_result *r)
{
	struct cleaning *c = arg;

	assert_null(r->error);
	c->r = *r;
	loop_stop(c->loop);
}

static void clean(struct job *j, struct cleaning *c)
{
	c->w = j->extra;
	c->loop = j->host.loop;
	janitor_start(j->host.loop, c->w->engine, NULL, on_cleaned, c);
	loop_run(j->host.loop);
}

static void keep_then_clean(struct job *j)
{
	CLEANUP(free) char *mark = xasprintf("%s/" JANITOR_KEEP_FILE, dir);
	struct cleaning c;

	flock(lock_fd, LOCK_UN);
	clean(j, &c);
	assert_int_equal(c.r.containers, 0);
	assert_int_equal(unlink(mark), 0);
	flock(lock_fd, LOCK_EX);
	clean(j, &c);
	assert_int_equal(c.r.containers, 0);
	flock(lock_fd, LOCK_UN);
	clean(j, &c);
	/* others' janitors may have been quicker */
	assert_true(c.r.containers <= 2 && c.r.networks <= 1 && c.r.volumes <= 1);
	flock(lock_fd, LOCK_EX);
	disconnect(j);
}

static void test_keep_and_janitor(void **state)
{
	const char *script[] = {"exit 3", NULL};
	struct service service = {.image.name.s = STR("redis:7")};
	struct job j;

	UNUSED(state);
	docker_job(&j, "busybox", script);
	j.spec.services = &service;
	j.spec.n_services = 1;
	j.host.keep_failed = true;
	j.done = keep_then_clean;
	job_run(&j, NULL);
	assert_int_equal(j.result.exit_code, 3);
	shows(&j, "The job's container is kept: cilocal-test-");
	shows(&j, "The service's container is kept: cilocal-test-");
	job_release(&j);
}

static void test_no_engine(void **state)
{
	const char *script[] = {"true", NULL};
	struct job j;

	UNUSED(state);
	docker_job(&j, "busybox", script);
	docker_host = "unix:///nonexistent/docker.sock";
	j.done = drop_engine;
	job_run(&j, NULL);
	docker_host = getenv("CILOCAL_TEST_DOCKER_HOST");
	assert_int_equal(j.result.reason, FAIL_RUNNER_SYSTEM);
	assert_true(j.result.surroundings);
	assert_non_null(strstr(j.result.text, "/nonexistent/docker.sock"));
	job_release(&j);
}

static int lock(void **state)
{
	if (setup(state))
		return -1;
	lock_path = xasprintf("%s/lock", dir);
	lock_fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return lock_fd < 0 ? -1 : flock(lock_fd, LOCK_EX);
}

static int unlock(void **state)
{
	free(lock_path);
	return teardown(state);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_success),
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_bad_images),
		cmocka_unit_test(test_entrypoint),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_stop_early),
		cmocka_unit_test(test_script_timeout),
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_service_dies),
		cmocka_unit_test(test_no_ports),
		cmocka_unit_test(test_bridge_mode),
		cmocka_unit_test(test_dind_needs_privileges),
		cmocka_unit_test(test_dind),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_bad_config),
		cmocka_unit_test(test_debug_services),
		cmocka_unit_test(test_keep_and_janitor),
		cmocka_unit_test(test_no_engine),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	docker_host = getenv("CILOCAL_TEST_DOCKER_HOST");
	if (!docker_host || !*docker_host) {
		puts("skipped: CILOCAL_TEST_DOCKER_HOST names no engine");
		return 77;
	}
	snprintf(run_id, sizeof(run_id), "test-%ld", (long)getpid());
	return cmocka_run_group_tests(tests, lock, unlock);
}
