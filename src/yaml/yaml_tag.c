#include "base/base.h"

#include "yaml/yaml_internal.h"

/*
 * Tags. What each does is taken from Psych (lib/psych/visitors/to_ruby.rb) with the classes that
 * GitLab permits (Symbol and its own !reference): a tag that names any other class is refused.
 */

#define CORE "tag:yaml.org,2002:"

struct tag_row {
	const char *prefix;
	const char *klass; /* NULL: what follows the prefix (and a colon), or fallback */
	const char *fallback;
};

/* Exact names first; a prefix ends at the end of the tag or at a colon. */
static const struct tag_row scalar_tags[] = {
	{"!ruby/object:BigDecimal", "BigDecimal", NULL},
	{"!ruby/object:DateTime", "DateTime", NULL},
	{"!ruby/object:Complex", "Complex", NULL},
	{"!ruby/object:Rational", "Rational", NULL},
	{"!ruby/encoding", "Encoding", NULL},
	{"!ruby/regexp", "Regexp", NULL},
	{"!ruby/range", "Range", NULL},
};
static const struct tag_row seq_tags[] = {
	{"!seq:", NULL, NULL},
	{"!ruby/array:", NULL, NULL},
};
static const struct tag_row map_tags[] = {
	{"!ruby/object:Hash", "", NULL},
	{"!ruby/struct", NULL, "Struct"},
	{"!ruby/object", NULL, "Object"},
	{"!ruby/array:", NULL, NULL},
	{"!ruby/range", "Range", NULL},
	{"!ruby/exception", NULL, "Exception"},
	{"!set", "Psych::Set", NULL},
	{CORE "set", "Psych::Set", NULL},
	{"!omap", "Psych::Omap", NULL},
	{CORE "omap", "Psych::Omap", NULL},
	{"!ruby/hash-with-ivars", NULL, ""},
	{"!map:", NULL, NULL},
	{"!ruby/hash:", NULL, NULL},
	{"!ruby/marshalable:", NULL, NULL},
};

static bool class_of(struct str tag, const struct tag_row *rows, size_t n, struct str *klass)
{
	for (size_t i = 0; i < n; i++) {
		struct str prefix = str_c(rows[i].prefix), rest;

		if (!str_starts(tag, prefix))
			continue;
		rest = str_from(tag, prefix.n);
		if (rows[i].klass) {
			if (rest.n)
				continue;
			*klass = str_c(rows[i].klass);
			return klass->n > 0;
		}
		if (!str_ends(prefix, STR(":")) && rest.n) {
			if (rest.p[0] != ':')
				continue;
			rest = str_from(rest, 1);
		}
		*klass = rest.n ? rest : str_c(rows[i].fallback);
		return klass->n > 0;
	}
	return false;
}

/* !str, !ruby/string and their !str:Class forms. */
static bool is_str_tag(struct str tag, struct str *klass)
{
	static const struct tag_row rows[] = {{"!str", NULL, ""}, {"!ruby/string", NULL, ""}};

	if (str_is(tag, CORE "str") || str_is(tag, "!str") || str_is(tag, "!ruby/string"))
		return true;
	return class_of(tag, rows, ARRAY_SIZE(rows), klass);
}

static enum tag_effect scalar_tag(struct str tag, struct str *klass)
{
	if (str_is(tag, "!binary") || str_is(tag, CORE "binary"))
		return TAG_BINARY;
	if (is_str_tag(tag, klass))
		return klass->n ? TAG_CLASS : TAG_STR;
	if (str_is(tag, "!float") || str_is(tag, CORE "float"))
		return TAG_FLOAT;
	if (str_is(tag, "!ruby/class") || str_is(tag, "!ruby/module"))
		return TAG_NAMED;
	if (str_starts(tag, STR("!ruby/sym")))
		return TAG_STR;
	return class_of(tag, scalar_tags, ARRAY_SIZE(scalar_tags), klass) ? TAG_CLASS : TAG_NONE;
}

enum tag_effect yaml_tag(struct str tag, enum node_kind kind, struct str *klass)
{
	bool refused;

	*klass = STR_NULL;
	if (!tag.n)
		return TAG_NONE;
	if (str_is(tag, "!reference"))
		return TAG_REFERENCE;
	if (kind == NODE_SEQ) {
		if (str_is(tag, "!omap") || str_is(tag, CORE "omap"))
			return TAG_OMAP;
		refused = class_of(tag, seq_tags, ARRAY_SIZE(seq_tags), klass);
	} else if (kind == NODE_MAP) {
		if (is_str_tag(tag, klass))
			return klass->n ? TAG_CLASS : TAG_STR_MAP;
		refused = class_of(tag, map_tags, ARRAY_SIZE(map_tags), klass);
	} else {
		return scalar_tag(tag, klass);
	}
	return refused ? TAG_CLASS : TAG_NONE;
}

static int base64_digit(char c)
{
	static const char table[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *hit = c ? strchr(table, c) : NULL;

	return hit ? (int)(hit - table) : -1;
}

/* As Ruby's unpack("m"): what is no digit is skipped, padding ends it. */
struct str yaml_base64(struct arena *a, struct str text)
{
	char *out = arena_alloc(a, text.n / 4 * 3 + 4);
	size_t n = 0;
	uint32_t acc = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < text.n && text.p[i] != '='; i++) {
		int d = base64_digit(text.p[i]);

		if (d < 0)
			continue;
		acc = (acc << 6 | (uint32_t)d) & 0xffffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (char)(acc >> bits & 0xff);
		}
	}
	out[n] = '\0';
	return str_n(out, n);
}
