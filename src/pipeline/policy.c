/*
 * only and except (GitLab, lib/gitlab/ci/build/policy/ and lib/gitlab/ci/config/entry/policy.rb).
 */
#include "base/base.h"
#include "pipeline/pipeline_internal.h"
#include "config/clauses.h"
#include "expr/expr.h"
#include "expr/regex.h"

static bool is_branch(const struct facts *f)
{
	return f->branch.n && !f->tag.n;
}

/* The plural that Rails makes of the names of sources. */
static bool is_plural_of(struct str word, struct str plural)
{
	size_t n = word.n;
	char last = n ? word.p[n - 1] : '\0', before = n > 1 ? word.p[n - 2] : '\0';
	bool hiss = last == 's' || last == 'x' || (last == 'h' && (before == 's' || before == 'c'));

	if (!n || !str_starts(plural, str_sub(word, 0, n - 1)))
		return false;
	if (last == 'y' && !strchr("aeiou", before))
		return str_is(str_from(plural, n - 1), "ies");
	return str_starts(plural, word) && str_is(str_from(plural, n), hiss ? "es" : "s");
}

static bool source_matches(const struct facts *f, struct str pattern)
{
	struct str source = f->source;

	if (str_ends(source, STR("_event")))
		source = str_sub(source, 0, source.n - 6);
	return str_eq(source, pattern) || is_plural_of(source, pattern);
}

static bool ref_matches(struct arena *a, const struct facts *f, struct str pattern, uint64_t *steps)
{
	struct str body, why, ref = f->tag.n ? f->tag : f->branch;
	unsigned flags;

	if (f->tag.n && str_is(pattern, "tags"))
		return true;
	if (is_branch(f) && str_is(pattern, "branches"))
		return true;
	if (source_matches(f, pattern))
		return true;
	if (!ref.n)
		return false; /* merge request pipelines: neither names nor patterns */
	if (!regex_split(pattern, &body, &flags))
		return str_eq(pattern, ref);
	const struct regex *re = regex_new(a, body, flags, &why, NULL);
	return re && regex_search_counted(re, ref, NULL, 0, steps) == REGEX_YES;
}

/* "pattern@group/project" fits this project only. */
static bool refs_item(struct rules_ctx *ctx, struct str item)
{
	const struct facts *f = ctx->b->f;
	size_t at = str_chr(item, '@');

	/* A regular expression may hold an '@'; GitLab splits there all the same. */
	if (at != STR_NPOS && !str_eq(str_from(item, at + 1), f->project_path))
		return false;
	uint64_t steps = 1;
	bool yes = ref_matches(
		&ctx->b->scratch, f, str_sub(item, 0, at == STR_NPOS ? item.n : at), &steps);
	ctx->b->work -= MIN(ctx->b->work, steps);
	return yes;
}

static bool refs_hold(struct rules_ctx *ctx, const struct texts *refs, struct str *why)
{
	const struct facts *f = ctx->b->f;
	struct arena *a = &ctx->b->scratch;

	if (f->tag.n)
		*why = arena_printf(a, "tag '" STR_FMT "'", STR_ARG(f->tag));
	else if (is_branch(f))
		*why = arena_printf(a, "branch '" STR_FMT "'", STR_ARG(f->branch));
	else
		*why = STR("neither a branch nor a tag");
	*why = arena_printf(a, STR_FMT ", source " STR_FMT, STR_ARG(*why), STR_ARG(f->source));
	for (size_t i = 0; i < refs->n; i++)
		if (refs_item(ctx, refs->v[i].s))
			return true;
	return false;
}

static bool lookup(void *ctx, struct str name, struct str *value)
{
	const struct var *v = varset_get(ctx, name);

	if (v)
		*value = v->value;
	return v;
}

static bool variables_hold(struct rules_ctx *ctx, const struct only_except *p, struct str *why)
{
	uint64_t steps = 0;
	struct expr_env env = {.variable = lookup, .ctx = (void *)ctx->vars, .steps = &steps};
	struct expr_trace trace;
	bool holds = false;

	expr_trace_init(&trace);
	for (size_t i = 0; i < p->variables.n && !holds && ctx->b->work; i++)
		holds = p->exprs[i] &&
			expr_eval(p->exprs[i], &ctx->b->scratch, &env, &trace, NULL, NULL);
	ctx->b->work -= MIN(ctx->b->work, steps);
	*why = trace_text(ctx, &trace);
	return holds;
}

