/*
 * The pipelines that trigger jobs start, for a run: as children.c makes them for lint and explain,
 * with what only a run knows, and other projects as projects of their own.
 */
#include "base/base.h"

#include "emulator/cli/children.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/settings.h"
#include "emulator/core/error.h"
#include "emulator/gitlab/run.h"
#include "emulator/log/mask.h"
#include "pipeline/pipeline.h"
#include "pipeline/trigger.h"

#define DEFAULT_FILE ".gitlab-ci.yml"

static void why(struct downstream *out, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void why(struct downstream *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out->why, sizeof(out->why), fmt, ap);
	va_end(ap);
}

/* Prints what is wrong with it, with places in its files; those of the trigger stand for others. */
static void tell(struct child *ch, const struct load *parent, struct downstream *out)
{
	bool first = true;

	for (struct diag *d = ch->load.diags.first; d; d = d->next) {
		if (ch->made && d->at.begin.source == ch->made)
			d->at = ch->at;
		if (first && d->level == DIAG_ERROR) {
			why(out, STR_FMT, STR_ARG(d->text));
			first = false;
		}
	}
	load_print_diags(&ch->load, false);
	if (ch->load.mask != parent->mask)
		mask_set_free(ch->load.mask);
	ch->load.mask = parent->mask;
}

/* ---- another project, in its clone ---- */

static void name_project(struct facts *f, const struct facts *from, struct str path)
{
	size_t slash = str_rchr(path, '/'), first = str_chr(path, '/');

	f->project_path = path;
	f->project_name = slash == STR_NPOS ? path : str_from(path, slash + 1);
	f->project_title = f->project_name;
	f->project_namespace = slash == STR_NPOS ? STR_NULL : str_sub(path, 0, slash);
	f->project_root_namespace = first == STR_NPOS ? STR_NULL : str_sub(path, 0, first);
	f->server_host = from->server_host;
	f->server_protocol = from->server_protocol;
	f->server_port = from->server_port;
	f->registry_host = from->registry_host;
	f->registry_user = from->registry_user;
	f->registry_password = from->registry_password;
	f->registry_local = from->registry_local;
	f->deploy_user = from->deploy_user;
	f->deploy_password = from->deploy_password;
	f->job_token = from->job_token;
	f->created_at = from->created_at;
}

static void clone_facts(struct child *ch, const struct load *parent, const struct trigger_target *t)
{
	struct arena *a = &parent->c->arena;
	struct facts *f = &ch->load.facts;

	*f = (struct facts){.source = STR("pipeline"),
		.pipeline_id = ch->ask->pipeline_id,
		.pipeline_iid = ch->ask->pipeline_id,
		.branch = t->branch};
	name_project(f, &parent->facts, t->project);
	f->parent_pipeline_id = arena_printf(a, "%" PRIu64, parent->facts.pipeline_id);
	f->upstream_project_id = arena_printf(a, "%" PRIu64, parent->facts.project_id);
	f->upstream_job_id = arena_printf(a, "%" PRIu64, ch->ask->job_id);
	repo_fill_facts(&ch->load.repo, f);
	f->settings_vars = &ch->load.vars;
	f->secrets = &ch->load.secrets;
}

/* Variables of the user and of that project; those typed for the run are the run's alone. */
static int clone_vars(struct child *ch, const struct load *parent)
{
	struct load *l = &ch->load;
	struct varset all;
	int code;

	varset_init(&l->vars, &l->c->arena);
	varset_init(&l->secrets, &l->c->arena);
	code = load_variables(l);
	if (code)
		return code;
	all = l->vars;
	varset_init(&l->vars, &l->c->arena);
	for (size_t i = 0; i < all.n; i++)
		if (all.v[i].layer < VAR_PIPELINE)
			varset_put(&l->vars, &all.v[i]);
	child_forward(ch, parent, &l->vars);
	return EXIT_OK;
}

