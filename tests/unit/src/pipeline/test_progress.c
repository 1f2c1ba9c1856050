/*
 * The status algebra: the worked examples of GitLab's behaviour, and all of it against a slow
 * formulation that reads the rules one by one, on random pipelines of up to seven jobs.
 */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "pipeline/progress.h"

#define MAX_JOBS 8

/* The slow formulation. */
struct slow {
	struct progress_job jobs[MAX_JOBS];
	enum job_status s[MAX_JOBS];
	bool allow[MAX_JOBS];
	size_t n;
};

enum { SWW = 100, IGNORED };

static int as(const struct slow *p, size_t i)
{
	if (p->allow[i] && (p->s[i] == STATUS_FAILED || p->s[i] == STATUS_CANCELED))
		return SWW;
	if (p->allow[i] && p->s[i] == STATUS_MANUAL)
		return IGNORED;
	return (int)p->s[i];
}

/* Members of the set: all jobs of earlier stages, or the needs. */
static size_t members(const struct slow *p, size_t job, int out[MAX_JOBS])
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		bool in = false;

		if (job == SIZE_MAX)
			in = true;
		else if (!p->jobs[job].dag)
			in = p->jobs[i].stage < p->jobs[job].stage;
		else
			for (size_t k = 0; k < p->jobs[job].n_needs; k++)
				in |= p->jobs[job].needs[k] == i;
		if (in)
			out[n++] = as(p, i);
	}
	return n;
}

static bool has(const int *t, size_t n, int x)
{
	for (size_t i = 0; i < n; i++)
		if (t[i] == x)
			return true;
	return false;
}

/* T is a non-empty subset of the listed statuses (-1 ends the list). */
static bool only(const int *t, size_t n, const int *list)
{
	for (size_t i = 0; i < n; i++) {
		bool found = false;

		for (const int *l = list; *l != -1; l++)
			found |= *l == t[i];
		if (!found)
			return false;
	}
	return n > 0;
}
#define ONLY(...) only(t, n, (const int[]){__VA_ARGS__, -1})

static enum job_status slow_composite(const int *t, size_t n, bool dag)
{
	if (!n)
		return STATUS_NONE;
	if (dag && (has(t, n, STATUS_SKIPPED) || has(t, n, IGNORED)))
		return STATUS_SKIPPED;
	if (ONLY(STATUS_SKIPPED, IGNORED))
		return STATUS_SKIPPED;
	if (ONLY(STATUS_SUCCESS, STATUS_SKIPPED, SWW, IGNORED))
		return STATUS_SUCCESS;
	if (ONLY(STATUS_CREATED, SWW, IGNORED))
		return STATUS_CREATED;
	if (ONLY(STATUS_PREPARING, SWW, IGNORED))
		return STATUS_PREPARING;
	if (ONLY(STATUS_CANCELED, STATUS_SUCCESS, STATUS_SKIPPED, SWW, IGNORED))
		return STATUS_CANCELED;
	if (ONLY(STATUS_PENDING, STATUS_CREATED, STATUS_SKIPPED, SWW, IGNORED))
		return STATUS_PENDING;
	if (has(t, n, STATUS_RUNNING) || has(t, n, STATUS_PENDING))
		return STATUS_RUNNING;
	if (has(t, n, STATUS_WAITING_FOR_RESOURCE))
		return STATUS_WAITING_FOR_RESOURCE;
	if (has(t, n, STATUS_WAITING_FOR_CALLBACK))
		return STATUS_WAITING_FOR_CALLBACK;
	if (has(t, n, STATUS_MANUAL))
		return STATUS_MANUAL;
	if (has(t, n, STATUS_SCHEDULED))
		return STATUS_SCHEDULED;
	if (has(t, n, STATUS_PREPARING))
		return STATUS_PREPARING;
	if (has(t, n, STATUS_CREATED))
		return STATUS_RUNNING;
	if (has(t, n, STATUS_CANCELING))
		return STATUS_CANCELING;
	return STATUS_FAILED;
}

