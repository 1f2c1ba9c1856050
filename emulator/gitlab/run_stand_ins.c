/*
 * Stand-ins count where this program hands a name to an engine: images of jobs and services. What a
 * job's own commands pull is asked of the registry by a daemon that nobody here talks to. A job
 * that relies on it would fail late, with words about a registry; so it is said before it starts.
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/runner/shell_words.h"
#include "emulator/store/store.h"
#include "pipeline/pipeline.h"
#include "source/source.h"

#define DOCKERFILE_MAX ((size_t)256 * 1024)

struct looking {
	const struct run *r;
	const struct job *job;
	struct arena arena;
	struct str image; /* found */
	struct str where; /* "FILE:LINE" */
};

static bool stands_in(const struct looking *l, struct str word)
{
	const struct run_options *o = l->r->o;

	return word.n && image_rule_find(o->stand_ins, o->n_stand_ins, word);
}

/* FROM [--platform=...] IMAGE of a Dockerfile. */
static bool in_dockerfile(struct looking *l, struct str path)
{
	const char *full = arena_printf(&l->arena, "%s/" STR_FMT, l->r->o->root, STR_ARG(path)).p;
	struct str text, line, word;
	struct str_split it;
	unsigned n = 0;

	if (store_read_file(full, &l->arena, DOCKERFILE_MAX, &text, NULL))
		return false;
	it = str_split(text, '\n');
	while (str_split_next(&it, &line)) {
		n++;
		if (!shell_word_next(&line, &word) || !str_ieq(word, STR("FROM")))
			continue;
		while (shell_word_next(&line, &word) && str_starts(word, STR("--")))
			;
		if (!stands_in(l, word))
			continue;
		l->image = word;
		l->where = arena_printf(&l->arena, STR_FMT ":%u", STR_ARG(path), n);
		return true;
	}
	return false;
}

/* One command line: an image's name among its words, or in the Dockerfile that it builds. */
static bool in_command(struct looking *l, struct str line, struct span at)
{
	struct str file = STR("Dockerfile"), word;
	bool builder = false, builds = false;

	while (shell_word_next(&line, &word)) {
		builder = builder || shell_word_is_builder(word);
		if (!builder)
			continue;
		builds |= str_is(word, "build") || str_is(word, "bud") ||
			  str_ends(word, STR("executor"));
		if (str_is(word, "-f") || str_is(word, "--file") || str_is(word, "--dockerfile"))
			shell_word_next(&line, &file);
		else if (str_starts(word, STR("--file=")) || str_starts(word, STR("--dockerfile=")))
			file = str_from(word, str_chr(word, '=') + 1);
		if (stands_in(l, word)) {
			const struct source *s =
				at.begin.line ? source_get(l->r->p->sources, at.begin.source)
					      : NULL;

			l->image = word;
			l->where = s ? arena_printf(&l->arena, STR_FMT ":%u", STR_ARG(s->name),
					       at.begin.line)
				     : STR("its script");
			return true;
		}
	}
	return builds && in_dockerfile(l, file);
}

static bool in_scripts(struct looking *l)
{
	const struct job_def *def = l->job->def;
	const struct texts *const scripts[] = {&def->before_script, &def->script};

	for (size_t s = 0; s < ARRAY_SIZE(scripts); s++)
		for (size_t i = 0; i < scripts[s]->n; i++) {
			struct str text =
				expand(&l->arena, scripts[s]->v[i].s, &l->job->vars, EXPAND_RUNNER);
			struct str_split it = str_split(text, '\n');
			struct str line;

			while (str_split_next(&it, &line))
				if (in_command(l, line, scripts[s]->v[i].at))
					return true;
		}
	return false;
}

void run_warn_stand_ins(const struct run *r)
{
	for (size_t i = 0; r->o->n_stand_ins && i < r->p->n_jobs; i++) {
		struct looking l = {.r = r, .job = r->p->jobs[i]};

		arena_init(&l.arena);
		if (r->plan.chosen[i] && in_scripts(&l))
			run_message(r, DIAG_WARNING,
				"job '" STR_FMT "' builds with or pulls '" STR_FMT "' (" STR_FMT
				"): a stand-in (--image, [cilocal.images]) counts for images of "
				"jobs and services, not for what their commands ask a registry "
				"for. Give the name from outside (ARG BASE, FROM $BASE, docker "
				"build --build-arg BASE=...), and here one that the job's daemon "
				"can get, such as an image below $CI_REGISTRY_IMAGE",
				STR_ARG(l.job->name), STR_ARG(l.image), STR_ARG(l.where));
		arena_release(&l.arena);
	}
}
