#include "base/base.h"
#include "emulator/docker/container.h"

#include "emulator/docker/container_spec.h"
#include "emulator/docker/docker_internal.h"
#include "emulator/docker/json.h"

#define NOT_MODIFIED 304
#define NOT_FOUND    404

/* ---- create ---- */

static void on_created(struct docker_call *c, struct error *err, const struct http_response *r)
{
	container_create_fn *done = (container_create_fn *)c->user;
	struct container_created created;
	struct arena a = ARENA_INIT;
	json_t *doc = err ? NULL : json_parse(r->body, "the engine's answer", &c->err);

	if (!doc) {
		done(c->arg, err ? err : &c->err, NULL);
		return;
	}
	created.id = json_str(doc, "Id");
	created.warnings = json_strs(doc, "Warnings", &a);
	done(c->arg, NULL, &created);
	arena_release(&a);
	json_decref(doc);
}

struct docker_call *docker_container_create(
	struct engine *e, const struct container_spec *spec, container_create_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "POST", on_created, (call_user_fn *)done, arg);
	char sep = '?';

	call_path(c, "/containers/create");
	if (spec->name.n) {
		call_path(c, "%cname=", sep);
		call_path_arg(c, spec->name);
		sep = '&';
	}
	if (spec->platform.n) {
		call_path(c, "%cplatform=", sep);
		call_path_arg(c, spec->platform);
	}
	container_spec_write(spec, &c->body);
	c->has_body = true;
	return call_go(c);
}

/* ---- verbs without an answer ---- */

static struct docker_call *plain(
	struct engine *e, const char *method, struct str id, docker_done_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, method, call_finish_plain, (call_user_fn *)done, arg);

	call_path(c, "/containers/");
	call_path_arg(c, id);
	return c;
}

struct docker_call *docker_container_start(
	struct engine *e, struct str id, docker_done_fn *done, void *arg)
{
	struct docker_call *c = plain(e, "POST", id, done, arg);

	call_path(c, "/start");
	c->also_ok = NOT_MODIFIED;
	return call_go(c);
}

struct docker_call *docker_container_stop(
	struct engine *e, struct str id, int seconds, docker_done_fn *done, void *arg)
{
	struct docker_call *c = plain(e, "POST", id, done, arg);

	call_path(c, "/stop");
	if (seconds >= 0)
		call_path(c, "?t=%d", seconds);
	c->also_ok = NOT_MODIFIED;
	return call_go(c);
}

struct docker_call *docker_container_kill(
	struct engine *e, struct str id, const char *signal, docker_done_fn *done, void *arg)
{
	struct docker_call *c = plain(e, "POST", id, done, arg);

	call_path(c, "/kill?signal=");
	call_path_arg(c, str_c(signal));
	return call_go(c);
}

struct docker_call *docker_container_remove(
	struct engine *e, struct str id, bool force, bool volumes, docker_done_fn *done, void *arg)
{
	struct docker_call *c = plain(e, "DELETE", id, done, arg);

	call_path(c, "?force=%d&v=%d", force, volumes);
	c->also_ok = NOT_FOUND;
	return call_go(c);
}

struct docker_call *docker_container_rename(
	struct engine *e, struct str id, struct str name, docker_done_fn *done, void *arg)
{
	struct docker_call *c = plain(e, "POST", id, done, arg);

	call_path(c, "/rename?name=");
	call_path_arg(c, name);
	return call_go(c);
}

struct docker_call *docker_container_resize(struct engine *e, struct str id, unsigned rows,
	unsigned cols, docker_done_fn *done, void *arg)
{
	struct docker_call *c = plain(e, "POST", id, done, arg);

	call_path(c, "/resize?h=%u&w=%u", rows, cols);
	return call_go(c);
}

/* ---- wait ---- */

static void on_wait_ready(void *arg, const struct http_response *r)
{
	struct docker_call *c = arg;

	if (c->user_ready && r->status < 300)
		((container_ready_fn *)c->user_ready)(c->arg);
}

static void on_wait(struct docker_call *c, struct error *err, const struct http_response *r)
{
	container_wait_fn *done = (container_wait_fn *)c->user;
	struct container_exit x = {0};
	json_t *doc = err ? NULL : json_parse(r->body, "the engine's answer", &c->err);

	if (!doc) {
		done(c->arg, err ? err : &c->err, NULL);
		return;
	}
	x.status = json_int(doc, "StatusCode");
	x.error = json_str(json_get(doc, "Error"), "Message");
	done(c->arg, NULL, &x);
	json_decref(doc);
}

