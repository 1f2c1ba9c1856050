#include "base/base.h"
#include "emulator/runner/runner_choose.h"
#include "base/arena.h"
#include "base/buf.h"
#include "config/job_def.h"
#include "emulator/runner/job_env.h"
#include "vars/predefined.h"

bool runners_choose(const struct runner_configs *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].tags.set || r->v[i].run_untagged.set)
			return true;
	return false;
}

static bool has_tag(const struct runner_config *c, struct str tag)
{
	for (size_t i = 0; i < c->tags.n; i++)
		if (str_eq(c->tags.v[i].v, tag))
			return true;
	return false;
}

/* GitLab wants a runner without tags to run untagged jobs: it could run none. */
static bool takes_untagged(const struct runner_config *c)
{
	return c->run_untagged.set ? c->run_untagged.v : !c->tags.n;
}

static bool takes(const struct runner_config *c, const struct texts *tags)
{
	if (!tags->n)
		return takes_untagged(c);
	for (size_t i = 0; i < tags->n; i++)
		if (!has_tag(c, tags->v[i].s))
			return false;
	return true;
}

uint64_t runners_taking(const struct runner_configs *r, const struct texts *tags)
{
	uint64_t set = 0;

	if (!runners_choose(r))
		return 1;
	for (size_t i = 0; i < r->n; i++)
		if (takes(&r->v[i], tags))
			set |= (uint64_t)1 << i;
	return set;
}

const struct runner_config *runners_first(const struct runner_configs *r, const struct texts *tags)
{
	uint64_t set = runners_taking(r, tags);

	for (size_t i = 0; i < r->n; i++)
		if (set & ((uint64_t)1 << i))
			return &r->v[i];
	return NULL;
}

enum executor_kind runner_executor(const struct runner_config *c, const struct job_def *job)
{
	if (c->executor.set)
		return str_is(c->executor.v, "shell") ? EXECUTOR_SHELL : EXECUTOR_DOCKER;
	return job->image || c->docker.image.set ? EXECUTOR_DOCKER : EXECUTOR_SHELL;
}

/* One file with both: those of the configuration, and of the local registry. */
static struct str all_authorities(struct arena *a, struct str configured, struct str registry)
{
	const char *end = configured.n && configured.p[configured.n - 1] != '\n' ? "\n" : "";

	if (!configured.n || !registry.n)
		return configured.n ? configured : registry;
	return arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(configured), end, STR_ARG(registry));
}

void runner_tell(const struct runner_configs *r, const struct runner_config *c,
	const struct texts *job_tags, struct arena *a, struct predefined_run *out)
{
	bool choose = runners_choose(r);
	size_t n = choose ? (c ? c->tags.n : 0) : job_tags->n;
	struct str *tags = arena_array(a, struct str, n + 1);

	for (size_t i = 0; i < n; i++)
		tags[i] = choose ? c->tags.v[i].v : job_tags->v[i].s;
	out->runner_id = arena_printf(a, "%zu", (c ? (size_t)(c - r->v) : 0) + 1);
	out->runner_short_token = STR("cilocal");
	out->runner_description = r->n > 1 && c && c->name.v.n ? c->name.v : STR("cilocal");
	out->runner_version = str_c(CILOCAL_VERSION);
	out->runner_revision = str_c(CILOCAL_VERSION);
	out->runner_arch = runner_arch(a);
	out->runner_tags = tags;
	out->n_runner_tags = n;
	if (!c)
		return;
	out->server_tls_ca = all_authorities(a, c->tls.ca, out->server_tls_ca);
	out->server_tls_cert = c->tls.cert;
	out->server_tls_key = c->tls.key;
}

struct str runner_title(const struct runner_configs *r, size_t index, struct arena *a)
{
	if (r->v[index].name.v.n)
		return arena_printf(a, "'" STR_FMT "'", STR_ARG(r->v[index].name.v));
	return arena_printf(a, "runner %zu", index + 1);
}

struct str runners_refusal(
	const struct runner_configs *r, const struct texts *tags, struct arena *a)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!tags->n)
		buf_adds(&b, "it has no tags, and no runner runs untagged jobs");
	else
		buf_adds(&b, "no runner has all of its tags: ");
	for (size_t i = 0; i < tags->n; i++)
		buf_printf(&b, "%s" STR_FMT, i ? ", " : "", STR_ARG(tags->v[i].s));
	for (size_t i = 0; i < r->n; i++) {
		const struct runner_config *c = &r->v[i];
		char place[256];

		rc_place(c, c->tags.set ? c->tags.at : c->at, place, sizeof(place));
		buf_printf(&b, "; " STR_FMT, STR_ARG(runner_title(r, i, a)));
		if (place[0])
			buf_printf(&b, " (%s)", place);
		buf_adds(&b, c->tags.n ? " has " : " has none");
		for (size_t k = 0; k < c->tags.n; k++)
			buf_printf(&b, "%s" STR_FMT, k ? ", " : "", STR_ARG(c->tags.v[k].v));
	}
	return arena_str(a, buf_str(&b));
}
