#include "base/base.h"
#include "emulator/gitlab/plan.h"
#include "emulator/store/store_json.h"
#include "pipeline/pipeline.h"

static bool stays_passed(const struct plan *plan, uint32_t id)
{
	return plan->adopted && plan->adopted[id];
}

static const char *treatment(const struct plan *plan, uint32_t id)
{
	const struct job *job = plan->p->jobs[id];

	if (stays_passed(plan, id))
		return "passed";
	if (job->when == WHEN_MANUAL && (plan->forced[id] || plan->play[id]))
		return "played";
	if (job->when == WHEN_DELAYED && plan->forced[id])
		return "at once";
	return job_when_name(job->when == WHEN_UNSET ? WHEN_ON_SUCCESS : job->when);
}

static void add_padded(struct buf *out, struct str s, size_t width)
{
	buf_addstr(out, s);
	for (size_t n = str_width(s); n < width; n++)
		buf_addc(out, ' ');
	buf_adds(out, "  ");
}

static void add_waits(const struct plan *plan, uint32_t id, struct buf *out)
{
	const struct job *job = plan->p->jobs[id];
	bool any = false;

	if (stays_passed(plan, id)) {
		buf_adds(out, "not again");
		return;
	}
	if (!job->dag) {
		for (uint32_t i = 0; i < plan->p->n_jobs && !any; i++)
			any = plan->chosen[i] && plan->p->jobs[i]->stage_index < job->stage_index;
		buf_adds(out, any ? "after the earlier stages" : "at the start");
		return;
	}
	for (size_t i = 0; i < job->n_needs; i++) {
		uint32_t need = job->needs[i].job;

		if (need == UINT32_MAX || !plan->chosen[need])
			continue;
		buf_adds(out, any ? ", " : "needs ");
		buf_addstr(out, plan->p->jobs[need]->name);
		any = true;
	}
	if (!any)
		buf_adds(out, "at the start");
}

void plan_print(const struct plan *plan, struct buf *out)
{
	size_t name = 3, stage = 5, how = 4;

	for (uint32_t i = 0; i < plan->p->n_jobs; i++) {
		if (!plan->chosen[i])
			continue;
		name = MAX(name, str_width(plan->p->jobs[i]->name));
		stage = MAX(stage, str_width(plan->p->jobs[i]->stage));
		how = MAX(how, strlen(treatment(plan, i)));
	}
	add_padded(out, STR("STAGE"), stage);
	add_padded(out, STR("JOB"), name);
	add_padded(out, STR("WHEN"), how);
	buf_adds(out, "STARTS\n");
	for (uint32_t i = 0; i < plan->p->n_jobs; i++) {
		if (!plan->chosen[i])
			continue;
		add_padded(out, plan->p->jobs[i]->stage, stage);
		add_padded(out, plan->p->jobs[i]->name, name);
		add_padded(out, str_c(treatment(plan, i)), how);
		add_waits(plan, i, out);
		buf_addc(out, '\n');
	}
}

static json_t *needs_of(const struct plan *plan, const struct job *job)
{
	json_t *list;

	if (!job->dag)
		return json_null();
	list = json_array();
	for (size_t i = 0; i < job->n_needs; i++)
		if (job->needs[i].job != UINT32_MAX && plan->chosen[job->needs[i].job])
			json_array_append_new(
				list, store_json_text(plan->p->jobs[job->needs[i].job]->name));
	return list;
}

void plan_print_json(const struct plan *plan, struct buf *out)
{
	json_t *root = json_object(), *jobs = json_array();
	char *s;

	for (uint32_t i = 0; i < plan->p->n_jobs; i++) {
		const struct job *job = plan->p->jobs[i];
		json_t *o;

		if (!plan->chosen[i])
			continue;
		o = json_object();
		json_object_set_new(o, "name", store_json_text(job->name));
		json_object_set_new(o, "stage", store_json_text(job->stage));
		json_object_set_new(o, "when", json_string(treatment(plan, i)));
		json_object_set_new(o, "allow_failure", json_boolean(job->allow_failure));
		json_object_set_new(o, "needs", needs_of(plan, job));
		json_array_append_new(jobs, o);
	}
	json_object_set_new(root, "event", json_string("plan"));
	json_object_set_new(root, "jobs", jobs);
	s = json_dumps(root, JSON_COMPACT);
	buf_adds(out, s ? s : "{}");
	free(s);
	json_decref(root);
}
