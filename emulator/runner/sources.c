#include "base/base.h"
#include "emulator/runner/sources.h"
#include "emulator/runner/sources_internal.h"
#include "emulator/runner/sources_tree.h"
#include "base/buf.h"
#include "emulator/core/trace.h"
#include "emulator/git/repo.h"
#include "emulator/store/archive.h"
#include "emulator/store/store.h"

struct sources *sources_new(struct loop *loop, const struct repo *repo)
{
	struct sources *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	s->repo = repo;
	s->refs = 1;
	s->error = ERROR_INIT;
	s->trees = sources_trees_new();
	arena_init(&s->snapshot.arena);
	if (!repo)
		s->state = SOURCES_READY;
	return s;
}

void sources_unref(struct sources *s)
{
	if (--s->refs)
		return;
	sources_trees_free(s->trees);
	snapshot_release(&s->snapshot);
	if (s->committed_dir)
		store_remove_tree(s->committed_dir, NULL);
	free(s->committed_dir);
	free(s);
}

void sources_free(struct sources *s)
{
	if (s)
		sources_unref(s);
}

const struct snapshot *sources_snapshot(const struct sources *s)
{
	return s->repo && s->state == SOURCES_READY ? &s->snapshot : NULL;
}

void sources_set_committed(struct sources *s, const char *dir)
{
	free(s->committed_dir);
	s->committed_dir = xstrdup(dir);
}

bool sources_committed(const struct sources *s)
{
	return s->committed_dir != NULL;
}

void sources_set_earlier(struct sources *s, struct str commit)
{
	s->earlier = commit;
}

int sources_shallow(const struct sources *s, unsigned depth, struct buf *out, struct error *err)
{
	return snapshot_shallow(s->repo, s->repo->sha, depth, out, err);
}

bool sources_take_note(struct sources *s)
{
	bool give = !s->noted && s->state == SOURCES_READY &&
		    (s->snapshot.n_untracked || s->snapshot.n_pointers);

	s->noted = s->noted || give;
	return give;
}

static void make(uv_work_t *w)
{
	struct sources *s = container_of(w, struct sources, work);
	struct snapshot_options o = {.committed_dir = s->committed_dir, .earlier = s->earlier};

	if (s->committed_dir && store_make_dirs(s->committed_dir, &s->error))
		return;
	snapshot_make(&s->snapshot, s->repo, &o, &s->error);
}

static void answer(void *arg)
{
	struct sources_wait *w = arg;
	struct sources *s = w->sources;

	w->sources = NULL;
	if (s->state == SOURCES_FAILED)
		w->fn(w->arg, NULL, &s->error);
	else
		w->fn(w->arg, &s->snapshot, NULL);
}

static void made(uv_work_t *work, int status)
{
	struct sources *s = container_of(work, struct sources, work);
	struct sources_wait *w, *next;

	UNUSED(status);
	s->state = error_is(&s->error) ? SOURCES_FAILED : SOURCES_READY;
	TRACE(GIT, "snapshot: %zu files of the work tree, %zu entries, %" PRIu64 " bytes",
		s->snapshot.tracked, s->snapshot.entries.n, s->snapshot.bytes);
	for (w = s->waiting; w; w = next) {
		next = w->next;
		w->next = NULL;
		loop_post(s->loop, &w->task, answer, w);
	}
	s->waiting = NULL;
	sources_unref(s);
}

void sources_want(struct sources *s, struct sources_wait *w, sources_ready_fn *fn, void *arg)
{
	int r;

	w->sources = s;
	w->fn = fn;
	w->arg = arg;
	w->next = NULL;
	if (s->state == SOURCES_NONE) {
		s->state = SOURCES_WORKING;
		s->refs++;
		r = uv_queue_work(loop_uv(s->loop), &s->work, make, made);
		if (r) {
			error_uv(&s->error, r, "cannot start a worker thread");
			s->state = SOURCES_FAILED;
			s->refs--;
		}
	}
	if (s->state == SOURCES_WORKING) {
		w->next = s->waiting;
		s->waiting = w;
	} else {
		loop_post(s->loop, &w->task, answer, w);
	}
}

void sources_unwant(struct sources_wait *w)
{
	struct sources_wait **at;

	if (!w->sources)
		return;
	for (at = &w->sources->waiting; *at; at = &(*at)->next)
		if (*at == w) {
			*at = w->next;
			break;
		}
	loop_unpost(&w->task);
	w->sources = NULL;
}

