#include "base/base.h"
#include "pipeline/lint_internal.h"
#include "config/config.h"
#include "config/limits.h"
#include "expr/expr.h"
#include "source/source.h"
#include "vars/facts.h"
#include "vars/predefined.h"
#include "vars/varset.h"
#include "yaml/node.h"

bool rule_is_unconditional(const struct rule_def *r)
{
	return !r->expr && !r->if_text.s.n && !r->changes && !r->exists;
}

/* Like errors, warnings end at some number. */
static bool lint_full(const struct lint *l)
{
	return l->d->warnings >= LIMIT_ERRORS;
}

void lint_warn(struct lint *l, const char *code, struct span at, struct str text, struct diag **out)
{
	const struct source *src = source_get(l->c->sources, at.begin.source);
	struct diag *g = NULL;

	/* What others wrote is theirs to mend. */
	if ((!src || !src->foreign) && !lint_full(l))
		g = diag_warn(l->d, code, at, STR_FMT, STR_ARG(text));
	if (g && l->job)
		diag_set_job(l->d, g, l->job->name.s);
	if (out)
		*out = g;
}

/* Rules behind one that always matches. */
static void unreachable_rules(struct lint *l, const struct rule_defs *rules, const char *owner)
{
	struct diag *g;

	for (size_t i = 0; i + 1 < rules->n; i++) {
		if (!rule_is_unconditional(&rules->v[i]))
			continue;
		lint_warn(l, "unreachable-rule", rules->v[i + 1].at,
			arena_printf(&l->a, "%zu rule%s of %s can never match", rules->n - i - 1,
				rules->n - i == 2 ? "" : "s", owner),
			&g);
		diag_note(
			l->d, g, rules->v[i].at, "this rule has no conditions: it always matches");
		return;
	}
}

static void define_all(struct lint *l, const struct var_defs *vars)
{
	for (size_t i = 0; i < vars->n; i++)
		map_put(&l->defined, vars->v[i].key, l);
}

static void define_rules(struct lint *l, const struct rule_defs *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		define_all(l, &rules->v[i].vars);
}

/* Who asks whether a variable is there knows that it may not be. */
static bool note_null(void *ctx, const struct expr_atom *atom)
{
	struct lint *l = ctx;

	if (atom->kind == EXPR_ATOM_NULL)
		map_put(&l->defined, atom->name, l);
	return false;
}

static void define_null_tested(struct lint *l, const struct rule_defs *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		if (rules->v[i].expr)
			expr_holds(rules->v[i].expr, note_null, l);
}

static void collect_defined(struct lint *l)
{
	define_all(l, &l->c->vars);
	define_rules(l, &l->c->workflow.rules);
	define_null_tested(l, &l->c->workflow.rules);
	map_each (struct map_entry *, e, &l->c->jobs) {
		const struct job_def *job = e->value;
		const struct node *matrix = job->parallel.matrix;

		define_all(l, &job->vars);
		define_rules(l, &job->rules);
		define_null_tested(l, &job->rules);
		if (!matrix)
			continue;
		node_each (row, matrix) {
			node_each_pair(pair, row)
			{
				map_put(&l->defined, pair->key->text, l);
			}
		}
	}
}

static const struct str *all_names(struct lint *l)
{
	if (l->names)
		return l->names;
	l->names = arena_array(&l->a, struct str, l->defined.n + predefined_table_n + 1);
	map_each (struct map_entry *, e, &l->defined) {
		l->names[l->n_names++] = e->key;
	}
	for (size_t i = 0; i < predefined_table_n; i++)
		l->names[l->n_names++] = str_c(predefined_table[i].name);
	return l->names;
}

static void undefined_variable(void *ctx, struct str name, struct span at)
{
	struct lint *l = ctx;
	struct diag *g;

	if (lint_full(l) || map_has(&l->defined, name) || predefined_find(name) ||
		map_has(&l->told, name) ||
		(l->f && l->f->settings_vars && varset_get(l->f->settings_vars, name)))
		return;
	bool first = !l->told.n;
	map_put(&l->told, name, l);
	lint_warn(l, "undefined-variable", at,
		arena_printf(&l->a, "nothing defines variable '" STR_FMT "'", STR_ARG(name)), &g);
	const struct str *near = str_nearest(name, all_names(l), l->n_names);
	if (near)
		diag_note(l->d, g, SPAN_NONE, "did you mean '" STR_FMT "'?", STR_ARG(*near));
	if (first)
		diag_note(l->d, g, SPAN_NONE,
			"where GitLab has it in the settings of a project, "
			"'.cilocal-variables.yml' "
			"has it here; where it is typed in, name it under 'variables'");
}

static void check_variables(struct lint *l, const struct rule_defs *rules)
{
	struct str key = str_n((const char *)&rules->v, sizeof(rules->v));

	/* Jobs that extend the same one share its rules. */
	if (map_put(&l->checked, arena_str(&l->a, key), l))
		return;
	for (size_t i = 0; i < rules->n; i++)
		if (rules->v[i].expr)
			expr_each_variable(rules->v[i].expr, undefined_variable, l);
}

/* A job without 'stage' is in stage test, whatever it is called. */
static void note_namesake(struct lint *l, struct diag *g, struct str stage)
{
	const struct job_def *job = map_get(&l->c->jobs, stage);

	if (g && job && !node_get(job->node, "stage"))
		diag_note(l->d, g, job->name.at,
			"job '" STR_FMT "' has no 'stage': it is in '" STR_FMT "'", STR_ARG(stage),
			STR_ARG(job->stage.s));
}

