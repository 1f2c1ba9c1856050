/* Runs docker-credential-* programs, one after the other (docker-credential-helpers, protocol). */
#include "base/base.h"
#include "emulator/docker/auth.h"

#include "emulator/core/trace.h"
#include "emulator/docker/auth_internal.h"

#define HELPER_TIMEOUT_MS 30000

/* What a helper prints when it simply has nothing for a registry; it exits with 1 then. */
#define NOT_FOUND "credentials not found in native keychain"

void auth_job_add(struct auth *a, struct auth_source *s, struct str program, struct str registry)
{
	struct auth_job *job = arena_new(&a->arena, struct auth_job);

	job->source = s;
	job->program = program;
	job->registry = registry.p ? arena_str(&a->arena, registry) : STR_NULL;
	*a->jobs_tail = job;
	a->jobs_tail = &job->next;
}

static struct auth_job *take_job(struct auth *a)
{
	struct auth_job *job = a->jobs;

	if (job) {
		a->jobs = job->next;
		if (!a->jobs)
			a->jobs_tail = &a->jobs;
	}
	return job;
}

/* One line of what a helper said; an answer would hold a password. */
static struct str complaint(struct str out)
{
	if (str_chr(out, '{') != STR_NPOS)
		return STR("(it printed an answer all the same)");
	out = str_trim(str_sub(out, 0, MIN(str_chr(out, '\n'), out.n)));
	return out.n ? str_sub(out, 0, MIN(out.n, (size_t)200)) : STR("(it printed nothing)");
}

struct helper_run {
	struct auth *auth;
	struct auth_job *job;
};

static void on_helper_done(void *arg, struct error *err, const struct proc_result *r)
{
	struct helper_run *run = arg;
	struct auth *a = run->auth;
	struct auth_job *job = run->job;
	struct str out = str_trim(proc_stdout(a->proc));
	const char *verb = job->registry.p ? "get" : "list";

	free(run);
	if (err)
		auth_source_fail(a, job->source, "%s", err->text);
	else if (r->exit_code && job->registry.p && str_is(out, NOT_FOUND))
		auth_known_put(a, job->source, job->registry, &(struct auth_entry){0});
	else if (r->exit_code)
		auth_source_fail(a, job->source, STR_FMT " %s: exit code %d: " STR_FMT,
			STR_ARG(job->program), verb, r->exit_code, STR_ARG(complaint(out)));
	else if (job->registry.p)
		auth_config_got(a, job, out);
	else
		auth_config_listed(a, job, out);
	a->proc = NULL;
	if (a->closing)
		auth_free(a);
	else
		auth_helper_next(a);
}

void auth_helper_next(struct auth *a)
{
	struct auth_job *job;
	struct helper_run *run;
	const char *argv[3] = {NULL};
	struct proc_options o = {
		.argv = argv,
		.done = on_helper_done,
		.timeout_ms = HELPER_TIMEOUT_MS,
		.drain_ms = 1000,
		.grace_ms = 1000,
	};

	do {
		job = take_job(a);
	} while (job && job->source->warning.n);
	if (!job) {
		auth_jobs_done(a);
		return;
	}
	run = xcalloc(1, sizeof(*run));
	run->auth = a;
	run->job = job;
	argv[0] = arena_cstr(&a->arena, job->program);
	argv[1] = job->registry.p ? "get" : "list";
	o.input = job->registry;
	o.arg = run;
	TRACE(DOCKER, "%s %s " STR_FMT, argv[0], argv[1], STR_ARG(job->registry));
	a->proc = proc_start(a->loop, &o);
}
