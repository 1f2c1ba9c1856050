#include "base/base.h"
#include "emulator/runner/layer_list.h"
#include "base/map.h"
#include "emulator/core/error.h"
#include "emulator/runner/sources.h"
#include "emulator/runner/sources_internal.h"
#include "emulator/store/store.h"

#include <dirent.h>
#include <unistd.h>

#define STATE_MAX ((size_t)64 * 1024)
#define LIST_MAX  ((size_t)1024 * 1024 * 1024)
/* A file that was written within this time before the snapshot may be written again unseen. */
#define FRESH_S 1

/* State */

static bool word(struct str line, const char *key, struct str *out)
{
	struct str k = str_c(key);

	if (!str_starts(line, k) || line.n <= k.n || line.p[k.n] != ' ')
		return false;
	*out = str_from(line, k.n + 1);
	return true;
}

void layer_state_read(struct layer_state *out, const char *dir, struct arena *a)
{
	CLEANUP(free) char *path = xasprintf("%s/state", dir);
	struct error ignored = ERROR_INIT;
	struct str text, line, key = STR_NULL;
	struct str_split it;

	*out = (struct layer_state){0};
	if (store_read_file(path, a, STATE_MAX, &text, &ignored))
		return;
	it = str_split(text, '\n');
	while (str_split_next(&it, &line))
		if (!word(line, "base", &out->base) && !word(line, "delta", &out->delta) &&
			!word(line, "unable", &out->unable))
			(void)word(line, "key", &key);
	if (!parse_u64(key, &out->delta_key))
		out->delta = STR_NULL;
}

int layer_state_write(const struct layer_state *s, const char *dir, struct error *err)
{
	CLEANUP(free) char *path = xasprintf("%s/state", dir);
	struct buf b = BUF_INIT;
	int r;

	if (s->base.n)
		buf_printf(&b, "base " STR_FMT "\n", STR_ARG(s->base));
	if (s->delta.n)
		buf_printf(&b, "delta " STR_FMT "\nkey %" PRIu64 "\n", STR_ARG(s->delta),
			s->delta_key);
	if (s->unable.n)
		buf_printf(&b, "unable " STR_FMT "\n",
			STR_ARG(str_sub(s->unable, 0, MIN(s->unable.n, str_chr(s->unable, '\n')))));
	r = store_write_file(path, buf_str(&b), err);
	buf_release(&b);
	return r;
}

bool layer_state_has(const char *dir, struct str volume)
{
	struct arena a = ARENA_INIT;
	struct layer_state s;
	bool has;

	layer_state_read(&s, dir, &a);
	has = volume.n && (str_eq(volume, s.base) || str_eq(volume, s.delta));
	arena_release(&a);
	return has;
}

/* Prints: 64 bits for what tells one state of a file from another (FNV-1a). */

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
	const unsigned char *b = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 0x100000001b3u;
	return h;
}

static uint64_t mix_number(uint64_t h, uint64_t v)
{
	return mix(h, &v, sizeof(v));
}

#define PRINT_START 0xcbf29ce484222325u

/* One pass over a view, in order. */
struct printer {
	struct sources_pick pick;
	int64_t taken_s;
	uint64_t commit; /* all contents with ids so far */
	bool fresh;      /* of the entry given last */
};

static bool is_index(struct str path)
{
	return str_is(path, ".git/index") || str_ends(path, STR("/.git/index"));
}

/*
 * Of a checkout that was made for this run, times say nothing, but ids do; and its index is the
 * same where all that it lists is.
 */
static uint64_t print_of(struct printer *p, const struct entry *e)
{
	uint64_t h = mix_number(PRINT_START, (uint64_t)e->kind << 32 | e->mode);

	p->fresh = false;
	if (e->kind == ENTRY_DIR)
		return h | 1;
	if (e->id.n) {
		h = mix(h, e->id.p, e->id.n);
		p->commit = mix_number(mix(p->commit, e->path.p, e->path.n), h);
	} else if (e->kind == ENTRY_FILE && e->source.p && p->commit && is_index(e->path)) {
		h = mix_number(h, p->commit);
	} else if (e->kind == ENTRY_FILE && e->source.p) {
		p->fresh = e->ctime_s >= p->taken_s - FRESH_S;
		h = mix_number(mix_number(h, e->size), e->inode);
		h = mix_number(mix_number(h, (uint64_t)e->mtime_s), e->mtime_ns);
		h = mix_number(mix_number(h, (uint64_t)e->ctime_s), e->ctime_ns);
	} else {
		h = mix(h, e->data.p, e->data.n);
	}
	return h | 1;
}

static void printer_start(
	struct printer *p, const struct sources *s, const struct sources_view *view)
{
	*p = (struct printer){.taken_s = s->snapshot.taken_s};
	sources_pick_start(&p->pick, s, view);
}

/* The list: "PRINT KIND PATH\0" for each entry, after a line that names the base. */

static char *list_path(const char *dir, struct str base)
{
	return xasprintf("%s/" STR_FMT ".list", dir, STR_ARG(base));
}

static void remove_other_lists(const char *dir, struct str base)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		struct str name = str_c(e->d_name);

		if (str_ends(name, STR(".list")) &&
			!(str_starts(name, base) && name.n == base.n + 5))
			unlinkat(dirfd(d), e->d_name, 0);
	}
	if (d)
		closedir(d);
}

