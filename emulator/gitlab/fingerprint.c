#include "base/base.h"
#include "emulator/gitlab/fingerprint.h"
#include "base/arena.h"
#include "base/buf.h"
#include "pipeline/pipeline.h"

/* Lengths come first, so that no two lists of texts give the same bytes. */
static void add(struct buf *b, struct str s)
{
	buf_printf(b, "%zu:", s.n);
	buf_addstr(b, s);
}

static void add_texts(struct buf *b, const struct texts *t)
{
	buf_printf(b, "[%zu]", (size_t)t->n);
	for (size_t i = 0; i < t->n; i++)
		add(b, t->v[i].s);
}

static bool is_the_users(enum var_layer layer)
{
	return layer == VAR_YAML_ROOT || layer == VAR_YAML_JOB ||
	       (layer >= VAR_INSTANCE && layer <= VAR_MANUAL);
}

static void add_vars(struct buf *b, struct arena *a, const struct varset *set)
{
	const struct var **win = NULL;
	size_t n = set ? varset_winners(set, a, &win) : 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_the_users(win[i]->layer))
			continue;
		add(b, win[i]->key);
		add(b, win[i]->masked ? STR("masked") : win[i]->value);
		buf_printf(b, "%d%d", win[i]->raw, win[i]->file);
	}
	buf_addc(b, ';');
}

static void add_image(struct buf *b, const struct image *image)
{
	if (!image)
		return;
	add(b, image->name.s);
	add_texts(b, &image->entrypoint);
	add(b, image->platform.s);
	add(b, image->user.s);
}

static void add_files(struct buf *b, const struct job *job)
{
	const struct artifacts_def *d = job->def->artifacts;

	for (size_t i = 0; i < job->n_needs; i++)
		buf_printf(b, "%u%d,", job->needs[i].job, job->needs[i].artifacts);
	buf_printf(b, "%d", job->has_dependencies);
	for (size_t i = 0; i < job->n_dependencies; i++)
		add(b, job->dependencies[i]);
	if (!d)
		return;
	add_texts(b, &d->paths);
	add_texts(b, &d->exclude);
	buf_printf(b, "%d,%zu", d->untracked, d->n_reports);
}

/* FNV-1a, 64 bits. */
static uint64_t hash(struct str s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
	return h;
}

struct str job_fingerprint(struct arena *a, const struct job *job)
{
	const struct job_def *def = job->def;
	struct arena scratch = ARENA_INIT;
	struct buf b = BUF_INIT;
	struct str out;

	add_image(&b, def->image);
	for (size_t i = 0; i < def->n_services; i++) {
		add_image(&b, &def->services[i].image);
		add(&b, def->services[i].alias.s);
		add_texts(&b, &def->services[i].command);
		add_vars(&b, &scratch, def->services[i].vars);
	}
	add_texts(&b, &def->before_script);
	add_texts(&b, &def->script);
	add_texts(&b, &def->after_script);
	add_texts(&b, &def->rare->pre_get_sources_script);
	add_vars(&b, &scratch, &job->vars);
	add_files(&b, job);
	out = arena_printf(a, "%016" PRIx64, hash(buf_str(&b)));
	buf_release(&b);
	arena_release(&scratch);
	return out;
}
