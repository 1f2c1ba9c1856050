#include "base/base.h"

#include "expr/glob_internal.h"

static bool in_set(const struct glob_item *item, uint32_t cp)
{
	for (size_t i = 0; i < item->n_ranges; i++)
		if (item->ranges[i].lo <= cp && cp <= item->ranges[i].hi)
			return !item->negated;
	return item->negated;
}

static bool takes(const struct glob_item *item, uint32_t cp)
{
	switch (item->kind) {
	case GLOB_CHAR:
		return item->cp == cp;
	case GLOB_ONE:
		return cp != '/';
	case GLOB_SET:
		return cp != '/' && in_set(item, cp);
	case GLOB_STAR:
	case GLOB_DIRS:
	case GLOB_REST:
		break;
	}
	return false;
}

static bool is_slash(const struct glob_item *item)
{
	return item->kind == GLOB_CHAR && item->cp == '/';
}

static bool may_be_empty(const struct glob_item *item)
{
	return item->kind == GLOB_STAR || item->kind == GLOB_DIRS || item->kind == GLOB_REST;
}

/*
 * May the items from i on match nothing? In doublestar, one wildcard may, and so may a slash and
 * two stars: "a" matches the pattern of all that is below it, for a might be a directory.
 */
static bool empty_rest(const struct glob *g, const struct glob_alt *alt, size_t i)
{
	size_t left = alt->n - i;

	if (g->dialect == GLOB_DOUBLESTAR) {
		if (left == 2 && is_slash(&alt->items[i]))
			return alt->items[i + 1].kind == GLOB_REST ||
			       alt->items[i + 1].kind == GLOB_DIRS;
		return !left || (left == 1 && may_be_empty(&alt->items[i]));
	}
	while (i < alt->n && may_be_empty(&alt->items[i]))
		i++;
	return i == alt->n;
}

/* Where to go on when the items behind the last star or directory wildcard do not match. */
struct retry {
	size_t item; /* STR_NPOS: none */
	size_t at;
};

/* Lets the last directory wildcard take one directory more. */
static bool next_directory(struct retry *dirs, struct str path)
{
	size_t slash = dirs->item == STR_NPOS ? STR_NPOS : str_chr(str_from(path, dirs->at), '/');

	if (slash == STR_NPOS)
		return false;
	dirs->at += slash + 1;
	return true;
}

/*
 * Greedy with one retry for each kind of wildcard: a later star makes the earlier ones' choices
 * final, for whatever they could take instead it can take as well.
 */
static bool match_alt(const struct glob *g, const struct glob_alt *alt, struct str path)
{
	struct retry star = {STR_NPOS, 0}, dirs = {STR_NPOS, 0};
	size_t i = 0, at = 0;

	while (at < path.n) {
		const struct glob_item *item = i < alt->n ? &alt->items[i] : NULL;
		size_t next = at;

		if (item && item->kind == GLOB_REST)
			return true;
		if (item && item->kind == GLOB_DIRS) {
			dirs = (struct retry){++i, at};
			star.item = STR_NPOS;
		} else if (item && item->kind == GLOB_STAR) {
			star = (struct retry){++i, at};
		} else if (item && takes(item, glob_next(path, &next))) {
			i++;
			at = next;
		} else if (star.item != STR_NPOS && path.p[star.at] != '/') {
			glob_next(path, &star.at);
			i = star.item;
			at = star.at;
		} else if (next_directory(&dirs, path)) {
			star.item = STR_NPOS;
			i = dirs.item;
			at = dirs.at;
		} else {
			return false;
		}
	}
	return empty_rest(g, alt, i);
}

bool glob_match(const struct glob *g, struct str path)
{
	for (size_t i = 0; i < g->n_alts; i++)
		if (match_alt(g, &g->alts[i], path))
			return true;
	return false;
}

bool glob_match_once(struct str pattern, enum glob_dialect dialect, struct str path)
{
	struct arena a = ARENA_INIT;
	bool hit = glob_match(glob_new(&a, pattern, dialect, NULL), path);

	arena_release(&a);
	return hit;
}

static size_t first_special(struct str pattern)
{
	size_t i = 0;

	while (i < pattern.n && !(pattern.p[i] && strchr("*?[{\\", pattern.p[i])))
		i++;
	return i;
}

bool glob_is_literal(struct str pattern)
{
	return first_special(pattern) == pattern.n;
}

struct str glob_base(struct str pattern)
{
	size_t special = first_special(pattern), slash;

	if (special == pattern.n)
		return pattern;
	slash = str_rchr(str_sub(pattern, 0, special), '/');
	return slash == STR_NPOS ? str_sub(pattern, 0, 0) : str_sub(pattern, 0, slash);
}
