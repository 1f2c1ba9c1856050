/* The job's sources into its project directory: by what is mounted already, into its volume, or as
 * a tar to the engine. */
#include "base/base.h"
#include "emulator/runner/docker_internal.h"
#include "emulator/docker/archive.h"
#include "emulator/docker/engine.h"
#include "emulator/runner/job_env.h"
#include "emulator/store/tar_filter.h"

static ptrdiff_t produce(void *arg, char *buf, size_t n)
{
	struct executor_docker *e = arg;
	long got;

	if (e->ahead_at < e->ahead.n) {
		n = MIN(n, e->ahead.n - e->ahead_at);
		memcpy(buf, e->ahead.p + e->ahead_at, n);
		e->ahead_at += n;
		return (ptrdiff_t)n;
	}
	got = tar_stream_read(e->tar, buf, n);
	if (got > 0)
		return got;
	if (got == 0)
		return HTTP_LATER;
	return got == -1 ? 0 : HTTP_ABORT;
}

static void on_tar_bytes(void *arg)
{
	struct executor_docker *e = arg;

	if (e->put)
		docker_call_resume(e->put);
}

static void on_uploaded(void *arg, struct error *err)
{
	struct executor_docker *e = arg;
	const struct error *own = tar_stream_error(e->tar);

	e->put = NULL;
	if (error_is(own)) {
		struct outcome o;

		outcome_fail(&o, FAIL_RUNNER_SYSTEM, "cannot pack the sources: %s", own->text);
		o.surroundings = true;
		docker_fail(e, &o);
	} else if (err) {
		docker_fail_error(e, err, SPAN_NONE, "cannot copy the sources into the container");
	}
	tar_stream_free(e->tar);
	e->tar = NULL;
	docker_end(e);
}

static void upload_from(struct executor_docker *e, struct sources *from)
{
	struct archive_put p = {.container = e->container,
		.path = STR("/"),
		.produce = produce,
		.done = on_uploaded,
		.arg = e};
	struct sources_view view = *build_sources_view(e->base.build);

	docker_begin(e);
	view.above = docker_layer_mounted(e) && !build_sources_again(e->base.build);
	e->tar = sources_tar(from, build_env(e->base.build)->project_dir, &view, on_tar_bytes, e);
	e->put = docker_archive_put(e->engine, &p);
}

/* What goes ahead of the sources, without them: they do not come by the engine. */

static void on_ahead(void *arg, struct error *err)
{
	struct executor_docker *e = arg;

	e->put_ahead = NULL;
	if (err)
		docker_fail_error(e, err, SPAN_NONE, "cannot open the job's volumes");
	docker_end(e);
}

static int to_ahead(void *arg, const void *p, size_t n, struct error *err)
{
	UNUSED(err);
	buf_add(arg, p, n);
	return 0;
}

static void put_ahead(struct executor_docker *e)
{
	struct error ignored = ERROR_INIT;
	struct archive_put p = {
		.container = e->container, .path = STR("/"), .done = on_ahead, .arg = e};

	if (e->ahead_at == e->ahead.n)
		return;
	tar_filter_trailer(to_ahead, &e->ahead, &ignored);
	p.tar = str_from(buf_str(&e->ahead), e->ahead_at);
	e->ahead_at = e->ahead.n;
	docker_begin(e);
	e->put_ahead = docker_archive_put(e->engine, &p);
}

/* The run's own, or none, for an empty project directory. */
static void with_sources(struct executor_docker *e, bool direct)
{
	const struct build_host *h = build_host(e->base.build);
	bool own = h->sources && build_wants_sources(e->base.build);
	struct sources *from = own ? h->sources : sources_new(h->loop, NULL);

	if (direct && docker_direct_fills(e))
		put_ahead(e);
	if (!direct || !docker_direct_fill(e, from))
		upload_from(e, from);
	if (!own)
		sources_free(from);
}

void docker_sources_upload(struct executor_docker *e)
{
	with_sources(e, false);
}

static void on_sources(void *arg, const struct snapshot *s, const struct error *err)
{
	struct executor_docker *e = arg;
	struct outcome o;

	UNUSED(s);
	if (err) {
		outcome_fail(&o, FAIL_RUNNER_SYSTEM, "%s", err->text);
		o.surroundings = true;
		docker_fail(e, &o);
	} else if (!e->stopping) {
		with_sources(e, true);
	}
	docker_end(e);
}

void docker_sources_start(struct executor_docker *e)
{
	const struct build_host *h = build_host(e->base.build);

	if (h->sources && build_wants_sources(e->base.build)) {
		docker_begin(e);
		sources_want(h->sources, &e->wait, on_sources, e);
	} else {
		with_sources(e, true);
	}
}

void docker_sources_stop(struct executor_docker *e)
{
	if (e->put)
		docker_call_cancel(e->put);
	if (e->put_ahead)
		docker_call_cancel(e->put_ahead);
	if (e->wait.sources) {
		sources_unwant(&e->wait);
		docker_end(e);
	}
}