int layer_list_write(const struct sources *s, const struct sources_view *view, const char *dir,
	struct str base, struct error *err)
{
	CLEANUP(free) char *path = list_path(dir, base);
	struct buf b = BUF_INIT;
	const struct entry *e;
	struct printer p;
	int r;

	printer_start(&p, s, view);
	buf_printf(&b, "cilocal sources 1 " STR_FMT "\n", STR_ARG(base));
	while ((e = sources_pick_next(&p.pick))) {
		uint64_t print = print_of(&p, e);

		buf_printf(&b, "%016" PRIx64 "%c", p.fresh ? 0 : print,
			e->kind == ENTRY_DIR ? 'd' : '-');
		buf_addstr(&b, e->path);
		buf_addc(&b, '\0');
	}
	sources_pick_end(&p.pick);
	r = store_write_file(path, buf_str(&b), err);
	buf_release(&b);
	if (!r)
		remove_other_lists(dir, base);
	return r;
}

/* One entry of the list. */
struct known {
	uint64_t print;
	struct str path;
	bool here; /* the view has something at that path */
};

struct known_list {
	VEC(struct known) v;
	struct map by_path; /* index + 1 */
};

static bool hex64(struct str s, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
							: 16;

		if (digit > 15)
			return false;
		*out = *out << 4 | digit;
	}
	return true;
}

static bool read_list(struct known_list *l, struct arena *a, const char *dir, struct str base)
{
	CLEANUP(free) char *path = list_path(dir, base);
	struct error ignored = ERROR_INIT;
	struct str text, want = arena_printf(a, "cilocal sources 1 " STR_FMT "\n", STR_ARG(base));

	map_init(&l->by_path, a);
	if (!base.n || store_read_file(path, a, LIST_MAX, &text, &ignored) ||
		!str_starts(text, want))
		return false;
	text = str_from(text, want.n);
	while (text.n) {
		size_t end = str_chr(text, '\0');
		struct known k = {0};

		if (end == STR_NPOS || end < 18 || !hex64(str_sub(text, 0, 16), &k.print))
			return false;
		k.path = str_sub(text, 17, end);
		vec_push_in(a, &l->v, k);
		map_put(&l->by_path, k.path, (void *)(uintptr_t)l->v.n);
		text = str_from(text, end + 1);
	}
	return true;
}

static struct str parent_of(struct str path)
{
	size_t slash = str_rchr(path, '/');

	return slash == STR_NPOS ? STR_NULL : str_sub(path, 0, slash);
}

/* What the view has: folders by path, so that a change can bring the folders above it along. */
struct differ {
	struct layer_diff *d;
	struct arena scratch;
	struct known_list list;
	struct map folders; /* of the view: order + 1 */
	bool *take;
	size_t cap;
};

static void bring_parents(struct differ *f, struct str path)
{
	for (path = parent_of(path); path.n; path = parent_of(path)) {
		size_t at = (size_t)(uintptr_t)map_get(&f->folders, path);

		if (!at || f->take[at - 1])
			return;
		f->take[at - 1] = true;
	}
}

static void one_entry(struct differ *f, struct printer *p, const struct entry *e, size_t i)
{
	struct layer_diff *d = f->d;
	uint64_t print = print_of(p, e);
	size_t at = (size_t)(uintptr_t)map_get(&f->list.by_path, e->path);

	if (e->kind == ENTRY_DIR)
		map_put(&f->folders, e->path, (void *)(uintptr_t)(i + 1));
	d->bytes += e->size;
	if (at) {
		f->list.v.v[at - 1].here = true;
		if (f->list.v.v[at - 1].print == print)
			return;
	}
	f->take[i] = true;
	bring_parents(f, e->path);
	d->changed++;
	d->changed_bytes += e->size;
	d->fresh = d->fresh || p->fresh;
	d->key = mix_number(mix(d->key, e->path.p, e->path.n), print);
}

/* What the base has and the view does not; below a folder that is gone itself nothing more. */
static void find_gone(struct differ *f)
{
	struct arena *a = &f->d->part->arena;
	VEC(struct str) gone = {0};

	for (size_t i = 0; i < f->list.v.n; i++) {
		const struct known *k = &f->list.v.v[i];
		struct str up = parent_of(k->path);

		if (k->here || (up.n && !map_has(&f->folders, up)))
			continue;
		vec_push_in(a, &gone, arena_str(a, k->path));
		bring_parents(f, k->path);
		f->d->changed++;
		f->d->key = mix_number(mix(f->d->key, k->path.p, k->path.n), 0);
	}
	f->d->part->gone = gone.v;
	f->d->part->n_gone = gone.n;
}

void layer_diff_make(struct layer_diff *d, const struct sources *s, const struct sources_view *view,
	const char *dir, struct str base)
{
	struct differ f = {.d = d, .cap = s->snapshot.entries.n + 1};
	const struct entry *e;
	struct printer p;

	*d = (struct layer_diff){.key = PRINT_START, .part = xcalloc(1, sizeof(*d->part))};
	arena_init(&d->part->arena);
	arena_init(&f.scratch);
	map_init(&f.folders, &f.scratch);
	f.take = arena_array(&d->part->arena, bool, f.cap);
	d->known = read_list(&f.list, &f.scratch, dir, base);
	printer_start(&p, s, view);
	while ((e = sources_pick_next(&p.pick)))
		one_entry(&f, &p, e, d->entries++);
	sources_pick_end(&p.pick);
	if (d->known)
		find_gone(&f);
	d->part->take = f.take;
	d->part->n = d->entries;
	arena_release(&f.scratch);
}
