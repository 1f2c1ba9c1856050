/* Keys of caches as the Runner treats them. Pure. */
#ifndef RUNNER_CACHE_H
#define RUNNER_CACHE_H

#include "base/str.h"

struct arena;

/*
 * A key that can be part of a path: backslashes and encoded slashes and dots are decoded, the path
 * is cleaned against a root, blanks at its end go. Empty: no cache (GitLab Runner,
 * shells/abstract.go, sanitizeCacheKey).
 */
struct str cache_key_sanitize(struct arena *a, struct str key);

#endif
