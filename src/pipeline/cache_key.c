#include "base/base.h"
#include "pipeline/cache_key.h"
#include "expr/glob.h"
#include "vars/facts.h"

#include <openssl/sha.h>

/* Ids of the files that a list of paths and patterns names, sorted, each once. */
static size_t file_ids(struct arena *a, const struct facts *f, const struct texts *paths,
	bool commits, struct str **out)
{
	VEC(struct str) ids = {NULL, 0, 0};
	struct str_list tree = {NULL, 0};
	struct str id;

	*out = NULL;
	if (!f->file_id)
		return 0;
	for (size_t i = 0; i < paths->n; i++) {
		struct str path = paths->v[i].s;

		if (str_chr(path, '*') == STR_NPOS) {
			if (f->file_id(f->ctx, path, commits, &id) == 0)
				vec_push_in(a, &ids, arena_str(a, id));
			continue;
		}
		if (!tree.v && f->files && f->files(f->ctx, STR_NULL, STR_NULL, &tree) != 0)
			continue;
		const struct glob *g = glob_new(a, path, GLOB_FNMATCH, NULL);
		for (size_t k = 0; k < tree.n; k++)
			if (glob_match(g, tree.v[k]) &&
				f->file_id(f->ctx, tree.v[k], commits, &id) == 0)
				vec_push_in(a, &ids, arena_str(a, id));
	}
	if (ids.n)
		qsort(ids.v, ids.n, sizeof(*ids.v), str_qcmp);
	size_t n = 0;
	for (size_t i = 0; i < ids.n; i++)
		if (!i || !str_eq(ids.v[i], ids.v[n - 1]))
			ids.v[n++] = ids.v[i];
	*out = ids.v;
	return n;
}

/* SHA-1 of the ids joined by '-', in hex; "default" where no file exists. */
static struct str digest(struct arena *a, const struct str *ids, size_t n)
{
	unsigned char sha[SHA_DIGEST_LENGTH];
	struct buf joined = BUF_INIT, hex = BUF_INIT;

	if (!n)
		return STR("default");
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(&joined, '-');
		buf_addstr(&joined, ids[i]);
	}
	SHA1((const unsigned char *)joined.p, joined.n, sha);
	for (size_t i = 0; i < sizeof(sha); i++)
		buf_printf(&hex, "%02x", sha[i]);
	struct str out = arena_str(a, buf_str(&hex));
	buf_release(&joined);
	buf_release(&hex);
	return out;
}

/* INDEX_name1_name2, each name cut at its first '.'; INDEX alone for files_commits. */
static struct str default_prefix(struct arena *a, const struct cache_def *c, size_t index)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "%zu", index);
	for (size_t i = 0; i < c->key_files.n; i++) {
		struct str name = c->key_files.v[i].s;
		size_t dot = str_chr(name, '.');

		buf_printf(
			&b, "_" STR_FMT, STR_ARG(str_sub(name, 0, dot == STR_NPOS ? name.n : dot)));
	}
	struct str out = arena_str(a, buf_str(&b));
	buf_release(&b);
	return out;
}

static struct str files_key(
	struct arena *a, const struct pipeline *p, const struct job *job, size_t index)
{
	const struct cache_def *c = &job->def->caches[index];
	bool commits = c->key_files_commits.set || c->key_files_commits.n;
	struct str *ids;
	size_t n = file_ids(
		a, p->facts, commits ? &c->key_files_commits : &c->key_files, commits, &ids);
	struct str prefix = c->key_prefix.s, sum = digest(a, ids, n);

	/* References in a prefix are the Runner's to replace, as in any key. */
	if (!prefix.n)
		prefix = default_prefix(a, c, index);
	if (!prefix.n)
		return sum;
	return arena_printf(a, STR_FMT "-" STR_FMT, STR_ARG(prefix), STR_ARG(sum));
}

static struct str suffixed(struct arena *a, const struct pipeline *p, const struct cache_def *c,
	const struct cache_key_options *opt, struct str key)
{
	if (opt->cleared)
		key = arena_printf(a, STR_FMT "-%u", STR_ARG(key), opt->cleared);
	if (!opt->separate_protected)
		return key;
	return arena_printf(a, STR_FMT "-%s", STR_ARG(key),
		p->facts->ref_protected && !c->unprotect ? "protected" : "non_protected");
}

struct cache_keys pipeline_cache_keys(struct arena *a, const struct pipeline *p,
	const struct job *job, size_t index, const struct cache_key_options *opt)
{
	const struct cache_def *c = &job->def->caches[index];
	struct str key = c->key.s.n ? c->key.s : STR("default");
	struct cache_keys out = {.n_fallbacks = c->fallback_keys.n};

	if (c->key_files.n || c->key_files_commits.n)
		key = files_key(a, p, job, index);
	out.key = suffixed(a, p, c, opt, key);
	out.fallbacks = arena_array(a, struct str, out.n_fallbacks + 1);
	for (size_t i = 0; i < out.n_fallbacks; i++)
		out.fallbacks[i] = suffixed(a, p, c, opt, c->fallback_keys.v[i].s);
	return out;
}
