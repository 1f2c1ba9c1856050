#include "base/base.h"
#include "emulator/git/snapshot.h"
#include "emulator/git/lfs.h"
#include "emulator/git/repo.h"
#include "emulator/git/git_internal.h"
#include "emulator/git/snapshot_internal.h"
#include "emulator/core/error.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DIR_MODE 0777
/* Submodules of submodules: deeper than anybody nests them. */
#define SUBMODULE_LEVELS 16

/*
 * Jobs may run as any user: the Runner's helper writes sources with umask 0, so everything is
 * readable and writable for all, and executable for all where it is for its owner.
 */
uint32_t snapshot_mode(const struct stat *st)
{
	return 0666 | (st->st_mode & 0111 ? 0111 : 0);
}

void snapshot_add_dir(struct snapshot *s, struct str path)
{
	struct entry e = {.kind = ENTRY_DIR, .mode = DIR_MODE, .path = path};

	vec_push_in(&s->arena, &s->entries, e);
}

void snapshot_add_data(struct snapshot *s, const char *path, struct str data, const struct stat *st)
{
	struct entry e = {.kind = ENTRY_FILE, .mode = 0666, .data = data, .size = data.n};

	e.path = arena_str(&s->arena, str_c(path));
	if (st) {
		e.mtime_s = st->st_mtim.tv_sec;
		e.mtime_ns = (uint32_t)st->st_mtim.tv_nsec;
	}
	s->bytes += data.n;
	vec_push_in(&s->arena, &s->entries, e);
}

int snapshot_add_file(struct snapshot *s, struct str path, const char *source,
	const struct stat *st, struct error *err)
{
	struct entry e = {.kind = ENTRY_FILE, .path = path};

	e.mtime_s = st->st_mtim.tv_sec;
	e.mtime_ns = (uint32_t)st->st_mtim.tv_nsec;
	if (S_ISLNK(st->st_mode)) {
		char target[4096];
		ssize_t n = readlink(source, target, sizeof(target));

		if (n < 0 || n == (ssize_t)sizeof(target))
			return error_sys(
				err, n < 0 ? errno : ENAMETOOLONG, "cannot read link '%s'", source);
		e.kind = ENTRY_LINK;
		e.mode = 0777;
		e.data = arena_str(&s->arena, str_n(target, (size_t)n));
	} else {
		e.mode = snapshot_mode(st);
		e.size = (uint64_t)st->st_size;
		e.ctime_s = st->st_ctim.tv_sec;
		e.ctime_ns = (uint32_t)st->st_ctim.tv_nsec;
		e.inode = st->st_ino;
		e.source = arena_str(&s->arena, str_c(source));
		s->bytes += e.size;
	}
	vec_push_in(&s->arena, &s->entries, e);
	return 0;
}

/* Adds the folders of path that the path before it did not have: the index is sorted. */
static void add_parents(struct snapshot *s, struct str prev, struct str path)
{
	size_t i, common = 0;

	for (i = 0; i < path.n && i < prev.n && path.p[i] == prev.p[i]; i++)
		if (path.p[i] == '/')
			common = i + 1;
	for (i = common; i < path.n; i++)
		if (path.p[i] == '/')
			snapshot_add_dir(s, arena_str(&s->arena, str_sub(path, 0, i)));
}

/* A submodule's entry in the index. */
struct gitlink {
	struct str path, sha;
};

/* A tree that is being listed: the project, or a submodule. */
struct tree {
	struct snapshot *s;
	const struct repo *repo;
	struct str files;   /* where the files are: the work tree, or what was checked out for us */
	struct str git_dir; /* whose index goes with them */
	unsigned level;
	const struct snapshot_options *o;
	VEC(struct gitlink) links;
	bool lfs; /* there may be pointers of Git LFS */
	struct error *err;
};

