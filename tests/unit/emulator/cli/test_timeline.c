#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "emulator/cli/timeline.h"
#include "emulator/store/run_record.h"

#define PHASE(text, at, seconds)            \
	{                                   \
		STR_INIT(text), at, seconds \
	}
#define PHASES(v) .phases = (v), .n_phases = ARRAY_SIZE(v)

static const struct job_phase build_phases[] = {PHASE("waiting", 0, 1),
	PHASE("prepare_executor", 1, 1), PHASE("pull_image", 2, 2), PHASE("get_sources", 4, 1),
	PHASE("step_script", 5, 4), PHASE("upload_artifacts_on_success", 9, 1)};
static const struct job_phase quick_phases[] = {PHASE("step_script", 0, 0.01)};
static const struct job_phase bridge_phases[] = {PHASE("pipeline", 10, 8)};
static const struct job_phase one_phases[] = {PHASE("waiting", 10, 2), PHASE("step_script", 12, 6)};
static const struct job_phase last_phases[] = {
	PHASE("step_script", 18, 1), PHASE("waiting", 19, 0.5), PHASE("step_script", 19.5, 0.5)};

static struct job_record jobs[] = {
	{.name = STR_INIT("\xe6\x9e\x84\xe5\xbb\xba \xf0\x9f\x9a\x80 a name that has to be cut "
			  "wherever there is little room"),
		.status = STR_INIT("success"),
		PHASES(build_phases)},
	{.name = STR_INIT("quick"), .status = STR_INIT("failed"), PHASES(quick_phases)},
	{.name = STR_INIT("child"),
		.status = STR_INIT("success"),
		.after = STR_INIT("\xe6\x9e\x84\xe5\xbb\xba \xf0\x9f\x9a\x80 a name that has to be "
				  "cut wherever there is little room"),
		PHASES(bridge_phases)},
	{.name = STR_INIT("child > one > two"),
		.status = STR_INIT("success"),
		.after = STR_INIT("child"),
		PHASES(one_phases)},
	{.name = STR_INIT("last"),
		.status = STR_INIT("success"),
		.after = STR_INIT("child"),
		PHASES(last_phases)},
	{.name = STR_INIT("by hand"), .status = STR_INIT("manual"), .started = -1, .duration = -1},
};
static struct run_record record = {.id = STR_INIT("20260101-000000-1"),
	.status = STR_INIT("success"),
	.started = 1000,
	.duration = 20,
	.jobs = jobs,
	.n_jobs = ARRAY_SIZE(jobs)};

static bool near(double a, double b)
{
	return a - b < 1e-6 && b - a < 1e-6;
}

static void test_model(void **state)
{
	static const size_t chain[] = {0, 2, 3, 4};
	struct arena a = ARENA_INIT;
	struct timeline t;

	UNUSED(state);
	timeline_make(&t, &a, &record, 5000);
	assert_true(t.has_phases && t.n_ran == 5 && near(t.end, 20));
	assert_true(near(t.sums[TIME_WAIT], 3.5) && near(t.sums[TIME_IMAGE], 2));
	assert_true(near(t.sums[TIME_PREPARE], 2) && near(t.sums[TIME_FILES], 1));
	assert_true(near(t.sums[TIME_SCRIPT], 11.51) && near(t.sums[TIME_CHILD], 8));
	assert_true(near(t.jobs[0].busy, 9));
	/* A job of the pipeline below, whose own name looks like another level. */
	assert_int_equal(t.jobs[3].depth, 1);
	assert_true(str_is(t.jobs[3].name, "one > two"));
	assert_int_equal(t.jobs[3].above, 2);
	/* The trigger job's end comes from its pipeline, whose start comes from the trigger job. */
	assert_int_equal(t.n_chain, 4);
	for (size_t i = 0; i < t.n_chain; i++)
		assert_true(t.jobs[chain[i]].critical);
	assert_int_equal(t.chain[0], 0);
	assert_int_equal(t.chain[3], 4);
	assert_true(near(t.chain_s, 20) && !t.jobs[1].critical);
	assert_true(timeline_tells(&t));
	arena_release(&a);
}

static void check_width(const struct timeline *t, size_t columns, bool states)
{
	struct timeline_look look = {.columns = columns, .utf8 = true, .states = states};
	struct buf out = BUF_INIT;
	struct str_split it;
	struct str line;
	size_t lines = 0;

	timeline_text(t, &look, &out);
	it = str_split(buf_str(&out), '\n');
	while (str_split_next(&it, &line)) {
		if (str_width(line) > MAX(columns, 40))
			fail_msg("%zu columns: " STR_FMT, columns, STR_ARG(line));
		lines++;
	}
	assert_true(lines > 7);
	assert_true(str_find(buf_str(&out), STR("\033")) == STR_NPOS);
	/* What was short is seen too. */
	assert_true(str_find(buf_str(&out), STR("quick")) != STR_NPOS);
	buf_release(&out);
}

