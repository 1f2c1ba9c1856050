#include "base/base.h"

#include "emulator/cli/lock_file.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/settings.h"
#include "emulator/cli/toml.h"
#include "emulator/cli/toml_text.h"
#include "config/config.h"
#include "source/source.h"
#include "yaml/node.h"

#define LOCK_VERSION 1

/* ---- finding ---- */

const struct lock_project *lock_find_project(
	const struct lock_file *l, struct str host, struct str project, struct str ref)
{
	vec_each (const struct lock_project *, p, &l->projects)
		if (str_eq(p->host, host) && str_eq(p->project, project) && str_eq(p->ref, ref))
			return p;
	return NULL;
}

const struct lock_include *lock_find_include(
	const struct lock_file *l, const struct lock_include *like)
{
	vec_each (const struct lock_include *, i, &l->includes)
		if (str_eq(i->kind, like->kind) && str_eq(i->path, like->path) &&
			str_eq(i->project, like->project) && str_eq(i->ref, like->ref))
			return i;
	return NULL;
}

const struct lock_image *lock_find_image(const struct lock_file *l, struct str name)
{
	vec_each (const struct lock_image *, i, &l->images)
		if (str_eq(i->name, name))
			return i;
	return NULL;
}

struct str lock_include_name(struct arena *a, const struct lock_include *i)
{
	return arena_printf(a, STR_FMT " " STR_FMT "%s" STR_FMT "%s" STR_FMT, STR_ARG(i->kind),
		STR_ARG(i->project), i->project.n ? ":" : "", STR_ARG(i->path), i->ref.n ? "@" : "",
		STR_ARG(i->ref));
}

/* ---- writing ---- */

static void put(struct buf *out, const char *key, struct str value)
{
	if (!value.n)
		return;
	buf_printf(out, "%s = ", key);
	toml_text(out, value);
	buf_addc(out, '\n');
}

void lock_file_write(struct buf *out, const struct lock_file *l)
{
	buf_printf(out,
		"# Made by 'cilocal lock': what this pipeline takes from elsewhere, exactly.\n"
		"version = %d\nimages = %s\n",
		LOCK_VERSION, l->with_images ? "true" : "false");
	vec_each (const struct lock_project *, p, &l->projects) {
		buf_adds(out, "\n[[project]]\n");
		put(out, "host", p->host);
		put(out, "project", p->project);
		put(out, "ref", p->ref);
		put(out, "version", str_eq(p->version, p->ref) ? STR_NULL : p->version);
		put(out, "sha", p->sha);
	}
	vec_each (const struct lock_include *, i, &l->includes) {
		buf_adds(out, "\n[[include]]\n");
		put(out, "kind", i->kind);
		put(out, "path", i->path);
		put(out, "project", i->project);
		put(out, "ref", i->ref);
		put(out, "sha256", i->sha256);
	}
	vec_each (const struct lock_image *, i, &l->images) {
		buf_adds(out, "\n[[image]]\n");
		put(out, "name", i->name);
		put(out, "exact", i->exact);
	}
}

/* ---- reading ---- */

struct reading {
	struct lock_file *l;
	struct diags *d;
};

static struct str text_of(struct reading *r, const struct node *table, const char *key, bool must)
{
	const struct node *n = node_get(table, key);
	if (node_is(n, NODE_STRING))
		return n->text;
	if (n || must)
		diag_error(r->d, "lock-file", n ? n->at : table->at, "'%s' must be a text", key);
	return STR_NULL;
}

static void read_project(struct reading *r, const struct node *t)
{
	struct lock_project p = {.host = text_of(r, t, "host", false),
		.project = text_of(r, t, "project", true),
		.ref = text_of(r, t, "ref", false),
		.version = text_of(r, t, "version", false),
		.sha = text_of(r, t, "sha", true)};
	if (!p.version.n)
		p.version = p.ref;
	vec_push_in(r->l->arena, &r->l->projects, p);
}

static void read_include(struct reading *r, const struct node *t)
{
	struct lock_include i = {.kind = text_of(r, t, "kind", true),
		.path = text_of(r, t, "path", true),
		.project = text_of(r, t, "project", false),
		.ref = text_of(r, t, "ref", false),
		.sha256 = text_of(r, t, "sha256", true)};
	vec_push_in(r->l->arena, &r->l->includes, i);
}

static void read_image(struct reading *r, const struct node *t)
{
	struct lock_image i = {
		.name = text_of(r, t, "name", true), .exact = text_of(r, t, "exact", true)};
	vec_push_in(r->l->arena, &r->l->images, i);
}

static void read_tables(struct reading *r, const struct node *root, const char *key,
	void (*one)(struct reading *r, const struct node *t))
{
	const struct node *list = node_get(root, key);
	if (!list)
		return;
	if (list->kind != NODE_SEQ) {
		diag_error(r->d, "lock-file", list->at, "'%s' must be a list of tables", key);
		return;
	}
	node_each (item, list) {
		if (item->kind == NODE_MAP)
			one(r, item);
		else
			diag_error(
				r->d, "lock-file", item->at, "'%s' must be a list of tables", key);
	}
}

