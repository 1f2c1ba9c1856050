/* `explain --all`: the table, the sentences about one job, JSON. */
#include "base/base.h"

#include "emulator/cli/cmd.h"
#include "emulator/cli/compare_internal.h"
#include "emulator/cli/term.h"
#include "emulator/cli/tree.h"
#include "emulator/log/console.h"
#include "yaml/node.h"

#include <unistd.h>

/* A job's name gets at least so many columns, however narrow the terminal is. */
#define MIN_NAME 8

static const char *outcome_word(enum outcome o)
{
	return o == OUTCOME_CREATED ? "created" : o == OUTCOME_NONE ? "none" : "invalid";
}

static const char *word_color(const char *word)
{
	if (!strcmp(word, "yes"))
		return "32";
	return !strcmp(word, "-") || !strcmp(word, "none") ? "2"
	       : !strcmp(word, "invalid")                  ? "31"
							   : "33";
}

static struct str row_name(struct compare *cmp, const struct row *r)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	bool many = r->copies > 1;
	plain_text(&b, many && r->whole ? r->base_name : r->name);
	if (many && r->whole)
		buf_printf(&b, " (%zu jobs)", r->copies);
	else if (many)
		buf_printf(&b, " and %zu more", r->copies - 1);
	return arena_str(&cmp->c->arena, buf_str(&b));
}

static unsigned columns_of(const struct compare *cmp)
{
	return cmp->c->tty_out ? term_columns(STDOUT_FILENO) : 0;
}

/* "  push    a push of branch 'x'", one for each event. */
static void say_legend(struct compare *cmp)
{
	struct buf *out = &cmp->c->out;
	size_t width = 0;
	for (size_t i = 0; i < cmp->n_columns; i++)
		width = MAX(width, cmp->columns[i].title.n);
	for (size_t i = 0; i < cmp->n_columns; i++) {
		const struct column *col = &cmp->columns[i];
		pad_text(out, col->title, width + 2);
		wrap_text(out, col->means, width + 2, width + 2, columns_of(cmp));
		buf_addc(out, '\n');
		if (!col->why.n)
			continue;
		buf_printf(out, "%*s", (int)width + 2, "");
		wrap_text(out,
			arena_printf(&cmp->c->arena, "%s: " STR_FMT,
				col->outcome == OUTCOME_NONE ? "no pipeline"
							     : "the definition is invalid then",
				STR_ARG(col->why)),
			width + 2, width + 2, columns_of(cmp));
		buf_addc(out, '\n');
	}
}

/* ---- the table ---- */

static void put_cell(struct compare *cmp, const char *word, size_t width)
{
	struct buf *out = &cmp->c->out;
	buf_adds(out, "  ");
	if (cmp->c->color_out && *word)
		buf_printf(out, "\033[%sm", word_color(word));
	buf_adds(out, word);
	if (cmp->c->color_out && *word)
		buf_adds(out, "\033[0m");
	for (size_t n = strlen(word); n < width; n++)
		buf_addc(out, ' ');
}

/* The table, or a part of it: columns from `from` up to `to`. */
struct table {
	struct compare *cmp;
	size_t *width; /* of the events' columns */
	size_t name;   /* of the jobs' names */
	size_t from, to;
};

static void measure(struct table *t)
{
	struct compare *cmp = t->cmp;
	t->width = arena_array(&cmp->c->arena, size_t, cmp->n_columns + 1);
	t->name = strlen("(pipeline)");
	for (size_t i = 0; i < cmp->n_columns; i++) {
		t->width[i] = cmp->columns[i].title.n;
		if (cmp->columns[i].outcome != OUTCOME_CREATED)
			t->width[i] =
				MAX(t->width[i], strlen(outcome_word(cmp->columns[i].outcome)));
	}
	for (size_t r = 0; r < cmp->rows.n; r++) {
		if (!cmp->rows.v[r]->copies)
			continue;
		t->name = MAX(t->name, str_width(row_name(cmp, cmp->rows.v[r])));
		for (size_t i = 0; i < cmp->n_columns; i++)
			t->width[i] = MAX(t->width[i], strlen(entry_word(&cmp->rows.v[r]->v[i])));
	}
}

/*
 * As many columns from t->from on as the terminal has room for, one at least; the names give way
 * first, but not below what one can tell them by.
 */
static void choose_columns(struct table *t)
{
	size_t columns = columns_of(t->cmp), used = 0, all = 0;
	for (size_t i = t->from; i < t->cmp->n_columns; i++)
		all += t->width[i] + 2;
	if (columns && t->name + all > columns)
		t->name = MIN(t->name,
			MAX(columns > all ? columns - all : 0, MAX(columns / 4, (size_t)MIN_NAME)));
	for (t->to = t->from; t->to < t->cmp->n_columns; t->to++) {
		used += t->width[t->to] + 2;
		if (columns && t->to > t->from && t->name + used > columns)
			break;
	}
}

