/*
 * Stand-ins count where this program hands a name to an engine: images of jobs and services. What a
 * job's own commands pull is asked of the registry by a daemon that nobody here talks to. A job
 * that relies on it would fail late, with words about a registry; so it is said before it starts.
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
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

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next word of a command, without the quotes around it; false: there is none. */
static bool next_word(struct str *rest, struct str *word)
{
	size_t i = 0, begin;

	while (i < rest->n && is_blank(rest->p[i]))
		i++;
	begin = i;
	while (i < rest->n && !is_blank(rest->p[i]))
		i++;
	*word = str_sub(*rest, begin, i);
	*rest = str_from(*rest, i);
	while (word->n && strchr("\"'`(", word->p[0]))
		*word = str_from(*word, 1);
	while (word->n && strchr("\"'`);", word->p[word->n - 1]))
		word->n--;
	return i > begin;
}

static bool stands_in(const struct looking *l, struct str word)
{
	const struct run_options *o = l->r->o;

	return word.n && image_rule_find(o->stand_ins, o->n_stand_ins, word);
}

static struct str base_name(struct str path)
{
	size_t slash = str_rchr(path, '/');

	return slash == STR_NPOS ? path : str_from(path, slash + 1);
}

static bool is_builder(struct str word)
{
	static const char *const names[] = {"docker", "buildah", "podman", "nerdctl", "executor"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_is(base_name(word), names[i]))
			return true;
	return false;
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
		if (!next_word(&line, &word) || !str_ieq(word, STR("FROM")))
			continue;
		while (next_word(&line, &word) && str_starts(word, STR("--")))
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

	while (next_word(&line, &word)) {
		builder = builder || is_builder(word);
		if (!builder)
			continue;
		builds |= str_is(word, "build") || str_is(word, "bud") ||
			  str_is(base_name(word), "executor");
		if (str_is(word, "-f") || str_is(word, "--file") || str_is(word, "--dockerfile"))
			next_word(&line, &file);
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
