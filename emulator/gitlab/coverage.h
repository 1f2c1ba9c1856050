/*
 * The coverage of a job, found in its log by the expression of `coverage:` (GitLab docs, CI/CD YAML
 * syntax reference, `coverage`; GitLab, lib/gitlab/ci/trace/stream.rb, extract_coverage).
 */
#ifndef GITLAB_COVERAGE_H
#define GITLAB_COVERAGE_H

#include "base/str.h"

struct arena;

/*
 * The number as it stands in the log ("87.5"), empty where there is none. expression: "/.../".
 * Only the last 16 MiB of the log are searched.
 */
struct str coverage_of_log(struct arena *a, const char *log_path, struct str expression);
/* The same on a text; what is shown by tests. */
struct str coverage_of_text(struct arena *a, struct str log, struct str expression);

#endif
