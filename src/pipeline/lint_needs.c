/* Needs on a job that rules may leave out, without `optional`: then no pipeline can be created. */
#include "base/base.h"

#include "pipeline/lint_internal.h"

#include "yaml/node.h"

/* Worlds that one `lint` tries in all; then only equal texts count. */
#define MAX_WORLDS 2000000

/* --- by equal texts --- */

/* Whether the job can be left out of a pipeline. */
static bool may_be_absent(const struct job_def *job)
{
	const struct rule_def *last;

	if (!job->rules.set)
		return job->rare->only->set || job->rare->except->set;
	for (size_t i = 0; i < job->rules.n; i++)
		if (job->rules.v[i].when == WHEN_NEVER)
			return true;
	last = job->rules.n ? &job->rules.v[job->rules.n - 1] : NULL;
	return !last || !rule_is_unconditional(last);
}

static bool same_policy(const struct job_def *a, const struct job_def *b)
{
	static const char *const keys[] = {"rules", "only", "except"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct node *x = node_get(a->node, keys[i]), *y = node_get(b->node, keys[i]);

		if (!x != !y || (x && !node_equal(x, y)))
			return false;
	}
	return true;
}

static bool same_texts(const struct texts *a, const struct texts *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!str_eq(a->v[i].s, b->v[i].s))
			return false;
	return true;
}

/* The next part of "A && B && C". */
static bool next_part(struct str *rest, struct str *part)
{
	size_t and;

	if (!rest->p)
		return false;
	and = str_find(*rest, STR("&&"));
	*part = str_trim(str_sub(*rest, 0, and == STR_NPOS ? rest->n : and));
	*rest = and == STR_NPOS ? STR_NULL : str_from(*rest, and+2);
	return true;
}

static bool has_part(struct str text, struct str wanted)
{
	struct str part;

	while (next_part(&text, &part))
		if (str_eq(part, wanted))
			return true;
	return false;
}

/* Whether `a` can only hold where `b` does: the same text, or b's parts are among those of a. */
static bool implies(struct str a, struct str b)
{
	struct str part;

	a = str_trim(a);
	b = str_trim(b);
	if (!b.n || str_eq(a, b))
		return true;
	if (!a.n || str_find(a, STR("||")) != STR_NPOS || str_chr(a, '(') != STR_NPOS)
		return false;
	while (next_part(&b, &part))
		if (!has_part(a, part))
			return false;
	return true;
}

static bool condition_implies(const struct rule_def *a, const struct rule_def *b)
{
	if (!implies(a->if_text.s, b->if_text.s))
		return false;
	return (!b->changes ||
		       (a->changes && same_texts(&a->changes->paths, &b->changes->paths))) &&
	       (!b->exists || (a->exists && same_texts(&a->exists->paths, &b->exists->paths)));
}

/* Each of a's rules that says never, or each of those that do not, is covered by one of b's. */
static bool rules_within(const struct rule_defs *a, const struct rule_defs *b, bool never)
{
	for (size_t i = 0; i < a->n; i++) {
		bool found = false;

		if ((a->v[i].when == WHEN_NEVER) != never)
			continue;
		for (size_t k = 0; k < b->n && !found; k++)
			found = (b->v[k].when == WHEN_NEVER) == never &&
				condition_implies(&a->v[i], &b->v[k]);
		if (!found)
			return false;
	}
	return true;
}

/* Wherever job is in, other is too, as far as equal conditions tell. */
static bool goes_along(const struct job_def *job, const struct job_def *other)
{
	if (same_policy(job, other))
		return true;
	return job->rules.set && other->rules.set &&
	       rules_within(&job->rules, &other->rules, false) &&
	       rules_within(&other->rules, &job->rules, true);
}

/* --- by trying what can be true --- */

static bool has_policy(const struct job_def *job)
{
	return job->rare->only->set || job->rare->except->set;
}

