#include "base/base.h"
#include "emulator/gitlab/runners.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/runner/janitor.h"
#include "emulator/runner/leftover.h"
#include "emulator/runner/runner_choose.h"
#include "pipeline/pipeline.h"

void runners_open(struct run *top)
{
	const struct runner_configs *all = top->o->runners;

	top->runners = arena_array(&top->arena, struct run_runner, all->n);
	top->n_runners = all->n;
	for (size_t i = 0; i < all->n; i++) {
		struct run_runner *x = &top->runners[i];

		x->run = top;
		x->config = &all->v[i];
		x->index = i;
		rc_endpoint(x->config, &top->arena, &x->where);
	}
}

uint64_t runners_for(const struct run *r, const struct job *job)
{
	return runners_taking(r->top->o->runners, &job->tags);
}

static bool has_room(const struct run_runner *x)
{
	int64_t limit = x->config->limit.v;

	return limit <= 0 || x->running < (uint64_t)limit;
}

struct run_runner *runners_free_one(const struct run *r, uint64_t set)
{
	const struct run *top = r->top;

	for (size_t i = 0; i < top->n_runners; i++)
		if ((set & ((uint64_t)1 << i)) && has_room(&top->runners[i]))
			return &top->runners[i];
	return NULL;
}

enum executor_kind runners_executor(
	const struct run *r, const struct run_runner *runner, const struct job *job)
{
	if (r->o->executor != RUN_EXECUTOR_AUTO)
		return r->o->executor == RUN_EXECUTOR_SHELL ? EXECUTOR_SHELL : EXECUTOR_DOCKER;
	return runner_executor(runner->config, job->def);
}

/* Whether the job may run on this runner's engine. */
static bool wants_engine(
	const struct run *r, const struct run_runner *runner, const struct job *job)
{
	return (runners_for(r, job) & ((uint64_t)1 << runner->index)) &&
	       runners_executor(r, runner, job) == EXECUTOR_DOCKER;
}

bool runners_wants_docker(const struct run *r, const struct job *job)
{
	for (size_t i = 0; i < r->top->n_runners; i++)
		if (wants_engine(r, &r->top->runners[i], job))
			return true;
	return false;
}

/* A chosen job of the run wants the runner's engine. */
static bool is_wanted(const struct run *r, const struct run_runner *x)
{
	for (size_t i = 0; i < r->p->n_jobs; i++)
		if (r->plan.chosen[i] && !(r->plan.adopted && r->plan.adopted[i]) &&
			!r->p->jobs[i]->def->trigger && wants_engine(r, x, r->p->jobs[i]))
			return true;
	return false;
}

/* What the pipelines of trigger jobs hold is not known yet. */
static bool may_be_wanted(const struct run *r)
{
	for (size_t i = 0; i < r->p->n_jobs; i++)
		if (r->plan.chosen[i] && r->p->jobs[i]->def->trigger &&
			r->o->executor != RUN_EXECUTOR_SHELL)
			return true;
	return false;
}

struct str runners_missing_engine(const struct run *r)
{
	const struct run *top = r->top;

	for (size_t i = 0; i < top->n_runners; i++)
		if (!top->runners[i].engine && is_wanted(r, &top->runners[i]))
			return top->runners[i].no_engine;
	return STR_NULL;
}

/* An earlier runner that is connected to the same engine. */
static struct run_runner *same_engine(struct run *top, size_t index)
{
	const struct runner_configs *all = top->o->runners;

	for (size_t i = 0; i < index; i++)
		if (top->runners[i].engine && rc_same_engine(all, i) == rc_same_engine(all, index))
			return &top->runners[i];
	return NULL;
}

static int connect_one(struct run *top, struct run_runner *x, struct error *err)
{
	const struct run_runner *same = same_engine(top, x->index);
	struct session *s = &top->session;

	x->first = !same;
	if (same) {
		x->engine = same->engine;
		return 0;
	}
	if (s->engine)
		return session_engine_more(s, &x->where, &x->engine, err);
	if (session_engine(s, &x->where, err))
		return -1;
	x->engine = s->engine;
	return 0;
}

static int connect_as_wanted(struct run *top, struct run_runner *x, struct error *err)
{
	struct error mine = ERROR_INIT;
	bool must = is_wanted(top, x);

	if ((!must && !may_be_wanted(top)) || !connect_one(top, x, &mine))
		return 0;
	if (top->session.signum)
		return error_set(err, ERR_CANCELLED, 0, "interrupted");
	if (!must) {
		x->no_engine = arena_str(&top->arena, str_c(mine.text));
		return 0;
	}
	if (top->n_runners == 1)
		return error_pass(err, &mine);
	return error_set(err, mine.domain, mine.code, "the engine of " STR_FMT ": %s",
		STR_ARG(runner_title(top->o->runners, x->index, &top->arena)), mine.text);
}

int runners_connect(struct run *top, struct error *err)
{
	for (size_t i = 0; i < top->n_runners; i++)
		if (connect_as_wanted(top, &top->runners[i], err))
			return -1;
	return 0;
}

static bool has_own_engine(const struct run_runner *x)
{
	return x->engine && x->first;
}

static void settle_when_clean(const struct run *top)
{
	for (size_t i = 0; i < top->n_runners; i++)
		if (has_own_engine(&top->runners[i]) && !top->runners[i].clean)
			return;
	/* One that dies meanwhile is the next run's. */
	if (top->others_died)
		leftover_runs_settled(top->store.root);
}

static void on_janitor(void *arg, const struct janitor_result *res)
{
	struct run_runner *x = arg;

	x->janitor = NULL;
	x->clean = res->clean;
	settle_when_clean(x->run);
	if (res->containers + res->networks + res->volumes)
		run_message(x->run, DIAG_NOTE,
			"removed what a run that died had left: %zu containers, %zu networks, %zu "
			"volumes",
			res->containers, res->networks, res->volumes);
	if (res->failed && res->error)
		run_message(x->run, DIAG_WARNING,
			"cannot remove all that a run that died had left: %s; 'cilocal clean' "
			"tries "
			"it again",
			res->error->text);
	loop_stop(x->run->session.loop);
}

void runners_clean_start(struct run *top)
{
	top->others_died = leftover_runs_died(top->store.root);
	settle_when_clean(top);
	for (size_t i = 0; i < top->n_runners; i++) {
		struct run_runner *x = &top->runners[i];

		if (has_own_engine(x))
			x->janitor = janitor_start(
				top->session.loop, x->engine, top->store.root, on_janitor, x);
	}
}

bool runners_clean_cancel(struct run *top)
{
	bool any = false;

	for (size_t i = 0; i < top->n_runners; i++) {
		if (!top->runners[i].janitor)
			continue;
		janitor_cancel(top->runners[i].janitor);
		any = true;
	}
	return any;
}

void runners_clean_end(struct run *top)
{
	if (top->signum)
		runners_clean_cancel(top);
	for (size_t i = 0; i < top->n_runners && !top->signum; i++)
		if (top->runners[i].janitor)
			janitor_finish(top->runners[i].janitor);
	for (size_t i = 0; i < top->n_runners; i++)
		while (top->runners[i].janitor)
			loop_run(top->session.loop);
}

void runners_release(struct run *top)
{
	for (size_t i = 0; i < top->n_runners; i++) {
		struct run_runner *x = &top->runners[i];

		if (has_own_engine(x) && x->engine != top->session.engine)
			engine_free(x->engine);
		x->engine = NULL;
	}
}
