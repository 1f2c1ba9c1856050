#include "base/base.h"
#include "emulator/gitlab/fetch_internal.h"
#include "emulator/git/repo.h"

bool component_parse(struct str path, struct component_address *out)
{
	size_t first = str_chr(path, '/'), last = str_rchr(path, '/');

	if (first == STR_NPOS || !first || last == first || last + 1 == path.n)
		return false;
	out->host = str_sub(path, 0, first);
	out->project = str_sub(path, first + 1, last);
	out->name = str_from(path, last + 1);
	return out->project.n > 0;
}

static struct str own_host(const struct fetch_options *o)
{
	return o->url && o->url->host.n ? o->url->host : o->facts->server_host;
}

/* A remote that is a path: other projects lie beside this one, in the same layout. */
static bool beside(
	struct arena *a, const struct fetch_options *o, struct str project, struct str *url)
{
	struct str path = o->url->path, own = o->facts->project_path;

	if (!own.n || !str_ends(path, own))
		return false;
	*url = arena_printf(a, "/" STR_FMT STR_FMT, STR_ARG(str_sub(path, 0, path.n - own.n)),
		STR_ARG(project));
	return true;
}

/* "git@host:path", which rules of url.insteadOf may start with. */
static bool is_scp_form(struct str url)
{
	return url.n && str_find(url, STR("://")) == STR_NPOS;
}

static struct str remote_url(struct arena *a, const struct fetch_options *o, struct str project)
{
	const struct git_url *u = o->url;
	const char *colon = u->port.n ? ":" : "";

	if (str_is(u->protocol, "ssh") && !u->port.n && is_scp_form(o->remote_url))
		return arena_printf(a, STR_FMT "%s" STR_FMT ":" STR_FMT ".git", STR_ARG(u->user),
			u->user.n ? "@" : "", STR_ARG(u->host), STR_ARG(project));
	if (str_is(u->protocol, "ssh"))
		return arena_printf(a,
			"ssh://" STR_FMT "%s" STR_FMT "%s" STR_FMT "/" STR_FMT ".git",
			STR_ARG(u->user), u->user.n ? "@" : "", STR_ARG(u->host), colon,
			STR_ARG(u->port), STR_ARG(project));
	return arena_printf(a, STR_FMT "://" STR_FMT "%s" STR_FMT "/" STR_FMT ".git",
		STR_ARG(u->protocol), STR_ARG(u->host), colon, STR_ARG(u->port), STR_ARG(project));
}

bool fetch_project_url(struct arena *a, const struct fetch_options *o, struct str host,
	struct str project, struct str *url, struct str *why)
{
	for (size_t i = 0; i < o->n_places; i++)
		if (str_ieq(o->places[i].project, project)) {
			*url = o->places[i].place;
			return true;
		}
	if (host.n && !str_ieq(host, own_host(o))) {
		*url = arena_printf(
			a, "https://" STR_FMT "/" STR_FMT ".git", STR_ARG(host), STR_ARG(project));
		return true;
	}
	if (o->url && str_is(o->url->protocol, "file")) {
		if (beside(a, o, project, url))
			return true;
		*why = arena_printf(a,
			"where project '" STR_FMT "' is can't be told from the remote's path",
			STR_ARG(project));
		return false;
	}
	if (o->url && o->url->host.n) {
		*url = remote_url(a, o, project);
		return true;
	}
	*why = arena_printf(a,
		"project '" STR_FMT
		"' is on the GitLab server, and this work tree has no remote that names it",
		STR_ARG(project));
	return false;
}

/* A released version: MAJOR.MINOR.PATCH, maybe with a 'v', nothing behind (no pre-release). */
static bool parse_version(struct str text, uint64_t v[3])
{
	struct str_split it;
	struct str part;
	size_t n = 0;

	if (text.n && text.p[0] == 'v')
		text = str_from(text, 1);
	it = str_split(text, '.');
	while (str_split_next(&it, &part))
		if (n == 3 || !parse_u64(part, &v[n++]))
			return false;
	return n == 3;
}

bool version_is_partial(struct str ref)
{
	size_t dots = 0;

	if (str_is(ref, "~latest"))
		return true;
	for (size_t i = 0; i < ref.n; i++) {
		if (ref.p[i] == '.')
			dots++;
		else if (!isdigit((unsigned char)ref.p[i]))
			return false;
	}
	return ref.n && dots < 2;
}

static bool fits(struct str ref, const uint64_t v[3])
{
	struct str_split it = str_split(ref, '.');
	struct str part;
	uint64_t want;

	if (str_is(ref, "~latest"))
		return true;
	for (size_t i = 0; str_split_next(&it, &part); i++)
		if (i == 3 || !parse_u64(part, &want) || want != v[i])
			return false;
	return true;
}

static bool newer(const uint64_t a[3], const uint64_t b[3])
{
	for (size_t i = 0; i < 3; i++)
		if (a[i] != b[i])
			return a[i] > b[i];
	return false;
}

struct str version_pick(struct str ref, const struct str *tags, size_t n)
{
	struct str best = STR_NULL;
	uint64_t top[3] = {0, 0, 0}, v[3];

	for (size_t i = 0; i < n; i++) {
		if (!parse_version(tags[i], v) || !fits(ref, v) || (best.n && !newer(v, top)))
			continue;
		best = tags[i];
		memcpy(top, v, sizeof(top));
	}
	return best;
}
