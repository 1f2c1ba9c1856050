/*
 * From the items of `include` to questions: rules, patterns, variables, selector, in GitLab's order
 * (lib/gitlab/ci/config/external/mapper: normalizer, filter, location_expander, variables_expander,
 * matcher).
 */
#include "base/base.h"

#include "config/clauses.h"
#include "config/include.h"
#include "config/readers.h"

#include "expr/expr.h"
#include "vars/facts.h"
#include "vars/varset.h"
#include "yaml/yaml.h"

struct selector {
	const char *key;
	enum include_kind kind;
};
static const struct selector selectors[] = {
	{"local", INCLUDE_LOCAL},
	{"project", INCLUDE_PROJECT},
	{"remote", INCLUDE_REMOTE},
	{"template", INCLUDE_TEMPLATE},
	{"artifact", INCLUDE_ARTIFACT},
	{"component", INCLUDE_COMPONENT},
};
#define SELECTORS "`local`, `project`, `remote`, `template`, `artifact`, `component`"

struct entry_ctx {
	struct config_state *s;
	struct include_file *file; /* that holds the entry */
	struct frame frame;
	const struct varset *vars;
	bool header; /* of spec:include */
};

static bool mask_one(void *ctx, const struct var *v)
{
	struct str *s = ctx;
	struct str rest = *s;
	size_t at;

	if (!v->masked || !v->value.n)
		return true;
	while ((at = str_find(rest, v->value)) != STR_NPOS) {
		memset((char *)rest.p + at, 'x', v->value.n);
		rest = str_from(rest, at + v->value.n);
	}
	return true;
}

struct str mask_location(struct config_state *s, struct str text)
{
	struct str copy = arena_str(s->pub.arena, text);

	if (s->include_vars)
		varset_each(s->include_vars, mask_one, &copy);
	return copy;
}

/* `x` with a fault of GitLab's external files, which have no location. */
static void PRINTF_LIKE(5, 6) entry_fault(struct entry_ctx *e, const char *code, struct span at,
	const char *ours, const char *gitlab, ...)
{
	struct str text;
	va_list ap;

	va_start(ap, gitlab);
	text = arena_vprintf(e->s->pub.arena, gitlab, ap);
	va_end(ap);
	fault(&e->frame, code, at, fmt_in(&e->frame, "=" STR_FMT, STR_ARG(text)), "%s", ours);
}

static struct str expand_text(struct entry_ctx *e, struct str text)
{
	static const struct varset none;

	if (str_chr(text, '$') == STR_NPOS && str_chr(text, '%') == STR_NPOS)
		return text;
	return expand(e->s->pub.arena, text, e->vars ? e->vars : &none, EXPAND_SERVER);
}

static bool is_url(struct str s)
{
	return str_starts(s, STR("http://")) || str_starts(s, STR("https://")) ||
	       str_starts(s, STR("ssh://")) || str_starts(s, STR("git://"));
}

bool include_has_extension(struct str path)
{
	size_t slash = str_rchr(path, '/'), dot;
	struct str base = slash == STR_NPOS ? path : str_from(path, slash + 1);

	dot = str_rchr(base, '.');
	return dot != STR_NPOS && dot > 0 &&
	       (str_ieq(str_from(base, dot), STR(".yml")) ||
		       str_ieq(str_from(base, dot), STR(".yaml")));
}

/* --- rules --- */

static bool lookup(void *ctx, struct str name, struct str *value)
{
	const struct entry_ctx *e = ctx;
	const struct var *var = e->vars ? varset_get(e->vars, name) : NULL;

	if (var)
		*value = var->value;
	return var != NULL;
}

