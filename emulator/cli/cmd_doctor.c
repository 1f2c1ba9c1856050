#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/doctor_config.h"
#include "emulator/cli/load.h"
#include "emulator/cli/term.h"
#include "emulator/cli/toml.h"
#include "emulator/cli/tree.h"
#include "emulator/core/error.h"
#include "emulator/gitlab/doctor.h"
#include "emulator/gitlab/registry.h"
#include "emulator/runner/dind.h"
#include "emulator/runner/runner_choose.h"
#include "config/job_def.h"
#include "pipeline/pipeline.h"
#include "yaml/node.h"

#include <unistd.h>

static void add(struct doctor *d, const char *name, enum doctor_state state, struct str text,
	const char *cure)
{
	doctor_add(d, name, state, text, cure ? str_c(cure) : STR_NULL);
}

/* ---- the project ---- */

static bool look_at_git(struct cli *c, struct doctor *d)
{
	struct repo repo;
	struct error err = ERROR_INIT;
	CLEANUP(buf_release) struct buf version = BUF_INIT;
	static const char *const args[] = {"--version", NULL};
	if (repo_open(&repo, NULL, &err)) {
		add(d, "git", DOCTOR_FAILURE, str_c(err.text),
			"jobs get what git tracks: run cilocal in a git work tree ('git init' "
			"makes "
			"one)");
		return false;
	}
	repo_git(&repo, &version, NULL, args);
	struct str said = str_trim(buf_str(&version));
	struct str where =
		repo.branch.n ? arena_printf(&c->arena, "branch " STR_FMT, STR_ARG(repo.branch))
			      : STR("no branch checked out");
	add(d, "git", repo.has_commit ? DOCTOR_OK : DOCTOR_WARNING,
		arena_printf(&c->arena, STR_FMT ", " STR_FMT ", " STR_FMT "%s", STR_ARG(said),
			STR_ARG(repo.root), STR_ARG(where),
			repo.has_commit ? "" : ", no commit yet"),
		repo.has_commit ? NULL
				: "commit something: variables such as CI_COMMIT_SHA are empty");
	repo_release(&repo);
	return true;
}

/* How the pipeline's daemon is started, for one that is tried. */
static void want_dind(struct doctor_options *o, const struct dind *dind, struct arena *a)
{
	const struct texts *own = dind->service ? &dind->service->command : NULL;
	const struct rc_list *config = dind->runner_service ? &dind->runner_service->command : NULL;
	size_t n = own ? own->n : config ? config->n : 0;
	struct str *v = arena_array(a, struct str, n + 1);
	for (size_t i = 0; i < n; i++)
		v[i] = own ? own->v[i].s : config->v[i].v;
	o->dind_image = dind->image;
	o->dind_command = (struct docker_strs){v, n};
}

static void want(struct doctor_options *o, const struct load *l, struct arena *a)
{
	const struct pipeline *p = l->pipeline;
	for (size_t i = 0; i < p->n_all; i++) {
		const struct job_def *def = p->all[i]->def;
		struct dind dind;
		dind_find(a, def, &p->all[i]->vars, &l->settings.runners.v[0], &dind);
		o->docker |= def->image || def->n_services;
		o->privileged |= dind.image.n > 0;
		if (dind.image.n && !o->dind_image.n)
			want_dind(o, &dind, a);
	}
}

static void look_at_definition(
	struct cli *c, struct doctor *d, struct load *l, struct doctor_options *o)
{
	const char *path = arena_printf(&c->arena, "%s/.gitlab-ci.yml", l->root).p;
	if (!opt_text(&c->opt, OPT_FILE) && access(path, F_OK)) {
		add(d, "definition", DOCTOR_NOTE, arena_printf(&c->arena, "there is no %s", path),
			NULL);
		return;
	}
	int code = load_definition(l, NULL);
	if (l->diags.errors) {
		add(d, "definition", DOCTOR_WARNING,
			arena_printf(&c->arena, STR_FMT " has %u error%s",
				STR_ARG(l->facts.config_path), l->diags.errors,
				l->diags.errors == 1 ? "" : "s"),
			"'cilocal lint' shows them");
	} else if (!code && l->pipeline) {
		want(o, l, &c->arena);
		add(d, "definition", DOCTOR_OK,
			arena_printf(&c->arena, STR_FMT ", %zu job%s%s",
				STR_ARG(l->facts.config_path), l->pipeline->n_jobs,
				l->pipeline->n_jobs == 1 ? "" : "s",
				o->privileged ? ", Docker-in-Docker" : ""),
			NULL);
	}
}

