/* Artifacts of earlier runs, for a job whose sources are not part of this one. */
#ifndef GITLAB_ARTIFACT_EARLIER_H
#define GITLAB_ARTIFACT_EARLIER_H

#include <stdbool.h>
#include "base/str.h"

struct arena;
struct store;

struct earlier_artifacts {
	struct str run;     /* its id */
	struct str archive; /* absolute path of the tar; empty: none */
	const char *dotenv; /* folder with the files of the dotenv report; NULL: none */
};

/*
 * What the job of that name left in the newest run where it passed, not counting run `but`. False:
 * there is none. Blocking; strings are in the arena.
 */
bool artifact_earlier_find(struct store *s, struct arena *a, struct str job, struct str but,
	struct earlier_artifacts *out);

#endif
