/*
 * The first matching rule (GitLab, lib/gitlab/ci/build/rules.rb). Values are read raw: nothing is
 * expanded for `if`.
 */
#include "base/base.h"
#include "pipeline/pipeline_internal.h"
#include "config/clauses.h"
#include "expr/expr.h"

void push_step(struct arena *a, struct rule_step **steps, size_t *n, struct rule_step step)
{
	/* Few a job, so they start small; doubling at powers of two needs no capacity to be kept.
	 */
	if (!(*n & (*n - 1))) {
		struct rule_step *grown = arena_array(a, struct rule_step, *n ? *n * 2 : 1);

		if (*n)
			memcpy(grown, *steps, *n * sizeof(*grown));
		*steps = grown;
	}
	(*steps)[*n] = step;
	(*n)++;
}

static bool lookup(void *ctx, struct str name, struct str *value)
{
	const struct var *v = varset_get(ctx, name);

	if (v)
		*value = v->value;
	return v;
}

/* GitLab masks no value that is shorter (docs, "CI/CD variables", mask a variable). */
#define MIN_SECRET 8

static bool is_masked(const struct rules_ctx *ctx, struct str name)
{
	const struct var *v = varset_get(ctx->vars, name);

	return v && v->masked;
}

static bool add_secret(void *arg, const struct var *v)
{
	struct builder *b = arg;

	if (!v->masked || v->value.n < MIN_SECRET)
		return true;
	struct secret *s = arena_new(b->a, struct secret);

	*s = (struct secret){v->value, b->secrets};
	b->secrets = s;
	return true;
}

static struct str without(struct arena *a, struct str text, struct str secret)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t at = str_find(text, secret);

	if (at == STR_NPOS)
		return text;
	for (; at != STR_NPOS; at = str_find(text, secret)) {
		buf_addstr(&b, str_sub(text, 0, at));
		buf_adds(&b, "[MASKED]");
		text = str_from(text, at + secret.n);
	}
	buf_addstr(&b, text);
	return arena_str(a, buf_str(&b));
}

struct str hide_secrets(struct builder *b, struct str text)
{
	if (!b->knows_secrets && b->f->settings_vars)
		varset_each(b->f->settings_vars, add_secret, b);
	b->knows_secrets = true;
	for (const struct secret *s = b->secrets; s; s = s->next)
		text = without(&b->scratch, text, s->value);
	return text;
}

struct str trace_text(const struct rules_ctx *ctx, struct expr_trace *trace)
{
	for (struct expr_read *r = trace->first; r; r = r->next)
		if (r->defined && is_masked(ctx, r->name))
			r->value = STR("[MASKED]");
	return expr_trace_text(&ctx->b->scratch, trace);
}

static struct clause_ctx clauses(struct rules_ctx *ctx)
{
	if (!ctx->is_sorted) {
		ctx->sorted = arena_new(&ctx->b->scratch, struct varset);
		sorted_vars(ctx->b, ctx->vars, ctx->sorted);
		ctx->is_sorted = true;
	}
	return (struct clause_ctx){
		.arena = &ctx->b->scratch, .facts = ctx->b->f, .vars = ctx->sorted};
}

/* Why a rule matches, or not. because: where the text of the clause that decided begins. */
struct reason {
	struct buf text;
	size_t because;
};

static void add_reason(struct reason *r, const char *clause, struct str text, bool holds)
{
	bool first = !r->text.n;

	buf_printf(&r->text, "%s%s%s", first ? "" : "; ", clause, text.n ? ": " : "");
	/* Of several that hold, the first begins the reason; one that does not is all of it. */
	if (first || !holds)
		r->because = r->text.n;
	buf_addstr(&r->text, text);
}

static bool eval_if(struct rules_ctx *ctx, const struct rule_def *rule, struct reason *why)
{
	struct arena *scratch = &ctx->b->scratch;
	uint64_t steps = 0;
	struct expr_env env = {.variable = lookup, .ctx = (void *)ctx->vars, .steps = &steps};
	struct expr_trace trace;
	struct str failed = STR_NULL;

	expr_trace_init(&trace);
	bool holds = expr_eval(rule->expr, scratch, &env, &trace, NULL, &failed);
	ctx->b->work -= MIN(ctx->b->work, steps);
	struct str read = trace_text(ctx, &trace);
	add_reason(why, holds ? "if holds" : "if does not hold", failed.n ? failed : read, holds);
	return holds;
}

