/*
 * What people and programs see of a run: the console or JSON events, the trace files, the record of
 * the run, the final table.
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/gitlab/events.h"
#include "emulator/log/console.h"
#include "emulator/log/job_log.h"
#include "emulator/log/mask.h"
#include "emulator/log/sink.h"
#include "emulator/store/run_record.h"
#include "pipeline/pipeline.h"
#include "vars/facts.h"

#include <fcntl.h>
#include <unistd.h>

#define TAIL_BYTES 4096
#define TAIL_LINES 10
/* The record is rewritten as a whole: not for each job of a thousand. */
#define RECORD_MS        250
#define OUTPUT_LIMIT_KIB 4096

static long long console_now(void *arg)
{
	return loop_wall_ms(arg);
}

static long log_now(void *arg)
{
	return (long)(loop_wall_ms(arg) / 1000);
}

/* The events that follow are of this run's pipeline. */
static struct events *events_of(struct run *r)
{
	struct str p = r->prefix;

	events_set_pipeline(r->events, p.n ? str_sub(p, 0, p.n - strlen(BRIDGE_ARROW)) : STR_NULL);
	return r->events;
}

/* A log needs no prefix where it can be no other job's. */
static bool is_single(const struct run *r)
{
	for (size_t i = 0; i < r->p->n_jobs; i++)
		if (r->plan.chosen[i] && r->p->jobs[i]->def->trigger)
			return false;
	return r->plan.n == 1;
}

static struct str *chosen_names(struct run *r, size_t *n)
{
	struct str *names = arena_array(&r->arena, struct str, r->plan.n + 1);

	*n = 0;
	for (size_t i = 0; i < r->p->n_jobs; i++)
		if (r->plan.chosen[i])
			names[(*n)++] = r->p->jobs[i]->name;
	return names;
}

int show_open(struct run *r, struct error *err)
{
	const struct run_options *o = r->o;
	struct console_options c = {.fd = o->log_fd ? o->log_fd : STDOUT_FILENO,
		.color = o->color,
		.tty = o->tty,
		.timestamps = o->timestamps,
		.fold = (enum console_fold)o->fold,
		.quiet = o->quiet,
		.single = is_single(r) && !o->shell,
		.brief = (r->plan.n > 1 || o->shell) && !o->verbose,
		.columns = o->columns,
		.live = o->json ? NULL : show_live_open(r, is_single(r) && !o->shell),
		.now_ms = console_now,
		.now_arg = r->session.loop};
	struct str *names;
	size_t n;

	UNUSED(err);
	if (o->json) {
		r->events = events_new(r->session.loop, STDOUT_FILENO);
		return 0;
	}
	names = chosen_names(r, &n);
	r->console = console_new(&c);
	console_expect(r->console, names, n);
	return 0;
}

void show_close(struct run *r)
{
	loop_timer_stop(&r->record_timer);
	events_free(r->events);
	r->events = NULL;
	if (r->console)
		console_free(r->console);
	r->console = NULL;
	show_live_close(r);
}

static const char *stream_name(enum log_stream s)
{
	switch (s) {
	case LOG_RUNNER:
		return "runner";
	case LOG_OUT:
		return "stdout";
	case LOG_ERR:
		return "stderr";
	case LOG_SERVICE:
		break;
	}
	return "service";
}

static void on_line(void *arg, enum log_stream stream, struct str line)
{
	struct job_run *j = arg;

	events_log(events_of(j->run), j->job->name, stream_name(stream), line);
}

/* What the job and its services wrote, without the lines of the build itself. */
static void on_bytes(void *arg, enum log_stream stream, struct str bytes)
{
	struct job_run *j = arg;

	if (stream != LOG_RUNNER)
		sink_write(j->tail_sink, stream, bytes);
}

static void on_stage(void *arg, const char *stage, bool begin)
{
	struct job_run *j = arg;

	if (begin)
		phase_begin(j, stage);
	if (j->run->events)
		events_section(events_of(j->run), j->job->name, stage, begin);
}

static void on_wait(void *arg, enum build_wait kind, struct str what)
{
	struct job_run *j = arg;

	phase_pulls(j, kind == BUILD_WAIT_IMAGE);

	/* An image's name may come from a variable. */
	if (j->log && what.n) {
		struct buf text = BUF_INIT;

		mask_text(job_log_mask(j->log), what, &text);
		snprintf(j->doing, sizeof(j->doing), "%s", text.p);
		buf_release(&text);
	} else {
		j->doing[0] = 0;
	}
	console_touch(j->run->console);
}

