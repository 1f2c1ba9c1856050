/* Checks of include items that need nothing but the item. */
#include "base/base.h"

#include "config/include.h"
#include "config/duration.h"
#include "config/readers.h"

#include <openssl/sha.h>

static const struct str entry_keys[] = {
	STR_INIT("local"),
	STR_INIT("file"),
	STR_INIT("remote"),
	STR_INIT("project"),
	STR_INIT("ref"),
	STR_INIT("template"),
	STR_INIT("component"),
	STR_INIT("artifact"),
	STR_INIT("job"),
	STR_INIT("inputs"),
	STR_INIT("rules"),
	STR_INIT("integrity"),
	STR_INIT("cache"),
};

static bool is_entry_key(struct str key)
{
	for (size_t i = 0; i < ARRAY_SIZE(entry_keys); i++)
		if (str_eq(entry_keys[i], key))
			return true;
	return false;
}

static void check_entry_keys(const struct frame *f, const struct node *map)
{
	node_each_pair(pair, map)
	{
		struct diag *d;

		if (is_entry_key(pair->key->text))
			continue;
		d = fault(f, "unknown-keyword", pair->key->at,
			fmt_in(f, "config contains unknown keys: " STR_FMT,
				STR_ARG(pair->key->text)),
			"unknown keyword '" STR_FMT "' in %s", STR_ARG(pair->key->text),
			subject(f, NULL));
		note_nearest(f, d, pair->key->text, entry_keys, ARRAY_SIZE(entry_keys));
	}
}

void check_include_entry(const struct frame *f, const struct node *item, bool in_trigger)
{
	static const char *const texts[] = {
		"local", "remote", "project", "template", "component", "artifact", "job", "ref"};
	struct frame entry = FRAME_IN(f, "include"), rules_frame = FRAME_IN(&entry, "rules");
	struct rule_defs rules = {.n = 0};
	const struct node *n;

	if (node_is(item, NODE_STRING))
		return;
	if (!node_is(item, NODE_MAP)) {
		fault(&entry, "wrong-type", item->at, "config should be a hash or a string",
			"an item of %s must be a path or a mapping, not %s", subject(f, NULL),
			found(f, item));
		return;
	}
	check_entry_keys(&entry, item);
	if (in_trigger && node_get(item, "artifact") && node_is_blank(node_get(item, "job"))) {
		fault(&entry, "missing-keyword", item->at,
			"config must specify the job where to fetch the artifact from",
			"'artifact' in %s needs 'job'", subject(f, NULL));
		return;
	}
	if (node_get(item, "project") && !get_node(item, "file"))
		fault(&entry, "missing-keyword", item->at,
			"config must specify the file where to fetch the config from",
			"'project' in %s needs 'file'", subject(f, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		n = get_node(item, texts[i]);
		if (n)
			want_string(&entry, n, texts[i]);
	}
	check_remote_options(&entry, item, get_node(item, "remote") != NULL);
	n = get_node(item, "inputs");
	if (n)
		want_map(&entry, n, "inputs");
	n = get_node(item, "rules");
	if (n)
		read_rule_defs(&rules_frame, n, RULES_INCLUDE, &rules);
}

static int base64_value(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* Exactly the 44 characters of a SHA-256 digest. */
static bool decode_digest(struct str s, unsigned char out[SHA256_DIGEST_LENGTH])
{
	uint32_t bits = 0;
	unsigned have = 0, n = 0;

	if (s.n != 44 || s.p[43] != '=')
		return false;
	for (size_t i = 0; i < 43; i++) {
		int v = base64_value(s.p[i]);

		if (v < 0)
			return false;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8 && n < SHA256_DIGEST_LENGTH) {
			have -= 8;
			out[n++] = (unsigned char)(bits >> have);
		}
	}
	return n == SHA256_DIGEST_LENGTH;
}

bool integrity_holds(struct str integrity, struct str text)
{
	unsigned char want[SHA256_DIGEST_LENGTH], got[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)text.p, text.n, got);
	return decode_digest(str_from(integrity, strlen("sha256-")), want) &&
	       !memcmp(want, got, sizeof(got));
}

static bool check_integrity(const struct frame *f, const struct node *n, bool remote)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	const char *gitlab = NULL, *ours = NULL;

	if (!remote) {
		gitlab = "config integrity can only be specified for remote includes";
		ours = "'integrity' is only for 'remote' includes";
	} else if (n->kind != NODE_STRING || !str_starts(n->text, STR("sha256-"))) {
		gitlab = "config integrity hash must start with 'sha256-'";
		ours = "'integrity' must start with 'sha256-'";
	} else if (!decode_digest(str_from(n->text, strlen("sha256-")), digest)) {
		gitlab = "config integrity hash must be base64 encoded";
		ours = "'integrity' must be a SHA-256 digest in base64 behind 'sha256-'";
	}
	if (gitlab)
		fault(f, "bad-integrity", n->at, gitlab, "%s", ours);
	return !gitlab;
}

static bool check_cache(const struct frame *f, const struct node *n, bool remote)
{
	const char *gitlab = NULL, *ours = NULL;
	int64_t seconds = 0;

	if (!remote) {
		gitlab = "config cache can only be specified for remote includes";
		ours = "'cache' is only for 'remote' includes";
	} else if (n->kind == NODE_BOOL) {
		return true;
	} else if (n->kind != NODE_STRING) {
		gitlab = "config cache must be a boolean or a duration string";
		ours = "'cache' must be true, false or a duration in quotes";
	} else if (!duration_parse(n->text, &seconds)) {
		gitlab = "config cache contains an invalid duration";
		ours = "'cache' is no duration";
	} else if (seconds < 60) {
		gitlab = "config cache duration must be at least 1 minute";
		ours = "'cache' must be at least a minute";
	}
	if (gitlab)
		fault(f, "bad-include-cache", n->at, gitlab, "%s", ours);
	return !gitlab;
}

bool check_remote_options(const struct frame *f, const struct node *item, bool remote)
{
	const struct node *integrity = get_node(item, "integrity");
	const struct node *cache = get_node(item, "cache");
	bool ok = true;

	if (integrity)
		ok = check_integrity(f, integrity, remote);
	if (cache)
		ok = check_cache(f, cache, remote) && ok;
	return ok;
}
