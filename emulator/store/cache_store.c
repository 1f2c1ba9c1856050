#include "base/base.h"
#include "emulator/store/cache_store.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"
#include "emulator/core/error.h"
#include "emulator/store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A part that old belongs to nobody: its process died. */
#define PART_AGE_S 86400

static bool plain(struct str key)
{
	if (!key.n || key.n > 100 || key.p[0] == '.')
		return false;
	for (size_t i = 0; i < key.n; i++) {
		char c = key.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '_' || c == '.'))
			return false;
	}
	return !str_is(key, "lock");
}

/* The key itself where it can be a file's name; else something like it with a hash. */
static struct str name_of(struct arena *a, struct str key)
{
	return plain(key) ? key : arena_printf(a, "_" STR_FMT, STR_ARG(store_slug(a, key)));
}

static const char *file_of(struct arena *a, const char *cache_dir, struct str key, const char *file)
{
	return arena_printf(a, "%s/" STR_FMT "/%s", cache_dir, STR_ARG(name_of(a, key)), file).p;
}

const char *cache_archive(struct arena *a, const char *cache_dir, struct str key)
{
	return file_of(a, cache_dir, key, "cache.tar");
}

int cache_part(struct arena *a, const char *cache_dir, struct str key, const char **path,
	struct error *err)
{
	char *p;
	int fd;

	if (store_make_dirs(
		    arena_printf(a, "%s/" STR_FMT, cache_dir, STR_ARG(name_of(a, key))).p, err))
		return -1;
	*path = file_of(a, cache_dir, key, "part-XXXXXX");
	p = arena_alloc(a, strlen(*path) + 1);
	memcpy(p, *path, strlen(*path) + 1);
	*path = p;
	fd = mkostemp(p, O_CLOEXEC);
	return fd < 0 ? error_sys(err, errno, "cannot write a cache below '%s'", cache_dir) : fd;
}

struct one {
	char *dir;
	uint64_t bytes;
	struct timespec used;
	bool busy; /* somebody writes a new archive of it */
};

static bool older(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

static int by_age(const void *pa, const void *pb)
{
	const struct one *a = pa, *b = pb;

	return older(&a->used, &b->used) ? -1 : older(&b->used, &a->used);
}

/* Size and last use of a cache; parts of dead processes go. */
static void look(struct one *c)
{
	DIR *d = opendir(c->dir);
	struct dirent *e;
	struct stat st;
	bool known = false;

	while (d && (e = readdir(d))) {
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
			continue;
		if (!strncmp(e->d_name, "part-", 5)) {
			bool dead = st.st_mtime + PART_AGE_S < time(NULL);

			if (dead)
				unlinkat(dirfd(d), e->d_name, 0);
			c->busy = c->busy || !dead;
		}
		c->bytes += (uint64_t)st.st_blocks * 512;
		if (!strcmp(e->d_name, "metadata.json")) {
			c->used = st.st_mtim;
			known = true;
		} else if (!known) {
			c->used = st.st_mtim;
		}
	}
	if (d)
		closedir(d);
}

/* All caches, the one used longest ago first; dir of each is malloc'ed. */
static size_t list(const char *cache_dir, struct one **out)
{
	VEC(struct one) all = {0};
	DIR *d = opendir(cache_dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		struct one c = {0};

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
			!strcmp(e->d_name, "lock"))
			continue;
		c.dir = xasprintf("%s/%s", cache_dir, e->d_name);
		look(&c);
		vec_push(&all, c);
	}
	if (d)
		closedir(d);
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), by_age);
	*out = all.v;
	return all.n;
}

static size_t evict(const char *cache_dir, struct str keep, uint64_t limit)
{
	struct one *all;
	size_t n = list(cache_dir, &all), gone = 0;
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += all[i].bytes;
	for (size_t i = 0; i < n; i++) {
		bool stays = all[i].busy || str_is(keep, strrchr(all[i].dir, '/') + 1);

		if (sum > limit && !stays && !store_remove_tree(all[i].dir, NULL)) {
			sum -= MIN(sum, all[i].bytes);
			gone++;
		}
		free(all[i].dir);
	}
	free(all);
	return gone;
}

static struct str key_of(struct arena *a, const char *dir)
{
	const char *path = arena_printf(a, "%s/metadata.json", dir).p;
	json_t *j = json_load_file(path, 0, NULL);
	const char *key = json_string_value(json_object_get(j, "cachekey"));
	struct str out = arena_str(a, str_c(key && *key ? key : strrchr(dir, '/') + 1));

	json_decref(j);
	return out;
}

size_t cache_list(struct arena *a, const char *cache_dir, struct cache_info **out)
{
	struct one *all;
	size_t n = list(cache_dir, &all);

	*out = arena_array(a, struct cache_info, n + 1);
	for (size_t i = 0; i < n; i++) {
		(*out)[i] = (struct cache_info){.key = key_of(a, all[i].dir),
			.dir = arena_strdup(a, all[i].dir),
			.bytes = all[i].bytes,
			.used = all[i].used.tv_sec};
		free(all[i].dir);
	}
	free(all);
	return n;
}

static int lock_all(const char *cache_dir, struct error *err)
{
	CLEANUP(free) char *path = xasprintf("%s/lock", cache_dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0 && !flock(fd, LOCK_EX))
		return fd;
	error_sys(err, errno, "cannot lock '%s'", path);
	if (fd >= 0)
		close(fd);
	return -1;
}

int cache_remove(const char *cache_dir, const struct cache_info *c, struct error *err)
{
	CLEANUP(close) int fd = lock_all(cache_dir, err);

	return fd < 0 ? -1 : store_remove_tree(c->dir, err);
}

static int write_metadata(struct arena *a, const char *cache_dir, struct str key, struct error *err)
{
	json_t *j = json_object(), *text = json_stringn(key.p, key.n);
	CLEANUP(free) char *out = NULL;

	/* A key that is no UTF-8 has no name in JSON. */
	json_object_set_new(j, "cachekey", text ? text : json_string(""));
	out = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	return store_write_file(
		file_of(a, cache_dir, key, "metadata.json"), str_c(out ? out : "{}"), err);
}

int cache_commit(const char *cache_dir, struct str key, const char *part, uint64_t limit,
	size_t *evicted, struct error *err)
{
	struct arena a = ARENA_INIT;
	CLEANUP(close) int fd = lock_all(cache_dir, err);
	int r = -1;

	*evicted = 0;
	if (fd >= 0 && rename(part, cache_archive(&a, cache_dir, key)))
		error_sys(err, errno, "cannot write a cache below '%s'", cache_dir);
	else if (fd >= 0)
		r = write_metadata(&a, cache_dir, key, err);
	if (!r && limit)
		*evicted = evict(cache_dir, name_of(&a, key), limit);
	arena_release(&a);
	return r;
}

void cache_touch(const char *cache_dir, struct str key)
{
	struct arena a = ARENA_INIT;

	utimensat(AT_FDCWD, file_of(&a, cache_dir, key, "metadata.json"), NULL, 0);
	arena_release(&a);
}
