#include "base/base.h"
#include "made.h"

static struct str stage_names[] = {
	STR_INIT("a"), STR_INIT("b"), STR_INIT("c"), STR_INIT("d"), STR_INIT("e")};

static void add_needs(struct made *m, struct job *job, const char *text)
{
	struct str_split it = str_split(str_c(text), ' ');
	struct str word;

	job->dag = true;
	job->needs = m->needs[job - m->jobs];
	while (str_split_next(&it, &word))
		for (size_t k = 0; k < m->p.n_jobs; k++)
			if (word.n && str_eq(m->p.jobs[k]->name, word))
				job->needs[job->n_needs++] =
					(struct need){.job = (uint32_t)k, .artifacts = true};
}

static void make_job(struct made *m, size_t i, const struct made_job *from)
{
	struct job *job = &m->jobs[i];

	job->def = &m->defs[i];
	job->name = str_c(from->name);
	job->base_name = str_c(from->base_name ? from->base_name : from->name);
	job->stage = stage_names[from->stage];
	job->stage_index = from->stage;
	job->in = !from->out;
	job->when = from->when;
	job->allow_failure = from->allow_failure;
	job->resource_group = str_c(from->resource_group);
	m->defs[i].name.s = job->name;
	m->defs[i].rare = &m->rares[i];
	m->rares[i].retry.set = from->retry > 0;
	m->rares[i].retry.max = from->retry;
	if (from->allow_exit_code) {
		m->codes[i] = from->allow_exit_code;
		job->allow_exit_codes = &m->codes[i];
		job->n_allow_exit_codes = 1;
	}
	varset_init(&job->vars, &m->p.arena);
	m->all[m->p.n_all++] = job;
	if (from->out)
		return;
	job->id = (uint32_t)m->p.n_jobs;
	m->in[m->p.n_jobs++] = job;
}

void made_init(struct made *m, const struct made_job *jobs, size_t n)
{
	memset(m, 0, sizeof(*m));
	assert(n <= MADE_MAX);
	arena_init(&m->p.arena);
	m->p.facts = &m->facts;
	m->facts.source = STR("push");
	m->facts.project_path = STR("group/project");
	m->p.run = true;
	m->p.refs = 100; /* never freed by a run */
	m->p.stages = stage_names;
	m->p.n_stages = ARRAY_SIZE(stage_names);
	m->p.jobs = m->in;
	m->p.all = m->all;
	varset_init(&m->p.vars, &m->p.arena);
	for (size_t i = 0; i < n; i++)
		make_job(m, i, &jobs[i]);
	for (size_t i = 0; i < n; i++)
		if (jobs[i].needs)
			add_needs(m, &m->jobs[i], jobs[i].needs);
}

void made_release(struct made *m)
{
	arena_release(&m->p.arena);
}
