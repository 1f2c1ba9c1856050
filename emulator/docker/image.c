#include "base/base.h"
#include "emulator/docker/image.h"

#include "emulator/docker/docker_internal.h"
#include "emulator/docker/json.h"

#define NOT_FOUND 404

/* ---- inspect ---- */

static int port_number(const struct str *port)
{
	int v = 0;

	for (size_t i = 0; i < port->n && isdigit((unsigned char)port->p[i]) && v < 100000; i++)
		v = v * 10 + (port->p[i] - '0');
	return v;
}

static int by_port(const void *a, const void *b)
{
	int d = port_number(a) - port_number(b);

	return d ? d : str_qcmp(a, b);
}

static void read_config(struct image_state *s, const json_t *config, struct arena *a)
{
	struct docker_strs ports = json_keys(config, "ExposedPorts", a);
	struct str *sorted = arena_array(a, struct str, ports.n + 1);

	if (ports.n) {
		memcpy(sorted, ports.v, ports.n * sizeof(*sorted));
		qsort(sorted, ports.n, sizeof(*sorted), by_port);
	}
	s->exposed_ports = (struct docker_strs){sorted, ports.n};
	s->env = json_strs(config, "Env", a);
	s->cmd = json_strs(config, "Cmd", a);
	s->entrypoint = json_strs(config, "Entrypoint", a);
	s->volumes = json_keys(config, "Volumes", a);
	s->shell = json_strs(config, "Shell", a);
	s->labels = json_kvs(config, "Labels", a);
	s->user = json_str(config, "User");
	s->working_dir = json_str(config, "WorkingDir");
	s->stop_signal = json_str(config, "StopSignal");
	s->healthcheck = json_array_size(json_get(json_get(config, "Healthcheck"), "Test")) > 0;
}

static void on_inspect(struct docker_call *c, struct error *err, const struct http_response *r)
{
	image_inspect_fn *done = (image_inspect_fn *)c->user;
	struct image_state s = {0};
	struct arena a = ARENA_INIT;
	json_t *doc = err ? NULL : json_parse(r->body, "the engine's answer", &c->err);

	if (!doc) {
		done(c->arg, err ? err : &c->err, NULL);
		return;
	}
	s.id = json_str(doc, "Id");
	s.repo_tags = json_strs(doc, "RepoTags", &a);
	s.repo_digests = json_strs(doc, "RepoDigests", &a);
	s.os = json_str(doc, "Os");
	s.arch = json_str(doc, "Architecture");
	s.variant = json_str(doc, "Variant");
	s.size = json_int(doc, "Size");
	read_config(&s, json_get(doc, "Config"), &a);
	done(c->arg, NULL, &s);
	arena_release(&a);
	json_decref(doc);
}

struct docker_call *docker_image_inspect(
	struct engine *e, struct str name, image_inspect_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "GET", on_inspect, (call_user_fn *)done, arg);

	call_path(c, "/images/");
	call_path_name(c, name);
	call_path(c, "/json");
	return call_go(c);
}

/* ---- distribution ---- */

static void on_distribution(struct docker_call *c, struct error *err, const struct http_response *r)
{
	image_digest_fn *done = (image_digest_fn *)c->user;
	json_t *doc = err ? NULL : json_parse(r->body, "the engine's answer", &c->err);

	if (!doc) {
		done(c->arg, err ? err : &c->err, STR_NULL);
		return;
	}
	done(c->arg, NULL, json_str(json_get(doc, "Descriptor"), "digest"));
	json_decref(doc);
}

struct docker_call *docker_image_distribution(
	struct engine *e, struct str name, struct str auth, image_digest_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "GET", on_distribution, (call_user_fn *)done, arg);

	call_path(c, "/distribution/");
	call_path_name(c, name);
	call_path(c, "/json");
	if (auth.n)
		buf_printf(&c->header, "X-Registry-Auth: " STR_FMT, STR_ARG(auth));
	return call_go(c);
}

/* ---- tag, remove, list ---- */

struct docker_call *docker_image_tag(struct engine *e, struct str name, struct str repo,
	struct str tag, docker_done_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "POST", call_finish_plain, (call_user_fn *)done, arg);

	call_path(c, "/images/");
	call_path_name(c, name);
	call_path(c, "/tag?repo=");
	call_path_arg(c, repo);
	call_path(c, "&tag=");
	call_path_arg(c, tag);
	return call_go(c);
}

struct docker_call *docker_image_remove(
	struct engine *e, struct str name, bool force, docker_done_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "DELETE", call_finish_plain, (call_user_fn *)done, arg);

	call_path(c, "/images/");
	call_path_name(c, name);
	call_path(c, "?force=%d", force);
	c->also_ok = NOT_FOUND;
	return call_go(c);
}

static void on_list(struct docker_call *c, struct error *err, const struct http_response *r)
{
	image_list_fn *done = (image_list_fn *)c->user;
	struct arena a = ARENA_INIT;
	struct image_row *rows;
	json_t *doc = err ? NULL : json_parse(r->body, "the engine's list", &c->err);

	if (!doc) {
		done(c->arg, err ? err : &c->err, NULL, 0);
		return;
	}
	rows = arena_array(&a, struct image_row, json_array_size(doc) + 1);
	for (size_t i = 0; i < json_array_size(doc); i++) {
		const json_t *o = json_array_get(doc, i);

		rows[i].id = json_str(o, "Id");
		rows[i].repo_tags = json_strs(o, "RepoTags", &a);
		rows[i].labels = json_kvs(o, "Labels", &a);
		rows[i].size = json_int(o, "Size");
		rows[i].created = json_int(o, "Created");
	}
	done(c->arg, NULL, rows, json_array_size(doc));
	arena_release(&a);
	json_decref(doc);
}

struct docker_call *docker_image_list(
	struct engine *e, struct docker_strs labels, image_list_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "GET", on_list, (call_user_fn *)done, arg);

	call_path(c, "/images/json?filters=");
	call_path_labels(c, labels);
	return call_go(c);
}
