/*
 * GitLab's dependency proxy for what jobs pull by themselves. Images of jobs and services come by
 * their own name (struct run_options, n_proxies); a daemon in a service asks a registry. With the
 * local one the proxy's names are below its host, and what the commands name is put there from the
 * engine before the jobs start; without it nobody answers.
 *
 * A name that is complete only when the script runs may be any image of the engine that fits: all
 * of them are put there, since a registry that has no such image says so at once and for good.
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/gitlab/image_pattern.h"
#include "emulator/gitlab/registry_api.h"
#include "emulator/gitlab/registry_move.h"
#include "emulator/docker/image.h"
#include "pipeline/pipeline.h"
#include "vars/facts.h"

/* For one name: what else fits is left out, with a warning. */
#define OPEN_MAX_BYTES ((int64_t)20 * 1000 * 1000 * 1000)

struct filling {
	struct run *r;
	const struct registry_info *info;
	struct arena arena;
	struct sync_image_rows rows; /* of the engine */
};

/* An image for the registry. */
struct wanted {
	struct str own;   /* on the engine, as Docker Hub has it */
	struct str there; /* in the registry, below its host */
	struct str id;    /* empty: the engine does not have it */
	int64_t size;
};

struct wanteds {
	struct wanted *v;
	size_t n, cap;
};

/* ---- names ---- */

/* The part of the word that is the proxy's, "host/group/dependency_proxy/containers/". */
static struct str prefix_of(const struct run *r, struct str word)
{
	for (size_t i = 0; i < r->o->n_proxies; i++) {
		struct str prefix = r->o->stand_ins[r->o->n_stand_ins + i].from;

		if (str_starts(word, str_sub(prefix, 0, prefix.n - 1)))
			return prefix;
	}
	BUG("'" STR_FMT "' is no name of the dependency proxy", STR_ARG(word));
}

/* The image's own name, what is behind the prefix. A prefix alone gets a name from somewhere. */
static struct str own_name(const struct run *r, const struct image_word *w)
{
	struct str own = str_from(w->word, prefix_of(r, w->word).n);

	return own.n ? own : STR("$");
}

static struct str there(struct filling *f, const struct image_word *w, struct str own)
{
	struct str prefix = prefix_of(f->r, w->word);

	return arena_printf(&f->arena, STR_FMT STR_FMT,
		STR_ARG(str_from(prefix, str_chr(prefix, '/') + 1)), STR_ARG(own));
}

/* A row by the name that the pattern has for it: "redis:7", "library/redis:7"; empty: none. */
static struct str fitting(struct arena *a, struct str pattern, struct str name)
{
	static const struct str library = STR_INIT("library/");
	struct str path, tag, full;

	if (!run_hub_name(a, name, &path, &tag))
		return STR_NULL;
	full = arena_printf(a, STR_FMT ":" STR_FMT, STR_ARG(path), STR_ARG(tag));
	if (str_starts(full, library) && image_pattern_fits(pattern, str_from(full, library.n)))
		return str_from(full, library.n);
	return image_pattern_fits(pattern, full) ? full : STR_NULL;
}

static void find(
	struct filling *f, const struct image_word *w, struct str pattern, struct wanteds *out)
{
	for (size_t i = 0; i < f->rows.n; i++) {
		const struct sync_image *row = &f->rows.v[i];
		struct str own = fitting(&f->arena, pattern, row->name);
		struct wanted found = {own, STR_NULL, row->id, row->size};

		if (!own.n)
			continue;
		found.there = there(f, w, own);
		vec_push_in(&f->arena, out, found);
	}
}

/* ---- copying ---- */

/* Whether the registry has that name; *same: and it is the engine's image. */
static bool is_held(struct filling *f, const struct wanted *w, bool *same)
{
	struct error ignored = ERROR_INIT;
	struct registry_digests has;
	struct image_ref ref;

	*same = false;
	if (!image_ref_parse(w->there, &ref) ||
		registry_api_digests(&f->r->session, f->info, &f->arena, ref.repo,
			ref.tag.n ? ref.tag : STR("latest"), &has, &ignored))
		return false;
	*same = w->id.n && (str_eq(has.config, w->id) || str_eq(has.manifest, w->id));
	return has.manifest.n || has.config.n;
}

