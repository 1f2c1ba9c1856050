#include "base/base.h"
#include "emulator/store/run_record.h"
#include "emulator/store/store.h"
#include "emulator/store/store_json.h"
#include "emulator/core/error.h"

#define RECORD_MAX (64u * 1024 * 1024)

/* No more digits than the loop's clock has. */
static json_t *milliseconds(double s)
{
	return json_real(s < 0 ? -1 : (double)(int64_t)(s * 1000 + 0.5) / 1000);
}

static json_t *phases_json(const struct job_record *r)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < r->n_phases; i++) {
		const struct job_phase *p = &r->phases[i];
		json_t *j = json_object();

		json_object_set_new(j, "name", store_json_text(p->name));
		json_object_set_new(j, "start", milliseconds(p->start));
		json_object_set_new(j, "duration", milliseconds(p->duration));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *job_json(const struct job_record *r)
{
	json_t *j = json_object();

	json_object_set_new(j, "name", store_json_text(r->name));
	json_object_set_new(j, "stage", store_json_text(r->stage));
	json_object_set_new(j, "slug", store_json_text(r->slug));
	json_object_set_new(j, "status", store_json_text(r->status));
	json_object_set_new(j, "allow_failure", json_boolean(r->allow_failure));
	json_object_set_new(
		j, "exit_code", r->has_exit_code ? json_integer(r->exit_code) : json_null());
	json_object_set_new(j, "failure_reason", store_json_text(r->failure_reason));
	json_object_set_new(j, "reason", store_json_text(r->reason));
	if (r->fingerprint.n)
		json_object_set_new(j, "fingerprint", store_json_text(r->fingerprint));
	json_object_set_new(j, "started", json_real(r->started));
	json_object_set_new(j, "duration", json_real(r->duration));
	json_object_set_new(j, "attempt", json_integer(r->attempt));
	if (r->after.n)
		json_object_set_new(j, "after", store_json_text(r->after));
	if (r->n_phases)
		json_object_set_new(j, "phases", phases_json(r));
	return j;
}

int run_record_write(const char *run_dir, const struct run_record *r, struct error *err)
{
	CLEANUP(free) char *path = xasprintf("%s/run.json", run_dir);
	json_t *j = json_object(), *jobs = json_array();
	size_t i;

	json_object_set_new(j, "version", json_integer(1));
	json_object_set_new(j, "id", store_json_text(r->id));
	json_object_set_new(j, "status", store_json_text(r->status));
	json_object_set_new(j, "ref", store_json_text(r->ref));
	json_object_set_new(j, "sha", store_json_text(r->sha));
	json_object_set_new(j, "source", store_json_text(r->source));
	json_object_set_new(j, "name", store_json_text(r->pipeline_name));
	json_object_set_new(j, "started", json_real(r->started));
	json_object_set_new(j, "duration", json_real(r->duration));
	json_object_set_new(j, "setup", milliseconds(r->setup));
	json_object_set_new(j, "pid", json_integer(r->pid));
	json_object_set_new(j, "selected", json_boolean(r->selected));
	for (i = 0; i < r->n_jobs; i++)
		json_array_append_new(jobs, job_json(&r->jobs[i]));
	json_object_set_new(j, "jobs", jobs);
	return store_json_write(path, j, JSON_INDENT(1) | JSON_REAL_PRECISION(15), err);
}

static void read_phases(struct arena *a, json_t *list, struct job_record *r)
{
	struct job_phase *v = arena_array(a, struct job_phase, json_array_size(list) + 1);
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		json_t *j = json_array_get(list, i);

		v[i] = (struct job_phase){.name = store_json_get_text(a, j, "name"),
			.start = store_json_get_real(j, "start"),
			.duration = store_json_get_real(j, "duration")};
	}
	r->phases = v;
	r->n_phases = i;
}

static void read_job(struct arena *a, json_t *j, struct job_record *r)
{
	json_t *code = json_object_get(j, "exit_code");

	r->name = store_json_get_text(a, j, "name");
	r->stage = store_json_get_text(a, j, "stage");
	r->slug = store_json_get_text(a, j, "slug");
	r->status = store_json_get_text(a, j, "status");
	r->allow_failure = json_is_true(json_object_get(j, "allow_failure"));
	r->has_exit_code = json_is_integer(code);
	r->exit_code = r->has_exit_code ? (int)json_integer_value(code) : 0;
	r->failure_reason = store_json_get_text(a, j, "failure_reason");
	r->reason = store_json_get_text(a, j, "reason");
	r->fingerprint = store_json_get_text(a, j, "fingerprint");
	r->started = store_json_get_real(j, "started");
	r->duration = store_json_get_real(j, "duration");
	r->attempt = (unsigned)json_integer_value(json_object_get(j, "attempt"));
	r->after = store_json_get_text(a, j, "after");
	read_phases(a, json_object_get(j, "phases"), r);
}

int run_record_read(const char *run_dir, struct arena *a, struct run_record *out, struct error *err)
{
	CLEANUP(free) char *path = xasprintf("%s/run.json", run_dir);
	CLEANUP(free) char *lock = xasprintf("%s/lock", run_dir);
	json_t *j = store_json_read(path, RECORD_MAX, err);
	json_t *jobs;
	size_t i;

	if (!j)
		return -1;
	*out = (struct run_record){0};
	out->id = store_json_get_text(a, j, "id");
	out->status = store_json_get_text(a, j, "status");
	if (str_is(out->status, "running") && !store_lock_held(lock))
		out->status = STR("died");
	out->ref = store_json_get_text(a, j, "ref");
	out->sha = store_json_get_text(a, j, "sha");
	out->source = store_json_get_text(a, j, "source");
	out->pipeline_name = store_json_get_text(a, j, "name");
	out->started = store_json_get_real(j, "started");
	out->duration = store_json_get_real(j, "duration");
	out->setup = store_json_get_real(j, "setup");
	out->pid = json_integer_value(json_object_get(j, "pid"));
	out->selected = json_is_true(json_object_get(j, "selected"));
	jobs = json_object_get(j, "jobs");
	out->n_jobs = json_array_size(jobs);
	out->jobs = arena_array(a, struct job_record, out->n_jobs + 1);
	for (i = 0; i < out->n_jobs; i++)
		read_job(a, json_array_get(jobs, i), &out->jobs[i]);
	json_decref(j);
	return 0;
}
