#include "base/base.h"
#include "pipeline_test.h"
#include "pipeline/job_vars.h"
#include "pipeline/receivers.h"
#include "yaml/node.h"
#include "yaml/yaml.h"

static void order_and_lookup(void **state)
{
	struct made m = {.p = NULL};
	struct job **found;
	struct arena a = ARENA_INIT;

	UNUSED(state);
	make(&m, "stages: [one, two]\nb: {stage: two, script: x}\na: {stage: one, script: x, "
		 "parallel: 2}\n"
		 "test-x: {stage: two, script: x}\nout: {stage: one, script: x, rules: [{if: "
		 "$NO}]}\n");
	assert_non_null(m.p);
	assert_int_equal(m.p->n_jobs, 4);
	assert_int_equal(m.p->n_all, 5);
	assert_str(m.p->jobs[0]->name, "a 1/2");
	assert_str(m.p->jobs[2]->name, "b");
	for (uint32_t i = 0; i < m.p->n_jobs; i++)
		assert_int_equal(m.p->jobs[i]->id, i);
	assert_int_equal(pipeline_find_jobs(&a, m.p, STR("a"), false, &found), 2);
	assert_int_equal(pipeline_find_jobs(&a, m.p, STR("a 2/2"), false, &found), 1);
	assert_int_equal(pipeline_find_jobs(&a, m.p, STR("test*"), false, &found), 1);
	assert_str(found[0]->name, "test-x");
	assert_int_equal(pipeline_find_jobs(&a, m.p, STR("*"), false, &found), 4);
	assert_int_equal(pipeline_find_jobs(&a, m.p, STR("out"), false, &found), 0);
	assert_int_equal(pipeline_find_jobs(&a, m.p, STR("out"), true, &found), 1);
	assert_int_equal(pipeline_find_jobs(&a, m.p, STR("nope"), true, &found), 0);
	arena_release(&a);
	unmake(&m);
}

/* The pipeline lives on after the caller's arena, config and all. */
static void owns_its_memory(void **state)
{
	struct made m = {.p = NULL};

	UNUSED(state);
	make(&m, "a: {script: [one, two], variables: {X: y}}\n");
	struct pipeline *p = pipeline_ref(m.p);
	unmake(&m);
	assert_str(p->jobs[0]->def->script.v[1].s, "two");
	assert_str(varset_value(&p->jobs[0]->vars, "X"), "y");
	assert_ptr_equal(p->config->arena, &p->arena);
	pipeline_unref(p);
}

static void errors_leave_everything_with_the_caller(void **state)
{
	struct made m = {.p = NULL};

	UNUSED(state);
	make(&m, "b: {script: x, rules: [{if: $NO}]}\na: {script: x, needs: [b]}\n");
	assert_null(m.p);
	assert_int_equal(m.diags.errors, 1);
	assert_string_equal(m.diags.first->code, "absent-need");
	assert_str(m.diags.first->job, "a");
	assert_int_equal(m.diags.first->at.begin.line, 2);
	assert_str(m.config->sources->v[0]->name, "ci.yml");
	unmake(&m);
}

/* pipeline_check knows no facts: a need that rules may leave out is no error of it. */
static void check_without_facts(void **state)
{
	struct made m = {.p = NULL};

	UNUSED(state);
	compile_text(&m, "b: {script: x, rules: [{if: $NO}]}\na: {script: x, needs: [b]}\n");
	assert_true(pipeline_check(m.config));
	unmake(&m);
	compile_text(&m, "a: {script: x, needs: [c]}\n");
	assert_false(pipeline_check(m.config));
	assert_string_equal(m.diags.first->code, "undefined-need");
	/* Asking twice tells once. */
	assert_null(pipeline_build(m.config, &m.facts));
	assert_int_equal(m.diags.errors, 1);
	unmake(&m);
}

