/* Shared by diagnose.c, diagnose_words.c and diagnose_where.c only. */
#ifndef RUNNER_DIAGNOSE_INTERNAL_H
#define RUNNER_DIAGNOSE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "emulator/runner/diagnose.h"

struct arena;

/* ---- diagnose_scan.c: which anchors does a line hold ---- */

#define DIAGNOSE_MAX 128
struct diagnose_set {
	uint64_t bits[DIAGNOSE_MAX / 64]; /* entries one of whose anchors was seen */
};
struct diagnose_scan;
struct diagnose_scan *diagnose_scan_new(
	struct arena *a, const struct diagnose_entry *table, size_t n);
/*
 * Entries whose anchors are in the text, case ignored. Returns whether there is any; *first is then
 * the offset behind the first anchor.
 */
bool diagnose_scan(
	const struct diagnose_scan *s, struct str text, struct diagnose_set *out, size_t *first);

/* ---- diagnose_words.c ---- */

/* text with its {placeholders} filled from the hit's line and the job. */
struct str diagnose_fill(struct arena *a, struct str text, const struct diagnose_hit *hit,
	const struct diagnose_context *ctx);

/* ---- diagnose_where.c ---- */

/* The first alternative of entry->where that applies; false where none does. */
bool diagnose_locate(struct arena *a, const struct diagnose_hit *hit,
	const struct diagnose_context *ctx, struct diagnose_place *out);
/* The image of the job's or the runner's Docker-in-Docker service; empty without one. */
struct str diagnose_dind_image(struct arena *a, const struct diagnose_context *ctx);

#endif
