#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/load.h"
#include "emulator/cli/lock.h"
#include "emulator/cli/term.h"
#include "emulator/cli/tree.h"
#include "yaml/node.h"

/* One thing that is not as the lock has it. */
struct moved {
	const char *kind; /* project, component, include, image */
	struct str name, locked, now;
};

struct outdated {
	struct cli *c;
	const struct lock_file *lock;
	VEC(struct moved) all;
};

static void add(
	struct outdated *o, const char *kind, struct str name, struct str locked, struct str now)
{
	struct moved m = {kind, name, locked, now};
	vec_push_in(&o->c->arena, &o->all, m);
}

static struct str short_id(struct str id)
{
	return str_sub(id, 0, 12);
}

/* "1.2.3 (8843d7f92416)" */
static struct str commit_text(struct arena *a, const struct lock_project *p)
{
	if (!p->version.n || str_eq(p->version, p->ref))
		return short_id(p->sha);
	return arena_printf(
		a, STR_FMT " (" STR_FMT ")", STR_ARG(p->version), STR_ARG(short_id(p->sha)));
}

static struct str project_name(struct arena *a, const struct lock_project *p)
{
	return arena_printf(a, STR_FMT "%s" STR_FMT "@" STR_FMT, STR_ARG(p->host),
		p->host.n ? "/" : "", STR_ARG(p->project),
		STR_ARG(p->ref.n ? p->ref : STR("HEAD")));
}

static void compare_projects(struct outdated *o, const struct lock_file *now)
{
	struct arena *a = &o->c->arena;
	vec_each (const struct lock_project *, n, &now->projects) {
		const struct lock_project *p =
			lock_find_project(o->lock, n->host, n->project, n->ref);
		const char *kind = n->host.n ? "component" : "project";
		if (!p)
			add(o, kind, project_name(a, n), STR_NULL, commit_text(a, n));
		else if (!str_eq(p->sha, n->sha))
			add(o, kind, project_name(a, n), commit_text(a, p), commit_text(a, n));
		else if (n->newest.n && !str_eq(n->newest, n->version))
			add(o, kind, project_name(a, n), n->version,
				arena_printf(a, STR_FMT " is released", STR_ARG(n->newest)));
	}
	vec_each (const struct lock_project *, p, &o->lock->projects)
		if (!lock_find_project(now, p->host, p->project, p->ref))
			add(o, p->host.n ? "component" : "project", project_name(a, p),
				commit_text(a, p), STR_NULL);
}

static void compare_includes(struct outdated *o, const struct lock_file *now)
{
	struct arena *a = &o->c->arena;
	vec_each (const struct lock_include *, n, &now->includes) {
		const struct lock_include *i = lock_find_include(o->lock, n);
		if (!i)
			add(o, "include", lock_include_name(a, n), STR_NULL, short_id(n->sha256));
		else if (!str_eq(i->sha256, n->sha256))
			add(o, "include", lock_include_name(a, n), short_id(i->sha256),
				short_id(n->sha256));
	}
	vec_each (const struct lock_include *, i, &o->lock->includes)
		if (!lock_find_include(now, i))
			add(o, "include", lock_include_name(a, i), short_id(i->sha256), STR_NULL);
}

static bool by_id(struct str exact)
{
	return str_starts(exact, STR("sha256:"));
}

static bool has_failed(const struct lock_state *s, struct str name)
{
	vec_each (const struct lock_failure *, f, &s->failures)
		if (str_eq(f->need->name, name))
			return true;
	return false;
}

static void compare_images(struct outdated *o, const struct lock_state *s)
{
	if (!s->now.with_images)
		return;
	vec_each (const struct lock_image *, n, &s->now.images) {
		const struct lock_image *i = lock_find_image(o->lock, n->name);
		if (!i)
			add(o, "image", n->name, STR_NULL, n->exact);
		else if (!str_eq(i->exact, n->exact) && !by_id(i->exact))
			add(o, "image", n->name, i->exact, n->exact);
	}
	vec_each (const struct lock_image *, i, &o->lock->images)
		if (!lock_find_image(&s->now, i->name) && !has_failed(s, i->name))
			add(o, "image", i->name, i->exact, STR_NULL);
}

/* What can't be known is no change; an image without a registry can't change there. */
static void say_failures(struct outdated *o, const struct lock_state *s)
{
	vec_each (const struct lock_failure *, f, &s->failures) {
		const struct lock_image *i = lock_find_image(o->lock, f->need->name);
		if (!i)
			add(o, "image", f->need->name, STR_NULL, f->need->taken);
		else if (!by_id(i->exact))
			cli_warn(o->c, "image '" STR_FMT "' can't be asked for: " STR_FMT,
				STR_ARG(f->need->name), STR_ARG(f->why));
	}
}

/* ---- what is shown ---- */

static void print_text(const struct outdated *o)
{
	struct cli *c = o->c;
	vec_each (const struct moved *, m, &o->all) {
		buf_printf(&c->out, "%-10s", m->kind);
		plain_text(&c->out, m->name);
		buf_adds(&c->out, "\n    locked  ");
		plain_text(&c->out, m->locked.n ? m->locked : STR("(not locked)"));
		buf_adds(&c->out, "\n    now     ");
		plain_text(&c->out, m->now.n ? m->now : STR("(not used)"));
		buf_addc(&c->out, '\n');
	}
	if (o->all.n)
		cli_note(c, "'cilocal lock' takes over what is there now");
	else
		cli_note(c, "nothing has moved since " LOCK_FILE " was written");
}

static void print_json(const struct outdated *o)
{
	struct arena *a = &o->c->arena;
	struct node *m = tree_map(a), *list = tree_seq(a);
	vec_each (const struct moved *, one, &o->all) {
		struct node *row = tree_map(a);
		tree_str(a, row, "kind", str_c(one->kind));
		tree_str(a, row, "name", one->name);
		tree_opt(a, row, "locked", one->locked);
		tree_opt(a, row, "now", one->now);
		node_seq_push(a, list, row);
	}
	tree_put(a, m, "outdated", list);
	tree_print(o->c, m);
}

static int run(struct cli *c)
{
	struct load l;
	struct lock_state s;
	struct lock_file lock;
	struct outdated o = {.c = c, .lock = &lock};
	int code = load_project(c, &l);
	/* Before anything is fetched or asked for: without a lock there is nothing to compare. */
	if (!code)
		code = lock_file_read(c, l.root, &lock);
	if (!code)
		code = lock_collect(c, &l, true, lock.with_images, &s);
	if (!code) {
		compare_projects(&o, &s.now);
		compare_includes(&o, &s.now);
		compare_images(&o, &s);
		say_failures(&o, &s);
		if (opt_flag(&c->opt, OPT_JSON))
			print_json(&o);
		else
			print_text(&o);
		code = o.all.n ? EXIT_JOB_FAILED : EXIT_OK;
	}
	load_release(&l);
	return code;
}

const struct cmd cmd_outdated = {
	.id = CMD_outdated,
	.args = "",
	.summary = "show what has moved since the lock file was written",
	.details =
		"Compares .cilocal.lock with what its includes, components and images are now: "
		"refs of projects that have got commits, files with another content, components "
		"with a newer release, tags of images that have another digest at their registry "
		"(asked through the engine, with the user's credentials), and what is used but "
		"not locked or locked but not used. An image that was locked by its id is not "
		"asked for. Exit code 1 where something has moved.",
	.output = "With --json: {\"outdated\":[{\"kind\":project|component|include|image, "
		  "\"name\", \"locked\":null|TEXT, \"now\":null|TEXT}]}.",
	.kind = ARG_NONE,
	.run = run,
};
