#include "base/base.h"
#include "emulator/runner/leftover.h"
#include "emulator/docker/volume.h"
#include "emulator/runner/janitor.h"
#include "emulator/runner/layer_list.h"
#include "emulator/runner/layers.h"
#include "emulator/runner/stray.h"
#include "emulator/store/store.h"

#include <dirent.h>
#include <time.h>
#include <unistd.h>

static bool own_host(struct docker_kvs labels)
{
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	return str_is(docker_kv_get(labels, "cilocal.host"), host);
}

void leftover_labels(
	struct arena *a, const char *run_id, const char *lock_path, struct docker_kv *v)
{
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	v[0] = (struct docker_kv){STR("cilocal.managed"), STR("true")};
	v[1] = (struct docker_kv){STR("cilocal.run"), arena_str(a, str_c(run_id))};
	v[2] = (struct docker_kv){STR("cilocal.pid"), arena_printf(a, "%ld", (long)getpid())};
	v[3] = (struct docker_kv){STR("cilocal.lock"), arena_str(a, str_c(lock_path))};
	v[4] = (struct docker_kv){STR("cilocal.host"), arena_str(a, str_c(host))};
}

static bool is_dead(const char *lock, const char *run_dir)
{
	CLEANUP(free) char *mark = xasprintf("%s/" JANITOR_KEEP_FILE, run_dir);

	return !store_lock_held(lock) && access(mark, F_OK) != 0;
}

bool leftover_by_labels(struct docker_kvs labels)
{
	struct str lock = docker_kv_get(labels, "cilocal.lock");
	CLEANUP(free) char *path = xasprintf(STR_FMT, STR_ARG(lock));
	CLEANUP(free) char *dir = xasprintf(STR_FMT, STR_ARG(lock));
	char *slash = strrchr(dir, '/');

	if (slash)
		*slash = '\0';
	return lock.n && own_host(labels) && is_dead(path, dir);
}

/* As store_run_create() makes them: YYYYMMDD-HHMMSS-xxxx. */
#define ID_LENGTH 20

static bool is_id(struct str s)
{
	for (size_t i = 0; i < ID_LENGTH; i++)
		if (i == 8 || i == 15 ? s.p[i] != '-'
				      : !(i < 15 ? isdigit((unsigned char)s.p[i])
						 : isxdigit((unsigned char)s.p[i])))
			return false;
	return true;
}

static const struct str runs = STR_INIT("cilocal-");
static const struct str sources = STR_INIT("cilocal-cache-sources-");

bool leftover_is_sources(struct str volume)
{
	return str_starts(volume, sources);
}

struct str leftover_run_of(struct str volume)
{
	if (!str_starts(volume, runs))
		return STR_NULL;
	volume = str_from(volume, leftover_is_sources(volume) ? sources.n : runs.n);
	if (volume.n <= ID_LENGTH + 1 || volume.p[ID_LENGTH] != '-' || !is_id(volume))
		return STR_NULL;
	return str_sub(volume, 0, ID_LENGTH);
}

/* Named in a state of the project's, or about to be. */
static bool sources_in_use(const char *root, struct str volume)
{
	CLEANUP(free) char *dir = xasprintf("%s/sources", root);
	DIR *d = opendir(dir);
	struct dirent *e;
	bool used = false;

	while (d && !used && (e = readdir(d))) {
		CLEANUP(free) char *one = xasprintf("%s/%s", dir, e->d_name);
		CLEANUP(free) char *build = xasprintf("%s/build", one);

		if (e->d_name[0] == '.')
			continue;
		used = store_lock_held(build) || layer_state_has(one, volume);
	}
	if (d)
		closedir(d);
	return used;
}

bool leftover_by_name(const char *root, struct str volume)
{
	struct str id = leftover_run_of(volume);
	CLEANUP(free) char *dir = NULL;
	CLEANUP(free) char *lock = NULL;

	if (!root || !id.n)
		return false;
	dir = xasprintf("%s/runs/" STR_FMT, root, STR_ARG(id));
	lock = xasprintf("%s/lock", dir);
	if (access(dir, F_OK) || !is_dead(lock, dir))
		return false;
	return !leftover_is_sources(volume) || !sources_in_use(root, volume);
}

/* Longer than any run takes. */
#define LONG_AGO_S 86400

bool leftover_by_age(const char *root, struct str volume, int64_t now_s)
{
	struct str id = leftover_run_of(volume);
	time_t then = (time_t)(now_s - LONG_AGO_S);
	char stamp[16];
	struct tm tm;

	if (!id.n || leftover_is_sources(volume))
		return false;
	if (root) {
		CLEANUP(free) char *dir = xasprintf("%s/runs/" STR_FMT, root, STR_ARG(id));

		if (!access(dir, F_OK))
			return false;
	}
	localtime_r(&then, &tm); /* as ids are made */
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	return memcmp(id.p, stamp, strlen(stamp)) < 0;
}

/*
 * The lock of whoever makes such a volume is looked at first: what it makes stands in the state
 * once that is free.
 */
bool leftover_sources(const struct volume_row *row)
{
	struct str dir = docker_kv_get(row->labels, LAYERS_LABEL);
	CLEANUP(free) char *path = xasprintf(STR_FMT, STR_ARG(dir));
	CLEANUP(free) char *build = xasprintf("%s/build", path);
	CLEANUP(free) char *lock = xasprintf("%s/lock", path);

	return dir.n && own_host(row->labels) && !store_lock_held(build) &&
	       !layer_state_has(path, row->name) && !store_lock_held(lock);
}

static size_t each_dead(const char *root, void (*fn)(void *arg, const char *dir), void *arg)
{
	return root ? store_each_dead(root, "runs", fn, arg) : 0;
}

bool leftover_runs_died(const char *root)
{
	return each_dead(root, NULL, NULL) > 0;
}

static void end_strays(void *arg, const char *run_dir)
{
	size_t *n = arg;

	*n += stray_end(run_dir, 0);
}

size_t leftover_runs_end(const char *root)
{
	size_t n = 0;

	each_dead(root, end_strays, &n);
	return n;
}

static void settle(void *arg, const char *run_dir)
{
	CLEANUP(free) char *lock = xasprintf("%s/lock", run_dir);

	UNUSED(arg);
	unlink(lock);
}

void leftover_runs_settled(const char *root)
{
	each_dead(root, settle, NULL);
}