struct docker_call *docker_container_wait(struct engine *e, struct str id,
	enum container_wait_for what, container_ready_fn *ready, container_wait_fn *done, void *arg)
{
	static const char *const names[] = {
		[WAIT_NOT_RUNNING] = "not-running",
		[WAIT_NEXT_EXIT] = "next-exit",
		[WAIT_REMOVED] = "removed",
	};
	struct docker_call *c = call_new(e, "POST", on_wait, (call_user_fn *)done, arg);

	call_path(c, "/containers/");
	call_path_arg(c, id);
	call_path(c, "/wait?condition=%s", names[what]);
	c->user_ready = (call_user_fn *)ready;
	c->head = on_wait_ready;
	return call_go(c);
}

/* ---- list ---- */

static void read_row(struct container_row *row, const json_t *o, struct arena *a)
{
	struct docker_strs names = json_strs(o, "Names", a);

	row->id = json_str(o, "Id");
	row->image = json_str(o, "Image");
	row->state = json_str(o, "State");
	row->created = json_int(o, "Created");
	row->labels = json_kvs(o, "Labels", a);
	/* Names of legacy links hold a second slash; the container's own does not. */
	for (size_t i = 0; i < names.n && !row->name.n; i++) {
		struct str name = names.v[i];

		if (name.n && name.p[0] == '/')
			name = str_from(name, 1);
		if (str_chr(name, '/') == STR_NPOS)
			row->name = name;
	}
}

static void on_list(struct docker_call *c, struct error *err, const struct http_response *r)
{
	container_list_fn *done = (container_list_fn *)c->user;
	struct arena a = ARENA_INIT;
	struct container_row *rows;
	json_t *doc = err ? NULL : json_parse(r->body, "the engine's list", &c->err);

	if (!doc) {
		done(c->arg, err ? err : &c->err, NULL, 0);
		return;
	}
	rows = arena_array(&a, struct container_row, json_array_size(doc) + 1);
	for (size_t i = 0; i < json_array_size(doc); i++)
		read_row(&rows[i], json_array_get(doc, i), &a);
	done(c->arg, NULL, rows, json_array_size(doc));
	arena_release(&a);
	json_decref(doc);
}

void call_path_labels(struct docker_call *c, struct docker_strs labels)
{
	struct buf text = BUF_INIT;
	json_t *filters = json_object();

	json_put_strs(filters, "label", labels);
	json_write(&text, filters);
	call_path_arg(c, buf_str(&text));
	buf_release(&text);
}

struct docker_call *docker_container_list(
	struct engine *e, struct docker_strs labels, container_list_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "GET", on_list, (call_user_fn *)done, arg);

	call_path(c, "/containers/json?all=1&filters=");
	call_path_labels(c, labels);
	return call_go(c);
}

/* ---- logs ---- */

static void on_logs_chunk(void *arg, struct str data)
{
	struct docker_call *c = arg;

	if (error_is(&c->err))
		return;
	if (stream_feed(&c->demux, data, c->output, c->arg, &c->err))
		http_cancel(c->http);
}

static void on_logs_done(struct docker_call *c, struct error *err, const struct http_response *r)
{
	UNUSED(r);
	if (!err && stream_end(&c->demux, &c->err))
		err = &c->err;
	((docker_done_fn *)c->user)(c->arg, err);
}

struct docker_call *docker_container_logs(struct engine *e, struct str id,
	const struct logs_options *o, docker_output_fn *output, docker_done_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "GET", on_logs_done, (call_user_fn *)done, arg);

	call_path(c, "/containers/");
	call_path_arg(c, id);
	call_path(c, "/logs?follow=%d&stdout=%d&stderr=%d&timestamps=%d", o->follow, !o->no_stdout,
		!o->no_stderr, o->timestamps);
	if (o->tail > 0)
		call_path(c, "&tail=%" PRId64, o->tail);
	if (o->since.n) {
		call_path(c, "&since=");
		call_path_arg(c, o->since);
	}
	stream_init(&c->demux, o->tty);
	c->output = output;
	c->chunk = on_logs_chunk;
	return call_go(c);
}
