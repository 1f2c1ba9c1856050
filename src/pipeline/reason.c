#include "base/base.h"
#include "pipeline/reason.h"
#include "config/config.h"
#include "pipeline/pipeline.h"

/* So many facts of rules that did not match are told in one sentence. */
#define MAX_FACTS 4

const struct rule_step *job_deciding_step(const struct job *j)
{
	const struct rule_step *steps = j->steps;
	size_t n = j->n_steps;

	/* What keeps a job out ends the list. */
	if (n && steps[n - 1].index < 0)
		return j->in ? &steps[0] : &steps[n - 1];
	for (size_t i = 0; i < n; i++)
		if (steps[i].matched)
			return &steps[i];
	return NULL;
}

static struct str because(const struct rule_step *s)
{
	return str_from(s->why, s->because);
}

/* "$A is "x"; no changed file matches": of all rules, each fact once. */
static void add_facts(struct buf *out, const struct rule_step *steps, size_t n)
{
	size_t told = 0;

	for (size_t i = 0; i < n && told < MAX_FACTS; i++) {
		struct str fact = because(&steps[i]);
		bool known = !fact.n;

		for (size_t k = 0; k < i && !known; k++)
			known = str_eq(because(&steps[k]), fact);
		if (known)
			continue;
		buf_printf(out, "%s" STR_FMT, told ? "; " : ", because ", STR_ARG(fact));
		told++;
	}
}

/* of: " of workflow:rules", or empty for the rules of a job. */
static void add_rules(struct buf *out, const struct rule_step *steps, size_t n, size_t n_rules,
	const char *says, const char *of)
{
	const struct rule_step *s = n && steps[n - 1].matched ? &steps[n - 1] : NULL;

	if (s && n_rules == 1)
		buf_printf(
			out, "%s only rule%s matched and says %s", *of ? "the" : "its", of, says);
	else if (s)
		buf_printf(out, "rule %d of %zu%s matched and says %s", s->index + 1, n_rules, of,
			says);
	else if (n_rules == 1)
		buf_printf(out, "%s only rule%s did not match", *of ? "the" : "its", of);
	else if (n_rules)
		buf_printf(out, "none of %s %zu rules%s matched", *of ? "the" : "its", n_rules, of);
	else
		buf_printf(out, "%s list of rules%s is empty", *of ? "the" : "its", of);
	if (s)
		add_facts(out, s, 1);
	else
		add_facts(out, steps, n);
}

static void add_list(struct buf *out, const struct texts *t)
{
	for (size_t i = 0; i < t->n && i < MAX_FACTS; i++)
		buf_printf(out, "%s" STR_FMT, i ? ", " : "", STR_ARG(t->v[i].s));
	if (t->n > MAX_FACTS)
		buf_adds(out, ", ...");
}

static void add_policy(struct buf *out, const struct job *j)
{
	const struct only_except *only = j->def->rare->only, *except = j->def->rare->except;
	const struct rule_step *s = job_deciding_step(j);
	bool by_except = s && str_starts(s->why, STR("except"));
	const struct texts *refs = by_except ? &except->refs : &only->refs;

	if (!only->set && !except->set) {
		buf_adds(out, j->in ? "it has no rules"
				    : "it has no rules, and without any a job is for branches and "
				      "tags only");
		return;
	}
	if (!s) {
		buf_adds(out, "only and except say nothing against it");
		return;
	}
	buf_addstr(out, s->why);
	if (refs->set && str_starts(s->why, by_except ? STR("except:refs") : STR("only:refs"))) {
		buf_printf(out, " (%s names ", by_except ? "except" : "only");
		add_list(out, refs);
		buf_addc(out, ')');
	}
}

struct str job_reason(struct arena *a, const struct job *j)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (j->def->rules.set)
		add_rules(&b, j->steps, j->n_steps, j->def->rules.n,
			job_when_name(j->in ? j->when : WHEN_NEVER), "");
	else
		add_policy(&b, j);
	return arena_str(a, buf_str(&b));
}

struct str workflow_reason(struct arena *a, const struct pipeline *p)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (p->config->workflow.rules.set)
		add_rules(&b, p->workflow_steps, p->n_workflow_steps, p->config->workflow.rules.n,
			p->run ? "always" : "never", " of workflow:rules");
	return arena_str(a, buf_str(&b));
}
