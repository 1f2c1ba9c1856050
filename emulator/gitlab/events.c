#include "base/base.h"
#include "emulator/gitlab/events.h"
#include "emulator/core/loop.h"
#include "emulator/gitlab/artifact_record.h"
#include "emulator/gitlab/junit.h"
#include "emulator/store/store_json.h"

#include <time.h>
#include <unistd.h>

#define FLUSH_AT (64 * 1024)

struct events {
	struct loop *loop;
	int fd, error;
	struct buf out;
	struct loop_task flush;
	struct str pipeline;
};

static void write_out(struct events *e)
{
	size_t done = 0;

	while (done < e->out.n && !e->error) {
		ssize_t n = write(e->fd, e->out.p + done, e->out.n - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			e->error = errno;
	}
	buf_clear(&e->out);
}

static void on_flush(void *arg)
{
	write_out(arg);
}

struct events *events_new(struct loop *loop, int fd)
{
	struct events *e = xcalloc(1, sizeof(*e));

	e->loop = loop;
	e->fd = fd;
	buf_init(&e->out);
	return e;
}

void events_free(struct events *e)
{
	if (!e)
		return;
	loop_unpost(&e->flush);
	write_out(e);
	buf_release(&e->out);
	free(e);
}

void events_set_pipeline(struct events *e, struct str pipeline)
{
	e->pipeline = pipeline;
}

int events_error(const struct events *e)
{
	return e->error;
}

static json_t *start(struct events *e, const char *event)
{
	int64_t ms = loop_wall_ms(e->loop);
	time_t s = (time_t)(ms / 1000);
	char stamp[48], whole[64];
	json_t *o = json_object();
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(whole, sizeof(whole), "%s.%03dZ", stamp, (int)(ms % 1000));
	json_object_set_new(o, "event", json_string(event));
	json_object_set_new(o, "time", json_string(whole));
	json_object_set_new(
		o, "pipeline", e->pipeline.n ? store_json_text(e->pipeline) : json_null());
	return o;
}

static int add_bytes(const char *p, size_t n, void *arg)
{
	buf_add(arg, p, n);
	return 0;
}

static void finish(struct events *e, json_t *o)
{
	json_dump_callback(o, add_bytes, &e->out, JSON_COMPACT | JSON_REAL_PRECISION(6));
	buf_addc(&e->out, '\n');
	json_decref(o);
	if (e->out.n >= FLUSH_AT)
		write_out(e);
	else if (!e->flush.loop)
		loop_post(e->loop, &e->flush, on_flush, e);
}

void events_pipeline_started(struct events *e, const struct event_pipeline *p)
{
	json_t *o = start(e, "pipeline_started"), *jobs = json_array();

	json_object_set_new(o, "run", store_json_text(p->run));
	json_object_set_new(o, "name", p->name.n ? store_json_text(p->name) : json_null());
	json_object_set_new(o, "ref", store_json_text(p->ref));
	json_object_set_new(o, "sha", store_json_text(p->sha));
	json_object_set_new(o, "source", store_json_text(p->source));
	for (size_t i = 0; i < p->n_jobs; i++)
		json_array_append_new(jobs, store_json_text(p->jobs[i]));
	json_object_set_new(o, "jobs", jobs);
	finish(e, o);
}

void events_pipeline_finished(
	struct events *e, struct str status, bool warnings, double seconds, int exit_code)
{
	json_t *o = start(e, "pipeline_finished");

	json_object_set_new(o, "status", store_json_text(status));
	json_object_set_new(o, "warnings", json_boolean(warnings));
	json_object_set_new(o, "duration", json_real(seconds));
	json_object_set_new(o, "exit_code", exit_code < 0 ? json_null() : json_integer(exit_code));
	finish(e, o);
}

void events_job_started(
	struct events *e, struct str job, struct str stage, const char *executor, unsigned attempt)
{
	json_t *o = start(e, "job_started");

	json_object_set_new(o, "job", store_json_text(job));
	json_object_set_new(o, "stage", store_json_text(stage));
	json_object_set_new(o, "executor", json_string(executor));
	json_object_set_new(o, "attempt", json_integer(attempt));
	finish(e, o);
}

void events_section(struct events *e, struct str job, const char *name, bool begin)
{
	json_t *o = start(e, "section");

	json_object_set_new(o, "job", store_json_text(job));
	json_object_set_new(o, "name", json_string(name));
	json_object_set_new(o, "state", json_string(begin ? "start" : "end"));
	finish(e, o);
}

void events_log(struct events *e, struct str job, const char *stream, struct str line)
{
	json_t *o = start(e, "log");

	json_object_set_new(o, "job", store_json_text(job));
	json_object_set_new(o, "stream", json_string(stream));
	json_object_set_new(o, "text", store_json_text(line));
	finish(e, o);
}

static json_t *tests_json(const struct junit *t)
{
	json_t *o = json_object(), *failures = json_array();

	json_object_set_new(o, "total", json_integer((json_int_t)t->tests));
	json_object_set_new(o, "failed", json_integer((json_int_t)(t->failed + t->errors)));
	json_object_set_new(o, "skipped", json_integer((json_int_t)t->skipped));
	for (size_t i = 0; i < t->n; i++) {
		json_t *f = json_object();

		json_object_set_new(f, "suite", store_json_text(t->v[i].suite));
		json_object_set_new(f, "name", store_json_text(t->v[i].test));
		json_object_set_new(f, "message", store_json_text(t->v[i].message));
		json_object_set_new(f, "file", store_json_text(t->v[i].file));
		json_array_append_new(failures, f);
	}
	json_object_set_new(o, "failures", failures);
	return o;
}

static void add_notes(json_t *o, const struct event_job *j)
{
	for (size_t i = 0; i < j->n_notes; i++) {
		const struct job_note *n = &j->notes[i];
		json_t *to = json_object_get(o, n->of.p);

		if (!to) {
			to = json_object();
			json_object_set_new(o, n->of.p, to);
		}
		json_object_set_new(to, n->key.p, store_json_text(n->value));
	}
}

void events_job_finished(struct events *e, const struct event_job *j)
{
	json_t *o = start(e, "job_finished");

	json_object_set_new(o, "job", store_json_text(j->job));
	json_object_set_new(o, "stage", store_json_text(j->stage));
	json_object_set_new(o, "status", store_json_text(j->status));
	json_object_set_new(o, "allow_failure", json_boolean(j->allow_failure));
	json_object_set_new(o, "attempt", json_integer(j->attempt));
	json_object_set_new(o, "retried", json_boolean(j->retried));
	json_object_set_new(
		o, "exit_code", j->has_exit_code ? json_integer(j->exit_code) : json_null());
	json_object_set_new(o, "failure_reason",
		j->failure_reason ? json_string(j->failure_reason) : json_null());
	json_object_set_new(o, "message", j->message.n ? store_json_text(j->message) : json_null());
	json_object_set_new(o, "duration", j->seconds < 0 ? json_null() : json_real(j->seconds));
	if (j->coverage.n)
		json_object_set_new(o, "coverage", json_real(strtod(j->coverage.p, NULL)));
	if (j->tests)
		json_object_set_new(o, "tests", tests_json(j->tests));
	add_notes(o, j);
	finish(e, o);
}