/* Like rules:changes without expansion; unknown changes hold, for `except` too. */
static bool changes_hold(struct rules_ctx *ctx, const struct only_except *p, struct str *why)
{
	struct clause_ctx c = {.arena = &ctx->b->scratch, .facts = ctx->b->f};
	struct changes changes = {.paths = p->changes, .at = p->at};

	return clause_changes(&c, &changes, why) == CLAUSE_TRUE;
}

static bool kubernetes_holds(struct rules_ctx *ctx)
{
	return str_is(varset_value(ctx->vars, "CI_KUBERNETES_ACTIVE"), "true");
}

enum clause { CLAUSE_REFS, CLAUSE_VARIABLES, CLAUSE_CHANGES, CLAUSE_KUBERNETES, CLAUSES };
static const char *const clause_names[] = {"refs", "variables", "changes", "kubernetes"};

static bool clause_given(const struct only_except *p, const struct texts *refs, enum clause c)
{
	switch (c) {
	case CLAUSE_REFS:
		return refs->set;
	case CLAUSE_VARIABLES:
		return p->variables.set;
	case CLAUSE_CHANGES:
		return p->changes.set;
	case CLAUSE_KUBERNETES:
		return p->kubernetes_active;
	case CLAUSES:
		break;
	}
	BUG("policy: clause %d", (int)c);
}

static bool clause_holds(struct rules_ctx *ctx, const struct only_except *p,
	const struct texts *refs, enum clause c, struct str *why)
{
	switch (c) {
	case CLAUSE_REFS:
		return refs_hold(ctx, refs, why);
	case CLAUSE_VARIABLES:
		return variables_hold(ctx, p, why);
	case CLAUSE_CHANGES:
		return changes_hold(ctx, p, why);
	case CLAUSE_KUBERNETES:
		*why = STR_NULL;
		return kubernetes_holds(ctx);
	case CLAUSES:
		break;
	}
	BUG("policy: clause %d", (int)c);
}

static struct text default_refs[] = {
	{STR_INIT("branches"), {{0, 0, 0}, {0, 0, 0}}}, {STR_INIT("tags"), {{0, 0, 0}, {0, 0, 0}}}};

static void step(struct rules_ctx *ctx, struct rule_step **steps, size_t *n, bool matched,
	struct span at, const char *policy, const char *clause, struct str why)
{
	push_step(&ctx->b->scratch, steps, n,
		(struct rule_step){.index = -1,
			.matched = matched,
			.why = arena_printf(&ctx->b->scratch, "%s:%s %s%s" STR_FMT, policy, clause,
				matched ? "holds" : "does not hold", why.n ? ": " : "",
				STR_ARG(why)),
			.at = at});
}

bool eval_policies(
	struct rules_ctx *ctx, const struct job_def *def, struct rule_step **steps, size_t *n_steps)
{
	const struct only_except *only = def->rare->only, *except = def->rare->except;
	struct texts refs = only->refs;
	struct str why = STR_NULL;
	/* With workflow:rules a job without `only` has no policy; `only` itself keeps its default
	 * refs. */
	bool has_default = only->set || !ctx->b->c->workflow.rules.set;

	if (!refs.set && has_default)
		refs = (struct texts){.v = default_refs, .n = 2, .set = true, .at = only->at};
	for (enum clause c = 0; c < CLAUSES; c++)
		if (clause_given(only, &refs, c)) {
			bool holds = clause_holds(ctx, only, &refs, c, &why);

			step(ctx, steps, n_steps, holds, only->at, "only", clause_names[c], why);
			if (!holds)
				return false;
		}
	for (enum clause c = 0; c < CLAUSES; c++)
		if (clause_given(except, &except->refs, c)) {
			bool holds = clause_holds(ctx, except, &except->refs, c, &why);

			step(ctx, steps, n_steps, holds, except->at, "except", clause_names[c],
				why);
			if (holds)
				return false;
		}
	return true;
}
