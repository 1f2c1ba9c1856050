#include "base/base.h"
#include "emulator/docker/container.h"

#include "emulator/docker/docker_internal.h"
#include "emulator/docker/json.h"

static void read_state(struct container_state *s, const json_t *state)
{
	s->status = json_str(state, "Status");
	s->running = json_flag(state, "Running");
	s->oom_killed = json_flag(state, "OOMKilled");
	s->exit_code = json_int(state, "ExitCode");
	s->pid = json_int(state, "Pid");
	s->error = json_str(state, "Error");
	s->health = json_str(json_get(state, "Health"), "Status");
	if (str_is(s->health, "none"))
		s->health = STR_NULL;
	s->started_at = json_str(state, "StartedAt");
	s->finished_at = json_str(state, "FinishedAt");
}

static void read_config(struct container_state *s, const json_t *config, struct arena *a)
{
	s->image = json_str(config, "Image");
	s->tty = json_flag(config, "Tty");
	s->hostname = json_str(config, "Hostname");
	s->user = json_str(config, "User");
	s->working_dir = json_str(config, "WorkingDir");
	s->env = json_strs(config, "Env", a);
	s->cmd = json_strs(config, "Cmd", a);
	s->entrypoint = json_strs(config, "Entrypoint", a);
	s->exposed_ports = json_keys(config, "ExposedPorts", a);
	s->labels = json_kvs(config, "Labels", a);
}

static void read_networks(struct container_state *s, json_t *map, struct arena *a)
{
	struct container_network *v;
	const char *name;
	json_t *o;

	if (!json_object_size(map))
		return;
	v = arena_array(a, struct container_network, json_object_size(map));
	json_object_foreach(map, name, o)
	{
		struct container_network *n = &v[s->n_networks++];

		n->name = str_c(name);
		n->id = json_str(o, "NetworkID");
		n->ipv4 = json_str(o, "IPAddress");
		n->ipv6 = json_str(o, "GlobalIPv6Address");
		n->gateway = json_str(o, "Gateway");
		n->mac = json_str(o, "MacAddress");
		n->aliases = json_strs(o, "Aliases", a);
	}
	s->networks = v;
}

/* The first binding of each port; 0.0.0.0 says nothing and is kept, "::" goes in brackets. */
static void read_ports(struct container_state *s, json_t *map, struct arena *a)
{
	struct docker_kv *v;
	const char *name;
	json_t *list;

	if (!json_object_size(map))
		return;
	v = arena_array(a, struct docker_kv, json_object_size(map));
	json_object_foreach(map, name, list)
	{
		const json_t *first = json_array_get(list, 0);
		struct str ip = json_str(first, "HostIp"), port = json_str(first, "HostPort");
		bool v6 = str_chr(ip, ':') != STR_NPOS;

		if (!port.n)
			continue;
		v[s->ports.n].key = str_c(name);
		v[s->ports.n++].value =
			arena_printf(a, v6 ? "[%s]:%s" : "%s:%s", ip.n ? ip.p : "0.0.0.0", port.p);
	}
	s->ports.v = v;
}

static void read_mounts(struct container_state *s, const json_t *list, struct arena *a)
{
	struct container_mount_point *v;

	if (!json_array_size(list))
		return;
	v = arena_array(a, struct container_mount_point, json_array_size(list));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);

		v[i].type = json_str(o, "Type");
		v[i].name = json_str(o, "Name");
		v[i].source = json_str(o, "Source");
		v[i].destination = json_str(o, "Destination");
		v[i].rw = json_flag(o, "RW");
	}
	s->mounts = v;
	s->n_mounts = json_array_size(list);
}

static void on_inspect(struct docker_call *c, struct error *err, const struct http_response *r)
{
	container_inspect_fn *done = (container_inspect_fn *)c->user;
	struct container_state s = {0};
	struct arena a = ARENA_INIT;
	const json_t *net;
	json_t *doc = err ? NULL : json_parse(r->body, "the engine's answer", &c->err);

	if (!doc) {
		done(c->arg, err ? err : &c->err, NULL);
		return;
	}
	s.id = json_str(doc, "Id");
	s.name = json_str(doc, "Name");
	if (s.name.n && s.name.p[0] == '/')
		s.name = str_from(s.name, 1);
	s.image_id = json_str(doc, "Image");
	read_state(&s, json_get(doc, "State"));
	read_config(&s, json_get(doc, "Config"), &a);
	net = json_get(doc, "NetworkSettings");
	read_networks(&s, json_get(net, "Networks"), &a);
	read_ports(&s, json_get(net, "Ports"), &a);
	read_mounts(&s, json_get(doc, "Mounts"), &a);
	done(c->arg, NULL, &s);
	arena_release(&a);
	json_decref(doc);
}

struct docker_call *docker_container_inspect(
	struct engine *e, struct str id, container_inspect_fn *done, void *arg)
{
	struct docker_call *c = call_new(e, "GET", on_inspect, (call_user_fn *)done, arg);

	call_path(c, "/containers/");
	call_path_arg(c, id);
	call_path(c, "/json");
	return call_go(c);
}