/* The items of a tar: the folders above the project, then the snapshot's entries. */
struct cursor {
	struct sources *sources;
	struct arena arena;
	struct str dir; /* project directory without its leading slash */
	size_t at;      /* in dir: parents up to here are done */
	bool tmp_done;
	struct sources_pick pick;
	struct sources_part *part; /* NULL: all of the view */
	size_t seen, gone;         /* entries of the view, and paths taken away, so far */
	struct buf path;           /* of the item given last */
};

static void folder(struct archive_item *item, struct str path)
{
	*item = (struct archive_item){.kind = ARCHIVE_DIR, .mode = 0777, .path = path};
}

/* The next entry of the view that belongs to the part. */
static const struct entry *next_entry(struct cursor *c)
{
	const struct entry *e;

	while ((e = sources_pick_next(&c->pick))) {
		size_t i = c->seen++;

		if (!c->part || (i < c->part->n && c->part->take[i]))
			break;
	}
	return e;
}

static bool next_gone(struct cursor *c, struct archive_item *item)
{
	if (!c->part || c->gone == c->part->n_gone)
		return false;
	buf_addc(&c->path, '/');
	buf_addstr(&c->path, c->part->gone[c->gone++]);
	*item = (struct archive_item){.kind = ARCHIVE_GONE, .path = buf_str(&c->path)};
	return true;
}

static bool next_item(void *arg, struct archive_item *item)
{
	struct cursor *c = arg;
	const struct entry *e;

	if (c->at < c->dir.n) {
		size_t slash = str_chr(str_from(c->dir, c->at), '/');

		c->at = slash == STR_NPOS ? c->dir.n : c->at + slash + 1;
		folder(item, str_sub(c->dir, 0, slash == STR_NPOS ? c->at : c->at - 1));
		return true;
	}
	buf_clear(&c->path);
	buf_addstr(&c->path, c->dir);
	if (!c->tmp_done) {
		c->tmp_done = true;
		buf_adds(&c->path, ".tmp");
		folder(item, buf_str(&c->path));
		return true;
	}
	e = next_entry(c);
	if (!e)
		return next_gone(c, item);
	buf_addc(&c->path, '/');
	buf_addstr(&c->path, e->path);
	*item = (struct archive_item){.path = buf_str(&c->path),
		.mode = e->mode,
		.size = e->size,
		.mtime_s = e->mtime_s,
		.mtime_ns = e->mtime_ns,
		.source = e->source,
		.data = e->data};
	item->kind = e->kind == ENTRY_DIR    ? ARCHIVE_DIR
		     : e->kind == ENTRY_LINK ? ARCHIVE_LINK
					     : ARCHIVE_FILE;
	return true;
}

static void release(void *arg)
{
	struct cursor *c = arg;

	sources_pick_end(&c->pick);
	sources_unref(c->sources);
	sources_part_free(c->part);
	buf_release(&c->path);
	arena_release(&c->arena);
	free(c);
}

void sources_part_free(struct sources_part *part)
{
	if (!part)
		return;
	arena_release(&part->arena);
	free(part);
}

static struct tar_stream_source items(struct sources *s, struct str dir,
	const struct sources_view *view, struct sources_part *part)
{
	struct cursor *c = xcalloc(1, sizeof(*c));

	c->sources = s;
	c->part = part;
	s->refs++;
	arena_init(&c->arena);
	while (dir.n && dir.p[0] == '/')
		dir = str_from(dir, 1);
	c->dir = arena_str(&c->arena, dir);
	sources_pick_start(&c->pick, s, view);
	buf_init(&c->path);
	return (struct tar_stream_source){next_item, release, c};
}

struct tar_stream_source sources_items(
	struct sources *s, struct str dir, const struct sources_view *view)
{
	return items(s, dir, view, NULL);
}

struct tar_stream *sources_tar(struct sources *s, struct str dir, const struct sources_view *view,
	void (*wake)(void *arg), void *wake_arg)
{
	return sources_tar_part(s, dir, view, NULL, wake, wake_arg);
}

struct tar_stream *sources_tar_part(struct sources *s, struct str dir,
	const struct sources_view *view, struct sources_part *part, void (*wake)(void *arg),
	void *wake_arg)
{
	struct tar_stream_source source = items(s, dir, view, part);

	return tar_stream_new(s->loop, &source, wake, wake_arg);
}
