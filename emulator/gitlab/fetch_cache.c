#include "base/base.h"
#include "emulator/gitlab/fetch_internal.h"
#include "emulator/store/store.h"

#include <openssl/evp.h>
#include <sys/stat.h>
#include <time.h>

const char *fetch_cache_dir(struct arena *a, const struct fetch_options *o)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (o->cache_dir)
		return o->cache_dir;
	if (xdg && *xdg == '/')
		return arena_printf(a, "%s/cilocal", xdg).p;
	return home && *home == '/' ? arena_printf(a, "%s/.cache/cilocal", home).p : NULL;
}

struct str fetch_hash(struct arena *a, struct str text)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	char hex[2 * EVP_MAX_MD_SIZE + 1] = "";

	EVP_Digest(text.p ? text.p : "", text.n, digest, &n, EVP_sha256(), NULL);
	for (unsigned i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return arena_str(a, str_c(hex));
}

const char *fetch_cache_path(struct fetch *f, const char *sub, struct str key, const char *suffix)
{
	const char *dir;

	if (!f->cache)
		return NULL;
	dir = arena_printf(&f->arena, "%s/%s", f->cache, sub).p;
	if (store_make_dirs(dir, NULL))
		return NULL;
	return arena_printf(
		&f->arena, "%s/" STR_FMT "%s", dir, STR_ARG(fetch_hash(&f->arena, key)), suffix)
		.p;
}

int64_t fetch_age(const char *path)
{
	struct stat st;
	time_t now = time(NULL);

	if (!path || stat(path, &st))
		return -1;
	return now > st.st_mtime ? (int64_t)(now - st.st_mtime) : 0;
}

struct str fetch_age_text(struct arena *a, int64_t seconds)
{
	static const struct {
		int64_t s;
		const char *word;
	} units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		int64_t n = seconds / units[i].s;

		if (n)
			return arena_printf(
				a, "%lld %s%s old", (long long)n, units[i].word, n == 1 ? "" : "s");
	}
	return STR("less than a minute old");
}