static void look_at_shell(struct doctor *d)
{
	bool bash = access("/bin/bash", X_OK) == 0 || access("/usr/bin/bash", X_OK) == 0;
	add(d, "shell", bash ? DOCTOR_OK : DOCTOR_NOTE,
		bash ? STR("bash, for jobs without an image")
		     : STR("there is no bash: jobs without an image run in sh"),
		NULL);
}

/* ---- a configuration file ---- */

static bool explain_file(struct cli *c, const char *path, struct config_rows *rows)
{
	struct source_set set;
	struct diags diags;
	struct str text;
	/* It was read before: what is wrong with it is said. */
	source_set_init(&set, &c->arena);
	diags_init(&diags, &c->arena);
	if (read_small_file(&c->arena, path, &text))
		return false;
	uint32_t id = source_add(&set, str_c(path), text, SPAN_NONE);
	const struct node *root = toml_read(&c->arena, source_get(&set, id), &diags);
	if (root)
		config_explain(&c->arena, root, rows);
	return root != NULL;
}

static void print_config(struct cli *c, const char *path, const struct config_rows *rows)
{
	size_t key = 0, value = 0;
	vec_each (const struct config_row *, r, &rows->rows) {
		key = MAX(key, str_width(r->key));
		value = MAX(value, str_width(r->value));
	}
	buf_printf(&c->out, "%s\n", path);
	vec_each (const struct config_row *, r, &rows->rows) {
		buf_printf(&c->out, "%5u  ", r->line);
		pad_text(&c->out, r->key, key);
		buf_adds(&c->out, "  ");
		pad_text(&c->out, r->value, value);
		buf_adds(&c->out, "  ");
		if (r->effect != CONFIG_USED)
			buf_printf(&c->out, "(%s) ", config_effect_word(r->effect));
		buf_printf(&c->out, STR_FMT "\n", STR_ARG(r->text));
	}
	buf_addc(&c->out, '\n');
}

static struct node *config_tree(struct arena *a, const char *path, const struct config_rows *rows)
{
	struct node *m = tree_map(a), *list = tree_seq(a);
	tree_str(a, m, "file", str_c(path));
	vec_each (const struct config_row *, r, &rows->rows) {
		struct node *row = tree_map(a);
		tree_int(a, row, "line", r->line);
		tree_str(a, row, "key", r->key);
		tree_opt(a, row, "value", r->value);
		tree_str(a, row, "effect", str_c(config_effect_word(r->effect)));
		tree_str(a, row, "text", r->text);
		node_seq_push(a, list, row);
	}
	tree_put(a, m, "keys", list);
	return m;
}

/* ---- what was seen ---- */

static const char *color_of(enum doctor_state s)
{
	static const char *const colors[] = {"32", "36", "33", "31"};
	return colors[s];
}

static void print_items(struct cli *c, const struct doctor *d)
{
	size_t columns = term_columns(STDOUT_FILENO);
	vec_each (const struct doctor_item *, i, &d->items) {
		CLEANUP(buf_release) struct buf word = BUF_INIT;
		if (c->quiet && i->state < DOCTOR_WARNING)
			continue;
		pad_text(&c->out, str_c(i->name), 12);
		pad_text(&word, str_c(doctor_state_word(i->state)), 9);
		if (c->color_out)
			buf_printf(&c->out, "\033[%sm%s\033[0m", color_of(i->state), word.p);
		else
			buf_addstr(&c->out, buf_str(&word));
		wrap_text(&c->out, i->text, 21, 21, columns);
		buf_addc(&c->out, '\n');
		if (!i->cure.n)
			continue;
		buf_adds(&c->out, "                     -> ");
		wrap_text(&c->out, i->cure, 24, 24, columns);
		buf_addc(&c->out, '\n');
	}
}

static struct node *items_tree(struct arena *a, const struct doctor *d)
{
	struct node *list = tree_seq(a);
	vec_each (const struct doctor_item *, i, &d->items) {
		struct node *m = tree_map(a);
		tree_str(a, m, "name", str_c(i->name));
		tree_str(a, m, "state", str_c(doctor_state_word(i->state)));
		tree_str(a, m, "text", i->text);
		tree_opt(a, m, "cure", i->cure);
		node_seq_push(a, list, m);
	}
	return list;
}

