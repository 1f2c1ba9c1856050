#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/settings.h"
#include "emulator/cli/term.h"
#include "emulator/cli/tree.h"
#include "emulator/core/error.h"
#include "emulator/git/repo.h"
#include "emulator/gitlab/clean.h"
#include "yaml/node.h"

#include <time.h>

static unsigned what_to_clean(const struct cli *c)
{
	return (opt_flag(&c->opt, OPT_CLEAN_ENGINE) ? CLEAN_ENGINE : 0u) |
	       (opt_flag(&c->opt, OPT_CLEAN_REGISTRY) ? CLEAN_REGISTRY : 0u) |
	       (opt_flag(&c->opt, OPT_CLEAN_CACHES) ? CLEAN_CACHES : 0u) |
	       (opt_flag(&c->opt, OPT_CLEAN_RUNS) ? CLEAN_RUNS : 0u);
}

static void print_json(struct cli *c, const struct clean_result *r, bool dry_run, bool no_engine)
{
	struct arena *a = &c->arena;
	struct node *m = tree_map(a), *list = tree_seq(a);
	tree_bool(a, m, "dry_run", dry_run);
	tree_bool(a, m, "engine", !no_engine);
	for (size_t i = 0; i < r->n; i++) {
		struct node *one = tree_map(a);
		tree_str(a, one, "kind", r->items[i].kind);
		tree_str(a, one, "name", r->items[i].name);
		if (r->items[i].bytes >= 0)
			tree_int(a, one, "bytes", r->items[i].bytes);
		else
			tree_null(a, one, "bytes");
		if (r->items[i].used)
			tree_int(a, one, "used", r->items[i].used);
		tree_opt(a, one, "kept", r->items[i].kept);
		node_seq_push(a, list, one);
	}
	tree_put(a, m, "items", list);
	tree_print(c, m);
}

/* " (1.2 MiB, last used 2024-05-01 10:00)", where it is known. */
static struct str details(struct arena *a, const struct clean_item *item)
{
	char used[64] = "";
	struct tm tm;
	time_t t = (time_t)item->used;
	if (item->bytes < 0)
		return STR_NULL;
	if (item->used && localtime_r(&t, &tm))
		strftime(used, sizeof(used), ", last used %Y-%m-%d %H:%M", &tm);
	return arena_printf(a, " (" STR_FMT "%s)", STR_ARG(size_text(a, item->bytes)), used);
}

static void print_text(struct cli *c, const struct clean_result *r, bool dry_run)
{
	size_t removed = 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct clean_item *item = &r->items[i];
		if (item->kept.n) {
			buf_printf(&c->out, "kept %s " STR_FMT ": " STR_FMT "\n",
				arena_cstr(&c->arena, item->kind), STR_ARG(item->name),
				STR_ARG(item->kept));
			continue;
		}
		removed++;
		if (!c->quiet)
			buf_printf(&c->out, "%s " STR_FMT " " STR_FMT STR_FMT "\n",
				dry_run ? "would remove" : "removed", STR_ARG(item->kind),
				STR_ARG(item->name), STR_ARG(details(&c->arena, item)));
	}
	if (!removed && !c->quiet)
		buf_adds(&c->out, "nothing to remove\n");
}

static void find_engines(
	struct cli *c, const struct runner_configs *runners, struct clean_options *o)
{
	struct endpoint_lookup *more =
		arena_array(&c->arena, struct endpoint_lookup, runners->n + 1);
	rc_endpoint(&runners->v[0], &c->arena, &o->registry.engine);
	for (size_t i = 1; i < runners->n; i++)
		if (rc_same_engine(runners, i) == i)
			rc_endpoint(&runners->v[i], &c->arena, &more[o->n_more++]);
	o->more = more;
}

static int run(struct cli *c)
{
	struct error err = ERROR_INIT;
	struct repo repo;
	struct settings settings;
	struct clean_result result = {NULL, 0};
	bool no_engine = false, json = opt_flag(&c->opt, OPT_JSON);
	struct clean_options o = {
		.what = what_to_clean(c), .dry_run = opt_flag(&c->opt, OPT_DRY_RUN)};
	bool in_project = repo_open(&repo, NULL, &err) == 0;
	if (in_project)
		o.root = arena_cstr(&c->arena, repo.root);
	err = ERROR_INIT;
	int code = settings_load(c, &settings, o.root);
	if (!code) {
		find_engines(c, &settings.runners, &o);
		bool failed = clean(&result, &no_engine, &c->arena, &o, &err) != 0;
		if (json)
			print_json(c, &result, o.dry_run, no_engine);
		else
			print_text(c, &result, o.dry_run);
		if (failed)
			code = cli_fail(c, &err);
		else if (no_engine)
			cli_warn(c, "no engine was found; what is on one stays there");
	}
	if (in_project)
		repo_release(&repo);
	return code;
}

const struct cmd cmd_clean = {
	.id = CMD_clean,
	.args = "",
	.summary = "remove containers, networks, volumes, caches and runs that cilocal made",
	.details = "What belongs to a run that is still going on stays. Without options everything "
		   "is removed, the "
		   "local registry with its images too. Caches are listed in the order in which "
		   "--cache-limit of "
		   "'run' removes them: the one that was used longest ago first.",
	.output =
		"With --json: {\"dry_run\":bool, \"engine\":bool, \"items\":[{\"kind\", \"name\", "
		"\"bytes\":null|N, \"kept\":null|WHY}]}; caches also have \"used\", seconds since "
		"1970.",
	.kind = ARG_NONE,
	.run = run,
};
