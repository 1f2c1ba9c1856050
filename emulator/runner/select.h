/*
 * Which files of the project directory an artifact, a report or a cache takes. Pure: it is shown
 * entries, in any order that has the content of a folder right behind the folder, and decides.
 *
 * Source: GitLab Runner, commands/helpers/file_archiver.go; GitLab docs, CI/CD YAML syntax
 * reference, `artifacts:paths`, `artifacts:exclude`, `artifacts:untracked`, `cache:paths`.
 */
#ifndef RUNNER_SELECT_H
#define RUNNER_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/map.h"
#include "base/str.h"

struct arena;
struct glob;
struct job_log;

enum select_kind { SELECT_DIR, SELECT_FILE, SELECT_LINK };

struct select_pattern {
	struct str written; /* after expansion of variables: the words of messages */
	struct str path;    /* relative to the project directory, clean; "" for all of it */
	const struct glob *glob;
	bool outside;   /* of the project directory, or empty: takes nothing */
	struct str dir; /* the folder that matched last: all below it is taken */
	size_t found;
};

struct selection {
	struct arena *arena;
	struct str project_dir;
	struct select_pattern *paths, *exclude;
	size_t n_paths, n_exclude;
	bool untracked;
	const struct map *tracked; /* NULL: not known, nothing counts as untracked */
	size_t found_untracked;
	struct map taken; /* path -> non-NULL */
	struct map above; /* what selection_parent() gave */

	size_t entries; /* taken */
	size_t folders; /* of them */
	struct str odd; /* the first, by name, that is no regular file; unset: all are */
	uint64_t bytes; /* of files taken */
	int64_t newest_s;
	bool git; /* something below .git was taken */
};

/* Everything lives in the arena; the texts are copied. project_dir is absolute and clean. */
void selection_init(struct selection *s, struct arena *a, struct str project_dir);
/* text: with its variables expanded. */
void selection_add(struct selection *s, struct str text);
void selection_exclude(struct selection *s, struct str text);
/* tracked: paths that git tracks (keys); outlives the selection. */
void selection_untracked(struct selection *s, const struct map *tracked);

/*
 * Where to look: paths relative to the project directory ("" for it), none inside another; the
 * literal directory in front of each pattern. A pattern looks into that directory also where it is
 * a symbolic link to one (GitLab Runner, commands/helpers/file_archiver.go: doublestar.Glob); a
 * link that is named itself stays a link.
 */
struct select_base {
	struct str path;
	bool through; /* what is in it is wanted, not itself */
};
/* Array in the arena. */
size_t selection_bases(const struct selection *s, struct select_base **out);

/* Whether the entry (relative path, never "") is taken; at most once for a path. Counts. */
bool selection_take(struct selection *s, struct str path, enum select_kind kind, uint64_t size,
	int64_t mtime_s);
/* False: nothing in that folder can be taken. Asked after selection_take() of the folder. */
bool selection_descend(const struct selection *s, struct str dir);
/* Taken before. */
bool selection_has(const struct selection *s, struct str path);

/*
 * The folders above the path that are not taken themselves, from the outermost on, each once for
 * all paths; false: no more. *at is 0 before the first call. Without them in an archive, who
 * unpacks it would make them as it likes; the Runner makes them for everybody to write (GitLab
 * Runner, commands/helpers/archive/zip).
 */
bool selection_parent(struct selection *s, struct str path, size_t *at, struct str *parent);

/* The Runner's lines about what each pattern found. */
void selection_report(const struct selection *s, struct job_log *log);

#endif
