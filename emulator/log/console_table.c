#include "base/base.h"
#include "emulator/log/console.h"
#include "emulator/log/ansi.h"
#include "emulator/log/console_internal.h"

/* Widest columns of names; what is longer is cut. */
#define NAME_MAX_WIDTH 48

static const char *status_color(const struct console_row *r)
{
	if (str_is(r->status, "success"))
		return "\033[32m";
	if (str_is(r->status, "failed"))
		return r->allowed_failure ? "\033[33m" : "\033[31m";
	if (str_is(r->status, "canceled"))
		return "\033[35m";
	return "\033[2m";
}

void console_duration(struct buf *b, double s)
{
	unsigned long whole;

	if (s < 0) {
		buf_adds(b, "-");
		return;
	}
	if (s < 100) {
		buf_printf(b, "%.1fs", s);
		return;
	}
	whole = (unsigned long)(s + 0.5);
	if (whole < 3600)
		buf_printf(b, "%lum %02lus", whole / 60, whole % 60);
	else
		buf_printf(b, "%luh %02lum", whole / 3600, whole / 60 % 60);
}

static void put_reason(struct buf *b, const struct console_row *r)
{
	char code[32] = "", status[32] = "";

	if (r->has_exit_code && r->exit_code) {
		snprintf(code, sizeof(code), "exit code %d", r->exit_code);
		snprintf(status, sizeof(status), "exit status %d", r->exit_code);
	}
	buf_adds(b, code);
	/* The reason of a plain script failure says the code again, in either word. */
	if (r->reason.n && (!code[0] || (str_find(r->reason, str_c(code)) == STR_NPOS &&
						str_find(r->reason, str_c(status)) == STR_NPOS))) {
		if (code[0])
			buf_adds(b, ": ");
		buf_addstr(b, r->reason);
	}
	if (r->allowed_failure)
		buf_adds(b, " (allowed to fail)");
}

static void put_tail(struct console *c, const struct console_row *r)
{
	struct str_split it;
	struct str line;
	struct str tail = r->tail;

	while (tail.n && tail.p[tail.n - 1] == '\n')
		tail.n--;
	it = str_split(tail, '\n');
	while (tail.n && str_split_next(&it, &line)) {
		struct ansi a = ANSI_INIT;

		buf_adds(&c->out, c->o.color ? "    \033[2m|\033[0m " : "    | ");
		ansi_strip(&a, line, &c->out);
		buf_addc(&c->out, '\n');
	}
	if (r->log_path.n)
		buf_printf(&c->out, "    whole log: " STR_FMT "\n", STR_ARG(r->log_path));
}

/* What a row takes besides the two names, with a short reason. */
#define ROW_REST       40
#define NAME_MIN_WIDTH 12

/* A name that had to be cut says so. */
void console_fit(struct buf *out, struct str name, size_t width)
{
	struct buf cut = BUF_INIT;

	if (str_width(name) > width) {
		live_put_text(&cut, name, width - 3);
		buf_adds(&cut, "...");
		name = buf_str(&cut);
	}
	console_pad(out, name, width);
	buf_release(&cut);
}

/* Narrow terminals get names that are cut rather than rows that are wrapped. */
static void fit(const struct console *c, size_t *w_job, size_t *w_stage)
{
	size_t columns = c->o.columns;

	while (columns && *w_job + *w_stage + ROW_REST > columns && *w_job > NAME_MIN_WIDTH)
		--*w_job;
	while (columns && *w_job + *w_stage + ROW_REST > columns && *w_stage > NAME_MIN_WIDTH)
		--*w_stage;
}

static void put_row(struct console *c, const struct console_row *r, size_t w_job, size_t w_stage)
{
	struct buf cell = BUF_INIT;

	buf_adds(&c->out, "  ");
	console_fit(&c->out, r->job, w_job);
	buf_adds(&c->out, "  ");
	console_fit(&c->out, r->stage, w_stage);
	buf_adds(&c->out, "  ");
	if (c->o.color)
		buf_adds(&c->out, status_color(r));
	console_pad(&c->out, r->status, 9);
	if (c->o.color)
		buf_adds(&c->out, "\033[0m");
	buf_adds(&c->out, "  ");
	console_duration(&cell, r->seconds);
	console_pad(&c->out, buf_str(&cell), 8);
	buf_clear(&cell);
	if (str_is(r->status, "failed") || str_is(r->status, "canceled"))
		put_reason(&cell, r);
	if (r->coverage.n)
		buf_printf(&cell, "%scoverage " STR_FMT "%%", cell.n ? "  " : "",
			STR_ARG(r->coverage));
	if (cell.n) {
		buf_adds(&c->out, "  ");
		buf_addstr(&c->out, buf_str(&cell));
	}
	buf_trim_blanks(&c->out);
	buf_addc(&c->out, '\n');
	buf_release(&cell);
}

static void put_head(struct console *c, size_t w_job, size_t w_stage)
{
	buf_adds(&c->out, c->o.color ? "\n  \033[1m" : "\n  ");
	console_pad(&c->out, STR("JOB"), w_job);
	buf_adds(&c->out, "  ");
	console_pad(&c->out, STR("STAGE"), w_stage);
	buf_adds(&c->out, "  STATUS     TIME");
	buf_adds(&c->out, c->o.color ? "\033[0m\n" : "\n");
}

void console_table(struct console *c, const struct console_row *rows, size_t n)
{
	size_t i, w_job = 3, w_stage = 5;

	for (i = 0; i < n; i++) {
		w_job = MAX(w_job, MIN(str_width(rows[i].job), (size_t)NAME_MAX_WIDTH));
		w_stage = MAX(w_stage, MIN(str_width(rows[i].stage), (size_t)NAME_MAX_WIDTH));
	}
	fit(c, &w_job, &w_stage);
	if (c->o.quiet) {
		for (i = 0; i < n && !str_is(rows[i].status, "failed"); i++)
			;
		if (i == n)
			return;
	}
	put_head(c, w_job, w_stage);
	for (i = 0; i < n; i++)
		if (!c->o.quiet || str_is(rows[i].status, "failed"))
			put_row(c, &rows[i], w_job, w_stage);
	for (i = 0; i < n; i++)
		if (str_is(rows[i].status, "failed") && (rows[i].tail.n || rows[i].log_path.n)) {
			buf_printf(&c->out, "\n  " STR_FMT ":\n", STR_ARG(rows[i].job));
			put_tail(c, &rows[i]);
		}
	console_write_out(c);
}