static void copy(struct filling *f, const struct image_word *w, const struct wanted *m)
{
	struct run *r = f->r;
	struct error err = ERROR_INIT;

	if (!sync_need_image(&r->session, m->own, &err) &&
		!registry_copy(&r->session, &f->arena, f->info, m->own, m->there, &err))
		return;
	if (!r->session.signum)
		run_message(r, DIAG_WARNING,
			"'" STR_FMT "' (" STR_FMT
			") cannot be had through the local registry, which stands in for the "
			"dependency proxy: %s",
			STR_ARG(image_pattern_open(w->word) ? m->own : w->word),
			STR_ARG(run_image_place(r, &f->arena, &w->at)), err.text);
}

/* One that the registry holds from earlier, and the engine has no more, stays as it is. */
static void fill(struct filling *f, const struct image_word *w, struct str own)
{
	struct run *r = f->r;
	struct wanteds found = {NULL, 0, 0};
	struct wanted m = {own, there(f, w, own), STR_NULL, -1};
	bool held, same;

	find(f, w, image_pattern(&f->arena, own), &found);
	if (found.n) {
		m.id = found.v[0].id;
		m.size = found.v[0].size;
	}
	held = is_held(f, &m, &same);
	if (same || (held && m.size < 0))
		return;
	if (!held)
		run_message(r, DIAG_NOTE,
			"putting '" STR_FMT
			"' into the local registry, which stands in for the dependency proxy",
			STR_ARG(own));
	copy(f, w, &m);
}

static int by_size(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	return x->size != y->size ? (x->size > y->size) - (x->size < y->size)
				  : str_cmp(x->own, y->own);
}

static void tell_open(struct filling *f, const struct image_word *w, size_t n, int64_t bytes)
{
	run_message(f->r, DIAG_NOTE,
		"'" STR_FMT "' (" STR_FMT ") is known only when job '" STR_FMT
		"' runs: putting %zu image%s of the engine that it may be (%.1f MB) into the local "
		"registry, which stands in for the dependency proxy",
		STR_ARG(w->word), STR_ARG(run_image_place(f->r, &f->arena, &w->at)),
		STR_ARG(w->job->name), n, n == 1 ? "" : "s", (double)bytes / 1e6);
}

static void tell_left_out(struct filling *f, const struct image_word *w, size_t n, int64_t bytes)
{
	run_message(f->r, DIAG_WARNING,
		"'" STR_FMT "' (" STR_FMT
		") may be %zu more image%s of the engine, which are left out of the local registry "
		"for their size (%.1f GB): name what the job pulls in its script, or put it there "
		"with 'cilocal registry push IMAGE " STR_FMT "'",
		STR_ARG(w->word), STR_ARG(run_image_place(f->r, &f->arena, &w->at)), n,
		n == 1 ? "" : "s", (double)bytes / 1e9, STR_ARG(there(f, w, STR("IMAGE"))));
}

/* The smallest first, so that as many as can be are there. */
static void fill_open(struct filling *f, const struct image_word *w, struct str own)
{
	struct wanteds found = {NULL, 0, 0};
	struct str pattern = image_pattern(&f->arena, own);
	int64_t bytes = 0, more = 0;
	size_t n = 0, keep = 0;
	bool same;

	find(f, w, pattern, &found);
	if (!found.n) {
		run_message(f->r, DIAG_WARNING,
			"'" STR_FMT "' (" STR_FMT ") is for the dependency proxy, for which the "
			"local registry stands in with "
			"what the engine has: it has no image '" STR_FMT "' of Docker Hub",
			STR_ARG(w->word), STR_ARG(run_image_place(f->r, &f->arena, &w->at)),
			STR_ARG(pattern));
		return;
	}
	for (size_t i = 0; i < found.n && !f->r->session.signum; i++) {
		is_held(f, &found.v[i], &same);
		if (!same)
			found.v[keep++] = found.v[i];
	}
	if (keep)
		qsort(found.v, keep, sizeof(*found.v), by_size);
	for (; n < keep && bytes + found.v[n].size <= OPEN_MAX_BYTES; n++)
		bytes += found.v[n].size;
	for (size_t i = n; i < keep; i++)
		more += found.v[i].size;
	if (n)
		tell_open(f, w, n, bytes);
	for (size_t i = 0; i < n && !f->r->session.signum; i++)
		copy(f, w, &found.v[i]);
	if (keep > n)
		tell_left_out(f, w, keep - n, more);
}

