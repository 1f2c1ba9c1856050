/*
 * The `changes` and `exists` clauses, which job rules, workflow rules, include rules and `only`
 * share. They ask the facts lazily and expand variables in their patterns (GitLab,
 * lib/gitlab/ci/build/rules/rule/clause/changes.rb and exists.rb).
 */
#ifndef CONFIG_CLAUSES_H
#define CONFIG_CLAUSES_H

#include <stdbool.h>
#include "base/str.h"
#include "config/job_def.h"

struct arena;
struct facts;
struct str_list;
struct varset;

enum clause_verdict {
	CLAUSE_FALSE,
	CLAUSE_TRUE,
	CLAUSE_INVALID /* a bad compare_to, project or ref: why is GitLab's text of the fault */
};

struct clause_ctx {
	struct arena *arena;
	const struct facts *facts;
	/* Sorted and expanded variables, references to undefined ones stay text; NULL: no
	 * expansion. */
	const struct varset *vars;
	/* Where `exists` without project looks: the containing file's. Empty: this project. */
	struct str project, ref;
	/* The files of project/ref where the caller has them at hand, else NULL (then
	 * facts->files). */
	bool (*file_exists)(void *ctx, struct str path);
	void *ctx;
};

/*
 * Whether it can be a path in a tree. Git knows a file by one path only, and GitLab compares it as
 * it is written (Gitaly, TreeEntryFinder: an entry is found by its whole path).
 */
bool is_plain_path(struct str path);

/*
 * Whether the clause holds; *why (may be NULL) gets a sentence with what decided, for `explain`:
 * "'a.md' matches '*.md'". Text in the arena.
 */
enum clause_verdict clause_changes(
	const struct clause_ctx *ctx, const struct changes *c, struct str *why);
enum clause_verdict clause_exists(
	const struct clause_ctx *ctx, const struct exists *e, struct str *why);

#endif
