#include "base/base.h"
#include "emulator/runner/sources_tree.h"
#include "base/map.h"
#include "emulator/core/error.h"
#include "emulator/git/repo.h"
#include "emulator/runner/sources.h"
#include "emulator/runner/sources_house.h"
#include "emulator/runner/sources_internal.h"
#include "emulator/runner/sources_put.h"
#include "emulator/store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* Files are put right by this many threads where there are enough of them to be worth it. */
#define THREADS_MAX  4
#define THREADS_FROM 500
#define PER_STEP     64
/*
 * What a write in the same tick of the clock would not change says nothing: times are set to before
 * this many seconds, and what is newer is written anew each time.
 */
#define SETTLED_S 2

/* What a view consists of, once for all its trees. */
struct plan {
	struct plan *next;
	struct arena arena;
	struct map by_path; /* index + 1 */
	VEC(struct entry) v;
	uint32_t *above; /* of each: index + 1 of the folder it is in; 0: the root */
	/* which view */
	bool git_only;
	bool *modules;
	struct str shallow;
};

/* What stood there when it was written. */
struct seen {
	bool known;
	mode_t mode;
	ino_t inode;
	off_t size;
	struct timespec mtime, ctime;
};

struct tree {
	struct tree *next;
	const struct plan *plan;
	char *dir;         /* where it is */
	char *house;       /* what is kept with it, while nobody has it; NULL: nothing */
	mode_t house_mode; /* of the folders that were made for it */
	bool lent, used;   /* to a job; by an earlier job */
	struct seen *seen; /* of each entry, then of the root */
	/* while it is filled */
	int fd;
	atomic_bool *dirty; /* folders in which something was made or removed */
	atomic_size_t at;
	const atomic_bool *stop;
	uv_mutex_t mutex; /* of error */
	struct error error;
};

struct sources_trees {
	uv_mutex_t mutex;
	struct plan *plans;
	struct tree *trees;
	char *pool;
	unsigned n_given;
};

struct sources_trees *sources_trees_new(void)
{
	struct sources_trees *t = xcalloc(1, sizeof(*t));

	if (uv_mutex_init(&t->mutex))
		die_oom(0);
	return t;
}

static void tree_free(struct tree *t)
{
	free(t->dir);
	free(t->house);
	free(t->seen);
	free(t);
}

static void plan_free(struct plan *p)
{
	free(p->modules);
	arena_release(&p->arena);
	free(p);
}

void sources_trees_free(struct sources_trees *t)
{
	struct tree *tree;
	struct plan *p;

	if (!t)
		return;
	while ((tree = t->trees)) {
		t->trees = tree->next;
		tree_free(tree);
	}
	while ((p = t->plans)) {
		t->plans = p->next;
		plan_free(p);
	}
	if (t->pool)
		store_remove_tree(t->pool, NULL);
	free(t->pool);
	uv_mutex_destroy(&t->mutex);
	free(t);
}

/* Plans */

/*
 * The objects of git are not copied: the job's repository borrows them from the user's, as that of
 * `git clone --shared` does. New ones go to its own; nothing ever writes to a borrowed place. So a
 * job of a repository with a long history starts as quickly as one of a new repository.
 */
static bool is_borrowed(struct str path)
{
	struct str rest;

	if (!str_starts(path, STR(".git/objects/")))
		return false;
	rest = str_from(path, strlen(".git/objects/"));
	return !str_is(rest, "info") && !str_is(rest, "pack");
}

static void plan_add(struct plan *p, struct entry e)
{
	vec_push_in(&p->arena, &p->v, e);
	map_put(&p->by_path, e.path, (void *)(uintptr_t)p->v.n);
}

static void borrow_objects(struct plan *p, const struct sources *s)
{
	struct entry e = {.kind = ENTRY_FILE, .path = STR(".git/objects/info/alternates")};
	struct entry info = {.kind = ENTRY_DIR, .path = STR(".git/objects/info"), .mode = 0777};

	if (!s->repo || !map_has(&p->by_path, STR(".git/objects")))
		return;
	if (!map_has(&p->by_path, info.path))
		plan_add(p, info);
	e.data = arena_printf(&p->arena, STR_FMT "/objects\n", STR_ARG(s->repo->common_dir));
	plan_add(p, e);
}

