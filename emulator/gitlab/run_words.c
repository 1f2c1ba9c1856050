/*
 * What a job's own commands pull is asked of a registry by a daemon that nobody here talks to:
 * which images these are can only be read out of the commands, and out of the Dockerfiles that they
 * build.
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
	struct arena *arena;
	image_word_fn *fn;
	void *arg;
};

/* FROM [--platform=...] IMAGE of a Dockerfile. */
static bool in_dockerfile(struct looking *l, struct str path)
{
	const char *full = arena_printf(l->arena, "%s/" STR_FMT, l->r->o->root, STR_ARG(path)).p;
	struct str text, line, word;
	struct str_split it;
	unsigned n = 0;

	if (store_read_file(full, l->arena, DOCKERFILE_MAX, &text, NULL))
		return false;
	it = str_split(text, '\n');
	while (str_split_next(&it, &line)) {
		n++;
		if (!shell_word_next(&line, &word) || !str_ieq(word, STR("FROM")))
			continue;
		while (shell_word_next(&line, &word) && str_starts(word, STR("--")))
			;
		word = expand(l->arena, word, &l->job->vars, EXPAND_RUNNER);
		if (l->fn(l->arg, word, &(struct image_place){SPAN_NONE, path, n}))
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
		if (l->fn(l->arg, word, &(struct image_place){at, STR_NULL, 0}))
			return true;
	}
	return builds && in_dockerfile(l, file);
}

void run_image_words(
	const struct run *r, const struct job *job, struct arena *a, image_word_fn *fn, void *arg)
{
	struct looking l = {r, job, a, fn, arg};
	const struct texts *const scripts[] = {&job->def->before_script, &job->def->script};

	for (size_t s = 0; s < ARRAY_SIZE(scripts); s++)
		for (size_t i = 0; i < scripts[s]->n; i++) {
			struct str text = expand(a, scripts[s]->v[i].s, &job->vars, EXPAND_RUNNER);
			struct str_split it = str_split(text, '\n');
			struct str line;

			while (str_split_next(&it, &line))
				if (in_command(&l, line, scripts[s]->v[i].at))
					return;
		}
}

struct str run_image_place(const struct run *r, struct arena *a, const struct image_place *at)
{
	const struct source *s =
		at->at.begin.line ? source_get(r->p->sources, at->at.begin.source) : NULL;

	if (at->file.n)
		return arena_printf(a, STR_FMT ":%u", STR_ARG(at->file), at->line);
	if (s)
		return arena_printf(a, STR_FMT ":%u", STR_ARG(s->name), at->at.begin.line);
	return STR("its script");
}
