#include "base/base.h"
#include "vars/varfile.h"
#include "source/source.h"
#include "vars/dotenv.h"
#include "yaml/node.h"
#include "yaml/yaml.h"

struct ctx {
	struct arena *a;
	const struct source *src;
	struct diags *d;
	const struct varfile_options *opt;
	struct varset *out;
	unsigned errors; /* of before */
};

static const struct str value_keys[] = {
	STR_INIT("value"),
	STR_INIT("values"),
	STR_INIT("type"),
	STR_INIT("masked"),
	STR_INIT("raw"),
	STR_INIT("expand"),
	STR_INIT("environment"),
	STR_INIT("environments"),
	STR_INIT("protected"),
	STR_INIT("description"),
	STR_INIT("hidden"),
	STR_INIT("options"),
};

/* GitLab, app/models/concerns/ci/has_variable.rb. */
static bool is_name(struct str s)
{
	return str_is_word(s) && s.n <= 255;
}

/* The content of the file that a variable names; keeps the path where it cannot be read. */
static struct str file_content(struct ctx *c, struct str path, struct span at)
{
	struct str content;

	if (!c->opt->read_file)
		return path;
	if (c->opt->read_file(c->opt->ctx, path, c->a, &content) == 0)
		return content;
	diag_warn(c->d, "variable-file", at, "file '" STR_FMT "' of this variable can't be read",
		STR_ARG(path));
	return path;
}

static void put(struct ctx *c, struct var v, const struct node *value, struct str scope)
{
	if (!node_is_scalar(value) && !node_is_null(value)) {
		diag_error(c->d, "variable-value", value->at,
			"value of variable '" STR_FMT "' must be a scalar, not a %s",
			STR_ARG(v.key), node_kind_name(value->kind));
		return;
	}
	v.value = value ? value->text : STR("");
	v.at = value ? value->at : v.at;
	v.env_scope = scope.n ? arena_cstr(c->out->arena, scope) : NULL;
	bool path = v.value.n && (v.value.p[0] == '/' || v.value.p[0] == '~');
	if (c->opt->form == VARFILE_GITLAB_CI_LOCAL && path && value->kind == NODE_STRING) {
		v.file = true;
		v.value = file_content(c, v.value, v.at);
	}
	varset_put(c->out, &v);
}

static bool flag(struct ctx *c, const struct node *map, const char *key, bool otherwise)
{
	const struct node *n = node_get(map, key);

	if (!n || n->kind == NODE_NULL)
		return otherwise;
	if (n->kind == NODE_BOOL)
		return n->u.boolean;
	diag_error(c->d, "variable-flag", n->at, "'%s' should be true or false", key);
	return otherwise;
}

static void check_keys(struct ctx *c, const struct node *map)
{
	node_each_pair(pair, map)
	{
		bool known = false;

		for (size_t i = 0; i < ARRAY_SIZE(value_keys); i++)
			known |= str_eq(pair->key->text, value_keys[i]);
		if (known)
			continue;
		struct diag *g = diag_warn(c->d, "variable-key", pair->key->at,
			"unknown key '" STR_FMT "' of a variable is ignored",
			STR_ARG(pair->key->text));
		const struct str *near =
			str_nearest(pair->key->text, value_keys, ARRAY_SIZE(value_keys));
		if (near)
			diag_note(
				c->d, g, SPAN_NONE, "did you mean '" STR_FMT "'?", STR_ARG(*near));
	}
}

/* {value: ..., values: {...}, type: ..., ...} */
static void read_mapping(struct ctx *c, struct var v, const struct node *map)
{
	const struct node *type = node_get(map, "type"), *values = node_get(map, "values");
	const struct node *scope = node_get(map, "environment");

	check_keys(c, map);
	if (flag(c, map, "protected", false) && !c->opt->ref_protected)
		return;
	v.masked = flag(c, map, "masked", false) || flag(c, map, "hidden", false);
	v.raw = flag(c, map, "raw", !flag(c, map, "expand", true));
	if (type && str_is(type->text, "file"))
		v.file = true;
	else if (type && !str_is(type->text, "variable") && !str_is(type->text, "env_var"))
		diag_error(c->d, "variable-type", type->at,
			"type '" STR_FMT "' should be variable, env_var or file",
			STR_ARG(type->text));
	struct str at_scope = scope ? scope->text : STR("*");
	if (node_get(map, "value") || !values)
		put(c, v, node_get(map, "value"), at_scope);
	if (!values)
		return;
	if (values->kind != NODE_MAP) {
		put(c, v, values, at_scope);
		return;
	}
	node_each_pair(pair, values) put(c, v, pair->value, pair->key->text);
}

