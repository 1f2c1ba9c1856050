/*
 * Section markers of a job's log: "section_start:<seconds>:<name>[options]" CR ESC[0K and
 * "section_end:<seconds>:<name>" CR ESC[0K. A filter removes them from a stream of any cut and
 * reports each.
 *
 * Source: GitLab docs, "Job logs", custom collapsible sections.
 */
#ifndef LOG_SECTION_H
#define LOG_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/str.h"

struct section_mark {
	bool start;
	long long seconds;
	struct str name;
	bool collapsed, hide_duration;
};

typedef void section_fn(void *arg, const struct section_mark *m);
typedef void section_out_fn(void *arg, struct str bytes);

struct section_filter {
	struct buf held; /* what may be the start of a marker */
};

void section_filter_init(struct section_filter *f);
void section_filter_release(struct section_filter *f);
/* out gets the bytes without markers, in order; mark (may be NULL) each marker in its place. */
void section_feed(struct section_filter *f, struct str bytes, section_out_fn *out, section_fn *mark,
	void *arg);
void section_flush(struct section_filter *f, section_out_fn *out, void *arg);

/*
 * Reads one marker at the start of text. Returns its length, 0 where there is none, or
 * SECTION_MORE where the bytes so far may become one.
 */
#define SECTION_MORE ((size_t)-1)
size_t section_parse(struct str text, struct section_mark *m);

#endif
