/*
 * Every call of the engine client against a real engine, named by CILOCAL_TEST_DOCKER_HOST, which
 * has an image busybox:latest. CILOCAL_TEST_DOCKER_CERTS is a folder with ca.pem, cert.pem and
 * key.pem where it speaks TLS. What is made carries the label cilocal.test and is removed.
 */
#include "base/base.h"
#include "emulator/docker/engine.h"

#include "emulator/core/error.h"
#include "emulator/core/http.h"
#include "emulator/core/loop.h"
#include "emulator/core/trace.h"
#include "emulator/docker/archive.h"
#include "emulator/docker/container.h"
#include "emulator/docker/exec.h"
#include "emulator/docker/image.h"
#include "emulator/docker/network.h"
#include "emulator/docker/raw.h"
#include "emulator/docker/volume.h"

#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

#define STRS(...)                                                \
	((struct docker_strs){(const struct str[]){__VA_ARGS__}, \
		sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str)})

static const char *host;

struct scene {
	struct loop *loop;
	struct http *http;
	struct engine *engine;
	struct error error;
	unsigned done, ready, rows, progress;
	char id[128], name[64], text[256];
	struct buf out, err, tar;
	int64_t exit_code, number;
	bool flag, before, ended;
	struct raw *raw;
	struct docker_kv label;
};

static int set_up(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));
	const char *certs = getenv("CILOCAL_TEST_DOCKER_CERTS");
	const struct endpoint_lookup lookup = {
		.host = host, .tls_dir = certs, .tls_verify = certs != NULL};
	struct endpoint at;

	s->loop = loop_new(NULL);
	s->http = http_new(s->loop);
	assert_int_equal(endpoint_find(&lookup, &at, NULL), 0);
	s->engine = engine_new(s->loop, s->http, &at);
	endpoint_release(&at);
	buf_init(&s->out);
	buf_init(&s->err);
	buf_init(&s->tar);
	snprintf(s->name, sizeof(s->name), "cilocal-test-%d", (int)getpid());
	s->label = (struct docker_kv){STR_INIT("cilocal.test"), str_c(s->name)};
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	struct error err = ERROR_INIT;

	engine_free(s->engine);
	http_free(s->http);
	if (loop_free(s->loop, &err))
		fail_msg("%s", err.text);
	buf_release(&s->out);
	buf_release(&s->err);
	buf_release(&s->tar);
	free(s);
	return 0;
}

static void noted(struct scene *s, const struct error *err)
{
	s->done++;
	if (err)
		s->error = *err;
}

static void on_done(void *arg, struct error *err)
{
	noted(arg, err);
}

static void run(struct scene *s)
{
	s->done = 0;
	s->error = ERROR_INIT;
	loop_run(s->loop);
	assert_int_equal(s->done, 1);
}

static void run_well(struct scene *s)
{
	run(s);
	if (error_is(&s->error))
		fail_msg("%s", s->error.text);
}

static void on_created(void *arg, struct error *err, const struct container_created *r)
{
	struct scene *s = arg;

	noted(s, err);
	if (!err)
		snprintf(s->id, sizeof(s->id), STR_FMT, STR_ARG(r->id));
}

static struct container_spec spec_of(struct scene *s, struct docker_strs cmd)
{
	struct container_spec spec = {
		.image = STR("busybox:latest"),
		.has_cmd = true,
		.cmd = cmd,
		.labels = {&s->label, 1},
	};

	return spec;
}

static void create(struct scene *s, const struct container_spec *spec)
{
	docker_container_create(s->engine, spec, on_created, s);
	run_well(s);
	assert_int_equal(strlen(s->id), 64);
}

static void start(struct scene *s)
{
	docker_container_start(s->engine, str_c(s->id), on_done, s);
	run_well(s);
}

static void remove_it(struct scene *s)
{
	docker_container_remove(s->engine, str_c(s->id), true, true, on_done, s);
	run_well(s);
}

static void on_output(void *arg, int stream, struct str data)
{
	struct scene *s = arg;

	buf_addstr(stream == 1 ? &s->out : &s->err, data);
}