static void unused_stages(struct lint *l)
{
	const struct texts *stages = &l->c->stages;
	struct map used;

	if (!stages->set)
		return;
	map_init(&used, &l->a);
	map_each (struct map_entry *, e, &l->c->jobs) {
		const struct job_def *job = e->value;

		if (!job->hidden)
			map_put(&used, job->stage.s, l);
	}
	for (size_t i = 0; i < stages->n; i++) {
		struct str name = stages->v[i].s;

		struct diag *g;

		if (map_has(&used, name) || str_is(name, ".pre") || str_is(name, ".post"))
			continue;
		lint_warn(l, "unused-stage", stages->v[i].at,
			arena_printf(&l->a, "no job is in stage '" STR_FMT "'", STR_ARG(name)), &g);
		note_namesake(l, g, name);
	}
}

/* --- hidden jobs that nothing uses --- */

struct template
{
	const struct job_def *def;
	bool used;
};

struct templates {
	struct template *v; /* by source, then by line */
	size_t n;
	struct map by_name;
};

static int by_place(const void *x, const void *y)
{
	const struct loc *a = &((const struct template *)x)->def->node->at.begin;
	const struct loc *b = &((const struct template *)y)->def->node->at.begin;

	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

/* The template whose text holds the place, or NULL. */
static struct template *template_at(struct templates *t, struct loc at)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (loc_before(at, t->v[mid].def->node->at.begin))
			high = mid;
		else
			low = mid + 1;
	}
	if (!low || loc_before(t->v[low - 1].def->node->at.end, at))
		return NULL;
	return &t->v[low - 1];
}

/* A value that was copied keeps the place where it was written: that is how use shows. */
static void mark_used(struct templates *t, const struct node *n)
{
	struct template *at = n->at.begin.line ? template_at(t, n->at.begin) : NULL;

	if (at)
		at->used = true;
	if (n->kind == NODE_SEQ || n->kind == NODE_REFERENCE) {
		node_each (item, n) {
			mark_used(t, item);
		}
	} else if (n->kind == NODE_MAP) {
		node_each_pair(pair, n)
		{
			mark_used(t, pair->value);
		}
	}
}

static void mark_parents(struct templates *t, const struct node *extends)
{
	if (!extends)
		return;
	if (extends->kind == NODE_SEQ) {
		node_each (item, extends) {
			mark_parents(t, item);
		}
		return;
	}
	struct template *parent = map_get(&t->by_name, extends->text);
	if (parent)
		parent->used = true;
}

static bool in_main_file(const struct lint *l, const struct job_def *job)
{
	const struct source *src = source_get(l->c->sources, job->name.at.begin.source);

	return src && !src->included_from.begin.line;
}

static void unused_templates(struct lint *l)
{
	struct templates t = {.v = arena_array(&l->a, struct template, l->c->jobs.n + 1)};

	map_each (struct map_entry *, e, &l->c->jobs) {
		const struct job_def *job = e->value;

		if (job->hidden && node_is(job->node, NODE_MAP) && in_main_file(l, job))
			t.v[t.n++] = (struct template){job, false};
	}
	if (!t.n)
		return;
	qsort(t.v, t.n, sizeof(*t.v), by_place);
	map_init(&t.by_name, &l->a);
	for (size_t i = 0; i < t.n; i++)
		map_put(&t.by_name, t.v[i].def->name.s, &t.v[i]);
	map_each (struct map_entry *, e, &l->c->jobs) {
		const struct job_def *job = e->value;

		mark_parents(&t, node_get(job->node, "extends"));
		if (!job->hidden)
			mark_used(&t, job->node);
	}
	node_each_pair(pair, l->c->root)
	{
		if (!map_has(&l->c->jobs, pair->key->text))
			mark_used(&t, pair->value);
	}
	for (size_t i = 0; i < t.n; i++)
		if (!t.v[i].used)
			lint_warn(l, "unused-template", t.v[i].def->name.at,
				arena_printf(&l->a, "nothing uses '" STR_FMT "'",
					STR_ARG(t.v[i].def->name.s)),
				NULL);
}

static void lint_job(struct lint *l, const struct job_def *job)
{
	l->job = job;
	unreachable_rules(
		l, &job->rules, arena_printf(&l->a, "job '" STR_FMT "'", STR_ARG(job->name.s)).p);
	lint_absent_needs(l, job);
	check_variables(l, &job->rules);
	for (size_t i = 0; i < job->rare->only->variables.n; i++)
		if (job->rare->only->exprs[i])
			expr_each_variable(job->rare->only->exprs[i], undefined_variable, l);
	l->job = NULL;
}

void pipeline_lint(const struct config *config, const struct facts *facts, struct diags *d)
{
	struct lint l = {.c = config, .f = facts, .d = d, .a = ARENA_INIT};

	map_init(&l.defined, &l.a);
	map_init(&l.told, &l.a);
	map_init(&l.checked, &l.a);
	map_init(&l.compared, &l.a);
	collect_defined(&l);
	unreachable_rules(&l, &config->workflow.rules, "workflow");
	check_variables(&l, &config->workflow.rules);
	map_each (struct map_entry *, e, &config->jobs) {
		const struct job_def *job = e->value;

		if (!job->hidden)
			lint_job(&l, job);
	}
	unused_stages(&l);
	unused_templates(&l);
	arena_release(&l.a);
}
