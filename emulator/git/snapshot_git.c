#include "base/base.h"
#include "emulator/git/snapshot_internal.h"
#include "emulator/git/repo.h"
#include "emulator/git/git_internal.h"
#include "emulator/core/error.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

/* Alternates of alternates are followed this deep, as git does. */
#define ALTERNATES_MAX 5

struct walk {
	struct snapshot *s;
	struct map seen; /* paths that are there already: objects of alternates come twice */
	bool foreign;    /* in an alternate: only what stands for itself, no indexes over packs */
	struct error *err;
};

/* Locks and leftovers of other git processes, and what names paths of this machine. */
static bool is_junk(struct str name)
{
	return str_ends(name, STR(".lock")) || str_starts(name, STR("tmp_")) ||
	       str_starts(name, STR("incoming-")) || str_starts(name, STR("tmp-")) ||
	       str_is(name, "alternates") || str_is(name, "http-alternates") ||
	       str_ends(name, STR(".keep"));
}

static bool is_index_of_packs(struct str name)
{
	return str_starts(name, STR("multi-pack-index")) || str_starts(name, STR("commit-graph")) ||
	       str_is(name, "packs") || str_ends(name, STR(".bitmap"));
}

static int walk_dir(struct walk *w, const char *from, const char *to, int depth);

static int walk_one(struct walk *w, const char *from, const char *to, const char *name, int depth)
{
	CLEANUP(free) char *source = xasprintf("%s/%s", from, name);
	struct str path = arena_printf(&w->s->arena, "%s/%s", to, name);
	struct stat st;

	if (is_junk(str_c(name)) || (w->foreign && is_index_of_packs(str_c(name))))
		return 0;
	if (lstat(source, &st)) /* packed away meanwhile */
		return errno == ENOENT ? 0 : error_sys(w->err, errno, "cannot read '%s'", source);
	if (S_ISDIR(st.st_mode)) {
		if (depth > 32)
			return 0;
		return walk_dir(w, source, path.p, depth + 1);
	}
	if (!S_ISREG(st.st_mode) || map_has(&w->seen, path))
		return 0;
	map_put(&w->seen, path, w);
	return snapshot_add_file(w->s, path, source, &st, w->err);
}

