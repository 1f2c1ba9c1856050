#include "base/base.h"
#include "emulator/runner/service_name.h"
#include "emulator/docker/image.h"

/* "host:5000/path" -> "host/path"; a name without a port stays. */
static struct str without_port(struct arena *a, struct str repo)
{
	size_t slash = str_chr(repo, '/');
	struct str host = slash == STR_NPOS ? repo : str_sub(repo, 0, slash);
	size_t colon = str_rchr(host, ':');

	if (colon == STR_NPOS || slash == STR_NPOS)
		return repo;
	return arena_printf(a, "%.*s" STR_FMT, (int)colon, host.p, STR_ARG(str_from(repo, slash)));
}

static struct str replace_slashes(struct arena *a, struct str text, const char *by)
{
	struct buf b = BUF_INIT;
	struct str r;
	size_t i;

	for (i = 0; i < text.n; i++)
		if (text.p[i] == '/')
			buf_adds(&b, by);
		else
			buf_addc(&b, text.p[i]);
	r = arena_str(a, buf_str(&b));
	buf_release(&b);
	return r;
}

struct service_name service_name_parse(struct arena *a, struct str name)
{
	struct service_name s = {0};
	struct image_ref ref;

	s.image = name;
	s.version = STR("latest");
	s.service = name;
	if (!image_ref_parse(name, &ref) || ref.is_id)
		return s;
	s.valid = true;
	s.service = without_port(a, ref.repo);
	if (ref.tag.n)
		s.version = ref.tag;
	else if (ref.digest.n)
		s.version = arena_printf(a, "@" STR_FMT, STR_ARG(ref.digest));
	else
		s.image = arena_printf(a, STR_FMT ":latest", STR_ARG(name));
	s.aliases[s.n_aliases++] = replace_slashes(a, s.service, "__");
	if (str_chr(s.service, '/') != STR_NPOS)
		s.aliases[s.n_aliases++] = replace_slashes(a, s.service, "-");
	return s;
}

size_t service_aliases_split(struct arena *a, struct str alias, struct str **out)
{
	VEC(struct str) v = {0};
	size_t i = 0;

	while (i < alias.n) {
		size_t from;

		while (i < alias.n && (isspace((unsigned char)alias.p[i]) || alias.p[i] == ','))
			i++;
		from = i;
		while (i < alias.n && !isspace((unsigned char)alias.p[i]) && alias.p[i] != ',')
			i++;
		if (i > from) {
			struct str one = arena_str(a, str_sub(alias, from, i));

			vec_push_in(a, &v, one);
		}
	}
	*out = v.v;
	return v.n;
}