/* ---- secrets ---- */

static void put_secret(struct ctx *c, struct str path, const struct node *key, const struct node *n)
{
	struct var v = {.key = path,
		.value = n->text,
		.at = key->at,
		.from = c->src->name.p,
		.layer = VAR_PROJECT,
		.masked = true,
		.raw = true};

	varset_put(c->opt->secrets, &v);
}

/* Nested mappings are parts of the path. */
static void read_secrets(struct ctx *c, struct str path, const struct node *map)
{
	node_each_pair(pair, map)
	{
		struct str to = pair->key->text;

		if (path.n)
			to = arena_printf(c->a, STR_FMT "/" STR_FMT, STR_ARG(path), STR_ARG(to));
		if (pair->value->kind == NODE_MAP)
			read_secrets(c, to, pair->value);
		else if (node_is_scalar(pair->value))
			put_secret(c, to, pair->key, pair->value);
		else
			diag_error(c->d, "secret-value", pair->value->at,
				"secret '" STR_FMT "' must be a text, not a %s", STR_ARG(to),
				node_kind_name(pair->value->kind));
	}
}

/* A variable may be called so too: {secrets: {value: ...}}, {secrets: text}. */
static bool is_secrets(const struct node *key, const struct node *value)
{
	return str_is(key->text, "secrets") && value->kind == NODE_MAP &&
	       !node_get(value, "value") && !node_get(value, "values");
}

static void take_secrets(struct ctx *c, const struct node *key, const struct node *map)
{
	if (c->opt->secrets)
		read_secrets(c, STR_NULL, map);
	else
		diag_error(c->d, "secrets-table", key->at,
			"'secrets' belongs to a file of settings, not to one of pipeline "
			"variables");
}

static void read_vars(struct ctx *c, const struct node *map, enum var_layer layer, bool flat)
{
	if (node_is_null(map))
		return;
	if (map->kind != NODE_MAP) {
		diag_error(c->d, "variables-mapping", map->at,
			"variables should be a mapping, not a %s", node_kind_name(map->kind));
		return;
	}
	node_each_pair(pair, map)
	{
		struct var v = {
			.key = pair->key->text,
			.at = pair->key->at,
			.from = c->src->name.p,
			.layer = layer,
			.internal = layer != VAR_PIPELINE,
		};
		if (flat && is_secrets(pair->key, pair->value)) {
			take_secrets(c, pair->key, pair->value);
			continue;
		}
		if (!is_name(v.key)) {
			diag_error(c->d, "variable-name", pair->key->at,
				"'" STR_FMT "' is no variable name: letters, digits and '_' only",
				STR_ARG(v.key));
			continue;
		}
		if (pair->value->kind == NODE_MAP)
			read_mapping(c, v, pair->value);
		else
			put(c, v, pair->value, STR("*"));
	}
}

/* "gitlab.com:group/project.git" and "gitlab.com/group/project/" to one form without an end. */
static struct str plain_path(struct ctx *c, struct str path)
{
	struct str out = arena_str(c->a, path);

	for (size_t i = 0; i < out.n; i++)
		if (out.p[i] == ':' && (i + 1 == out.n || !isdigit((unsigned char)out.p[i + 1])))
			((char *)out.p)[i] = '/';
	if (str_ends(out, STR(".git")))
		out.n -= 4;
	while (out.n && out.p[out.n - 1] == '/')
		out.n--;
	return out;
}

static bool names_group(struct str key, struct str project)
{
	return key.n < project.n && str_starts(project, key) && project.p[key.n] == '/';
}

/*
 * gitlab-ci-local looks for the key anywhere in host/group/project.git; so "group/project.git"
 * without a host fits too.
 */
static bool fits(struct ctx *c, struct str key, bool group)
{
	struct str path = plain_path(c, key), project = c->opt->project;

	if (!path.n || !project.n)
		return false;
	if (group ? names_group(path, project) : str_eq(path, project))
		return true;
	if (c->opt->form != VARFILE_GITLAB_CI_LOCAL)
		return false;
	struct str hay = arena_printf(c->a, STR_FMT "%s", STR_ARG(project), group ? "" : ".git");
	return str_find(hay, group ? path : key) != STR_NPOS;
}

/*
 * A variable that was put where paths belong would go unseen. gitlab-ci-local takes any part of a
 * path for a key.
 */
