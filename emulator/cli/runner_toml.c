#include "base/base.h"

#include "emulator/cli/runner_toml.h"
#include "emulator/cli/runner_check.h"
#include "base/diag.h"
#include "yaml/node.h"
#include "emulator/runner/runner_choose.h"

enum section { GLOBAL, RUNNERS, BUILD_DIR, DOCKER, SERVICE };
enum kind {
	TEXT,
	BOOL,
	INT,
	LIST,
	LIST_OR_TEXT,
	TABLE,
	TABLE_BOOL,
	TABLE_LIST,
	KIND_SUB,     /* read by code of its own */
	KIND_SERVER,  /* of no meaning here */
	KIND_NOEFFECT /* would matter, but does not here */
};

struct key {
	const char *name;
	enum section section;
	enum kind kind;
	size_t offset; /* in struct runner_config, or in struct rc_service */
};

#define offset_GLOBAL(field)    offsetof(struct runner_config, field)
#define offset_RUNNERS(field)   offsetof(struct runner_config, field)
#define offset_BUILD_DIR(field) offsetof(struct runner_config, field)
#define offset_DOCKER(field)    offsetof(struct runner_config, field)
#define offset_SERVICE(field)   offsetof(struct rc_service, field)

static const struct key keys[] = {
#define KEY(section, name, kind, field) {#name, section, kind, offset_##section(field)},
#define SUB(section, name)              {#name, section, KIND_SUB, 0},
#define SERVER(section, name)           {#name, section, KIND_SERVER, 0},
#define NOEFFECT(section, name)         {#name, section, KIND_NOEFFECT, 0},
#include "emulator/cli/runner_keys.def"
#undef KEY
#undef SUB
#undef SERVER
#undef NOEFFECT
};

struct reading {
	struct arena *arena;
	struct diags *diags;
	uint32_t file;
	bool notes;
};

static const char *const section_names[] = {
	[GLOBAL] = "the top level",
	[RUNNERS] = "[[runners]]",
	[BUILD_DIR] = "[runners.custom_build_dir]",
	[DOCKER] = "[runners.docker]",
	[SERVICE] = "[[runners.docker.services]]",
};

static struct rc_at at_of(const struct reading *r, const struct node *n)
{
	return (struct rc_at){r->file, n->at.begin.line, n->at.begin.col};
}

static const char *what_is(const struct node *n)
{
	switch (n->kind) {
	case NODE_STRING:
		return n->quoted ? "a string" : n->text.p;
	case NODE_BOOL:
		return "a boolean";
	case NODE_INT:
	case NODE_FLOAT:
		return "a number";
	case NODE_SEQ:
		return "an array";
	case NODE_MAP:
		return "a table";
	case NODE_NULL:
	case NODE_REFERENCE:
		break;
	}
	return "nothing";
}

static void wrong_type(
	const struct reading *r, struct str key, const char *wanted, const struct node *n)
{
	diag_error(r->diags, "config-type", n->at, "'" STR_FMT "' wants %s, not %s", STR_ARG(key),
		wanted, what_is(n));
}

static bool is_text(const struct node *n)
{
	return n->kind == NODE_STRING && n->quoted;
}

static struct rc_text text_of(const struct reading *r, const struct node *n)
{
	return (struct rc_text){n->text, true, at_of(r, n)};
}

static void read_text(const struct reading *r, struct str key, const struct node *n, void *to)
{
	struct rc_text *out = to;
	if (is_text(n))
		*out = text_of(r, n);
	else
		wrong_type(r, key, "a string", n);
}

static void read_bool(const struct reading *r, struct str key, const struct node *n, void *to)
{
	struct rc_bool *out = to;
	if (n->kind == NODE_BOOL)
		*out = (struct rc_bool){n->u.boolean, true, at_of(r, n)};
	else
		wrong_type(r, key, "true or false", n);
}

static void read_int(const struct reading *r, struct str key, const struct node *n, void *to)
{
	struct rc_int *out = to;
	if (n->kind == NODE_INT)
		*out = (struct rc_int){n->u.integer, true, at_of(r, n)};
	else
		wrong_type(r, key, "a whole number", n);
}

