#include "base/base.h"

#include "emulator/cli/children.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/term.h"
#include "emulator/cli/tree.h"
#include "emulator/gitlab/run.h"
#include "base/map.h"
#include "yaml/node.h"
#include "yaml/yaml.h"
#include "config/config.h"
#include "pipeline/lint.h"
#include "pipeline/pipeline.h"
#include "pipeline/trigger.h"

#define MAX_CHECKED  200 /* different definitions that one `lint` follows */
#define DEFAULT_FILE ".gitlab-ci.yml"

/* ---- what the downstream pipeline is created from ---- */

static int changes_unknown(void *ctx, struct str compare_to, struct str_list *out)
{
	UNUSED(ctx);
	UNUSED(compare_to);
	*out = (struct str_list){NULL, 0};
	return 1;
}

static int files_unknown(void *ctx, struct str project, struct str ref, struct str_list *out)
{
	UNUSED(ctx);
	UNUSED(project);
	UNUSED(ref);
	*out = (struct str_list){NULL, 0};
	return -1;
}

static int file_id_unknown(void *ctx, struct str path, bool commit, struct str *out)
{
	UNUSED(ctx);
	UNUSED(path);
	UNUSED(commit);
	*out = STR_NULL;
	return -1;
}

/* Another project: of its repository only the definition is read. */
static void project_facts(struct facts *f, const struct trigger_target *t)
{
	size_t slash = str_rchr(t->project, '/'), first = str_chr(t->project, '/');

	f->source = STR("pipeline");
	f->project_path = t->project;
	f->project_name = slash == STR_NPOS ? t->project : str_from(t->project, slash + 1);
	f->project_title = f->project_name;
	f->project_namespace = slash == STR_NPOS ? STR_NULL : str_sub(t->project, 0, slash);
	f->project_root_namespace = first == STR_NPOS ? STR_NULL : str_sub(t->project, 0, first);
	f->branch = t->branch.n ? t->branch : f->default_branch;
	f->ref_name = f->branch;
	f->tag = STR_NULL;
	f->mr = (struct facts_mr){.id = 0};
	f->config_path = STR(DEFAULT_FILE);
	f->changes = changes_unknown;
	f->files = files_unknown;
	f->file_id = file_id_unknown;
}

static void set_facts(struct child *ch, const struct trigger_target *t)
{
	struct load *l = &ch->load;
	struct facts *f = &l->facts;

	if (t->child)
		f->source = STR("parent_pipeline");
	else
		project_facts(f, t);
	f->parent_pipeline_id =
		arena_printf(&l->c->arena, "%" PRIu64, f->pipeline_id ? f->pipeline_id : 1);
	if (ch->ask) {
		f->pipeline_id = ch->ask->pipeline_id;
		f->pipeline_iid = ch->ask->pipeline_id;
		f->upstream_job_id = arena_printf(&l->c->arena, "%" PRIu64, ch->ask->job_id);
	}
	f->upstream_project_id = arena_printf(&l->c->arena, "%" PRIu64, f->project_id);
	f->settings_vars = &l->vars;
}

/* Settings stay; the pipeline variables are those that the trigger passes on. */
static void set_vars(struct child *ch, const struct load *parent)
{
	struct arena *a = &ch->load.c->arena;

	varset_init(&ch->load.vars, a);
	for (size_t i = 0; i < parent->vars.n; i++)
		if (parent->vars.v[i].layer < VAR_PIPELINE)
			varset_put(&ch->load.vars, &parent->vars.v[i]);
	child_forward(ch, parent, &ch->load.vars);
}

void child_forward(const struct child *ch, const struct load *parent, struct varset *out)
{
	pipeline_trigger_vars(
		&parent->c->arena, parent->pipeline, ch->job, ch->ask ? ch->ask->extra : NULL, out);
}