static enum job_status slow_move(const struct slow *p, size_t i)
{
	int t[MAX_JOBS];
	const struct progress_job *j = &p->jobs[i];
	enum job_status prev = slow_composite(t, members(p, i, t), j->dag);
	bool ok;

	if (prev == STATUS_NONE)
		prev = STATUS_SUCCESS;
	if (prev != STATUS_SUCCESS && prev != STATUS_FAILED && prev != STATUS_CANCELED &&
		prev != STATUS_SKIPPED)
		return STATUS_CREATED;
	if (j->when == WHEN_ON_FAILURE)
		ok = prev == STATUS_FAILED;
	else if (j->when == WHEN_ALWAYS)
		ok = prev != STATUS_CANCELED;
	else
		ok = prev == STATUS_SUCCESS || (!j->dag && prev == STATUS_SKIPPED);
	if (!ok)
		return STATUS_SKIPPED;
	if (j->when == WHEN_MANUAL)
		return STATUS_MANUAL;
	return j->when == WHEN_DELAYED ? STATUS_SCHEDULED : STATUS_PENDING;
}

/* Until nothing moves, in the order of stages. */
static void slow_process(struct slow *p)
{
	for (bool moved = true; moved;) {
		moved = false;
		for (size_t i = 0; i < p->n; i++) {
			if (p->s[i] != STATUS_CREATED)
				continue;
			p->s[i] = slow_move(p, i);
			moved |= p->s[i] != STATUS_CREATED;
		}
	}
}

static void slow_play(struct slow *p, size_t job)
{
	bool below[MAX_JOBS] = {false};

	p->s[job] = STATUS_PENDING;
	below[job] = true;
	for (size_t round = 0; round < p->n; round++)
		for (size_t i = 0; i < p->n; i++)
			for (size_t k = 0; p->jobs[i].dag && k < p->jobs[i].n_needs; k++)
				below[i] |= below[p->jobs[i].needs[k]];
	for (size_t i = 0; i < p->n; i++)
		if (i != job && p->s[i] == STATUS_SKIPPED &&
			(below[i] || p->jobs[i].stage > p->jobs[job].stage))
			p->s[i] = STATUS_CREATED;
}

static uint32_t seed;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static uint32_t need_store[MAX_JOBS][MAX_JOBS];

static void random_pipeline(struct slow *p)
{
	static const enum job_when whens[] = {WHEN_ON_SUCCESS, WHEN_ON_SUCCESS, WHEN_ON_SUCCESS,
		WHEN_ON_FAILURE, WHEN_ALWAYS, WHEN_MANUAL, WHEN_DELAYED};
	uint32_t stage = 0;

	p->n = 1 + rnd(7);
	for (size_t i = 0; i < p->n; i++) {
		stage += rnd(2) ? rnd(2) : 0;
		p->jobs[i] = (struct progress_job){
			.stage = stage,
			.when = whens[rnd(ARRAY_SIZE(whens))],
			.allow_failure = rnd(3) == 0,
			.dag = rnd(2) == 0,
			.needs = need_store[i],
		};
		for (uint32_t k = 0; p->jobs[i].dag && k < i; k++)
			if (rnd(3) == 0)
				need_store[i][p->jobs[i].n_needs++] = k;
		p->s[i] = STATUS_CREATED;
		p->allow[i] = p->jobs[i].allow_failure;
	}
}

static void drain(struct progress *pg)
{
	struct progress_move m;

	while (progress_next(pg, &m))
		;
}

static void same(const struct slow *p, struct progress *pg, uint32_t round)
{
	int t[MAX_JOBS];

	for (uint32_t i = 0; i < p->n; i++)
		if (progress_status(pg, i) != p->s[i])
			fail_msg("pipeline %u job %u: %s, slowly %s", round, i,
				job_status_name(progress_status(pg, i)), job_status_name(p->s[i]));
	if (progress_pipeline_status(pg) != slow_composite(t, members(p, SIZE_MAX, t), false))
		fail_msg("pipeline %u: composites differ", round);
}