static void check_path_key(struct ctx *c, const struct node_pair *pair, bool group)
{
	const char *what = group ? "group" : "project";
	struct str key = pair->key->text;
	bool path = str_chr(key, '/') != STR_NPOS;

	if (pair->value->kind != NODE_MAP && !node_is_null(pair->value))
		diag_error(c->d, "variables-mapping", pair->value->at,
			"'" STR_FMT "' under '%s' must be the path of a %s (HOST/GROUP%s) with a "
			"mapping of its variables, not a %s",
			STR_ARG(key), what, what, group ? "" : "/PROJECT",
			node_kind_name(pair->value->kind));
	else if (!path && c->opt->form == VARFILE_CILOCAL && !fits(c, key, group))
		diag_warn(c->d, "variables-path", pair->key->at,
			"'" STR_FMT "' under '%s' is no path of a %s (HOST/GROUP%s), so nothing "
			"gets these variables",
			STR_ARG(key), what, what, group ? "" : "/PROJECT");
}

/* Under group: and project:, mappings by path; shorter paths first, so that the nearest group wins.
 */
static void read_by_path(struct ctx *c, const struct node *map, enum var_layer layer, bool group)
{
	if (node_is_null(map))
		return;
	if (map->kind != NODE_MAP) {
		diag_error(c->d, "variables-mapping", map->at, "'%s' should be a mapping of paths",
			group ? "group" : "project");
		return;
	}
	node_each_pair(pair, map) check_path_key(c, pair, group);
	size_t done = 0, longest = 0;
	for (size_t want = 0; done < map->u.map.n; want = longest + 1) {
		size_t next = SIZE_MAX;

		node_each_pair(pair, map)
		{
			size_t n = pair->key->text.n;

			if (n == want) {
				done++;
				if (node_is(pair->value, NODE_MAP) &&
					fits(c, pair->key->text, group))
					read_vars(c, pair->value, layer, false);
			} else if (n > want && n < next) {
				next = n;
			}
		}
		if (next == SIZE_MAX)
			break;
		longest = next - 1;
	}
}

static void read_sections(struct ctx *c, const struct node *root)
{
	node_each_pair(pair, root)
	{
		struct str k = pair->key->text;

		if (str_is(k, "global") || str_is(k, "instance"))
			read_vars(c, pair->value, VAR_INSTANCE, false);
		else if (str_is(k, "group"))
			read_by_path(c, pair->value, VAR_GROUP, true);
		else if (str_is(k, "project"))
			read_by_path(c, pair->value, VAR_PROJECT, false);
		else if (is_secrets(pair->key, pair->value))
			take_secrets(c, pair->key, pair->value);
		else
			diag_warn(c->d, "variables-section", pair->key->at,
				"section '" STR_FMT
				"' is ignored: this file has sections instance, group and project",
				STR_ARG(k));
	}
}

static bool has_sections(const struct node *root)
{
	static const char *const names[] = {"global", "instance", "group", "project"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct node *n = node_get(root, names[i]);

		if (n && (n->kind == NODE_MAP || n->kind == NODE_NULL))
			return true;
	}
	return false;
}

/* The first line that is neither blank nor a comment; empty without one. */
static struct str first_line(struct str text)
{
	struct str_split lines = str_split(text, '\n');
	struct str line;

	while (str_split_next(&lines, &line)) {
		line = str_trim(line);
		if (line.n && line.p[0] != '#')
			return line;
	}
	return STR_NULL;
}

static bool looks_like_dotenv(struct str line)
{
	if (str_starts(line, STR("export ")))
		return true;
	size_t eq = str_chr(line, '=');
	return eq != STR_NPOS && is_name(str_trim(str_sub(line, 0, eq)));
}

bool varfile_read(struct arena *a, const struct source *src, struct diags *d,
	const struct varfile_options *opt, struct varset *out)
{
	struct ctx c = {a, src, d, opt, out, d->errors};
	struct str first = first_line(src->text);

	if (!first.n)
		return true;
	if (looks_like_dotenv(first))
		return dotenv_read(a, src, d, opt->flat_layer, out);
	struct node *root = yaml_read(a, src, d);
	if (!root)
		return d->errors == c.errors;
	if (root->kind != NODE_MAP) {
		diag_error(d, "variables-mapping", root->at,
			"a file of variables holds a mapping, not a %s",
			node_kind_name(root->kind));
		return false;
	}
	if (has_sections(root))
		read_sections(&c, root);
	else
		read_vars(&c, root, opt->flat_layer, true);
	return d->errors == c.errors;
}