static void read_root(struct reading *r, const struct node *root)
{
	static const struct str keys[] = {STR_INIT("version"), STR_INIT("images"),
		STR_INIT("project"), STR_INIT("include"), STR_INIT("image")};
	const struct node *version = node_get(root, "version"), *images = node_get(root, "images");
	if (!node_is(version, NODE_INT) || version->u.integer != LOCK_VERSION)
		diag_error(r->d, "lock-file", version ? version->at : root->at,
			"this cilocal reads lock files of version %d", LOCK_VERSION);
	node_each_pair(pair, root)
	{
		bool known = false;
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			known |= str_eq(keys[i], pair->key->text);
		if (!known)
			diag_error(r->d, "unknown-key", pair->key->at, "unknown key '" STR_FMT "'",
				STR_ARG(pair->key->text));
	}
	r->l->with_images = node_is(images, NODE_BOOL) && images->u.boolean;
	read_tables(r, root, "project", read_project);
	read_tables(r, root, "include", read_include);
	read_tables(r, root, "image", read_image);
}

int lock_file_read(struct cli *c, const char *root, struct lock_file *out)
{
	struct source_set sources;
	struct diags d;
	struct reading r = {out, &d};
	struct str text;
	*out = (struct lock_file){.arena = &c->arena};
	int why =
		read_small_file(&c->arena, arena_printf(&c->arena, "%s/" LOCK_FILE, root).p, &text);
	if (why == ENOENT) {
		cli_error(c, "there is no " LOCK_FILE " in %s; 'cilocal lock' makes it", root);
		return EXIT_USAGE;
	}
	if (why) {
		cli_error(c, "cannot read '" LOCK_FILE "': %s", strerror(why));
		return EXIT_USAGE;
	}
	source_set_init(&sources, &c->arena);
	diags_init(&d, &c->arena);
	uint32_t id = source_add(&sources, STR(LOCK_FILE), text, SPAN_NONE);
	const struct node *tree = toml_read(&c->arena, source_get(&sources, id), &d);
	if (tree)
		read_root(&r, tree);
	if (!d.errors)
		return EXIT_OK;
	cli_diags(c, &sources, &d);
	return EXIT_USAGE;
}

/* ---- while includes are fetched ---- */

static struct lock_include of_want(const struct config_want *w, struct str sha256)
{
	struct str kind = STR("project");
	if (w->kind == WANT_REMOTE)
		kind = STR("remote");
	else if (w->kind == WANT_TEMPLATE)
		kind = STR("template");
	else if (w->kind == WANT_COMPONENT)
		kind = STR("component");
	return (struct lock_include){kind, w->path, w->project, w->ref, sha256};
}

static void record_source(void *arg, struct str host, struct str project, struct str ref,
	struct str version, struct str sha, struct str newest)
{
	struct lock_file *l = arg;
	struct arena *a = l->arena;
	if (lock_find_project(l, host, project, ref))
		return;
	struct lock_project p = {arena_str(a, host), arena_str(a, project), arena_str(a, ref),
		arena_str(a, version), arena_str(a, sha), arena_str(a, newest)};
	vec_push_in(a, &l->projects, p);
}

static bool record_content(
	void *arg, const struct config_want *w, struct str sha256, struct str *why)
{
	struct lock_file *l = arg;
	struct arena *a = l->arena;
	struct lock_include i = of_want(w, sha256);
	UNUSED(why);
	if (lock_find_include(l, &i))
		return true;
	i.path = arena_str(a, i.path);
	i.project = arena_str(a, i.project);
	i.ref = arena_str(a, i.ref);
	i.sha256 = arena_str(a, i.sha256);
	vec_push_in(a, &l->includes, i);
	return true;
}

void lock_file_record(struct lock_file *l, struct arena *a, bool newest)
{
	*l = (struct lock_file){.arena = a};
	l->fetch = (struct fetch_lock){
		.source = record_source, .content = record_content, .newest = newest, .arg = l};
}

static bool pin(void *arg, struct str host, struct str project, struct str ref, struct str *sha,
	struct str *version, struct str *why)
{
	struct lock_file *l = arg;
	const struct lock_project *p = lock_find_project(l, host, project, ref);
	if (p) {
		*sha = p->sha;
		*version = p->version;
		return true;
	}
	*why = arena_printf(l->arena,
		LOCK_FILE " has no commit of project '" STR_FMT "' for '" STR_FMT
			  "'; 'cilocal lock' takes it in",
		STR_ARG(project), STR_ARG(ref.n ? ref : STR("HEAD")));
	return false;
}

static bool hold_content(void *arg, const struct config_want *w, struct str sha256, struct str *why)
{
	struct lock_file *l = arg;
	struct lock_include i = of_want(w, sha256);
	const struct lock_include *locked = lock_find_include(l, &i);
	if (locked && str_eq(locked->sha256, sha256))
		return true;
	struct str name = lock_include_name(l->arena, &i);
	if (!locked)
		*why = arena_printf(l->arena,
			LOCK_FILE " does not have " STR_FMT "; 'cilocal lock' takes it in",
			STR_ARG(name));
	else
		*why = arena_printf(l->arena,
			STR_FMT " is not what " LOCK_FILE " has: its SHA-256 is " STR_FMT
				", the locked one " STR_FMT "; 'cilocal outdated' shows what moved",
			STR_ARG(name), STR_ARG(sha256), STR_ARG(locked->sha256));
	return false;
}

void lock_file_hold(struct lock_file *l)
{
	l->fetch = (struct fetch_lock){.pin = pin, .content = hold_content, .arg = l};
}
