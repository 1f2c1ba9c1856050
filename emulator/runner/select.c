#include "base/base.h"
#include "emulator/runner/select.h"
#include "base/arena.h"
#include "base/buf.h"
#include "emulator/log/job_log.h"
#include "expr/glob.h"

void selection_init(struct selection *s, struct arena *a, struct str project_dir)
{
	memset(s, 0, sizeof(*s));
	s->arena = a;
	s->project_dir = arena_str(a, project_dir);
	map_init(&s->taken, a);
	map_init(&s->above, a);
}

/* Lexically clean, as Go's filepath.Clean; an absolute path loses its leading slash. */
static struct str clean(struct arena *a, struct str path, bool *up)
{
	struct str_split it = str_split(path, '/');
	struct str part;
	struct buf out = BUF_INIT;
	struct str r;

	*up = false;
	while (str_split_next(&it, &part)) {
		if (!part.n || str_is(part, "."))
			continue;
		if (str_is(part, "..")) {
			size_t slash = str_rchr(buf_str(&out), '/');

			*up = *up || !out.n;
			buf_truncate(&out, slash == STR_NPOS ? 0 : slash);
			continue;
		}
		if (out.n)
			buf_addc(&out, '/');
		buf_addstr(&out, part);
	}
	r = arena_str(a, buf_str(&out));
	buf_release(&out);
	return r;
}

static bool below(struct str path, struct str dir)
{
	return path.n > dir.n && str_starts(path, dir) && path.p[dir.n] == '/';
}

static void make(struct selection *s, struct select_pattern *p, struct str text)
{
	struct str root;
	bool up;

	memset(p, 0, sizeof(*p));
	p->written = arena_str(s->arena, text);
	p->path = clean(s->arena, text, &up);
	if (!text.n) {
		/* All of a variable that is not set: nothing, not everything. */
		p->outside = true;
	} else if (text.p[0] == '/') {
		root = str_from(s->project_dir, 1);
		if (str_eq(p->path, root))
			p->path = STR("");
		else if (below(p->path, root))
			p->path = str_from(p->path, root.n + 1);
		else
			p->outside = true;
	} else {
		/* "a/../../b" leaves the directory and its way back in is not looked at. */
		p->outside = up;
	}
	if (!p->outside && p->path.n)
		p->glob = glob_new(s->arena, p->path, GLOB_DOUBLESTAR, NULL);
}

static void grow(struct selection *s, struct select_pattern **v, size_t n)
{
	struct select_pattern *more = arena_array(s->arena, struct select_pattern, n + 1);

	if (n)
		memcpy(more, *v, n * sizeof(*more));
	*v = more;
}

void selection_add(struct selection *s, struct str text)
{
	grow(s, &s->paths, s->n_paths);
	make(s, &s->paths[s->n_paths++], text);
}

void selection_exclude(struct selection *s, struct str text)
{
	grow(s, &s->exclude, s->n_exclude);
	make(s, &s->exclude[s->n_exclude++], text);
}

void selection_untracked(struct selection *s, const struct map *tracked)
{
	s->untracked = true;
	s->tracked = tracked;
}

static struct select_base base_of(const struct select_pattern *p)
{
	if (glob_is_literal(p->path))
		return (struct select_base){p->path, false};
	return (struct select_base){glob_base(p->path), true};
}

/* Of the same path, the one that is named itself comes first, and so stays. */
static int by_path(const void *a, const void *b)
{
	const struct select_base *x = a, *y = b;
	int c = str_cmp(x->path, y->path);

	return c ? c : x->through - y->through;
}

size_t selection_bases(const struct selection *s, struct select_base **out)
{
	struct select_base *v = arena_array(s->arena, struct select_base, s->n_paths + 1);
	size_t n = 0, kept = 0;

	if (s->untracked && s->tracked)
		v[n++] = (struct select_base){STR(""), true};
	for (size_t i = 0; i < s->n_paths; i++)
		if (!s->paths[i].outside)
			v[n++] = base_of(&s->paths[i]);
	*out = v;
	if (n)
		qsort(v, n, sizeof(*v), by_path);
	/* In this order what a base holds may come after others ("a", "a-b", "a/c"). */
	for (size_t i = 0; i < n; i++) {
		bool inside = false;

		for (size_t k = 0; k < kept && !inside; k++)
			inside = !v[k].path.n || str_eq(v[i].path, v[k].path) ||
				 below(v[i].path, v[k].path);
		if (!inside)
			v[kept++] = v[i];
	}
	return kept;
}

static bool excluded(struct selection *s, struct str path)
{
	for (size_t i = 0; i < s->n_exclude; i++) {
		struct select_pattern *x = &s->exclude[i];

		if (x->glob && glob_match(x->glob, path)) {
			x->found++;
			return true;
		}
	}
	return false;
}

