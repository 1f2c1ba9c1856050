#include "base/base.h"

#include "emulator/cli/compare.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/compare_internal.h"
#include "emulator/cli/jobs.h"
#include "emulator/cli/tree.h"
#include "emulator/cli/verdict.h"
#include "config/config.h"
#include "expr/glob.h"
#include "pipeline/pipeline.h"
#include "pipeline/reason.h"

#define MAX_COLUMNS 12

/* ---- which events ---- */

static const struct event_kind {
	const char *event, *title, *means;
	bool usual;
} kinds[] = {
	{"push", "push", "a push of branch", true},
	{"merge_request_event", "MR", "a merge request of", true},
	{"tag", "tag", "a push of tag", true},
	{"schedule", "schedule", "a schedule of branch", true},
	{"web", "web", "\"Run pipeline\" in GitLab for branch", false},
	{"api", "api", "the pipelines API, for branch", false},
	{"trigger", "trigger", "a trigger token, for branch", false},
	{"pipeline", "pipeline", "a pipeline of another project, for branch", false},
	{"parent_pipeline", "parent", "a parent pipeline of branch", false},
};

/* The names in --events, all of them known; each kind's flag is set. Exit code. */
static int choose(struct cli *c, bool *wanted)
{
	const char *list = opt_text(&c->opt, OPT_EVENTS);
	struct str_split it = str_split(str_c(list), ',');
	struct str name, names[ARRAY_SIZE(kinds)];
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		names[k] = str_c(kinds[k].event);
		wanted[k] = !list && kinds[k].usual;
	}
	while (list && str_split_next(&it, &name)) {
		bool known = str_is(name = str_trim(name), "all");
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
			if (str_eq(names[k], name) || str_is(name, "all"))
				wanted[k] = known = true;
		const struct str *near = str_nearest(name, names, ARRAY_SIZE(kinds));
		if (!known && near)
			return cli_usage(c,
				"'--events' knows no '" STR_FMT "'; did you mean '" STR_FMT "'?",
				STR_ARG(name), STR_ARG(*near));
		if (!known)
			return cli_usage(c,
				"'--events' knows no '" STR_FMT
				"': its events are those of '--event'",
				STR_ARG(name));
	}
	return EXIT_OK;
}

/* The branch that this is about: --branch, or the one checked out. */
static struct str this_branch(const struct load *l)
{
	return l->facts.branch.n ? l->facts.branch : l->facts.default_branch;
}

/* A tag to try: --tag, the one at HEAD, the last one before; else a usual name. */
static struct str some_tag(struct load *l, bool *made_up)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct str given = str_c(opt_text(&l->c->opt, OPT_TAG));
	const char *const args[] = {"describe", "--tags", "--abbrev=0", NULL};
	*made_up = false;
	if (given.n || l->repo.tag.n)
		return given.n ? given : l->repo.tag;
	if (l->repo.has_commit && !repo_git(&l->repo, &out, NULL, args) &&
		str_trim(buf_str(&out)).n)
		return arena_str(&l->c->arena, str_trim(buf_str(&out)));
	*made_up = true;
	return STR("v1.0.0");
}

static void add_column(struct compare *cmp, const struct event_kind *k, struct str title,
	struct event_ask ask, struct str means)
{
	if (cmp->n_columns == MAX_COLUMNS)
		return;
	ask.event = str_c(k->event);
	cmp->columns[cmp->n_columns++] = (struct column){
		.title = title.n ? title : str_c(k->title), .means = means, .ask = ask};
}

static void add_branch(struct compare *cmp, const struct event_kind *k, const char *title,
	struct str branch, const char *note)
{
	add_column(cmp, k, str_c(title), (struct event_ask){.branch = branch},
		arena_printf(
			&cmp->c->arena, "%s '" STR_FMT "'%s", k->means, STR_ARG(branch), note));
}

