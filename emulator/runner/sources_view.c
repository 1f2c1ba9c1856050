/* Which files of the snapshot a job gets. */
#include "base/base.h"
#include "emulator/runner/sources.h"
#include "emulator/runner/sources_internal.h"

/* Does one of the paths (":(exclude)p" apart) name the submodule, or a folder above it? */
static bool path_means(struct str pattern, struct str path)
{
	while (pattern.n && pattern.p[pattern.n - 1] == '/')
		pattern.n--;
	if (str_is(pattern, "."))
		return true;
	return str_starts(path, pattern) && (path.n == pattern.n || path.p[pattern.n] == '/');
}

/*
 * Pathspecs of `git submodule`: what a path names, without what an exclusion names; exclusions
 * alone leave the rest. Source: GitLab docs, "Sync or exclude specific submodules from CI jobs".
 */
static bool paths_name(struct str paths, struct str path)
{
	static const struct str exclude[] = {
		STR_INIT(":(exclude)"), STR_INIT(":!"), STR_INIT(":^")};
	bool any = false, named = false;
	struct str_split it = str_split(paths, ' ');
	struct str one;

	while (str_split_next(&it, &one)) {
		bool out = false;

		one = str_trim(one);
		for (size_t i = 0; i < ARRAY_SIZE(exclude) && !out; i++)
			if (str_starts(one, exclude[i])) {
				out = true;
				one = str_from(one, exclude[i].n);
			}
		if (!one.n)
			continue;
		if (out && path_means(one, path))
			return false;
		any = any || !out;
		named = named || (!out && path_means(one, path));
	}
	return named || !any;
}

bool sources_has_module(const struct sources *s, const struct sources_view *v, size_t module)
{
	const struct submodule *m = &s->snapshot.modules.v[module];

	if (v->empty || v->git_only || m->level > v->submodules)
		return false;
	if (m->parent)
		return sources_has_module(s, v, m->parent - 1);
	return paths_name(v->submodule_paths, m->path);
}

void sources_pick_start(
	struct sources_pick *p, const struct sources *s, const struct sources_view *view)
{
	*p = (struct sources_pick){.sources = s, .view = *view};
	p->modules = xcalloc(s->snapshot.modules.n + 1, sizeof(*p->modules));
	for (size_t i = 0; i < s->snapshot.modules.n; i++)
		p->modules[i] = sources_has_module(s, view, i);
	p->shallow = (struct entry){.kind = ENTRY_FILE,
		.path = STR(".git/shallow"),
		.mode = 0666,
		.size = view->shallow.n,
		.data = view->shallow};
}

static bool wanted(const struct sources_pick *p, const struct entry *e)
{
	if (e->module)
		return p->modules[e->module - 1];
	if (p->view.git_only && !str_is(e->path, ".git") && !str_starts(e->path, STR(".git/")))
		return false;
	return !p->view.shallow.n || !str_eq(e->path, p->shallow.path);
}

const struct entry *sources_pick_next(struct sources_pick *p)
{
	const struct snapshot *s = &p->sources->snapshot;

	if (p->view.empty)
		return NULL;
	if (p->view.above)
		p->i = MAX(p->i, s->entries.n);
	while (p->i < s->entries.n) {
		const struct entry *e = &s->entries.v[p->i++];

		if (wanted(p, e))
			return e;
	}
	return p->i++ == s->entries.n && p->view.shallow.n ? &p->shallow : NULL;
}

void sources_pick_end(struct sources_pick *p)
{
	free(p->modules);
	p->modules = NULL;
}
