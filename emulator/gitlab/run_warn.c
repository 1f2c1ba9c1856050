#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "pipeline/pipeline.h"

/* Keywords whose effect a run does not have; a job that relies on one must not fail silently. */
static const struct {
	const char *keyword;
	const char *effect;
} unused[] = {
	{"run", "steps are not run"},
	{"identity", "no cloud credentials are made"},
	{"dast_configuration", "the profiles of a scan are not read"},
	{"needs:project", "artifacts of other projects are not fetched"},
	{"environment:kubernetes", "no cluster is asked for anything"},
	{"variables:GIT_CLONE_PATH", "the sources are in $CI_PROJECT_DIR as ever"},
};

static bool needs_other_project(const struct job_def *def)
{
	for (size_t i = 0; i < def->needs.n; i++)
		if (def->needs.v[i].project.s.n)
			return true;
	return false;
}

static bool job_uses(const struct job *job, const char *keyword)
{
	const struct job_def *def = job->def;

	if (!strncmp(keyword, "variables:", 10))
		return varset_get(&job->vars, str_c(keyword + 10));
	if (!strcmp(keyword, "environment:kubernetes"))
		return def->environment && def->environment->kubernetes;
	if (!strcmp(keyword, "identity"))
		return def->rare->identity;
	if (!strcmp(keyword, "dast_configuration"))
		return def->rare->dast_configuration;
	if (!strcmp(keyword, "needs:project"))
		return needs_other_project(def);
	return def->rare->run;
}

void run_warn_unused(const struct run *r)
{
	for (size_t k = 0; k < ARRAY_SIZE(unused); k++) {
		const struct job *first = NULL;
		size_t n = 0;

		for (size_t i = 0; i < r->p->n_jobs; i++) {
			if (!r->plan.chosen[i] || !job_uses(r->p->jobs[i], unused[k].keyword))
				continue;
			if (!n++)
				first = r->p->jobs[i];
		}
		if (n == 1)
			run_message(r, DIAG_WARNING, "job '" STR_FMT "' has '%s': %s",
				STR_ARG(first->name), unused[k].keyword, unused[k].effect);
		else if (n)
			run_message(r, DIAG_WARNING, "job '" STR_FMT "' and %zu more have '%s': %s",
				STR_ARG(first->name), n - 1, unused[k].keyword, unused[k].effect);
	}
}
