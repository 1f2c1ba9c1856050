#include "base/base.h"
#include "emulator/gitlab/clean.h"
#include "emulator/gitlab/registry_state.h"
#include "emulator/gitlab/registry_up.h"
#include "emulator/gitlab/session.h"
#include "emulator/core/error.h"
#include "emulator/runner/leftover.h"
#include "emulator/runner/stray.h"
#include "emulator/store/cache_store.h"
#include "emulator/store/store.h"

#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MANAGED "cilocal.managed=true"
#define CACHE   "cilocal.cache=true"

struct cleaner {
	const struct clean_options *o;
	struct arena *a;
	struct session s;
	VEC(struct clean_item) items;
	struct error first; /* the first thing that could not be removed */
};

typedef int remove_fn(struct session *s, struct str id, struct error *err);

static bool wants(const struct cleaner *c, enum clean_what what)
{
	unsigned mask = c->o->what ? c->o->what : CLEAN_ALL;

	return mask & (unsigned)what;
}

static struct clean_item *add_item(
	struct cleaner *c, const char *kind, struct str name, int64_t bytes)
{
	struct clean_item item = {.kind = str_c(kind), .name = name, .bytes = bytes};

	vec_push_in(c->a, &c->items, item);
	return &c->items.v[c->items.n - 1];
}

static void keep_error(struct cleaner *c, struct clean_item *item, const struct error *err)
{
	item->kept = arena_str(c->a, str_c(err->text));
	error_pass(&c->first, err);
}

/* Why an object of the engine must stay; empty: it may go. */
static struct str why_kept(struct cleaner *c, struct docker_kvs labels)
{
	struct str host = docker_kv_get(labels, "cilocal.host");
	struct str lock = docker_kv_get(labels, "cilocal.lock");
	char own[256] = "";

	gethostname(own, sizeof(own) - 1);
	if (host.n && !str_is(host, own))
		return arena_printf(c->a, "made on the machine '" STR_FMT "'", STR_ARG(host));
	if (lock.n && store_lock_held(arena_cstr(c->a, lock)))
		return STR("its run is still going on");
	return STR_NULL;
}

/* The registry's container and storage carry the label of managed things too, but go by themselves.
 */
static bool is_registry(const struct sync_row *row)
{
	return docker_kv_get(row->labels, "cilocal.registry").n > 0;
}

static bool is_cache(const struct sync_row *row)
{
	return docker_kv_get(row->labels, "cilocal.cache").n > 0;
}

static void clean_rows(struct cleaner *c, const char *kind, const struct sync_rows *rows,
	remove_fn *remove, bool volumes)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct sync_row *row = &rows->v[i];
		bool cache = volumes && is_cache(row);
		struct error err = ERROR_INIT;
		struct clean_item *item;

		if (is_registry(row) || !wants(c, cache ? CLEAN_CACHES : CLEAN_ENGINE))
			continue;
		item = add_item(c, cache ? "cache" : kind, row->name.n ? row->name : row->id, -1);
		item->kept = why_kept(c, row->labels);
		if (!item->kept.n && !c->o->dry_run && remove(&c->s, row->id, &err))
			keep_error(c, item, &err);
	}
}

/* Volumes that lost their labels with the engine's list: of this project's runs, and of old ones.
 */
static int clean_lost(struct cleaner *c, struct error *err)
{
	CLEANUP(free) char *root = c->o->root ? xasprintf("%s/.cilocal", c->o->root) : NULL;
	struct sync_rows rows;
	struct sync_rows lost = {0};
	int64_t now = (int64_t)time(NULL);

	if (!wants(c, CLEAN_ENGINE))
		return 0;
	if (sync_list_volumes(&c->s, NULL, c->a, &rows, err))
		return -1;
	lost.v = arena_array(c->a, struct sync_row, rows.n + 1);
	for (size_t i = 0; i < rows.n; i++)
		if (!rows.v[i].labels.n && (leftover_by_name(root, rows.v[i].name) ||
						   leftover_by_age(root, rows.v[i].name, now)))
			lost.v[lost.n++] = rows.v[i];
	clean_rows(c, "volume", &lost, sync_remove_volume, true);
	return 0;
}