const char *child_clone(const struct child *ch, struct str project)
{
	const struct rc_table *known = &ch->load.settings.projects;

	for (size_t i = 0; i < known->n; i++)
		if (str_eq(known->v[i].key, project))
			return arena_cstr(&ch->load.c->arena, known->v[i].value.v);
	return NULL;
}

/* ---- its definition ---- */

static void put_text(struct arena *a, struct node *map, const char *key, struct str text)
{
	if (text.n)
		tree_str(a, map, key, text);
}

/* One include entry that stands for the whole definition of the project. */
static const struct node *project_include(struct arena *a, const struct trigger_target *t)
{
	struct node *seq = tree_seq(a), *entry = tree_map(a);

	put_text(a, entry, "project", t->project);
	put_text(a, entry, "ref", t->branch);
	put_text(a, entry, "file", STR(DEFAULT_FILE));
	if (t->inputs)
		tree_put(a, entry, "inputs", (struct node *)t->inputs);
	node_seq_push(a, seq, entry);
	return seq;
}

static bool has_artifact(const struct node *list)
{
	node_each (item, list) {
		if (node_get(item, "artifact"))
			return true;
	}
	return false;
}

/* What GitLab makes of a trigger: a definition that does nothing but include its entries. */
static struct str definition(struct arena *a, const struct node *list)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct node *map = tree_map(a);

	tree_put(a, map, "include", (struct node *)list);
	yaml_write(&b, map);
	return arena_str(a, buf_str(&b));
}

/* The trigger's entries, or NULL with the state that says why there are none. */
static const struct node *entries(struct child *ch, const struct trigger_target *t)
{
	if (t->child) {
		ch->state = CHILD_DYNAMIC;
		return has_artifact(t->include) && !ch->ask ? NULL : t->include;
	}
	ch->state = CHILD_ELSEWHERE;
	return child_clone(ch, t->project) ? project_include(&ch->load.c->arena, t) : NULL;
}

/* Errors at the entries themselves: what they name can't be had, and none of it is known. */
static bool only_missing(const struct child *ch)
{
	for (const struct diag *d = ch->load.diags.first; d; d = d->next)
		if (d->level == DIAG_ERROR && strcmp(d->code, "include-not-found"))
			return false;
	return true;
}

void child_init(struct load *parent, const struct job *job, const struct downstream_ask *ask,
	struct child *out)
{
	const struct trigger_def *def = job->def->trigger;

	*out = (struct child){.job = job, .load = *parent, .ask = ask};
	out->load.ask = ask;
	out->load.arena = (struct arena)ARENA_INIT;
	out->load.config = NULL;
	out->load.pipeline = NULL;
	out->load.diags = (struct diags){.arena = NULL};
	out->project = !def->include;
	out->at = def->include ? def->include->at : def->project.at;
}

void child_load(struct load *parent, const struct job *job, struct child *out)
{
	child_load_for(parent, job, NULL, out);
}

void child_load_for(struct load *parent, const struct job *job, const struct downstream_ask *ask,
	struct child *out)
{
	struct arena *a = &parent->c->arena;
	struct trigger_target t;
	const struct node *list;

	child_init(parent, job, ask, out);
	pipeline_trigger_target(a, parent->pipeline, job, ask ? ask->extra : NULL, &t);
	list = entries(out, &t);
	if (!list)
		return;
	set_facts(out, &t);
	set_vars(out, parent);
	out->made = (uint32_t)out->load.sources.n + 1;
	if (load_text(&out->load, STR("trigger"), definition(a, list), NULL) == EXIT_OK)
		out->state = CHILD_BUILT;
	else
		out->state = only_missing(out) ? CHILD_MISSING : CHILD_INVALID;
	/* Notes about who included a file lead to the trigger, which the user knows. */
	for (size_t i = out->made; i < out->load.sources.n; i++)
		if (out->load.sources.v[i]->included_from.begin.source == out->made)
			out->load.sources.v[i]->included_from = out->at;
	parent->sources = out->load.sources;
}

