#include "base/base.h"

#include "pipeline/lint_internal.h"

#include "expr/regex.h"

static bool is_true(const struct worlds *w, size_t i)
{
	return w->now >> i & 1;
}

static bool same_atom(const struct expr_atom *a, const struct expr_atom *b)
{
	return a->kind == b->kind && str_eq(a->name, b->name) && str_eq(a->text, b->text);
}

/* The value of an atom in this world; a new one joins while collecting. */
static bool ask(void *ctx, const struct expr_atom *atom)
{
	struct worlds *w = ctx;

	for (size_t i = 0; i < w->n; i++)
		if (same_atom(&w->v[i], atom))
			return is_true(w, i);
	if (w->collecting && w->n < WORLD_ATOMS)
		w->v[w->n++] = *atom;
	else
		w->too_many = true;
	return false;
}

/* Changed or existing files: as a whole they hold or do not. */
static bool ask_paths(struct worlds *w, const char *what, const struct texts *paths)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_adds(&b, what);
	for (size_t i = 0; i < paths->n; i++)
		buf_printf(&b, "%s" STR_FMT, i ? ", " : " ", STR_ARG(paths->v[i].s));
	struct str text = w->collecting ? arena_str(w->a, buf_str(&b)) : buf_str(&b);
	return ask(w, &(struct expr_atom){.kind = EXPR_ATOM_OTHER, .name = text});
}

static bool rule_matches(struct worlds *w, const struct rule_def *r)
{
	bool yes = !r->expr || expr_holds(r->expr, ask, w);

	if (r->changes)
		yes &= ask_paths(w, "changes of", &r->changes->paths);
	if (r->exists)
		yes &= ask_paths(w, "existing", &r->exists->paths);
	return yes;
}

bool world_rules_in(struct worlds *w, const struct rule_defs *rules)
{
	int in = -1;

	for (size_t i = 0; i < rules->n; i++) {
		if (!w->collecting && in >= 0)
			break;
		if (rule_matches(w, &rules->v[i]) && in < 0)
			in = rules->v[i].when != WHEN_NEVER;
	}
	return in > 0;
}

/* --- what goes together --- */

enum truth { UNKNOWN, YES, NO, BOTH };

static enum truth both(enum truth a, enum truth b)
{
	return a == UNKNOWN ? b : b == UNKNOWN || a == b ? a : BOTH;
}

static bool is_predefined(struct str name)
{
	return str_starts(name, STR("CI_")) || str_is(name, "CI") || str_is(name, "GITLAB_CI");
}

/* What one atom says about whether a variable has a value that is not empty. */
static enum truth says(const struct expr_atom *a, bool holds, struct str name)
{
	bool mine = str_eq(a->name, name);

	switch (a->kind) {
	case EXPR_ATOM_TRUE:
		return !mine ? UNKNOWN : holds ? YES : NO;
	case EXPR_ATOM_NULL:
		/* A predefined variable is never empty. */
		return !mine ? UNKNOWN : holds ? NO : is_predefined(name) ? YES : UNKNOWN;
	case EXPR_ATOM_IS:
		if (!mine || !holds)
			return UNKNOWN;
		return str_is_blank(a->text) ? NO : YES;
	case EXPR_ATOM_MATCH:
		return mine && holds ? YES : UNKNOWN;
	case EXPR_ATOM_SAME:
		if (!holds || !is_predefined(name))
			return UNKNOWN;
		return mine || str_eq(a->text, name) ? YES : UNKNOWN;
	case EXPR_ATOM_OTHER:
		break;
	}
	return UNKNOWN;
}

static enum truth truth_of(const struct worlds *w, struct str name)
{
	enum truth t = UNKNOWN;

	for (size_t i = 0; i < w->n; i++)
		t = both(t, says(&w->v[i], is_true(w, i), name));
	return t;
}

static bool one_of(struct str s, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_is(s, names[i]))
			return true;
	return false;
}

static enum truth merge_request(const struct worlds *w)
{
	/* Of these a merge request has every one. */
	static const char *const all[] = {"CI_MERGE_REQUEST_ID", "CI_MERGE_REQUEST_IID",
		"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
		"CI_MERGE_REQUEST_EVENT_TYPE", "CI_MERGE_REQUEST_PROJECT_ID"};
	enum truth t = UNKNOWN;