static uint32_t index_above(const struct plan *p, struct str path)
{
	size_t slash = str_rchr(path, '/');

	return slash == STR_NPOS
		       ? 0
		       : (uint32_t)(uintptr_t)map_get(&p->by_path, str_sub(path, 0, slash));
}

static struct plan *plan_new(const struct sources *s, const struct sources_view *view)
{
	struct plan *p = xcalloc(1, sizeof(*p));
	struct sources_pick pick;
	const struct entry *e;

	arena_init(&p->arena);
	map_init(&p->by_path, &p->arena);
	p->git_only = view->git_only;
	p->shallow = arena_str(&p->arena, view->shallow);
	sources_pick_start(&pick, s, view);
	pick.view.shallow = pick.shallow.data = p->shallow;
	while ((e = sources_pick_next(&pick)))
		if (!is_borrowed(e->path))
			plan_add(p, *e);
	p->modules = pick.modules;
	borrow_objects(p, s);
	p->above = arena_array(&p->arena, uint32_t, p->v.n + 1);
	for (size_t i = 0; i < p->v.n; i++)
		p->above[i] = index_above(p, p->v.v[i].path);
	return p;
}

static bool plan_is(const struct plan *p, const struct sources *s, const struct sources_view *view)
{
	if (p->git_only != view->git_only || !str_eq(p->shallow, view->shallow))
		return false;
	for (size_t i = 0; i < s->snapshot.modules.n; i++)
		if (p->modules[i] != sources_has_module(s, view, i))
			return false;
	return true;
}

static const struct plan *plan_of(
	struct sources_trees *t, const struct sources *s, const struct sources_view *view)
{
	struct plan *p;

	for (p = t->plans; p; p = p->next)
		if (plan_is(p, s, view))
			return p;
	p = plan_new(s, view);
	p->next = t->plans;
	t->plans = p;
	return p;
}

/* What was seen */

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_as_seen(const struct seen *s, const struct stat *st)
{
	return s->known && s->inode == st->st_ino && s->mode == st->st_mode &&
	       s->size == st->st_size && same_time(s->mtime, st->st_mtim) &&
	       same_time(s->ctime, st->st_ctim);
}

static void see(struct seen *s, const struct stat *st)
{
	*s = (struct seen){.known = st->st_mtim.tv_sec + SETTLED_S <= time(NULL),
		.mode = st->st_mode,
		.inode = st->st_ino,
		.size = st->st_size,
		.mtime = st->st_mtim,
		.ctime = st->st_ctim};
}

/* Folders */

static const char *path_of(const struct tree *t, size_t i)
{
	return i == t->plan->v.n ? "." : t->plan->v.v[i].path.p;
}

static int remove_at(struct tree *t, const char *path)
{
	CLEANUP(free) char *all = NULL;

	if (!unlinkat(t->fd, path, 0) || errno == ENOENT)
		return 0;
	all = xasprintf("%s/%s", t->dir, path);
	return store_remove_tree(all, &t->error);
}

/* What stands in the folder and does not belong there goes. */
static int sweep(struct tree *t, size_t i)
{
	struct buf path = BUF_INIT;
	int fd = openat(t->fd, path_of(t, i), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
	    r = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		error_sys(&t->error, errno, "cannot open '%s'", path_of(t, i));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	/* An access list of the folder would go over to what is made in it. */
	if (fgetxattr(fd, "system.posix_acl_default", NULL, 0) >= 0)
		r = error_set(&t->error, ERR_SYS, EACCES, "'%s' has an access list", path_of(t, i));
	while (!r && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		buf_clear(&path);
		if (i < t->plan->v.n)
			buf_printf(&path, "%s/", path_of(t, i));
		buf_adds(&path, e->d_name);
		if (!map_has(&t->plan->by_path, buf_str(&path)))
			r = remove_at(t, path.p);
	}
	closedir(d);
	buf_release(&path);
	return r;
}

static int make_folder(struct tree *t, size_t i)
{
	const char *path = path_of(t, i);
	struct stat st;

	if (t->used && !fstatat(t->fd, path, &st, AT_SYMLINK_NOFOLLOW)) {
		if (is_as_seen(&t->seen[i], &st))
			return 0;
		atomic_store(&t->dirty[i], true);
		if (S_ISDIR(st.st_mode)) {
			if (t->seen[i].mode && t->seen[i].mode != st.st_mode &&
				fchmodat(t->fd, path, t->seen[i].mode & 07777, 0))
				return error_sys(&t->error, errno, "cannot change '%s'", path);
			return sweep(t, i);
		}
		if (remove_at(t, path))
			return -1;
	}
	atomic_store(&t->dirty[i], true);
	if (i < t->plan->v.n && mkdirat(t->fd, path, 0777) && errno != EEXIST)
		return error_sys(&t->error, errno, "cannot make folder '%s'", path);
	if (i < t->plan->v.n)
		atomic_store(
			&t->dirty[t->plan->above[i] ? t->plan->above[i] - 1 : t->plan->v.n], true);
	return 0;
}

/*
 * From now on its time tells whether it was written: for folders, and for files that have no time
 * of their own.
 */
static void see_settled(struct tree *t, size_t i)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - SETTLED_S}};
	struct stat st;

	t->seen[i].known = false;
	if (!utimensat(t->fd, path_of(t, i), times, 0) &&
		!fstatat(t->fd, path_of(t, i), &st, AT_SYMLINK_NOFOLLOW))
		see(&t->seen[i], &st);
}