static struct node *engines_tree(struct arena *a, const struct doctor *d)
{
	struct node *list = tree_seq(a);
	vec_each (const struct doctor_engine *, e, &d->engines) {
		struct node *m = tree_map(a);
		tree_str(a, m, "kind", str_c(e->kind));
		tree_str(a, m, "version", e->version);
		tree_str(a, m, "api", e->api);
		tree_str(a, m, "url", e->url);
		tree_str(a, m, "origin", e->origin);
		tree_bool(a, m, "remote", e->remote);
		tree_bool(a, m, "rootless", e->rootless);
		tree_opt(a, m, "storage_driver", e->storage_driver);
		tree_opt(a, m, "cgroup_version", e->cgroup_version);
		node_seq_push(a, list, m);
	}
	return list;
}

static bool healthy(const struct doctor *d)
{
	vec_each (const struct doctor_item *, i, &d->items)
		if (i->state == DOCTOR_FAILURE)
			return false;
	return true;
}

static int report(struct cli *c, const struct doctor *d)
{
	const char *path = opt_text(&c->opt, OPT_CONFIG);
	struct config_rows rows;
	bool explained = path && explain_file(c, path, &rows);
	if (opt_flag(&c->opt, OPT_JSON)) {
		struct node *m = tree_map(&c->arena);
		tree_bool(&c->arena, m, "healthy", healthy(d));
		tree_put(&c->arena, m, "checks", items_tree(&c->arena, d));
		tree_put(&c->arena, m, "engines", engines_tree(&c->arena, d));
		if (explained)
			tree_put(&c->arena, m, "config", config_tree(&c->arena, path, &rows));
		else
			tree_null(&c->arena, m, "config");
		tree_print(c, m);
	} else {
		if (explained)
			print_config(c, path, &rows);
		print_items(c, d);
	}
	return healthy(d) ? EXIT_OK : EXIT_SURROUNDINGS;
}

static int run(struct cli *c)
{
	struct doctor d = {.arena = &c->arena};
	struct registry_options registry = {.image = opt_text(&c->opt, OPT_REGISTRY_IMAGE)};
	struct doctor_options o = {.registry = &registry};
	struct settings settings;
	struct load l;
	struct error err = ERROR_INIT;
	bool in_project = look_at_git(c, &d);
	int code = in_project ? load_project(c, &l) : settings_load(c, &settings, NULL);
	if (code && in_project)
		load_release(&l);
	if (code)
		return code;
	look_at_shell(&d);
	if (in_project) {
		look_at_definition(c, &d, &l, &o);
		o.root = l.root;
		o.host = opt_text(&c->opt, OPT_REGISTRY_HOST)
				 ? str_c(opt_text(&c->opt, OPT_REGISTRY_HOST))
				 : arena_printf(&c->arena, "registry." STR_FMT,
					   STR_ARG(l.facts.server_host));
	}
	registry.host = o.host.n ? arena_cstr(&c->arena, o.host) : NULL;
	o.runners = in_project ? &l.settings.runners : &settings.runners;
	if (doctor_look(&d, &o, &err))
		code = cli_fail(c, &err);
	else
		code = report(c, &d);
	if (in_project)
		load_release(&l);
	return code;
}

const struct cmd cmd_doctor = {
	.id = CMD_doctor,
	.args = "",
	.summary = "check this machine: git, engine, privileges, registry, names, disk",
	.details =
		"Each line is one thing that jobs rely on, and says what to do where it is not "
		"as it should be. Privileged containers, names and the registry (as this machine, "
		"a job and a Docker-in-Docker service see it) are tried with containers of images "
		"that are here already; nothing is pulled, nothing is left.\n"
		"With --config FILE it explains that file too, key by key: what each does here, "
		"and "
		"which only concern a GitLab server.\n"
		"Exit code 4 says that something jobs need does not work.",
	.output = "{\"healthy\", \"checks\": [{\"name\", \"state\" (ok, note, warning, failure), "
		  "\"text\", \"cure\"}], \"engines\": [{\"kind\", \"version\", \"api\", \"url\", "
		  "\"origin\", \"remote\", \"rootless\", \"storage_driver\", "
		  "\"cgroup_version\"}], \"config\": null or {\"file\", \"keys\": [{\"line\", "
		  "\"key\", "
		  "\"value\", \"effect\" (used, not needed, no effect, unknown), \"text\"}]}}",
	.kind = ARG_NONE,
	.max_args = 0,
	.run = run,
};
