#include "base/base.h"
#include "emulator/gitlab/session_internal.h"
#include "emulator/core/http.h"
#include "emulator/core/loop.h"
#include "emulator/core/resolve.h"
#include "emulator/docker/archive.h"
#include "emulator/docker/exec.h"
#include "emulator/docker/network.h"

#include <unistd.h>

void wait_over(struct wait *w, const struct error *err)
{
	if (err)
		w->err = *err;
	w->done = true;
	loop_stop(w->s->loop);
}

int wait_result(struct wait *w, struct error *err)
{
	struct session *s = w->s;

	while (!w->done)
		loop_run(s->loop);
	s->call = NULL;
	s->transfer = NULL;
	s->exec = NULL;
	s->lookup = NULL;
	if (!error_is(&w->err))
		return 0;
	if (s->signum)
		return error_set(err, ERR_CANCELLED, s->signum, "interrupted");
	return error_pass(err, &w->err);
}

int wait_call(struct wait *w, struct docker_call *call, struct error *err)
{
	w->s->call = call;
	if (w->s->signum)
		docker_call_cancel(call);
	return wait_result(w, err);
}

static void on_signal(void *arg, int signum, unsigned count)
{
	struct session *s = arg;

	UNUSED(count);
	session_interrupt(s, signum);
}

void session_interrupt(struct session *s, int signum)
{
	s->signum = signum;
	if (s->call)
		docker_call_cancel(s->call);
	if (s->transfer)
		http_cancel(s->transfer);
	if (s->exec)
		docker_exec_run_cancel(s->exec);
	if (s->lookup)
		resolve_cancel(s->lookup);
	s->call = NULL;
	s->transfer = NULL;
	s->exec = NULL;
	s->lookup = NULL;
	loop_stop(s->loop);
}

int session_open(struct session *s, struct error *err)
{
	memset(s, 0, sizeof(*s));
	s->loop = loop_new(err);
	if (!s->loop)
		return -1;
	if (loop_on_signal(s->loop, on_signal, s, err)) {
		session_close(s, NULL);
		return -1;
	}
	s->http = http_new(s->loop);
	return 0;
}

void plain_done(void *arg, struct error *err)
{
	wait_over(arg, err);
}

int session_engine_more(struct session *s, const struct endpoint_lookup *where, struct engine **out,
	struct error *err)
{
	struct endpoint at;
	struct wait w = WAIT(s, NULL, NULL);

	memset(&at, 0, sizeof(at));
	if (endpoint_find(where, &at, err))
		return -1;
	*out = engine_new(s->loop, s->http, &at);
	endpoint_release(&at);
	if (!wait_call(&w, engine_connect(*out, plain_done, &w), err))
		return 0;
	engine_free(*out);
	*out = NULL;
	return -1;
}

int session_engine(struct session *s, const struct endpoint_lookup *where, struct error *err)
{
	return s->engine ? 0 : session_engine_more(s, where, &s->engine, err);
}

void session_engine_close(struct session *s)
{
	if (s->engine)
		engine_free(s->engine);
	s->engine = NULL;
}

int session_close(struct session *s, struct error *err)
{
	int rc = 0;

	session_engine_close(s);
	if (s->http)
		http_free(s->http);
	if (s->loop)
		rc = loop_free(s->loop, err);
	memset(s, 0, sizeof(*s));
	return rc;
}

int session_finish(struct session *s,
	int (*call)(struct session *s, struct str id, struct error *err), struct str id,
	struct error *err)
{
	int signum = s->signum, rc;

	s->signum = 0;
	rc = call(s, id, err);
	if (signum)
		s->signum = signum;
	return rc;
}

static struct docker_kvs copy_kvs(struct arena *a, struct docker_kvs from)
{
	struct docker_kv *v = arena_array(a, struct docker_kv, from.n + 1);

	for (size_t i = 0; i < from.n; i++) {
		v[i].key = arena_str(a, from.v[i].key);
		v[i].value = arena_str(a, from.v[i].value);
	}
	return (struct docker_kvs){v, from.n};
}

static void inspect_done(void *arg, struct error *err, const struct container_state *r)
{
	struct wait *w = arg;
	struct sync_container *out = w->out;

	if (!err) {
		out->id = arena_str(w->arena, r->id);
		out->image = arena_str(w->arena, r->image);
		out->status = arena_str(w->arena, r->status);
		out->running = r->running;
		out->exit_code = r->exit_code;
		out->labels = copy_kvs(w->arena, r->labels);
		out->ports = copy_kvs(w->arena, r->ports);
		if (r->n_networks)
			out->ip = arena_str(w->arena, r->networks[0].ipv4);
	}
	wait_over(w, err);
}