static void test_widths(void **state)
{
	struct arena a = ARENA_INIT;
	struct timeline t;

	UNUSED(state);
	timeline_make(&t, &a, &record, 5000);
	for (size_t columns = 1; columns < 200; columns++) {
		check_width(&t, columns, true);
		check_width(&t, columns, false);
	}
	arena_release(&a);
}

static struct str draw(struct arena *a, const struct run_record *r, struct timeline_look look)
{
	struct timeline t;
	struct buf out = BUF_INIT;
	struct str text;

	timeline_make(&t, a, r, 5000);
	timeline_text(&t, &look, &out);
	text = arena_str(a, buf_str(&out));
	buf_release(&out);
	return text;
}

static bool has(struct str text, const char *what)
{
	return str_find(text, str_c(what)) != STR_NPOS;
}

static void test_looks(void **state)
{
	struct arena a = ARENA_INIT;
	struct str text = draw(&a, &record, (struct timeline_look){.columns = 120});
	struct str most = draw(&a, &record, (struct timeline_look){.columns = 80, .most = 2});
	struct str color = draw(&a, &record, (struct timeline_look){.columns = 80, .color = true});

	UNUSED(state);
	assert_true(has(text, "scripts 11.5s") && has(text, "images 2.0s"));
	assert_true(has(text, "longest chain (*) 20.0s of 20.0s:"));
	assert_true(has(text, "child > one > two ->"));
	assert_true(has(text, "\n  quick"));
	/* One that did not run is in the table, and here where states are told. */
	assert_false(has(text, "by hand"));
	assert_true(has(draw(&a, &record, (struct timeline_look){.columns = 80, .states = true}),
		"manual"));
	assert_false(has(most, "quick"));
	assert_true(has(most, "and 1 more job off the longest chain: cilocal runs show "
			      "20260101-000000-1"));
	assert_true(has(color, "\033[31m#"));
	arena_release(&a);
}

/* Records of older runs tell when a job ran, and no more. */
static void test_older(void **state)
{
	struct job_record old[] = {
		{.name = STR("a"), .status = STR("success"), .started = 1001, .duration = 3},
		{.name = STR("b"), .status = STR("skipped"), .started = -1, .duration = -1}};
	struct run_record r = {.id = STR("1"),
		.status = STR("success"),
		.started = 1000,
		.duration = 4,
		.jobs = old,
		.n_jobs = 2};
	struct arena a = ARENA_INIT;
	struct timeline t;
	struct str text = draw(&a, &r, (struct timeline_look){.columns = 60, .states = true});

	UNUSED(state);
	timeline_make(&t, &a, &r, 5000);
	assert_true(!t.has_phases && t.n_ran == 1 && !t.n_chain);
	assert_true(near(t.jobs[0].start, 1) && near(t.jobs[0].end, 4));
	assert_false(timeline_tells(&t));
	assert_true(has(text, "###") && has(text, "skipped") && !has(text, "longest"));
	arena_release(&a);
}

/* Whatever stands in the file: it is drawn, or left out. */
static void test_damaged(void **state)
{
	static const struct job_phase mad[] = {PHASE("step_script", -5, 2),
		PHASE("step_script", 1e300, 1), PHASE("step_script", 2, 1e300),
		PHASE("what is that", 1, 2)};
	struct job_record odd[] = {{.name = STR("a > a"), .after = STR("a > a"), PHASES(mad)},
		{.name = STR("b"), .after = STR("c"), PHASES(bridge_phases)},
		{.name = STR("c"), .after = STR("b"), PHASES(bridge_phases)},
		{.name = STR("c > d"), .after = STR("c"), PHASES(bridge_phases)}};
	struct run_record r = {.status = STR("running"),
		.started = 1e300,
		.duration = -1,
		.setup = -1,
		.jobs = odd,
		.n_jobs = ARRAY_SIZE(odd)};
	struct arena a = ARENA_INIT;
	struct buf out = BUF_INIT;
	struct timeline t;

	UNUSED(state);
	timeline_make(&t, &a, &r, 5000);
	assert_true(t.end < 1e9 && t.jobs[0].n_parts == 1);
	timeline_svg(&t, &out);
	assert_true(has(buf_str(&out), "</svg>"));
	assert_non_null(timeline_trace(&t, &a));
	draw(&a, &r, (struct timeline_look){.columns = 120});
	r.n_jobs = 0;
	draw(&a, &r, (struct timeline_look){.columns = 120});
	buf_release(&out);
	arena_release(&a);
}

static void test_axis(void **state)
{
	struct arena a = ARENA_INIT;

	UNUSED(state);
	assert_true(near(timeline_step(5.4, 7), 1));
	assert_true(near(timeline_step(5.4, 2), 5));
	assert_true(timeline_step(1e8, 3) >= 1e8 / 3);
	assert_string_equal(timeline_mark(&a, 0).p, "0s");
	assert_string_equal(timeline_mark(&a, 0.2 + 0.1).p, "0.3s");
	assert_string_equal(timeline_mark(&a, 90).p, "1m30s");
	assert_string_equal(timeline_mark(&a, 120).p, "2m");
	assert_string_equal(timeline_mark(&a, 5400).p, "1h30m");
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_older),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_axis),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