static void on_exit_code(void *arg, struct error *err, const struct container_exit *r)
{
	struct scene *s = arg;

	noted(s, err);
	if (!err)
		s->exit_code = r->status;
}

static void on_info(void *arg, struct error *err, const struct engine_info *i)
{
	struct scene *s = arg;

	noted(s, err);
	if (err)
		return;
	assert_true(str_is(i->os_type, "linux"));
	assert_true(i->server_version.n > 0);
	assert_true(i->cpus > 0);
	assert_true(i->memory > 0);
}

static void information(void **state)
{
	struct scene *s = *state;

	assert_null(engine_api_version(s->engine));
	engine_info(s->engine, on_info, s);
	run_well(s);
	assert_non_null(engine_api_version(s->engine));
	assert_true(engine_api_at_least(s->engine, 1, 24));
	engine_connect(s->engine, on_done, s);
	run_well(s);
}

static void start_fails_in_the_daemons_words(void **state)
{
	struct scene *s = *state;
	struct container_spec spec = spec_of(s, STRS(STR("no-such-program")));

	create(s, &spec);
	docker_container_start(s->engine, str_c(s->id), on_done, s);
	run(s);
	assert_int_equal(s->error.domain, ERR_DOCKER);
	assert_true(str_starts(str_c(s->error.text), STR("Error response from daemon: ")));
	assert_true(str_find(str_c(s->error.text), STR("no-such-program")) != STR_NPOS);
	remove_it(s);
	remove_it(s);
	docker_container_start(s->engine, str_c(s->id), on_done, s);
	run(s);
	assert_int_equal(s->error.code, 404);
}

/* ---- attach, start, wait in flight together ---- */

static void on_attach_done(void *arg, struct error *err)
{
	struct scene *s = arg;

	s->ended = true;
	s->raw = NULL;
	if (err)
		s->error = *err;
}

static void on_started(void *arg, struct error *err)
{
	struct scene *s = arg;

	if (err)
		s->error = *err;
	if (!s->before)
		docker_container_wait(
			s->engine, str_c(s->id), WAIT_NOT_RUNNING, NULL, on_exit_code, s);
}

/* Attached, and where the wait is to be in place before the start: waiting. */
static void go_on(void *arg)
{
	struct scene *s = arg;

	if (++s->ready == (s->before ? 2 : 1))
		docker_container_start(s->engine, str_c(s->id), on_started, s);
}

static void attach_start_wait(struct scene *s)
{
	struct container_spec spec =
		spec_of(s, STRS(STR("sh"), STR("-c"), STR("cat; echo err >&2; exit 3")));
	struct raw_options o = {.stdin_open = true,
		.output = on_output,
		.open = go_on,
		.done = on_attach_done,
		.arg = s};

	spec.open_stdin = spec.stdin_once = true;
	spec.attach_stdin = spec.attach_stdout = spec.attach_stderr = true;
	create(s, &spec);
	s->raw = docker_attach(s->engine, str_c(s->id), &o);
	raw_write(s->raw, "hello ", 6);
	raw_write(s->raw, "world\n", 6);
	raw_close_stdin(s->raw);
	if (s->before)
		docker_container_wait(
			s->engine, str_c(s->id), WAIT_NEXT_EXIT, go_on, on_exit_code, s);
	run_well(s);
	assert_true(s->ended);
	assert_int_equal(s->exit_code, 3);
	assert_string_equal(s->out.p, "hello world\n");
	assert_string_equal(s->err.p, "err\n");
	remove_it(s);
}

static void the_wait_after_the_start(void **state)
{
	attach_start_wait(*state);
}

static void the_wait_before_the_start(void **state)
{
	struct scene *s = *state;

	s->before = true;
	attach_start_wait(s);
}

static void attach_to_nothing(void **state)
{
	struct scene *s = *state;
	struct raw_options o = {.done = on_done, .arg = s};

	docker_attach(s->engine, STR("no-such-container"), &o);
	run(s);
	assert_int_equal(s->error.code, 404);
	/* Docker: "No such container: X"; Podman: "no container with name or ID". */
	assert_true(str_starts(str_c(s->error.text), STR("Error response from daemon: ")));
	assert_true(str_find(str_c(s->error.text), STR("no-such-container")) != STR_NPOS);
}

