#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/runner/image_fetch.h"
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
	{"variables:GIT_CLEAN_FLAGS",
		"each job begins with a fresh tree, in which nothing is left to clean or to keep"},
	{"variables:GIT_FETCH_EXTRA_FLAGS",
		"nothing is fetched; refs and tags are those of the clone"},
	{"variables:GIT_LFS_SKIP_SMUDGE",
		"files of Git LFS have the content that they have in the clone"},
	{"variables:ARTIFACT_DOWNLOAD_ATTEMPTS",
		"artifacts are on this machine: they are unpacked once"},
	{"variables:RESTORE_CACHE_ATTEMPTS", "caches are on this machine: they are unpacked once"},
	{"variables:EXECUTOR_JOB_SECTION_ATTEMPTS",
		"a container that goes away ends its job; 'retry' runs it again"},
};

static bool needs_other_project(const struct job_def *def)
{
	for (size_t i = 0; i < def->needs.n; i++)
		if (def->needs.v[i].far->project.s.n)
			return true;
	return false;
}

/* Where a value asks for what happens anyway, there is nothing to say. */
static bool has_variable(const struct job *job, struct str name)
{
	const struct var *v = varset_get(&job->vars, name);

	if (!v)
		return false;
	if (str_is(name, "GIT_CLEAN_FLAGS"))
		return !str_is(v->value, "-ffdx") && !str_is(v->value, "-fdx");
	if (str_ends(name, STR("_ATTEMPTS")))
		return !str_is(v->value, "1");
	if (str_is(name, "GIT_LFS_SKIP_SMUDGE"))
		return v->value.n && !str_is(v->value, "0") && !str_is(v->value, "false");
	return true;
}

static bool job_uses(const struct job *job, const char *keyword)
{
	const struct job_def *def = job->def;

	if (!strncmp(keyword, "variables:", 10))
		return has_variable(job, str_c(keyword + 10));
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

/*
 * Feature flags of the Runner that have an effect here (job_env_flag() and job_env_bool() read
 * them), and those that ask for what happens anyway.
 */
static const char *const known_flags[] = {
	"FF_NETWORK_PER_BUILD",
	"FF_SCRIPT_SECTIONS",
	"FF_ENABLE_BASH_EXIT_CODE_CHECK",
	"FF_USE_INIT_WITH_DOCKER_EXECUTOR",
	"FF_MASK_ALL_DEFAULT_TOKENS",
	"FF_POSIXLY_CORRECT_ESCAPES",
};

#define FLAGS_MAX 64

static bool is_told(struct str key, const struct str *told, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(told[i], key))
			return true;
	return false;
}

static bool flag_counts(struct str key, const struct str *told, size_t n)
{
	if (!str_starts(key, STR("FF_")))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(known_flags); i++)
		if (str_is(key, known_flags[i]))
			return false;
	return !is_told(key, told, n);
}

/* Of all runners. A key that is none of the Runner's flags is more likely a slip of the pen. */
static size_t warn_config_flags(const struct run *r, struct str *told)
{
	const struct runner_configs *all = r->o->runners;
	size_t n = 0;

	for (size_t k = 0; k < all->n; k++) {
		const struct rc_table *flags = &all->v[k].feature_flags;

		for (size_t i = 0; i < flags->n && n < FLAGS_MAX; i++) {
			struct str key = flags->v[i].key;
			bool is_flag = str_starts(key, STR("FF_"));

			if (is_flag ? !flag_counts(key, told, n) : is_told(key, told, n))
				continue;
			told[n++] = key;
			if (is_flag)
				run_message(r, DIAG_NOTE,
					STR_FMT " in [runners.feature_flags]: this flag of the "
						"Runner has no effect here",
					STR_ARG(key));
			else
				run_message(r, DIAG_WARNING,
					"'" STR_FMT "' in [runners.feature_flags] is no flag of "
					"the Runner: their names begin with FF_",
					STR_ARG(key));
		}
	}
	return n;
}

/* Each flag once, with the first job that sets it; not more of them than a person would set. */
static void warn_flags(const struct run *r)
{
	struct str told[FLAGS_MAX];
	size_t n = warn_config_flags(r, told);
	/* What jobs share lies below their own; one look is enough. */
	const struct varset *seen = NULL;

	for (size_t i = 0; i < r->p->n_jobs; i++) {
		if (!r->plan.chosen[i])
			continue;
		for (const struct varset *s = &r->p->jobs[i]->vars; s && s != seen; s = s->below)
			for (size_t k = 0; k < s->n && n < FLAGS_MAX; k++) {
				if (!flag_counts(s->v[k].key, told, n))
					continue;
				told[n++] = s->v[k].key;
				run_message(r, DIAG_NOTE,
					"job '" STR_FMT "' sets " STR_FMT
					": this flag of the Runner has no effect here",
					STR_ARG(r->p->jobs[i]->name), STR_ARG(s->v[k].key));
			}
		seen = r->p->jobs[i]->vars.below;
	}
}

/*
 * Whether a runner with this configuration takes the image's policies. Source: GitLab Runner,
 * executors/docker, allowed_pull_policies: where it is not set, what pull_policy says, and where
 * that is not set either, `always` alone.
 */
static bool takes_policies(const struct runner_config *c, const struct image *image)
{
	const struct rc_list *set = &c->docker.allowed_pull_policies;
	enum pull_policy one;

	if (!set->n)
		set = &c->docker.pull_policy;
	for (size_t i = 0; i < image->n_pull_policies; i++) {
		if (!set->n && image->pull_policies[i] == PULL_ALWAYS)
			return true;
		for (size_t k = 0; k < set->n; k++)
			if (pull_policy_parse(set->v[k].v, &one) && one == image->pull_policies[i])
				return true;
	}
	return !image->n_pull_policies;
}

static bool refused_elsewhere(const struct run *r, const struct image *image)
{
	const struct runner_configs *all = r->o->runners;

	for (size_t i = 0; image && i < all->n; i++)
		if (takes_policies(&all->v[i], image))
			return false;
	return image && all->n;
}

/* Accepted here, since the machine is the user's own; the job's runner may well not. */
static void warn_policies(const struct run *r)
{
	for (size_t i = 0; i < r->p->n_jobs; i++) {
		const struct job_def *def = r->p->jobs[i]->def;
		bool found = r->plan.chosen[i] && refused_elsewhere(r, def->image);

		for (size_t k = 0; r->plan.chosen[i] && k < def->n_services; k++)
			found = found || refused_elsewhere(r, &def->services[k].image);
		if (!found)
			continue;
		run_message(r, DIAG_NOTE,
			"job '" STR_FMT "' has a 'pull_policy' that a runner takes only where "
			"allowed_pull_policies of its config.toml lists it; else the job fails "
			"there",
			STR_ARG(r->p->jobs[i]->name));
		return;
	}
}

void run_warn_unused(const struct run *r)
{
	warn_flags(r);
	warn_policies(r);
	run_warn_stand_ins(r);
	run_proxy_warn(r);
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