/* Files */

static int make_file(struct tree *t, size_t i, struct error *err)
{
	const struct entry *e = &t->plan->v.v[i];
	struct stat st;

	if (t->used) {
		if (!fstatat(t->fd, e->path.p, &st, AT_SYMLINK_NOFOLLOW)) {
			if (is_as_seen(&t->seen[i], &st))
				return 0;
			if (unlinkat(t->fd, e->path.p, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0)) {
				CLEANUP(free) char *all = xasprintf("%s/%s", t->dir, e->path.p);

				if (store_remove_tree(all, err))
					return -1;
			}
		}
	}
	t->seen[i].known = false;
	atomic_store(&t->dirty[t->plan->above[i] ? t->plan->above[i] - 1 : t->plan->v.n], true);
	if (sources_put(t->fd, e, &st, err))
		return -1;
	if (st.st_nlink && e->kind == ENTRY_FILE && !e->mtime_s)
		see_settled(t, i);
	else if (st.st_nlink)
		see(&t->seen[i], &st);
	return 0;
}

static void make_files(void *arg)
{
	struct tree *t = arg;
	size_t n = t->plan->v.n, from, i;
	struct error err = ERROR_INIT;

	while (!error_is(&err) && (from = atomic_fetch_add(&t->at, PER_STEP)) < n) {
		if (atomic_load(t->stop))
			error_set(&err, ERR_CANCELLED, 0, "copying the sources was stopped");
		for (i = from; i < n && i < from + PER_STEP && !error_is(&err); i++)
			if (t->plan->v.v[i].kind != ENTRY_DIR)
				make_file(t, i, &err);
	}
	if (!error_is(&err))
		return;
	atomic_store(&t->at, n);
	uv_mutex_lock(&t->mutex);
	error_pass(&t->error, &err);
	uv_mutex_unlock(&t->mutex);
}

static void make_all_files(struct tree *t)
{
	unsigned want = MIN(uv_available_parallelism(), THREADS_MAX), n = 0;
	uv_thread_t threads[THREADS_MAX];

	atomic_store(&t->at, 0);
	while (t->plan->v.n >= THREADS_FROM && n + 1 < want &&
		!uv_thread_create(&threads[n], make_files, t))
		n++;
	make_files(t);
	while (n)
		uv_thread_join(&threads[--n]);
}

