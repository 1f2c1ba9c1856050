#include "base/base.h"
#include "emulator/docker/volume.h"

#include "emulator/docker/docker_internal.h"
#include "emulator/docker/json.h"

#define NOT_FOUND 404

static void on_created(struct docker_call *c, struct error *err, const struct http_response *r)
{
	volume_create_fn *done = (volume_create_fn *)c->user;
	json_t *doc = err ? NULL : json_parse(r->body, "the engine's answer", &c->err);

	if (!doc) {
		done(c->arg, err ? err : &c->err, STR_NULL, STR_NULL);
		return;
	}
	done(c->arg, NULL, json_str(doc, "Name"), json_str(doc, "Mountpoint"));
	json_decref(doc);
}

struct docker_call *docker_volume_create(
	struct engine *e, const struct volume_spec *spec, volume_create_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "POST", on_created, (call_user_fn *)done, arg);
	json_t *o = json_object();

	call_path(c, "/volumes/create");
	json_put_str(o, "Name", spec->name);
	json_put_str(o, "Driver", spec->driver);
	json_put_kvs(o, "DriverOpts", spec->driver_opts);
	json_put_kvs(o, "Labels", spec->labels);
	json_write(&c->body, o);
	c->has_body = true;
	return call_go(c);
}

static void read_row(struct volume_row *row, const json_t *o, struct arena *a)
{
	row->name = json_str(o, "Name");
	row->driver = json_str(o, "Driver");
	row->mountpoint = json_str(o, "Mountpoint");
	row->labels = json_kvs(o, "Labels", a);
}

static void on_inspect(struct docker_call *c, struct error *err, const struct http_response *r)
{
	volume_inspect_fn *done = (volume_inspect_fn *)c->user;
	struct volume_row row = {0};
	struct arena a = ARENA_INIT;
	json_t *doc = err ? NULL : json_parse(r->body, "the engine's answer", &c->err);

	if (!doc) {
		done(c->arg, err ? err : &c->err, NULL);
		return;
	}
	read_row(&row, doc, &a);
	done(c->arg, NULL, &row);
	arena_release(&a);
	json_decref(doc);
}

struct docker_call *docker_volume_inspect(
	struct engine *e, struct str name, volume_inspect_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "GET", on_inspect, (call_user_fn *)done, arg);

	call_path(c, "/volumes/");
	call_path_arg(c, name);
	return call_go(c);
}

struct docker_call *docker_volume_remove(
	struct engine *e, struct str name, bool force, docker_done_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "DELETE", call_finish_plain, (call_user_fn *)done, arg);

	call_path(c, "/volumes/");
	call_path_arg(c, name);
	call_path(c, "?force=%d", force);
	c->also_ok = NOT_FOUND;
	return call_go(c);
}

static void on_list(struct docker_call *c, struct error *err, const struct http_response *r)
{
	volume_list_fn *done = (volume_list_fn *)c->user;
	struct arena a = ARENA_INIT;
	struct volume_row *rows;
	const json_t *list;
	json_t *doc = err ? NULL : json_parse(r->body, "the engine's list", &c->err);

	if (!doc) {
		done(c->arg, err ? err : &c->err, NULL, 0);
		return;
	}
	list = json_get(doc, "Volumes");
	rows = arena_array(&a, struct volume_row, json_array_size(list) + 1);
	for (size_t i = 0; i < json_array_size(list); i++)
		read_row(&rows[i], json_array_get(list, i), &a);
	done(c->arg, NULL, rows, json_array_size(list));
	arena_release(&a);
	json_decref(doc);
}

struct docker_call *docker_volume_list(
	struct engine *e, struct docker_strs labels, volume_list_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "GET", on_list, (call_user_fn *)done, arg);

	call_path(c, "/volumes?filters=");
	call_path_labels(c, labels);
	return call_go(c);
}
