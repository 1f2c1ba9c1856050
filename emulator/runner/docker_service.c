#include "base/base.h"
#include "emulator/runner/docker_internal.h"
#include "emulator/log/job_log.h"
#include "emulator/runner/runner_config.h"
#include "emulator/runner/job_env.h"

#define LINE_MAX_BYTES ((size_t)64 * 1024)

static void failed(struct docker_service *s, const struct error *err)
{
	char what[256];

	snprintf(what, sizeof(what), "cannot start service '" STR_FMT "'",
		STR_ARG(str_sub(s->written, 0, 180)));
	docker_fail_error(s->e, err, s->at, what);
	docker_end(s->e);
}

/* CI_DEBUG_SERVICES: each line of a service, as it comes. */

static void debug_line(void *arg, struct str line, bool whole)
{
	struct docker_service *s = arg;
	struct job_log *log = build_log(s->e->base.build);
	struct buf b = BUF_INIT;
	size_t i;

	UNUSED(whole);
	while (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	buf_adds(&b, ANSI_GREY "[service:");
	for (i = 0; i < s->n_aliases; i++)
		buf_printf(&b, "%s" STR_FMT, i ? "-" : "", STR_ARG(s->aliases[i]));
	buf_printf(&b, "] " STR_FMT ANSI_RESET "\n", STR_ARG(line));
	job_log_write(log, LOG_SERVICE, b.p, b.n);
	buf_release(&b);
}

static void on_debug_output(void *arg, int stream, struct str data)
{
	struct docker_service *s = arg;

	lines_feed(&s->lines[stream == 2], data, debug_line, s);
}

static void on_debug_end(void *arg, struct error *err)
{
	struct docker_service *s = arg;

	UNUSED(err); /* the service has ended, or the job has */
	s->follow = NULL;
	lines_flush(&s->lines[0], debug_line, s);
	lines_flush(&s->lines[1], debug_line, s);
	lines_release(&s->lines[0]);
	lines_release(&s->lines[1]);
	job_log_flush(build_log(s->e->base.build), LOG_SERVICE);
	if (s->follow_awaited)
		docker_end(s->e);
}

static void follow(struct docker_service *s)
{
	struct logs_options o = {.follow = true, .timestamps = true};

	if (!job_env_bool(build_env(s->e->base.build), "CI_DEBUG_SERVICES", false) ||
		build_host(s->e->base.build)->config->debug_trace_disabled.v)
		return;
	lines_init(&s->lines[0], LINE_MAX_BYTES);
	lines_init(&s->lines[1], LINE_MAX_BYTES);
	s->follow = docker_container_logs(
		s->e->engine, s->container, &o, on_debug_output, on_debug_end, s);
}

static void on_inspected(void *arg, struct error *err, const struct container_state *r)
{
	struct docker_service *s = arg;
	size_t i;

	if (err) {
		failed(s, err);
		return;
	}
	for (i = 0; i < r->n_networks && !s->ip.n; i++)
		if (r->networks[i].ipv4.n)
			s->ip = arena_str(s->e->arena, r->networks[i].ipv4);
	docker_health_start(s, r);
	docker_end(s->e);
}

static void on_started(void *arg, struct error *err)
{
	struct docker_service *s = arg;

	if (err) {
		failed(s, err);
		return;
	}
	follow(s);
	docker_container_inspect(s->e->engine, s->container, on_inspected, s);
}

static void on_created(void *arg, struct error *err, const struct container_created *r)
{
	struct docker_service *s = arg;

	if (err) {
		failed(s, err);
		return;
	}
	s->container = arena_str(s->e->arena, r->id);
	if (s->e->stopping) {
		docker_end(s->e);
		return;
	}
	docker_container_start(s->e->engine, s->container, on_started, s);
}

void docker_service_start(struct docker_service *s)
{
	struct container_spec spec;

	job_log_println(build_log(s->e->base.build), "Starting service " STR_FMT "%s" STR_FMT "...",
		STR_ARG(s->name.service), str_starts(s->name.version, STR("@")) ? "" : ":",
		STR_ARG(s->name.version));
	if (docker_service_spec(s->e, s, &spec))
		return;
	docker_begin(s->e);
	docker_container_create(s->e->engine, &spec, on_created, s);
}

void docker_service_release(struct docker_service *s)
{
	docker_health_stop(s);
	docker_health_report(s);
	if (s->follow) {
		s->follow_awaited = true;
		docker_begin(s->e);
		docker_call_cancel(s->follow);
	}
}
