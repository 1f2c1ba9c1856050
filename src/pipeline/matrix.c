/*
 * parallel: the copies of a job (GitLab, lib/gitlab/ci/config/normalizer.rb and
 * normalizer/matrix_strategy.rb, number_strategy.rb).
 */
#include "base/base.h"
#include "pipeline/pipeline_internal.h"
#include "yaml/node.h"

/* How many values a key of the matrix has; a scalar is a list of one. */
static size_t n_values(const struct node *n)
{
	return n->kind == NODE_SEQ ? n->u.seq.n : 1;
}

static const struct node *value_at(const struct node *n, size_t i)
{
	return n->kind == NODE_SEQ ? n->u.seq.items[i] : n;
}

static size_t row_combinations(const struct node *row)
{
	size_t n = 1;

	node_each_pair(pair, row)
	{
		n *= n_values(pair->value);
		if (n > (size_t)1 << 16)
			return 0; /* the reader has refused it: more than 200 */
	}
	return n;
}

/* The k-th combination of a row; the last key turns quickest. */
static struct combination combination_at(struct arena *a, const struct node *row, size_t k,
	struct str base, matrix_subst_fn *subst, void *ctx)
{
	struct combination c = {.n = row->u.map.n};
	struct buf name = BUF_INIT;

	c.vars = arena_array(a, struct matrix_var, c.n + 1);
	for (size_t i = c.n; i; i--) {
		const struct node_pair *pair = &row->u.map.pairs[i - 1];
		size_t n = n_values(pair->value);
		const struct node *value = value_at(pair->value, k % n);

		c.vars[i - 1] = (struct matrix_var){pair->key->text, value->text, value->at};
		if (subst)
			c.vars[i - 1].value = subst(ctx, value->text, value->at);
		k /= n;
	}
	buf_printf(&name, STR_FMT ": [", STR_ARG(base));
	/* What is longer than that is an error anyway. */
	for (size_t i = 0; i < c.n && name.n < 1024; i++)
		buf_printf(&name, "%s" STR_FMT, i ? ", " : "",
			STR_ARG(str_sub(c.vars[i].value, 0, MIN(c.vars[i].value.n, 1024u))));
	buf_addc(&name, ']');
	c.name = arena_str(a, buf_str(&name));
	buf_release(&name);
	return c;
}

size_t matrix_combinations(struct arena *a, const struct node *matrix, struct str base,
	matrix_subst_fn *subst, void *ctx, struct combination **out)
{
	VEC(struct combination) all = {NULL, 0, 0};

	node_each (row, matrix) {
		size_t n = row_combinations(row);

		for (size_t k = 0; k < n; k++)
			vec_push_in(a, &all, combination_at(a, row, k, base, subst, ctx));
	}
	*out = all.v;
	return all.n;
}

/* A copy replaces an earlier job of the same name, which keeps its place. */
static void add_instance(struct builder *b, struct group *g, struct instance *in)
{
	struct pipeline *p = b->p;
	struct job *old = map_put(&p->by_name, in->pub.name, &in->pub);

	if (old) {
		struct group *of = map_get(&b->groups, old->base_name);

		for (size_t i = 0; i < p->n_all; i++)
			if (p->all[i] == old)
				p->all[i] = &in->pub;
		for (size_t i = 0; of && i < of->n; i++)
			if (of->v[i] == old)
				of->v[i] = &in->pub;
		if (of == g)
			return;
	} else {
		p->all[p->n_all++] = &in->pub;
	}
	g->v[g->n++] = &in->pub;
}

static struct instance *new_instance(struct builder *b, const struct job_def *def, struct str name)
{
	struct instance *in = arena_new(b->a, struct instance);

	in->pub.name = name;
	in->pub.base_name = def->name.s;
	in->pub.stage = def->stage.s;
	in->pub.def = def;
	in->pub.rule = -1;
	in->pub.when = WHEN_NEVER;
	return in;
}