static bool pattern_matches(
	struct selection *s, struct select_pattern *p, struct str path, enum select_kind kind)
{
	if (p->outside)
		return false;
	if (!p->path.n || (p->dir.p && below(path, p->dir)))
		return true;
	if (!glob_match(p->glob, path))
		return false;
	if (kind == SELECT_DIR)
		p->dir = arena_str(s->arena, path);
	return true;
}

static bool is_untracked(const struct selection *s, struct str path, enum select_kind kind)
{
	return s->untracked && s->tracked && kind != SELECT_DIR && !map_has(s->tracked, path) &&
	       !str_starts(path, STR(".git/"));
}

bool selection_has(const struct selection *s, struct str path)
{
	return map_has(&s->taken, path);
}

bool selection_parent(struct selection *s, struct str path, size_t *at, struct str *parent)
{
	while (*at < path.n) {
		size_t i = (*at)++;

		*parent = str_sub(path, 0, i);
		if (path.p[i] != '/' || selection_has(s, *parent) || map_has(&s->above, *parent))
			continue;
		map_put(&s->above, arena_str(s->arena, *parent), s);
		return true;
	}
	return false;
}

bool selection_take(
	struct selection *s, struct str path, enum select_kind kind, uint64_t size, int64_t mtime_s)
{
	bool wanted = false;

	for (size_t i = 0; i < s->n_paths; i++)
		if (pattern_matches(s, &s->paths[i], path, kind) && !excluded(s, path)) {
			s->paths[i].found++;
			wanted = true;
		}
	if (is_untracked(s, path, kind) && !excluded(s, path)) {
		s->found_untracked++;
		wanted = true;
	}
	if (!wanted || selection_has(s, path))
		return false;
	map_put(&s->taken, arena_str(s->arena, path), s);
	s->entries++;
	s->git = s->git || str_is(path, ".git") || str_starts(path, STR(".git/"));
	if (kind == SELECT_FILE)
		s->bytes += size;
	else if (!s->odd.p || str_cmp(path, s->odd) < 0)
		s->odd = arena_str(s->arena, path);
	s->folders += kind == SELECT_DIR;
	if (kind != SELECT_DIR)
		s->newest_s = MAX(s->newest_s, mtime_s);
	return true;
}

static size_t parts(struct str path)
{
	size_t n = 1;

	for (size_t i = 0; i < path.n; i++)
		n += path.p[i] == '/';
	return n;
}

bool selection_descend(const struct selection *s, struct str dir)
{
	if (s->untracked && s->tracked)
		return true;
	for (size_t i = 0; i < s->n_paths; i++) {
		const struct select_pattern *p = &s->paths[i];

		if (p->outside)
			continue;
		if (!p->path.n || str_find(p->path, STR("**")) != STR_NPOS ||
			str_chr(p->path, '{') != STR_NPOS || parts(dir) < parts(p->path))
			return true;
		if (p->dir.p && (str_eq(dir, p->dir) || below(dir, p->dir)))
			return true;
	}
	return false;
}

void selection_report(const struct selection *s, struct job_log *log)
{
	for (size_t i = 0; i < s->n_paths; i++) {
		const struct select_pattern *p = &s->paths[i];

		if (!p->written.n)
			job_log_warnln(log, "No matching files. Path is empty.");
		else if (p->outside)
			job_log_warnln(log,
				"processPath: artifact path is not a subpath of project "
				"directory: " STR_FMT,
				STR_ARG(p->written));
		else if (p->found)
			job_log_println(log,
				STR_FMT ": found %zu matching artifact files and directories",
				STR_ARG(p->written), p->found);
		else
			job_log_warnln(log,
				STR_FMT ": no matching files. Ensure that the artifact path is "
					"relative to the working directory (" STR_FMT ")",
				STR_ARG(p->written), STR_ARG(s->project_dir));
	}
	if (s->untracked && s->found_untracked)
		job_log_println(log, "untracked: found %zu files", s->found_untracked);
	else if (s->untracked && s->tracked)
		job_log_warnln(log, "untracked: no files");
	else if (s->untracked)
		job_log_warnln(log, "untracked: there is no git repository in the job's directory");
	for (size_t i = 0; i < s->n_exclude; i++)
		if (s->exclude[i].found)
			job_log_println(log, STR_FMT ": excluded %zu files",
				STR_ARG(s->exclude[i].written), s->exclude[i].found);
	if (s->git) {
		job_log_warnln(log, "Part of .git directory is on the list of files to archive");
		job_log_warnln(log, "This may introduce unexpected problems");
	}
}
