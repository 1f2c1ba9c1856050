/* The timeline on a terminal: a row of letters for each job. */
#include "base/base.h"

#include "emulator/cli/timeline.h"
#include "emulator/cli/term.h"
#include "emulator/log/console.h"
#include "emulator/store/run_record.h"

#define NARROWEST  40
#define WIDEST     120 /* beyond that rows are hard to follow */
#define NAME_LEAST 10
#define TIME_WIDTH 7
/* Status of a job: from this width on, and so wide. */
#define STATUS_FROM  64
#define STATUS_WIDTH 8
/* Two marks of the axis are so far from each other. */
#define MARK_WIDTH 7

static const struct {
	const char *utf8, *ascii, *sgr;
} looks[] = {[TIME_WAIT] = {"\u00b7", ".", "2"},
	[TIME_IMAGE] = {"\u2592", "o", "35"},
	[TIME_PREPARE] = {"\u2591", "-", "34"},
	[TIME_FILES] = {"\u2593", "+", "36"},
	[TIME_SCRIPT] = {"\u2588", "#", "32"},
	[TIME_CHILD] = {"\u2500", "=", "2"}};
_Static_assert(ARRAY_SIZE(looks) == TIME_KINDS, "a look for each kind");

struct drawing {
	const struct timeline *t;
	const struct timeline_look *look;
	struct buf *out;
	size_t columns, name, bar;
	bool states;
};

static void begin(struct drawing *d, const char *sgr)
{
	if (d->look->color)
		buf_printf(d->out, "\033[%sm", sgr);
}

static void end(struct drawing *d)
{
	if (d->look->color)
		buf_adds(d->out, "\033[0m");
}

static void letter(struct drawing *d, enum time_kind k)
{
	buf_adds(d->out, d->look->utf8 ? looks[k].utf8 : looks[k].ascii);
}

/* A failed script is red. */
static const char *color_of(const struct timeline_job *j, enum time_kind k)
{
	if (k == TIME_SCRIPT && str_is(j->record->status, "failed"))
		return j->record->allow_failure ? "33" : "31";
	return looks[k].sgr;
}

static bool drawn(const struct drawing *d, const struct timeline_job *j)
{
	if (!j->n_parts && !d->look->states)
		return false;
	return !d->look->most || d->t->n_ran <= d->look->most || j->critical;
}

static void measure(struct drawing *d)
{
	size_t widest = strlen("TIMELINE");
	for (size_t i = 0; i < d->t->run->n_jobs; i++) {
		const struct timeline_job *j = &d->t->jobs[i];
		if (drawn(d, j))
			widest = MAX(widest, str_width(j->name) + 2 * j->depth);
	}
	d->columns = MIN(MAX(d->look->columns, (size_t)NARROWEST), (size_t)WIDEST);
	d->states = d->look->states && d->columns >= STATUS_FROM;
	d->name = MIN(widest, MAX(d->columns * 3 / 10, (size_t)NAME_LEAST));
	/* Two for the mark, two between each of the parts. */
	d->bar = d->columns - 2 - d->name - 2 - 2 - TIME_WIDTH - (d->states ? 2 + STATUS_WIDTH : 0);
}

static void draw_axis(struct drawing *d)
{
	struct arena a = ARENA_INIT;
	double total = MAX(d->t->end, 0.001);
	double step = timeline_step(total, MAX(d->bar / MARK_WIDTH, (size_t)1));
	size_t at = 0;
	buf_adds(d->out, "  ");
	begin(d, "1");
	pad_text(d->out, STR("TIMELINE"), d->name + 2);
	end(d);
	begin(d, "2");
	for (double s = 0; s <= total; s += step) {
		struct str mark = timeline_mark(&a, s);
		size_t cell = (size_t)(s / total * (double)d->bar);
		if (cell < at || cell + mark.n > d->bar)
			continue;
		buf_printf(d->out, "%*s" STR_FMT, (int)(cell - at), "", STR_ARG(mark));
		at = cell + mark.n;
	}
	end(d);
	end_line(d->out);
	arena_release(&a);
}

/* What most of a cell's time was; TIME_KINDS: nothing. */
static enum time_kind cell_kind(const struct timeline_job *j, double from, double to)
{
	double sums[TIME_KINDS] = {0};
	enum time_kind best = TIME_KINDS;
	for (size_t i = 0; i < j->n_parts; i++) {
		double start = MAX(from, j->parts[i].start), stop = MIN(to, j->parts[i].end);
		if (stop > start)
			sums[j->parts[i].kind] += stop - start;
	}
	for (int k = 0; k < TIME_KINDS; k++)
		if (sums[k] > 0 && (best == TIME_KINDS || sums[k] >= sums[best]))
			best = (enum time_kind)k;
	return best;
}

