#include "base/base.h"

#include "config/clauses.h"
#include "config/limits.h"

#include "expr/glob.h"
#include "vars/facts.h"
#include "vars/varset.h"

static struct str expanded(const struct clause_ctx *ctx, struct str text)
{
	return ctx->vars ? expand(ctx->arena, text, ctx->vars, EXPAND_SERVER_EXISTING) : text;
}

static void PRINTF_LIKE(3, 4)
	say(const struct clause_ctx *ctx, struct str *why, const char *fmt, ...)
{
	va_list ap;

	if (!why)
		return;
	va_start(ap, fmt);
	*why = arena_vprintf(ctx->arena, fmt, ap);
	va_end(ap);
}

#define MAX_NAMED 3

/* "'a', 'b', 'c', ...": of the patterns, and after those of the paths that did not match. */
static void add_patterns(
	const struct clause_ctx *ctx, struct buf *out, const struct texts *patterns)
{
	for (size_t i = 0; i < patterns->n && i < MAX_NAMED; i++) {
		struct str pattern = expanded(ctx, patterns->v[i].s);

		buf_printf(out, "%s'" STR_FMT "'", i ? ", " : " ", STR_ARG(pattern));
	}
	buf_adds(out, patterns->n > MAX_NAMED ? ", ..." : "");
}

static void say_none(const struct clause_ctx *ctx, struct str *why, const char *nothing,
	const struct texts *patterns, const struct str_list *changed)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!why)
		return;
	buf_adds(&b, nothing);
	add_patterns(ctx, &b, patterns);
	if (changed && !changed->n)
		buf_adds(&b, " (nothing has changed)");
	for (size_t i = 0; changed && i < changed->n && i < MAX_NAMED; i++)
		buf_printf(&b, "%s'" STR_FMT "'", i ? ", " : " (changed: ", STR_ARG(changed->v[i]));
	if (changed && changed->n)
		buf_adds(&b, changed->n > MAX_NAMED ? ", ...)" : ")");
	*why = arena_str(ctx->arena, buf_str(&b));
}

/* Whether any of the paths matches any of the patterns. changed: they are the changed ones. */
static enum clause_verdict match_any(const struct clause_ctx *ctx, const struct texts *patterns,
	const struct str_list *paths, bool changed, struct str *why)
{
	if ((uint64_t)patterns->n * paths->n > LIMIT_PATTERN_COMPARISONS) {
		say(ctx, why, "more than %d comparisons: taken as true", LIMIT_PATTERN_COMPARISONS);
		return CLAUSE_TRUE;
	}
	for (size_t i = 0; i < patterns->n; i++) {
		struct str pattern = expanded(ctx, patterns->v[i].s);
		const struct glob *glob = glob_new(ctx->arena, pattern, GLOB_FNMATCH, NULL);

		for (size_t j = 0; j < paths->n; j++)
			if (glob_match(glob, paths->v[j])) {
				say(ctx, why, "'" STR_FMT "' matches '" STR_FMT "'",
					STR_ARG(paths->v[j]), STR_ARG(pattern));
				return CLAUSE_TRUE;
			}
	}
	if (changed)
		say_none(ctx, why, "no changed file matches", patterns, paths);
	return CLAUSE_FALSE;
}

enum clause_verdict clause_changes(
	const struct clause_ctx *ctx, const struct changes *c, struct str *why)
{
	struct str base = expanded(ctx, c->compare_to.s);
	struct str_list paths = {NULL, 0};
	int got = 1;

	if (ctx->facts && ctx->facts->changes)
		got = ctx->facts->changes(ctx->facts->ctx, base, &paths);
	if (got < 0) {
		if (paths.n == 1)
			say(ctx, why, STR_FMT, STR_ARG(paths.v[0]));
		else
			say(ctx, why, "rules:changes:compare_to is not a valid ref");
		return CLAUSE_INVALID;
	}
	if (got > 0) {
		say(ctx, why, "there is nothing to compare with, which counts as changed");
		return CLAUSE_TRUE;
	}
	return match_any(ctx, &c->paths, &paths, true, why);
}

/* All paths of the project at the ref, or only the top-level ones where no pattern goes deeper. */
static bool list_files(const struct clause_ctx *ctx, struct str project, struct str ref, bool top,
	struct str_list *out)
{
	struct str_list all = {NULL, 0};
	struct str *kept;

	*out = all;
	if (!ctx->facts || !ctx->facts->files ||
		ctx->facts->files(ctx->facts->ctx, project, ref, &all) < 0)
		return false;
	*out = all;
	if (!top)
		return true;
	kept = arena_array(ctx->arena, struct str, all.n);
	out->n = 0;
	for (size_t i = 0; i < all.n; i++)
		if (str_chr(all.v[i], '/') == STR_NPOS)
			kept[out->n++] = all.v[i];
	out->v = kept;
	return true;
}

static bool has_glob_char(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr("*?[{", s.p[i]) && s.p[i])
			return true;
	return false;
}

