#include "base/base.h"

#include "emulator/cli/jobs.h"
#include "emulator/cli/cmd.h"
#include "emulator/cli/term.h"
#include "emulator/cli/tree.h"
#include "emulator/log/console.h"
#include "expr/glob.h"
#include "pipeline/pipeline.h"
#include "yaml/node.h"

#include <unistd.h>

int jobs_unknown(struct cli *c, struct str name, const struct str *names, size_t n)
{
	const struct str *near = str_nearest(name, names, n);
	if (!glob_is_literal(name) && str_chr(name, '[') == STR_NPOS)
		cli_error(c, "no job fits the pattern '" STR_FMT "'", STR_ARG(name));
	else if (near)
		cli_error(c, "there is no job '" STR_FMT "'; did you mean '" STR_FMT "'?",
			STR_ARG(name), STR_ARG(*near));
	else
		cli_error(c, "there is no job '" STR_FMT "'; 'cilocal list' shows the jobs",
			STR_ARG(name));
	return EXIT_USAGE;
}

int jobs_find(struct cli *c, const struct pipeline *p, const char *name, bool all,
	struct job ***out, size_t *n)
{
	*n = pipeline_find_jobs(&c->arena, p, str_c(name), all, out);
	if (*n)
		return EXIT_OK;
	struct str *names = arena_array(&c->arena, struct str, p->n_all * 2 + 1);
	size_t n_names = 0;
	bool is_out = false;
	for (size_t i = 0; i < p->n_all; i++) {
		const struct job *j = p->all[i];
		is_out |= !j->in && (str_is(j->name, name) || str_is(j->base_name, name));
		if (j->in || all) {
			names[n_names++] = j->name;
			names[n_names++] = j->base_name;
		}
	}
	if (!is_out)
		return jobs_unknown(c, str_c(name), names, n_names);
	cli_error(c, "job '%s' is not in this pipeline; 'cilocal explain' says why", name);
	return EXIT_USAGE;
}

/* ---- cells ---- */

static struct str cell_when(struct arena *a, const struct job *j)
{
	if (!j->in)
		return STR("never");
	if (j->when == WHEN_DELAYED)
		return arena_printf(a, "delayed %" PRId64 "s", j->start_in_s);
	return str_c(job_when_name(j->when));
}

static struct str cell_may_fail(struct arena *a, const struct job *j)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	if (!j->n_allow_exit_codes)
		return j->allow_failure ? STR("true") : STR("false");
	for (size_t i = 0; i < j->n_allow_exit_codes; i++)
		buf_printf(&b, "%s%" PRId64, i ? " " : "", j->allow_exit_codes[i]);
	return arena_str(a, buf_str(&b));
}

static struct str cell_needs(
	struct arena *a, const struct pipeline *p, const struct job *j, const char *between)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	for (size_t i = 0; i < j->n_needs; i++) {
		const struct need *n = &j->needs[i];
		buf_adds(&b, i ? between : "");
		if (n->job != UINT32_MAX)
			buf_addstr(&b, p->jobs[n->job]->name);
		else if (n->def)
			buf_addstr(&b, n->def->job.s.n ? n->def->job.s : n->def->far->pipeline.s);
	}
	return arena_str(a, buf_str(&b));
}

/* What else a reader wants to know at once. */
static struct str cell_notes(struct arena *a, const struct job *j)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	if (j->n_allow_exit_codes)
		buf_printf(&b, ", may exit " STR_FMT, STR_ARG(cell_may_fail(a, j)));
	else if (j->allow_failure && j->when != WHEN_MANUAL)
		buf_adds(&b, ", may fail");
	if (j->environment_name.n)
		buf_printf(&b, ", environment " STR_FMT, STR_ARG(j->environment_name));
	if (j->def->trigger)
		buf_printf(&b, ", triggers %s",
			j->def->trigger->project.s.n ? arena_cstr(a, j->def->trigger->project.s)
						     : "a child pipeline");
	if (j->resource_group.n)
		buf_printf(&b, ", resource group " STR_FMT, STR_ARG(j->resource_group));
	return arena_str(a, str_from(buf_str(&b), 2));
}

/* ---- table ---- */

enum { COL_JOB, COL_STAGE, COL_WHEN, COL_NEEDS, COL_NOTES, N_COLS };
static const char *const titles[N_COLS] = {"JOB", "STAGE", "WHEN", "NEEDS", "NOTES"};

struct row {
	struct str cell[N_COLS];
	bool out;
};

static void put_row(struct cli *c, const struct row *r, const size_t *width, const char *color)
{
	struct buf *b = &c->out;
	bool last_used = false;
	if (c->color_out && color)
		buf_printf(b, "\033[%sm", color);
	for (size_t i = 0; i < N_COLS; i++) {
		if (!width[i])
			continue;
		if (last_used)
			buf_adds(b, "  ");
		last_used = true;
		console_fit(b, r->cell[i], width[i]);
	}
	if (c->color_out && color) {
		buf_trim_blanks(b);
		buf_adds(b, "\033[0m");
	}
	end_line(b);
}