static int open_clone(struct child *ch, const char *path, struct downstream *out)
{
	struct load *l = &ch->load;
	struct error err = ERROR_INIT;
	struct str text;

	memset(&l->repo, 0, sizeof(l->repo));
	if (repo_open(&l->repo, path, &err)) {
		why(out, "%s", err.text);
		return -1;
	}
	ch->own_repo = true;
	l->root = arena_cstr(&l->c->arena, l->repo.root);
	if (loader_init(&l->loader, &l->c->arena, l->repo.root, &text) != LOADER_OK) {
		why(out, STR_FMT, STR_ARG(text));
		return -1;
	}
	return 0;
}

/* As GitLab writes a file of another project. */
static struct str shown_name(const struct child *ch, struct str project)
{
	return arena_printf(&ch->load.c->arena, STR_FMT ":" DEFAULT_FILE, STR_ARG(project));
}

static void load_clone(struct child *ch, struct load *parent, const struct trigger_target *t,
	const char *path, struct downstream *out)
{
	struct load *l = &ch->load;
	struct str text;

	ch->state = CHILD_INVALID;
	if (open_clone(ch, path, out))
		return;
	clone_facts(ch, parent, t);
	if (t->branch.n && !str_eq(t->branch, l->repo.branch))
		cli_warn(l->c,
			"job '" STR_FMT "' triggers branch '" STR_FMT "' of " STR_FMT
			", whose clone has '" STR_FMT "' checked out: that work tree is run",
			STR_ARG(ch->job->name), STR_ARG(t->branch), STR_ARG(t->project),
			STR_ARG(l->repo.branch));
	if (clone_vars(ch, parent)) {
		why(out, "the variable files of " STR_FMT " are not valid", STR_ARG(t->project));
		return;
	}
	l->facts.config_path = STR(DEFAULT_FILE);
	if (read_small_file(
		    &l->c->arena, arena_printf(&l->c->arena, "%s/" DEFAULT_FILE, l->root).p, &text))
		why(out, "there is no " DEFAULT_FILE " in %s", l->root);
	else if (load_text(l, shown_name(ch, t->project), text, t->inputs) == EXIT_OK)
		ch->state = CHILD_BUILT;
	else
		tell(ch, parent, out);
	parent->sources = l->sources;
}

/* ---- for the run ---- */

static void load_child(struct child *ch, struct load *parent, const struct downstream_ask *ask,
	struct downstream *out)
{
	child_load_for(parent, ask->job, ask, ch);
	if (ch->state == CHILD_INVALID || ch->state == CHILD_MISSING)
		tell(ch, parent, out);
}

static void load_project_of(struct child *ch, struct load *parent, const struct downstream_ask *ask,
	struct downstream *out)
{
	const struct job *job = ask->job;
	struct trigger_target t;
	const char *path;

	pipeline_trigger_target(&parent->c->arena, parent->pipeline, job, ask->extra, &t);
	child_init(parent, job, ask, ch);
	path = child_clone(ch, t.project);
	ch->state = CHILD_ELSEWHERE;
	if (path)
		load_clone(ch, parent, &t, path, out);
}

void child_run(void *arg, const struct downstream_ask *ask, struct downstream *out)
{
	struct load *top = arg, *parent = ask->parent ? &((struct child *)ask->parent)->load : top;
	struct child *ch = xcalloc(1, sizeof(*ch));

	memset(out, 0, sizeof(*out));
	/* One list of sources for all: a place must mean the same in each of the pipelines. */
	parent->sources = top->sources;
	if (ask->job->def->trigger->include)
		load_child(ch, parent, ask, out);
	else
		load_project_of(ch, parent, ask, out);
	top->sources = parent->sources;
	out->made = ch;
	out->elsewhere = ch->state == CHILD_ELSEWHERE;
	if (ch->state == CHILD_BUILT)
		out->pipeline = ch->load.pipeline;
	if (ch->own_repo) {
		out->repo = &ch->load.repo;
		out->root = ch->load.root;
	}
	/* It is the caller's, and gone when this returns. */
	ch->ask = ch->load.ask = NULL;
}

void child_run_free(void *arg, void *made)
{
	UNUSED(arg);
	if (!made)
		return;
	child_release(made);
	free(made);
}
