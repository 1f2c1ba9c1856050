#include "base/base.h"
#include "emulator/git/snapshot.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "emulator/core/error.h"
#include "emulator/git/git_internal.h"
#include "emulator/git/repo.h"

/* Commits that are asked for first, for each of depth: enough unless the history is very wide. */
#define WIDTH 64

/* Lines "ID PARENT..." of `git rev-list --parents`. */
static int read_history(const struct repo *r, struct str sha, size_t max, struct buf *out,
	struct map *parents, struct error *err)
{
	CLEANUP(free) char *count = xasprintf("--max-count=%zu", max);
	CLEANUP(free) char *id = xstrndup(sha.p, sha.n);
	const char *some[] = {"rev-list", "--parents", max ? count : "--topo-order", id, NULL};
	struct str_split it;
	struct str line;

	if (repo_git(r, out, err, some))
		return -1;
	it = str_split(buf_str(out), '\n');
	while (str_split_next(&it, &line)) {
		size_t space = str_chr(line, ' ');

		if (line.n)
			map_put(parents, str_sub(line, 0, space == STR_NPOS ? line.n : space),
				(void *)(uintptr_t)(line.p + (space == STR_NPOS ? line.n : space)));
	}
	return 0;
}

/* The parents that stand behind an id in its line. */
static struct str parents_of(const char *at)
{
	return str_trim(str_n(at, strcspn(at, "\n")));
}

/*
 * Generation by generation; what the last one still descends from is cut off. false: a commit is
 * not in the part of the history that was read.
 */
static bool cut(
	struct arena *a, const struct map *parents, struct str sha, unsigned depth, struct buf *out)
{
	VEC(struct str) now = {0}, next = {0};
	struct map seen;
	struct str id;

	map_init(&seen, a);
	vec_push_in(a, &now, sha);
	for (; now.n; depth--) {
		next.n = 0;
		for (size_t i = 0; i < now.n; i++) {
			const char *line = map_get(parents, now.v[i]);
			struct str_split it;

			if (!line)
				return false;
			if (map_has(&seen, now.v[i]))
				continue;
			map_put(&seen, now.v[i], a);
			if (depth == 1 && parents_of(line).n) {
				buf_addstr(out, now.v[i]);
				buf_addc(out, '\n');
				continue;
			}
			it = str_split(parents_of(line), ' ');
			while (str_split_next(&it, &id))
				if (id.n)
					vec_push_in(a, &next, id);
		}
		__typeof__(now) done = now;
		now = next;
		next = done;
		if (depth == 1)
			break;
	}
	return true;
}

int snapshot_shallow(
	const struct repo *r, struct str sha, unsigned depth, struct buf *out, struct error *err)
{
	size_t before = out->n, max = (size_t)depth * WIDTH;
	bool whole = false;
	int ret = 0;

	if (!depth || !r->has_commit)
		return 0;
	for (int i = 0; i < 2 && !whole && !ret; i++) {
		struct buf text = BUF_INIT;
		struct map parents;
		struct arena a;

		arena_init(&a);
		map_init(&parents, &a);
		out->n = before;
		ret = read_history(r, sha, i ? 0 : max, &text, &parents, err);
		whole = !ret && cut(&a, &parents, sha, depth, out);
		buf_release(&text);
		arena_release(&a);
	}
	return ret ? error_wrap(err, "cannot read the history") : 0;
}
