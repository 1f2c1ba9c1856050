/*
 * The place to change. An entry's `where` has one alternative a line, the first that applies
 * counts:
 *
 *     condition?condition?locator:argument=what to write there
 *
 * Conditions: dind, no-dind (a Docker-in-Docker service among the job's or the runner's services),
 * cfg-dind (it is one of the runner's), dind-other-alias (it has no alias docker), tls-on, tls-off
 * (DOCKER_TLS_CERTDIR as that service sees it), unprivileged, client (said by a docker client,
 * which a script called). Locators: job, image, entrypoint, services, service:dind, timeout,
 * artifacts, needs, cache, before-script, script:WORD (the command of the scripts that holds it, of
 * several the last that ran; where none holds it, the last that ran), var:NAME, var-only:NAME (only
 * where it is set), cfg:KEY of [runners.docker], or of [[runners]].
 */
#include "base/base.h"

#include "emulator/runner/diagnose.h"
#include "emulator/runner/diagnose_internal.h"
#include "source/source.h"
#include "vars/varset.h"
#include "yaml/node.h"
#include "config/job_def.h"
#include "emulator/runner/dind.h"
#include "emulator/runner/runner_config.h"

struct looking {
	struct arena *arena;
	const struct diagnose_context *ctx;
	const struct diagnose_hit *hit;
	struct str host; /* what {host} is, for entries of lists */
	struct dind dind;
};

struct str diagnose_dind_image(struct arena *a, const struct diagnose_context *ctx)
{
	struct dind dind;
	dind_find(a, ctx->job, ctx->vars, ctx->config, &dind);
	return dind.image;
}

static bool unprivileged(const struct looking *l)
{
	const struct runner_config *c = l->ctx->config;
	if (!c)
		return true;
	if (c->docker.services_privileged.set)
		return !c->docker.services_privileged.v;
	return !c->docker.privileged.v;
}

static bool holds(const struct looking *l, struct str condition)
{
	if (str_is(condition, "dind"))
		return l->dind.service || l->dind.runner_service;
	if (str_is(condition, "no-dind"))
		return !l->dind.service && !l->dind.runner_service;
	if (str_is(condition, "cfg-dind"))
		return l->dind.runner_service;
	if (str_is(condition, "dind-other-alias"))
		return (l->dind.service || l->dind.runner_service) && !l->dind.alias_docker;
	if (str_is(condition, "tls-on"))
		return l->dind.tls;
	if (str_is(condition, "tls-off"))
		return !l->dind.tls;
	if (str_is(condition, "client"))
		return str_starts(l->hit->line, STR("docker: "));
	if (str_is(condition, "unprivileged"))
		return unprivileged(l);
	BUG("diagnosis: unknown condition '" STR_FMT "'", STR_ARG(condition));
}

/* ---- places in YAML ---- */

static bool at_span(const struct looking *l, struct span at, struct diagnose_place *out)
{
	const struct source *src =
		l->ctx->sources ? source_get(l->ctx->sources, at.begin.source) : NULL;
	if (!at.begin.line || !src)
		return false;
	out->file = src->name;
	out->line = at.begin.line;
	return true;
}

static bool at_job(const struct looking *l, struct diagnose_place *out)
{
	const struct job_def *job = l->ctx->job;
	return job &&
	       (at_span(l, job->name.at, out) || (job->node && at_span(l, job->node->at, out)));
}

static bool at_key(const struct looking *l, const char *key, struct diagnose_place *out)
{
	const struct job_def *job = l->ctx->job;
	const struct node_pair *pair = job ? node_pair_of(job->node, str_c(key)) : NULL;
	return (pair && at_span(l, pair->key->at, out)) || at_job(l, out);
}

/* As the log names it: the first line, with a remark where there are more. */
static bool is_command(struct str text, const struct str *command)
{
	size_t end = str_chr(text, '\n');
	struct str first = str_trim(str_sub(text, 0, end == STR_NPOS ? text.n : end));
	return command && first.n && str_starts(*command, first) &&
	       (command->n == first.n ||
		       (end != STR_NPOS && str_starts(str_from(*command, first.n), STR(" #"))));
}