/* CLAUSE_INVALID: reported. */
static enum clause_verdict rule_holds(struct entry_ctx *e, const struct rule_def *rule)
{
	struct clause_ctx ctx = {
		.arena = e->s->pub.arena,
		.facts = e->s->pub.facts,
		.vars = e->vars,
		.project = e->file->ctx.project,
		.ref = e->file->ctx.ref,
		.file_exists = e->s->file_exists,
		.ctx = e->s->ctx,
	};
	struct expr_env env = {.variable = lookup, .ctx = e};
	enum clause_verdict verdict = CLAUSE_TRUE;
	struct str why = STR_NULL;

	if (rule->expr && !expr_eval(rule->expr, ctx.arena, &env, NULL, NULL, NULL))
		return CLAUSE_FALSE;
	if (rule->changes)
		verdict = clause_changes(&ctx, rule->changes, &why);
	if (verdict == CLAUSE_TRUE && rule->exists)
		verdict = clause_exists(&ctx, rule->exists, &why);
	if (verdict == CLAUSE_INVALID)
		fault(&e->frame, "bad-rule", rule->at, fmt_in(&e->frame, "=" STR_FMT, STR_ARG(why)),
			"a rule of an include: " STR_FMT, STR_ARG(why));
	return verdict;
}

static bool is_wanted(struct entry_ctx *e, const struct node *item)
{
	struct frame include = FRAME_IN(&e->frame, "include"),
		     rules_frame = FRAME_IN(&include, "rules");
	const struct node *n = get_node(item, "rules");
	unsigned before = e->s->pub.diags->errors;
	struct rule_defs rules = {.n = 0};

	if (!n)
		return true;
	read_rule_defs(&rules_frame, n, RULES_INCLUDE, &rules);
	if (e->s->pub.diags->errors != before)
		return false;
	for (size_t i = 0; i < rules.n; i++) {
		enum clause_verdict verdict = rule_holds(e, &rules.v[i]);

		if (verdict == CLAUSE_INVALID)
			return false;
		if (verdict == CLAUSE_TRUE)
			return rules.v[i].when != WHEN_NEVER;
	}
	return false;
}

/* --- the forms --- */

static struct include_file *add(
	struct entry_ctx *e, enum include_kind kind, const struct node *item, struct str location)
{
	struct include_file *file = include_add(e->s, e->file, kind, item);

	if (!file)
		return NULL;
	file->location = mask_location(e->s, location);
	file->path = location;
	file->inputs = node_is(item, NODE_MAP) ? get_node(item, "inputs") : NULL;
	file->is_header = e->header;
	return file;
}

/* A file of the project that holds the entry, at the same commit. */
static void add_local(struct entry_ctx *e, const struct node *item, const struct node *at,
	struct str path, bool pattern)
{
	const struct include_context *ctx = &e->file->ctx;
	struct include_file *file;
	struct str shown;

	if (!ctx->has_project) {
		shown = mask_location(e->s, path);
		entry_fault(e, "include-without-project", at->at,
			"a 'local' include has no project here, inside a remote file or a template",
			"Local file `" STR_FMT "` does not have project!", STR_ARG(shown));
		return;
	}
	/* As GitLab does, before the location is shown: external/file/local.rb. */
	while (path.n && path.p[0] == '/')
		path = str_from(path, 1);
	if (!pattern && !is_plain_path(path)) {
		shown = mask_location(e->s, path);
		entry_fault(e, "include-not-found", at->at,
			"a 'local' include is a path from the project's root, without '.', '..' "
			"and empty parts",
			"Local file `" STR_FMT "` does not exist!", STR_ARG(shown));
		return;
	}
	file = add(e, INCLUDE_LOCAL, item, path);
	if (!file)
		return;
	file->project = ctx->project;
	file->ref = ctx->ref;
	file->ctx = *ctx;
	include_ask(
		e->s, file, pattern ? WANT_LOCAL_GLOB : WANT_LOCAL, path, ctx->project, ctx->ref);
}

static void add_project(struct entry_ctx *e, const struct node *item, const struct node *at,
	struct str project, struct str path)
{
	struct include_file *file = add(e, INCLUDE_PROJECT, item, path);
	const struct node *ref = get_node(item, "ref");

