/*
 * Stand-ins count where this program hands a name to an engine: images of jobs and services. A job
 * that relies on one in its own commands would fail late, with words about a registry; so it is
 * said before it starts.
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "pipeline/pipeline.h"

void run_warn_stand_ins(const struct run *r)
{
	const struct run_options *o = r->o;
	const struct job *told = NULL;
	struct arena a = ARENA_INIT;

	for (size_t i = 0; i < r->words.n && !o->only_stand_ins; i++) {
		const struct image_word *w = &r->words.v[i];

		if (w->job == told || !image_rule_find(o->stand_ins, o->n_stand_ins, w->word) ||
			(run_mirror_has(r, &a, w->word) && run_job_has_daemon(r, w->job, &a)))
			continue;
		told = w->job;
		run_message(r, DIAG_WARNING,
			"job '" STR_FMT "' builds with or pulls '" STR_FMT "' (" STR_FMT
			"): a stand-in (--image, [cilocal.images]) counts for images of "
			"jobs and services, and in Docker-in-Docker for images of Docker "
			"Hub, not for what else their commands ask a registry for. Give "
			"the name from outside (ARG BASE, FROM $BASE, docker "
			"build --build-arg BASE=...), and here one that the job's daemon "
			"can get, such as an image below $CI_REGISTRY_IMAGE",
			STR_ARG(w->job->name), STR_ARG(w->word),
			STR_ARG(run_image_place(r, &a, &w->at)));
	}
	arena_release(&a);
}