static void refusals(void **state)
{
	struct made m = {.p = NULL};

	UNUSED(state);
	make(&m, "workflow: {rules: [{if: $NO}]}\na: {script: x}\n");
	assert_false(m.p->run);
	assert_int_equal(m.p->n_jobs, 0);
	assert_true(m.p->refusal.n > 0);
	assert_int_equal(m.p->n_workflow_steps, 1);
	assert_false(m.p->workflow_steps[0].matched);
	unmake(&m);
	make(&m, "a: {script: x, stage: .pre}\n");
	assert_true(m.p->run);
	assert_int_equal(m.p->n_jobs, 0);
	assert_true(m.p->all[0]->in);
	unmake(&m);
}

struct flushing {
	struct buf *from, to;
	unsigned calls, stop_at; /* 0: never */
};

static bool take_all(void *ctx)
{
	struct flushing *f = ctx;

	if (++f->calls == f->stop_at)
		return false;
	buf_addstr(&f->to, buf_str(f->from));
	buf_clear(f->from);
	return true;
}

/* What comes job by job is what the tree gives, whole or with gaps, and ends where it is told to.
 */
static void json_in_parts(void **state)
{
	static const int indents[] = {0, 2};
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct made m = {.p = NULL};
	struct arena a = ARENA_INIT;

	UNUSED(state);
	buf_adds(&text, "out: {script: x, rules: [{if: $NO}]}\n");
	for (int i = 0; i < 500; i++)
		buf_printf(&text, "job-%d: {script: x, tags: [\"a \\\"b\\\"\", c], image: i}\n", i);
	make(&m, text.p);
	for (size_t k = 0; k < 4; k++) {
		int indent = indents[k % 2];
		bool all = k >= 2;
		CLEANUP(buf_release) struct buf out = BUF_INIT;
		CLEANUP(buf_release) struct buf tree = BUF_INIT;
		struct flushing f = {.from = &out, .to = BUF_INIT};

		yaml_write_json(&tree, pipeline_dump(&a, m.p, all), indent);
		buf_addc(&tree, '\n');
		assert_true(pipeline_write_json(&out, m.p, all, indent, take_all, &f));
		assert_true(f.calls > 0);
		take_all(&f);
		assert_string_equal(f.to.p, tree.p);
		buf_release(&f.to);
		f = (struct flushing){.from = &out, .to = BUF_INIT, .stop_at = 1};
		buf_clear(&out);
		assert_false(pipeline_write_json(&out, m.p, all, indent, take_all, &f));
		assert_int_equal(f.calls, 1);
		buf_release(&f.to);
	}
	arena_release(&a);
	unmake(&m);
}

static bool has_keys(const struct node *map, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (i >= map->u.map.n || !str_is(map->u.map.pairs[i].key->text, keys[i]))
			return false;
	return map->u.map.n == n;
}

/* The contract of `list --json`: these keys, in this order. */
static void dump_has_the_keys_of_the_contract(void **state)
{
	static const char *const top[] = {"stages", "workflow", "jobs"};
	static const char *const job[] = {"name", "base_name", "stage", "when", "allow_failure",
		"needs", "image", "services", "tags", "environment", "trigger", "rule", "source"};
	struct made m = {.p = NULL};
	struct arena a = ARENA_INIT;

	UNUSED(state);
	make(&m, "b: {script: x}\na:\n  script: x\n  needs: [b]\n  allow_failure: {exit_codes: "
		 "[3]}\n"
		 "out: {script: x, rules: [{if: $NO}]}\n");
	const struct node *root = pipeline_dump(&a, m.p, false);
	assert_true(has_keys(root, top, ARRAY_SIZE(top)));
	const struct node *jobs = node_get(root, "jobs");
	assert_int_equal(jobs->u.seq.n, 2);
	const struct node *two = jobs->u.seq.items[1];
	assert_true(has_keys(two, job, ARRAY_SIZE(job)));
	assert_str(node_get(two, "source")->text, "ci.yml:2");
	assert_int_equal(node_get(two, "rule")->kind, NODE_NULL);
	struct buf json = BUF_INIT;
	yaml_write_json(&json, node_get(two, "needs"), 0);
	assert_str(buf_str(&json), "[{\"job\":\"b\",\"artifacts\":true,\"optional\":false}]");
	buf_clear(&json);
	yaml_write_json(&json, node_get(two, "allow_failure"), 0);
	assert_str(buf_str(&json), "{\"exit_codes\":[3]}");
	buf_release(&json);

	jobs = node_get(pipeline_dump(&a, m.p, true), "jobs");
	assert_int_equal(jobs->u.seq.n, 3);
	assert_str(node_get(jobs->u.seq.items[2], "when")->text, "never");
	arena_release(&a);
	unmake(&m);
}