	UNUSED(at);
	if (!file)
		return;
	while (path.n && path.p[0] == '/')
		path = str_from(path, 1);
	file->path = path;
	file->project = project;
	file->ref = node_is(ref, NODE_STRING) ? expand_text(e, ref->text) : STR("");
	file->ctx = (struct include_context){.has_project = true,
		.has_vars = e->file->ctx.has_vars,
		.project = project,
		.ref = file->ref};
	include_ask(e->s, file, WANT_PROJECT, path, project, file->ref);
}

static void add_remote(
	struct entry_ctx *e, const struct node *item, const struct node *at, struct str url)
{
	struct include_file *file;
	const struct node *n;

	if (!str_starts(url, STR("http://")) && !str_starts(url, STR("https://"))) {
		struct str shown = mask_location(e->s, url);

		entry_fault(e, "bad-url", at->at, "a 'remote' include must be an http(s) address",
			"Remote file `" STR_FMT "` does not have a valid address!", STR_ARG(shown));
		return;
	}
	file = add(e, INCLUDE_REMOTE, item, url);
	if (!file)
		return;
	include_ask(e->s, file, WANT_REMOTE, url, STR(""), STR(""));
	if (!node_is(item, NODE_MAP))
		return;
	n = get_node(item, "integrity");
	if (node_is(n, NODE_STRING))
		file->want->pub.integrity = n->text;
	n = get_node(item, "cache");
	if (node_is(n, NODE_STRING))
		file->want->pub.cache = n->text;
	else if (node_is(n, NODE_BOOL) && n->u.boolean)
		file->want->pub.cache = STR("1 hour");
}

static void add_template(
	struct entry_ctx *e, const struct node *item, const struct node *at, struct str name)
{
	struct include_file *file;

	if (!str_ends(name, STR(".gitlab-ci.yml")) || name.n == strlen(".gitlab-ci.yml") ||
		str_find(name, STR("..")) != STR_NPOS) {
		struct str shown = mask_location(e->s, name);

		entry_fault(e, "bad-template", at->at,
			"the name of a template must end in '.gitlab-ci.yml'",
			"Template file `" STR_FMT "` is not a valid location!", STR_ARG(shown));
		return;
	}
	file = add(e, INCLUDE_TEMPLATE, item, name);
	if (file)
		include_ask(e->s, file, WANT_TEMPLATE, name, STR(""), STR(""));
}

static void add_component(
	struct entry_ctx *e, const struct node *item, const struct node *at, struct str address)
{
	size_t version = str_rchr(address, '@');
	struct str path = str_sub(address, 0, version == STR_NPOS ? address.n : version);
	struct str shown = mask_location(e->s, address);
	struct include_file *file;
	size_t name = str_rchr(path, '/');

	if (!e->file->ctx.has_project) {
		entry_fault(e, "include-without-project", at->at,
			"a component can't be used inside a remote file or a template",
			"Unable to use components outside of a project context");
		return;
	}
	if (version == STR_NPOS || version + 1 == address.n || name == STR_NPOS ||
		str_chr(path, '/') == name || name + 1 == path.n) {
		entry_fault(e, "bad-component", at->at,
			"a component's address is host/project/name@version",
			"Component '" STR_FMT "' - the component path is not supported",
			STR_ARG(shown));
		return;
	}
	file = add(e, INCLUDE_COMPONENT, item, address);
	if (!file)
		return;
	file->ref = str_from(address, version + 1);
	file->ctx = (struct include_context){.has_project = true,
		.has_vars = e->file->ctx.has_vars,
		.project = str_sub(path, str_chr(path, '/') + 1, name),
		.ref = file->ref};
	include_ask(e->s, file, WANT_COMPONENT, path, STR(""), file->ref);
}

