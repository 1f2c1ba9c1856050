#include "base/base.h"
#include "emulator/store/store.h"
#include "emulator/core/error.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SLUG_MAX 60

int store_open(struct store *s, const char *project_root, bool create, struct error *err)
{
	CLEANUP(free) char *ignore = NULL;

	arena_init(&s->arena);
	s->root = arena_printf(&s->arena, "%s/.cilocal", project_root).p;
	if (!create)
		return 0;
	if (store_make_dirs(s->root, err)) {
		store_release(s);
		return error_wrap(err, "no place to keep runs");
	}
	ignore = xasprintf("%s/.gitignore", s->root);
	if (access(ignore, F_OK) && store_write_file(ignore, STR("*\n"), err)) {
		store_release(s);
		return -1;
	}
	return 0;
}

void store_release(struct store *s)
{
	arena_release(&s->arena);
}

/* Makes the next id's folder; ids of one second differ by their end, in their order. */
static int make_run_dir(
	struct store *s, const char *place, struct store_run *r, long now_s, struct error *err)
{
	time_t t = (time_t)now_s;
	struct timespec now;
	struct tm tm;
	int tries;

	localtime_r(&t, &tm);
	clock_gettime(CLOCK_REALTIME, &now);
	for (tries = 0; tries < 100; tries++) {
		/* The part of the second: a later run sorts later. */
		unsigned part =
			(unsigned)((uint64_t)now.tv_nsec * 65536 / 1000000000) + (unsigned)tries;

		r->id = arena_printf(&r->arena, "%04d%02d%02d-%02d%02d%02d-%04x", tm.tm_year + 1900,
			tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, part & 0xffff)
				.p;
		r->dir = arena_printf(&r->arena, "%s/%s/%s", s->root, place, r->id).p;
		if (!mkdir(r->dir, 0777))
			return 0;
		if (errno != EEXIST)
			return error_sys(err, errno, "cannot make folder '%s'", r->dir);
	}
	return error_sys(err, EEXIST, "cannot make a folder in '%s/%s'", s->root, place);
}

uint64_t store_next_pipeline(const char *project_root)
{
	CLEANUP(free) char *path = xasprintf("%s/.cilocal/pipeline", project_root);
	struct error ignored = ERROR_INIT;
	struct arena a = ARENA_INIT;
	uint64_t number = 0;
	struct str text;

	if (!store_read_file(path, &a, 64, &text, &ignored) && !parse_u64(str_trim(text), &number))
		number = 0;
	arena_release(&a);
	return number < INT64_MAX ? number + 1 : 1;
}

int store_pipeline_made(struct store *s, uint64_t number, struct error *err)
{
	CLEANUP(free) char *path = xasprintf("%s/pipeline", s->root);
	char text[32];
	int n = snprintf(text, sizeof(text), "%" PRIu64 "\n", number);

	return store_write_file(path, str_n(text, (size_t)n), err);
}

static int create(
	struct store *s, const char *place, struct store_run *r, long now_s, struct error *err)
{
	CLEANUP(free) char *runs = xasprintf("%s/%s", s->root, place);

