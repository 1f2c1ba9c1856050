#include "base/base.h"
#include "emulator/git/repo.h"
#include "emulator/git/git_internal.h"
#include "emulator/core/error.h"

#include <sys/stat.h>
#include <unistd.h>

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static struct str join(struct arena *a, struct str base, struct str rel)
{
	if (rel.n && rel.p[0] == '/')
		return arena_str(a, rel);
	return arena_printf(a, STR_FMT "/" STR_FMT, STR_ARG(base), STR_ARG(rel));
}

static struct str resolved(struct arena *a, struct str path)
{
	CLEANUP(free) char *real = realpath(path.p, NULL);

	return real ? arena_str(a, str_c(real)) : path;
}

/* .git of a linked work tree or of a submodule is a file that names the real directory. */
static int read_git_file(struct repo *r, const char *path, struct error *err)
{
	struct str text;

	if (!git_read_small(&r->arena, path, &text) || !str_starts(text, STR("gitdir:")))
		return error_set(err, ERR_SYS, EINVAL, "'%s' names no git directory", path);
	r->git_dir = resolved(&r->arena, join(&r->arena, r->root, str_trim(str_from(text, 7))));
	if (!is_dir(r->git_dir.p))
		return error_set(err, ERR_SYS, ENOENT,
			"'%s' names the git directory '" STR_FMT "', which is not there", path,
			STR_ARG(r->git_dir));
	return 0;
}

/* Walks up from dir to the folder that holds .git. */
static int find_root(struct repo *r, const char *dir, struct error *err)
{
	CLEANUP(free) char *at = realpath(dir, NULL);
	CLEANUP(free) char *start = NULL;
	struct str text;

	if (!at)
		return error_sys(err, errno, "cannot open folder '%s'", dir);
	start = xstrdup(at);
	for (;;) {
		CLEANUP(free) char *dot_git = xasprintf("%s/.git", strcmp(at, "/") ? at : "");
		char *slash;

		if (!access(dot_git, F_OK)) {
			r->root = arena_str(&r->arena, str_c(at));
			r->git_dir = arena_str(&r->arena, str_c(dot_git));
			if (!is_dir(dot_git) && read_git_file(r, dot_git, err))
				return -1;
			break;
		}
		slash = strrchr(at, '/');
		if (!slash || !strcmp(at, "/")) {
			CLEANUP(free) char *objects = xasprintf("%s/objects", start);
			CLEANUP(free) char *head = xasprintf("%s/HEAD", start);

			if (is_dir(objects) && !access(head, F_OK))
				return error_set(err, ERR_SYS, ENOENT,
					"'%s' is a bare git repository; a work tree is needed",
					start);
			return error_set(err, ERR_SYS, ENOENT,
				"'%s' is not in a git work tree (make one with `git init`)", start);
		}
		slash[slash == at] = '\0';
	}
	r->common_dir = r->git_dir;
	if (git_read_small(
		    &r->arena, arena_printf(&r->arena, "%s/commondir", r->git_dir.p).p, &text))
		r->common_dir = resolved(&r->arena, join(&r->arena, r->git_dir, str_trim(text)));
	return 0;
}

static int read_head(struct repo *r, struct error *err)
{
	const char *path = arena_printf(&r->arena, "%s/HEAD", r->git_dir.p).p;
	struct str text;

	if (!git_read_small(&r->arena, path, &text))
		return error_set(err, ERR_SYS, EINVAL, "cannot read '%s'", path);
	if (git_is_reftable(r)) {
		const char *args[] = {"symbolic-ref", "-q", "HEAD", NULL};
		struct buf out = BUF_INIT;

		repo_git(r, &out, NULL, args);
		text = arena_printf(&r->arena, "ref: %s", out.p);
		buf_release(&out);
	}
	text = str_trim(text);
	if (str_starts(text, STR("ref: refs/heads/")))
		r->branch = arena_str(&r->arena, str_from(text, 16));
	return 0;
}

static struct str field(struct str *rest)
{
	size_t nul = str_chr(*rest, '\0');
	struct str f = nul == STR_NPOS ? *rest : str_sub(*rest, 0, nul);

	*rest = nul == STR_NPOS ? STR_NULL : str_from(*rest, nul + 1);
	return f;
}

