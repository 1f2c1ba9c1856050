/* A pipeline from YAML text and facts, for the tests in this folder. */
#ifndef PIPELINE_TEST_H
#define PIPELINE_TEST_H

#include <setjmp.h>
#include <cmocka.h>

#include "base/arena.h"
#include "config/config.h"
#include "pipeline/pipeline.h"
#include "source/source.h"
#include "vars/facts.h"

#define assert_str(s, lit)                                                         \
	do {                                                                       \
		struct str s_ = (s);                                               \
		if (!str_is(s_, (lit)))                                            \
			fail_msg("'" STR_FMT "' is not '%s'", STR_ARG(s_), (lit)); \
	} while (0)

struct made {
	struct arena arena;
	struct source_set sources;
	struct diags diags;
	struct facts facts;
	struct config *config;
	struct pipeline *p;
};

/* Compiles; m->p stays NULL where the pipeline has errors. */
static inline void compile_text(struct made *m, const char *text)
{
	arena_init(&m->arena);
	source_set_init(&m->sources, &m->arena);
	diags_init(&m->diags, &m->arena);
	m->p = NULL;
	if (!m->facts.source.n)
		m->facts = (struct facts){.source = STR("push"),
			.branch = STR("main"),
			.ref_name = STR("main"),
			.default_branch = STR("main"),
			.project_path = STR("group/app"),
			.sha = STR("0123456789abcdef0123456789abcdef01234567")};
	m->config = config_new(
		&m->arena, &m->sources, &m->diags, &m->facts, NULL, STR("ci.yml"), str_c(text));
	if (config_compile(m->config) != CONFIG_OK)
		fail_msg("the definition is refused: " STR_FMT,
			STR_ARG(m->diags.first ? m->diags.first->text : STR("")));
}

static inline void make(struct made *m, const char *text)
{
	compile_text(m, text);
	m->p = pipeline_build(m->config, &m->facts);
}

static inline void unmake(struct made *m)
{
	pipeline_unref(m->p);
	arena_release(&m->arena);
}

static inline struct job *job_named(const struct made *m, const char *name)
{
	struct job *job = map_get(&m->p->by_name, str_c(name));

	if (!job)
		fail_msg("no job '%s'", name);
	return job;
}

#endif