	for (size_t i = 0; i < w->n; i++) {
		const struct expr_atom *a = &w->v[i];
		bool event = str_is(a->text, "merge_request_event");

		if (str_starts(a->name, STR("CI_MERGE_REQUEST_"))) {
			enum truth one = says(a, is_true(w, i), a->name);

			if (one == YES || one_of(a->name, all, ARRAY_SIZE(all)))
				t = both(t, one);
		} else if (a->kind == EXPR_ATOM_IS && str_is(a->name, "CI_PIPELINE_SOURCE")) {
			if (event)
				t = both(t, is_true(w, i) ? YES : NO);
			else if (is_true(w, i) && !str_is(a->text, "parent_pipeline"))
				t = both(t, NO);
		}
	}
	return t;
}

/* Two atoms about the same variable. */
static bool go_together(const struct worlds *w, size_t i, size_t k)
{
	const struct expr_atom *a = &w->v[i], *b = &w->v[k];

	if (a->kind != EXPR_ATOM_IS || !is_true(w, i) || !str_eq(a->name, b->name) || i == k)
		return true;
	if (b->kind == EXPR_ATOM_IS)
		return !is_true(w, k);
	if (b->kind == EXPR_ATOM_MATCH && b->re)
		return (regex_search(b->re, a->text, NULL, 0) == REGEX_YES) == is_true(w, k);
	return true;
}

static bool always_set(struct str name)
{
	static const char *const names[] = {"CI", "GITLAB_CI", "CI_COMMIT_SHA",
		"CI_COMMIT_SHORT_SHA", "CI_COMMIT_REF_NAME", "CI_COMMIT_REF_SLUG",
		"CI_DEFAULT_BRANCH", "CI_PIPELINE_SOURCE", "CI_PROJECT_ID", "CI_PROJECT_NAME",
		"CI_PROJECT_PATH", "CI_PROJECT_NAMESPACE", "CI_SERVER_HOST"};

	return one_of(name, names, ARRAY_SIZE(names));
}

bool world_is_possible(const struct worlds *w)
{
	enum truth branch = truth_of(w, STR("CI_COMMIT_BRANCH"));
	enum truth tag = truth_of(w, STR("CI_COMMIT_TAG")), mr = merge_request(w);
	int yes = (branch == YES) + (tag == YES) + (mr == YES);
	int no = (branch == NO) + (tag == NO) + (mr == NO);

	if (mr == BOTH || yes > 1 || no == 3)
		return false;
	for (size_t i = 0; i < w->n; i++) {
		enum truth t =
			w->v[i].kind == EXPR_ATOM_OTHER ? UNKNOWN : truth_of(w, w->v[i].name);

		if (t == BOTH || (t == NO && always_set(w->v[i].name)))
			return false;
		for (size_t k = 0; k < w->n; k++)
			if (!go_together(w, i, k))
				return false;
	}
	return true;
}

bool world_is_merge_request(const struct worlds *w)
{
	return merge_request(w) == YES;
}

static void add_atom(struct buf *b, const struct expr_atom *a)
{
	switch (a->kind) {
	case EXPR_ATOM_TRUE:
		buf_printf(b, "$" STR_FMT, STR_ARG(a->name));
		return;
	case EXPR_ATOM_NULL:
		buf_printf(b, "$" STR_FMT " == null", STR_ARG(a->name));
		return;
	case EXPR_ATOM_IS:
		buf_printf(
			b, "$" STR_FMT " == \"" STR_FMT "\"", STR_ARG(a->name), STR_ARG(a->text));
		return;
	case EXPR_ATOM_SAME:
		buf_printf(b, "$" STR_FMT " == $" STR_FMT, STR_ARG(a->name), STR_ARG(a->text));
		return;
	case EXPR_ATOM_MATCH:
		buf_printf(b, "$" STR_FMT " =~ " STR_FMT, STR_ARG(a->name), STR_ARG(a->text));
		return;
	case EXPR_ATOM_OTHER:
		buf_addstr(b, a->name);
		return;
	}
}

struct str world_text(const struct worlds *w)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t shown = 0;

	for (size_t i = 0; i < w->n && shown < 3; i++) {
		if (!is_true(w, i))
			continue;
		buf_adds(&b, shown++ ? " and " : "");
		add_atom(&b, &w->v[i]);
	}
	if (!shown)
		buf_adds(&b, "none of the conditions holds");
	return arena_str(w->a, buf_str(&b));
}
