/*
 * Cache keys as GitLab sends them to the Runner, which then expands their variables (GitLab,
 * lib/gitlab/ci/pipeline/seed/build/cache.rb and app/models/ci/build.rb `cache`).
 */
#ifndef PIPELINE_CACHE_KEY_H
#define PIPELINE_CACHE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include "pipeline/pipeline.h"

struct arena;

struct cache_keys {
	struct str key; /* "1_Gemfile-<sha1>-non_protected", "$CI_COMMIT_REF_SLUG-protected" */
	struct str *fallbacks; /* with the same suffix */
	size_t n_fallbacks;
};

struct cache_key_options {
	bool separate_protected; /* the project's setting "separate caches for protected branches"
				    (on) */
	unsigned cleared;        /* how often the runner caches were cleared; 0 adds nothing */
};
#define CACHE_KEY_OPTIONS ((struct cache_key_options){true, 0})

/* Keys of job->def->caches[index]. Asks facts->file_id for key:files. */
struct cache_keys pipeline_cache_keys(struct arena *a, const struct pipeline *p,
	const struct job *job, size_t index, const struct cache_key_options *opt);

#endif