/* How well a command fits: it has the word, it is what ran last, it has the host. 0: not at all. */
static unsigned fits(const struct looking *l, struct str text, struct str word)
{
	bool has = str_find(text, word) != STR_NPOS, last = is_command(text, l->hit->command);
	if (!has && !last)
		return 0;
	return has * 4U + last * 2U + (l->host.n && str_find(text, l->host) != STR_NPOS);
}

static bool at_script(const struct looking *l, struct str word, struct diagnose_place *out)
{
	const struct job_def *job = l->ctx->job;
	const struct texts *scripts[] = {job ? &job->before_script : NULL,
		job ? &job->script : NULL, job ? &job->after_script : NULL};
	const struct text *best = NULL;
	unsigned most = 0;
	for (size_t s = 0; job && s < ARRAY_SIZE(scripts); s++)
		for (size_t i = 0; i < scripts[s]->n; i++) {
			unsigned score = fits(l, scripts[s]->v[i].s, word);
			if (score <= most)
				continue;
			most = score;
			best = &scripts[s]->v[i];
		}
	return best && at_span(l, best->at, out);
}

static bool at_var(const struct looking *l, struct str name, bool only, struct diagnose_place *out)
{
	const struct job_def *job = l->ctx->job;
	const struct var *v = l->ctx->vars ? varset_get(l->ctx->vars, name) : NULL;
	if (v && at_span(l, v->at, out))
		return true;
	for (size_t i = 0; job && i < job->vars.n; i++)
		if (str_eq(job->vars.v[i].key, name) && at_span(l, job->vars.v[i].at, out))
			return true;
	return !only && at_key(l, "variables", out);
}

/* ---- places in config.toml ---- */

static bool at_config(const struct looking *l, struct rc_at at, struct diagnose_place *out)
{
	const struct runner_config *c = l->ctx->config;
	if (!c || !at.line || at.file >= c->n_files)
		return false;
	out->file = str_c(c->files[at.file]);
	out->line = at.line;
	return true;
}

/* Where a key of [runners.docker] is set. */
static bool at_docker_key(const struct looking *l, struct str key, struct diagnose_place *out)
{
	const struct rc_docker *d = &l->ctx->config->docker;
	static const struct {
		const char *name;
		size_t at;
	} keys[] = {
#define K(name) {#name, offsetof(struct rc_docker, name.at)}
		K(privileged),
		K(volumes),
		K(group_add),
		K(extra_hosts),
		K(dns),
		K(pull_policy),
		K(allowed_pull_policies),
		K(allowed_images),
		K(allowed_services),
		K(services_limit),
		K(gpus),
		K(enable_ipv6),
		K(runtime),
		K(disable_entrypoint_overwrite),
		K(user),
		K(allowed_users),
		K(memory),
		K(network_mtu),
		K(security_opt),
		K(wait_for_services_timeout),
		K(image),
#undef K
	};
	if (str_is(key, "services"))
		return l->dind.runner_service && at_config(l, l->dind.runner_service->at, out);
	if (str_is(key, "extra_hosts"))
		for (size_t i = 0; i < d->extra_hosts.n; i++)
			if (l->host.n && str_starts(d->extra_hosts.v[i].v, l->host))
				return at_config(l, d->extra_hosts.v[i].at, out);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (str_is(key, keys[i].name)) {
			struct rc_at at;
			memcpy(&at, (const char *)d + keys[i].at, sizeof(at));
			return at_config(l, at, out);
		}
	return false;
}