/* One random event on a job that can have it; false when there is none. */
static bool random_event(struct slow *p, struct progress *pg)
{
	static const enum job_status ends[] = {STATUS_SUCCESS, STATUS_SUCCESS, STATUS_FAILED,
		STATUS_CANCELED, STATUS_CANCELING, STATUS_RUNNING, STATUS_WAITING_FOR_RESOURCE};
	uint32_t i = rnd((uint32_t)p->n);

	for (size_t tries = 0; tries < p->n; tries++, i = (i + 1) % (uint32_t)p->n) {
		enum job_status s = p->s[i], to;

		if (s == STATUS_CREATED || s == STATUS_SKIPPED)
			continue;
		if (s == STATUS_MANUAL || s == STATUS_SCHEDULED || job_status_completed(s)) {
			if (rnd(3))
				continue;
			slow_play(p, i);
			progress_play(pg, i);
			return true;
		}
		to = s == STATUS_CANCELING ? STATUS_CANCELED : ends[rnd(ARRAY_SIZE(ends))];
		p->s[i] = to;
		progress_set(pg, i, to);
		return true;
	}
	return false;
}

static void against_the_slow_formulation(void **state)
{
	UNUSED(state);
	for (uint32_t round = 0; round < 20000; round++) {
		struct slow p;

		seed = round * 7919u + 1;
		random_pipeline(&p);
		struct progress *pg = progress_new_jobs(p.jobs, p.n, NULL);
		drain(pg);
		slow_process(&p);
		same(&p, pg, round);
		for (int events = 0; events < 24 && random_event(&p, pg); events++) {
			drain(pg);
			slow_process(&p);
			same(&p, pg, round);
		}
		progress_free(pg);
	}
}

/* Every set of up to three members over all mapped statuses. */
static void composite_table(void **state)
{
	UNUSED(state);
	for (uint32_t bits = 1; bits < 1u << 15; bits++) {
		enum job_status s[15];
		bool allow[15];
		int t[15];
		size_t n = 0;

		for (uint32_t i = 0; i < 15; i++) {
			if (!(bits & (1u << i)))
				continue;
			allow[n] = i >= 13;
			s[n] = i == 13   ? STATUS_FAILED
			       : i == 14 ? STATUS_MANUAL
					 : (enum job_status)i;
			t[n] = i == 13 ? SWW : i == 14 ? IGNORED : (int)i;
			n++;
		}
		for (int dag = 0; dag < 2; dag++)
			assert_int_equal(
				status_composite(s, allow, n, dag), slow_composite(t, n, dag));
	}
}

/* Small helpers for the worked examples: jobs by letter. */
#define STAGE(s, w)                            \
	{                                      \
		.stage = (s), .when = WHEN_##w \
	}
#define ALLOWED(s, w)                                                 \
	{                                                             \
		.stage = (s), .when = WHEN_##w, .allow_failure = true \
	}
#define NEEDS(s, w, ...)                                                              \
	{                                                                             \
		.stage = (s), .when = WHEN_##w, .dag = true,                          \
		.needs = (const uint32_t[]){__VA_ARGS__},                             \
		.n_needs = sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t) \
	}
#define ROOT(s, w)                                          \
	{                                                   \
		.stage = (s), .when = WHEN_##w, .dag = true \
	}

static struct progress *start(const struct progress_job *jobs, size_t n)
{
	struct progress *pg = progress_new_jobs(jobs, n, NULL);

	drain(pg);
	return pg;
}

static void end(struct progress *pg, uint32_t job, enum job_status s)
{
	assert_int_equal(progress_status(pg, job), STATUS_PENDING);
	progress_set(pg, job, STATUS_RUNNING);
	progress_set(pg, job, s);
	drain(pg);
}

static void is(struct progress *pg, uint32_t job, const char *name)
{
	assert_string_equal(job_status_name(progress_status(pg, job)), name);
}

