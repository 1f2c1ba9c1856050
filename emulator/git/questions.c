#include "base/base.h"
#include "emulator/git/repo.h"
#include "emulator/git/git_internal.h"
#include "emulator/core/error.h"

/* NUL-separated output to a list in the repo's arena. */
static void to_list(struct repo *r, const struct buf *out, struct str_list *list)
{
	VEC(struct str) v = {0};
	size_t from = 0, i;

	for (i = 0; i < out->n; i++)
		if (!out->p[i]) {
			struct str one = arena_str(&r->arena, str_n(out->p + from, i - from));

			vec_push_in(&r->arena, &v, one);
			from = i + 1;
		}
	list->v = v.v;
	list->n = v.n;
}

static int complain(struct repo *r, struct str_list *out, struct str text)
{
	out->v = arena_array(&r->arena, struct str, 1);
	out->v[0] = text;
	out->n = 1;
	return -1;
}

/* What changes() or files() returned. */
struct answer {
	int code;
	struct str_list list;
};

static const struct answer *known(struct repo *r, struct str question, struct str_list *out)
{
	const struct answer *a;

	a = map_get(&r->answers, question);
	if (a)
		*out = a->list;
	return a;
}

static int remember(struct repo *r, struct str question, int code, const struct str_list *list)
{
	struct answer *a = arena_new(&r->arena, struct answer);

	*a = (struct answer){code, *list};
	map_put(&r->answers, arena_str(&r->arena, question), a);
	return code;
}

/*
 * A ref of the server as it stands here: what the remote was last seen to have, then local
 * branches, tags, ids.
 */
static struct str resolve(struct repo *r, struct str name)
{
	const char *forms[] = {"refs/remotes/" STR_FMT "/" STR_FMT,
		"refs/heads/" STR_FMT "" STR_FMT, "refs/tags/" STR_FMT STR_FMT, STR_FMT STR_FMT};
	size_t i;

	if (!name.n || name.p[0] == '-')
		return STR_NULL;
	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		struct str remote = i ? STR_NULL : r->remote, id = STR_NULL;
		CLEANUP(free) char *full = NULL;
		CLEANUP(free) char *commit = NULL;
		struct buf out = BUF_INIT;

		if (!i && !r->remote.n)
			continue;
		full = xasprintf(forms[i], STR_ARG(remote), STR_ARG(name));
		commit = xasprintf("%s^{commit}", full);
		{
			const char *args[] = {"rev-parse", "-q", "--verify", commit, NULL};

			if (!repo_git(r, &out, NULL, args))
				id = arena_str(&r->arena, str_trim(buf_str(&out)));
		}
		buf_release(&out);
		if (id.n)
			return id;
	}
	return STR_NULL;
}

static struct str merge_base(struct repo *r, struct str a, struct str b)
{
	const char *args[] = {"merge-base", a.p, b.p, NULL};
	struct buf out = BUF_INIT;
	struct str id = STR_NULL;

	if (!repo_git(r, &out, NULL, args))
		id = arena_str(&r->arena, str_trim(buf_str(&out)));
	buf_release(&out);
	return id.n ? id : a;
}

static bool is_zero(struct str sha)
{
	size_t i;

	for (i = 0; i < sha.n; i++)
		if (sha.p[i] != '0')
			return false;
	return true;
}

/*
 * From the base to what jobs get as their sources: the work tree with its uncommitted changes, or
 * the commit alone. Both names of a renamed file count, as on GitLab.
 */
static int ask_changes(struct repo *r, struct str compare_to, struct str_list *out)
{
	const struct facts *f = r->facts;
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	struct str base;
	int code;

	if (!r->has_commit)
		return 1;
	if (compare_to.n) {
		base = resolve(r, compare_to);
		if (!base.n)
			return complain(r, out,
				arena_printf(&r->arena,
					"'" STR_FMT "' is no branch, tag or commit here",
					STR_ARG(compare_to)));
		base = merge_base(r, base, r->sha);
	} else {
		base = f->before_sha;
		if (is_zero(base))
			return 1;
	}
	{
		CLEANUP(free) char *rev = xstrndup(base.p, base.n);
		const char *args[] = {"diff", "--name-only", "--no-renames", "--no-ext-diff", "-z",
			rev, r->committed ? "HEAD" : "--", r->committed ? "--" : NULL, NULL};

		code = repo_git(r, &text, &err, args);
	}
	if (!code)
		to_list(r, &text, out);
	buf_release(&text);
	return code ? complain(r, out, arena_str(&r->arena, str_c(err.text))) : 0;
}