/* One line of `git ls-files -s -z`: "MODE ID STAGE\tPATH". */
static int add_tracked(struct tree *t, struct str line, struct str *prev)
{
	struct snapshot *s = t->s;
	size_t tab = str_chr(line, '\t'), space = str_chr(line, ' ');
	struct str path;
	CLEANUP(free) char *source = NULL;
	const char *from;
	struct stat st;

	if (tab == STR_NPOS)
		return 0;
	path = str_from(line, tab + 1);
	if (str_eq(path, *prev))
		return 0; /* a conflict has one entry a side */
	source = xasprintf(STR_FMT "/" STR_FMT, STR_ARG(t->files), STR_ARG(path));
	if (lstat(source, &st)) {
		/* deleted in the work tree, or one of its folders became a file */
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : error_sys(t->err, errno, "cannot read '%s'", source);
	}
	path = arena_str(&s->arena, path);
	add_parents(s, *prev, path);
	*prev = path;
	if (str_starts(line, STR("160000"))) {
		struct str id = str_sub(line, space + 1, tab);
		struct gitlink l = {path, arena_str(&s->arena, str_sub(id, 0, str_chr(id, ' ')))};

		snapshot_add_dir(s, path); /* all that is there without a strategy */
		vec_push(&t->links, l);
		return 0;
	}
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return 0; /* a folder or device took the file's place */
	s->tracked++;
	from = source;
	/* As after the Runner's `git lfs pull`: a pointer of the work tree is none in the job. */
	if (t->lfs && lfs_object(t->repo, &s->arena, source, &st, &from) == LFS_MISSING &&
		!s->n_pointers++)
		s->pointer = path;
	if (snapshot_add_file(s, path, from, &st, t->err))
		return -1;
	if (t->o->committed_dir) {
		struct str id = str_sub(line, space + 1, tab);

		s->entries.v[s->entries.n - 1].id =
			arena_str(&s->arena, str_sub(id, 0, str_chr(id, ' ')));
	}
	return 0;
}

static int add_files(struct tree *t, struct str list)
{
	struct str prev = STR_NULL;
	size_t from = 0, i;

	for (i = 0; i < list.n; i++)
		if (!list.p[i]) {
			if (add_tracked(t, str_n(list.p + from, i - from), &prev))
				return -1;
			from = i + 1;
		}
	return 0;
}

static void note_untracked(struct snapshot *s, struct str list)
{
	while (list.n) {
		size_t end = str_chr(list, '\0');

		if (end == STR_NPOS)
			break;
		if (s->n_untracked < ARRAY_SIZE(s->untracked))
			s->untracked[s->n_untracked] = arena_str(&s->arena, str_sub(list, 0, end));
		s->n_untracked++;
		list = str_from(list, end + 1);
	}
}

/*
 * What git tracks, and beside it, for the project's work tree, what it neither tracks nor ignores,
 * and what went since an earlier commit.
 */
static int add_work_tree(struct tree *t)
{
	static const char *const tracked[] = {"ls-files", "-s", "-z", NULL};
	static const char *const others[] = {"ls-files", "-o", "-z", "--exclude-standard",
		"--directory", "--no-empty-directory", NULL};
	struct str id = t->o->earlier;
	CLEANUP(free) char *earlier = id.n ? xstrndup(id.p, id.n) : NULL;
	const char *gone[] = {"diff-index", "--name-only", "-z", "--no-renames", "--diff-filter=D",
		"--ignore-submodules", earlier, "--", NULL};
	struct git_proc p[3], *list[] = {&p[0], &p[1], &p[2]};
	size_t n = t->level || t->o->committed_dir ? 1 : earlier ? 3 : 2;
	int ret = -1, code;

	t->lfs = lfs_used(t->repo, t->files);
	git_spawn(&p[0], t->files.p, tracked);
	if (n > 1)
		git_spawn(&p[1], t->files.p, others);
	if (n > 2)
		git_spawn(&p[2], t->files.p, gone);
	git_wait(list, n);
	code = git_exit(&p[0], t->err);
	if (code > 0)
		error_set(
			t->err, ERR_SYS, code, "git ls-files: " STR_FMT, STR_ARG(git_words(&p[0])));
	if (code)
		error_wrap(t->err, "cannot list the sources");
	else
		ret = add_files(t, buf_str(&p[0].out));
	if (n > 1 && !git_exit(&p[1], NULL))
		note_untracked(t->s, buf_str(&p[1].out));
	if (n > 2 && !git_exit(&p[2], NULL))
		snapshot_add_gone(t->s, t->files, buf_str(&p[2].out));
	while (n)
		git_release(&p[--n]);
	return ret;
}