static bool in_config(const struct looking *l, struct str key, struct diagnose_place *out)
{
	const struct runner_config *c = l->ctx->config;
	bool global = str_is(key, "environment");
	if (c && (global ? at_config(l, c->environment.at, out) : at_docker_key(l, key, out)))
		return true;
	if (c && at_config(l, global ? c->at : c->docker.at, out)) {
		out->what = arena_printf(l->arena, "add here: " STR_FMT, STR_ARG(out->what));
		return true;
	}
	if (c && at_config(l, c->at, out)) {
		out->what = arena_printf(
			l->arena, "add here: [runners.docker] with " STR_FMT, STR_ARG(out->what));
		return true;
	}
	out->what = arena_printf(l->arena,
		"write into .cilocal.toml, or a file for --config, under %s: " STR_FMT,
		global ? "[[runners]]" : "[[runners]] and [runners.docker]", STR_ARG(out->what));
	return true;
}

static bool at_image(const struct looking *l, struct diagnose_place *out)
{
	const struct job_def *job = l->ctx->job;
	if (job && job->image)
		return at_span(l, job->image->name.at, out);
	if (l->ctx->config && at_docker_key(l, STR("image"), out))
		return true;
	return at_job(l, out);
}

static bool place(struct looking *l, struct str kind, struct str arg, struct diagnose_place *out)
{
	const struct job_def *job = l->ctx->job;
	if (str_is(kind, "job"))
		return at_job(l, out);
	if (str_is(kind, "image"))
		return at_image(l, out);
	if (str_is(kind, "entrypoint"))
		return job && job->image && job->image->entrypoint.set &&
		       at_span(l, job->image->entrypoint.at, out);
	if (str_is(kind, "services"))
		return job && job->n_services && at_span(l, job->services[0].image.name.at, out);
	if (str_is(kind, "service")) {
		if (l->dind.service && at_span(l, l->dind.service->image.name.at, out))
			return true;
		return l->dind.runner_service && at_config(l, l->dind.runner_service->at, out);
	}
	if (str_is(kind, "timeout") || str_is(kind, "artifacts") || str_is(kind, "needs") ||
		str_is(kind, "cache"))
		return at_key(l, arena_cstr(l->arena, kind), out);
	if (str_is(kind, "before-script"))
		return at_key(l, "before_script", out);
	if (str_is(kind, "script"))
		return at_script(l, arg, out);
	if (str_is(kind, "var"))
		return at_var(l, arg, false, out);
	if (str_is(kind, "var-only"))
		return at_var(l, arg, true, out);
	if (str_is(kind, "cfg"))
		return in_config(l, arg, out);
	BUG("diagnosis: unknown locator '" STR_FMT "'", STR_ARG(kind));
}

static bool try_alternative(struct looking *l, struct str text, struct diagnose_place *out)
{
	size_t eq = str_chr(text, '=');
	struct str head = str_sub(text, 0, eq == STR_NPOS ? text.n : eq);
	size_t mark;
	while ((mark = str_chr(head, '?')) != STR_NPOS) {
		if (!holds(l, str_sub(head, 0, mark)))
			return false;
		head = str_from(head, mark + 1);
	}
	size_t colon = str_chr(head, ':');
	struct str kind = colon == STR_NPOS ? head : str_sub(head, 0, colon);
	struct str arg = colon == STR_NPOS ? STR_NULL : str_from(head, colon + 1);
	*out = (struct diagnose_place){STR_NULL, 0, STR_NULL};
	out->what = eq == STR_NPOS ? STR_NULL : str_from(text, eq + 1);
	return place(l, kind, arg, out);
}

bool diagnose_locate(struct arena *a, const struct diagnose_hit *hit,
	const struct diagnose_context *ctx, struct diagnose_place *out)
{
	struct looking l = {.arena = a, .ctx = ctx, .hit = hit};
	dind_find(a, ctx->job, ctx->vars, ctx->config, &l.dind);
	l.host = diagnose_fill(a, STR("{host|}"), hit, ctx);
	struct str_split it = str_split(str_c(hit->entry->where), '\n');
	struct str one;
	while (str_split_next(&it, &one))
		if (one.n && try_alternative(&l, diagnose_fill(a, one, hit, ctx), out))
			return true;
	return false;
}
