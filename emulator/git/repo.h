/*
 * What a pipeline needs to know of the git work tree: ref, commit, project, user. Read once, quick:
 * files below .git where that is exact, and two `git` processes side by side for the rest.
 *
 * Synchronous on purpose: it is asked before there is a loop, and takes about the time of one
 * `git log -1`.
 */
#ifndef GIT_REPO_H
#define GIT_REPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "vars/facts.h"

struct error;

/* A remote's URL taken apart. */
struct git_url {
	struct str protocol;         /* ssh, https, http, git, file */
	struct str user, host, port; /* user without a password; port empty unless written */
	struct str path;             /* group/sub/name: no leading slash, no ".git" */
};

struct repo {
	struct arena arena; /* owns all strings here */
	struct str root;    /* absolute path of the work tree */
	struct str git_dir; /* absolute; differs from common_dir in a linked work tree */
	struct str common_dir;
	bool has_commit;   /* false: no commit yet; sha and the commit's fields are empty */
	bool sha256;       /* object format */
	struct str branch; /* short name; empty when HEAD is detached */
	struct str sha, parent_sha, upstream_sha;
	struct str message, title, description;
	struct str author, timestamp;  /* "Name <email>", ISO 8601 */
	struct str tag;                /* an exact tag at HEAD, the first by name; empty: none */
	struct str remote, remote_url; /* origin, else the first; empty: none */
	struct git_url url;            /* of remote_url, zeroed without */
	struct str default_branch;
	struct str user_name, user_email;
	bool committed; /* set by the caller: jobs get HEAD alone, so the questions answer of it */
	struct facts
		*facts;     /* of repo_fill_facts(): what `changes` compares depends on the event */
	struct map answers; /* lists that git gave already, by question: jobs ask the same ones */
};

/*
 * Reads the repository that dir (NULL: current directory) is in. Errors: not a git work tree, git
 * missing, a bare repository; all of a kind that ends with exit code 4.
 */
int repo_open(struct repo *r, const char *dir, struct error *err);
void repo_release(struct repo *r);

/*
 * Fills what git knows into facts: refs, commit, project, server, default branch, user, and the
 * questions (changes, files, file_id; ctx = r), whose answers are kept until the next call. The
 * repo must outlive facts. Only empty fields are filled, so that command line options set before
 * win.
 */
void repo_fill_facts(struct repo *r, struct facts *f);

/* Takes a URL or scp-like address apart; false when it is none (a local path is "file"). */
bool git_url_parse(struct arena *a, struct str text, struct git_url *out);

/* Does the work tree differ from HEAD in tracked files? One `git` process. */
int repo_dirty(struct repo *r, bool *dirty, struct error *err);

/*
 * Runs git with the arguments (NULL at the end) in the work tree; output is appended to out.
 * Returns its exit code, or -1 with err set. For other files of this room and tests.
 */
struct buf;
int repo_git(const struct repo *r, struct buf *out, struct error *err, const char *const *args);

#endif
