#include "base/base.h"
#include "pipeline/pipeline_internal.h"
#include "config/limits.h"
#include "expr/glob.h"
#include "source/source.h"
#include "vars/predefined.h"

#define EMPTY                                                                                   \
	"The resulting pipeline would have been empty. Review the rules configuration for the " \
	"relevant jobs."

struct diag *job_error(struct builder *b, const struct job *job, const char *code, struct span at,
	const char *gitlab, const char *fmt, ...)
{
	va_list ap;

	b->failed = true;
	if (b->d->errors >= LIMIT_ERRORS) {
		b->d->left_out++;
		return NULL;
	}
	va_start(ap, fmt);
	struct diag *d = diag_vadd(b->d, DIAG_ERROR, code, at, fmt, ap);
	va_end(ap);
	diag_set_gitlab(b->d, d, "%s", gitlab);
	if (job)
		diag_set_job(b->d, d, job->base_name);
	return d;
}

void stop_at_limit(struct builder *b, const struct job_def *def, const char *fmt, ...)
{
	struct str text;
	va_list ap;

	if (b->stopped)
		return;
	b->stopped = b->failed = true;
	va_start(ap, fmt);
	text = arena_vprintf(&b->scratch, fmt, ap);
	va_end(ap);
	diag_set_job(b->d,
		diag_error(b->d, "definition-too-large", def->name.at, STR_FMT, STR_ARG(text)),
		def->name.s);
}

static void set_stages(struct builder *b)
{
	const struct texts *stages = &b->c->stages;
	struct pipeline *p = b->p;
	struct arena scratch = ARENA_INIT;
	struct map index;

	p->stages = arena_array(b->a, struct str, stages->n + 1);
	p->n_stages = stages->n;
	map_init(&index, &scratch);
	for (size_t i = 0; i < stages->n; i++) {
		p->stages[i] = stages->v[i].s;
		map_put(&index, p->stages[i], (void *)(uintptr_t)(i + 1));
	}
	for (size_t i = 0; i < p->n_all; i++) {
		uintptr_t at = (uintptr_t)map_get(&index, p->all[i]->stage);

		/* The config room has refused stages that do not exist. */
		p->all[i]->stage_index = at ? (uint32_t)at - 1 : 0;
	}
	arena_release(&scratch);
}

/* The sets below all jobs: predefined and settings, then the root's variables. */
static void build_vars(struct builder *b)
{
	b->base = arena_new(b->a, struct varset);
	varset_init(b->base, b->a);
	predefined_pipeline(b->base, b->f);
	if (b->f->settings_vars)
		varset_add_scoped(b->base, b->f->settings_vars, STR_NULL);
	varset_init_on(&b->p->vars, b->a, b->base);
	varset_reserve(&b->p->vars, b->c->vars.n);
	put_yaml_vars(&b->p->vars, VAR_YAML_ROOT, &b->c->vars);
}

/* By stage, then as defined: the ids of jobs. */
static void order_jobs(struct builder *b)
{
	struct pipeline *p = b->p;
	size_t *at = arena_array(&b->scratch, size_t, p->n_stages + 2);

	for (size_t i = 0; i < p->n_all; i++)
		if (p->all[i]->in)
			at[p->all[i]->stage_index + 1]++;
	for (size_t s = 1; s <= p->n_stages; s++)
		at[s] += at[s - 1];
	p->n_jobs = p->n_stages ? at[p->n_stages] : 0;
	p->jobs = arena_array(b->a, struct job *, p->n_jobs + 1);
	for (size_t i = 0; i < p->n_all; i++)
		if (p->all[i]->in)
			p->jobs[at[p->all[i]->stage_index]++] = p->all[i];
	for (size_t i = 0; i < p->n_jobs; i++)
		p->jobs[i]->id = (uint32_t)i;
	arena_release(&b->scratch);
}

