#include "base/base.h"

#include "source/loader.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Enough for GitLab's own limit on a file (2 MiB) with room to say that it was passed. */
#define DEFAULT_MAX_SIZE ((size_t)8 << 20)
/* A wildcard walks the work tree: bounds against a tree that is no project. */
#define GLOB_MAX_ENTRIES ((size_t)1000000)
#define GLOB_MAX_DEPTH   64

enum loader_status loader_init(struct loader *l, struct arena *a, struct str root, struct str *why)
{
	char *real;

	*l = (struct loader){.arena = a, .max_size = DEFAULT_MAX_SIZE};
	if (root.n && memchr(root.p, '\0', root.n)) {
		*why = STR("the project's path holds a NUL byte");
		return LOADER_REFUSED;
	}
	real = realpath(arena_cstr(a, root), NULL);
	if (!real) {
		*why = arena_printf(a, "cannot use '" STR_FMT "' as the project's root: %s",
			STR_ARG(root), strerror(errno));
		return LOADER_MISSING;
	}
	l->root = arena_str(a, str_c(real));
	free(real);
	return LOADER_OK;
}

static bool inside(const struct loader *l, struct str path)
{
	if (str_is(l->root, "/"))
		return true;
	return str_starts(path, l->root) && (path.n == l->root.n || path.p[l->root.n] == '/');
}

static bool has_dotdot(struct str path)
{
	struct str_split it = str_split(path, '/');
	struct str part;

	while (str_split_next(&it, &part))
		if (str_is(part, ".."))
			return true;
	return false;
}

/* Resolves path to a real one inside the root. */
static enum loader_status resolve(
	struct loader *l, struct str path, struct str *real, struct str *why)
{
	struct str shown = path;
	char *r;

	if (path.n && memchr(path.p, '\0', path.n)) {
		*why = STR("the path holds a NUL byte");
		return LOADER_REFUSED;
	}
	while (path.n && path.p[0] == '/')
		path = str_from(path, 1);
	if (has_dotdot(path)) {
		*why = arena_printf(
			l->arena, "'" STR_FMT "' leads out of the project", STR_ARG(shown));
		return LOADER_REFUSED;
	}
	r = realpath(arena_printf(l->arena, STR_FMT "/" STR_FMT, STR_ARG(l->root), STR_ARG(path)).p,
		NULL);
	if (!r) {
		*why = arena_printf(
			l->arena, "cannot read '" STR_FMT "': %s", STR_ARG(shown), strerror(errno));
		return errno == ENOENT || errno == ENOTDIR ? LOADER_MISSING : LOADER_FAILED;
	}
	*real = arena_str(l->arena, str_c(r));
	free(r);
	if (!inside(l, *real)) {
		*why = arena_printf(l->arena, "'" STR_FMT "' is a symbolic link out of the project",
			STR_ARG(shown));
		return LOADER_REFUSED;
	}
	return LOADER_OK;
}

static enum loader_status failed(
	struct loader *l, struct str path, const char *reason, struct str *why)
{
	*why = arena_printf(l->arena, "cannot read '" STR_FMT "': %s", STR_ARG(path), reason);
	return LOADER_FAILED;
}

static enum loader_status slurp(
	struct loader *l, struct str path, int fd, struct str *text, struct str *why)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (;;) {
		ssize_t got;

		buf_reserve(&b, 16384);
		got = read(fd, b.p + b.n, b.cap - b.n - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return failed(l, path, strerror(errno), why);
		if (!got)
			break;
		b.n += (size_t)got;
		b.p[b.n] = '\0';
		if (b.n > l->max_size)
			return failed(l, path, "it is too large", why);
	}
	*text = arena_str(l->arena, buf_str(&b));
	return LOADER_OK;
}

static bool in_tree(const struct loader *l, struct str path)
{
	const struct loader_tree *t = l->tree;

	return t->n && bsearch(&path, t->paths, t->n, sizeof(*t->paths), str_qcmp);
}

static enum loader_status read_tree(
	struct loader *l, struct str shown, struct str *text, struct str *why)
{
	struct str path = shown;
	enum loader_status s;

	while (path.n && path.p[0] == '/')
		path = str_from(path, 1);
	if (!in_tree(l, path)) {
		*why = arena_printf(l->arena, "cannot read '" STR_FMT "': %s", STR_ARG(shown),
			strerror(ENOENT));
		return LOADER_MISSING;
	}
	s = l->tree->read(l->tree->ctx, l->arena, path, text, why);
	return s == LOADER_OK && text->n > l->max_size ? failed(l, shown, "it is too large", why)
						       : s;
}