static int clean_engine(struct cleaner *c, struct error *err)
{
	struct sync_rows rows;

	if (!wants(c, CLEAN_ENGINE) && !wants(c, CLEAN_CACHES))
		return 0;
	if (sync_list_containers(&c->s, MANAGED, c->a, &rows, err))
		return -1;
	clean_rows(c, "container", &rows, sync_remove_container, false);
	if (sync_list_networks(&c->s, MANAGED, c->a, &rows, err))
		return -1;
	clean_rows(c, "network", &rows, sync_remove_network, false);
	if (sync_list_volumes(&c->s, MANAGED, c->a, &rows, err))
		return -1;
	clean_rows(c, "volume", &rows, sync_remove_volume, true);
	/* Cache volumes outlive their runs and so are not labelled as theirs. */
	if (sync_list_volumes(&c->s, CACHE, c->a, &rows, err))
		return -1;
	clean_rows(c, "volume", &rows, sync_remove_volume, true);
	return clean_lost(c, err);
}

static int clean_registry(struct cleaner *c, struct error *err)
{
	struct registry_state state;
	struct registry_info info;
	struct error mine = ERROR_INIT;
	size_t from = c->items.n;

	if (!wants(c, CLEAN_REGISTRY))
		return 0;
	if (registry_state_read(&state, c->a, &c->o->registry, err) ||
		registry_look(&c->s, &state, &c->o->registry, c->a, &info, err))
		return -1;
	if (info.exists)
		add_item(c, "registry", info.name, -1);
	if (info.storage)
		add_item(c, "registry", info.volume, -1);
	if (registry_tls_until(c->a, &c->o->registry))
		add_item(c, "registry", str_c(registry_tls_ca(c->a, &c->o->registry, NULL)), -1);
	if (state.password.n)
		add_item(
			c, "registry", str_c(registry_state_path(c->a, &c->o->registry, NULL)), -1);
	if (c->o->dry_run)
		return 0;
	if (!registry_down(&c->s, true, NULL, &c->o->registry, &mine))
		registry_state_remove(c->a, &c->o->registry, &mine);
	if (!error_is(&mine))
		registry_tls_remove(c->a, &c->o->registry, &mine);
	for (size_t i = from; error_is(&mine) && i < c->items.n; i++)
		keep_error(c, &c->items.v[i], &mine);
	return 0;
}

/* nftw() has no argument for its callback; clean() is called by one thread. */
static int64_t tree_bytes;

static int add_size(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	UNUSED(path);
	UNUSED(flag);
	UNUSED(ftw);
	tree_bytes += (int64_t)st->st_blocks * 512;
	return 0;
}

static int64_t size_of_tree(const char *path)
{
	tree_bytes = 0;
	nftw(path, add_size, 32, FTW_PHYS);
	return tree_bytes;
}

static void clean_tree(struct cleaner *c, const char *kind, struct str name, const char *path)
{
	struct clean_item *item = add_item(c, kind, name, size_of_tree(path));
	struct error err = ERROR_INIT;

	if (!c->o->dry_run && store_remove_tree(path, &err))
		keep_error(c, item, &err);
}

/* One by one, in the order in which a limit takes them. */
static void clean_caches(struct cleaner *c, const struct store *store)
{
	const char *dir = arena_printf(c->a, "%s/cache", store->root).p;
	struct cache_info *all;
	bool left = false;
	size_t n;

	if (!wants(c, CLEAN_CACHES) || access(dir, F_OK))
		return;
	n = cache_list(c->a, dir, &all);
	for (size_t i = 0; i < n; i++) {
		struct clean_item *item = add_item(c, "cache", all[i].key, (int64_t)all[i].bytes);
		struct error err = ERROR_INIT;

		item->used = all[i].used;
		if (!c->o->dry_run && cache_remove(dir, &all[i], &err)) {
			keep_error(c, item, &err);
			left = true;
		}
	}
	if (!c->o->dry_run && !left)
		store_remove_tree(dir, NULL);
}

/* What a killed run left running; without the folder nobody would know it any more. */
static void clean_strays(struct cleaner *c, struct str id, const char *dir)
{
	size_t n = 0;

	if (!access(arena_printf(c->a, "%s/lock", dir).p, F_OK))
		n = c->o->dry_run ? stray_count(dir) : stray_end(dir, 0);
	if (n)
		add_item(c, n == 1 ? "process" : "processes",
			arena_printf(c->a, "%zu of run " STR_FMT, n, STR_ARG(id)), -1);
}