static void draw_bar(struct drawing *d, const struct timeline_job *j)
{
	double cell = MAX(d->t->end, 0.001) / (double)d->bar;
	enum time_kind last = TIME_KINDS;
	for (size_t i = 0; i < d->bar; i++) {
		double from = cell * (double)i;
		enum time_kind k = cell_kind(j, from, from + cell);
		if (k != last && last != TIME_KINDS)
			end(d);
		if (k != last && k != TIME_KINDS)
			begin(d, color_of(j, k));
		if (k == TIME_KINDS)
			buf_addc(d->out, ' ');
		else
			letter(d, k);
		last = k;
	}
	if (last != TIME_KINDS)
		end(d);
}

static void draw_job(struct drawing *d, const struct timeline_job *j)
{
	struct buf name = BUF_INIT, time = BUF_INIT;
	buf_adds(d->out, j->critical ? "* " : "  ");
	buf_printf(&name, "%*s", (int)MIN(2 * j->depth, d->name / 2), "");
	plain_text(&name, j->name);
	if (j->critical)
		begin(d, "1");
	console_fit(d->out, buf_str(&name), d->name);
	if (j->critical)
		end(d);
	buf_adds(d->out, "  ");
	if (j->n_parts)
		draw_bar(d, j);
	else
		pad_text(d->out, d->states ? STR("") : j->record->status, d->bar);
	console_duration(&time, j->n_parts ? j->busy : -1);
	buf_printf(d->out, "  %*s", TIME_WIDTH, time.p);
	if (d->states) {
		buf_adds(d->out, "  ");
		begin(d, status_color(j->record->status));
		buf_addstr(d->out, j->record->status);
		end(d);
	}
	end_line(d->out);
	buf_release(&name);
	buf_release(&time);
}

/* A part of a line that is not broken, `gap` blanks after the one before; at: where the line is. */
static void add_piece(struct drawing *d, size_t *at, size_t gap, struct str piece, size_t width)
{
	if (*at && *at + gap + width > d->columns) {
		buf_adds(d->out, "\n    ");
		*at = 4;
	} else {
		gap = *at ? gap : 2;
		buf_printf(d->out, "%*s", (int)gap, "");
		*at += gap;
	}
	buf_addstr(d->out, piece);
	*at += width;
}

/* The legend, with the sums over all jobs. */
static void draw_sums(struct drawing *d)
{
	size_t at = 0;
	for (int i = 0; i < TIME_KINDS; i++) {
		enum time_kind k = (enum time_kind)i;
		struct buf piece = BUF_INIT, text = BUF_INIT, *whole = d->out;
		if (d->t->sums[k] < 0.05)
			continue;
		buf_printf(&text, " %s ", time_kind_name(k));
		console_duration(&text, d->t->sums[k]);
		d->out = &piece;
		begin(d, looks[k].sgr);
		letter(d, k);
		end(d);
		d->out = whole;
		buf_addstr(&piece, buf_str(&text));
		add_piece(d, &at, 3, buf_str(&piece), 1 + text.n);
		buf_release(&piece);
		buf_release(&text);
	}
	buf_adds(d->out, at ? "\n" : "");
}

static void draw_chain(struct drawing *d)
{
	const struct timeline *t = d->t;
	struct buf words = BUF_INIT, name = BUF_INIT;
	size_t at = 0, most = d->columns - 8;
	buf_adds(&words, "longest chain (*) ");
	console_duration(&words, t->chain_s);
	buf_adds(&words, " of ");
	console_duration(&words, t->end);
	buf_adds(&words, ":");
	add_piece(d, &at, 0, buf_str(&words), words.n);
	for (size_t i = 0; i < t->n_chain; i++) {
		buf_clear(&words);
		buf_clear(&name);
		plain_text(&name, t->jobs[t->chain[i]].record->name);
		console_fit(&words, buf_str(&name), MIN(str_width(buf_str(&name)), most));
		if (i + 1 < t->n_chain)
			buf_adds(&words, d->look->utf8 ? " \u2192" : " ->");
		add_piece(d, &at, 1, buf_str(&words), str_width(buf_str(&words)));
	}
	buf_addc(d->out, '\n');
	buf_release(&words);
	buf_release(&name);
}

void timeline_text(const struct timeline *t, const struct timeline_look *look, struct buf *out)
{
	struct drawing d = {.t = t, .look = look, .out = out};
	size_t n = 0;
	measure(&d);
	draw_axis(&d);
	for (size_t i = 0; i < t->run->n_jobs; i++) {
		if (drawn(&d, &t->jobs[i]))
			draw_job(&d, &t->jobs[i]);
		else
			n += t->jobs[i].n_parts > 0;
	}
	if (n)
		buf_printf(out,
			"  and %zu more job%s off the longest chain: cilocal runs show " STR_FMT
			"\n",
			n, n == 1 ? "" : "s", STR_ARG(t->run->id));
	if (t->has_phases)
		draw_sums(&d);
	if (t->n_chain > 1)
		draw_chain(&d);
}