int sync_inspect(struct session *s, struct str id, struct arena *a, struct sync_container *out,
	struct error *err)
{
	struct wait w = WAIT(s, a, out);

	memset(out, 0, sizeof(*out));
	return wait_call(&w, docker_container_inspect(s->engine, id, inspect_done, &w), err);
}

static void create_done(void *arg, struct error *err, const struct container_created *r)
{
	struct wait *w = arg;

	if (!err)
		*(struct str *)w->out = arena_str(w->arena, r->id);
	wait_over(w, err);
}

int sync_create(struct session *s, const struct container_spec *spec, struct arena *a,
	struct str *id, struct error *err)
{
	struct wait w = WAIT(s, a, id);

	return wait_call(&w, docker_container_create(s->engine, spec, create_done, &w), err);
}

int sync_start(struct session *s, struct str id, struct error *err)
{
	struct wait w = WAIT(s, NULL, NULL);

	return wait_call(&w, docker_container_start(s->engine, id, plain_done, &w), err);
}

int sync_remove_container(struct session *s, struct str id, struct error *err)
{
	struct wait w = WAIT(s, NULL, NULL);

	return wait_call(
		&w, docker_container_remove(s->engine, id, true, true, plain_done, &w), err);
}

int sync_remove_network(struct session *s, struct str id, struct error *err)
{
	struct wait w = WAIT(s, NULL, NULL);

	return wait_call(&w, docker_network_remove(s->engine, id, plain_done, &w), err);
}

int sync_remove_volume(struct session *s, struct str name, struct error *err)
{
	struct wait w = WAIT(s, NULL, NULL);

	return wait_call(&w, docker_volume_remove(s->engine, name, true, plain_done, &w), err);
}

int sync_put(struct session *s, struct str id, struct str path, struct str tar, struct error *err)
{
	struct wait w = WAIT(s, NULL, NULL);
	struct archive_put put = {
		.container = id, .path = path, .tar = tar, .done = plain_done, .arg = &w};

	return wait_call(&w, docker_archive_put(s->engine, &put), err);
}

static void volume_done(void *arg, struct error *err, struct str name, struct str mountpoint)
{
	UNUSED(name);
	UNUSED(mountpoint);
	wait_over(arg, err);
}

int sync_create_volume(struct session *s, const struct volume_spec *spec, struct error *err)
{
	struct wait w = WAIT(s, NULL, NULL);

	return wait_call(&w, docker_volume_create(s->engine, spec, volume_done, &w), err);
}

static void volume_row_done(void *arg, struct error *err, const struct volume_row *r)
{
	UNUSED(r);
	wait_over(arg, err);
}

int sync_has_volume(struct session *s, struct str name, bool *has, struct error *err)
{
	struct wait w = WAIT(s, NULL, NULL);
	struct error mine = ERROR_INIT;
	int rc = wait_call(&w, docker_volume_inspect(s->engine, name, volume_row_done, &w), &mine);

	*has = !rc;
	if (rc && !(mine.domain == ERR_DOCKER && mine.code == 404))
		return error_pass(err, &mine);
	return 0;
}

static void network_done(void *arg, struct error *err, const struct network_state *r)
{
	struct wait *w = arg;
	struct str *address = w->out;

	if (r)
		*address = arena_str(w->arena, r->gateway);
	wait_over(w, err);
}

int sync_gateway(struct session *s, struct str network, struct arena *a, struct str *address,
	struct error *err)
{
	struct wait w = WAIT(s, a, address);

	*address = STR_NULL;
	return wait_call(&w, docker_network_inspect(s->engine, network, network_done, &w), err);
}

static void info_done(void *arg, struct error *err, const struct engine_info *i)
{
	struct wait *w = arg;
	struct sync_info *out = w->out;

	if (!err)
		*out = (struct sync_info){.version = arena_str(w->arena, i->server_version),
			.os = arena_str(w->arena, i->os),
			.arch = arena_str(w->arena, i->arch),
			.storage_driver = arena_str(w->arena, i->storage_driver),
			.root_dir = arena_str(w->arena, i->root_dir),
			.cgroup_version = arena_str(w->arena, i->cgroup_version),
			.system_time = arena_str(w->arena, i->system_time),
			.memory = i->memory,
			.cpus = i->cpus,
			.rootless = i->rootless,
			.podman = i->podman,
			.no_memory_limit = i->no_memory_limit,
			.no_cpu_limit = i->no_cpu_limit,
			.no_cpuset = i->no_cpuset};
	wait_over(w, err);
}