static int fill(struct tree *t, const atomic_bool *stop)
{
	size_t n = t->plan->v.n, i;

	t->error = ERROR_INIT;
	t->stop = stop;
	t->dirty = xcalloc(n + 1, sizeof(*t->dirty));
	t->fd = open(t->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (t->fd < 0)
		error_sys(&t->error, errno, "cannot open '%s'", t->dir);
	else
		make_folder(t, n);
	for (i = 0; !error_is(&t->error) && i < n; i++)
		if (t->plan->v.v[i].kind == ENTRY_DIR)
			make_folder(t, i);
	if (!error_is(&t->error))
		make_all_files(t);
	for (i = 0; !error_is(&t->error) && i <= n; i++)
		if (atomic_load(&t->dirty[i]))
			see_settled(t, i);
	if (t->fd >= 0)
		close(t->fd);
	free(t->dirty);
	return error_is(&t->error) ? -1 : 0;
}

int tree_fill(struct tree *t, const atomic_bool *stop, struct error *err)
{
	int r;

	if (uv_mutex_init(&t->mutex))
		die_oom(0);
	r = fill(t, stop);
	if (r && t->used && t->error.domain != ERR_CANCELLED && !store_remove_tree(t->dir, NULL) &&
		!store_make_dirs(t->dir, NULL)) {
		t->used = false;
		r = fill(t, stop);
	}
	uv_mutex_destroy(&t->mutex);
	if (r)
		error_pass(err, &t->error);
	return r;
}

/* Who has which */

static struct tree *tree_new(const struct plan *p, const char *dir)
{
	struct tree *t = xcalloc(1, sizeof(*t));

	t->plan = p;
	t->seen = xcalloc(p->v.n + 1, sizeof(*t->seen));
	t->dir = xstrdup(dir);
	return t;
}

/* To dir, with its house or into one that is made. */
static int move_in(struct tree *tree, const char *top, const char *dir)
{
	const char *inside = house_inside(top, dir), *was;
	int r;

	was = tree->house ? house_inside(tree->house, tree->dir) : NULL;
	if (was && inside && !strcmp(was, inside) && !rename(tree->house, top))
		return 0;
	if (house_make(dir, &tree->house_mode, NULL))
		return -1;
	r = rename(tree->dir, dir);
	if (!r && tree->house)
		store_remove_tree(tree->house, NULL);
	return r;
}

/* Where the tree is after it was moved. dir is copied; house (NULL: none) becomes the tree's. */
static void set_place(struct tree *tree, const char *dir, char *house)
{
	free(tree->dir);
	free(tree->house);
	tree->dir = xstrdup(dir);
	tree->house = house;
}

struct tree *tree_take(struct sources_trees *t, const struct sources *s,
	const struct sources_view *view, const char *top, const char *dir, struct error *err)
{
	const struct plan *p;
	struct tree *tree;
	mode_t mode;

	uv_mutex_lock(&t->mutex);
	p = plan_of(t, s, view);
	for (tree = t->trees; tree && (tree->lent || tree->plan != p); tree = tree->next)
		;
	if (tree && move_in(tree, top, dir))
		tree = NULL;
	if (tree) {
		set_place(tree, dir, NULL);
		tree->used = true;
	} else if (!house_make(dir, &mode, err) && !store_make_dirs(dir, err)) {
		tree = tree_new(p, dir);
		tree->house_mode = mode;
		tree->next = t->trees;
		t->trees = tree;
	}
	if (tree)
		tree->lent = true;
	uv_mutex_unlock(&t->mutex);
	return tree;
}

static void make_pool(struct sources_trees *t, const char *above)
{
	t->pool = xasprintf("%s/trees-XXXXXX", above);
	if (!mkdtemp(t->pool)) {
		free(t->pool);
		t->pool = NULL;
	}
}

/* The house that goes with the tree becomes *house. */
static int move_out(struct tree *tree, const char *top, const char *to, char **house)
{
	*house = NULL;
	if (!house_tidy(top, tree->dir, tree->house_mode) || rename(top, to))
		return rename(tree->dir, to);
	*house = xstrdup(to);
	return 0;
}

int tree_give_back(struct sources_trees *t, const char *top, const char *dir, const char *pool)
{
	CLEANUP(free) char *to = NULL, *now = NULL;
	struct tree **at, *tree;
	char *house = NULL;
	int r = -1;

	uv_mutex_lock(&t->mutex);
	for (at = &t->trees; *at && (!(*at)->lent || strcmp((*at)->dir, dir) != 0);
		at = &(*at)->next)
		;
	tree = *at;
	if (tree && !t->pool)
		make_pool(t, pool);
	if (tree && t->pool) {
		to = xasprintf("%s/%u", t->pool, ++t->n_given);
		r = move_out(tree, top, to, &house);
	}
	if (!r) {
		now = house ? xasprintf("%s/%s", house, house_inside(top, dir)) : xstrdup(to);
		set_place(tree, now, house);
		tree->lent = false;
	} else if (tree) {
		*at = tree->next;
		tree_free(tree);
	}
	uv_mutex_unlock(&t->mutex);
	return r;
}

int tree_fill_once(const struct sources *s, const struct sources_view *view, const char *dir,
	const atomic_bool *stop, struct error *err)
{
	struct plan *p = plan_new(s, view);
	struct tree *t = tree_new(p, dir);
	int r = tree_fill(t, stop, err);

	tree_free(t);
	plan_free(p);
	return r;
}