static void hold_back(void *arg, int stream, struct str data)
{
	struct scene *s = arg;

	UNUSED(stream);
	s->number += (int64_t)data.n;
	raw_pause(s->raw);
	raw_resume(s->raw);
}

static void much_output(void **state)
{
	struct scene *s = *state;
	struct container_spec spec =
		spec_of(s, STRS(STR("sh"), STR("-c"), STR("yes 0123456789 | head -c 20000000")));
	struct raw_options o = {
		.output = hold_back, .open = go_on, .done = on_attach_done, .arg = s};

	spec.log_driver = STR("none");
	create(s, &spec);
	s->raw = docker_attach(s->engine, str_c(s->id), &o);
	run_well(s);
	assert_true(s->ended);
	assert_int_equal(s->number, 20000000);
	remove_it(s);
}

/* ---- inspect, list, logs, stop ---- */

static void on_inspect(void *arg, struct error *err, const struct container_state *r)
{
	struct scene *s = arg;

	noted(s, err);
	if (err)
		return;
	s->flag = r->running;
	s->exit_code = r->exit_code;
	snprintf(s->text, sizeof(s->text), STR_FMT "|" STR_FMT "|" STR_FMT "|%zu",
		STR_ARG(r->status), STR_ARG(r->name), STR_ARG(r->hostname), r->n_networks);
	assert_true(str_is(docker_kv_get(r->labels, "cilocal.test"), s->name));
	assert_true(r->env.n >= 2);
}

static void on_rows(void *arg, struct error *err, const struct container_row *rows, size_t n)
{
	struct scene *s = arg;

	noted(s, err);
	s->rows = (unsigned)n;
	if (n) {
		assert_true(str_is(rows[0].name, s->name));
		assert_true(str_is(rows[0].id, s->id));
	}
}

static void life_of_a_container(void **state)
{
	struct scene *s = *state;
	struct container_spec spec =
		spec_of(s, STRS(STR("sh"), STR("-c"),
				   STR("echo out; echo err >&2; trap 'exit 5' TERM; "
				       "while :; do sleep 0.1; done")));
	struct logs_options lo = {.follow = false};
	char label[96], expected[160];
	struct str want;

	spec.name = str_c(s->name);
	spec.hostname = STR("somehost");
	spec.env = STRS(STR("A=b c"), STR("BAD=\xff"));
	create(s, &spec);
	start(s);
	start(s);
	docker_container_inspect(s->engine, spec.name, on_inspect, s);
	run_well(s);
	snprintf(expected, sizeof(expected), "running|%s|somehost|1", s->name);
	assert_string_equal(s->text, expected);
	snprintf(label, sizeof(label), "cilocal.test=%s", s->name);
	want = str_c(label);
	docker_container_list(s->engine, (struct docker_strs){&want, 1}, on_rows, s);
	run_well(s);
	assert_int_equal(s->rows, 1);
	docker_container_stop(s->engine, str_c(s->id), 10, on_done, s);
	run_well(s);
	docker_container_wait(s->engine, str_c(s->id), WAIT_NOT_RUNNING, NULL, on_exit_code, s);
	run_well(s);
	assert_int_equal(s->exit_code, 5);
	docker_container_logs(s->engine, str_c(s->id), &lo, on_output, on_done, s);
	run_well(s);
	assert_string_equal(s->out.p, "out\n");
	assert_string_equal(s->err.p, "err\n");
	remove_it(s);
	docker_container_list(s->engine, (struct docker_strs){&want, 1}, on_rows, s);
	run_well(s);
	assert_int_equal(s->rows, 0);
}

static void kill_and_cancel_a_wait(void **state)
{
	struct scene *s = *state;
	struct container_spec spec = spec_of(s, STRS(STR("sleep"), STR("100")));
	struct docker_call *wait;

	create(s, &spec);
	start(s);
	wait = docker_container_wait(
		s->engine, str_c(s->id), WAIT_NOT_RUNNING, NULL, on_exit_code, s);
	for (int i = 0; i < 20; i++)
		loop_turn(s->loop);
	docker_call_cancel(wait);
	run(s);
	assert_int_equal(s->error.domain, ERR_CANCELLED);
	docker_container_kill(s->engine, str_c(s->id), "SIGKILL", on_done, s);
	run_well(s);
	docker_container_wait(s->engine, str_c(s->id), WAIT_NOT_RUNNING, NULL, on_exit_code, s);
	run_well(s);
	assert_int_equal(s->exit_code, 137);
	remove_it(s);
}

