/*
 * What each job did from when to when, and whose end let it start: for the record of the run, from
 * which the timeline is drawn (emulator/cli/timeline.h). One phase follows the other, over all
 * attempts of a job.
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "pipeline/pipeline.h"

/* Seconds on the clock of the whole family's run. */
static double now(const struct job_run *j)
{
	const struct run *top = j->run->top;

	return (double)(loop_now(top->session.loop) - top->started_ms) / 1000;
}

/* One that took no time says nothing. */
static void end(struct job_run *j, double at)
{
	struct job_phase *p = j->phases.n ? &j->phases.v[j->phases.n - 1] : NULL;

	if (!p || p->duration >= 0)
		return;
	p->duration = at - p->start;
	if (p->duration <= 0)
		j->phases.n--;
}

void phase_end(struct job_run *j)
{
	end(j, now(j));
}

void phase_begin(struct job_run *j, const char *name)
{
	const struct job_phase *p = j->phases.n ? &j->phases.v[j->phases.n - 1] : NULL;
	double at = now(j);

	if (p && p->duration < 0 && str_is(p->name, name))
		return;
	end(j, at);
	vec_push_in(&j->run->arena, &j->phases,
		((struct job_phase){.name = str_c(name), .start = at, .duration = -1}));
	show_record(j->run);
}

/* Images are pulled while the executor is prepared, between its other work. */
void phase_pulls(struct job_run *j, bool image)
{
	const struct job_phase *p = j->phases.n ? &j->phases.v[j->phases.n - 1] : NULL;

	if (image)
		phase_begin(j, "pull_image");
	else if (p && str_is(p->name, "pull_image"))
		phase_begin(j, "prepare_executor");
}

/* The later end; of two at the same time the one that is asked about last. */
static struct job_run *later(struct job_run *a, struct job_run *b)
{
	return !a || (b && b->ended >= a->ended) ? b : a;
}

static struct job_run *last_before(const struct run *r, const struct job *job)
{
	struct job_run *last = NULL;

	if (!job->dag) {
		for (size_t i = 0; i < job->stage_index; i++)
			last = later(last, r->last_of_stage[i]);
		return last;
	}
	for (size_t i = 0; i < job->n_needs; i++) {
		uint32_t id = job->needs[i].job;

		if (id != UINT32_MAX && r->plan.chosen[id] && r->jobs[id].ended >= 0)
			last = later(last, &r->jobs[id]);
	}
	return last;
}

void phase_ready(struct job_run *j)
{
	const struct job_run *last = last_before(j->run, j->job);

	if (last)
		j->after = last->shown;
	else if (j->run->bridge)
		j->after = j->run->bridge->shown;
	phase_begin(j, "waiting");
}

void phase_over(struct job_run *j)
{
	struct job_run **last = &j->run->last_of_stage[j->job->stage_index];

	j->ended = now(j);
	end(j, j->ended);
	*last = later(*last, j);
}
