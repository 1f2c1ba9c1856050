#include "base/base.h"
#include "emulator/gitlab/run_setup.h"
#include "emulator/gitlab/registry_api.h"
#include "emulator/gitlab/registry_up.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/runner/layers.h"
#include "emulator/runner/shell_login.h"
#include "emulator/runner/sources.h"
#include "pipeline/pipeline.h"
#include "vars/facts.h"

/* All caches of a project together; the oldest go first. */
#define CACHE_LIMIT ((uint64_t)10 << 30)

static void add_rule(struct run *r, struct image_rule rule)
{
	r->image_rules[r->n_image_rules++] = rule;
}

/* An image of the local registry, or the start of such names. */
static struct image_rule registry_rule(
	struct run *r, struct str at, struct str name, const char *end, bool prefix)
{
	struct str host = r->p->facts->registry_host;

	return (struct image_rule){.from = arena_printf(&r->arena, STR_FMT "/" STR_FMT "%s",
					   STR_ARG(host), STR_ARG(name), end),
		.to = arena_printf(
			&r->arena, STR_FMT "/" STR_FMT "%s", STR_ARG(at), STR_ARG(name), end),
		.prefix = prefix,
		.fresh = true};
}

/* Room for `more` rules behind the stand-ins of the command line, which go before all others. */
static void make_rules(struct run *r, size_t more)
{
	const struct run_options *o = r->o;

	r->image_rules =
		arena_array(&r->arena, struct image_rule, o->n_stand_ins + o->n_proxies + more + 1);
	for (size_t i = 0; i < o->n_stand_ins + o->n_proxies; i++)
		add_rule(r, o->stand_ins[i]);
}

/*
 * Which images the host's engine gets from the local registry: everything below the project's top
 * group, which jobs may yet push, and each repository that is there already. Other images of the
 * same host (registry.gitlab.com/...) keep their name and come from where they always come from.
 */
static int registry_rules(struct run *r, const struct registry_info *info, struct error *err)
{
	const struct facts *f = r->p->facts;
	struct str at = info->address, *repos = NULL;
	size_t n = 0;

	if (registry_api_catalog(&r->session, info, &r->arena, &repos, &n, err))
		return -1;
	make_rules(r, 3 * n + 1);
	if (f->project_root_namespace.n)
		add_rule(r, registry_rule(r, at, f->project_root_namespace, "/", true));
	for (size_t i = 0; i < n; i++) {
		add_rule(r, registry_rule(r, at, repos[i], ":", true));
		add_rule(r, registry_rule(r, at, repos[i], "@", true));
		add_rule(r, registry_rule(r, at, repos[i], "", false));
	}
	return 0;
}

static int setup_registry(struct run *r, struct error *err)
{
	const struct facts *f = r->p->facts;
	struct registry_options o = r->o->registry_options;
	struct registry_info info;
	struct registry_state state;

	if (!o.state_dir)
		o.state_dir = r->o->state_dir;
	o.host = arena_cstr(&r->arena, f->registry_host);
	if (registry_state_ensure(&state, &r->arena, &o, err) ||
		registry_up(&r->session, &state, &o, &r->arena, &info, err))
		return -1;
	r->extra_names[r->n_extra_names++] =
		(struct extra_name){.host = registry_host_name(f->registry_host),
			.container = info.container,
			.address = info.address};
	r->registry_ca = info.ca;
	if (info.tls)
		r->ca_mount = (struct ca_mount){
			info.ca_volume, arena_printf(&r->arena, "/etc/docker/certs.d/" STR_FMT,
						STR_ARG(f->registry_host))};
	r->logins[0] = (struct registry_login){f->registry_host, state.user, state.password};
	r->logins[1] = (struct registry_login){info.address, state.user, state.password};
	r->n_logins = 2;
	if (registry_rules(r, &info, err))
		return -1;
	run_proxy_fill(r, &info);
	return 0;
}

int run_setup_engine(struct run *r, struct error *err)
{
	run_words_find(r);
	if (runners_connect(r, err))
		return -1;
	if (r->session.engine && r->o->registry && r->p->facts->registry_host.n &&
		setup_registry(r, err))
		return -1;
	run_mirror_start(r);
	return 0;
}

static struct str pull_name(int policy)
{
	switch (policy) {
	case PULL_ALWAYS:
		return STR("always");
	case PULL_IF_NOT_PRESENT:
		return STR("if-not-present");
	case PULL_NEVER:
		return STR("never");
	default:
		return STR_NULL;
	}
}

static struct build_host host_of(const struct run *r, const struct run_runner *x)
{
	const struct run_options *o = r->o;
	/* The local registry is on the first engine, and reached by its port there. */
	bool registry = x->engine == r->session.engine;

	return (struct build_host){.loop = r->session.loop,
		.docker = x->engine,
		.config = x->config,
		.sources = r->sources,
		.login = r->login,
		.run_id = r->folder.id,
		.run_dir = r->folder.dir,
		.lock_path = r->folder.lock_path,
		.cache_dir = r->cache_dir,
		.slots_dir = r->slots_dir,
		.cache_limit = o->cache_limit ? o->cache_limit : CACHE_LIMIT,
		.project_root = o->root,
		.pull_override = pull_name(o->pull),
		.only_image_rules = o->only_stand_ins,
		.image_rules = r->image_rules,
		.n_image_rules = registry ? r->n_image_rules : o->n_stand_ins + o->n_proxies,
		.extra_names = r->extra_names,
		.n_extra_names = registry ? r->n_extra_names : 0,
		.ca_mount = registry ? r->ca_mount : (struct ca_mount){STR_NULL, STR_NULL},
		.docker_host = x->where.host,
		.keep_failed = o->keep};
}

void run_setup_layers(struct run *r, const char *root)
{
	struct run *top = r->top;

	for (size_t i = 0; i < top->n_runners; i++) {
		const struct run_runner *x = &top->runners[i];

		if (x->engine && x->first)
			r->hosts[i].layers =
				layers_new(r->session.loop, x->engine, r->sources, root);
		for (size_t k = 0; k < i && x->engine && !x->first; k++)
			if (top->runners[k].engine == x->engine)
				r->hosts[i].layers = r->hosts[k].layers;
	}
}

void run_release_layers(struct run *r)
{
	for (size_t i = 0; r->hosts && i < r->top->n_runners; i++)
		if (r->top->runners[i].first)
			layers_free(r->hosts[i].layers);
}

void run_setup_host(struct run *r)
{
	if (!r->image_rules)
		make_rules(r, 0);
	r->sources = sources_new(r->session.loop, r->o->repo);
	if (r->o->committed)
		sources_set_committed(
			r->sources, arena_printf(&r->arena, "%s/committed", r->folder.dir).p);
	r->login = shell_login_new(r->session.loop);
	r->cache_dir = arena_printf(&r->arena, "%s/cache", r->store.root).p;
	r->slots_dir = arena_printf(&r->arena, "%s/slots", r->store.root).p;
	r->hosts = arena_array(&r->arena, struct build_host, r->n_runners);
	for (size_t i = 0; i < r->n_runners; i++)
		r->hosts[i] = host_of(r, &r->runners[i]);
	run_setup_layers(r, r->o->root);
}
