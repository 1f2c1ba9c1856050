/*
 * Durations as Go writes them ("1h20m", "1.5h", "300ms"): what the RUNNER_*_TIMEOUT variables and
 * config.toml hold, and how the Runner prints one.
 */
#ifndef RUNNER_DURATION_H
#define RUNNER_DURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

/* Nanoseconds, may be negative; false where text is no duration. A bare "0" is one. */
bool go_duration_parse(struct str text, int64_t *ns);
/* "1h0m0s", "40s", "1.5s"; writes into buf, returns buf. */
const char *go_duration_text(int64_t ns, char *buf, size_t size);

#endif