/* The columns that grow without end give way first where the terminal is narrow. */
static void squeeze(size_t *width, unsigned columns)
{
	static const size_t order[] = {COL_NOTES, COL_NEEDS, COL_JOB};
	size_t total = 0;
	for (size_t i = 0; i < N_COLS; i++)
		total += width[i] ? width[i] + 2 : 0;
	for (size_t k = 0; columns && k < ARRAY_SIZE(order) && total > columns + 2; k++) {
		size_t i = order[k], keep = 12;
		if (width[i] <= keep)
			continue;
		size_t cut = MIN(total - columns - 2, width[i] - keep);
		width[i] -= cut;
		total -= cut;
	}
}

static struct str clean(struct arena *a, struct str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	plain_text(&b, text);
	return arena_str(a, buf_str(&b));
}

void jobs_table(struct cli *c, const struct pipeline *p, bool all)
{
	size_t n = all ? p->n_all : p->n_jobs, width[N_COLS] = {0};
	struct job **jobs = all ? p->all : p->jobs;
	struct row *rows = arena_array(&c->arena, struct row, n + 1), head = {.out = false};
	for (size_t i = 0; i < n; i++) {
		const struct job *j = jobs[i];
		struct row *r = &rows[i];
		r->out = !j->in;
		r->cell[COL_JOB] = clean(&c->arena, j->name);
		r->cell[COL_STAGE] = clean(&c->arena, j->stage);
		r->cell[COL_WHEN] = cell_when(&c->arena, j);
		r->cell[COL_NEEDS] = j->dag && !j->n_needs
					     ? STR("(none)")
					     : clean(&c->arena, cell_needs(&c->arena, p, j, ", "));
		r->cell[COL_NOTES] = clean(&c->arena, cell_notes(&c->arena, j));
		for (size_t k = 0; k < N_COLS; k++)
			width[k] = MAX(width[k], str_width(r->cell[k]));
	}
	for (size_t k = 0; k < N_COLS; k++) {
		head.cell[k] = str_c(titles[k]);
		if (width[k])
			width[k] = MAX(width[k], strlen(titles[k]));
	}
	if (c->tty_out)
		squeeze(width, term_columns(STDOUT_FILENO));
	if (n && !c->quiet)
		put_row(c, &head, width, "1");
	for (size_t i = 0; i < n; i++)
		put_row(c, &rows[i], width, rows[i].out ? "2" : NULL);
}

/* ---- CSV ---- */

static void csv_field(struct buf *out, struct str s, bool last)
{
	bool quote = false;
	for (size_t i = 0; i < s.n; i++)
		quote |= strchr(",\"\r\n", s.p[i]) != NULL;
	if (quote)
		buf_addc(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_addc(out, '"');
		buf_addc(out, s.p[i]);
	}
	if (quote)
		buf_addc(out, '"');
	buf_adds(out, last ? "\r\n" : ",");
}

static struct str prefixed(struct arena *a, struct str prefix, struct str name)
{
	return prefix.n ? arena_printf(a, STR_FMT STR_FMT, STR_ARG(prefix), STR_ARG(name)) : name;
}

void jobs_csv(struct cli *c, const struct pipeline *p, bool all, struct str prefix)
{
	size_t n = all ? p->n_all : p->n_jobs;
	struct job **jobs = all ? p->all : p->jobs;
	struct arena *a = &c->arena;
	if (!prefix.p)
		buf_adds(&c->out, "name,base_name,stage,when,allow_failure,needs,tags,environment,"
				  "source\r\n");
	for (size_t i = 0; i < n; i++) {
		const struct job *j = jobs[i];
		CLEANUP(buf_release) struct buf tags = BUF_INIT;
		for (size_t k = 0; k < j->tags.n; k++)
			buf_printf(&tags, "%s" STR_FMT, k ? "\n" : "", STR_ARG(j->tags.v[k].s));
		csv_field(&c->out, prefixed(a, prefix, j->name), false);
		csv_field(&c->out, prefixed(a, prefix, j->base_name), false);
		csv_field(&c->out, j->stage, false);
		csv_field(&c->out, j->in ? str_c(job_when_name(j->when)) : STR("never"), false);
		csv_field(&c->out, cell_may_fail(a, j), false);
		csv_field(&c->out, cell_needs(a, p, j, "\n"), false);
		csv_field(&c->out, buf_str(&tags), false);
		csv_field(&c->out, j->environment_name, false);
		csv_field(&c->out, place_text(a, p->sources, j->def->name.at), true);
	}
}