static void read_list(
	const struct reading *r, struct str key, const struct node *n, void *to, bool or_text)
{
	struct rc_list *out = to;
	struct rc_list list = {NULL, 0, true, at_of(r, n)};
	if (or_text && is_text(n)) {
		list.v = arena_new(r->arena, struct rc_text);
		list.v[0] = text_of(r, n);
		list.n = 1;
		*out = list;
		return;
	}
	if (n->kind != NODE_SEQ) {
		wrong_type(r, key,
			or_text ? "a string or an array of strings" : "an array of strings", n);
		return;
	}
	list.v = arena_array(r->arena, struct rc_text, n->u.seq.n + 1);
	node_each (item, n) {
		if (!is_text(item)) {
			wrong_type(r, key, "an array of strings", item);
			return;
		}
		list.v[list.n++] = text_of(r, item);
	}
	*out = list;
}

static void table_push(const struct reading *r, struct rc_table *t, size_t *cap, struct str key,
	const struct node *value)
{
	if (t->n == *cap) {
		size_t more = *cap ? *cap * 2 : 8;
		struct rc_pair *v = arena_array(r->arena, struct rc_pair, more);
		if (t->n)
			memcpy(v, t->v, t->n * sizeof(*v));
		t->v = v;
		*cap = more;
	}
	struct rc_text text = text_of(r, value);
	if (value->kind == NODE_BOOL)
		text.v = value->u.boolean ? STR("true") : STR("false");
	t->v[t->n++] = (struct rc_pair){key, text};
}

static void read_table(
	const struct reading *r, struct str key, const struct node *n, void *to, enum kind kind)
{
	struct rc_table *out = to;
	struct rc_table table = {NULL, 0, true, at_of(r, n)};
	size_t cap = 0;
	if (n->kind != NODE_MAP) {
		wrong_type(r, key, "a table", n);
		return;
	}
	node_each_pair(pair, n)
	{
		struct str name = pair->key->text;
		const struct node *value = pair->value;
		if (kind == TABLE_BOOL && value->kind != NODE_BOOL) {
			wrong_type(r, name, "true or false", value);
		} else if (kind == TABLE && !is_text(value)) {
			wrong_type(r, name, "a string", value);
		} else if (kind == TABLE_LIST) {
			struct rc_list list = {NULL, 0, false, {0, 0, 0}};
			read_list(r, name, value, &list, false);
			if (list.set)
				node_each (item, value)
					table_push(r, &table, &cap, name, item);
		} else {
			table_push(r, &table, &cap, name, value);
		}
	}
	*out = table;
}

static void read_key(const struct reading *r, const struct key *k, const struct node *n, void *base)
{
	struct str name = str_c(k->name);
	void *to = (char *)base + k->offset;
	switch (k->kind) {
	case TEXT:
		read_text(r, name, n, to);
		break;
	case BOOL:
		read_bool(r, name, n, to);
		break;
	case INT:
		read_int(r, name, n, to);
		break;
	case LIST:
	case LIST_OR_TEXT:
		read_list(r, name, n, to, k->kind == LIST_OR_TEXT);
		break;
	case TABLE:
	case TABLE_BOOL:
	case TABLE_LIST:
		read_table(r, name, n, to, k->kind);
		break;
	case KIND_SUB:
		break;
	case KIND_SERVER:
		if (r->notes)
			diag_add(r->diags, DIAG_NOTE, "config-server-key", n->at,
				"'%s' has no effect on a machine of one's own", k->name);
		break;
	case KIND_NOEFFECT:
		diag_warn(r->diags, "config-no-effect", n->at, "'%s' has no effect here", k->name);
		break;
	}
}

static const struct key *find_key(enum section section, struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].section == section && str_is(name, keys[i].name))
			return &keys[i];
	return NULL;
}

/* Of all sections, where the section itself has none that is near. */
static const struct key *nearest_elsewhere(struct str name)
{
	struct str names[ARRAY_SIZE(keys)];
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		names[i] = str_c(keys[i].name);
	const struct str *near = str_nearest(name, names, ARRAY_SIZE(keys));
	return near ? &keys[near - names] : NULL;
}

