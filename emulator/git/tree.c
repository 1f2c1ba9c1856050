#include "base/base.h"
#include "emulator/git/tree.h"
#include "emulator/core/error.h"
#include "emulator/git/repo.h"

#define MAX_LINKS 16

/* One entry of `ls-tree -r -z`: "MODE TYPE ID\tPATH". */
static bool parse_entry(struct repo_tree *t, struct str line, struct repo_file *out)
{
	size_t tab = str_chr(line, '\t'), blank;

	if (tab == STR_NPOS)
		return false;
	struct str head = str_sub(line, 0, tab);
	blank = str_rchr(head, ' ');
	if (blank == STR_NPOS || !str_ends(str_sub(head, 0, blank), STR(" blob")))
		return false;
	*out = (struct repo_file){.path = arena_str(&t->arena, str_from(line, tab + 1)),
		.id = arena_str(&t->arena, str_from(head, blank + 1)),
		.link = str_starts(head, STR("120000"))};
	return true;
}

static int by_path(const void *a, const void *b)
{
	const struct repo_file *x = a, *y = b;

	return str_cmp(x->path, y->path);
}

static const struct repo_file *find(const struct repo_tree *t, struct str path)
{
	struct repo_file key = {.path = path};

	return t->n ? bsearch(&key, t->files, t->n, sizeof(*t->files), by_path) : NULL;
}

static int read_object(const struct repo_tree *t, struct arena *a, struct str id, struct str *text)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	const char *const args[] = {"cat-file", "blob", arena_cstr(a, id), NULL};

	if (repo_git(t->repo, &out, NULL, args))
		return -1;
	*text = arena_str(a, buf_str(&out));
	return 0;
}

/* "a/b/link" and what it says, "../c", make "a/c"; false where it leads out of the tree. */
static bool follow(struct arena *a, struct str link, struct str target, struct str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t slash = str_rchr(link, '/');
	struct str_split it = str_split(target, '/');
	struct str part;

	if (str_starts(target, STR("/")))
		return false;
	if (slash != STR_NPOS)
		buf_addstr(&b, str_sub(link, 0, slash));
	while (str_split_next(&it, &part)) {
		if (!part.n || str_is(part, "."))
			continue;
		if (str_is(part, "..")) {
			if (!b.n)
				return false;
			slash = str_rchr(buf_str(&b), '/');
			buf_truncate(&b, slash == STR_NPOS ? 0 : slash);
			continue;
		}
		buf_printf(&b, "%s" STR_FMT, b.n ? "/" : "", STR_ARG(part));
	}
	*out = arena_str(a, buf_str(&b));
	return true;
}

int repo_tree_read(const struct repo_tree *t, struct arena *a, struct str path, struct str *text)
{
	for (int i = 0; i < MAX_LINKS; i++) {
		const struct repo_file *f = find(t, path);
		int code;

		if (!f)
			return ENOENT;
		code = read_object(t, a, f->id, text);
		if (code || !f->link)
			return code;
		if (!follow(a, path, *text, &path))
			return ELOOP;
	}
	return ELOOP;
}

/* Links cost a process each, so only those are followed that a definition could name. */
static bool leads_nowhere(struct repo_tree *t, const struct repo_file *f)
{
	struct str text;

	if (!f->link || !(str_ends(f->path, STR(".yml")) || str_ends(f->path, STR(".yaml"))))
		return false;
	return repo_tree_read(t, &t->arena, f->path, &text);
}

static void list_paths(struct repo_tree *t)
{
	t->paths = arena_array(&t->arena, struct str, t->n + 1);
	for (size_t i = 0; i < t->n; i++)
		if (!leads_nowhere(t, &t->files[i]))
			t->paths[t->n_paths++] = t->files[i].path;
}

static int list_files(struct repo_tree *t, struct error *err)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	const char *const args[] = {"ls-tree", "-r", "-z", "--full-tree", t->commit.p, NULL};
	VEC(struct repo_file) v = {NULL, 0, 0};
	struct str_split it;
	struct repo_file f;
	struct str line;

	if (repo_git(t->repo, &out, err, args))
		return -1;
	it = str_split(buf_str(&out), '\0');
	while (str_split_next(&it, &line))
		if (parse_entry(t, line, &f))
			vec_push_in(&t->arena, &v, f);
	t->files = v.v;
	t->n = v.n;
	if (t->n)
		qsort(t->files, t->n, sizeof(*t->files), by_path);
	list_paths(t);
	return 0;
}

int repo_tree_open(struct repo_tree *t, const struct repo *repo, const char *rev, struct error *err)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	int code = -1;

	*t = (struct repo_tree){.repo = repo, .name = str_c(rev)};
	arena_init(&t->arena);
	t->name = arena_str(&t->arena, t->name);
	if (*rev && *rev != '-') {
		const char *const args[] = {"rev-parse", "-q", "--verify",
			arena_printf(&t->arena, "%s^{commit}", rev).p, NULL};

		code = repo_git(repo, &out, err, args);
	}
	if (code) {
		error_set(err, ERR_USAGE, 0, "git knows no revision '%s'", rev);
		return -1;
	}
	t->commit = arena_str(&t->arena, str_trim(buf_str(&out)));
	return list_files(t, err);
}

void repo_tree_release(struct repo_tree *t)
{
	arena_release(&t->arena);
}
