/* What is said of credentials where a registry refuses: whose were tried, and what there is. */
#include "base/base.h"
#include "emulator/docker/auth.h"

#include "emulator/docker/auth_internal.h"

/* More entries than this are not listed. */
#define SHOWN 8

static struct str without_port(struct str path)
{
	struct str host = str_sub(path, 0, MIN(str_chr(path, '/'), path.n));

	return str_sub(host, 0, MIN(str_chr(host, ':'), host.n));
}

static struct str origin(struct auth *a, const struct auth_source *s)
{
	if (!s->origin)
		return str_c(s->label);
	return arena_printf(&a->arena, "%s (%s)", s->label, s->origin);
}

/* "$DOCKER_AUTH_CONFIG: docker.io, reg:5000". */
static struct str describe(struct auth *a, const struct auth_source *s)
{
	struct buf b = BUF_INIT;
	size_t n = 0;
	struct str text;

	if (s->warning.n)
		buf_adds(&b, "could not be read");
	else if (s->missing)
		buf_adds(&b, "there is no such file");
	else if (!s->file && !s->is_login && !s->text.n)
		buf_adds(&b, "not set");
	else if (!s->known.n)
		buf_adds(&b, "no entries");
	vec_each (const struct auth_known *, k, &s->known) {
		if (n < SHOWN)
			buf_printf(&b, "%s" STR_FMT, n ? ", " : "", STR_ARG(k->path));
		n++;
	}
	if (n > SHOWN)
		buf_printf(&b, " and %zu more", n - SHOWN);
	text = arena_printf(
		&a->arena, STR_FMT ": " STR_FMT, STR_ARG(origin(a, s)), STR_ARG(buf_str(&b)));
	buf_release(&b);
	return text;
}

static struct str who(struct auth *a, const struct auth_entry *e)
{
	if (e->username.n)
		return arena_printf(&a->arena, "the login '" STR_FMT "'", STR_ARG(e->username));
	return e->identity_token.n ? STR("an identity token") : STR("a token");
}

/* An entry for the same host with another port, or none, is what people wonder about. */
static struct str near_miss(struct auth *a, struct str path)
{
	struct str host = without_port(path);

	vec_each (struct auth_source *const *, s, &a->sources)
		vec_each (const struct auth_known *, k, &(*s)->known)
			if (str_eq(without_port(k->path), host))
				return arena_printf(&a->arena,
					"the entry '" STR_FMT
					"' of %s is for another port or path: an image's name "
					"must begin with it, port and all",
					STR_ARG(k->path), (*s)->label);
	return STR_NULL;
}

struct docker_strs auth_refused(
	struct auth *a, struct str path, const struct auth_source *from, const struct auth_known *k)
{
	struct str *v = arena_array(&a->arena, struct str, a->sources.n + 3);
	struct str miss;
	size_t n = 0;

	if (k) {
		v[n++] = arena_printf(&a->arena,
			"the registry refused " STR_FMT ", which is the entry '" STR_FMT
			"' of " STR_FMT,
			STR_ARG(who(a, &k->entry)), STR_ARG(k->path), STR_ARG(origin(a, from)));
		return (struct docker_strs){v, n};
	}
	v[n++] = arena_printf(&a->arena,
		"no login was tried, since there is no entry for " STR_FMT
		" or what is above it in:",
		STR_ARG(path));
	vec_each (struct auth_source *const *, s, &a->sources)
		v[n++] = arena_printf(&a->arena, "  " STR_FMT, STR_ARG(describe(a, *s)));
	miss = near_miss(a, path);
	if (miss.n)
		v[n++] = miss;
	return (struct docker_strs){v, n};
}
