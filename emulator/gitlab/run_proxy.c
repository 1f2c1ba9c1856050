/*
 * GitLab's dependency proxy for what jobs pull by themselves. Images of jobs and services come by
 * their own name (struct run_options, n_proxies); a daemon in a service asks a registry. With the
 * local one the proxy's names are below its host, and what the commands name is put there from the
 * engine before the jobs start; without it nobody answers.
 */
#include "base/base.h"
#include "emulator/gitlab/run_internal.h"
#include "emulator/gitlab/registry_api.h"
#include "emulator/gitlab/registry_move.h"
#include "emulator/docker/image.h"
#include "pipeline/pipeline.h"
#include "vars/facts.h"

struct asked {
	struct str name;  /* as jobs have it */
	struct str where; /* "FILE:LINE" */
};

struct proxied {
	const struct run *r;
	const struct job *job;
	struct arena arena;
	VEC(struct asked) names;
};

/* The image's own name: what is behind the prefix; empty: it is no name of the proxy. */
static struct str own_name(const struct run *r, struct str word)
{
	for (size_t i = 0; i < r->o->n_proxies; i++) {
		struct str prefix = r->o->stand_ins[r->o->n_stand_ins + i].from;

		if (str_starts(word, prefix))
			return str_from(word, prefix.n);
	}
	return STR_NULL;
}

static bool take(void *arg, struct str word, const struct image_place *at)
{
	struct proxied *p = arg;
	struct image_ref ref;
	struct asked asked;

	if (!image_ref_parse(own_name(p->r, word), &ref) || ref.digest.n)
		return false;
	for (size_t i = 0; i < p->names.n; i++)
		if (str_eq(p->names.v[i].name, word))
			return false;
	asked = (struct asked){arena_str(&p->arena, word), run_image_place(p->r, &p->arena, at)};
	vec_push_in(&p->arena, &p->names, asked);
	return false;
}

static void look(struct proxied *p, const struct run *r)
{
	*p = (struct proxied){.r = r};
	arena_init(&p->arena);
	for (size_t i = 0; i < r->p->n_jobs && r->o->n_proxies; i++)
		if (r->plan.chosen[i]) {
			size_t had = p->names.n;

			run_image_words(r, r->p->jobs[i], &p->arena, take, p);
			if (!had && p->names.n)
				p->job = r->p->jobs[i];
		}
}

static bool holds(const struct str *repos, size_t n, struct str there)
{
	struct image_ref ref;

	for (size_t i = 0; image_ref_parse(there, &ref) && i < n; i++)
		if (str_eq(repos[i], ref.repo))
			return true;
	return false;
}

/* One that the registry holds from earlier, and the engine has no more, stays as it is. */
static int fill(struct run *r, struct arena *a, const struct registry_info *info, struct str own,
	struct str there, bool held, struct error *err)
{
	int64_t size;

	if (sync_image_size(&r->session, own, &size, err))
		return -1;
	if (held && size < 0)
		return 0;
	if (!held)
		run_message(r, DIAG_NOTE,
			"putting '" STR_FMT
			"' into the local registry, which stands in for the dependency proxy",
			STR_ARG(own));
	return sync_need_image(&r->session, own, err) ||
			       registry_copy(&r->session, a, info, own, there, err)
		       ? -1
		       : 0;
}

void run_proxy_fill(struct run *r, const struct registry_info *info)
{
	struct error ignored = ERROR_INIT;
	struct str *repos = NULL;
	struct proxied p;
	size_t n = 0;

	look(&p, r);
	if (p.names.n)
		registry_api_catalog(&r->session, info, &p.arena, &repos, &n, &ignored);
	for (size_t i = 0; i < p.names.n && !r->session.signum; i++) {
		struct str name = p.names.v[i].name, own = own_name(r, name);
		struct error err = ERROR_INIT;
		/* Below the host, as it is asked for. */
		struct str there = str_from(name, str_chr(name, '/') + 1);

		if (fill(r, &p.arena, info, own, there, holds(repos, n, there), &err) &&
			!r->session.signum)
			run_message(r, DIAG_WARNING,
				"'" STR_FMT "' (" STR_FMT
				") cannot be had through the local registry, which stands in for "
				"the dependency proxy: %s",
				STR_ARG(name), STR_ARG(p.names.v[i].where), err.text);
	}
	arena_release(&p.arena);
}

void run_proxy_warn(const struct run *r)
{
	struct proxied p;

	if (r->p->facts->registry_local)
		return;
	look(&p, r);
	if (p.names.n)
		run_message(r, DIAG_WARNING,
			"job '" STR_FMT "' pulls '" STR_FMT "' (" STR_FMT
			") by itself: GitLab's dependency proxy is not here. With --registry the "
			"local registry stands in for it; images of jobs and services come by "
			"their "
			"own name anyway",
			STR_ARG(p.job->name), STR_ARG(p.names.v[0].name),
			STR_ARG(p.names.v[0].where));
	arena_release(&p.arena);
}
