/*
 * Where the time of a run went: what `run` shows at its end and `runs show` of any run, made from
 * the run's record. Pure; the drawing is in timeline_text.c, timeline_svg.c and timeline_json.c.
 */
#ifndef CLI_TIMELINE_H
#define CLI_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct arena;
struct buf;
struct node;
struct job_record;
struct run_record;

/* What the time of jobs is spent on, in the order of the legend. */
enum time_kind {
	TIME_WAIT,    /* it could run, but for a free slot, a resource or its delay */
	TIME_IMAGE,   /* an image is pulled */
	TIME_PREPARE, /* container, services, sources; and taking that down */
	TIME_FILES,   /* artifacts and caches, both ways */
	TIME_SCRIPT,
	TIME_CHILD, /* a trigger job, while its pipeline runs */
	TIME_KINDS
};
/* "waiting", "images" ...: for the legend. */
const char *time_kind_name(enum time_kind k);

struct timeline_part {
	enum time_kind kind;
	struct str name; /* as in the record; empty: nothing finer is known than the whole job */
	double start, end;
};
struct timeline_job {
	const struct job_record *record;
	struct str name;   /* without those of the trigger jobs above it */
	unsigned depth;    /* how many those are */
	size_t above;      /* the nearest of them; SIZE_MAX: none */
	double start, end; /* seconds from the start of the run; end < 0: it did not run */
	double busy;       /* the same without waiting; seconds */
	struct timeline_part *parts;
	size_t n_parts;
	bool critical; /* on the longest chain */
};
struct timeline {
	const struct run_record *run;
	struct timeline_job *jobs; /* parallel to run->jobs */
	size_t n_ran;
	double end;              /* of the run, seconds */
	double sums[TIME_KINDS]; /* over all jobs */
	bool has_phases;         /* the record tells them */
	size_t *chain; /* the longest chain: jobs each of which waited for the one before it */
	size_t n_chain;
	double chain_s;
};

/*
 * All in the arena, with borrowed texts of the record. now: seconds since 1970, for what goes on
 * still.
 */
void timeline_make(struct timeline *t, struct arena *a, const struct run_record *r, double now);
/* Whether it tells more than the table does: not of one short job. */
bool timeline_tells(const struct timeline *t);

struct timeline_look {
	size_t columns;   /* at least 40 are used */
	bool color, utf8; /* utf8: letters beyond ASCII for bars */
	bool states;      /* say how each job ended */
	size_t most;      /* with more jobs than that only those of the longest chain; 0: all */
};
void timeline_text(const struct timeline *t, const struct timeline_look *look, struct buf *out);
/* A picture on its own, light or dark as its reader wants it. */
void timeline_svg(const struct timeline *t, struct buf *out);
/* Trace events, as Chrome's about:tracing and Perfetto read them. */
struct node *timeline_trace(const struct timeline *t, struct arena *a);
/* The parts of a job, and what concerns the whole run, added to objects of `runs`. */
void timeline_tree_job(const struct timeline *t, size_t job, struct arena *a, struct node *to);
void timeline_tree(const struct timeline *t, struct arena *a, struct node *to);

/* Marks of a time axis: the distance of two of at most `most` marks from 0 to end, and a mark's
 * text. */
double timeline_step(double end, size_t most);
struct str timeline_mark(struct arena *a, double seconds);

#endif