static void say_head(struct table *t)
{
	struct compare *cmp = t->cmp;
	struct buf *out = &cmp->c->out;
	bool all = true;
	buf_adds(out, cmp->c->color_out ? "\033[1m" : "");
	console_fit(out, STR("JOB"), t->name);
	for (size_t i = t->from; i < t->to; i++) {
		buf_adds(out, "  ");
		pad_text(out, cmp->columns[i].title, i + 1 < t->to ? t->width[i] : 0);
	}
	buf_adds(out, cmp->c->color_out ? "\033[0m\n" : "\n");
	for (size_t i = 0; i < cmp->n_columns; i++)
		all &= cmp->columns[i].outcome == OUTCOME_CREATED;
	if (all)
		return;
	console_fit(out, STR("(pipeline)"), t->name);
	for (size_t i = t->from; i < t->to; i++)
		put_cell(cmp,
			cmp->columns[i].outcome == OUTCOME_CREATED
				? "yes"
				: outcome_word(cmp->columns[i].outcome),
			t->width[i]);
	end_line(out);
}

static void say_rows(struct table *t)
{
	struct compare *cmp = t->cmp;
	for (size_t r = 0; r < cmp->rows.n; r++) {
		const struct row *row = cmp->rows.v[r];
		if (!row->copies)
			continue;
		console_fit(&cmp->c->out, row_name(cmp, row), t->name);
		for (size_t i = t->from; i < t->to; i++)
			put_cell(cmp,
				cmp->columns[i].outcome == OUTCOME_CREATED ? entry_word(&row->v[i])
									   : "",
				t->width[i]);
		end_line(&cmp->c->out);
	}
}

/* ---- what differs ---- */

static bool counts(const struct compare *cmp, const struct row *r, size_t i, const char *word)
{
	return cmp->columns[i].outcome == OUTCOME_CREATED && !strcmp(entry_word(&r->v[i]), word);
}

static size_t count_word(
	const struct compare *cmp, const struct row *r, const char *word, size_t *first)
{
	size_t n = 0;
	for (size_t i = cmp->n_columns; i-- > 0;)
		if (counts(cmp, r, i, word)) {
			*first = i;
			n++;
		}
	return n;
}

static void add_titles(
	struct buf *b, const struct compare *cmp, const struct row *r, const char *word)
{
	for (size_t i = 0, n = 0; i < cmp->n_columns; i++)
		if (counts(cmp, r, i, word))
			buf_printf(
				b, "%s" STR_FMT, n++ ? ", " : "", STR_ARG(cmp->columns[i].title));
}

/* "only in tag", "in all but schedule", "in push; manual in default; not in tag". */
static struct str pattern_text(struct compare *cmp, const struct row *r)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t made = 0, at = 0, yes, no;
	for (size_t i = 0; i < cmp->n_columns; i++)
		made += cmp->columns[i].outcome == OUTCOME_CREATED;
	yes = count_word(cmp, r, "yes", &at);
	no = count_word(cmp, r, "-", &at);
	if (yes + no == made) {
		buf_adds(&b, yes <= no ? "only in " : "in all but ");
		add_titles(&b, cmp, r, yes <= no ? "yes" : "-");
		return arena_str(&cmp->c->arena, buf_str(&b));
	}
	for (size_t i = 0; i < cmp->n_columns; i++) {
		const char *word = entry_word(&r->v[i]);
		if (cmp->columns[i].outcome != OUTCOME_CREATED || !strcmp(word, "-"))
			continue;
		count_word(cmp, r, word, &at);
		if (at != i)
			continue;
		buf_printf(&b, "%s%s%sin ", b.n ? "; " : "", strcmp(word, "yes") ? word : "",
			strcmp(word, "yes") ? " " : "");
		add_titles(&b, cmp, r, word);
	}
	if (no) {
		buf_adds(&b, "; not in ");
		add_titles(&b, cmp, r, "-");
	}
	return arena_str(&cmp->c->arena, buf_str(&b));
}

static void say_group(struct compare *cmp, struct str head, const struct str *pattern)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	buf_printf(&b, STR_FMT ":", STR_ARG(head));
	for (size_t r = 0, n = 0; r < cmp->rows.n; r++)
		if (cmp->rows.v[r]->copies && str_eq(pattern[r], head))
			buf_printf(&b, "%s " STR_FMT, n++ ? "," : "",
				STR_ARG(row_name(cmp, cmp->rows.v[r])));
	buf_adds(&cmp->c->out, "  ");
	wrap_text(&cmp->c->out, buf_str(&b), 2, 4, columns_of(cmp));
	buf_addc(&cmp->c->out, '\n');
}