static void cross_pipeline_needs(void **state)
{
	struct made m = {.p = NULL};
	struct arena a = ARENA_INIT;
	struct cross_source *v;
	uint32_t *ids;

	UNUSED(state);
	make(&m, "variables: {P: '12'}\na: {script: x, needs: [{pipeline: $P, job: build}, "
		 "{pipeline: '3', "
		 "job: c, artifacts: false}]}\n");
	assert_int_equal(pipeline_cross_sources(&a, m.p, job_named(&m, "a"), NULL, &v), 1);
	assert_str(v[0].pipeline, "12");
	assert_str(v[0].job, "build");
	assert_int_equal(pipeline_artifact_sources(&a, m.p, job_named(&m, "a"), &ids), 0);
	arena_release(&a);
	unmake(&m);
}

/* Many jobs with needs: nothing may grow with the square. */
static void many_jobs(void **state)
{
	enum { N = 3000 };
	struct made m = {.p = NULL};
	struct buf b = BUF_INIT;

	UNUSED(state);
	for (int i = 0; i < N; i++) {
		buf_printf(&b, "j%d: {script: x", i);
		if (i)
			buf_printf(&b, ", needs: [j%d]", i - 1);
		buf_adds(&b, "}\n");
	}
	make(&m, b.p);
	assert_int_equal(m.p->n_jobs, N);
	assert_int_equal(m.p->jobs[N - 1]->needs[0].job, N - 2);
	buf_release(&b);
	unmake(&m);
}

/* The copies count, and none is made: the limit itself is fine, one more is not. */
static void limit_of_jobs(void **state)
{
	static const struct {
		unsigned jobs, single;
		bool ok;
	} rows[] = {{62, 100, true}, {62, 101, false}, {61, 301, false}};

	UNUSED(state);
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct made m = {.p = NULL};
		struct buf b = BUF_INIT;

		for (unsigned i = 0; i < rows[r].jobs; i++)
			buf_printf(&b, "p%u: {script: x, parallel: 200}\n", i);
		for (unsigned i = 0; i < rows[r].single; i++)
			buf_printf(&b, "s%u: {script: x}\n", i);
		make(&m, b.p);
		assert_int_equal(m.p != NULL, rows[r].ok);
		assert_int_equal(m.diags.errors, !rows[r].ok);
		if (!rows[r].ok)
			assert_str(m.diags.first->gitlab,
				"The number of jobs has exceeded the limit of 12500. Try splitting "
				"the configuration with parent-child-pipelines");
		buf_release(&b);
		unmake(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_and_lookup),
		cmocka_unit_test(owns_its_memory),
		cmocka_unit_test(errors_leave_everything_with_the_caller),
		cmocka_unit_test(check_without_facts),
		cmocka_unit_test(refusals),
		cmocka_unit_test(json_in_parts),
		cmocka_unit_test(dump_has_the_keys_of_the_contract),
		cmocka_unit_test(cross_pipeline_needs),
		cmocka_unit_test(many_jobs),
		cmocka_unit_test(limit_of_jobs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
