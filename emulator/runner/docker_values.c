#include "base/base.h"
#include "emulator/runner/docker_values.h"
#include "emulator/docker/container.h"
#include "emulator/runner/build.h"

bool docker_size_parse(struct str text, int64_t *bytes)
{
	static const char suffixes[] = "bkmgt";
	int64_t unit = 1;
	double value;
	const char *at;

	text = str_trim(text);
	if (str_is(text, "-1")) {
		*bytes = -1;
		return true;
	}
	if (text.n > 1 && tolower((unsigned char)text.p[text.n - 1]) == 'b' &&
		isalpha((unsigned char)text.p[text.n - 2]))
		text.n--; /* "512mb" */
	if (!text.n)
		return false;
	at = memchr(suffixes, tolower((unsigned char)text.p[text.n - 1]), sizeof(suffixes) - 1);
	if (at) {
		unit = (int64_t)1 << (10 * (at - suffixes));
		text = str_trim(str_sub(text, 0, text.n - 1));
	}
	if (!parse_double(text, &value) || value < 0 || value * (double)unit > 9e18)
		return false;
	*bytes = (int64_t)(value * (double)unit);
	return true;
}

bool docker_cpus_parse(struct str text, int64_t *nano)
{
	size_t slash = str_chr(text, '/');
	double top, bottom = 1;

	if (!parse_double(str_trim(str_sub(text, 0, slash == STR_NPOS ? text.n : slash)), &top))
		return false;
	if (slash != STR_NPOS && !parse_double(str_trim(str_from(text, slash + 1)), &bottom))
		return false;
	if (top < 0 || bottom <= 0 || top / bottom > 1e6)
		return false;
	*nano = (int64_t)(top / bottom * 1e9 + 0.5);
	return true;
}

bool docker_ulimit_parse(struct str name, struct str text, struct docker_ulimit *out)
{
	size_t colon = str_chr(text, ':');

	out->name = name;
	if (!parse_i64(str_trim(str_sub(text, 0, colon == STR_NPOS ? text.n : colon)), &out->soft))
		return false;
	out->hard = out->soft;
	return colon == STR_NPOS || parse_i64(str_trim(str_from(text, colon + 1)), &out->hard);
}

bool docker_device_parse(struct str text, struct docker_device *out)
{
	struct str_split it = str_split(text, ':');
	struct str part[4];
	size_t n = 0;

	while (n < ARRAY_SIZE(part) && str_split_next(&it, &part[n]))
		n++;
	if (!n || n > 3 || !part[0].n)
		return false;
	out->host = part[0];
	out->container = n > 1 ? part[1] : part[0];
	out->permissions = n > 2 ? part[2] : STR("rwm");
	return true;
}

bool docker_gpus_parse(struct arena *a, struct str text, struct docker_device_request *out)
{
	static const struct str gpu = STR_INIT("gpu");
	struct str_split it;
	VEC(struct str) ids = {0};
	struct str one;

	*out = (struct docker_device_request){.capabilities = {&gpu, 1}};
	text = str_trim(text);
	if (str_is(text, "all")) {
		out->count = -1;
		return true;
	}
	if (parse_i64(text, &out->count))
		return out->count > 0;
	if (!str_starts(text, STR("device=")))
		return false;
	it = str_split(str_from(text, 7), ',');
	while (str_split_next(&it, &one))
		if (one.n)
			vec_push_in(a, &ids, one);
	out->ids.v = ids.v;
	out->ids.n = ids.n;
	return ids.n != 0;
}

bool docker_volume_parse(struct str text, struct docker_volume_text *out)
{
	struct str_split it = str_split(text, ':');
	struct str part[4];
	size_t n = 0;

	*out = (struct docker_volume_text){0};
	while (n < ARRAY_SIZE(part) && str_split_next(&it, &part[n]))
		n++;
	if (n == 0 || n > 3)
		return false;
	if (n == 1) {
		out->target = part[0];
	} else {
		out->source = part[0];
		out->target = part[1];
		if (n == 3)
			out->mode = part[2];
	}
	return out->target.n && !str_is(out->target, "/") && (n == 1 || out->source.n);
}

static bool has_one(struct str words, const char *const *v, size_t n)
{
	char low[512];
	size_t len = MIN(words.n, sizeof(low) - 1);

	for (size_t i = 0; i < len; i++)
		low[i] = (char)tolower((unsigned char)words.p[i]);
	low[len] = '\0';
	for (size_t i = 0; i < n; i++)
		if (strstr(low, v[i]))
			return true;
	return false;
}

bool docker_pull_refused(struct str words)
{
	static const char *const refused[] = {"pull access denied",
		"access to the resource is denied", "no basic auth credentials",
		"repository does not exist or may require", "unauthorized",
		"authentication required", "access forbidden", "403 forbidden"};

	return has_one(words, refused, ARRAY_SIZE(refused));
}

int docker_pull_failure(struct str words)
{
	static const char *const external[] = {"dial tcp", "connection refused", "no such host",
		"i/o timeout", "tls handshake", "client.timeout exceeded", "request canceled",
		"connection reset"};
	static const char *const missing[] = {"not found", "manifest unknown"};

	if (has_one(words, external, ARRAY_SIZE(external)))
		return FAIL_EXTERNAL_DEPENDENCY;
	if (has_one(words, missing, ARRAY_SIZE(missing)) || docker_pull_refused(words))
		return FAIL_RUNNER_CONFIG;
	return FAIL_IMAGE_PULL;
}

bool docker_path_holds(struct str folder, struct str path)
{
	while (str_ends(folder, STR("/")))
		folder.n--;
	return str_starts(path, folder) && (path.n == folder.n || path.p[folder.n] == '/');
}
