/* The timeline as SVG; it follows the reader's light or dark scheme. */
#include "base/base.h"

#include "emulator/cli/timeline.h"
#include "emulator/cli/xml.h"
#include "emulator/log/console.h"
#include "emulator/store/run_record.h"

/* In units of SVG; letters are about 7 wide. */
#define LETTER     7.2
#define ROW        28
#define HEIGHT     16
#define MARGIN     20
#define TOP        76
#define BAR        640
#define NAME_LEAST 120
#define NAME_MOST  420
#define TIME       90
#define MARKS      8
/* A part is seen, however short it was. */
#define THINNEST 1.0

static const char *const classes[] = {[TIME_WAIT] = "wait",
	[TIME_IMAGE] = "image",
	[TIME_PREPARE] = "prepare",
	[TIME_FILES] = "files",
	[TIME_SCRIPT] = "script",
	[TIME_CHILD] = "child"};
_Static_assert(ARRAY_SIZE(classes) == TIME_KINDS, "a class for each kind");

struct svg {
	const struct timeline *t;
	struct buf *out;
	struct arena arena;
	double name, width, bottom; /* name: width of that column */
	size_t rows;
};

/* As many letters as have room, then "...". */
static void put_name(struct svg *v, struct str name, double width)
{
	size_t most = (size_t)(width / LETTER);
	struct buf cut = BUF_INIT;
	if (str_width(name) > most) {
		console_fit(&cut, name, most);
		name = buf_str(&cut);
	}
	xml_text(v->out, name, false);
	buf_release(&cut);
}

static struct str duration(struct svg *v, double s)
{
	struct buf b = BUF_INIT;
	console_duration(&b, s);
	struct str text = arena_str(&v->arena, buf_str(&b));
	buf_release(&b);
	return text;
}

static void measure(struct svg *v)
{
	v->name = NAME_LEAST;
	for (size_t i = 0; i < v->t->run->n_jobs; i++) {
		const struct timeline_job *j = &v->t->jobs[i];
		double w = (double)(str_width(j->name) + 2 * j->depth) * LETTER + 12;
		v->name = MAX(v->name, w);
	}
	v->name = MIN(v->name, (double)NAME_MOST);
	v->width = MARGIN + v->name + BAR + TIME + MARGIN;
	v->bottom = TOP + (double)v->t->run->n_jobs * ROW;
}

static void draw_style(struct svg *v, double height)
{
	buf_printf(v->out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
		"width=\"%.0f\" height=\"%.0f\" role=\"img\" aria-label=\"timeline of a run\">\n",
		v->width, height, v->width, height);
	buf_adds(v->out,
		"<style>\n"
		"text{font:13px ui-sans-serif,system-ui,sans-serif;fill:#1f1e24}\n"
		".head{font-weight:600}.note{fill:#626168}.critical{font-weight:600}\n"
		".back{fill:#ffffff}.grid{stroke:#dcdcde}.chain{fill:#e9f3fc}\n"
		".wait{fill:#bfbfc3}.image{fill:#9475db}.prepare{fill:#63a6e9}\n"
		".files{fill:#1f9aa8}.script{fill:#2da160}.child{fill:#a4a3a8}\n"
		".failed{fill:#dd2b0e}.allowed{fill:#c17d10}\n"
		"@media (prefers-color-scheme:dark){\n"
		"text{fill:#ececef}.note{fill:#a4a3a8}.back{fill:#1f1e24}.grid{stroke:#3a383f}\n"
		".chain{fill:#1b2a3c}.wait{fill:#626168}.image{fill:#a989f5}.prepare{fill:#428fdc}"
		"\n"
		".files{fill:#35b3c0}.script{fill:#52b87a}.child{fill:#737278}\n"
		".failed{fill:#ec5941}.allowed{fill:#d99530}\n"
		"}\n"
		"</style>\n"
		"<rect class=\"back\" width=\"100%\" height=\"100%\"/>\n");
}

static void draw_head(struct svg *v)
{
	const struct run_record *r = v->t->run;
	buf_printf(v->out, "<text x=\"%d\" y=\"30\"><tspan class=\"head\">", MARGIN);
	xml_text(v->out, r->pipeline_name.n ? r->pipeline_name : r->ref, false);
	buf_adds(v->out, "</tspan><tspan class=\"note\" dx=\"10\">");
	xml_text(v->out,
		arena_printf(&v->arena, "run " STR_FMT ", " STR_FMT ", " STR_FMT, STR_ARG(r->id),
			STR_ARG(r->status), STR_ARG(duration(v, v->t->end))),
		false);
	buf_adds(v->out, "</tspan></text>\n");
}

/* Behind the rows of the longest chain. */
static void draw_critical(struct svg *v)
{
	for (size_t i = 0; i < v->t->run->n_jobs; i++)
		if (v->t->jobs[i].critical)
			buf_printf(v->out,
				"<rect class=\"chain\" x=\"%d\" y=\"%d\" width=\"%.1f\" "
				"height=\"%d\" rx=\"4\"/>\n",
				MARGIN / 2, TOP + (int)i * ROW + 1, v->width - MARGIN, ROW - 2);
}

