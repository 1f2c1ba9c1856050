/* The shape of an include item where it is kept for later: in trigger:include. */
#include "base/base.h"

#include "config/include.h"
#include "config/readers.h"

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
	if (in_trigger && node_get(item, "artifact") && !get_node(item, "job"))
		fault(&entry, "missing-keyword", item->at,
			"config must specify the job where to fetch the artifact from",
			"'artifact' in %s needs 'job'", subject(f, NULL));
	if (node_get(item, "project") && !get_node(item, "file"))
		fault(&entry, "missing-keyword", item->at,
			"config must specify the file where to fetch the config from",
			"'project' in %s needs 'file'", subject(f, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		n = get_node(item, texts[i]);
		if (n)
			want_string(&entry, n, texts[i]);
	}
	n = get_node(item, "inputs");
	if (n)
		want_map(&entry, n, "inputs");
	n = get_node(item, "rules");
	if (n)
		read_rule_defs(&rules_frame, n, RULES_INCLUDE, &rules);
}
