/* The two slugs of GitLab: for refs, jobs and paths, and for environments. */
#ifndef VARS_SLUG_H
#define VARS_SLUG_H

#include "base/str.h"

struct arena;

/*
 * Lower case, every character outside [a-z0-9] to '-', cut to 63, '-' stripped at both ends
 * (GitLab, lib/gitlab/utils.rb `slugify`). The result lives in the arena.
 */
struct str slugify(struct arena *a, struct str text);

/*
 * At most 24 characters, unique by a suffix of six base-36 digits of the name's SHA-256 where the
 * name had to be changed (GitLab, lib/gitlab/slug/environment.rb).
 */
struct str environment_slug(struct arena *a, struct str name);

/*
 * The job's name without the suffix of a parallel copy: "test 1/3" and "test: [a, b]" give "test"
 * (GitLab, lib/gitlab/utils/job.rb). A view into name.
 */
struct str job_group_name(struct str name);

#endif
