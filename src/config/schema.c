#include "base/base.h"

#include "config/schema.h"
#include "config/config_internal.h"

#define MAX_LIST 2000 /* bytes of a list of keys in a message */

enum value_type {
	ANY,
	STRING,
	BOOL,
	STRINGS,
	STRINGS_OR_STRING,
	MAP,
	ENTRY_STRINGS, /* reported at the key's own location, not as an attribute of the mapping */
	ENTRY_BOOL
};

struct subkey {
	struct str name;
	enum value_type type;
};

const struct keyword keywords[KEYWORD_COUNT] = {
#define KEYWORD(name, where, reader) {STR_INIT(#name), where, read_##reader},
#include "config/keywords.def"
};

static const struct subkey subkeys[] = {
#define SUBKEY(scope, key, type) {STR_INIT(#key), type},
#include "config/keywords.def"
};

/* SCOPE and END take no number of their own: each is the number of the row that follows. */
enum {
#define SCOPE(scope)             FIRST_##scope, FIRST_BACK_##scope = FIRST_##scope - 1,
#define SUBKEY(scope, key, type) ROW_##scope##_##key,
#define END(scope)               LAST_##scope, LAST_BACK_##scope = LAST_##scope - 1,
#include "config/keywords.def"
	ROW_COUNT
};

static const struct {
	unsigned short first, end;
} scopes[SCOPE_COUNT] = {
#define SCOPE(scope) {FIRST_##scope, LAST_##scope},
#include "config/keywords.def"
};

_Static_assert(ROW_COUNT == ARRAY_SIZE(subkeys), "one row a subkey");

const struct keyword *keyword_find(struct str name)
{
	for (size_t i = 0; i < KEYWORD_COUNT; i++)
		if (str_eq(keywords[i].name, name))
			return &keywords[i];
	return NULL;
}

bool keyword_allowed(const struct keyword *k, char where)
{
	return k && strchr(k->where, where);
}

/* A key as Ruby joins it: the items of a list, the inspect text of a mapping. */
static void add_key(struct buf *b, const struct node *key)
{
	if (key->kind == NODE_MAP) {
		node_inspect(b, key);
	} else if (key->kind == NODE_SEQ) {
		for (size_t i = 0; i < key->u.seq.n && b->n <= MAX_LIST; i++) {
			buf_adds(b, i ? ", " : "");
			add_key(b, key->u.seq.items[i]);
		}
	} else {
		buf_addstr(b, key->text);
	}
}

/* "a, b" of the keys that `known` refuses; hostile lists are cut. */
static const char *unknown_list(const struct frame *f, const struct node *map,
	bool (*known)(struct str key, int where), int where)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	node_each_pair(pair, map)
	{
		if (known(pair->key->text, where))
			continue;
		if (b.n > MAX_LIST) {
			buf_adds(&b, ", ...");
			break;
		}
		if (b.n)
			buf_adds(&b, ", ");
		add_key(&b, pair->key);
	}
	return fmt_in(f, "%s", b.p);
}

static bool known_keyword(struct str key, int where)
{
	return keyword_allowed(keyword_find(key), (char)where);
}

static bool known_subkey(struct str key, int scope)
{
	for (size_t i = scopes[scope].first; i < scopes[scope].end; i++)
		if (str_eq(subkeys[i].name, key))
			return true;
	return false;
}

static bool check_unknown(const struct frame *f, const struct node *map,
	bool (*known)(struct str key, int where), int where, const struct str *names, size_t n,
	const char *gitlab)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	const char *list = NULL; /* GitLab's text, the same for all of them */

	node_each_pair(pair, map)
	{
		struct diag *d;

		if (known(pair->key->text, where))
			continue;
		buf_clear(&shown);
		add_key(&shown, pair->key);
		if (!list)
			list = fmt_in(f, "%s: %s", gitlab, unknown_list(f, map, known, where));
		if (known == known_keyword && keyword_find(pair->key->text)) {
			fault(f, "unknown-keyword", pair->key->at, list,
				"keyword '" STR_FMT "' can't be used in %s%s",
				STR_ARG(pair->key->text), where == 'b' ? "trigger " : "",
				subject(f, NULL));
			continue;
		}
		d = fault(f, "unknown-keyword", pair->key->at, list,
			"unknown keyword '" STR_FMT "' in %s", STR_ARG(pair->key->text),
			subject(f, NULL));
		note_nearest(f, d, pair->key->text, names, n);
	}
	return !list;
}