static void say_differences(struct compare *cmp)
{
	struct buf *out = &cmp->c->out;
	struct str *pattern = arena_array(&cmp->c->arena, struct str, cmp->rows.n + 1);
	struct map seen;
	size_t shown = 0;
	map_init(&seen, &cmp->c->arena);
	for (size_t r = 0; r < cmp->rows.n; r++)
		if (cmp->rows.v[r]->copies && row_differs(cmp, cmp->rows.v[r]))
			pattern[r] = pattern_text(cmp, cmp->rows.v[r]);
	for (size_t r = 0; r < cmp->rows.n; r++) {
		if (!pattern[r].n || map_put(&seen, pattern[r], cmp))
			continue;
		if (!shown++)
			buf_adds(out, "\nWhat differs:\n");
		say_group(cmp, pattern[r], pattern);
	}
	if (!shown)
		buf_adds(out, "\nEvery event that has a pipeline has the same jobs.\n");
}

void compare_say_table(struct compare *cmp)
{
	struct table t = {.cmp = cmp};
	struct buf *out = &cmp->c->out;
	if (!cmp->c->quiet) {
		say_legend(cmp);
		buf_addc(out, '\n');
	}
	measure(&t);
	do {
		buf_adds(out, t.from ? "\n" : "");
		choose_columns(&t);
		say_head(&t);
		say_rows(&t);
		t.from = t.to;
	} while (t.from < cmp->n_columns);
	if (!cmp->c->quiet)
		say_differences(cmp);
}

/* ---- one job ---- */

void compare_say_jobs(struct compare *cmp)
{
	struct buf *out = &cmp->c->out;
	size_t title = 0, word = strlen("invalid");
	for (size_t i = 0; i < cmp->n_columns; i++)
		title = MAX(title, cmp->columns[i].title.n);
	if (!cmp->c->quiet)
		say_legend(cmp);
	for (size_t r = 0; r < cmp->rows.n; r++) {
		const struct row *row = cmp->rows.v[r];
		if (!row->copies)
			continue;
		for (size_t i = 0; i < cmp->n_columns; i++)
			word = MAX(word, strlen(entry_word(&row->v[i])));
		buf_printf(out, "%s'" STR_FMT "'\n", r || !cmp->c->quiet ? "\n" : "",
			STR_ARG(row_name(cmp, row)));
		for (size_t i = 0; i < cmp->n_columns; i++) {
			const struct column *col = &cmp->columns[i];
			bool made = col->outcome == OUTCOME_CREATED;
			size_t at = 2 + title + 2 + word + 2;
			buf_adds(out, "  ");
			pad_text(out, col->title, title);
			put_cell(cmp, made ? entry_word(&row->v[i]) : outcome_word(col->outcome),
				word);
			buf_adds(out, "  ");
			wrap_text(out,
				!made             ? col->why
				: row->v[i].there ? row->v[i].why
						  : STR("the definition has no such job then"),
				at, at, columns_of(cmp));
			buf_addc(out, '\n');
		}
	}
}

/* ---- JSON ---- */

static struct node *column_tree(struct arena *a, const struct column *col)
{
	struct node *m = tree_map(a);
	tree_str(a, m, "event", col->ask.event);
	tree_opt(a, m, "branch", col->ask.branch);
	tree_opt(a, m, "tag", col->ask.tag);
	tree_opt(a, m, "target_branch", col->ask.target);
	tree_str(a, m, "pipeline", str_c(outcome_word(col->outcome)));
	tree_opt(a, m, "why", col->why);
	return m;
}

static struct node *entry_tree(struct arena *a, const struct column *col, const struct entry *e)
{
	struct node *m = tree_map(a);
	bool known = e->there && col->outcome == OUTCOME_CREATED;
	tree_bool(a, m, "in", e->in);
	if (known)
		tree_str(a, m, "when", str_c(job_when_name(e->in ? e->when : WHEN_NEVER)));
	else
		tree_null(a, m, "when");
	if (known && e->rule >= 0)
		tree_int(a, m, "rule", e->rule);
	else
		tree_null(a, m, "rule");
	tree_opt(a, m, "why", known ? e->why : STR_NULL);
	return m;
}

void compare_say_json(struct compare *cmp)
{
	struct arena *a = &cmp->c->arena;
	struct node *m = tree_map(a), *events = tree_seq(a), *jobs = tree_seq(a);
	for (size_t i = 0; i < cmp->n_columns; i++)
		node_seq_push(a, events, column_tree(a, &cmp->columns[i]));
	for (size_t r = 0; r < cmp->rows.n; r++) {
		struct row *row = cmp->rows.v[r];
		struct node *j = tree_map(a), *in = tree_seq(a);
		tree_str(a, j, "job", row->name);
		tree_str(a, j, "base_name", row->base_name);
		tree_bool(a, j, "differs", row_differs(cmp, row));
		for (size_t i = 0; i < cmp->n_columns; i++)
			node_seq_push(a, in, entry_tree(a, &cmp->columns[i], &row->v[i]));
		tree_put(a, j, "events", in);
		node_seq_push(a, jobs, j);
	}
	tree_put(a, m, "events", events);
	tree_put(a, m, "jobs", jobs);
	tree_print(cmp->c, m);
}