void child_release(struct child *ch)
{
	load_release_definition(&ch->load);
	if (ch->own_repo)
		repo_release(&ch->load.repo);
}

/* ---- lint ---- */

struct follow {
	struct map seen;  /* definitions with their variables' sources, by text */
	struct diags *to; /* of the pipeline that the command is about */
	struct load *top;
	struct arena scratch;
	bool told;
};

const char *child_kind(const struct child *ch)
{
	return ch->project ? "downstream" : "child";
}

static struct str kind(const struct child *ch)
{
	return str_c(child_kind(ch));
}

static void copy_diag(struct follow *f, const struct child *ch, const struct diag *d)
{
	bool inside = d->at.begin.line && d->at.begin.source != ch->made;
	struct diag *copy = diag_add(
		f->to, d->level, d->code, inside ? d->at : ch->at, STR_FMT, STR_ARG(d->text));

	if (!copy || copy->notes)
		return;
	diag_set_job(f->to, copy, inside ? d->job : ch->job->name);
	if (d->gitlab.n)
		diag_set_gitlab(f->to, copy, STR_FMT, STR_ARG(d->gitlab));
	for (const struct diag_note *n = d->notes; n; n = n->next)
		diag_note(f->to, copy, n->at.begin.source == ch->made ? SPAN_NONE : n->at, STR_FMT,
			STR_ARG(n->text));
	diag_note(f->to, copy, inside ? ch->at : SPAN_NONE,
		"in the " STR_FMT " pipeline of job '" STR_FMT "'", STR_ARG(kind(ch)),
		STR_ARG(ch->job->name));
}

static void copy_diags(struct follow *f, struct child *ch)
{
	if (ch->state == CHILD_INVALID)
		diag_set_job(f->to,
			diag_error(f->to, "invalid-child", ch->at,
				"the " STR_FMT " pipeline of job '" STR_FMT "' is invalid",
				STR_ARG(kind(ch)), STR_ARG(ch->job->name)),
			ch->job->name);
	for (struct diag *d = ch->load.diags.first; d; d = d->next) {
		if (ch->state == CHILD_MISSING && d->level == DIAG_ERROR)
			d->level = DIAG_WARNING;
		copy_diag(f, ch, d);
	}
}

static void follow_jobs(struct follow *f, struct load *l, unsigned depth);

/* Copies of a parallel job, and jobs that start the same definition, are looked at once. */
static bool is_new(struct follow *f, const struct load *l, const struct job *job)
{
	struct trigger_target t;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	pipeline_trigger_target(&f->scratch, l->pipeline, job, NULL, &t);
	buf_printf(&b, STR_FMT "@" STR_FMT "\n", STR_ARG(t.project), STR_ARG(t.branch));
	if (t.include)
		yaml_write(&b, t.include);
	if (t.inputs)
		yaml_write(&b, t.inputs);
	if (map_has(&f->seen, buf_str(&b)))
		return false;
	if (f->seen.n >= MAX_CHECKED) {
		if (!f->told)
			diag_warn(f->to, "many-children", job->def->trigger->at,
				"only the first %d downstream definitions are checked",
				MAX_CHECKED);
		f->told = true;
		return false;
	}
	map_put(&f->seen, arena_str(&f->scratch, buf_str(&b)), f);
	return true;
}

static void follow_job(struct follow *f, struct load *l, const struct job *job, unsigned depth)
{
	struct child *ch;

	if (!is_new(f, l, job))
		return;
	ch = xcalloc(1, sizeof(*ch));
	child_load(l, job, ch);
	f->top->sources = l->sources;
	if (ch->state == CHILD_BUILT)
		pipeline_lint(ch->load.config, &ch->load.facts, &ch->load.diags);
	copy_diags(f, ch);
	if (ch->state == CHILD_BUILT && depth < CHILD_DEPTH) {
		follow_jobs(f, &ch->load, depth + 1);
		l->sources = ch->load.sources;
	}
	child_release(ch);
	free(ch);
}