static int walk_dir(struct walk *w, const char *from, const char *to, int depth)
{
	struct str path = arena_str(&w->s->arena, str_c(to));
	DIR *d = opendir(from);
	struct dirent *e;
	int ret = 0;

	if (!d)
		return errno == ENOENT ? 0 : error_sys(w->err, errno, "cannot read '%s'", from);
	if (!map_has(&w->seen, path)) {
		map_put(&w->seen, path, w);
		snapshot_add_dir(w->s, path);
	}
	while (!ret && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			ret = walk_one(w, from, to, e->d_name, depth);
	closedir(d);
	return ret;
}

/* The objects, and those of the repositories that this one borrows from. */
static int add_objects(struct walk *w, const char *objects, int depth)
{
	CLEANUP(free) char *path = xasprintf("%s/info/alternates", objects);
	struct str text, line;
	struct str_split it;

	w->foreign = depth > 0;
	if (walk_dir(w, objects, ".git/objects", 0))
		return -1;
	if (depth >= ALTERNATES_MAX || !git_read_small(&w->s->arena, path, &text))
		return 0;
	it = str_split(text, '\n');
	while (str_split_next(&it, &line)) {
		CLEANUP(free) char *other = NULL;

		line = str_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		other = line.p[0] == '/' ? xstrndup(line.p, line.n)
					 : xasprintf("%s/" STR_FMT, objects, STR_ARG(line));
		if (add_objects(w, other, depth + 1))
			return -1;
	}
	return 0;
}

static int add_one(struct walk *w, struct str dir, const char *name)
{
	CLEANUP(free) char *source = xasprintf(STR_FMT "/%s", STR_ARG(dir), name);
	struct stat st;

	if (lstat(source, &st) || !S_ISREG(st.st_mode))
		return 0;
	return snapshot_add_file(
		w->s, arena_printf(&w->s->arena, ".git/%s", name), source, &st, w->err);
}

/* The remote's URL without a password: the job's log and files are no place for it. */
static void put_url(struct buf *b, const struct repo *r)
{
	size_t sep = str_find(r->remote_url, STR("://")), at, colon;
	struct str rest;

	if (sep == STR_NPOS) {
		buf_addstr(b, r->remote_url);
		return;
	}
	rest = str_from(r->remote_url, sep + 3);
	at = str_chr(rest, '@');
	colon = str_chr(rest, ':');
	buf_addstr(b, str_sub(r->remote_url, 0, sep + 3));
	if (at != STR_NPOS && colon != STR_NPOS && colon < at) {
		buf_addstr(b, str_sub(rest, 0, colon));
		rest = str_from(rest, at);
	}
	buf_addstr(b, rest);
}

/*
 * A configuration of our own: the user's may name hooks, editors, credentials and paths of this
 * machine. Times and owners of files change on the way into a job, so git is told to look at sizes
 * and seconds only; else it would read every file to find that nothing changed.
 */
static struct str config(struct snapshot *s, const struct repo *r, struct str remote)
{
	struct buf b = BUF_INIT;
	bool reftable = git_is_reftable(r);
	struct str text;

	buf_printf(&b,
		"[core]\n\trepositoryformatversion = %d\n\tfilemode = true\n\tbare = false\n"
		"\tlogallrefupdates = true\n\ttrustctime = false\n\tcheckStat = minimal\n",
		r->sha256 || reftable);
	if (r->sha256 || reftable)
		buf_adds(&b, "[extensions]\n");
	if (r->sha256)
		buf_adds(&b, "\tobjectformat = sha256\n");
	if (reftable)
		buf_adds(&b, "\trefstorage = reftable\n");
	if (r->remote.n) {
		buf_printf(&b, "[remote \"" STR_FMT "\"]\n\turl = \"", STR_ARG(remote));
		put_url(&b, r);
		buf_printf(&b, "\"\n\tfetch = +refs/heads/*:refs/remotes/" STR_FMT "/*\n",
			STR_ARG(remote));
	}
	text = arena_str(&s->arena, buf_str(&b));
	buf_release(&b);
	return text;
}

static int copy_refs(struct walk *w, const struct repo *r)
{
	CLEANUP(free) char *refs = xasprintf("%s/refs", r->common_dir.p);
	CLEANUP(free) char *tables = xasprintf("%s/reftable", r->common_dir.p);

	if (add_one(w, r->common_dir, "packed-refs") || walk_dir(w, refs, ".git/refs", 0))
		return -1;
	return git_is_reftable(r) ? walk_dir(w, tables, ".git/reftable", 0) : 0;
}

int snapshot_add_git(struct snapshot *s, const struct repo *r, struct str index_dir, struct str sha,
	bool module, struct error *err)
{
	struct walk w = {.s = s, .err = err};
	CLEANUP(free) char *objects = xasprintf("%s/objects", r->common_dir.p);
	CLEANUP(free) char *info = xasprintf("%s/info", r->common_dir.p);
	bool copied = module || git_is_reftable(r);
	struct str head;

	map_init(&w.seen, &s->arena);
	snapshot_add_dir(s, STR(".git"));
	head = r->has_commit ? arena_printf(&s->arena, STR_FMT "\n", STR_ARG(sha))
			     : arena_printf(&s->arena, "ref: refs/heads/" STR_FMT "\n",
				       STR_ARG(r->branch.n ? r->branch : STR("main")));
	snapshot_add_data(s, ".git/HEAD", head, NULL);
	snapshot_add_data(s, ".git/config", config(s, r, copied ? r->remote : STR("origin")), NULL);
	if (!copied)
		snapshot_add_refs(s, r, sha);
	else if (copy_refs(&w, r))
		return -1;
	if (add_one(&w, index_dir, "index") || add_one(&w, r->common_dir, "shallow") ||
		walk_dir(&w, info, ".git/info", 0))
		return -1;
	return add_objects(&w, objects, 0);
}
