#include "base/base.h"
#include "emulator/git/watch.h"
#include "emulator/core/error.h"
#include "emulator/core/loop.h"
#include "emulator/git/repo.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Who saves writes several times; who checks out another branch, for a while. */
#define QUIET_MS   60
#define LONGEST_MS 1000

/* What a file looks like from outside. */
struct look {
	bool there;
	uint32_t mode;
	uint64_t size;
	int64_t s;
	int64_t ns;
};

struct watched {
	uv_fs_event_t handle;
	struct tree_watch *w; /* NULL: it is closing */
	ino_t inode;
	dev_t dev;
	bool index; /* git's own folder: only its index counts */
};

struct files {
	struct arena arena;
	struct map map; /* path -> struct look */
};

struct tree_watch {
	struct loop *loop;
	const struct repo *repo;
	void (*woken)(void *arg);
	void *arg;
	struct loop_timer timer;
	uint64_t first; /* loop_now() of the first event since the last look; 0: none */
	struct arena arena;
	VEC(struct str) also;
	struct map
		folders; /* absolute path -> struct watched, in the arena; NULL: not watched now */
	struct map wanted;   /* the folders that the present look has been at */
	struct look index;   /* when the list was asked for */
	struct arena listed; /* owns the list */
	VEC(struct str) tracked;
	struct files now;
	bool looked;
	struct tree_watch_state state;
};

static struct look look_at(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return (struct look){.there = false};
	/* Of a folder (a submodule) only that it is there. */
	if (S_ISDIR(st.st_mode))
		return (struct look){.there = true, .mode = S_IFDIR};
	return (struct look){.there = true,
		.mode = st.st_mode,
		.size = (uint64_t)st.st_size,
		.s = st.st_mtim.tv_sec,
		.ns = st.st_mtim.tv_nsec};
}

static bool same(const struct look *a, const struct look *b)
{
	return a->there == b->there && a->mode == b->mode && a->size == b->size && a->s == b->s &&
	       a->ns == b->ns;
}

/* ---- events ---- */

static void on_quiet(void *arg)
{
	struct tree_watch *w = arg;

	w->first = 0;
	w->woken(w->arg);
}

static void on_event(uv_fs_event_t *h, const char *name, int events, int status)
{
	struct watched *f = container_of(h, struct watched, handle);
	struct tree_watch *w = f->w;
	uint64_t now;

	UNUSED(events);
	UNUSED(status);
	if (!w || (f->index && name && strcmp(name, "index") != 0))
		return;
	now = loop_now(w->loop);
	if (!w->first)
		w->first = now ? now : 1;
	if (now - w->first < LONGEST_MS)
		loop_timer_start(w->loop, &w->timer, QUIET_MS, on_quiet, w);
}

static void on_closed(uv_handle_t *h)
{
	free(container_of((uv_fs_event_t *)h, struct watched, handle));
}

static void unwatch(struct watched *f)
{
	f->w = NULL;
	uv_close((uv_handle_t *)&f->handle, on_closed);
}

static struct watched *watch(struct tree_watch *w, const char *path, const struct stat *st)
{
	struct watched *f = xcalloc(1, sizeof(*f));
	int rc = uv_fs_event_init(loop_uv(w->loop), &f->handle);

	if (!rc) {
		f->w = w;
		f->inode = st->st_ino;
		f->dev = st->st_dev;
		rc = uv_fs_event_start(&f->handle, on_event, path, 0);
		if (!rc)
			return f;
		unwatch(f);
	} else {
		free(f);
	}
	/* A folder that has gone meanwhile is no failure. */
	if (rc != UV_ENOENT && rc != UV_ENOTDIR) {
		w->state.unwatched++;
		w->state.why = w->state.why ? w->state.why : rc;
	}
	return NULL;
}

/* The folder of this path is wanted; one that is another one by now is watched anew. */
static void want_folder(struct tree_watch *w, struct str path, bool index)
{
	struct watched *f = map_get(&w->folders, path);
	CLEANUP(free) char *full = xstrndup(path.p, path.n);
	struct stat st;
	bool there;

	if (map_put(&w->wanted, path, w))
		return;
	path = f || map_has(&w->folders, path) ? path : arena_str(&w->arena, path);
	there = !stat(full, &st) && S_ISDIR(st.st_mode);
	if (f && (!there || f->inode != st.st_ino || f->dev != st.st_dev)) {
		unwatch(f);
		f = NULL;
	}
	if (!f && there)
		f = watch(w, full, &st);
	if (f)
		f->index = index;
	map_put(&w->folders, path, f);
}

/* All folders above the file, as far as the root. */
static void want_above(struct tree_watch *w, struct str path)
{
	struct str root = w->repo->root;
	size_t slash;

	while ((slash = str_rchr(path, '/')) != STR_NPOS && slash) {
		path = str_sub(path, 0, slash);
		if (map_has(&w->wanted, path))
			return;
		want_folder(w, path, false);
		if (path.n <= root.n)
			return;
	}
}