/* What a clause said to an earlier job. */
struct verdict {
	enum clause_verdict v;
	struct str text;
};

static bool any_refs(const struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (text_has_refs(t->v[i].s))
			return true;
	return false;
}

/* Jobs that extend the same one share its clauses; without variables in it, one has one answer. */
static struct verdict eval_clause(
	struct rules_ctx *ctx, const struct changes *changes, const struct exists *exists)
{
	const void *clause = changes ? (const void *)changes : exists;
	struct str key = str_n((const char *)&clause, sizeof(clause));
	struct builder *b = ctx->b;
	struct verdict v, *known = map_get(&b->clauses, key);
	bool same = changes ? !any_refs(&changes->paths) && !text_has_refs(changes->compare_to.s)
			    : !any_refs(&exists->paths) && !text_has_refs(exists->project.s) &&
				      !text_has_refs(exists->ref.s);
	struct clause_ctx c;

	if (known)
		return *known;
	v.text = STR_NULL;
	c = clauses(ctx);
	v.v = changes ? clause_changes(&c, changes, &v.text) : clause_exists(&c, exists, &v.text);
	v.text = hide_secrets(b, v.text);
	if (!same)
		return v;
	known = arena_new(b->a, struct verdict);
	*known = (struct verdict){v.v, arena_str(b->a, v.text)};
	map_put(&b->clauses, arena_str(b->a, key), known);
	return *known;
}

/* Whether all clauses hold; the ones behind the first that does not are not looked at. */
static enum clause_verdict eval_rule(
	struct rules_ctx *ctx, const struct rule_def *rule, struct reason *why, struct str *invalid)
{
	if (rule->expr && !eval_if(ctx, rule, why))
		return CLAUSE_FALSE;
	for (int i = 0; i < 2; i++) {
		struct verdict v;

		if (i == 0 ? !rule->changes : !rule->exists)
			continue;
		v = i == 0 ? eval_clause(ctx, rule->changes, NULL)
			   : eval_clause(ctx, NULL, rule->exists);
		add_reason(why, i == 0 ? "changes" : "exists", v.text, v.v == CLAUSE_TRUE);
		*invalid = v.text;
		if (v.v != CLAUSE_TRUE)
			return v.v;
	}
	if (!why->text.n)
		buf_adds(&why->text, "it has no conditions");
	return CLAUSE_TRUE;
}

enum rules_verdict eval_rules(struct rules_ctx *ctx, const struct rule_defs *rules, int *index,
	struct rule_step **steps, size_t *n_steps, struct str *why)
{
	*index = -1;
	for (size_t i = 0; i < rules->n && ctx->b->work; i++) {
		struct reason reason = {.text = BUF_INIT};
		enum clause_verdict v = eval_rule(ctx, &rules->v[i], &reason, why);

		push_step(&ctx->b->scratch, steps, n_steps,
			(struct rule_step){.index = (int)i,
				.matched = v == CLAUSE_TRUE,
				.because = (uint32_t)reason.because,
				.why = arena_str(&ctx->b->scratch, buf_str(&reason.text)),
				.at = rules->v[i].at});
		buf_release(&reason.text);
		if (v == CLAUSE_INVALID)
			return RULES_INVALID;
		if (v == CLAUSE_TRUE) {
			*index = (int)i;
			return RULES_MATCH;
		}
	}
	return RULES_NONE;
}

static bool same_steps(const struct rule_step *x, const struct rule_step *y, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (x[i].index != y[i].index || x[i].matched != y[i].matched ||
			!str_eq(x[i].why, y[i].why))
			return false;
	return true;
}

void keep_steps(struct builder *b, const void *of, struct rule_step **steps, size_t n)
{
	struct kept_steps *k = &b->kept[((uintptr_t)of >> 4) % ARRAY_SIZE(b->kept)];
	struct rule_step *v;

	if (!n)
		return;
	if (k->of != of || k->n != n || !same_steps(k->v, *steps, n)) {
		v = arena_array(b->a, struct rule_step, n);
		for (size_t i = 0; i < n; i++) {
			v[i] = (*steps)[i];
			v[i].why = arena_str(b->a, v[i].why);
		}
		*k = (struct kept_steps){of, v, n};
	}
	*steps = k->v;
}
