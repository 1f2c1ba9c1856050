/*
 * What GitLab would send to the Runner for one attempt of a job: its variables with everything that
 * exists only in a running job, and the login of the registry. What is masked follows from them;
 * the build sees to that.
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/gitlab/id_token.h"
#include "emulator/gitlab/secrets.h"
#include "emulator/runner/job_env.h"
#include "emulator/runner/runner_choose.h"
#include "pipeline/job_vars.h"
#include "pipeline/pipeline.h"
#include "vars/facts.h"
#include "vars/predefined.h"
#include "vars/slug.h"

#include <sys/random.h>
#include <time.h>

/* GitLab's default for a project; the Runner would allow two hours. */
#define DEFAULT_TIMEOUT_S 3600
/* Distance between the ids of two attempts' worth of jobs; GitLab gives a retried job a new id. */
#define IDS_OF_PIPELINE 100000
/* No server gave such a token, none takes it; jobs that only pass it on still work. */
#define TOKEN_PREFIX "glcbt-64_"
#define TOKEN_RANDOM 64

static struct str iso_time(struct arena *a, int64_t wall_ms)
{
	time_t s = (time_t)(wall_ms / 1000);
	char text[40];
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return arena_str(a, str_c(text));
}

uint64_t job_run_id(const struct job_run *j)
{
	const struct pipeline *p = j->run->p;
	uint64_t pipeline = p->facts->pipeline_id ? p->facts->pipeline_id : 1;

	return pipeline * IDS_OF_PIPELINE +
	       (j->attempt ? (uint64_t)(j->attempt - 1) : 0) * p->n_jobs + j->job->id + 1;
}

static int64_t timeout_of(const struct job_run *j)
{
	if (j->run->o->timeout_s)
		return j->run->o->timeout_s;
	return j->job->def->timeout_s ? j->job->def->timeout_s : DEFAULT_TIMEOUT_S;
}

/* As GitLab's: another one for each attempt, of letters, digits, '-' and '_'. */
static struct str job_token(struct arena *a)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char random[TOKEN_RANDOM];
	char text[TOKEN_RANDOM + 1];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		BUG("no random numbers");
	for (size_t i = 0; i < TOKEN_RANDOM; i++)
		text[i] = letters[random[i] % 64];
	text[TOKEN_RANDOM] = '\0';
	return arena_printf(a, TOKEN_PREFIX "%s", text);
}

/* The variables that exist only in a running job. */
static void persisted_vars(struct job_run *j, struct varset *extra)
{
	const struct facts *f = j->run->p->facts;
	struct arena *a = &j->arena;
	struct predefined_run run = {.job_id = j->spec.job_id,
		.job_token = f->job_token.n ? f->job_token : job_token(a),
		.started_at = iso_time(a, loop_wall_ms(j->run->session.loop)),
		.timeout_s = j->spec.timeout_s,
		.server_tls_ca = j->run->top->registry_ca,
		.pages_prefix = pages_prefix(j)};

	runner_tell(j->run->top->o->runners, j->runner ? j->runner->config : NULL, &j->job->tags, a,
		&run);
	if (j->job->environment_name.n) {
		run.environment_slug = j->job->environment_slug.n
					       ? j->job->environment_slug
					       : environment_slug(a, j->job->environment_name);
		run.environment_id = j->environment.id;
	}
	predefined_run(extra, f, &run);
}

int job_payload_make(struct job_run *j, struct error *err)
{
	struct run *r = j->run;
	const struct job_def *def = j->job->def;
	struct varset *extra = arena_new(&j->arena, struct varset);
	struct varset *payload = arena_new(&j->arena, struct varset);
	struct str cycle = STR_NULL;

	if (!j->slug.p)
		j->slug = store_slug(&r->arena, j->shown);
	j->spec = (struct build_spec){.name = j->shown,
		.slug = j->slug,
		.job_id = job_run_id(j),
		.executor = j->runner ? runners_executor(r, j->runner, j->job) : EXECUTOR_SHELL,
		.project_path = r->p->facts->project_path,
		.sha = r->p->facts->sha,
		.ref = r->p->facts->ref_name,
		.vars = payload,
		.image = def->image,
		.services = def->services,
		.n_services = def->n_services,
		.before_script = &def->before_script,
		.script = &def->script,
		.after_script = &def->after_script,
		.pre_get_sources_script = &def->rare->pre_get_sources_script,
		.timeout_s = timeout_of(j),
		.debug = debug_of(r),
		.logins = r->logins,
		.n_logins = r->n_logins};
	if (artifact_pass_forget(j, err))
		return -1;
	varset_init(extra, &j->arena);
	if (environment_begin(j, extra, err))
		return -1;
	persisted_vars(j, extra);
	if (j->played)
		varset_add_all(extra, j->played);
	j->extra = extra;
	if (id_tokens_add(j, extra, err) || job_files_make(j, extra, err))
		return -1;
	varset_init(payload, &j->arena);
	if (!job_payload_vars(&j->arena, r->p, j->job, extra, payload, &cycle))
		return error_set(err, ERR_CONFIG, 0,
			"circular variable reference detected: " STR_FMT, STR_ARG(cycle));
	j->vars = payload;
	if (secrets_add(j, payload, err))
		return -1;
	release_make(j);
	return 0;
}