/* On the default branch, the other branch and the source of a merge request have to be made up. */
static void add_kind(struct compare *cmp, struct load *l, const struct event_kind *k)
{
	struct arena *a = &cmp->c->arena;
	struct str here = this_branch(l), main = l->facts.default_branch;
	bool at_main = str_eq(here, main), made_up;
	const char *note = at_main ? " (made up; --branch names one)" : "";
	struct str other = !at_main                  ? here
			   : str_is(main, "feature") ? STR("another-feature")
						     : STR("feature");
	if (str_is(str_c(k->event), "push")) {
		add_branch(cmp, k, at_main ? "branch" : "push", other, note);
		add_branch(cmp, k, "default", main, ", the default branch");
	} else if (str_is(str_c(k->event), "merge_request_event")) {
		struct str target = str_c(opt_text(&cmp->c->opt, OPT_TARGET_BRANCH));
		target = target.n ? target : main;
		add_column(cmp, k, STR_NULL, (struct event_ask){.branch = other, .target = target},
			arena_printf(a, "%s '" STR_FMT "' into '" STR_FMT "'%s", k->means,
				STR_ARG(other), STR_ARG(target), note));
	} else if (str_is(str_c(k->event), "tag")) {
		struct str tag = some_tag(l, &made_up);
		add_column(cmp, k, STR_NULL, (struct event_ask){.tag = tag},
			arena_printf(a, "%s '" STR_FMT "'%s", k->means, STR_ARG(tag),
				made_up ? " (made up; --tag names one)" : ""));
	} else {
		add_branch(cmp, k, k->title, here, "");
	}
}

/* ---- what they hold ---- */

static struct row *row_of(struct compare *cmp, const struct job *j)
{
	struct arena *a = &cmp->c->arena;
	struct row *r = map_get(&cmp->by_name, j->name);
	if (r)
		return r;
	r = arena_new(a, struct row);
	r->name = arena_str(a, j->name);
	r->base_name = arena_str(a, j->base_name);
	r->v = arena_array(a, struct entry, cmp->n_columns);
	map_put(&cmp->by_name, r->name, r);
	vec_push_in(a, &cmp->rows, r);
	return r;
}

static void keep_jobs(struct compare *cmp, size_t column, const struct load *l)
{
	const struct pipeline *p = l->pipeline;
	struct arena *a = &cmp->c->arena;
	bool reasons = cmp->c->opt.n_args || opt_flag(&cmp->c->opt, OPT_JSON);
	for (size_t i = 0; i < p->n_all; i++) {
		const struct job *j = p->all[i];
		row_of(cmp, j)->v[column] = (struct entry){.there = true,
			.in = j->in && cmp->columns[column].outcome == OUTCOME_CREATED,
			.when = j->in ? j->when : WHEN_NEVER,
			.rule = j->rule,
			.why = reasons ? job_reason(a, j) : STR_NULL};
	}
}

static int fill(struct compare *cmp, struct load *l, size_t column)
{
	struct column *col = &cmp->columns[column];
	struct arena *a = &cmp->c->arena;
	int code = load_event(l, &col->ask);
	if (!code)
		code = load_definition(l, NULL);
	l->hush = true;
	if (code == EXIT_INVALID && l->config) {
		col->outcome = OUTCOME_INVALID;
		col->why = load_first_error(l);
		if (!col->why.n)
			col->why = STR("the definition is invalid");
		return EXIT_OK;
	}
	if (code)
		return code;
	col->why = verdict_no_pipeline(a, l->pipeline);
	if (col->why.n)
		col->outcome = OUTCOME_NONE;
	keep_jobs(cmp, column, l);
	return EXIT_OK;
}

/* ---- which rows ---- */

const char *entry_word(const struct entry *e)
{
	if (!e->there || !e->in)
		return "-";
	return e->when == WHEN_ON_SUCCESS ? "yes" : job_when_name(e->when);
}

bool row_differs(const struct compare *cmp, const struct row *r)
{
	const char *first = NULL;
	for (size_t i = 0; i < cmp->n_columns; i++) {
		if (cmp->columns[i].outcome != OUTCOME_CREATED)
			continue;
		if (first && strcmp(first, entry_word(&r->v[i])) != 0)
			return true;
		first = entry_word(&r->v[i]);
	}
	return false;
}

