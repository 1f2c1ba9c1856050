#include "base/base.h"
#include "emulator/runner/docker_internal.h"

/*
 * Extra names without a network of the job's own: where the container that has the name is on the
 * engine's default network, as the job will be, a line in /etc/hosts does, and four calls for a
 * network, made and removed, are saved.
 */

struct lookup {
	struct executor_docker *e;
	const struct extra_name *name;
};

static void on_inspected(void *arg, struct error *err, const struct container_state *r)
{
	struct lookup *l = arg;
	struct executor_docker *e = l->e;
	struct str ip = STR_NULL;
	size_t i;

	for (i = 0; !err && i < r->n_networks; i++)
		if (str_is(r->networks[i].name, "bridge"))
			ip = r->networks[i].ipv4;
	if (ip.n)
		e->extra_hosts[e->n_extra_hosts++] = arena_printf(
			e->arena, STR_FMT ":" STR_FMT, STR_ARG(l->name->host), STR_ARG(ip));
	else if (!e->own_network)
		docker_make_network(e);
	docker_end(e);
}

bool docker_names_host(const struct executor_docker *e, struct str entry)
{
	const struct build_host *h = build_host(e->base.build);
	size_t cut = str_chr(entry, '=');

	if (cut == STR_NPOS)
		cut = str_chr(entry, ':');
	for (size_t i = 0; cut != STR_NPOS && i < h->n_extra_names; i++)
		if (str_eq(str_sub(entry, 0, cut), h->extra_names[i].host))
			return true;
	return false;
}

void docker_names_start(struct executor_docker *e)
{
	const struct build_host *h = build_host(e->base.build);
	struct lookup *l = arena_array(e->arena, struct lookup, h->n_extra_names);
	size_t i;

	e->extra_hosts = arena_array(e->arena, struct str, h->n_extra_names);
	for (i = 0; i < h->n_extra_names; i++) {
		if (!docker_wants_name(e, i))
			continue;
		l[i] = (struct lookup){e, &h->extra_names[i]};
		docker_begin(e);
		docker_container_inspect(
			e->engine, h->extra_names[i].container, on_inspected, &l[i]);
	}
}