static void follow_jobs(struct follow *f, struct load *l, unsigned depth)
{
	const struct pipeline *p = l->pipeline;

	for (size_t i = 0; i < p->n_all; i++)
		if (p->all[i]->def->trigger)
			follow_job(f, l, p->all[i], depth);
}

void children_lint(struct load *l)
{
	struct follow f = {.to = &l->diags, .top = l, .scratch = ARENA_INIT};

	map_init(&f.seen, &f.scratch);
	follow_jobs(&f, l, 1);
	arena_release(&f.scratch);
}

/* ---- explain ---- */

const char *child_state_name(const struct child *ch)
{
	static const char *const names[] = {"built", "invalid", "missing", "dynamic", "elsewhere"};

	return names[ch->state];
}

static const char *sentence(const struct child *ch)
{
	switch (ch->state) {
	case CHILD_BUILT:
		return ch->load.pipeline->run && ch->load.pipeline->n_jobs ? "" : ", with no job";
	case CHILD_INVALID:
		return ", whose definition is invalid ('cilocal lint' says why)";
	case CHILD_MISSING:
		return ", whose definition can't be had ('cilocal lint' says why)";
	case CHILD_DYNAMIC:
		return ", which is made from an artifact of a job that has to run first";
	case CHILD_ELSEWHERE:
		return ", which is not on this machine: [cilocal.projects] can name a clone";
	}
	return "";
}

static void put_start(struct buf *out, const struct child *ch, struct str who, bool is_shown)
{
	plain_text(out, who);
	buf_printf(out, " starts a " STR_FMT " pipeline", STR_ARG(kind(ch)));
	if (ch->project)
		buf_printf(out, " in " STR_FMT, STR_ARG(ch->job->def->trigger->project.s));
	buf_adds(out, is_shown && ch->state != CHILD_BUILT ? ", in this run" : sentence(ch));
}

static void say_start(struct cli *c, const struct child *ch, struct str who)
{
	put_start(&c->out, ch, who, false);
}

struct str child_sentence(struct arena *a, const struct child *ch, struct str name, bool is_shown)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	put_start(&b, ch, arena_printf(a, "'" STR_FMT "'", STR_ARG(name)), is_shown);
	return arena_str(a, buf_str(&b));
}

void child_head(struct cli *c, const struct child *ch, struct str name)
{
	say_start(c, ch, arena_printf(&c->arena, "'" STR_FMT "'", STR_ARG(name)));
	buf_adds(&c->out, ch->state == CHILD_BUILT && ch->load.pipeline->n_jobs ? ":\n" : ".\n");
}

void child_say(struct cli *c, const struct child *ch)
{
	const struct pipeline *p = ch->load.pipeline;
	struct buf *out = &c->out;

	buf_addc(out, '\n');
	say_start(c, ch, STR("It"));
	if (!p || !p->run || !p->n_jobs) {
		buf_adds(out, ".\n");
		return;
	}
	buf_printf(out, " of %zu job%s:\n", p->n_jobs, p->n_jobs == 1 ? "" : "s");
	for (size_t i = 0; i < p->n_jobs; i++)
		buf_printf(out, "  " STR_FMT "  (" STR_FMT ", %s)\n", STR_ARG(p->jobs[i]->name),
			STR_ARG(p->jobs[i]->stage), job_when_name(p->jobs[i]->when));
}

struct node *child_tree(struct arena *a, const struct child *ch)
{
	struct node *m = tree_map(a);

	tree_str(a, m, "kind", kind(ch));
	tree_str(a, m, "state", str_c(child_state_name(ch)));
	if (ch->state == CHILD_BUILT)
		tree_put(a, m, "pipeline", pipeline_dump(a, ch->load.pipeline, false));
	else
		tree_null(a, m, "pipeline");
	return m;
}
