/*
 * The refs of a job's repository: what a runner fetches of a project, not what a developer's clone
 * has. Branches are those of the remote, by the name `origin`; there are tags, and no local branch.
 *
 * Source: GitLab, app/presenters/ci/build_runner_presenter.rb (refspecs, without a depth).
 */
#include "base/base.h"
#include "base/vec.h"
#include "emulator/git/git_internal.h"
#include "emulator/git/repo.h"
#include "emulator/git/snapshot_internal.h"

#include <dirent.h>
#include <sys/stat.h>

#define DEPTH_MAX 32

struct ref {
	struct str name, id;
	unsigned rank; /* of several with the same name, the highest stays */
};

struct refs {
	struct arena *arena;
	const struct repo *repo;
	VEC(struct ref) v;
};

enum rank { RANK_PACKED, RANK_LOOSE, RANK_HEAD };

static bool is_id(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isxdigit((unsigned char)s.p[i]))
			return false;
	return s.n == 40 || s.n == 64;
}

/* The name that it has in the job; empty: it is not there. */
static struct str job_name(const struct refs *f, struct str name)
{
	const struct repo *r = f->repo;
	struct str far = arena_printf(f->arena, "refs/remotes/" STR_FMT "/", STR_ARG(r->remote));
	struct str heads = STR("refs/heads/");

	if (str_starts(name, STR("refs/tags/")))
		return name;
	if (r->remote.n && str_starts(name, far))
		return arena_printf(
			f->arena, "refs/remotes/origin/" STR_FMT, STR_ARG(str_from(name, far.n)));
	/* A project that is nowhere else yet: its branches are those that a push would make. */
	if (!r->remote.n && str_starts(name, heads))
		return arena_printf(
			f->arena, "refs/remotes/origin/" STR_FMT, STR_ARG(str_from(name, heads.n)));
	return STR_NULL;
}

static void add(struct refs *f, struct str name, struct str id, enum rank rank)
{
	struct ref r = {.name = job_name(f, name), .id = id, .rank = rank};

	if (r.name.n && is_id(id))
		vec_push_in(f->arena, &f->v, r);
}

/* "ID NAME"; "^ID" is what the tag of the line before leads to, which git finds by itself. */
static void add_packed(struct refs *f)
{
	CLEANUP(free) char *path = xasprintf("%s/packed-refs", f->repo->common_dir.p);
	struct str text, line;
	struct str_split it;

	if (!git_read_small(f->arena, path, &text))
		return;
	it = str_split(text, '\n');
	while (str_split_next(&it, &line)) {
		size_t blank = str_chr(line, ' ');

		if (blank != STR_NPOS)
			add(f, str_trim(str_from(line, blank + 1)), str_sub(line, 0, blank),
				RANK_PACKED);
	}
}

/* Symbolic ones (origin/HEAD) are not fetched. */
static void add_loose(struct refs *f, struct str name, unsigned depth)
{
	CLEANUP(free)
	char *path = xasprintf("%s/" STR_FMT, f->repo->common_dir.p, STR_ARG(name));
	struct dirent *e;
	struct stat st;
	struct str id;
	DIR *d;

	if (lstat(path, &st) || depth > DEPTH_MAX)
		return;
	if (S_ISREG(st.st_mode)) {
		if (!str_ends(name, STR(".lock")) && git_read_small(f->arena, path, &id))
			add(f, name, str_trim(id), RANK_LOOSE);
		return;
	}
	d = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			add_loose(f,
				arena_printf(f->arena, STR_FMT "/%s", STR_ARG(name), e->d_name),
				depth + 1);
	if (d)
		closedir(d);
}

static int by_name(const void *a, const void *b)
{
	const struct ref *x = a, *y = b;
	int c = str_cmp(x->name, y->name);

	return c ? c : (x->rank < y->rank) - (x->rank > y->rank);
}

void snapshot_add_refs(struct snapshot *s, const struct repo *r, struct str sha)
{
	struct refs f = {.arena = &s->arena, .repo = r};
	struct buf out = BUF_INIT;

	add_packed(&f);
	add_loose(&f, STR("refs"), 0);
	/* What is run is what was pushed, as far as the job can see. */
	if (r->branch.n && r->has_commit) {
		struct ref head = {.name = arena_printf(f.arena, "refs/remotes/origin/" STR_FMT,
					   STR_ARG(r->branch)),
			.id = sha,
			.rank = RANK_HEAD};

		vec_push_in(f.arena, &f.v, head);
	}
	if (f.v.n)
		qsort(f.v.v, f.v.n, sizeof(*f.v.v), by_name);
	for (size_t i = 0; i < f.v.n; i++)
		if (!i || !str_eq(f.v.v[i].name, f.v.v[i - 1].name))
			buf_printf(&out, STR_FMT " " STR_FMT "\n", STR_ARG(f.v.v[i].id),
				STR_ARG(f.v.v[i].name));
	snapshot_add_dir(s, STR(".git/refs"));
	snapshot_add_dir(s, STR(".git/refs/heads"));
	snapshot_add_dir(s, STR(".git/refs/tags"));
	snapshot_add_data(s, ".git/packed-refs", arena_str(&s->arena, buf_str(&out)), NULL);
	buf_release(&out);
}
