/*
 * What a shell makes of a text between double quotes: parameters and backslashes; no command runs.
 * So the Runner's helper expands the names and paths of artifacts and caches, by the environment
 * that it has then. Pure.
 *
 * Source: GitLab Runner, commands/helpers/artifacts_uploader.go (normalizeArgs); mvdan.cc/sh,
 * shell.Expand; POSIX, XCU 2.6.2.
 */
#ifndef RUNNER_SHELL_EXPAND_H
#define RUNNER_SHELL_EXPAND_H

#include "base/buf.h"
#include "base/str.h"

/* The value of a parameter; empty: it is not set (the Runner's makes no difference). */
typedef struct str shell_get_fn(void *arg, struct str name);

/*
 * Appends the expanded text. -1: it holds what is not expanded here or is no shell's; *why says
 * what, and what was appended is of no use.
 */
int shell_expand(struct buf *out, struct str text, shell_get_fn *get, void *arg, const char **why);

#endif