static void unknown_key(const struct reading *r, enum section section, const struct node *key)
{
	struct str names[ARRAY_SIZE(keys) + 2];
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].section == section)
			names[n++] = str_c(keys[i].name);
	if (section == GLOBAL) {
		names[n++] = STR("runners");
		names[n++] = STR("cilocal");
	}
	struct diag *d = diag_warn(r->diags, "config-unknown-key", key->at,
		"unknown key '" STR_FMT "' in %s is left alone", STR_ARG(key->text),
		section_names[section]);
	if (section == SERVICE && str_is(key->text, "image")) {
		diag_note(r->diags, d, SPAN_NONE, "the image of a service is its 'name'");
		return;
	}
	const struct str *near = str_nearest(key->text, names, n);
	if (near) {
		diag_note(r->diags, d, SPAN_NONE, "did you mean '" STR_FMT "'?", STR_ARG(*near));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (str_is(key->text, keys[i].name)) {
			diag_note(r->diags, d, SPAN_NONE, "'%s' belongs to %s", keys[i].name,
				section_names[keys[i].section]);
			return;
		}
	const struct key *other = nearest_elsewhere(key->text);
	if (other)
		diag_note(r->diags, d, SPAN_NONE, "did you mean '%s', which belongs to %s?",
			other->name, section_names[other->section]);
}

static void read_section(
	const struct reading *r, enum section section, const struct node *map, void *base)
{
	node_each_pair(pair, map)
	{
		struct str name = pair->key->text;
		if (section == GLOBAL && (str_is(name, "runners") || str_is(name, "cilocal")))
			continue;
		const struct key *k = find_key(section, name);
		if (k)
			read_key(r, k, pair->value, base);
		else
			unknown_key(r, section, pair->key);
	}
}

/* ---- the sections ---- */

static void read_services(
	const struct reading *r, const struct node *list, struct runner_config *out)
{
	if (list->kind != NODE_SEQ) {
		wrong_type(r, STR("services"), "an array of tables ([[runners.docker.services]])",
			list);
		return;
	}
	struct rc_service *v = arena_array(r->arena, struct rc_service, list->u.seq.n + 1);
	size_t n = 0;
	node_each (item, list) {
		struct rc_service *s = &v[n];
		s->at = at_of(r, item);
		if (is_text(item)) {
			diag_warn(r->diags, "config-old-services", item->at,
				"'services' as a list of names is an old form; write a "
				"[[runners.docker.services]] table with name = \"" STR_FMT "\"",
				STR_ARG(item->text));
			s->name = text_of(r, item);
		} else if (item->kind != NODE_MAP) {
			wrong_type(r, STR("services"), "tables", item);
			continue;
		} else {
			read_section(r, SERVICE, item, s);
			if (!s->name.set) {
				diag_error(r->diags, "config-value", item->at,
					"a [[runners.docker.services]] table wants 'name', the "
					"image");
				continue;
			}
		}
		n++;
	}
	out->docker.services = v;
	out->docker.n_services = n;
}

static void read_docker(const struct reading *r, const struct node *map, struct runner_config *out)
{
	if (map->kind != NODE_MAP) {
		wrong_type(r, STR("docker"), "a table ([runners.docker])", map);
		return;
	}
	out->docker.at = at_of(r, map);
	read_section(r, DOCKER, map, out);
	const struct node *services = node_get(map, "services");
	if (services)
		read_services(r, services, out);
	runner_check_docker(r->diags, map, &out->docker);
}

static void read_build_dir(
	const struct reading *r, const struct node *map, struct runner_config *out)
{
	if (map->kind == NODE_MAP)
		read_section(r, BUILD_DIR, map, out);
	else
		wrong_type(r, STR("custom_build_dir"), "a table ([runners.custom_build_dir])", map);
}