static void add_artifact(
	struct entry_ctx *e, const struct node *item, const struct node *at, struct str path)
{
	const struct node *job = get_node(item, "job");
	struct include_file *file;

	if (!e->s->pub.facts || !str_is(e->s->pub.facts->source, "parent_pipeline")) {
		entry_fault(e, "artifact-include", at->at,
			"an artifact can only be included by a trigger job's child pipeline",
			"Including configs from artifacts is only allowed when triggering child "
			"pipelines");
		return;
	}
	if (!node_is(job, NODE_STRING) || !job->text.n) {
		entry_fault(e, "missing-keyword", at->at, "'artifact' needs 'job'",
			"Job must be provided when including configs from artifacts");
		return;
	}
	file = add(e, INCLUDE_ARTIFACT, item, path);
	if (!file)
		return;
	file->project = expand_text(e, job->text);
	file->ctx = (struct include_context){.has_project = true, .has_vars = true};
	include_ask(e->s, file, WANT_ARTIFACT, path, file->project, STR(""));
}

static bool check_path(struct entry_ctx *e, const struct node *n, struct str path)
{
	struct str shown;

	if (n->kind != NODE_STRING) {
		shown = mask_location(e->s, n->text);
		entry_fault(e, "wrong-type", n->at,
			fmt_in(&e->frame, "an include must name a file, not %s",
				found(&e->frame, n)),
			"Included file `" STR_FMT "` needs to be a string", STR_ARG(shown));
		return false;
	}
	if (include_has_extension(path))
		return true;
	/* As it is shown of a local file: without the slashes in front. */
	while (path.n && path.p[0] == '/')
		path = str_from(path, 1);
	shown = mask_location(e->s, path);
	entry_fault(e, "bad-extension", n->at,
		fmt_in(&e->frame, "included file '" STR_FMT "' must end in .yml or .yaml",
			STR_ARG(shown)),
		"Included file `" STR_FMT "` does not have YAML extension!", STR_ARG(shown));
	return false;
}

static void add_project_files(
	struct entry_ctx *e, const struct node *item, const struct node *value)
{
	const struct node *files = get_node(item, "file");
	struct str project;

	if (value->kind != NODE_STRING) {
		check_path(e, value, value->text);
		return;
	}
	project = lower_case(e->s->pub.arena, expand_text(e, value->text));
	if (node_is(files, NODE_SEQ)) {
		node_each (n, files) {
			struct str path = expand_text(e, n->text);

			if (check_path(e, n, path))
				add_project(e, item, n, project, path);
		}
	} else {
		struct str path = expand_text(e, files->text);

		if (check_path(e, files, path))
			add_project(e, item, files, project, path);
	}
}

static void add_selected(struct entry_ctx *e, const struct node *item, const struct selector *sel)
{
	const struct node *value = get_node(item, sel->key);
	/* Patterns are looked for before variables are expanded. */
	bool pattern = sel->kind == INCLUDE_LOCAL && str_chr(value->text, '*') != STR_NPOS;
	struct str text = expand_text(e, value->text);

	if (sel->kind == INCLUDE_PROJECT) {
		add_project_files(e, item, value);
		return;
	}
	if (sel->kind == INCLUDE_COMPONENT || sel->kind == INCLUDE_TEMPLATE) {
		if (value->kind != NODE_STRING)
			check_path(e, value, text);
		else if (sel->kind == INCLUDE_COMPONENT)
			add_component(e, item, value, text);
		else
			add_template(e, item, value, text);
		return;
	}
	if (!pattern && !check_path(e, value, text))
		return;
	if (sel->kind == INCLUDE_LOCAL)
		add_local(e, item, value, pattern ? value->text : text, pattern);
	else if (sel->kind == INCLUDE_REMOTE)
		add_remote(e, item, value, text);
	else
		add_artifact(e, item, value, text);
}