static void draw_axis(struct svg *v)
{
	double total = MAX(v->t->end, 0.001), step = timeline_step(total, MARKS);
	for (double s = 0; s <= total; s += step) {
		double x = MARGIN + v->name + s / total * BAR;
		buf_printf(v->out,
			"<path class=\"grid\" d=\"M%.1f %d V%.1f\"/><text class=\"note\" "
			"x=\"%.1f\" y=\"%d\">" STR_FMT "</text>\n",
			x, TOP - 8, v->bottom, x, TOP - 14, STR_ARG(timeline_mark(&v->arena, s)));
	}
}

static const char *class_of(const struct timeline_job *j, enum time_kind k)
{
	if (k != TIME_SCRIPT || !str_is(j->record->status, "failed"))
		return classes[k];
	return j->record->allow_failure ? "allowed" : "failed";
}

static void draw_parts(struct svg *v, const struct timeline_job *j, double y)
{
	double scale = BAR / MAX(v->t->end, 0.001);
	for (size_t i = 0; i < j->n_parts; i++) {
		const struct timeline_part *p = &j->parts[i];
		bool thin = p->kind == TIME_WAIT || p->kind == TIME_CHILD;
		double height = thin ? 4 : HEIGHT, width = (p->end - p->start) * scale;
		buf_printf(v->out,
			"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.0f\"><title>",
			class_of(j, p->kind), MARGIN + v->name + p->start * scale,
			y + (ROW - height) / 2, MAX(width, THINNEST), height);
		xml_text(v->out, p->name.n ? p->name : j->name, false);
		buf_printf(v->out, " " STR_FMT "</title></rect>",
			STR_ARG(duration(v, p->end - p->start)));
	}
}

static void draw_job(struct svg *v, const struct timeline_job *j)
{
	double y = TOP + (double)v->rows++ * ROW, indent = 14.0 * j->depth;
	double right = MARGIN + v->name + BAR;
	indent = MIN(indent, v->name / 2);
	buf_printf(v->out, "<text%s x=\"%.1f\" y=\"%.1f\">",
		j->critical ? " class=\"critical\"" : "", MARGIN + indent, y + 19);
	put_name(v, j->name, v->name - indent - 8);
	buf_adds(v->out, "</text>");
	draw_parts(v, j, y);
	buf_printf(v->out, "<text class=\"note\" text-anchor=\"end\" x=\"%.1f\" y=\"%.1f\">",
		right + TIME, y + 19);
	xml_text(v->out, j->n_parts ? duration(v, j->busy) : j->record->status, false);
	buf_adds(v->out, "</text>\n");
}

static double draw_sums(struct svg *v, double y)
{
	double x = MARGIN;
	for (int k = 0; v->t->has_phases && k < TIME_KINDS; k++) {
		if (v->t->sums[k] < 0.05)
			continue;
		struct str text = arena_printf(&v->arena, "%s " STR_FMT,
			time_kind_name((enum time_kind)k), STR_ARG(duration(v, v->t->sums[k])));
		if (x + (double)text.n * LETTER + 40 > v->width) {
			x = MARGIN;
			y += 22;
		}
		buf_printf(v->out,
			"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"12\" height=\"12\"/>"
			"<text x=\"%.1f\" y=\"%.1f\">" STR_FMT "</text>\n",
			classes[k], x, y - 11, x + 18, y, STR_ARG(text));
		x += (double)text.n * LETTER + 36;
	}
	return y;
}

static void draw_chain(struct svg *v, double y)
{
	const struct timeline *t = v->t;
	if (t->n_chain < 2)
		return;
	buf_printf(v->out, "<text class=\"note\" x=\"%d\" y=\"%.1f\">longest chain: ", MARGIN, y);
	struct buf names = BUF_INIT;
	for (size_t i = 0; i < t->n_chain; i++) {
		buf_adds(&names, i ? " \u2192 " : "");
		buf_addstr(&names, t->jobs[t->chain[i]].record->name);
	}
	buf_printf(&names, ": " STR_FMT " of " STR_FMT, STR_ARG(duration(v, t->chain_s)),
		STR_ARG(duration(v, t->end)));
	put_name(v, buf_str(&names), v->width - 2 * MARGIN - 16 * LETTER);
	buf_release(&names);
	buf_adds(v->out, "</text>\n");
}

void timeline_svg(const struct timeline *t, struct buf *out)
{
	struct svg v = {.t = t, .out = out, .arena = ARENA_INIT};
	struct buf below = BUF_INIT;
	measure(&v);
	v.out = &below;
	double y = draw_sums(&v, v.bottom + 30);
	draw_chain(&v, y + 24);
	v.out = out;
	draw_style(&v, (t->n_chain > 1 ? y + 24 : y) + MARGIN);
	draw_head(&v);
	draw_critical(&v);
	draw_axis(&v);
	for (size_t i = 0; i < t->run->n_jobs; i++)
		draw_job(&v, &t->jobs[i]);
	buf_addstr(out, buf_str(&below));
	buf_adds(out, "</svg>\n");
	buf_release(&below);
	arena_release(&v.arena);
}