static enum loader_status glob_tree(
	struct loader *l, struct str pattern, struct str **paths, size_t *n)
{
	VEC(struct str) hits = {NULL, 0, 0};

	for (size_t i = 0; i < l->tree->n; i++)
		if (loader_glob_match(pattern, l->tree->paths[i]))
			vec_push_in(l->arena, &hits, l->tree->paths[i]);
	*paths = hits.v;
	*n = hits.n;
	return LOADER_OK;
}

enum loader_status loader_read(struct loader *l, struct str path, struct str *text, struct str *why)
{
	CLEANUP(close) int fd = -1;
	struct stat st;
	struct str real;
	enum loader_status s;

	if (l->tree)
		return read_tree(l, path, text, why);
	s = resolve(l, path, &real, why);

	if (s != LOADER_OK)
		return s;
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	fd = open(real.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st))
		return failed(l, path, strerror(errno), why);
	if (!S_ISREG(st.st_mode))
		return failed(
			l, path, S_ISDIR(st.st_mode) ? "it is a directory" : "it is no file", why);
	return slurp(l, path, fd, text, why);
}

bool loader_exists(struct loader *l, struct str path)
{
	struct stat st;
	struct str real, why;

	while (l->tree && path.n && path.p[0] == '/')
		path = str_from(path, 1);
	if (l->tree)
		return in_tree(l, path);
	return resolve(l, path, &real, &why) == LOADER_OK && !stat(real.p, &st) &&
	       S_ISREG(st.st_mode);
}

struct walk {
	struct loader *l;
	struct str pattern;
	VEC(struct str) hits;
	size_t seen;
};

static bool skipped(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, ".git") ||
	       !strcmp(name, ".cilocal");
}

static bool walk_dir(struct walk *w, int fd, struct str prefix, unsigned depth);

static bool walk_entry(
	struct walk *w, DIR *dir, const struct dirent *e, struct str prefix, unsigned depth)
{
	struct str path =
		prefix.n ? arena_printf(w->l->arena, STR_FMT "/%s", STR_ARG(prefix), e->d_name)
			 : arena_str(w->l->arena, str_c(e->d_name));
	struct stat st;

	if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW))
		return true;
	if (S_ISDIR(st.st_mode)) {
		int fd = openat(
			dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

		return fd < 0 || walk_dir(w, fd, path, depth + 1);
	}
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return true;
	if (loader_glob_match(w->pattern, path) &&
		(S_ISREG(st.st_mode) || loader_exists(w->l, path)))
		vec_push(&w->hits, path);
	return true;
}

/* Takes fd over. False when the walk passed its bound. */
static bool walk_dir(struct walk *w, int fd, struct str prefix, unsigned depth)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *e;
	bool ok = true;

	if (!dir) {
		close(fd);
		return true;
	}
	while (ok && (e = readdir(dir))) {
		if (skipped(e->d_name))
			continue;
		ok = ++w->seen <= GLOB_MAX_ENTRIES && depth <= GLOB_MAX_DEPTH;
		ok = ok && walk_entry(w, dir, e, prefix, depth);
	}
	closedir(dir);
	return ok;
}

/* The directory in front of the first star: the walk starts there. */
static struct str literal_dir(struct str pattern)
{
	size_t star = str_chr(pattern, '*');
	size_t slash = str_rchr(str_sub(pattern, 0, star == STR_NPOS ? pattern.n : star), '/');

	return slash == STR_NPOS ? STR_NULL : str_sub(pattern, 0, slash);
}

enum loader_status loader_glob(
	struct loader *l, struct str pattern, struct str **paths, size_t *n, struct str *why)
{
	struct walk w = {.l = l};
	struct str real, base;
	enum loader_status s;
	int fd;

	*paths = NULL;
	*n = 0;
	while (pattern.n && pattern.p[0] == '/')
		pattern = str_from(pattern, 1);
	if (l->tree)
		return glob_tree(l, pattern, paths, n);
	w.pattern = pattern;
	base = literal_dir(pattern);
	s = resolve(l, base, &real, why);
	if (s == LOADER_MISSING)
		return LOADER_OK;
	if (s != LOADER_OK)
		return s;
	fd = open(real.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return LOADER_OK;
	if (!walk_dir(&w, fd, base, 0)) {
		vec_release(&w.hits);
		return failed(l, pattern, "too many files or directories below it", why);
	}
	if (w.hits.n) {
		qsort(w.hits.v, w.hits.n, sizeof(*w.hits.v), str_qcmp);
		*paths = arena_alloc(l->arena, w.hits.n * sizeof(**paths));
		memcpy(*paths, w.hits.v, w.hits.n * sizeof(**paths));
		*n = w.hits.n;
	}
	vec_release(&w.hits);
	return LOADER_OK;
}
