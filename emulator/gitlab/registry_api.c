#include "base/base.h"
#include "emulator/gitlab/registry_api.h"
#include "emulator/gitlab/registry_state.h"
#include "emulator/gitlab/session.h"
#include "emulator/core/error.h"
#include "base/map.h"

#include <jansson.h>

/* Pages and nesting that no real registry needs; a faulty one must not keep us here for ever. */
#define MAX_PAGES 1000

static const char accept_all[] = "Accept: application/vnd.oci.image.index.v1+json, "
				 "application/vnd.docker.distribution.manifest.list.v2+json, "
				 "application/vnd.oci.image.manifest.v1+json, "
				 "application/vnd.docker.distribution.manifest.v2+json";

struct api {
	struct session *s;
	struct arena *a;
	const struct registry_info *info;
	const char *headers[3];
};

static struct api api_make(struct session *s, const struct registry_info *info, struct arena *a)
{
	return (struct api){s, a, info,
		{registry_authorization(a, info->user, info->password), accept_all, NULL}};
}

/*
 * The same answers out of the storage, for a path as its argument. The first line is the digest of
 * a manifest, or "-".
 */
static const char inside[] =
	"root=/var/lib/registry/docker/registry/v2\n"
	"mkdir -p $root/repositories && cd $root/repositories || exit 1\n"
	"r=${1#/v2/}\n"
	"case $1 in\n"
	"/v2/_catalog*)\n"
	"\tprintf -- '-\\n{\"repositories\":['; s=\n"
	"\tfind . -type d -name _manifests -prune | while read -r m; do\n"
	"\t\tm=${m#./}; printf '%s\"%s\"' \"$s\" \"${m%/_manifests}\"; s=,\n"
	"\tdone\n"
	"\techo ']}' ;;\n"
	"*/tags/list)\n"
	"\tr=${r%/tags/list}; [ -d \"$r/_manifests/tags\" ] || exit 4\n"
	"\tprintf -- '-\\n{\"tags\":['; s=\n"
	"\tfor t in \"$r\"/_manifests/tags/*/current/link; do\n"
	"\t\t[ -f \"$t\" ] || continue\n"
	"\t\tt=${t%/current/link}; printf '%s\"%s\"' \"$s\" \"${t##*/}\"; s=,\n"
	"\tdone\n"
	"\techo ']}' ;;\n"
	"*/manifests/*)\n"
	"\td=${r##*/manifests/}; r=${r%/manifests/*}/_manifests\n"
	"\tcase $d in\n"
	"\tsha256:*) [ -d \"$r/revisions/sha256/${d#sha256:}\" ] || exit 4 ;;\n"
	"\t*) d=$(cat \"$r/tags/$d/current/link\" 2>/dev/null) || exit 4 ;;\n"
	"\tesac\n"
	"\th=${d#sha256:} && f=$root/blobs/sha256/${h%\"${h#??}\"}/$h/data\n"
	"\t[ -f \"$f\" ] || exit 4\n"
	"\techo \"$d\" && cat \"$f\" ;;\n"
	"esac\n";

#define EXIT_ABSENT 4

static int ask_inside(
	const struct api *api, const char *path, struct sync_response *r, struct error *err)
{
	struct str cmd[] = {STR("sh"), STR("-c"), str_c(inside), STR("sh"), str_c(path)}, said;
	int64_t code = 0;
	size_t end;

	memset(r, 0, sizeof(*r));
	if (sync_exec(api->s, api->info->container, (struct docker_strs){cmd, ARRAY_SIZE(cmd)},
		    api->a, &code, &said, err))
		return -1;
	if (code && code != EXIT_ABSENT)
		return error_set(err, ERR_DOCKER, 0, "its storage can't be read: " STR_FMT,
			STR_ARG(str_trim(said)));
	end = str_chr(said, '\n');
	r->status = code || end == STR_NPOS ? 404 : 200;
	if (r->status == 404)
		return 0;
	r->digest = str_is(str_sub(said, 0, end), "-") ? STR_NULL : str_sub(said, 0, end);
	r->body = str_from(said, end + 1);
	return 0;
}

static int ask(const struct api *api, const char *path, struct sync_response *r, struct error *err)
{
	struct sync_request q = {.headers = api->headers, .ca_file = api->info->ca_file};

	if (api->info->elsewhere)
		return ask_inside(api, path, r, err);
	q.url = arena_printf(api->a, STR_FMT "%s", STR_ARG(api->info->url), path).p;
	return sync_http(api->s, &q, api->a, r, err);
}