/*
 * A job without rules is in every pipeline, but where there are no workflow:rules none of a merge
 * request (GitLab docs, CI/CD YAML syntax reference, `only`: the default is branches and tags).
 */
static bool is_in(struct lint *l, struct worlds *w, const struct job_def *job)
{
	if (job->rules.set)
		return world_rules_in(w, &job->rules);
	return l->c->workflow.rules.set || !world_is_merge_request(w);
}

static bool begin(struct lint *l, struct worlds *w, const struct job_def *job,
	const struct job_def *other, bool workflow)
{
	*w = (struct worlds){.a = &l->a, .collecting = true};
	is_in(l, w, job);
	is_in(l, w, other);
	if (workflow && l->c->workflow.rules.set)
		world_rules_in(w, &l->c->workflow.rules);
	w->collecting = false;
	return !w->too_many;
}

/* Sets *example where the job can be in without the other; false where there is too much to try. */
static bool compare(
	struct lint *l, const struct job_def *job, const struct job_def *other, struct str *example)
{
	struct worlds w;
	bool workflow = l->c->workflow.rules.set;

	*example = STR_NULL;
	if (workflow && !begin(l, &w, job, other, true))
		workflow = false;
	if (!workflow && !begin(l, &w, job, other, false))
		return false;
	l->worlds += (size_t)1 << w.n;
	if (l->worlds > MAX_WORLDS)
		return false;
	for (w.now = 0; w.now < (uint32_t)1 << w.n; w.now++) {
		if (!is_in(l, &w, job) || is_in(l, &w, other) || !world_is_possible(&w) ||
			(workflow && !world_rules_in(&w, &l->c->workflow.rules)))
			continue;
		*example = world_text(&w);
		return true;
	}
	return true;
}

/* Jobs that extend the same template ask the same question. */
static bool remembered(
	struct lint *l, const struct job_def *job, const struct job_def *other, struct str *example)
{
	struct str key = arena_printf(&l->a, "%p%d %p%d", (void *)job->rules.v, job->rules.set,
		(void *)other->rules.v, other->rules.set);
	struct str *known = map_get(&l->compared, key);

	if (!known) {
		known = arena_new(&l->a, struct str);
		if (!compare(l, job, other, known))
			return false;
		map_put(&l->compared, key, known);
	}
	*example = *known;
	return true;
}

/* Where the job can be in a pipeline that the other is not in: an example, else empty. */
static bool can_be_without(
	struct lint *l, const struct job_def *job, const struct job_def *other, struct str *example)
{
	*example = STR_NULL;
	if (same_policy(job, other))
		return false;
	if (!has_policy(job) && !has_policy(other) && remembered(l, job, other, example))
		return example->n > 0;
	return may_be_absent(other) && !goes_along(job, other);
}

void lint_absent_needs(struct lint *l, const struct job_def *job)
{
	for (size_t i = 0; i < job->needs.n; i++) {
		const struct need_def *need = &job->needs.v[i];
		const struct job_def *other =
			need->job.s.n && !need->far->project.s.n && !need->far->pipeline.s.n
				? map_get(&l->c->jobs, need->job.s)
				: NULL;
		struct str example;
		struct diag *g;

		if (!other || other->hidden || need->optional ||
			!can_be_without(l, job, other, &example))
			continue;
		lint_warn(l, "maybe-absent-need", need->at,
			arena_printf(&l->a,
				"job '" STR_FMT "' needs job '" STR_FMT
				"', which is not in every pipeline; then no pipeline can be "
				"created",
				STR_ARG(job->name.s), STR_ARG(need->job.s)),
			&g);
		if (example.n)
			diag_note(
				l->d, g, SPAN_NONE, "for example where " STR_FMT, STR_ARG(example));
		diag_note(l->d, g, other->rules.set ? other->rules.at : other->name.at,
			"what decides about job '" STR_FMT "'", STR_ARG(need->job.s));
		diag_note(
			l->d, g, SPAN_NONE, "'optional: true' makes it a need that may be absent");
	}
}
