/* facts.yml: what a case's pipeline is created from. */
#include "base/base.h"
#include "case_runner.h"
#include "vars/varfile.h"

#include <dirent.h>
#include <sys/stat.h>

static void set_defaults(struct facts *f)
{
	*f = (struct facts){
		.source = STR("push"),
		.pipeline_id = 70,
		.pipeline_iid = 7,
		.created_at = STR("2024-02-03T04:05:06Z"),
		.branch = STR("main"),
		.sha = STR("0123456789abcdef0123456789abcdef01234567"),
		.before_sha = STR("89abcdef0123456789abcdef0123456789abcdef"),
		.message = STR("Title\n\nBody"),
		.title = STR("Title"),
		.description = STR("Body"),
		.author = STR("Ann <ann@example.com>"),
		.timestamp = STR("2024-02-03T04:00:00+00:00"),
		.server_host = STR("gitlab.example.com"),
		.server_protocol = STR("https"),
		.server_port = STR("443"),
		.project_path = STR("group/app"),
		.project_name = STR("app"),
		.project_namespace = STR("group"),
		.project_root_namespace = STR("group"),
		.project_id = 1,
		.namespace_id = 2,
		.default_branch = STR("main"),
		.repository_url = STR("https://gitlab.example.com/group/app.git"),
		.user_name = STR("Ann"),
		.user_email = STR("ann@example.com"),
		.user_login = STR("ann"),
		.user_id = 3,
	};
}

static struct str text_at(const struct node *map, const char *key, struct str otherwise)
{
	const struct node *n = node_get(map, key);

	return n && n->kind != NODE_NULL ? n->text : otherwise;
}

static bool flag_at(const struct node *map, const char *key, bool otherwise)
{
	const struct node *n = node_get(map, key);

	return node_is(n, NODE_BOOL) ? n->u.boolean : otherwise;
}

static struct str_list list_of(struct one_case *c, const struct node *n)
{
	struct str_list list = {NULL, 0};

	if (!node_is(n, NODE_SEQ))
		return list;
	list.v = arena_array(&c->keep, struct str, n->u.seq.n + 1);
	node_each (item, n) {
		list.v[list.n++] = item->text;
	}
	return list;
}

static void set_mr(struct one_case *c, const struct node *mr)
{
	struct facts *f = &c->facts;

	f->mr = (struct facts_mr){
		.id = 900,
		.iid = 9,
		.source_branch = text_at(mr, "source_branch", STR("feature")),
		.target_branch = text_at(mr, "target_branch", STR("main")),
		.title = text_at(mr, "title", STR("A change")),
		.description = text_at(mr, "description", STR_NULL),
		.labels = text_at(mr, "labels", STR_NULL),
		.source_sha = f->sha,
		.target_sha = STR("fedcba9876543210fedcba9876543210fedcba98"),
		.event_type = text_at(mr, "event_type", STR("detached")),
		.draft = flag_at(mr, "draft", false),
		.approved = flag_at(mr, "approved", false),
	};
	f->branch = f->tag = STR_NULL;
	f->ref_name = f->mr.source_branch;
}

static void set_ref(struct one_case *c, const struct node *n)
{
	struct facts *f = &c->facts;

	f->branch = text_at(n, "branch", f->branch);
	f->tag = text_at(n, "tag", STR_NULL);
	if (f->tag.n) {
		f->branch = STR_NULL;
		f->tag_message = text_at(n, "tag_message", STR_NULL);
	}
	f->ref_name = f->tag.n ? f->tag : f->branch;
	f->ref_protected = flag_at(n, "protected", false);
	if (str_is(f->source, "merge_request_event") || node_get(n, "merge_request"))
		set_mr(c, node_get(n, "merge_request"));
	if (!str_is(f->source, "push") || f->tag.n)
		f->before_sha = STR_NULL;
}

static void add_changed(struct one_case *c, struct str compare_to, const struct node *n, bool known)
{
	struct changed_set *grown = arena_array(&c->keep, struct changed_set, c->n_changed + 1);

	if (c->n_changed)
		memcpy(grown, c->changed, c->n_changed * sizeof(*grown));
	grown[c->n_changed++] = (struct changed_set){.compare_to = compare_to,
		.known = known,
		.invalid = node_is(n, NODE_STRING) && str_is(n->text, "invalid"),
		.paths = list_of(c, n)};
	c->changed = grown;
}

