/* Shared by sources*.c and layer_list.c only. */
#ifndef RUNNER_SOURCES_INTERNAL_H
#define RUNNER_SOURCES_INTERNAL_H

#include "emulator/git/snapshot.h"
#include "emulator/runner/sources.h"

enum sources_state { SOURCES_NONE, SOURCES_WORKING, SOURCES_READY, SOURCES_FAILED };

struct sources {
	struct loop *loop;
	const struct repo *repo;
	enum sources_state state;
	struct snapshot snapshot;
	struct error error;
	struct sources_wait *waiting;
	unsigned refs; /* the owner, the worker, tars and copies under way */
	uv_work_t work;
	struct sources_trees *trees; /* of this machine (sources_tree.h) */
	char *committed_dir;         /* NULL: the work tree */
	struct str earlier;          /* sources_set_earlier() */
	bool noted;                  /* the note about untracked files was given out */
};

/* Which entries of the snapshot a view takes, and what stands beside them. */
struct sources_pick {
	const struct sources *sources;
	struct sources_view view;
	bool *modules; /* by index in the snapshot's modules; from malloc */
	struct entry shallow;
	size_t i; /* of the next entry; entries.n: the shallow file; beyond: the end */
};
void sources_pick_start(
	struct sources_pick *p, const struct sources *s, const struct sources_view *view);
const struct entry *sources_pick_next(struct sources_pick *p); /* NULL: that was all */
void sources_pick_end(struct sources_pick *p);

void sources_unref(struct sources *s);

#endif