static int clean_runs(struct cleaner *c, struct store *store, struct error *err)
{
	struct str *ids = NULL;
	size_t n = 0;

	if (!wants(c, CLEAN_RUNS))
		return 0;
	if (store_list(store, c->a, &ids, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		const char *dir = store_run_dir(store, c->a, ids[i]);

		if (!dir)
			continue;
		if (store_lock_held(arena_printf(c->a, "%s/lock", dir).p)) {
			add_item(c, "run", ids[i], -1)->kept = STR("it is still going on");
			continue;
		}
		clean_strays(c, ids[i], dir);
		clean_tree(c, "run", ids[i], dir);
	}
	return 0;
}

/* What is left of environments goes with the runs that deployed to them. */
static void clean_environments(struct cleaner *c, const struct store *store)
{
	const char *path = arena_printf(c->a, "%s/environments.json", store->root).p;
	struct stat st;
	struct clean_item *item;

	if (!wants(c, CLEAN_RUNS) || stat(path, &st))
		return;
	item = add_item(c, "environments", str_c(path), (int64_t)st.st_size);
	if (!c->o->dry_run && unlink(path)) {
		struct error err = ERROR_INIT;

		error_sys(&err, errno, "can't remove '%s'", path);
		keep_error(c, item, &err);
	}
}

/* Whoever was told the key of id_tokens will not trust the next one. */
static void clean_key(struct cleaner *c, const struct store *store)
{
	const char *path = arena_printf(c->a, "%s/oidc", store->root).p;

	if ((!c->o->what || c->o->what == CLEAN_ALL) && !access(path, F_OK))
		clean_tree(c, "key", str_c(path), path);
}

/* What is on the engine of the sources goes with the other volumes; this is what is known of it. */
static void clean_sources(struct cleaner *c, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		const char *one, *name;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		one = arena_printf(c->a, "%s/%s", dir, e->d_name).p;
		name = arena_printf(c->a, "sources/%s", e->d_name).p;
		if (store_lock_held(arena_printf(c->a, "%s/lock", one).p) ||
			store_lock_held(arena_printf(c->a, "%s/build", one).p))
			add_item(c, "cache", str_c(name), -1)->kept =
				STR("its run is still going on");
		else
			clean_tree(c, "cache", str_c(name), one);
	}
	if (d)
		closedir(d);
}

static int clean_files(struct cleaner *c, struct error *err)
{
	struct store store;
	int rc;

	if (!c->o->root || store_open(&store, c->o->root, false, err))
		return c->o->root ? -1 : 0;
	clean_caches(c, &store);
	if (wants(c, CLEAN_CACHES))
		clean_sources(c, arena_printf(c->a, "%s/sources", store.root).p);
	rc = clean_runs(c, &store, err);
	clean_environments(c, &store);
	clean_key(c, &store);
	store_release(&store);
	return rc;
}

/* The engines of further runners. */
static void clean_more(struct cleaner *c)
{
	for (size_t i = 0; i < c->o->n_more && !c->s.signum; i++) {
		session_engine_close(&c->s);
		if (!session_engine(&c->s, &c->o->more[i], &c->first))
			clean_engine(c, &c->first);
	}
}

int clean(struct clean_result *out, bool *no_engine, struct arena *a, const struct clean_options *o,
	struct error *err)
{
	struct cleaner c = {.o = o, .a = a, .first = ERROR_INIT};
	bool files = wants(&c, CLEAN_CACHES) || wants(&c, CLEAN_RUNS);
	struct error engine = ERROR_INIT;

	*no_engine = false;
	if (session_open(&c.s, err))
		return -1;
	if (wants(&c, CLEAN_ENGINE) || wants(&c, CLEAN_REGISTRY) || wants(&c, CLEAN_CACHES)) {
		if (session_engine(&c.s, &o->registry.engine, &engine))
			*no_engine = !c.s.signum;
		else if (clean_engine(&c, &engine) || clean_registry(&c, &engine))
			error_pass(&c.first, &engine);
		clean_more(&c);
	}
	if (c.s.signum || (*no_engine && !files))
		error_pass(&c.first, &engine);
	if (files && !c.s.signum)
		clean_files(&c, &c.first);
	session_close(&c.s, &c.first);
	out->items = c.items.v;
	out->n = c.items.n;
	if (error_is(&c.first))
		return error_pass(err, &c.first);
	return 0;
}