static void whole(struct progress *pg, const char *name)
{
	assert_string_equal(job_status_name(progress_pipeline_status(pg)), name);
}

static void failure_skips_and_on_failure_runs(void **state)
{
	const struct progress_job jobs[] = {STAGE(0, ON_SUCCESS), ALLOWED(0, ON_SUCCESS),
		STAGE(1, ON_SUCCESS), STAGE(1, ON_FAILURE), STAGE(2, ALWAYS)};
	struct progress *pg = start(jobs, 5);

	UNUSED(state);
	end(pg, 0, STATUS_FAILED);
	is(pg, 2, "created");
	end(pg, 1, STATUS_SUCCESS);
	is(pg, 2, "skipped");
	is(pg, 4, "created");
	end(pg, 3, STATUS_SUCCESS);
	end(pg, 4, STATUS_SUCCESS);
	whole(pg, "failed");
	assert_true(progress_settled(pg));
	progress_free(pg);
}

static void optional_manual_is_passed(void **state)
{
	const struct progress_job jobs[] = {ALLOWED(0, MANUAL), STAGE(1, ON_SUCCESS)};
	struct progress *pg = start(jobs, 2);

	UNUSED(state);
	is(pg, 0, "manual");
	end(pg, 1, STATUS_SUCCESS);
	whole(pg, "success");
	progress_free(pg);
}

static void blocking_manual_blocks(void **state)
{
	const struct progress_job jobs[] = {STAGE(0, MANUAL), STAGE(1, ON_SUCCESS)};
	struct progress *pg = start(jobs, 2);

	UNUSED(state);
	is(pg, 1, "created");
	whole(pg, "manual");
	assert_true(progress_settled(pg));
	progress_play(pg, 0);
	drain(pg);
	end(pg, 0, STATUS_SUCCESS);
	is(pg, 1, "pending");
	progress_free(pg);
}

static void optional_manual_as_a_need_skips(void **state)
{
	const struct progress_job jobs[] = {ALLOWED(0, MANUAL), NEEDS(1, ON_SUCCESS, 0)};
	struct progress *pg = start(jobs, 2);

	UNUSED(state);
	is(pg, 1, "skipped");
	whole(pg, "skipped");
	progress_play(pg, 0);
	drain(pg);
	is(pg, 1, "created");
	end(pg, 0, STATUS_SUCCESS);
	end(pg, 1, STATUS_SUCCESS);
	whole(pg, "success");
	progress_free(pg);
}

static void all_optional_manual(void **state)
{
	const struct progress_job jobs[] = {ALLOWED(0, MANUAL), ALLOWED(1, MANUAL)};
	struct progress *pg = start(jobs, 2);

	UNUSED(state);
	is(pg, 1, "manual");
	whole(pg, "skipped");
	progress_free(pg);
}

static void allowed_failure_of_a_need(void **state)
{
	const struct progress_job jobs[] = {ALLOWED(0, ON_SUCCESS), NEEDS(0, ON_SUCCESS, 0)};
	struct progress *pg = start(jobs, 2);

	UNUSED(state);
	end(pg, 0, STATUS_FAILED);
	end(pg, 1, STATUS_SUCCESS);
	whole(pg, "success");
	assert_true(progress_has_warnings(pg));
	progress_free(pg);
}

static void needs_without_jobs_start_at_once(void **state)
{
	const struct progress_job jobs[] = {STAGE(0, ON_SUCCESS), ROOT(3, ON_SUCCESS)};
	struct progress *pg = start(jobs, 2);

	UNUSED(state);
	is(pg, 1, "pending");
	progress_free(pg);
}