/* The trace file; that of an earlier attempt is kept as trace-N.log. */
static int open_trace(struct job_run *j, struct error *err)
{
	struct run *r = j->run;
	const char *path, *old;
	int fd;

	path = store_job_path(&r->folder, &r->arena, j->slug, "trace.log", err);
	if (!path)
		return -1;
	if (j->attempt > 1) {
		old = store_job_path(&r->folder, &r->arena, j->slug,
			arena_printf(&r->arena, "trace-%u.log", j->attempt - 1).p, err);
		if (!old)
			return -1;
		if (rename(path, old))
			return error_sys(err, errno, "can't rename '%s'", path);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(err, errno, "can't write '%s'", path);
	j->log_path = str_c(path);
	j->trace_sink = sink_fd_new(fd, true);
	job_log_add(j->log, j->trace_sink);
	return 0;
}

/* Nobody should look for something in a log that ends with the disk. */
static void check_trace(const struct job_run *j)
{
	if (j->trace_sink && j->trace_sink->error)
		run_message(j->run, DIAG_WARNING,
			"the log of job '" STR_FMT "' is not whole: cannot write '" STR_FMT "': %s",
			STR_ARG(j->shown), STR_ARG(j->log_path), strerror(j->trace_sink->error));
}

/* GitLab docs, advanced configuration of GitLab Runner, `output_limit` (KiB; 0: the default). */
static uint64_t output_limit(const struct job_run *j)
{
	int64_t kib = j->runner ? j->runner->config->output_limit.v : 0;

	return (kib > 0 ? (uint64_t)kib : OUTPUT_LIMIT_KIB) * 1024;
}

int show_attempt_start(struct job_run *j, struct error *err)
{
	struct run *r = j->run;
	bool docker = j->spec.executor == EXECUTOR_DOCKER;
	int rc;

	j->spec.on_stage = on_stage;
	j->spec.on_wait = on_wait;
	j->spec.on_arg = j;
	j->log = job_log_new(log_now, r->session.loop);
	j->tail_sink = sink_tail_new(TAIL_BYTES);
	job_log_add(j->log, sink_fn_new(on_bytes, j));
	rc = open_trace(j, err);
	j->doing[0] = 0;
	if (r->console) {
		j->shown_sink = console_sink(r->console, j->shown);
		job_log_add(j->log, sink_limit_new(j->shown_sink, output_limit(j), j->log_path));
		console_touch(r->console);
	}
	if (r->events) {
		job_log_add(j->log, sink_lines_new(on_line, j));
		events_job_started(events_of(r), j->job->name, j->job->stage,
			j->job->def->trigger ? "trigger"
			: docker             ? "docker"
					     : "shell",
			j->attempt);
	}
	show_record(r);
	return rc;
}

struct last_lines {
	struct str v[TAIL_LINES];
	size_t n; /* lines seen */
	struct arena *arena;
};

static void on_tail_line(void *arg, enum log_stream stream, struct str line)
{
	struct last_lines *l = arg;

	UNUSED(stream);
	l->v[l->n++ % TAIL_LINES] = arena_str(l->arena, line);
}

/* The last lines for the table: no colours, no progress bars, no section markers. */
static struct str tail_lines(struct job_run *j, struct str bytes)
{
	struct last_lines l = {.n = 0, .arena = &j->arena};
	struct sink *lines = sink_lines_new(on_tail_line, &l);
	struct buf out = BUF_INIT;
	struct str text;

	sink_write(lines, LOG_OUT, bytes);
	sink_end(lines);
	sink_free(lines);
	for (size_t i = l.n > TAIL_LINES ? l.n - TAIL_LINES : 0; i < l.n; i++)
		buf_printf(&out, "%s" STR_FMT, out.n ? "\n" : "", STR_ARG(l.v[i % TAIL_LINES]));
	text = arena_str(&j->run->arena, str_trim(buf_str(&out)));
	buf_release(&out);
	return text;
}

static void keep_tail(struct job_run *j)
{
	struct buf bytes = BUF_INIT;

	if (j->tail_sink && j->result.status == BUILD_FAILED) {
		sink_tail_get(j->tail_sink, &bytes);
		j->tail = tail_lines(j, buf_str(&bytes));
	}
	buf_release(&bytes);
}

/* What went wrong, with secrets masked: error texts may hold a URL with a password. */
static void keep_reason(struct job_run *j)
{
	struct buf text = BUF_INIT;

	if (j->result.status == BUILD_SUCCESS)
		return;
	mask_text(j->log ? job_log_mask(j->log) : NULL, str_c(j->result.text), &text);
	j->reason = arena_str(&j->run->arena, buf_str(&text));
	buf_release(&text);
}

static void finished_event(struct job_run *j, const char *status, bool retried)
{
	const struct build_result *res = &j->result;
	bool failed = j->has_result && res->status == BUILD_FAILED;
	struct event_job e = {.job = j->job->name,
		.stage = j->job->stage,
		.status = str_c(status),
		.allow_failure = j->allowed,
		.retried = retried,
		.attempt = j->attempt,
		.has_exit_code = failed && res->has_exit_code,
		.exit_code = res->exit_code,
		.failure_reason = failed ? job_run_reason(j) : NULL,
		.message = failed ? j->reason : STR_NULL,
		.coverage = j->artifacts.coverage,
		.tests = j->artifacts.has_junit ? &j->artifacts.junit : NULL,
		.notes = j->record.notes.v,
		.n_notes = j->record.notes.n,
		.seconds = j->seconds};

	/* A job that a script ended well has exit code 0; one that never ran has none. */
	if (j->has_result && res->status == BUILD_SUCCESS) {
		e.has_exit_code = true;
		e.exit_code = 0;
	}
	if (j->run->events)
		events_job_finished(events_of(j->run), &e);
}

void show_attempt_end(struct job_run *j, bool retried)
{
	struct run *r = j->run;
	const char *status = j->result.status == BUILD_SUCCESS    ? "success"
			     : j->result.status == BUILD_CANCELED ? "canceled"
								  : "failed";
	unsigned max = j->job->def->rare->retry.max;

	keep_reason(j);
	if (j->result.status == BUILD_FAILED)
		show_hints(j);
	if (j->log)
		job_log_end(j->log);
	check_trace(j);
	environment_finish(j);
	j->shown_sink = j->trace_sink = NULL;
	artifact_pass_finish(j);
	keep_tail(j);
	finished_event(j, status, retried);
	if (retried && r->console) {
		struct str line = arena_printf(&r->arena,
			"job '" STR_FMT "' failed (" STR_FMT "): retry %u of %u", STR_ARG(j->shown),
			STR_ARG(j->reason), j->attempt, max);

		console_line(r->console, line);
	}
	show_record(r);
}

void show_move(struct job_run *j)
{
	enum job_status status = job_run_status(j);

	j->seconds = -1;
	if (job_status_completed(status) || status == STATUS_MANUAL)
		finished_event(j, job_status_name(status), false);
	if (j->run->console)
		console_touch(j->run->console);
	show_record(j->run);
}

void show_pipeline_start(struct run *r)
{
	const struct facts *f = r->p->facts;
	struct event_pipeline e = {.run = str_c(r->folder.id),
		.name = r->p->name,
		.ref = f->ref_name,
		.sha = f->sha,
		.source = f->source};

	for (size_t i = 0; r->console && r->parent && i < r->p->n_jobs; i++)
		if (r->plan.chosen[i])
			console_expect(r->console, &r->jobs[i].shown, 1);
	if (!r->events)
		return;
	e.jobs = chosen_names(r, &e.n_jobs);
	events_pipeline_started(events_of(r), &e);
}

static struct console_row row_of(const struct job_run *j)
{
	const struct build_result *res = &j->result;
	bool failed = j->has_result && res->status == BUILD_FAILED;
	enum job_status status = job_run_status(j);
	struct console_row row = {.job = j->shown,
		.stage = j->job->stage,
		.status = str_c(job_status_name(status)),
		.allowed_failure = failed && j->allowed,
		.coverage = j->artifacts.coverage,
		.seconds = j->attempt ? j->seconds : -1};

	if (status != STATUS_FAILED)
		return row;
	row.has_exit_code = res->has_exit_code;
	row.exit_code = res->exit_code;
	row.reason = j->reason;
	row.tail = j->tail;
	row.log_path = j->log_path;
	return row;
}

static void show_blocked(struct run *r)
{
	for (size_t i = 0; i < r->p->n_jobs; i++) {
		if (!r->plan.chosen[i] || job_run_status(&r->jobs[i]) != STATUS_MANUAL ||
			r->jobs[i].child || progress_allow_failure(r->progress, (uint32_t)i))
			continue;
		run_message(r, DIAG_NOTE,
			"the pipeline is blocked: manual job '" STR_FMT
			"' was not played (--manual '" STR_FMT "' plays it)",
			STR_ARG(r->jobs[i].shown), STR_ARG(r->jobs[i].shown));
		return;
	}
}

/* Jobs in their order, and below a trigger job those of the pipeline that it started last. */
static void add_rows(const struct run *r, struct console_row *rows, size_t *n)
{
	for (size_t i = 0; i < r->p->n_jobs; i++) {
		if (!r->plan.chosen[i])
			continue;
		rows[(*n)++] = row_of(&r->jobs[i]);
		if (r->jobs[i].child)
			add_rows(r->jobs[i].child, rows, n);
	}
}

static size_t n_jobs(const struct run *r)
{
	size_t n = 0;

	for (const struct run *c = r->top; c; c = c->next)
		n += c->plan.n;
	return n;
}

void show_child_end(struct run *r)
{
	double seconds = (double)(loop_now(r->session.loop) - r->started_ms) / 1000;
	enum job_status status = progress_pipeline_status(r->progress);

	if (r->events)
		events_pipeline_finished(events_of(r), str_c(job_status_name(status)),
			progress_has_warnings(r->progress), seconds, -1);
}

void show_pipeline_end(struct run *r, int exit_code)
{
	double seconds = (double)(loop_now(r->session.loop) - r->started_ms) / 1000;
	enum job_status status = progress_pipeline_status(r->progress);
	struct console_row *rows;
	size_t n = 0;
	bool any = false;

	if (r->events) {
		events_pipeline_finished(events_of(r), str_c(job_status_name(status)),
			progress_has_warnings(r->progress), seconds, exit_code);
		return;
	}
	console_live_end(r->console);
	rows = xcalloc(n_jobs(r) + 1, sizeof(*rows));
	add_rows(r, rows, &n);
	console_table(r->console, rows, n);
	free(rows);
	for (struct run *c = r; c; c = c->next)
		artifact_pass_summary(c);
	for (struct run *c = r; c; c = c->next)
		environment_summary(c, &any);
	for (struct run *c = r; c; c = c->next)
		publish_summary(c, &any);
	for (struct run *c = r; c && !r->signum; c = c->next)
		show_blocked(c);
}

static struct job_record record_of(const struct job_run *j)
{
	const struct build_result *res = &j->result;
	bool failed = j->has_result && res->status == BUILD_FAILED;

	return (struct job_record){.name = j->shown,
		.stage = j->job->stage,
		.slug = j->slug,
		.status = str_c(job_status_name(job_run_status(j))),
		.allow_failure = j->allowed || progress_allow_failure(j->run->progress, j->job->id),
		.has_exit_code = failed && res->has_exit_code,
		.exit_code = res->exit_code,
		.failure_reason = failed ? str_c(job_run_reason(j)) : STR_NULL,
		.reason = j->reason,
		.fingerprint = j->fingerprint,
		.started = j->attempt ? j->started : -1,
		.duration = j->has_result ? j->seconds : -1,
		.attempt = j->attempt,
		.after = j->after,
		.phases = j->phases.v,
		.n_phases = j->phases.n};
}

static void add_records(const struct run *r, struct run_record *rec)
{
	for (size_t i = 0; i < r->p->n_jobs; i++) {
		if (!r->plan.chosen[i])
			continue;
		rec->jobs[rec->n_jobs++] = record_of(&r->jobs[i]);
		if (r->jobs[i].child)
			add_records(r->jobs[i].child, rec);
	}
}

void show_record_now(struct run *r, bool over)
{
	const struct facts *f = r->p->facts;
	enum job_status status = progress_pipeline_status(r->progress);
	struct job_record *jobs = xcalloc(n_jobs(r) + 1, sizeof(*jobs));
	struct error err = ERROR_INIT;
	struct run_record rec = {.id = str_c(r->folder.id),
		.status = over ? str_c(job_status_name(status)) : STR("running"),
		.ref = f->ref_name,
		.sha = f->sha,
		.source = f->source,
		.pipeline_name = r->p->name,
		.started = r->started,
		.duration = -1,
		.setup = r->setup,
		.pid = getpid(),
		.selected = r->plan.selected,
		.jobs = jobs};

	loop_timer_stop(&r->record_timer);
	add_records(r, &rec);
	if (over)
		rec.duration = (double)(loop_now(r->session.loop) - r->started_ms) / 1000;
	if (run_record_write(r->folder.dir, &rec, &err) && over)
		run_message(r, DIAG_WARNING, "%s", err.text);
	if (over && r->o->recorded)
		r->o->recorded(r->o->recorded_arg, &rec);
	free(jobs);
}

static void on_record(void *arg)
{
	show_record_now(arg, false);
}

void show_record(struct run *r)
{
	r = r->top;
	if (r->has_folder && !r->record_timer.loop)
		loop_timer_start(r->session.loop, &r->record_timer, RECORD_MS, on_record, r);
}
