#include "base/base.h"
#include "emulator/git/snapshot.h"
#include "emulator/git/repo.h"
#include "emulator/git/git_internal.h"
#include "emulator/git/snapshot_internal.h"
#include "emulator/core/error.h"

#include <sys/stat.h>
#include <unistd.h>

#define DIR_MODE 0777

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

/* One line of `git ls-files -s -z`: "MODE ID STAGE\tPATH". */
static int add_tracked(struct snapshot *s, const struct repo *r, struct str line, struct str *prev,
	struct error *err)
{
	size_t tab = str_chr(line, '\t');
	struct str path;
	CLEANUP(free) char *source = NULL;
	struct stat st;

	if (tab == STR_NPOS)
		return 0;
	path = str_from(line, tab + 1);
	if (str_eq(path, *prev))
		return 0; /* a conflict has one entry a side */
	source = xasprintf(STR_FMT "/" STR_FMT, STR_ARG(r->root), STR_ARG(path));
	if (lstat(source, &st)) {
		/* deleted in the work tree, or one of its folders became a file */
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : error_sys(err, errno, "cannot read '%s'", source);
	}
	path = arena_str(&s->arena, path);
	add_parents(s, *prev, path);
	*prev = path;
	if (str_starts(line, STR("160000"))) {
		snapshot_add_dir(s, path); /* a submodule: an empty folder, as without a strategy */
		return 0;
	}
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return 0; /* a folder or device took the file's place */
	s->tracked++;
	return snapshot_add_file(s, path, source, &st, err);
}

static int add_work_tree(struct snapshot *s, const struct repo *r, struct error *err)
{
	static const char *const args[] = {"ls-files", "-s", "-z", NULL};
	struct buf out = BUF_INIT;
	struct str prev = STR_NULL;
	size_t from = 0, i;
	int ret = 0;

	if (repo_git(r, &out, err, args)) {
		buf_release(&out);
		return error_wrap(err, "cannot list the sources");
	}
	for (i = 0; i < out.n && !ret; i++)
		if (!out.p[i]) {
			ret = add_tracked(s, r, str_n(out.p + from, i - from), &prev, err);
			from = i + 1;
		}
	buf_release(&out);
	return ret;
}

int snapshot_make(struct snapshot *s, const struct repo *r, const struct snapshot_options *o,
	struct error *err)
{
	*s = (struct snapshot){0};
	arena_init(&s->arena);
	if (add_work_tree(s, r, err) || (!o->no_git && snapshot_add_git(s, r, err))) {
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
