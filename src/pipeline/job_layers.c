/*
 * The sets of variables that jobs lie on. Thousands of jobs may have the same ones, by `extends`,
 * by `inherit` or as copies: these are put together, and checked, once.
 */
#include "base/base.h"
#include "pipeline/pipeline_internal.h"
#include "vars/predefined.h"

void put_yaml_vars(struct varset *s, enum var_layer layer, const struct var_defs *defs)
{
	for (size_t i = 0; i < defs->n; i++) {
		struct var v = defs->v[i];

		v.layer = layer;
		v.from = layer == VAR_YAML_ROOT ? "variables" : "job";
		varset_put(s, &v);
	}
}

/* From so many on, a job's variables stay where they were read. */
#define MANY_VARS 3
/* From so many on, those that a job inherits are put together once for all that have the list. */
#define MANY_INHERITED 8
/* Below that, what they make of each other is looked at for each job. */
#define LONG_INHERITED 100

/* What a layer was made from: the address of the definitions, and the set below. */
struct layer_key {
	const void *defs;
	const struct varset *below;
};

static struct layer *find_layer(struct builder *b, struct layer_key key)
{
	return map_get(&b->layers, str_n((const char *)&key, sizeof(key)));
}

static struct layer *add_layer(struct builder *b, struct layer_key key)
{
	struct layer *l = arena_new(b->a, struct layer);

	map_put(&b->layers, arena_str(b->a, str_n((const char *)&key, sizeof(key))), l);
	varset_init_on(&l->set, b->a, key.below);
	return l;
}

/* Jobs that have the same definitions stand together, so a small table knows most of them. */
static const struct varset *shared_vars(
	struct builder *b, const struct varset *below, const struct var_defs *defs)
{
	struct recent_vars *r = &b->recent[((uintptr_t)defs->v >> 4) % ARRAY_SIZE(b->recent)];
	struct varset *set;

	if (r->set && r->defs == defs->v && r->set->below == below)
		return r->set;
	set = arena_new(b->a, struct varset);
	varset_init_with(set, b->a, below, defs->v, defs->n);
	*r = (struct recent_vars){defs->v, set};
	return set;
}

static int by_address(const void *x, const void *y)
{
	const struct var *a = *(const struct var *const *)x, *b = *(const struct var *const *)y;

	return a < b ? -1 : a > b;
}

/* Puts those of the root's variables that were asked for; workflow's are among them. */
static void put_inherited(struct builder *b, struct varset *to, const struct texts *only)
{
	const struct varset *root = &b->p->vars;
	const struct var **found = arena_array(&b->scratch, const struct var *, only->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < only->n; i++) {
		found[n] = varset_get_own(root, only->v[i].s);
		n += found[n] != NULL;
	}
	/* They keep the order in which the root has them. */
	qsort(found, n, sizeof(const struct var *), by_address);
	varset_reserve(to, to->n + n);
	for (size_t i = 0; i < n; i++)
		varset_put(to, found[i]);
}

static const struct varset *inherited_vars(struct builder *b, const struct texts *only)
{
	struct layer_key key = {only->v, b->base};
	struct layer *l = find_layer(b, key);

	if (!l) {
		l = add_layer(b, key);
		put_inherited(b, &l->set, only);
		b->n_vars += l->set.n;
	}
	return &l->set;
}

void init_vars(struct builder *b, struct instance *in)
{
	const struct job_def *def = in->pub.def;
	const struct inherit_def *inherit = &def->rare->inherit;
	const struct texts *only = inherit->all_variables ? NULL : &inherit->only_variables;
	struct varset *s = &in->pub.vars;
	const struct varset *below = only ? b->base : &b->p->vars;
	bool share = def->vars.n >= MANY_VARS, few = only && only->n < MANY_INHERITED && !share;

	b->below = below;
	if (only && !few && only->n)
		below = inherited_vars(b, only);
	if (only && only->n >= LONG_INHERITED)
		b->below = below;
	if (share)
		below = shared_vars(b, below, &def->vars);
	varset_init_on(s, b->a, below);
	varset_reserve(s, (share ? 0 : def->vars.n) + (few ? only->n : 0) + in->n_vars +
				  predefined_job_count(def->environment != NULL));
	if (few)
		put_inherited(b, s, only);
	if (!share)
		put_yaml_vars(s, VAR_YAML_JOB, &def->vars);
	for (size_t i = 0; i < in->n_vars; i++) {
		struct var v = {
			.key = in->vars[i].key,
			.value = in->vars[i].value,
			.at = in->vars[i].at,
			.from = "matrix",
			.layer = VAR_YAML_JOB,
		};
		varset_put(s, &v);
	}
}

/* Of what the job at hand has in common with many. */
static struct var_base *shared_base(struct builder *b)
{
	struct layer_key key = {NULL, b->below};
	struct layer *l = find_layer(b, key);

	if (!l)
		l = add_layer(b, key);
	if (!l->base)
		l->base = var_base_new(b->a, b->below);
	return l->base;
}

bool job_vars_acyclic(struct builder *b, const struct varset *vars, struct str *error)
{
	return var_base_check_cycles(shared_base(b), &b->scratch, vars, &b->work, error);
}

const struct varset *sorted_vars(struct builder *b, const struct varset *vars, struct varset *store)
{
	struct str why;

	/* What fails is as good as not expanded: the job gets an error for it later. */
	if (b->sharing)
		var_base_sort_and_expand(shared_base(b), &b->scratch, vars, &b->work, store, &why);
	else
		varset_sort_and_expand(&b->scratch, vars, false, store, NULL);
	return store;
}
