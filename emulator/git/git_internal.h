/* Shared by the files of emulator/git only. */
#ifndef GIT_GIT_INTERNAL_H
#define GIT_GIT_INTERNAL_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

struct error;
struct facts;
struct repo;

/* One `git` process, its output collected. Several may run side by side. */
struct git_proc {
	pid_t pid;
	int out_fd, err_fd;
	struct buf out, err;
	int spawn_errno;
};

/* args: after "git", NULL at the end. Failure shows in git_finish(). */
void git_spawn(struct git_proc *p, const char *root, const char *const *args);
/* Waits for the n processes together; output is in their bufs then. */
void git_wait(struct git_proc *const *procs, size_t n);
/* Exit code, or -1 with err where git could not be run or died. After git_wait(). */
int git_exit(struct git_proc *p, struct error *err);
void git_release(struct git_proc *p);
/* git's own words about a failure, first line, without "fatal: ". */
struct str git_words(const struct git_proc *p);

/* Small file to the arena; false where it can't be read. */
bool git_read_small(struct arena *a, const char *path, struct str *out);

/*
 * The id that a full ref name ("refs/heads/main") has, following symbolic refs: loose file, then
 * packed-refs, then (reftable) git itself. Empty where there is no such ref. In the arena.
 */
struct str git_ref(const struct repo *r, struct arena *a, const char *name);
/* The name that a symbolic ref of the common directory points to; empty where it is none. */
struct str git_symref(const struct repo *r, struct arena *a, const char *name);
bool git_is_reftable(const struct repo *r);

/* The questions of struct facts (facts.c). */
void git_set_questions(struct repo *r, struct facts *f);

#endif