bool check_keywords(const struct frame *f, const struct node *map, char where)
{
	struct str names[KEYWORD_COUNT];
	size_t n = 0;

	/* A misspelt `script` can make a trigger job of it, so those of both kinds are near. */
	for (size_t i = 0; i < KEYWORD_COUNT; i++)
		if (keyword_allowed(&keywords[i], where) ||
			(where == 'b' && keyword_allowed(&keywords[i], 'j')))
			names[n++] = keywords[i].name;
	return check_unknown(
		f, map, known_keyword, where, names, n, "config contains unknown keys");
}

bool check_scope_keys(
	const struct frame *f, const struct node *map, enum scope scope, const char *gitlab)
{
	struct str names[64];
	size_t n = 0;

	for (size_t i = scopes[scope].first; i < scopes[scope].end && n < ARRAY_SIZE(names); i++)
		names[n++] = subkeys[i].name;
	return check_unknown(f, map, known_subkey, (int)scope, names, n, gitlab);
}

const char *keys_present(
	const struct frame *f, const struct node *map, const char *names, bool nulls)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	node_each_pair(pair, map)
	{
		if (!is_one_of(pair->key->text, names) || (!nulls && node_is_null(pair->value)))
			continue;
		buf_printf(&b, "%s" STR_FMT, b.n ? ", " : "", STR_ARG(pair->key->text));
	}
	return fmt_in(f, "%s", b.p);
}

const char *values_unknown(
	const struct frame *f, const struct node *seq, bool (*known)(struct str value))
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	node_each (item, seq) {
		if (b.n < MAX_LIST && !known(item->text))
			buf_printf(&b, "%s" STR_FMT, b.n ? ", " : "", STR_ARG(item->text));
	}
	return fmt_in(f, "%s", b.p);
}

static bool check_type(const struct frame *f, const struct node *value, const struct subkey *key)
{
	struct frame entry = FRAME_AT(f, key->name);

	switch (key->type) {
	case ANY:
		return true;
	case STRING:
		return want_string(f, value, key->name.p);
	case BOOL:
		return want_bool(f, value, key->name.p);
	case STRINGS:
		return want_strings(f, value, key->name.p);
	case STRINGS_OR_STRING:
		return want_strings_or_string(f, value, key->name.p);
	case MAP:
		return want_map(f, value, key->name.p);
	case ENTRY_STRINGS:
		return want_strings(&entry, value, NULL);
	case ENTRY_BOOL:
		return want_bool(&entry, value, NULL);
	}
	return true;
}

bool check_scope(const struct frame *f, const struct node *map, enum scope scope)
{
	bool ok = check_scope_keys(f, map, scope, "config contains unknown keys");

	for (size_t i = scopes[scope].first; i < scopes[scope].end; i++) {
		const struct node *value = node_get_str(map, subkeys[i].name);

		if (!node_is_null(value) && !check_type(f, value, &subkeys[i]))
			ok = false;
	}
	return ok;
}

const struct node *get_node(const struct node *map, const char *key)
{
	const struct node *value = node_get(map, key);

	return node_is_null(value) ? NULL : value;
}

struct text get_text(const struct node *map, const char *key)
{
	const struct node *value = node_get(map, key);

	return node_is(value, NODE_STRING) ? text_of(value) : (struct text){STR_NULL, SPAN_NONE};
}

bool get_bool(const struct node *map, const char *key, bool otherwise)
{
	const struct node *value = node_get(map, key);

	return node_is(value, NODE_BOOL) ? value->u.boolean : otherwise;
}

void get_texts(const struct frame *f, const struct node *map, const char *key, struct texts *out)
{
	const struct node *value = get_node(map, key);

	if (!value || value->kind == NODE_MAP)
		return;
	texts_of(f, value, out);
}
