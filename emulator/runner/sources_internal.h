/* Shared by sources.c and sources_copy.c only. */
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
};

void sources_unref(struct sources *s);

#endif