static void drop_unwanted(struct tree_watch *w)
{
	w->state.folders = 0;
	map_each (struct map_entry *, e, &w->folders) {
		struct watched *f = e->value;

		if (f && !map_has(&w->wanted, e->key)) {
			unwatch(f);
			e->value = NULL;
		} else if (f) {
			w->state.folders++;
		}
	}
}

/* ---- files ---- */

static int list_tracked(struct tree_watch *w, struct error *err)
{
	static const char *const args[] = {"ls-files", "-z", NULL};
	CLEANUP(free) char *path = xasprintf(STR_FMT "/index", STR_ARG(w->repo->git_dir));
	struct look index = look_at(path);
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	size_t from = 0;
	int code;

	if (w->looked && same(&index, &w->index))
		return 0;
	code = repo_git(w->repo, &out, err, args);
	if (code)
		return code < 0 ? -1 : error_set(err, ERR_SYS, code, "git ls-files failed");
	arena_release(&w->listed);
	w->tracked.v = NULL;
	w->tracked.n = w->tracked.cap = 0;
	for (size_t i = 0; i < out.n; i++)
		if (!out.p[i]) {
			struct str one = arena_printf(
				&w->listed, STR_FMT "/%s", STR_ARG(w->repo->root), out.p + from);

			vec_push_in(&w->listed, &w->tracked, one);
			from = i + 1;
		}
	w->index = index;
	return 0;
}

static void add_file(struct tree_watch *w, struct files *to, struct str path)
{
	struct look *l = arena_new(&to->arena, struct look);

	*l = look_at(path.p);
	w->state.files += l->there;
	map_put(&to->map, arena_str(&to->arena, path), l);
	want_above(w, path);
}

static struct str said_path(const struct tree_watch *w, struct arena *a, struct str path)
{
	size_t root = w->repo->root.n + 1;

	return arena_str(
		a, str_starts(path, w->repo->root) && path.n > root ? str_from(path, root) : path);
}

static void compare(const struct tree_watch *w, const struct files *before,
	const struct files *after, struct arena *a, struct str_list *changed)
{
	VEC(struct str) v = {0};

	map_each (const struct map_entry *, e, &after->map) {
		const struct look *old = map_get(&before->map, e->key);

		if (!old || !same(old, e->value))
			vec_push_in(a, &v, said_path(w, a, e->key));
	}
	map_each (const struct map_entry *, e, &before->map) {
		if (!map_has(&after->map, e->key))
			vec_push_in(a, &v, said_path(w, a, e->key));
	}
	*changed = (struct str_list){v.v, v.n};
}

int tree_watch_look(
	struct tree_watch *w, struct arena *a, struct str_list *changed, struct error *err)
{
	struct files next = {.arena = ARENA_INIT};

	*changed = (struct str_list){NULL, 0};
	if (list_tracked(w, err))
		return -1;
	w->state = (struct tree_watch_state){0};
	map_init(&w->wanted, &next.arena);
	map_init(&next.map, &next.arena);
	map_reserve(&next.map, w->tracked.n + w->also.n);
	/* Before the files are looked at, so that nothing gets lost in between. */
	want_folder(w, w->repo->root, false);
	want_folder(w, w->repo->git_dir, true);
	for (size_t i = 0; i < w->tracked.n; i++)
		want_above(w, w->tracked.v[i]);
	for (size_t i = 0; i < w->tracked.n; i++)
		add_file(w, &next, w->tracked.v[i]);
	for (size_t i = 0; i < w->also.n; i++)
		if (!map_has(&next.map, w->also.v[i]))
			add_file(w, &next, w->also.v[i]);
	drop_unwanted(w);
	if (w->looked)
		compare(w, &w->now, &next, a, changed);
	arena_release(&w->now.arena);
	w->now = next;
	w->now.map.arena = &w->now.arena;
	w->looked = true;
	return 0;
}

/* ---- the whole ---- */

struct tree_watch *tree_watch_new(
	struct loop *l, const struct repo *r, void (*woken)(void *arg), void *arg)
{
	struct tree_watch *w = xcalloc(1, sizeof(*w));

	w->loop = l;
	w->repo = r;
	w->woken = woken;
	w->arg = arg;
	map_init(&w->folders, &w->arena);
	map_init(&w->now.map, &w->now.arena);
	return w;
}

void tree_watch_free(struct tree_watch *w)
{
	if (!w)
		return;
	loop_timer_stop(&w->timer);
	map_each (struct map_entry *, e, &w->folders) {
		if (e->value)
			unwatch(e->value);
	}
	arena_release(&w->now.arena);
	arena_release(&w->listed);
	arena_release(&w->arena);
	free(w);
}

void tree_watch_also(struct tree_watch *w, const struct str *paths, size_t n)
{
	w->also.n = 0;
	for (size_t i = 0; i < n; i++) {
		struct str full = str_starts(paths[i], STR("/"))
					  ? arena_str(&w->arena, paths[i])
					  : arena_printf(&w->arena, STR_FMT "/" STR_FMT,
						    STR_ARG(w->repo->root), STR_ARG(paths[i]));

		vec_push_in(&w->arena, &w->also, full);
	}
}

struct tree_watch_state tree_watch_state(const struct tree_watch *w)
{
	return w->state;
}