static int changes(void *ctx, struct str compare_to, struct str_list *out)
{
	static struct str invalid = STR_INIT("rules:changes:compare_to is not a valid ref");
	struct one_case *c = ctx;

	for (size_t i = 0; i < c->n_changed; i++) {
		const struct changed_set *s = &c->changed[i];

		if (!str_eq(s->compare_to, compare_to))
			continue;
		*out = s->paths;
		if (s->invalid)
			*out = (struct str_list){&invalid, 1};
		return s->invalid ? -1 : s->known ? 0 : 1;
	}
	*out = (struct str_list){&invalid, 1};
	return compare_to.n ? -1 : 1;
}

static int files(void *ctx, struct str project, struct str ref, struct str_list *out)
{
	struct one_case *c = ctx;
	const struct node *other;

	UNUSED(ref);
	if (!project.n || str_eq(project, c->facts.project_path)) {
		*out = c->tree;
		return 0;
	}
	other = node_get_str(c->projects, project);
	if (!other)
		return -1;
	*out = list_of(c, other);
	return 0;
}

static int file_id(void *ctx, struct str path, bool commit, struct str *out)
{
	struct one_case *c = ctx;
	const struct node *n = node_get_str(c->file_ids, path);

	if (!n)
		return -1;
	*out = commit ? arena_printf(&c->keep, "commit-" STR_FMT, STR_ARG(n->text)) : n->text;
	return 0;
}

static bool file_exists(void *ctx, struct str path)
{
	struct one_case *c = ctx;

	for (size_t i = 0; i < c->tree.n; i++)
		if (str_eq(c->tree.v[i], path))
			return true;
	return false;
}

static bool is_ours(struct str path)
{
	return str_is(path, "facts.yml") || str_is(path, "expect.yml") ||
	       str_is(path, "expect.err");
}

