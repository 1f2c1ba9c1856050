/*
 * Stand-ins count where this program hands a name to an engine: images of jobs and services. A job
 * that relies on one in its own commands would fail late, with words about a registry; so it is
 * said before it starts.
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "pipeline/pipeline.h"

struct looking {
	const struct run *r;
	bool daemon; /* the job has one in a service, which asks the run's mirror */
	struct arena arena;
	struct str image; /* found */
	struct str where; /* "FILE:LINE" */
};

static bool stands_in(void *arg, struct str word, const struct image_place *at)
{
	struct looking *l = arg;
	const struct run_options *o = l->r->o;

	if (!word.n || !image_rule_find(o->stand_ins, o->n_stand_ins, word) ||
		(l->daemon && run_mirror_has(l->r, &l->arena, word)))
		return false;
	l->image = word;
	l->where = run_image_place(l->r, &l->arena, at);
	return true;
}

void run_warn_stand_ins(const struct run *r)
{
	size_t n = r->o->n_stand_ins && !r->o->only_stand_ins ? r->p->n_jobs : 0;

	for (size_t i = 0; i < n; i++) {
		struct looking l = {.r = r};
		const struct job *job = r->p->jobs[i];

		if (!r->plan.chosen[i])
			continue;
		arena_init(&l.arena);
		l.daemon = run_job_has_daemon(r, job, &l.arena);
		run_image_words(r, job, &l.arena, stands_in, &l);
		if (l.image.n)
			run_message(r, DIAG_WARNING,
				"job '" STR_FMT "' builds with or pulls '" STR_FMT "' (" STR_FMT
				"): a stand-in (--image, [cilocal.images]) counts for images of "
				"jobs and services, and in Docker-in-Docker for images of Docker "
				"Hub, not for what else their commands ask a registry for. Give "
				"the name from outside (ARG BASE, FROM $BASE, docker "
				"build --build-arg BASE=...), and here one that the job's daemon "
				"can get, such as an image below $CI_REGISTRY_IMAGE",
				STR_ARG(job->name), STR_ARG(l.image), STR_ARG(l.where));
		arena_release(&l.arena);
	}
}