/* The commit's files below dir, by a clone that borrows the objects. */
static int check_out(const struct repo *r, struct str sha, const char *dir, struct error *err)
{
	/* What LFS would fetch comes from no network here, but from what the clone has: lfs.h. */
	const char *clone[] = {"clone", "-q", "--shared", "--no-checkout", "--template=", "-c",
		"filter.lfs.smudge=", "-c", "filter.lfs.process=", "-c",
		"filter.lfs.required=false", "--", r->root.p, dir, NULL};
	CLEANUP(free) char *id = xstrndup(sha.p, sha.n);
	const char *checkout[] = {"-C", dir, "checkout", "-q", "--detach", id, NULL};
	struct buf out = BUF_INIT;
	int code = repo_git(r, &out, err, clone);

	if (!code)
		code = repo_git(r, &out, err, checkout);
	buf_release(&out);
	if (code > 0 && !error_is(err))
		error_set(err, ERR_SYS, code, "git: cannot check out %s", id);
	return code ? -1 : 0;
}

static int add_tree(struct snapshot *s, const struct repo *r, struct str sha, unsigned level,
	const struct snapshot_options *o, struct error *err);

/* A submodule's tree; its paths get the submodule's in front. */
static int add_module(struct tree *t, const struct gitlink *l)
{
	struct snapshot *s = t->s;
	struct submodule m = {.path = l->path, .level = t->level + 1, .missing = true};
	CLEANUP(free)
	char *root = xasprintf(STR_FMT "/" STR_FMT, STR_ARG(t->repo->root), STR_ARG(l->path));
	CLEANUP(free) char *git = xasprintf("%s/.git", root);
	size_t at = s->modules.n, first = s->entries.n, i;
	struct error err = ERROR_INIT;
	struct repo sub;
	int ret;

	vec_push_in(&s->arena, &s->modules, m);
	if (access(git, F_OK) || repo_open(&sub, root, &err))
		return 0;
	ret = add_tree(s, &sub, t->o->committed_dir ? l->sha : sub.sha, t->level + 1, t->o, &err);
	repo_release(&sub);
	if (ret) {
		s->entries.n = first; /* its commit is not here */
		s->modules.n = at + 1;
		return 0;
	}
	s->modules.v[at].missing = false;
	for (i = first; i < s->entries.n; i++) {
		struct entry *e = &s->entries.v[i];

		e->path = arena_printf(
			&s->arena, STR_FMT "/" STR_FMT, STR_ARG(l->path), STR_ARG(e->path));
		if (!e->module)
			e->module = (uint32_t)at + 1;
	}
	for (i = at + 1; i < s->modules.n; i++) {
		struct submodule *n = &s->modules.v[i];

		n->path = arena_printf(
			&s->arena, STR_FMT "/" STR_FMT, STR_ARG(l->path), STR_ARG(n->path));
		if (!n->parent)
			n->parent = (uint32_t)at + 1;
	}
	return 0;
}

static int add_tree(struct snapshot *s, const struct repo *r, struct str sha, unsigned level,
	const struct snapshot_options *o, struct error *err)
{
	struct tree t = {.s = s,
		.repo = r,
		.files = r->root,
		.git_dir = r->git_dir,
		.level = level,
		.o = o,
		.err = err};
	CLEANUP(free) char *dir = NULL;
	int ret = 0;

	if (o->committed_dir) {
		dir = xasprintf("%s/%zu", o->committed_dir, s->modules.n);
		if (check_out(r, sha, dir, err))
			return -1;
		t.files = str_c(dir);
		t.git_dir = arena_printf(&s->arena, "%s/.git", dir);
	}
	if (add_work_tree(&t) ||
		(!o->no_git && snapshot_add_git(s, r, t.git_dir, sha, level > 0, err)))
		ret = -1;
	for (size_t i = 0; !ret && level < SUBMODULE_LEVELS && i < t.links.n; i++)
		ret = add_module(&t, &t.links.v[i]);
	vec_release(&t.links);
	return ret;
}

int snapshot_make(struct snapshot *s, const struct repo *r, const struct snapshot_options *o,
	struct error *err)
{
	*s = (struct snapshot){.taken_s = (int64_t)time(NULL)};
	arena_init(&s->arena);
	if (o->committed_dir && !r->has_commit) {
		error_set(err, ERR_CONFIG, 0, "there is no commit yet");
		snapshot_release(s);
		return -1;
	}
	if (add_tree(s, r, r->sha, 0, o, err)) {
		snapshot_release(s);
		return -1;
	}
	return 0;
}

void snapshot_release(struct snapshot *s)
{
	arena_release(&s->arena);
	*s = (struct snapshot){0};
}