/* ---- exec ---- */

static void on_exec(void *arg, struct error *err, const struct exec_result *r)
{
	struct scene *s = arg;

	noted(s, err);
	if (err)
		return;
	s->exit_code = r->exit_code;
	buf_addstr(&s->out, r->out);
	buf_addstr(&s->err, r->err);
}

static void exec(void **state)
{
	struct scene *s = *state;
	struct container_spec spec = spec_of(s, STRS(STR("sleep"), STR("100")));
	struct exec_spec x = {
		.cmd = STRS(STR("sh"), STR("-c"), STR("cat; echo $A; echo e >&2; exit 9")),
		.env = STRS(STR("A=b")),
	};

	create(s, &spec);
	start(s);
	docker_exec_run(s->engine, str_c(s->id), &x, STR("in\n"), on_exec, s);
	run_well(s);
	assert_int_equal(s->exit_code, 9);
	assert_string_equal(s->out.p, "in\nb\n");
	assert_string_equal(s->err.p, "e\n");
	docker_exec_run(s->engine, STR("no-such-one"), &x, STR_NULL, on_exec, s);
	run(s);
	assert_int_equal(s->error.code, 404);
	remove_it(s);
}

/* ---- archive ---- */

static void on_stat(void *arg, struct error *err, const struct archive_stat *r)
{
	struct scene *s = arg;

	if (err) {
		noted(s, err);
		return;
	}
	snprintf(s->text, sizeof(s->text), STR_FMT " %d %o %" PRId64, STR_ARG(r->name), r->is_dir,
		r->mode, r->size);
	s->flag = true;
}

static void on_stat_only(void *arg, struct error *err, const struct archive_stat *r)
{
	on_stat(arg, err, r);
	if (!err)
		noted(arg, NULL);
}

static void on_tar(void *arg, struct str data)
{
	struct scene *s = arg;

	buf_addstr(&s->tar, data);
}

/* A tar with one file, by hand: name, mode, size, checksum, contents, two empty blocks. */
static void make_tar(struct buf *out, const char *name, struct str contents)
{
	char block[512] = {0};
	unsigned sum = 0;

	memcpy(block, name, strlen(name));
	snprintf(block + 100, 8, "%07o", 0640);
	snprintf(block + 108, 8, "%07o", 0);
	snprintf(block + 116, 8, "%07o", 0);
	snprintf(block + 124, 12, "%011zo", contents.n);
	snprintf(block + 136, 12, "%011o", 1000000);
	memset(block + 148, ' ', 8);
	block[156] = '0';
	memcpy(block + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(block); i++)
		sum += (unsigned char)block[i];
	snprintf(block + 148, 8, "%06o", sum);
	buf_add(out, block, sizeof(block));
	buf_addstr(out, contents);
	memset(block, 0, sizeof(block));
	buf_add(out, block, (512 - contents.n % 512) % 512);
	buf_add(out, block, sizeof(block));
	buf_add(out, block, sizeof(block));
}

struct feed {
	struct scene *scene;
	struct buf tar;
	size_t at;
};

static ptrdiff_t feed_tar(void *arg, char *buf, size_t n)
{
	struct feed *f = arg;
	size_t now = MIN(MIN(n, f->tar.n - f->at), (size_t)500);

	memcpy(buf, f->tar.p + f->at, now);
	f->at += now;
	return (ptrdiff_t)now;
}

static void on_fed(void *arg, struct error *err)
{
	noted(((struct feed *)arg)->scene, err);
}