bool is_plain_path(struct str path)
{
	struct str_split it = str_split(path, '/');
	struct str part;

	while (str_split_next(&it, &part))
		if (!part.n || str_is(part, ".") || str_is(part, ".."))
			return false;
	return true;
}

/*
 * A directory, by the bisection with which GitLab seeks it (rules/rule/clause/exists.rb: bsearch):
 * it ends before the first path of the directory or misses all of them.
 */
static const struct str *find_directory(const struct str_list *paths, struct str want)
{
	size_t low = 0, high = paths->n;
	bool found_one = false;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (str_starts(paths->v[mid], want)) {
			found_one = true;
			high = mid;
		} else {
			low = mid + 1;
		}
	}
	return found_one ? &paths->v[low] : NULL;
}

/* One pattern without special characters: a path, or with a slash at its end a directory. */
static const struct str *find_path(const struct str_list *paths, struct str want)
{
	if (want.n && want.p[want.n - 1] == '/')
		return find_directory(paths, want);
	for (size_t i = 0; i < paths->n; i++)
		if (str_eq(paths->v[i], want))
			return &paths->v[i];
	return NULL;
}

/* What "**" "/" "*.ext" asks for; empty for every other pattern. */
static struct str extension_of(struct str pattern)
{
	struct str rest = pattern;

	if (!str_starts(pattern, STR("**/*")))
		return STR_NULL;
	rest = str_from(pattern, strlen("**/*"));
	if (!rest.n || rest.p[0] != '.' || str_chr(rest, '/') != STR_NPOS || has_glob_char(rest))
		return STR_NULL;
	return rest;
}

static const struct str *find_extension(const struct str_list *paths, struct str extension)
{
	for (size_t i = 0; extension.n && i < paths->n; i++)
		if (str_ends(paths->v[i], extension))
			return &paths->v[i];
	return NULL;
}

/* Paths and extensions do not count as comparisons (GitLab, rules/rule/clause/exists.rb). */
static enum clause_verdict match_files(const struct clause_ctx *ctx, const struct texts *patterns,
	const struct str_list *paths, struct str *why)
{
	struct texts globs = {.n = 0};

	globs.v = arena_array(ctx->arena, struct text, patterns->n);
	for (size_t i = 0; i < patterns->n; i++) {
		struct str pattern = expanded(ctx, patterns->v[i].s);
		const struct str *hit;

		if (!has_glob_char(pattern)) {
			hit = find_path(paths, pattern);
		} else if (extension_of(pattern).n) {
			hit = find_extension(paths, extension_of(pattern));
		} else {
			globs.v[globs.n++] = patterns->v[i];
			continue;
		}
		if (hit) {
			say(ctx, why, "'" STR_FMT "' exists", STR_ARG(*hit));
			return CLAUSE_TRUE;
		}
	}
	if (match_any(ctx, &globs, paths, false, why) == CLAUSE_TRUE)
		return CLAUSE_TRUE;
	say_none(ctx, why, "no file matches", patterns, NULL);
	return CLAUSE_FALSE;
}

enum clause_verdict clause_exists(
	const struct clause_ctx *ctx, const struct exists *e, struct str *why)
{
	struct str project = e->project.s.n ? expanded(ctx, e->project.s) : ctx->project;
	struct str ref = e->project.s.n ? expanded(ctx, e->ref.s) : ctx->ref;
	struct str_list paths;
	bool top = true, literal = true;

	for (size_t i = 0; i < e->paths.n; i++) {
		struct str pattern = expanded(ctx, e->paths.v[i].s);

		if (str_chr(pattern, '/') != STR_NPOS || str_find(pattern, STR("**")) != STR_NPOS)
			top = false;
		if (has_glob_char(pattern) || (pattern.n && pattern.p[pattern.n - 1] == '/'))
			literal = false;
	}
	if (literal && ctx->file_exists && !project.n && !ref.n) {
		for (size_t i = 0; i < e->paths.n; i++) {
			struct str path = expanded(ctx, e->paths.v[i].s);

			if (path.n && is_plain_path(path) && ctx->file_exists(ctx->ctx, path)) {
				say(ctx, why, "'" STR_FMT "' exists", STR_ARG(path));
				return CLAUSE_TRUE;
			}
		}
		say_none(ctx, why, "no file matches", &e->paths, NULL);
		return CLAUSE_FALSE;
	}
	if (!list_files(ctx, project, ref, top, &paths)) {
		if (!e->project.s.n) {
			say(ctx, why, "the files of the project are not known");
			return CLAUSE_FALSE;
		}
		if (ref.n)
			say(ctx, why,
				"rules:exists:ref `" STR_FMT "` is not a valid ref in project "
				"`" STR_FMT "`",
				STR_ARG(ref), STR_ARG(project));
		else
			say(ctx, why,
				"rules:exists:project `" STR_FMT "` not found or access denied",
				STR_ARG(project));
		return CLAUSE_INVALID;
	}
	return match_files(ctx, &e->paths, &paths, why);
}