/* Title and description as GitLab makes them (app/models/commit.rb, full_title and description). */
static void split_message(struct repo *r)
{
	struct str m = r->message;
	size_t i;

	for (i = 0; i < m.n && m.p[i] != '\n' && m.p[i] != '\r'; i++)
		;
	r->title = arena_str(&r->arena, str_sub(m, 0, i));
	r->description = STR("");
	if (r->title.n >= 100) {
		r->description = m;
	} else if ((i = str_chr(m, '\n')) != STR_NPOS) {
		struct str d = str_from(m, i + 1);

		if (d.n && d.p[d.n - 1] == '\n')
			d.n--;
		r->description = arena_str(&r->arena, d);
	}
}

/* First tag by name of "tag: refs/tags/a, tag: refs/tags/b". */
static void read_tags(struct repo *r, struct str decoration)
{
	struct str_split it = str_split(decoration, ',');
	struct str one;

	while (str_split_next(&it, &one)) {
		one = str_trim(one);
		if (!str_starts(one, STR("tag: refs/tags/")))
			continue;
		one = str_from(one, 15);
		if (!r->tag.n || str_cmp(one, r->tag) < 0)
			r->tag = arena_str(&r->arena, one);
	}
}

static int read_commit(struct repo *r, struct git_proc *p, struct error *err)
{
	int code = git_exit(p, err);
	struct str rest = buf_str(&p->out), parents;
	size_t sp;

	if (code < 0)
		return -1;
	if (code) {
		CLEANUP(free) char *ref = xasprintf("refs/heads/" STR_FMT, STR_ARG(r->branch));

		if (r->branch.n && !git_ref(r, &r->arena, ref).n)
			return 0;
		return error_set(err, ERR_SYS, code, "git: " STR_FMT, STR_ARG(git_words(p)));
	}
	r->has_commit = true;
	r->sha = arena_str(&r->arena, field(&rest));
	r->sha256 = r->sha.n == 64;
	parents = field(&rest);
	sp = str_chr(parents, ' ');
	r->parent_sha = arena_str(&r->arena, sp == STR_NPOS ? parents : str_sub(parents, 0, sp));
	r->author = arena_str(&r->arena, field(&rest));
	r->timestamp = arena_str(&r->arena, field(&rest));
	read_tags(r, field(&rest));
	/* git log ends the record with a line end of its own */
	if (rest.n && rest.p[rest.n - 1] == '\n')
		rest.n--;
	r->message = arena_str(&r->arena, rest);
	split_message(r);
	return 0;
}

struct branch_config {
	struct str remote, merge;
};

static void read_config_entry(
	struct repo *r, struct branch_config *b, struct str key, struct str value)
{
	size_t dot = str_rchr(key, '.');
	struct str last = str_from(key, dot + 1);

	value = arena_str(&r->arena, value);
	if (str_is(key, "user.name")) {
		r->user_name = value;
	} else if (str_is(key, "user.email")) {
		r->user_email = value;
	} else if (str_starts(key, STR("remote.")) && str_is(last, "url") && dot > 7) {
		struct str name = str_sub(key, 7, dot);

		/* origin wins; else the first one. A second url line of it is for pushing. */
		if (!r->remote.n || (str_is(name, "origin") && !str_is(r->remote, "origin"))) {
			r->remote = arena_str(&r->arena, name);
			r->remote_url = value;
		}
	} else if (str_starts(key, STR("branch.")) && dot > 7 &&
		   str_eq(str_sub(key, 7, dot), r->branch)) {
		if (str_is(last, "remote"))
			b->remote = value;
		else if (str_is(last, "merge"))
			b->merge = value;
	}
}

static int read_config(
	struct repo *r, struct git_proc *p, struct branch_config *b, struct error *err)
{
	int code = git_exit(p, err);
	struct str rest = buf_str(&p->out);

	if (code < 0)
		return -1;
	while (rest.n) {
		struct str entry = field(&rest);
		size_t nl = str_chr(entry, '\n');

		if (nl != STR_NPOS)
			read_config_entry(r, b, str_sub(entry, 0, nl), str_from(entry, nl + 1));
	}
	if (r->remote_url.n && !git_url_parse(&r->arena, r->remote_url, &r->url))
		r->url = (struct git_url){0};
	return 0;
}