static void archives(void **state)
{
	struct scene *s = *state;
	struct container_spec spec = spec_of(s, STRS(STR("cat"), STR("/tmp/hello.txt")));
	struct feed feed = {.scene = s, .tar = BUF_INIT};
	struct archive_put put = {
		.path = STR("/tmp"), .produce = feed_tar, .done = on_fed, .arg = &feed};
	struct archive_get get = {.path = STR("/tmp/hello.txt"),
		.stat = on_stat,
		.chunk = on_tar,
		.done = on_done,
		.arg = s};

	make_tar(&feed.tar, "hello.txt", STR("hello from a tar\n"));
	create(s, &spec);
	put.container = get.container = str_c(s->id);
	docker_archive_put(s->engine, &put);
	run_well(s);
	docker_archive_stat(s->engine, str_c(s->id), get.path, on_stat_only, s);
	run_well(s);
	assert_string_equal(s->text, "hello.txt 0 640 17");
	s->flag = false;
	docker_archive_get(s->engine, &get);
	run_well(s);
	assert_true(s->flag);
	assert_true(str_find(buf_str(&s->tar), STR("hello from a tar\n")) != STR_NPOS);
	docker_archive_stat(s->engine, str_c(s->id), STR("/none"), on_stat_only, s);
	run(s);
	assert_int_equal(s->error.code, 404);
	get.path = STR("/none");
	docker_archive_get(s->engine, &get);
	run(s);
	assert_int_equal(s->error.code, 404);
	buf_release(&feed.tar);
	remove_it(s);
}

/* ---- networks, volumes ---- */

static void on_name(void *arg, struct error *err, struct str id)
{
	struct scene *s = arg;

	noted(s, err);
	if (!err)
		snprintf(s->text, sizeof(s->text), STR_FMT, STR_ARG(id));
}

static void on_network(void *arg, struct error *err, const struct network_state *r)
{
	struct scene *s = arg;

	noted(s, err);
	if (err)
		return;
	assert_true(str_is(r->name, s->name));
	assert_true(str_is(r->driver, "bridge"));
	assert_true(r->gateway.n > 0);
	s->rows = (unsigned)r->n_members;
}

static void on_networks(void *arg, struct error *err, const struct network_row *rows, size_t n)
{
	struct scene *s = arg;

	noted(s, err);
	UNUSED(rows);
	s->rows = (unsigned)n;
}

static void networks(void **state)
{
	struct scene *s = *state;
	struct network_spec net = {.name = str_c(s->name), .labels = {&s->label, 1}};
	struct container_spec spec = spec_of(s, STRS(STR("sleep"), STR("100")));
	struct docker_endpoint end = {.network = net.name, .aliases = STRS(STR("one"), STR("two"))};
	struct exec_spec x = {.cmd = STRS(STR("nslookup"), STR("two"))};
	char label[96];
	struct str want;

	snprintf(label, sizeof(label), "cilocal.test=%s", s->name);
	want = str_c(label);
	docker_network_create(s->engine, &net, on_name, s);
	run_well(s);
	spec.network_mode = net.name;
	spec.networks = &end;
	spec.n_networks = 1;
	create(s, &spec);
	start(s);
	docker_network_inspect(s->engine, net.name, on_network, s);
	run_well(s);
	assert_int_equal(s->rows, 1);
	docker_exec_run(s->engine, str_c(s->id), &x, STR_NULL, on_exec, s);
	run_well(s);
	assert_int_equal(s->exit_code, 0);
	docker_network_disconnect(s->engine, net.name, str_c(s->id), true, on_done, s);
	run_well(s);
	docker_network_connect(s->engine, net.name, str_c(s->id), STRS(STR("three")), on_done, s);
	run_well(s);
	docker_network_list(s->engine, (struct docker_strs){&want, 1}, on_networks, s);
	run_well(s);
	assert_int_equal(s->rows, 1);
	remove_it(s);
	docker_network_remove(s->engine, net.name, on_done, s);
	run_well(s);
	docker_network_remove(s->engine, net.name, on_done, s);
	run_well(s);
}

static void on_volume(void *arg, struct error *err, struct str name, struct str mountpoint)
{
	struct scene *s = arg;

	noted(s, err);
	if (err)
		return;
	assert_true(str_is(name, s->name));
	assert_true(mountpoint.n > 0);
}

static void on_volumes(void *arg, struct error *err, const struct volume_row *rows, size_t n)
{
	struct scene *s = arg;

	noted(s, err);
	s->rows = (unsigned)n;
	if (n)
		assert_true(str_is(rows[0].name, s->name));
}