static int changes(void *ctx, struct str compare_to, struct str_list *out)
{
	struct repo *r = ctx;
	const struct facts *f = r->facts;
	const struct answer *a;
	CLEANUP(buf_release) struct buf question = BUF_INIT;

	*out = (struct str_list){NULL, 0};
	if (!compare_to.n && str_is(f->source, "merge_request_event"))
		compare_to = f->mr.target_branch;
	buf_printf(&question, "changes %s " STR_FMT, compare_to.n ? "to" : "since",
		STR_ARG(compare_to.n ? compare_to : f->before_sha));
	a = known(r, buf_str(&question), out);
	return a ? a->code : remember(r, buf_str(&question), ask_changes(r, compare_to, out), out);
}

/* `gone` lists, in the order of `all`, what git tracks and the work tree lacks. */
static void leave_out(struct str_list *all, const struct str_list *gone)
{
	size_t n = 0, g = 0;

	for (size_t i = 0; i < all->n; i++) {
		if (g < gone->n && str_eq(all->v[i], gone->v[g])) {
			/* A path in conflict stands in both lists several times. */
			while (g < gone->n && str_eq(all->v[i], gone->v[g]))
				g++;
			while (i + 1 < all->n && str_eq(all->v[i], all->v[i + 1]))
				i++;
			continue;
		}
		all->v[n++] = all->v[i];
	}
	all->n = n;
}

static int list_files(struct repo *r, const char *const *args, struct str_list *out)
{
	struct buf text = BUF_INIT;
	int code = repo_git(r, &text, NULL, args);

	if (!code)
		to_list(r, &text, out);
	buf_release(&text);
	return code ? -1 : 0;
}

/* The files of a job's tree, as snapshot_make() takes them. */
static int ask_files(struct repo *r, struct str_list *out)
{
	static const char *const tracked[] = {"ls-files", "-z", NULL};
	static const char *const deleted[] = {"ls-files", "-z", "-d", NULL};
	static const char *const head[] = {"ls-tree", "-r", "-z", "--name-only", "HEAD", NULL};
	struct str_list gone = {0};

	if (r->committed)
		return list_files(r, head, out);
	if (list_files(r, tracked, out) || list_files(r, deleted, &gone))
		return -1;
	leave_out(out, &gone);
	return 0;
}

static int files(void *ctx, struct str project, struct str ref, struct str_list *out)
{
	struct repo *r = ctx;
	const struct answer *a;

	*out = (struct str_list){NULL, 0};
	if (project.n || ref.n)
		return -1;
	a = known(r, STR("files"), out);
	return a ? a->code : remember(r, STR("files"), ask_files(r, out), out);
}

static int file_id(void *ctx, struct str path, bool commit, struct str *out)
{
	struct repo *r = ctx;
	CLEANUP(free) char *p = xstrndup(path.p, path.n);
	CLEANUP(free) char *object = xasprintf("HEAD:%s", p);
	const char *log[] = {"log", "-1", "--format=%H", "HEAD", "--", p, NULL};
	const char *hash[] = {"hash-object", "--", p, NULL};
	const char *at_head[] = {"rev-parse", "-q", "--verify", object, NULL};
	struct buf text = BUF_INIT;
	int code = repo_git(r, &text, NULL, commit ? log : r->committed ? at_head : hash);

	*out = arena_str(&r->arena, str_trim(buf_str(&text)));
	buf_release(&text);
	return code || !out->n ? -1 : 0;
}

void git_set_questions(struct repo *r, struct facts *f)
{
	map_init(&r->answers, &r->arena);
	if (!f->changes)
		f->changes = changes;
	if (!f->files)
		f->files = files;
	if (!f->file_id)
		f->file_id = file_id;
	if (!f->ctx)
		f->ctx = r;
}