/* GET url + path; the caller owns *out. A status but 200 is an error, 404 with code 404. */
static int get(const struct api *api, const char *path, struct sync_response *r, json_t **out,
	struct error *err)
{
	*out = NULL;
	if (ask(api, path, r, err))
		return error_wrap(err, "the local registry");
	if (r->status != 200)
		return error_set(err, ERR_DOCKER, (int)r->status,
			"the local registry answered %ld to %s", r->status, path);
	*out = json_loadb(r->body.p, r->body.n, 0, NULL);
	if (!*out)
		return error_set(
			err, ERR_DOCKER, 0, "the local registry's answer to %s is not JSON", path);
	return 0;
}

/* Link: </v2/_catalog?last=x&n=100>; rel="next" */
static const char *next_page(struct arena *a, struct str link)
{
	size_t from = str_chr(link, '<'), to = str_chr(link, '>');

	if (from == STR_NPOS || to == STR_NPOS || to < from + 2)
		return NULL;
	if (link.p[from + 1] != '/')
		return NULL;
	return arena_cstr(a, str_sub(link, from + 1, to));
}

struct names {
	struct str *v;
	size_t n, cap;
};

/* All strings of the list `key`, over all pages. */
static int list_names(const struct api *api, const char *path, const char *key, struct names *out,
	struct error *err)
{
	memset(out, 0, sizeof(*out));
	for (unsigned page = 0; path && page < MAX_PAGES; page++) {
		struct sync_response r;
		json_t *root, *item;
		size_t i;

		if (get(api, path, &r, &root, err))
			return -1;
		json_array_foreach(json_object_get(root, key), i, item) if (json_is_string(item))
		{
			struct str name = arena_str(api->a, str_c(json_string_value(item)));

			vec_push_in(api->a, out, name);
		}
		json_decref(root);
		path = next_page(api->a, r.link);
	}
	if (out->n)
		qsort(out->v, out->n, sizeof(*out->v), str_qcmp);
	return 0;
}

int registry_api_catalog(struct session *s, const struct registry_info *info, struct arena *a,
	struct str **out, size_t *n, struct error *err)
{
	struct api api = api_make(s, info, a);
	struct names names;

	if (list_names(&api, "/v2/_catalog?n=1000", "repositories", &names, err))
		return -1;
	*out = names.v;
	*n = names.n;
	return 0;
}

/* One tag that is measured: a blob that several images of it share counts once. */
struct measure {
	const struct api *api;
	struct map seen; /* digests */
	int64_t size;
	struct buf platforms;
};

static void add_blob(struct measure *m, json_t *blob)
{
	const char *digest = json_string_value(json_object_get(blob, "digest"));
	struct str key = digest ? arena_str(m->api->a, str_c(digest)) : STR_NULL;

	if (!digest || map_has(&m->seen, key))
		return;
	map_put(&m->seen, key, m);
	m->size += json_integer_value(json_object_get(blob, "size"));
}

static void add_image(struct measure *m, json_t *root)
{
	json_t *layer;
	size_t i;

	add_blob(m, json_object_get(root, "config"));
	json_array_foreach(json_object_get(root, "layers"), i, layer) add_blob(m, layer);
}

/* "linux/arm/v7". What says "unknown" is no image but what is told about one (BuildKit). */
static void add_platform(struct measure *m, const json_t *child)
{
	json_t *p = json_object_get(child, "platform");
	const char *os = json_string_value(json_object_get(p, "os"));
	const char *arch = json_string_value(json_object_get(p, "architecture"));
	const char *variant = json_string_value(json_object_get(p, "variant"));

	if (!os || !arch || !strcmp(os, "unknown"))
		return;
	buf_printf(&m->platforms, "%s%s/%s%s%s", m->platforms.n ? "," : "", os, arch,
		variant ? "/" : "", variant ? variant : "");
}

/*
 * An index may name images of platforms that nobody pushed here: they are left out. 0, or -1 with
 * err.
 */