static bool is_blank_text(struct entry_ctx *e, const struct node *n)
{
	if (node_is_blank(n))
		return true;
	return n->kind == NODE_STRING && str_is_blank(expand_text(e, n->text));
}

/* The item with its variables replaced, as JSON, for messages. */
static struct str shown_item(struct entry_ctx *e, const struct node *item)
{
	struct node *copy = node_new(e->s->pub.arena, NODE_MAP, item->at);
	CLEANUP(buf_release) struct buf json = BUF_INIT;

	if (item->kind == NODE_STRING)
		node_map_put(e->s->pub.arena, copy,
			node_new_str(e->s->pub.arena, STR("local"), item->at),
			node_new_str(e->s->pub.arena, expand_text(e, item->text), item->at));
	else
		node_each_pair(pair, item)
		{
			struct node *value = pair->value;

			if (value->kind == NODE_STRING)
				value = node_new_str(
					e->s->pub.arena, expand_text(e, value->text), value->at);
			node_map_put(e->s->pub.arena, copy, pair->key, value);
		}
	yaml_write_json(&json, copy, 0);
	return mask_location(e->s, str_sub(buf_str(&json), 0, MIN(json.n, (size_t)2000)));
}

static void say_no_form(struct entry_ctx *e, const struct node *item, const char *ours)
{
	struct str shown = shown_item(e, item);

	entry_fault(e, "no-include-form", item->at, ours,
		"`" STR_FMT
		"` does not have a valid subkey for include. Valid subkeys are: " SELECTORS,
		STR_ARG(shown));
}

static void add_text(struct entry_ctx *e, const struct node *item)
{
	struct str text = expand_text(e, item->text);

	if (str_is_blank(text)) {
		say_no_form(e, item, "the path of an include is empty");
	} else if (is_url(text)) {
		if (check_path(e, item, text))
			add_remote(e, item, item, text);
	} else if (str_chr(text, '*') != STR_NPOS) {
		add_local(e, item, item, text, true);
	} else if (check_path(e, item, text)) {
		add_local(e, item, item, text, false);
	}
}

/* The one selector of a mapping; a project counts only with its file, as in GitLab. */
static const struct selector *find_selector(struct entry_ctx *e, const struct node *item)
{
	const struct selector *found_one = NULL;
	unsigned n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(selectors); i++) {
		const struct node *value = get_node(item, selectors[i].key);

		if (!value || is_blank_text(e, value))
			continue;
		if (selectors[i].kind == INCLUDE_PROJECT && node_is_blank(get_node(item, "file")))
			continue;
		found_one = &selectors[i];
		n++;
	}
	if (n > 1)
		entry_fault(e, "exclusive-keywords", item->at,
			"an include can name only one of 'local', 'project', 'remote', 'template', "
			"'artifact' and 'component'",
			"Each include must use only one of: " SELECTORS);
	if (!n)
		say_no_form(e, item,
			node_get(item, "project") && !get_node(item, "file")
				? "an include of a project needs 'file'"
				: "an include must name one of 'local', 'project', 'remote', "
				  "'template', 'artifact' and 'component'");
	return n == 1 ? found_one : NULL;
}

static void warn_unknown(struct entry_ctx *e, const struct node *item)
{
	static const char known[] = "local project remote template artifact component file ref job "
				    "inputs rules integrity cache with";

	node_each_pair(pair, item)
	{
		if (!is_one_of(pair->key->text, known))
			diag_warn(e->s->pub.diags, "unknown-keyword", pair->key->at,
				"unknown keyword '" STR_FMT "' of an include, which has no effect",
				STR_ARG(pair->key->text));
	}
}

/* What the entries of `spec:include` may hold (GitLab, lib/gitlab/ci/config/header/include.rb). */
/* GitLab looks at them only where the file is a remote one. */
static void warn_remote_options(struct entry_ctx *e, const struct node *item)
{
	static const char *const options[] = {"integrity", "cache"};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (get_node(item, options[i]))
			diag_warn(e->s->pub.diags, "no-effect", span_of_key(item, options[i]),
				"'%s' has an effect only with 'remote'", options[i]);
}

