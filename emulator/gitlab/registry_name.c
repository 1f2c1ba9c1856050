#include "base/base.h"
#include "emulator/gitlab/registry_name.h"
#include "emulator/gitlab/registry.h"
#include "emulator/docker/image.h"

static bool strip(struct str *text, struct str host)
{
	if (!host.n || !str_starts(*text, host) || text->n == host.n || text->p[host.n] != '/')
		return false;
	*text = str_from(*text, host.n + 1);
	return true;
}

/* As Docker tells a registry from a folder: a dot, a port, or localhost. */
static struct str host_in_front(struct str repo)
{
	size_t slash = str_chr(repo, '/');
	struct str first = str_sub(repo, 0, slash == STR_NPOS ? 0 : slash);

	if (str_chr(first, '.') != STR_NPOS || str_chr(first, ':') != STR_NPOS ||
		str_is(first, "localhost"))
		return first;
	return STR_NULL;
}

bool registry_name_parse(
	struct registry_name *out, struct str text, const struct registry_info *info)
{
	bool ours = strip(&text, info->host) || strip(&text, info->address);
	struct image_ref ref;

	memset(out, 0, sizeof(*out));
	if (!image_ref_parse(text, &ref) || ref.is_id)
		return false;
	out->repo = ref.repo;
	out->tag = ref.tag;
	out->digest = ref.digest;
	if (!ours)
		out->host = host_in_front(ref.repo);
	if (out->host.n)
		out->repo = str_from(ref.repo, out->host.n + 1);
	return out->repo.n > 0;
}