static void read_upstream(struct repo *r, const struct branch_config *b)
{
	struct str remote = b->remote, branch = r->branch;
	CLEANUP(free) char *ref = NULL;

	if (!r->branch.n)
		return;
	if (str_starts(b->merge, STR("refs/heads/")))
		branch = str_from(b->merge, 11);
	if (!remote.n)
		remote = r->remote;
	if (!remote.n)
		return;
	ref = str_is(remote, ".") ? xasprintf("refs/heads/" STR_FMT, STR_ARG(branch))
				  : xasprintf("refs/remotes/" STR_FMT "/" STR_FMT, STR_ARG(remote),
					    STR_ARG(branch));
	r->upstream_sha = git_ref(r, &r->arena, ref);
}

/* What the remote calls its default; else main or master where one is there; else this branch. */
static void read_default_branch(struct repo *r)
{
	static const char *const usual[] = {"main", "master"};
	CLEANUP(free) char *head = NULL;
	size_t i;

	if (r->remote.n) {
		struct str at;
		size_t prefix = 14 + r->remote.n; /* "refs/remotes/" NAME "/" */

		head = xasprintf("refs/remotes/" STR_FMT "/HEAD", STR_ARG(r->remote));
		at = git_symref(r, &r->arena, head);
		if (at.n > prefix) {
			r->default_branch = str_from(at, prefix);
			return;
		}
	}
	for (i = 0; i < ARRAY_SIZE(usual); i++) {
		CLEANUP(free) char *local = xasprintf("refs/heads/%s", usual[i]);
		CLEANUP(free)
		char *far = xasprintf("refs/remotes/" STR_FMT "/%s", STR_ARG(r->remote), usual[i]);

		if (str_is(r->branch, usual[i]) || (r->remote.n && git_ref(r, &r->arena, far).n) ||
			git_ref(r, &r->arena, local).n) {
			r->default_branch = str_c(usual[i]);
			return;
		}
	}
	r->default_branch = r->branch.n ? r->branch : STR("main");
}

int repo_open(struct repo *r, const char *dir, struct error *err)
{
	static const char *const log_args[] = {"log", "-1", "--no-show-signature", "--no-color",
		"--decorate-refs=refs/tags", "--decorate=full",
		"--format=%H%x00%P%x00%an <%ae>%x00%cI%x00%D%x00%B", "HEAD", "--", NULL};
	static const char *const config_args[] = {"config", "-z", "--get-regexp",
		"^(user\\.(name|email)|remote\\..*\\.url|branch\\..*\\.(remote|merge))$", NULL};
	struct git_proc log, config, *both[] = {&log, &config};
	struct branch_config b = {0};
	int ret;

	*r = (struct repo){0};
	arena_init(&r->arena);
	if (find_root(r, dir ? dir : ".", err))
		return -1;
	git_spawn(&log, r->root.p, log_args);
	git_spawn(&config, r->root.p, config_args);
	ret = read_head(r, err);
	git_wait(both, 2);
	if (read_commit(r, &log, err) || read_config(r, &config, &b, err))
		ret = -1;
	git_release(&log);
	git_release(&config);
	if (ret)
		return -1;
	read_upstream(r, &b);
	read_default_branch(r);
	return 0;
}

void repo_release(struct repo *r)
{
	arena_release(&r->arena);
}

int repo_dirty(struct repo *r, bool *dirty, struct error *err)
{
	static const char *const args[] = {"diff-index", "--quiet", "HEAD", "--", NULL};
	static const char *const refresh[] = {"status", "--porcelain", "-uno", NULL};
	struct buf out = BUF_INIT;
	int code;

	if (!r->has_commit) {
		*dirty = true;
		return 0;
	}
	code = repo_git(r, &out, err, args);
	if (code == 1) {
		/* Stale file times look like changes to diff-index; status looks at contents. */
		code = repo_git(r, &out, err, refresh);
		*dirty = out.n != 0;
	} else {
		*dirty = false;
	}
	buf_release(&out);
	return code < 0 || code > 1 ? -1 : 0;
}
