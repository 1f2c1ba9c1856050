#include "base/base.h"
#include "emulator/docker/network.h"

#include "emulator/docker/docker_internal.h"
#include "emulator/docker/json.h"

#define NOT_FOUND 404

static void on_created(struct docker_call *c, struct error *err, const struct http_response *r)
{
	network_create_fn *done = (network_create_fn *)c->user;
	json_t *doc = err ? NULL : json_parse(r->body, "the engine's answer", &c->err);

	if (!doc) {
		done(c->arg, err ? err : &c->err, STR_NULL);
		return;
	}
	done(c->arg, NULL, json_str(doc, "Id"));
	json_decref(doc);
}

struct docker_call *docker_network_create(
	struct engine *e, const struct network_spec *spec, network_create_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "POST", on_created, (call_user_fn *)done, arg);
	json_t *o = json_object(), *ipam, *pools, *pool;

	call_path(c, "/networks/create");
	json_put_str(o, "Name", spec->name);
	json_put_str(o, "Driver", spec->driver);
	/* Engines before 25 accept two networks of one name unless told otherwise. */
	json_put_true(o, "CheckDuplicate", true);
	json_put_true(o, "EnableIPv6", spec->ipv6);
	json_put_true(o, "Internal", spec->internal);
	json_put_kvs(o, "Labels", spec->labels);
	json_put_kvs(o, "Options", spec->options);
	if (spec->subnet.n) {
		ipam = json_object();
		pools = json_array();
		pool = json_object();
		json_put_str(pool, "Subnet", spec->subnet);
		json_put_str(pool, "Gateway", spec->gateway);
		json_array_append_new(pools, pool);
		json_put(ipam, "Config", pools);
		json_put(o, "IPAM", ipam);
	}
	json_write(&c->body, o);
	c->has_body = true;
	return call_go(c);
}

static void read_pool(struct network_state *s, const json_t *pools)
{
	for (size_t i = 0; i < json_array_size(pools) && !s->subnet.n; i++) {
		const json_t *pool = json_array_get(pools, i);
		struct str subnet = json_str(pool, "Subnet");

		if (str_chr(subnet, ':') != STR_NPOS)
			continue;
		s->subnet = subnet;
		s->gateway = json_str(pool, "Gateway");
	}
}

static void read_members(struct network_state *s, json_t *map, struct arena *a)
{
	struct network_member *v;
	const char *id;
	json_t *o;

	if (!json_object_size(map))
		return;
	v = arena_array(a, struct network_member, json_object_size(map));
	json_object_foreach(map, id, o)
	{
		struct str ip = json_str(o, "IPv4Address");

		v[s->n_members].container = str_c(id);
		v[s->n_members].name = json_str(o, "Name");
		v[s->n_members++].ipv4 = str_sub(ip, 0, MIN(str_chr(ip, '/'), ip.n));
	}
	s->members = v;
}

static void on_inspect(struct docker_call *c, struct error *err, const struct http_response *r)
{
	network_inspect_fn *done = (network_inspect_fn *)c->user;
	struct network_state s = {0};
	struct arena a = ARENA_INIT;
	json_t *doc = err ? NULL : json_parse(r->body, "the engine's answer", &c->err);

	if (!doc) {
		done(c->arg, err ? err : &c->err, NULL);
		return;
	}
	s.id = json_str(doc, "Id");
	s.name = json_str(doc, "Name");
	s.driver = json_str(doc, "Driver");
	s.labels = json_kvs(doc, "Labels", &a);
	read_pool(&s, json_get(json_get(doc, "IPAM"), "Config"));
	read_members(&s, json_get(doc, "Containers"), &a);
	done(c->arg, NULL, &s);
	arena_release(&a);
	json_decref(doc);
}

struct docker_call *docker_network_inspect(
	struct engine *e, struct str name, network_inspect_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "GET", on_inspect, (call_user_fn *)done, arg);

	call_path(c, "/networks/");
	call_path_arg(c, name);
	return call_go(c);
}

static struct docker_call *plain(
	struct engine *e, const char *method, struct str name, docker_done_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, method, call_finish_plain, (call_user_fn *)done, arg);

	call_path(c, "/networks/");
	call_path_arg(c, name);
	return c;
}

struct docker_call *docker_network_connect(struct engine *e, struct str network,
	struct str container, struct docker_strs aliases, docker_done_fn *done, void *arg)
{
	struct docker_call *c = plain(e, "POST", network, done, arg);
	json_t *o = json_object(), *config = json_object();

	call_path(c, "/connect");
	json_put_str(o, "Container", container);
	json_put_strs(config, "Aliases", aliases);
	json_put(o, "EndpointConfig", config);
	json_write(&c->body, o);
	c->has_body = true;
	return call_go(c);
}

struct docker_call *docker_network_disconnect(struct engine *e, struct str network,
	struct str container, bool force, docker_done_fn *done, void *arg)
{
	struct docker_call *c = plain(e, "POST", network, done, arg);
	json_t *o = json_object();

	call_path(c, "/disconnect");
	json_put_str(o, "Container", container);
	json_put_true(o, "Force", force);
	json_write(&c->body, o);
	c->has_body = true;
	c->also_ok = NOT_FOUND;
	return call_go(c);
}

struct docker_call *docker_network_remove(
	struct engine *e, struct str name, docker_done_fn *done, void *arg)
{
	struct docker_call *c = plain(e, "DELETE", name, done, arg);

	c->also_ok = NOT_FOUND;
	return call_go(c);
}

static void on_list(struct docker_call *c, struct error *err, const struct http_response *r)
{
	network_list_fn *done = (network_list_fn *)c->user;
	struct arena a = ARENA_INIT;
	struct network_row *rows;
	json_t *doc = err ? NULL : json_parse(r->body, "the engine's list", &c->err);

	if (!doc) {
		done(c->arg, err ? err : &c->err, NULL, 0);
		return;
	}
	rows = arena_array(&a, struct network_row, json_array_size(doc) + 1);
	for (size_t i = 0; i < json_array_size(doc); i++) {
		const json_t *o = json_array_get(doc, i);

		rows[i].id = json_str(o, "Id");
		rows[i].name = json_str(o, "Name");
		rows[i].labels = json_kvs(o, "Labels", &a);
	}
	done(c->arg, NULL, rows, json_array_size(doc));
	arena_release(&a);
	json_decref(doc);
}

struct docker_call *docker_network_list(
	struct engine *e, struct docker_strs labels, network_list_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "GET", on_list, (call_user_fn *)done, arg);

	call_path(c, "/networks?filters=");
	call_path_labels(c, labels);
	return call_go(c);
}