static int add_children(struct measure *m, struct str repo, json_t *list, struct error *err)
{
	json_t *child;
	size_t i;

	json_array_foreach(list, i, child)
	{
		const char *digest = json_string_value(json_object_get(child, "digest"));
		struct error mine = ERROR_INIT;
		struct sync_response r;
		const char *path;
		json_t *one;

		if (!digest)
			continue;
		path = arena_printf(
			m->api->a, "/v2/" STR_FMT "/manifests/%s", STR_ARG(repo), digest)
			       .p;
		if (get(m->api, path, &r, &one, &mine)) {
			if (mine.code == 404)
				continue;
			return error_pass(err, &mine);
		}
		add_platform(m, child);
		add_image(m, one);
		json_decref(one);
	}
	return 0;
}

static int measure_tag(
	const struct api *api, json_t *root, struct registry_tag *out, struct error *err)
{
	struct measure m = {.api = api, .platforms = BUF_INIT};
	json_t *list = json_object_get(root, "manifests");
	int rc = 0;

	map_init(&m.seen, api->a);
	if (json_is_array(list))
		rc = add_children(&m, out->repository, list, err);
	else
		add_image(&m, root);
	out->size = m.size;
	out->index = json_is_array(list);
	out->platforms = arena_str(api->a, buf_str(&m.platforms));
	buf_release(&m.platforms);
	return rc;
}

static int add_tag(const struct api *api, struct str repo, struct str tag, struct registry_tag *out,
	struct error *err)
{
	const char *path = arena_printf(
		api->a, "/v2/" STR_FMT "/manifests/" STR_FMT, STR_ARG(repo), STR_ARG(tag))
				   .p;
	struct sync_response r;
	json_t *root;
	int rc;

	if (get(api, path, &r, &root, err))
		return -1;
	*out = (struct registry_tag){.repository = repo, .tag = tag, .digest = r.digest};
	rc = measure_tag(api, root, out, err);
	json_decref(root);
	return rc;
}

struct tags {
	struct registry_tag *v;
	size_t n, cap;
};

/* One repository; without a tag it has one row with an empty one. */
static int list_repository(
	const struct api *api, struct str repo, struct tags *all, struct error *err)
{
	const char *path = arena_printf(api->a, "/v2/" STR_FMT "/tags/list", STR_ARG(repo)).p;
	struct registry_tag tag = {.repository = repo};
	struct error mine = ERROR_INIT;
	struct names tags;

	/* One whose tags are all deleted stays in the catalogue. */
	if (list_names(api, path, "tags", &tags, &mine)) {
		if (mine.code != 404)
			return error_pass(err, &mine);
		tags.n = 0;
	}
	if (!tags.n)
		vec_push_in(api->a, all, tag);
	for (size_t i = 0; i < tags.n; i++) {
		mine = ERROR_INIT;
		if (!add_tag(api, repo, tags.v[i], &tag, &mine))
			vec_push_in(api->a, all, tag);
		else if (mine.code != 404) /* it went meanwhile */
			return error_pass(err, &mine);
	}
	return 0;
}

int registry_api_list(struct session *s, const struct registry_info *info, struct arena *a,
	struct registry_tag **out, size_t *n, struct error *err)
{
	struct api api = api_make(s, info, a);
	struct tags all = {NULL, 0, 0};
	struct str *repos;
	size_t n_repos;

	if (registry_api_catalog(s, info, a, &repos, &n_repos, err))
		return -1;
	for (size_t i = 0; i < n_repos; i++)
		if (list_repository(&api, repos[i], &all, err))
			return -1;
	*out = all.v;
	*n = all.n;
	return 0;
}

int registry_api_digests(struct session *s, const struct registry_info *info, struct arena *a,
	struct str repo, struct str tag, struct registry_digests *out, struct error *err)
{
	struct api api = api_make(s, info, a);
	const char *path =
		arena_printf(a, "/v2/" STR_FMT "/manifests/" STR_FMT, STR_ARG(repo), STR_ARG(tag))
			.p;
	struct error mine = ERROR_INIT;
	struct sync_response r;
	json_t *root;

	memset(out, 0, sizeof(*out));
	if (get(&api, path, &r, &root, &mine))
		return mine.code == 404 ? 0
					: error_set(err, mine.domain, mine.code, "%s", mine.text);
	out->manifest = r.digest;
	out->config = arena_str(a, str_c(json_string_value(json_object_get(
					   json_object_get(root, "config"), "digest"))));
	json_decref(root);
	return 0;
}