static void walk(struct one_case *c, const char *below, struct str_list *out, size_t *cap)
{
	struct dirent **names;
	struct str dir = arena_printf(&c->keep, "%s/%s", c->dir, below);
	int n = scandir(dir.p, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		struct str path = arena_printf(
			&c->keep, "%s%s%s", below, *below ? "/" : "", names[i]->d_name);
		struct str full = arena_printf(&c->keep, "%s/%s", c->dir, path.p);
		struct stat st;

		if (strcmp(names[i]->d_name, ".") && strcmp(names[i]->d_name, "..") &&
			!stat(full.p, &st)) {
			if (S_ISDIR(st.st_mode)) {
				walk(c, path.p, out, cap);
			} else if (!is_ours(path)) {
				if (out->n == *cap)
					out->v = vec_grow_arena(
						&c->keep, out->v, out->n, cap, sizeof(*out->v));
				out->v[out->n++] = path;
			}
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

static void put_var(struct one_case *c, const char *from, enum var_layer layer, struct str key,
	const struct node *v)
{
	bool is_map = v->kind == NODE_MAP;
	struct var var = {.key = key,
		.value = is_map ? text_at(v, "value", STR("")) : v->text,
		.from = from,
		.layer = layer,
		.raw = is_map && flag_at(v, "raw", false),
		.masked = is_map && flag_at(v, "masked", false),
		.file = is_map && flag_at(v, "file", false),
		.env_scope = is_map ? text_at(v, "environment", STR("*")).p : "*"};

	varset_put(&c->settings, &var);
}

/* A value, {value, environment, raw, masked, file}, or a list of these for one name. */
static void set_vars(struct one_case *c, const struct node *n)
{
	static const struct {
		const char *key;
		enum var_layer layer;
	} flat[] = {{"vars", VAR_PIPELINE}, {"schedule_vars", VAR_SCHEDULE},
		{"instance_vars", VAR_INSTANCE}, {"group_vars", VAR_GROUP},
		{"project_vars", VAR_PROJECT}};

	varset_init(&c->settings, &c->keep);
	for (size_t i = 0; i < ARRAY_SIZE(flat); i++) {
		const struct node *map = node_get(n, flat[i].key);

		if (!node_is(map, NODE_MAP))
			continue;
		node_each_pair(pair, map)
		{
			if (pair->value->kind != NODE_SEQ) {
				put_var(c, flat[i].key, flat[i].layer, pair->key->text,
					pair->value);
				continue;
			}
			node_each (item, pair->value) {
				put_var(c, flat[i].key, flat[i].layer, pair->key->text, item);
			}
		}
	}
	c->facts.settings_vars = &c->settings;
}

static void set_files(struct one_case *c, const struct node *n)
{
	const struct node *compare = node_get(n, "compare_to"), *changed = node_get(n, "changed");
	size_t cap = 0;

	if (node_is(node_get(n, "files"), NODE_SEQ))
		c->tree = list_of(c, node_get(n, "files"));
	else
		walk(c, "", &c->tree, &cap);
	if (changed)
		add_changed(c, STR_NULL, changed, changed->kind == NODE_SEQ);
	if (node_is(compare, NODE_MAP))
		node_each_pair(pair, compare)
		{
			add_changed(c, pair->key->text, pair->value, pair->value->kind == NODE_SEQ);
		}
	c->facts.changes = changes;
	c->facts.files = files;
	c->facts.file_id = file_id;
	c->facts.ctx = c;
	c->options.file_exists = file_exists;
	c->options.ctx = c;
}

static void check_keys(struct one_case *c, const struct node *n)
{
	static const struct str known[] = {STR_INIT("source"), STR_INIT("branch"), STR_INIT("tag"),
		STR_INIT("tag_message"), STR_INIT("protected"), STR_INIT("merge_request"),
		STR_INIT("changed"), STR_INIT("compare_to"), STR_INIT("files"), STR_INIT("vars"),
		STR_INIT("schedule_vars"), STR_INIT("instance_vars"), STR_INIT("group_vars"),
		STR_INIT("project_vars"), STR_INIT("inputs"), STR_INIT("answers"),
		STR_INIT("file_ids"), STR_INIT("projects"), STR_INIT("registry"),
		STR_INIT("default_branch"), STR_INIT("project"), STR_INIT("parent"),
		STR_INIT("schedule"), STR_INIT("message")};

	if (!node_is(n, NODE_MAP))
		return;
	node_each_pair(pair, n)
	{
		bool ok = false;

		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			ok |= str_eq(known[i], pair->key->text);
		if (!ok)
			case_fail(c, "facts.yml: unknown key '" STR_FMT "'",
				STR_ARG(pair->key->text));
	}
}

static void set_project(struct facts *f, struct str path)
{
	size_t slash = str_rchr(path, '/'), first = str_chr(path, '/');

	f->project_path = path;
	f->project_name = str_from(path, slash + 1);
	f->project_namespace = str_sub(path, 0, slash);
	f->project_root_namespace = str_sub(path, 0, first);
}

void case_facts(struct one_case *c)
{
	const struct node *n = case_yaml(c, "facts.yml");
	struct facts *f = &c->facts;

	set_defaults(f);
	check_keys(c, n);
	c->facts_node = n;
	f->source = text_at(n, "source", f->source);
	f->registry_host = text_at(n, "registry", STR_NULL);
	f->default_branch = text_at(n, "default_branch", f->default_branch);
	f->parent_pipeline_id = text_at(n, "parent", STR_NULL);
	f->schedule_description = text_at(n, "schedule", STR_NULL);
	f->message = text_at(n, "message", f->message);
	if (node_get(n, "project"))
		set_project(f, node_get(n, "project")->text);
	c->inputs = node_get(n, "inputs");
	c->answers = node_get(n, "answers");
	c->file_ids = node_get(n, "file_ids");
	c->projects = node_get(n, "projects");
	set_ref(c, n);
	set_vars(c, n);
	set_files(c, n);
}

/*
 * answers: "https://x/y.yml", "template:NAME", "component:host/path/name@version",
 * "project:path:file@ref" (or without @ref) to a file of the case.
 */
bool case_answer(struct one_case *c, const struct config_want *w, struct str *text)
{
	static const char *const prefixes[] = {[WANT_LOCAL] = "project:",
		[WANT_LOCAL_GLOB] = "glob:",
		[WANT_PROJECT] = "project:",
		[WANT_REMOTE] = "",
		[WANT_TEMPLATE] = "template:",
		[WANT_COMPONENT] = "component:",
		[WANT_ARTIFACT] = "artifact:"};
	struct buf key = BUF_INIT;
	const struct node *n;

	buf_adds(&key, prefixes[w->kind]);
	if (w->project.n)
		buf_printf(&key, STR_FMT ":", STR_ARG(w->project));
	buf_addstr(&key, w->path);
	if (w->ref.n && w->kind != WANT_REMOTE)
		buf_printf(&key, "@" STR_FMT, STR_ARG(w->ref));
	n = node_get_str(c->answers, buf_str(&key));
	if (!n)
		case_fail(c, "facts.yml has no answer for '%s'", key.p);
	buf_release(&key);
	return n && case_read(c, arena_cstr(&c->keep, n->text), text);
}
