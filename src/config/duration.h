/*
 * Durations as people write them in CI files: "2h20min", "3 mins 4 sec", "one hour", "1:30". A
 * month is 30 days, a year 365.25 days. The grammar is that of the chronic_duration library which
 * GitLab uses (GitLab, gems/gitlab-chronic-duration; docs, CI/CD YAML syntax reference, `timeout`,
 * `expire_in`).
 */
#ifndef CONFIG_DURATION_H
#define CONFIG_DURATION_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"
#include "base/util.h"

/*
 * Seconds, fractions cut off. False where GitLab would call it no duration: unknown words, an empty
 * text, and zero. A bare number is in seconds. *seconds is untouched on failure.
 */
bool duration_parse(struct str text, int64_t *seconds) MUST_CHECK;

#endif