static void add_numbered(struct builder *b, struct group *g)
{
	unsigned total = g->def->parallel.count;

	for (unsigned i = 1; i <= total; i++) {
		struct str name =
			arena_printf(b->a, STR_FMT " %u/%u", STR_ARG(g->def->name.s), i, total);
		struct instance *in = new_instance(b, g->def, name);

		in->pub.node_index = i;
		in->pub.node_total = total;
		add_instance(b, g, in);
	}
}

static void add_matrix(struct builder *b, struct group *g)
{
	struct combination *all;
	size_t n = matrix_combinations(
		b->a, g->def->parallel.matrix, g->def->name.s, NULL, NULL, &all);

	g->v = arena_array(b->a, struct job *, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct instance *in = new_instance(b, g->def, all[i].name);

		in->vars = all[i].vars;
		in->n_vars = all[i].n;
		in->pub.node_index = (unsigned)i + 1;
		in->pub.node_total = (unsigned)n;
		add_instance(b, g, in);
	}
}

/* What the copies of a job get of its matrix, all together. */
static size_t n_matrix_vars(const struct job_def *def)
{
	size_t n = 0;

	if (def->parallel.matrix)
		node_each (row, def->parallel.matrix) {
			n += row_combinations(row) * row->u.map.n;
		}
	return n;
}

static size_t n_instances(const struct job_def *def)
{
	size_t n = 0;

	if (!def->parallel.matrix)
		return MAX(def->parallel.count, 1u);
	node_each (row, def->parallel.matrix) {
		n += row_combinations(row);
	}
	return n;
}

static void too_many_jobs(struct builder *b, const struct job_def *def)
{
	job_error(b, NULL, "too-many-jobs", def->name.at,
		arena_printf(&b->scratch,
			"The number of jobs has exceeded the limit of %d. Try splitting the "
			"configuration with parent-child-pipelines",
			LIMIT_JOBS)
			.p,
		"the pipeline has more than %d jobs, parallel copies counted", LIMIT_JOBS);
}

/* Hidden jobs, and of a definition with errors those that are not known in full. */
static bool is_left_out(const struct builder *b, const struct job_def *def)
{
	return def->hidden || (b->c->unsure.n && map_has(&b->c->unsure, def->name.s));
}

/* Counted before any is made; false: too many. */
static bool count_instances(struct builder *b, size_t *n)
{
	*n = 0;
	map_each (struct map_entry *, e, &b->c->jobs) {
		const struct job_def *def = e->value;

		if (is_left_out(b, def))
			continue;
		*n += n_instances(def);
		b->n_vars += n_matrix_vars(def);
		if (b->n_vars > LIMIT_JOB_VARS) {
			stop_at_limit(b, def, "the jobs have more than %d variables in all",
				LIMIT_JOB_VARS);
			return false;
		}
		if (*n > LIMIT_JOBS) {
			too_many_jobs(b, def);
			return false;
		}
	}
	return true;
}

void expand_jobs(struct builder *b)
{
	struct pipeline *p = b->p;
	size_t n;

	map_init(&p->by_name, b->a);
	map_init(&b->groups, b->a);
	if (!count_instances(b, &n))
		return;
	map_reserve(&p->by_name, n);
	map_reserve(&b->groups, b->c->jobs.live);
	p->all = arena_array(b->a, struct job *, n + 1);
	map_each (struct map_entry *, e, &b->c->jobs) {
		const struct job_def *def = e->value;
		struct group *g;

		if (is_left_out(b, def))
			continue;
		g = arena_new(b->a, struct group);
		g->def = def;
		map_put(&b->groups, def->name.s, g);
		if (def->parallel.matrix) {
			add_matrix(b, g);
			continue;
		}
		g->v = arena_array(b->a, struct job *, MAX(def->parallel.count, 1u));
		if (def->parallel.count)
			add_numbered(b, g);
		else
			add_instance(b, g, new_instance(b, def, def->name.s));
	}
}