int sync_engine_info(struct session *s, struct arena *a, struct sync_info *out, struct error *err)
{
	struct wait w = WAIT(s, a, out);

	memset(out, 0, sizeof(*out));
	return wait_call(&w, engine_info(s->engine, info_done, &w), err);
}

static void logs_output(void *arg, int stream, struct str data)
{
	struct wait *w = arg;

	UNUSED(stream);
	buf_addstr(w->out, data);
}

int sync_logs(struct session *s, struct str id, int64_t tail, struct arena *a, struct str *out,
	struct error *err)
{
	struct buf text;
	struct wait w = WAIT(s, a, &text);
	struct logs_options o = {.tail = tail};
	int rc;

	buf_init_max(&text, 64 * 1024);
	rc = wait_call(
		&w, docker_container_logs(s->engine, id, &o, logs_output, plain_done, &w), err);
	*out = arena_str(a, buf_str(&text));
	buf_release(&text);
	return rc;
}

static void add_row(
	struct wait *w, struct str id, struct str name, struct str state, struct docker_kvs labels)
{
	struct sync_rows *rows = w->out;

	rows->v[rows->n++] = (struct sync_row){
		.id = arena_str(w->arena, id),
		.name = arena_str(w->arena, name),
		.state = arena_str(w->arena, state),
		.labels = copy_kvs(w->arena, labels),
	};
}

static void containers_done(
	void *arg, struct error *err, const struct container_row *rows, size_t n)
{
	struct wait *w = arg;

	if (!err) {
		((struct sync_rows *)w->out)->v = arena_array(w->arena, struct sync_row, n + 1);
		for (size_t i = 0; i < n; i++)
			add_row(w, rows[i].id, rows[i].name, rows[i].state, rows[i].labels);
	}
	wait_over(w, err);
}

static void networks_done(void *arg, struct error *err, const struct network_row *rows, size_t n)
{
	struct wait *w = arg;

	if (!err) {
		((struct sync_rows *)w->out)->v = arena_array(w->arena, struct sync_row, n + 1);
		for (size_t i = 0; i < n; i++)
			add_row(w, rows[i].id, rows[i].name, STR_NULL, rows[i].labels);
	}
	wait_over(w, err);
}

static void volumes_done(void *arg, struct error *err, const struct volume_row *rows, size_t n)
{
	struct wait *w = arg;

	if (!err) {
		((struct sync_rows *)w->out)->v = arena_array(w->arena, struct sync_row, n + 1);
		for (size_t i = 0; i < n; i++)
			add_row(w, rows[i].name, rows[i].name, STR_NULL, rows[i].labels);
	}
	wait_over(w, err);
}

int sync_list_containers(struct session *s, const char *label, struct arena *a,
	struct sync_rows *out, struct error *err)
{
	struct wait w = WAIT(s, a, out);
	struct str one = str_c(label);

	memset(out, 0, sizeof(*out));
	return wait_call(&w,
		docker_container_list(
			s->engine, (struct docker_strs){&one, 1}, containers_done, &w),
		err);
}

int sync_list_networks(struct session *s, const char *label, struct arena *a, struct sync_rows *out,
	struct error *err)
{
	struct wait w = WAIT(s, a, out);
	struct str one = str_c(label);

	memset(out, 0, sizeof(*out));
	return wait_call(&w,
		docker_network_list(s->engine, (struct docker_strs){&one, 1}, networks_done, &w),
		err);
}

int sync_list_volumes(struct session *s, const char *label, struct arena *a, struct sync_rows *out,
	struct error *err)
{
	struct wait w = WAIT(s, a, out);
	struct str one = label ? str_c(label) : STR_NULL;

	memset(out, 0, sizeof(*out));
	return wait_call(&w,
		docker_volume_list(
			s->engine, (struct docker_strs){&one, label ? 1 : 0}, volumes_done, &w),
		err);
}

static void get_done(void *arg, struct error *err, const struct http_response *r)
{
	struct wait *w = arg;
	struct sync_response *out = w->out;

	if (!err) {
		out->status = r->status;
		out->body = arena_str(w->arena, r->body);
		out->digest = arena_str(w->arena, http_header(r, "Docker-Content-Digest"));
		out->link = arena_str(w->arena, http_header(r, "Link"));
	}
	wait_over(w, err);
}