static void volumes(void **state)
{
	struct scene *s = *state;
	struct volume_spec v = {.name = str_c(s->name), .labels = {&s->label, 1}};
	struct docker_mount m = {
		.type = DOCKER_MOUNT_VOLUME, .source = v.name, .target = STR("/data")};
	struct container_spec spec = spec_of(s, STRS(STR("touch"), STR("/data/x")));
	char label[96];
	struct str want;

	snprintf(label, sizeof(label), "cilocal.test=%s", s->name);
	want = str_c(label);
	docker_volume_create(s->engine, &v, on_volume, s);
	run_well(s);
	spec.mounts = &m;
	spec.n_mounts = 1;
	create(s, &spec);
	start(s);
	docker_container_wait(s->engine, str_c(s->id), WAIT_NOT_RUNNING, NULL, on_exit_code, s);
	run_well(s);
	assert_int_equal(s->exit_code, 0);
	docker_volume_list(s->engine, (struct docker_strs){&want, 1}, on_volumes, s);
	run_well(s);
	assert_int_equal(s->rows, 1);
	docker_volume_remove(s->engine, v.name, true, on_done, s);
	run(s);
	assert_int_equal(s->error.code, 409);
	remove_it(s);
	docker_volume_remove(s->engine, v.name, true, on_done, s);
	run_well(s);
	docker_volume_remove(s->engine, v.name, false, on_done, s);
	run_well(s);
}

/* ---- images ---- */

static void on_image(void *arg, struct error *err, const struct image_state *r)
{
	struct scene *s = arg;

	noted(s, err);
	if (err)
		return;
	assert_true(str_starts(r->id, STR("sha256:")));
	assert_true(str_is(r->os, "linux"));
	assert_true(r->size > 0);
}

static void on_images(void *arg, struct error *err, const struct image_row *rows, size_t n)
{
	struct scene *s = arg;

	noted(s, err);
	UNUSED(rows);
	s->rows = (unsigned)n;
}

static void images(void **state)
{
	struct scene *s = *state;
	char name[96];
	struct image_pull pull = {.name = STR("localhost:1/none/such"), .done = on_done, .arg = s};

	docker_image_inspect(s->engine, STR("busybox:latest"), on_image, s);
	run_well(s);
	docker_image_inspect(s->engine, STR("localhost:1/none/such"), on_image, s);
	run(s);
	assert_int_equal(s->error.code, 404);
	snprintf(name, sizeof(name), "cilocal/%s:x", s->name);
	docker_image_tag(s->engine, STR("busybox:latest"),
		str_sub(str_c(name), 0, strlen(name) - 2), STR("x"), on_done, s);
	run_well(s);
	docker_image_inspect(s->engine, str_c(name), on_image, s);
	run_well(s);
	docker_image_remove(s->engine, str_c(name), false, on_done, s);
	run_well(s);
	docker_image_remove(s->engine, str_c(name), false, on_done, s);
	run_well(s);
	docker_image_list(s->engine, (struct docker_strs){NULL, 0}, on_images, s);
	run_well(s);
	assert_true(s->rows > 0);
	docker_image_pull(s->engine, &pull);
	run(s);
	assert_int_equal(s->error.domain, ERR_DOCKER);
	assert_true(str_find(str_c(s->error.text), STR("refused")) != STR_NPOS);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(information),
		CASE(start_fails_in_the_daemons_words),
		CASE(the_wait_after_the_start),
		CASE(the_wait_before_the_start),
		CASE(attach_to_nothing),
		CASE(much_output),
		CASE(life_of_a_container),
		CASE(kill_and_cancel_a_wait),
		CASE(exec),
		CASE(archives),
		CASE(networks),
		CASE(volumes),
		CASE(images),
	};

	host = getenv("CILOCAL_TEST_DOCKER_HOST");
	if (!host || !*host) {
		fprintf(stderr, "skipped: CILOCAL_TEST_DOCKER_HOST names no engine\n");
		return 77;
	}
	if (getenv("CILOCAL_TRACE") && trace_enable(str_c(getenv("CILOCAL_TRACE")), NULL))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