	*r = (struct store_run){.lock_fd = -1};
	arena_init(&r->arena);
	if (store_make_dirs(runs, err) || make_run_dir(s, place, r, now_s, err))
		return -1;
	r->lock_path = arena_printf(&r->arena, "%s/lock", r->dir).p;
	r->lock_fd = open(r->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	/* Whoever looks whether it is held holds it for a moment (store_lock_held()). */
	if (r->lock_fd < 0 || flock(r->lock_fd, LOCK_EX))
		return error_sys(err, errno, "cannot lock '%s'", r->lock_path);
	return 0;
}

int store_run_create(struct store *s, struct store_run *r, long now_s, struct error *err)
{
	return create(s, "runs", r, now_s, err);
}

size_t store_each_dead(
	const char *root, const char *place, void (*fn)(void *arg, const char *dir), void *arg)
{
	CLEANUP(free) char *all = xasprintf("%s/%s", root, place);
	struct dirent *e;
	DIR *d = opendir(all);
	size_t n = 0;

	while (d && (e = readdir(d))) {
		CLEANUP(free) char *dir = xasprintf("%s/%s", all, e->d_name);
		CLEANUP(free) char *lock = xasprintf("%s/lock", dir);

		/* What has no lock yet is being made. */
		if (!isdigit((unsigned char)e->d_name[0]) || access(lock, F_OK) ||
			store_lock_held(lock))
			continue;
		n++;
		if (fn)
			fn(arg, dir);
	}
	if (d)
		closedir(d);
	return n;
}

static void remove_dead(void *arg, const char *dir)
{
	UNUSED(arg);
	store_remove_tree(dir, NULL);
}

int store_shell_create(struct store *s, struct store_run *r, long now_s, struct error *err)
{
	store_each_dead(s->root, "shells", remove_dead, NULL);
	return create(s, "shells", r, now_s, err);
}

void store_run_remove(struct store_run *r)
{
	/* The lock last: until then it is not a dead one's folder. */
	store_remove_tree(r->dir, NULL);
	store_run_close(r);
}

void store_run_close(struct store_run *r)
{
	if (r->lock_fd >= 0) {
		unlink(r->lock_path);
		close(r->lock_fd);
	}
	arena_release(&r->arena);
	*r = (struct store_run){.lock_fd = -1};
}

bool store_lock_held(const char *lock_path)
{
	int fd = open(lock_path, O_RDWR | O_CLOEXEC);
	bool held;

	if (fd < 0)
		return errno != ENOENT && errno != ENOTDIR;
	held = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

/* What a run's folder holds beside those of its jobs. */
static bool is_ours(struct str slug)
{
	static const char *const names[] = {"lock", "committed", "keep"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_is(slug, names[i]))
			return true;
	return false;
}

struct str store_slug(struct arena *a, struct str name)
{
	struct buf b = BUF_INIT;
	bool lost = false;
	struct str r;
	size_t i;

	for (i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (islower(c) || isdigit(c) || (c == '-' && b.n && b.p[b.n - 1] != '-')) {
			buf_addc(&b, (char)c);
			continue;
		}
		lost = true;
		if (isupper(c))
			buf_addc(&b, (char)tolower(c));
		else if (b.n && b.p[b.n - 1] != '-')
			buf_addc(&b, '-');
	}
	while (b.n && b.p[b.n - 1] == '-') {
		buf_truncate(&b, b.n - 1);
		lost = true;
	}
	if (lost || b.n > SLUG_MAX || !b.n || is_ours(buf_str(&b))) {
		/* What was lost goes into a hash, so that distinct names stay distinct. */
		buf_truncate(&b, MIN(b.n, (size_t)SLUG_MAX - 9));
		buf_printf(&b, "%s%08x", b.n ? "-" : "job-", (unsigned)str_hash(name));
	}
	r = arena_str(a, buf_str(&b));
	buf_release(&b);
	return r;
}

const char *store_job_path(
	struct store_run *r, struct arena *a, struct str slug, const char *file, struct error *err)
{
	CLEANUP(free) char *dir = xasprintf("%s/" STR_FMT, r->dir, STR_ARG(slug));

	if (store_make_dirs(dir, err))
		return NULL;
	return arena_printf(a, "%s/%s", dir, file).p;
}

static int newest_first(const void *a, const void *b)
{
	return -str_qcmp(a, b);
}

int store_list(struct store *s, struct arena *a, struct str **ids, size_t *n, struct error *err)
{
	CLEANUP(free) char *runs = xasprintf("%s/runs", s->root);
	VEC(struct str) v = {0};
	struct dirent *e;
	DIR *d = opendir(runs);

	*ids = NULL;
	*n = 0;
	if (!d)
		return errno == ENOENT ? 0 : error_sys(err, errno, "cannot read '%s'", runs);
	while ((e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0])) {
			struct str id = arena_str(a, str_c(e->d_name));

			vec_push_in(a, &v, id);
		}
	closedir(d);
	if (v.n)
		qsort(v.v, v.n, sizeof(*v.v), newest_first);
	*ids = v.v;
	*n = v.n;
	return 0;
}

const char *store_run_dir(struct store *s, struct arena *a, struct str id)
{
	struct stat st;
	const char *dir;

	if (!id.n || str_chr(id, '/') != STR_NPOS || id.p[0] == '.')
		return NULL;
	dir = arena_printf(a, "%s/runs/" STR_FMT, s->root, STR_ARG(id)).p;
	return !stat(dir, &st) && S_ISDIR(st.st_mode) ? dir : NULL;
}

size_t store_prune(struct store *s, size_t keep)
{
	struct arena a = ARENA_INIT;
	struct str *ids;
	size_t n, i, gone = 0;

	if (store_list(s, &a, &ids, &n, NULL))
		n = 0;
	for (i = keep; i < n; i++) {
		CLEANUP(free) char *dir = xasprintf("%s/runs/" STR_FMT, s->root, STR_ARG(ids[i]));
		CLEANUP(free) char *lock = xasprintf("%s/lock", dir);

		if (!store_lock_held(lock) && !store_remove_tree(dir, NULL))
			gone++;
	}
	arena_release(&a);
	return gone;
}