int sync_http(struct session *s, const struct sync_request *q, struct arena *a,
	struct sync_response *out, struct error *err)
{
	struct wait w = WAIT(s, a, out);
	struct http_request req = {.method = q->method,
		.url = q->url,
		.headers = q->headers,
		.body = q->body,
		.tls.ca_file = q->ca_file,
		.timeout_ms = s->get_timeout_ms ? s->get_timeout_ms : 30000,
		.done = get_done,
		.arg = &w};

	memset(out, 0, sizeof(*out));
	s->transfer = http_start(s->http, &req);
	if (s->signum)
		http_cancel(s->transfer);
	return wait_result(&w, err);
}

static void address_done(void *arg, struct error *err, struct str address)
{
	struct wait *w = arg;

	*(struct str *)w->out = arena_str(w->arena, address);
	wait_over(w, err);
}

int sync_address(struct session *s, const char *name, struct arena *a, struct str *address,
	struct error *err)
{
	struct wait w = WAIT(s, a, address);

	s->lookup = resolve_start(s->loop, name, address_done, &w);
	if (s->signum)
		resolve_cancel(s->lookup);
	return wait_result(&w, err);
}

static void sleep_over(void *arg)
{
	wait_over(arg, NULL);
}

void sync_sleep(struct session *s, uint64_t ms)
{
	struct wait w = WAIT(s, NULL, NULL);
	struct loop_timer timer = {0};

	loop_timer_start(s->loop, &timer, ms, sleep_over, &w);
	while (!w.done && !s->signum)
		loop_run(s->loop);
	loop_timer_stop(&timer);
}

struct executed {
	int64_t *code;
	struct str *out;
};

static void exec_done(void *arg, struct error *err, const struct exec_result *r)
{
	struct wait *w = arg;
	struct executed *x = w->out;

	if (!err) {
		*x->code = r->exit_code;
		*x->out = arena_str(w->arena, r->exit_code && r->err.n ? r->err : r->out);
	}
	wait_over(w, err);
}

int sync_exec(struct session *s, struct str container, struct docker_strs cmd, struct arena *a,
	int64_t *code, struct str *out, struct error *err)
{
	struct executed x = {code, out};
	struct wait w = WAIT(s, a, &x);
	struct exec_spec spec = {
		.cmd = cmd, .user = STR("0"), .attach_stdout = true, .attach_stderr = true};

	s->exec = docker_exec_run(s->engine, container, &spec, STR_NULL, exec_done, &w);
	if (s->signum)
		docker_exec_run_cancel(s->exec);
	return wait_result(&w, err);
}

struct ending {
	struct wait w; /* first: wait_over() gets it */
	bool late;
};

static void on_exit_code(void *arg, struct error *err, const struct container_exit *r)
{
	struct ending *e = arg;

	if (r)
		*(int64_t *)e->w.out = r->status;
	wait_over(&e->w, err);
}

static void on_late(void *arg)
{
	struct ending *e = arg;

	e->late = true;
	if (e->w.s->call)
		docker_call_cancel(e->w.s->call);
}

static int run_started(
	struct session *s, struct str id, uint64_t limit_ms, int64_t *code, struct error *err)
{
	struct ending e = {.w = WAIT(s, NULL, code)};
	struct error mine = ERROR_INIT;
	struct loop_timer timer = {0};
	int rc;

	if (sync_start(s, id, err))
		return -1;
	if (limit_ms)
		loop_timer_start(s->loop, &timer, limit_ms, on_late, &e);
	rc = wait_call(&e.w,
		docker_container_wait(s->engine, id, WAIT_NOT_RUNNING, NULL, on_exit_code, &e),
		&mine);
	loop_timer_stop(&timer);
	if (rc && e.late && !s->signum)
		return error_set(err, ERR_TIMEOUT, 0, "it did not end within %" PRIu64 " s",
			limit_ms / 1000);
	return rc ? error_set(err, mine.domain, mine.code, "%s", mine.text) : 0;
}

int sync_run(struct session *s, const struct container_spec *spec, uint64_t limit_ms, int64_t tail,
	struct arena *a, int64_t *code, struct str *said, struct error *err)
{
	struct error ignored = ERROR_INIT;
	struct str id;
	int rc;

	*said = STR_NULL;
	if (sync_create(s, spec, a, &id, err))
		return -1;
	rc = run_started(s, id, limit_ms, code, err);
	if (!rc)
		rc = sync_logs(s, id, tail, a, said, err);
	*said = str_trim(*said);
	session_finish(s, sync_remove_container, id, &ignored);
	return rc;
}