/* stages build, test, deploy: b, t needs b, m manual in test, d1 in deploy, d2 needs m. */
static void needs_and_manual(void **state)
{
	const struct progress_job jobs[] = {STAGE(0, ON_SUCCESS), NEEDS(1, ON_SUCCESS, 0),
		ALLOWED(1, MANUAL), STAGE(2, ON_SUCCESS), NEEDS(2, ON_SUCCESS, 2)};
	struct progress *pg = start(jobs, 5);

	UNUSED(state);
	end(pg, 0, STATUS_SUCCESS);
	is(pg, 2, "manual");
	is(pg, 4, "skipped");
	end(pg, 1, STATUS_SUCCESS);
	end(pg, 3, STATUS_SUCCESS);
	whole(pg, "success");
	progress_play(pg, 2);
	drain(pg);
	is(pg, 4, "created");
	whole(pg, "running");
	end(pg, 2, STATUS_SUCCESS);
	is(pg, 4, "pending");
	progress_free(pg);
}

static void failure_paths(void **state)
{
	const struct progress_job jobs[] = {STAGE(0, ON_SUCCESS), ROOT(0, ON_SUCCESS),
		STAGE(1, ON_SUCCESS), NEEDS(1, ON_SUCCESS, 1), STAGE(2, ON_FAILURE),
		STAGE(2, ALWAYS), STAGE(3, ON_SUCCESS)};
	struct progress *pg = start(jobs, 7);

	UNUSED(state);
	end(pg, 0, STATUS_FAILED);
	end(pg, 1, STATUS_SUCCESS);
	is(pg, 2, "skipped");
	is(pg, 4, "created");
	end(pg, 3, STATUS_SUCCESS);
	end(pg, 4, STATUS_SUCCESS);
	end(pg, 5, STATUS_SUCCESS);
	is(pg, 6, "skipped");
	whole(pg, "failed");
	progress_free(pg);
}

static void canceled_skips_always_too(void **state)
{
	const struct progress_job jobs[] = {
		STAGE(0, ON_SUCCESS), STAGE(1, ON_SUCCESS), STAGE(1, ALWAYS), STAGE(1, ON_FAILURE)};
	struct progress *pg = start(jobs, 4);

	UNUSED(state);
	end(pg, 0, STATUS_CANCELED);
	for (uint32_t i = 1; i < 4; i++)
		is(pg, i, "skipped");
	whole(pg, "canceled");
	progress_free(pg);
}

static void delayed_waits(void **state)
{
	const struct progress_job jobs[] = {STAGE(0, DELAYED), STAGE(1, ON_SUCCESS)};
	struct progress *pg = start(jobs, 2);

	UNUSED(state);
	is(pg, 0, "scheduled");
	whole(pg, "scheduled");
	progress_play(pg, 0);
	drain(pg);
	end(pg, 0, STATUS_SUCCESS);
	is(pg, 1, "pending");
	progress_free(pg);
}

static void exit_code_allows(void **state)
{
	const struct progress_job jobs[] = {STAGE(0, ON_SUCCESS), STAGE(1, ON_SUCCESS)};
	struct progress *pg = start(jobs, 2);

	UNUSED(state);
	progress_set(pg, 0, STATUS_RUNNING);
	progress_set_allow_failure(pg, 0, true);
	progress_set(pg, 0, STATUS_FAILED);
	drain(pg);
	is(pg, 1, "pending");
	progress_free(pg);
}

static void part_of_a_pipeline(void **state)
{
	const struct progress_job jobs[] = {
		STAGE(0, ON_SUCCESS), NEEDS(1, ON_SUCCESS, 0), STAGE(2, ON_SUCCESS)};
	const bool present[] = {false, true, false};
	struct progress *pg = progress_new_jobs(jobs, 3, present);
	struct progress_move m;

	UNUSED(state);
	assert_true(progress_next(pg, &m));
	assert_int_equal(m.job, 1);
	assert_int_equal(m.to, STATUS_PENDING);
	assert_false(progress_next(pg, &m));
	progress_set(pg, 1, STATUS_SUCCESS);
	whole(pg, "success");
	progress_free(pg);
}