static void read_runner(const struct reading *r, const struct node *map, struct runner_config *out)
{
	out->at = at_of(r, map);
	read_section(r, RUNNERS, map, out);
	const struct node *docker = node_get(map, "docker");
	const struct node *build_dir = node_get(map, "custom_build_dir");
	if (build_dir)
		read_build_dir(r, build_dir, out);
	if (docker)
		read_docker(r, docker, out);
	runner_check(r->diags, map, out);
}

/* One that earlier files had: the same name, or the only one here and there. */
static struct runner_config *earlier_runner(
	const struct runner_configs *all, size_t earlier, const struct node *item, bool only)
{
	const struct node *name = node_get(item, "name");
	if (only && earlier == 1)
		return &all->v[0];
	for (size_t i = 0; i < earlier && name; i++)
		if (str_eq(all->v[i].name.v, name->text))
			return &all->v[i];
	return NULL;
}

static void read_next(const struct reading *r, struct runner_configs *all, size_t earlier,
	const struct node *item, bool only)
{
	struct runner_config *c = earlier_runner(all, earlier, item, only);
	if (!c && all->blocks == RUNNERS_MAX) {
		diag_error(r->diags, "config-value", item->at, "more than %d [[runners]]",
			RUNNERS_MAX);
		return;
	}
	if (!c) {
		c = &all->v[all->blocks];
		if (all->blocks++)
			runner_config_init(c);
		all->n = all->blocks;
	}
	read_runner(r, item, c);
}

static void read_runners(
	const struct reading *r, const struct node *list, struct runner_configs *out)
{
	size_t earlier = out->blocks, n = 0;
	node_each (item, list)
		n += item->kind == NODE_MAP && runner_can_play(item);
	struct runner_config *v = arena_array(r->arena, struct runner_config, earlier + n + 1);
	memcpy(v, out->v, out->n * sizeof(*v));
	out->v = v;
	node_each (item, list) {
		if (item->kind != NODE_MAP) {
			wrong_type(r, STR("runners"), "tables", item);
		} else if (runner_can_play(item)) {
			read_next(r, out, earlier, item, n == 1);
		} else {
			runner_left_out(r->diags, item, n != 0);
			/* What else is wrong is told at once. */
			struct runner_config unused;
			const struct node *docker = node_get(item, "docker");
			runner_config_init(&unused);
			if (!n)
				read_section(r, RUNNERS, item, &unused);
			if (!n && docker)
				read_docker(r, docker, &unused);
		}
	}
}

void runner_toml_read(struct arena *a, const struct node *root, uint32_t file, bool notes,
	struct runner_configs *out, struct diags *d)
{
	struct reading r = {a, d, file, notes};
	const struct node *runners = node_get(root, "runners"), *n = node_get(root, "concurrent");
	read_section(&r, GLOBAL, root, &out->v[0]);
	if (node_is(n, NODE_INT) && n->u.integer < 1)
		diag_error(d, "config-value", n->at, "'concurrent' must be 1 or more");
	if (runners && runners->kind != NODE_SEQ)
		wrong_type(&r, STR("runners"), "an array of tables ([[runners]])", runners);
	else if (runners)
		read_runners(&r, runners, out);
	for (size_t i = 1; i < out->n; i++)
		out->v[i].concurrent = out->v[0].concurrent;
}

void runner_toml_init(struct arena *a, struct runner_configs *out)
{
	*out = (struct runner_configs){.v = arena_new(a, struct runner_config), .n = 1};
	runner_config_init(&out->v[0]);
}

void runner_toml_unused(const struct runner_configs *all, struct diags *d, uint32_t first_source)
{
	if (runners_choose(all))
		return;
	for (size_t i = 1; i < all->n; i++) {
		struct loc at = {
			first_source + all->v[i].at.file, all->v[i].at.line, all->v[i].at.col};
		struct span span = {at, at};
		struct diag *g = diag_warn(d, "config-unused-runner", span,
			"this runner gets no job: the first one takes them all");
		diag_note(d, g, SPAN_NONE,
			"GitLab chooses by tags, which it has from the registration; give them "
			"here: tags = [\"...\"] and run_untagged = true or false");
	}
}
