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
		const struct var_def *def = &defs->v[i];
		struct var v = {
			.key = def->key.s,
			.value = def->value.s.p ? def->value.s : STR(""),
			.at = def->key.at,
			.from = layer == VAR_YAML_ROOT ? "variables" : "job",
			.layer = layer,
			.raw = def->raw,
		};
		varset_put(s, &v);
	}
}

/* From so many on, variables that jobs have in common are a set of their own. */
#define MANY_VARS 8

/* What a layer was made from: the address of the definitions, and the set below. */
struct layer_key {
	const void *defs;
	const struct varset *below;
};

static struct layer *find_layer(struct builder *b, struct layer_key key)
{
	return map_get(&b->layers, str_n((const char *)&key, sizeof(key)));
}

static struct layer *add_layer(struct builder *b, struct layer_key key, size_t n)
{
	struct layer *l = arena_new(b->a, struct layer);

	map_put(&b->layers, arena_str(b->a, str_n((const char *)&key, sizeof(key))), l);
	varset_init_on(&l->set, b->a, key.below);
	varset_reserve(&l->set, n);
	b->n_vars += n;
	return l;
}

static const struct varset *shared_vars(
	struct builder *b, const struct varset *below, const struct var_defs *defs)
{
	struct layer_key key = {defs->v, below};
	struct layer *l = find_layer(b, key);

	if (!l) {
		l = add_layer(b, key, defs->n);
		put_yaml_vars(&l->set, VAR_YAML_JOB, defs);
	}
	return &l->set;
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
		l = add_layer(b, key, 0);
		put_inherited(b, &l->set, only);
		b->n_vars += l->set.n;
	}
	return &l->set;
}

void init_vars(struct builder *b, struct instance *in)
{
	const struct job_def *def = in->pub.def;
	const struct inherit_def *inherit = &def->rare->inherit;
	struct varset *s = &in->pub.vars;
	const struct varset *below = inherit->all_variables ? &b->p->vars : b->base;
	bool few = inherit->only_variables.n < MANY_VARS, share = def->vars.n >= MANY_VARS;

	if (!inherit->all_variables && (!few || share))
		below = inherited_vars(b, &inherit->only_variables);
	if (share)
		below = shared_vars(b, below, &def->vars);
	varset_init_on(s, b->a, below);
	few = !inherit->all_variables && below == b->base;
	varset_reserve(s, (share ? 0 : def->vars.n) + (few ? inherit->only_variables.n : 0) +
				  in->n_vars + predefined_job_count(def->environment != NULL));
	if (few)
		put_inherited(b, s, &inherit->only_variables);
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

static struct var_base *base_below(struct builder *b, const struct varset *vars)
{
	struct layer_key key = {NULL, vars->below};
	struct layer *l = find_layer(b, key);

	if (!l)
		l = add_layer(b, key, 0);
	if (!l->base)
		l->base = var_base_new(b->a, vars->below);
	return l->base;
}

bool job_vars_acyclic(struct builder *b, const struct varset *vars, struct str *error)
{
	return var_base_check_cycles(base_below(b, vars), &b->scratch, vars, &b->work, error);
}

const struct varset *sorted_vars(struct builder *b, const struct varset *vars, struct varset *store)
{
	struct str why;

	/* What fails is as good as not expanded: the job gets an error for it later. */
	if (b->sharing)
		var_base_sort_and_expand(
			base_below(b, vars), &b->scratch, vars, &b->work, store, &why);
	else
		varset_sort_and_expand(&b->scratch, vars, false, store, NULL);
	return store;
}