static void cancel_before_the_end(void **state)
{
	const struct progress_job jobs[] = {
		STAGE(0, ON_SUCCESS), STAGE(0, ON_SUCCESS), ALLOWED(0, MANUAL), STAGE(1, ALWAYS)};
	struct progress *pg = start(jobs, 4);

	UNUSED(state);
	progress_set(pg, 0, STATUS_RUNNING);
	progress_cancel(pg);
	drain(pg);
	is(pg, 0, "running");
	is(pg, 1, "canceled");
	is(pg, 2, "canceled");
	is(pg, 3, "canceled");
	progress_set(pg, 0, STATUS_CANCELED);
	whole(pg, "canceled");
	assert_true(progress_settled(pg));
	progress_free(pg);
}

/* A chain of as many stages as jobs, and as many needs: must stay quick. */
static void long_pipelines(void **state)
{
	enum { N = 20000 };
	struct progress_job *jobs = calloc(N, sizeof(*jobs));
	uint32_t *needs = calloc(N, sizeof(*needs));

	UNUSED(state);
	for (int dag = 0; dag < 2; dag++) {
		for (uint32_t i = 0; i < N; i++) {
			needs[i] = i ? i - 1 : 0;
			jobs[i] = (struct progress_job){.stage = dag ? 0 : i,
				.dag = dag,
				.needs = &needs[i],
				.n_needs = dag && i};
		}
		struct progress *pg = start(jobs, N);
		for (uint32_t i = 0; i < N; i++)
			end(pg, i, STATUS_SUCCESS);
		whole(pg, "success");
		progress_free(pg);
	}
	free(jobs);
	free(needs);
}

static void retries(void **state)
{
	struct text reason = {STR("runner_system_failure"), SPAN_NONE};
	int64_t code = 137;
	struct retry_def r = {.set = true, .max = 2};

	UNUSED(state);
	assert_false(progress_retry_wanted(NULL, 1, "script_failure", 1));
	assert_true(progress_retry_wanted(NULL, 2, "scheduler_failure", -1));
	assert_true(progress_retry_wanted(&r, 1, "script_failure", 1));
	assert_true(progress_retry_wanted(&r, 2, "script_failure", 1));
	assert_false(progress_retry_wanted(&r, 3, "script_failure", 1));
	assert_false(progress_retry_wanted(&r, 1, "missing_dependency_failure", -1));
	r.when = (struct texts){.v = &reason, .n = 1, .set = true};
	assert_false(progress_retry_wanted(&r, 1, "script_failure", 1));
	assert_true(progress_retry_wanted(&r, 1, "runner_system_failure", -1));
	r.exit_codes = &code;
	r.n_exit_codes = 1;
	assert_true(progress_retry_wanted(&r, 1, "script_failure", 137));
	assert_false(progress_retry_wanted(&r, 1, "script_failure", 1));
	r.when = (struct texts){0};
	assert_false(progress_retry_wanted(&r, 1, "runner_system_failure", -1));
	r.max = 0;
	assert_false(progress_retry_wanted(&r, 1, "script_failure", 137));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(composite_table),
		cmocka_unit_test(against_the_slow_formulation),
		cmocka_unit_test(failure_skips_and_on_failure_runs),
		cmocka_unit_test(optional_manual_is_passed),
		cmocka_unit_test(blocking_manual_blocks),
		cmocka_unit_test(optional_manual_as_a_need_skips),
		cmocka_unit_test(all_optional_manual),
		cmocka_unit_test(allowed_failure_of_a_need),
		cmocka_unit_test(needs_without_jobs_start_at_once),
		cmocka_unit_test(needs_and_manual),
		cmocka_unit_test(failure_paths),
		cmocka_unit_test(canceled_skips_always_too),
		cmocka_unit_test(delayed_waits),
		cmocka_unit_test(exit_code_allows),
		cmocka_unit_test(part_of_a_pipeline),
		cmocka_unit_test(cancel_before_the_end),
		cmocka_unit_test(long_pipelines),
		cmocka_unit_test(retries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
