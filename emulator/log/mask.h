/*
 * Masking of secrets in a stream of bytes, whatever way the stream is cut: exact values become
 * [MASKED]; tokens with a known prefix keep the prefix ("glpat-[MASKED]"); values of some URL
 * parameters are masked too. Of phrases that start at one place the longest wins.
 *
 * One mask_set is compiled for a job and shared by its streams; each stream has its own small
 * `struct mask`, which holds back at most the length of the longest phrase.
 *
 * Source: GitLab docs, "Mask a CI/CD variable"; GitLab Runner, common/buildlogger.
 */
#ifndef LOG_MASK_H
#define LOG_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/str.h"

struct mask_set;

/*
 * Values shorter than two bytes are left out (they would shred the log); duplicates are fine.
 * tokens: also mask known token prefixes and URL parameters. Values are copied.
 */
struct mask_set *mask_set_new(const struct str *values, size_t n, bool tokens);
void mask_set_free(struct mask_set *s);

typedef void mask_out_fn(void *arg, struct str bytes);

enum mask_token { MASK_NO_TOKEN, MASK_TOKEN_HEAD, MASK_TOKEN_REST };

struct mask {
	const struct mask_set *set;
	struct buf held;       /* bytes that may be the start of a phrase */
	enum mask_token token; /* behind a token's prefix: before or in the part that is dropped */
	bool url;              /* that token is the value of a URL parameter */
};

void mask_init(struct mask *m, const struct mask_set *set); /* set may be NULL: passes through */
void mask_release(struct mask *m);
/* Feeds bytes; fn gets what is safe to show, in order, in as few pieces as possible. */
void mask_feed(struct mask *m, const char *p, size_t n, mask_out_fn *fn, void *arg);
/* End of the stream: fn gets what was held back, masked. The state is then as after init. */
void mask_flush(struct mask *m, mask_out_fn *fn, void *arg);

/* Masks a whole text (error texts, records) into out. */
void mask_text(const struct mask_set *set, struct str text, struct buf *out);

#endif