static bool same_entries(const struct compare *cmp, const struct row *x, const struct row *y)
{
	for (size_t i = 0; i < cmp->n_columns; i++)
		if (strcmp(entry_word(&x->v[i]), entry_word(&y->v[i])) != 0 ||
			!str_eq(x->v[i].why, y->v[i].why))
			return false;
	return true;
}

/* The copies of a parallel job that follow each other and are alike make one row. */
static void group_copies(struct compare *cmp)
{
	struct row *head = NULL;
	for (size_t i = 0; i < cmp->rows.n; i++) {
		struct row *r = cmp->rows.v[i];
		if (head && str_eq(head->base_name, r->base_name) && same_entries(cmp, head, r)) {
			head->copies++;
			continue;
		}
		head = r;
		r->copies = 1;
	}
	for (size_t i = 0; i < cmp->rows.n; i += MAX(cmp->rows.v[i]->copies, (size_t)1)) {
		struct row *r = cmp->rows.v[i];
		size_t next = i + r->copies;
		r->whole = (!i || !str_eq(cmp->rows.v[i - 1]->base_name, r->base_name)) &&
			   (next == cmp->rows.n ||
				   !str_eq(cmp->rows.v[next]->base_name, r->base_name));
	}
}

/* Only the rows that the argument means. */
static int choose_rows(struct compare *cmp)
{
	struct cli *c = cmp->c;
	if (!c->opt.n_args)
		return EXIT_OK;
	struct str want = str_c(c->opt.args[0]);
	struct str *names = arena_array(&c->arena, struct str, cmp->rows.n * 2 + 1);
	bool exact = map_has(&cmp->by_name, want), literal = glob_is_literal(want);
	size_t kept = 0, n = cmp->rows.n;
	for (size_t i = 0; i < n; i++) {
		struct row *r = cmp->rows.v[i];
		names[2 * i] = r->name;
		names[2 * i + 1] = r->base_name;
		bool fits =
			exact ? str_eq(r->name, want)
			      : str_eq(r->base_name, want) ||
					(!literal && (glob_match_name(want, r->name) ||
							     glob_match_name(want, r->base_name)));
		if (fits)
			cmp->rows.v[kept++] = r;
	}
	cmp->rows.n = kept;
	return kept ? EXIT_OK : jobs_unknown(c, want, names, n * 2);
}

static int gather(struct compare *cmp, struct load *l)
{
	bool wanted[ARRAY_SIZE(kinds)], any = false;
	int code = choose(cmp->c, wanted);
	for (size_t k = 0; k < ARRAY_SIZE(kinds) && !code; k++)
		if (wanted[k])
			add_kind(cmp, l, &kinds[k]);
	for (size_t i = 0; i < cmp->n_columns && !code; i++) {
		code = fill(cmp, l, i);
		any |= cmp->columns[i].outcome != OUTCOME_INVALID;
	}
	if (!code && !any) {
		load_print_diags(l, false);
		return EXIT_INVALID;
	}
	return code ? code : choose_rows(cmp);
}

int compare_events(struct cli *c)
{
	struct load l;
	struct compare cmp = {
		.c = c, .columns = arena_array(&c->arena, struct column, MAX_COLUMNS)};
	if (opt_last(&c->opt, OPT_EVENT) && !opt_last(&c->opt, OPT_EVENT)->from)
		return cli_usage(
			c, "'--all' compares events; '--events' says which, not '--event'");
	map_init(&cmp.by_name, &c->arena);
	int code = load_project(c, &l);
	if (!code)
		code = gather(&cmp, &l);
	group_copies(&cmp);
	if (!code && opt_flag(&c->opt, OPT_JSON))
		compare_say_json(&cmp);
	else if (!code && c->opt.n_args)
		compare_say_jobs(&cmp);
	else if (!code)
		compare_say_table(&cmp);
	load_release(&l);
	return code;
}