static bool check_header_keys(struct entry_ctx *e, const struct node *item)
{
	static const char known[] = "local file remote project ref integrity cache";
	bool ok = true;

	node_each_pair(pair, item)
	{
		if (is_one_of(pair->key->text, known))
			continue;
		entry_fault(e, "unknown-keyword", pair->key->at,
			fmt_in(&e->frame, "unknown keyword '" STR_FMT "' in 'spec:include'",
				STR_ARG(pair->key->text)),
			"header:spec:include:include config contains unknown keys: " STR_FMT,
			STR_ARG(pair->key->text));
		ok = false;
	}
	return ok;
}

static void add_known_item(struct entry_ctx *e, const struct node *item)
{
	struct frame include = FRAME_IN(&e->frame, "include");
	const struct selector *sel;

	if (item->kind == NODE_STRING) {
		add_text(e, item);
		return;
	}
	if (item->kind != NODE_MAP) {
		entry_fault(e, "wrong-type", item->at,
			fmt_in(&e->frame, "an include must be a path or a mapping, not %s",
				found(&e->frame, item)),
			"Each include must be a hash or a string");
		return;
	}
	if (!is_wanted(e, item))
		return;
	sel = find_selector(e, item);
	if (!sel)
		return;
	if (sel->kind != INCLUDE_REMOTE && !e->header)
		warn_remote_options(e, item);
	else if (!check_remote_options(&include, item, sel->kind == INCLUDE_REMOTE))
		return;
	if (e->header && (sel->kind == INCLUDE_TEMPLATE || sel->kind == INCLUDE_COMPONENT ||
				 sel->kind == INCLUDE_ARTIFACT)) {
		entry_fault(e, "bad-header-include", item->at,
			"'spec:include' takes only 'local', 'remote' and 'project'",
			"Each include must use only one of: `local`, `remote`, `project`");
		return;
	}
	if (e->header && !check_header_keys(e, item))
		return;
	if (!e->header)
		warn_unknown(e, item);
	add_selected(e, item, sel);
}

/* An entry that is refused, or not known, would have brought something. */
static void add_item(struct entry_ctx *e, const struct node *item)
{
	struct config *c = &e->s->pub;
	unsigned before = c->diags->errors;
	bool unknown = has_unknown(c) && holds_unknown(item);

	if (!unknown)
		add_known_item(e, item);
	if (!unknown && c->diags->errors == before)
		return;
	if (e->header)
		e->file->lacks_header = true;
	else
		c->incomplete = true;
}

static void each_item(
	struct config_state *s, struct include_file *file, const struct node *list, bool header)
{
	struct entry_ctx e = {
		.s = s,
		.file = file,
		.frame = FRAME_ROOT(&s->pub), /* GitLab names no file for faults of entries */
		.vars = include_vars(s, file),
		.header = header,
	};

	if (node_is_null(list) && !node_is_unknown(list))
		return;
	if (header && list->kind == NODE_MAP) {
		entry_fault(&e, "wrong-type", list->at,
			"'spec:include' must be a list or a path, not a mapping",
			"header:spec:include config should be an array or a string");
		return;
	}
	if (list->kind != NODE_SEQ) {
		add_item(&e, list);
		return;
	}
	node_each (item, list) {
		if (node_is_null(item) && !node_is_unknown(item))
			continue;
		/* With so many errors nothing is compiled: only their number counts. */
		if (faults_full(&e.frame))
			s->pub.diags->left_out++;
		else
			add_item(&e, item);
	}
}

void include_entries(struct config_state *s, struct include_file *file, const struct node *list)
{
	each_item(s, file, list, false);
}

void include_header_entries(
	struct config_state *s, struct include_file *file, const struct node *list)
{
	each_item(s, file, list, true);
}