/* Nothing but .pre and .post is no pipeline (GitLab, lib/gitlab/ci/pipeline/chain/populate.rb). */
static bool is_empty(const struct pipeline *p)
{
	for (size_t i = 0; i < p->n_jobs; i++)
		if (!str_is(p->jobs[i]->stage, ".pre") && !str_is(p->jobs[i]->stage, ".post"))
			return false;
	return true;
}

static bool check(struct builder *b)
{
	expand_jobs(b);
	if (!b->p->all || b->stopped)
		return false; /* too many */
	set_stages(b);
	map_init(&b->layers, b->a);
	map_init(&b->clauses, b->a);
	b->work = LIMIT_STEPS;
	check_edges(b);
	if (!b->stopped)
		check_cycles(b);
	return !b->failed;
}

static bool build(struct builder *b)
{
	struct pipeline *p = b->p;

	if (!check(b))
		return false;
	build_vars(b);
	build_workflow(b);
	if (!p->run) {
		p->jobs = arena_array(b->a, struct job *, 1);
		return true;
	}
	b->sharing = true;
	for (size_t i = 0; i < p->n_all && !b->stopped; i++)
		build_job(b, instance_of(p->all[i]));
	if (b->stopped)
		return false;
	order_jobs(b);
	link_needs(b);
	if (b->failed)
		return false;
	if (is_empty(p)) {
		p->refusal = STR(EMPTY);
		p->n_jobs = 0;
	}
	/* Rules have not seen it; jobs do. */
	varset_set(b->base, VAR_PIPELINE_PREDEFINED, STR("CI_PIPELINE_NAME"), p->name);
	return true;
}

static struct builder begin(struct config *config, const struct facts *facts, struct pipeline *p)
{
	return (struct builder){
		.p = p,
		.c = config,
		.f = facts,
		.d = config->diags,
		.scratch = ARENA_INIT,
	};
}

bool pipeline_check(struct config *config)
{
	struct pipeline p = {.arena = ARENA_INIT};
	struct builder b = begin(config, NULL, &p);

	b.a = &p.arena;
	bool ok = check(&b);
	arena_release(&b.scratch);
	arena_release(&p.arena);
	return ok;
}

struct pipeline *pipeline_build(struct config *config, const struct facts *facts)
{
	struct pipeline *p = xcalloc(1, sizeof(*p));
	struct builder b = begin(config, facts, p);
	struct arena *theirs = config->arena;

	arena_init(&p->arena);
	b.a = &p->arena;
	p->config = config;
	p->facts = facts;
	p->sources = config->sources;
	p->refs = 1;
	bool ok = build(&b);
	arena_release(&b.scratch);
	if (!ok) {
		/* Nothing that the caller keeps lives in here: diagnostics copy their texts. */
		arena_release(&p->arena);
		free(p);
		return NULL;
	}
	arena_adopt(&p->arena, theirs);
	config->arena = &p->arena;
	return p;
}

struct pipeline *pipeline_ref(struct pipeline *p)
{
	p->refs++;
	return p;
}

void pipeline_unref(struct pipeline *p)
{
	if (!p || --p->refs)
		return;
	/* The struct lives outside of its arena. */
	arena_release(&p->arena);
	free(p);
}

size_t pipeline_find_jobs(
	struct arena *a, const struct pipeline *p, struct str pattern, bool all, struct job ***out)
{
	struct job **from = all ? p->all : p->jobs;
	size_t n = all ? p->n_all : p->n_jobs, found = 0;
	struct job **v = arena_array(a, struct job *, n + 1);
	bool literal = glob_is_literal(pattern);

	*out = v;
	for (size_t i = 0; i < n; i++)
		if (str_eq(from[i]->name, pattern)) {
			v[0] = from[i];
			return 1;
		}
	for (size_t i = 0; i < n; i++)
		if (str_eq(from[i]->base_name, pattern))
			v[found++] = from[i];
	if (found || literal)
		return found;
	for (size_t i = 0; i < n; i++)
		if (glob_match_name(pattern, from[i]->name) ||
			glob_match_name(pattern, from[i]->base_name))
			v[found++] = from[i];
	return found;
}