/* ---- all of them ---- */

/* Not named by a job before. */
static bool is_new(const struct run *r, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (r->words.v[k].proxied && str_eq(r->words.v[k].word, r->words.v[i].word))
			return false;
	return r->words.v[i].proxied;
}

static void fill_word(struct filling *f, const struct image_word *w)
{
	struct str own = own_name(f->r, w);
	struct image_ref ref;

	if (image_pattern_open(own))
		fill_open(f, w, own);
	else if (image_ref_parse(own, &ref) && !ref.digest.n)
		fill(f, w, own);
	else
		run_message(f->r, DIAG_WARNING,
			"'" STR_FMT "' (" STR_FMT ") is %s: the local registry, which stands in "
			"for the dependency proxy, has "
			"images of the engine by their tags",
			STR_ARG(w->word), STR_ARG(run_image_place(f->r, &f->arena, &w->at)),
			ref.digest.n ? "named by a digest" : "no name of an image");
}

void run_proxy_fill(struct run *r, const struct registry_info *info)
{
	struct filling f = {.r = r, .info = info};
	struct error err = ERROR_INIT;
	bool any = false;

	for (size_t i = 0; i < r->words.n; i++)
		any |= r->words.v[i].proxied;
	if (!any)
		return;
	arena_init(&f.arena);
	if (sync_image_rows(&r->session, &f.arena, &f.rows, &err) && !r->session.signum)
		run_message(r, DIAG_WARNING,
			"the images for the dependency proxy can't be looked for: %s", err.text);
	for (size_t i = 0; i < r->words.n && !r->session.signum && !error_is(&err); i++)
		if (is_new(r, i))
			fill_word(&f, &r->words.v[i]);
	arena_release(&f.arena);
}

static void warn_nobody(const struct run *r, struct arena *a, const struct image_word *w)
{
	run_message(r, DIAG_WARNING,
		"job '" STR_FMT "' pulls '" STR_FMT "' (" STR_FMT
		") by itself: GitLab's dependency proxy is not here. With --registry the local "
		"registry stands in for it; images of jobs and services come by their own name "
		"anyway",
		STR_ARG(w->job->name), STR_ARG(w->word), STR_ARG(run_image_place(r, a, &w->at)));
}

/* What the jobs of the run name is there when it starts; those of a pipeline below come later. */
static bool is_filled(const struct run *top, struct str word)
{
	for (size_t i = 0; i < top->words.n; i++)
		if (top->words.v[i].proxied && str_eq(top->words.v[i].word, word))
			return true;
	return false;
}

static void warn_late(const struct run *r, struct arena *a, const struct image_word *w)
{
	run_message(r, DIAG_WARNING,
		"job '" STR_FMT "' pulls '" STR_FMT "' (" STR_FMT
		") through the dependency proxy: the local registry, which stands in for it, got "
		"the images of the jobs that were known when the run began. Unless it has this one "
		"from before: 'cilocal registry push IMAGE " STR_FMT "IMAGE'",
		STR_ARG(w->job->name), STR_ARG(w->word), STR_ARG(run_image_place(r, a, &w->at)),
		STR_ARG(str_from(prefix_of(r, w->word), str_chr(w->word, '/') + 1)));
}

void run_proxy_warn(const struct run *r)
{
	struct arena a = ARENA_INIT;
	bool local = r->p->facts->registry_local;

	for (size_t i = 0; i < r->words.n; i++) {
		const struct image_word *w = &r->words.v[i];

		if (!w->proxied || (local && (r == r->top || is_filled(r->top, w->word))))
			continue;
		if (local)
			warn_late(r, &a, w);
		else
			warn_nobody(r, &a, w);
		break;
	}
	arena_release(&a);
}
