#include "base/base.h"

#include "source/diag_print.h"

#include "source/source.h"

#define C_BOLD   "\033[1m"
#define C_RED    "\033[1;31m"
#define C_YELLOW "\033[1;35m"
#define C_CYAN   "\033[1;36m"
#define C_GREEN  "\033[1;32m"
#define C_OFF    "\033[0m"

/* Wider lines are shown in part, around the span: a minified file must not fill the terminal. */
#define LINE_COLUMNS 160
#define MAX_PRINTED  2000 /* nobody reads more */
#define NEAR_COLUMNS 512  /* of a long line before an error, of which some are shown */
#define TAB_WIDTH    8

struct printer {
	struct buf *out;
	const struct source_set *set;
	bool color;
};

static const char *paint(const struct printer *p, const char *code)
{
	return p->color ? code : "";
}

struct str loc_file(const struct source_set *set, struct loc at)
{
	const struct source *src = source_get(set, at.source);

	return src && at.line ? src->name : STR_NULL;
}

static void put_place(struct printer *p, struct loc at)
{
	struct str file = loc_file(p->set, at);

	if (!file.n)
		return;
	buf_printf(p->out, "%s" STR_FMT ":%u:%u:%s ", paint(p, C_BOLD), STR_ARG(file), at.line,
		at.col, paint(p, C_OFF));
}

/* Untrusted bytes on a terminal: control characters (escape sequences above all) become '?'. */
static void put_clean(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i];
		size_t len = utf8_len(s.p + i, s.n - i);

		if (!len || c < 0x20 || c == 0x7f ||
			(c == 0xc2 && (unsigned char)s.p[i + 1] < 0xa0)) {
			buf_addc(out, '?');
			i += len ? len : 1;
			continue;
		}
		buf_add(out, s.p + i, len);
		i += len;
	}
}

/* One cell of the rendered line: a character with its place in columns of the source and screen. */
struct cell {
	size_t at, len; /* bytes in the line */
	size_t x, w;    /* screen columns */
};

static struct cell next_cell(struct str line, struct cell c)
{
	c.at += c.len;
	c.x += c.w;
	if (c.at >= line.n) {
		c.len = 0;
		c.w = 1;
		return c;
	}
	c.len = utf8_len(line.p + c.at, line.n - c.at);
	if (!c.len)
		c.len = 1;
	if (line.p[c.at] == '\t')
		c.w = TAB_WIDTH - c.x % TAB_WIDTH;
	else if ((unsigned char)line.p[c.at] < 0x20 || line.p[c.at] == 0x7f)
		c.w = 1; /* shown as '?' */
	else
		c.w = str_width(str_sub(line, c.at, c.at + c.len));
	return c;
}

/* Screen columns [x0, x1) that the source columns [from, to) take. */
static void screen_columns(struct str line, uint32_t from, uint32_t to, size_t *x0, size_t *x1)
{
	struct cell c = next_cell(line, (struct cell){0, 0, 0, 0});
	uint32_t col = 1;

	*x0 = *x1 = 0;
	for (; c.len && col < from; col++)
		c = next_cell(line, c);
	*x0 = c.x;
	for (; c.len && col < to; col++)
		c = next_cell(line, c);
	*x1 = MAX(c.x, *x0 + 1);
}

/* The part of the line in screen columns [left, left + LINE_COLUMNS). */
static void put_line(struct printer *p, struct str line, size_t left, bool cut)
{
	struct cell c = next_cell(line, (struct cell){0, 0, 0, 0});

	buf_adds(p->out, cut ? "  ..." : "  ");
	for (; c.len && c.x < left + LINE_COLUMNS; c = next_cell(line, c)) {
		if (c.x < left)
			continue;
		if (line.p[c.at] == '\t')
			buf_printf(p->out, "%*s", (int)c.w, "");
		else
			put_clean(p->out, str_sub(line, c.at, c.at + c.len));
	}
	buf_addc(p->out, '\n');
}

/*
 * What can be seen of a line, with the columns in it: a definition on one line of a megabyte may
 * have an error in each of its words.
 */
static struct str near_by(struct str line, uint32_t *from, uint32_t *to)
{
	uint32_t skip = *from > NEAR_COLUMNS ? *from - NEAR_COLUMNS : 0;
	size_t at = 0;

	for (uint32_t i = 0; i < skip && at < line.n; i++)
		do
			at++;
		while (at < line.n && ((unsigned char)line.p[at] & 0xC0) == 0x80);
	*from -= skip;
	if (*to != UINT32_MAX)
		*to -= skip;
	return str_sub(line, at, MIN(line.n, at + 16 * NEAR_COLUMNS));
}

static void put_source(struct printer *p, struct span at)
{
	const struct source *src = source_get(p->set, at.begin.source);
	struct str line;
	size_t x0, x1, left = 0;
	uint32_t from = at.begin.col, to;

	if (!src || !at.begin.line || at.begin.line > src->n_lines)
		return;
	line = source_line(src, at.begin.line);
	if (!str_trim(line).n)
		return;
	to = at.end.line == at.begin.line && at.end.col > at.begin.col ? at.end.col
								       : at.begin.col + 1;
	if (at.end.line > at.begin.line)
		to = UINT32_MAX;
	line = near_by(line, &from, &to);
	screen_columns(line, from, to, &x0, &x1);
	if (x0 + 20 > LINE_COLUMNS)
		left = x0 - 40;
	put_line(p, line, left, left > 0);
	x1 = MIN(x1, left + LINE_COLUMNS);
	buf_printf(p->out, "  %s%*s%s", left ? "   " : "", (int)(x0 - left), "", paint(p, C_GREEN));
	buf_addc(p->out, '^');
	for (size_t x = x0 + 1; x < x1; x++)
		buf_addc(p->out, '~');
	buf_printf(p->out, "%s\n", paint(p, C_OFF));
}

struct str diag_message(struct arena *a, const struct diag *d)
{
	if (!d->gitlab.n || str_ieq(d->gitlab, d->text))
		return d->text;
	return arena_printf(
		a, STR_FMT " (GitLab: \"" STR_FMT "\")", STR_ARG(d->text), STR_ARG(d->gitlab));
}

static void put_note(struct printer *p, struct span at, struct str text)
{
	put_place(p, at.begin);
	buf_printf(p->out, "%snote:%s ", paint(p, C_CYAN), paint(p, C_OFF));
	put_clean(p->out, text);
	buf_addc(p->out, '\n');
	put_source(p, at);
}

/* The includes that led to the file of the diagnostic, innermost first. */
static void put_include_chain(struct printer *p, struct loc at)
{
	const struct source *src = source_get(p->set, at.source);

	/* Ends: a source is included from an earlier one. The bound covers a hand-made set. */
	for (size_t hops = 0; src && src->included_from.begin.line && hops < p->set->n; hops++) {
		struct loc from = src->included_from.begin;

		put_place(p, from);
		buf_printf(p->out, "%snote:%s '", paint(p, C_CYAN), paint(p, C_OFF));
		put_clean(p->out, src->name);
		buf_adds(p->out, "' is included here\n");
		src = source_get(p->set, from.source);
	}
}

void diag_print(struct buf *out, const struct source_set *set, const struct diag *d, bool color)
{
	static const char *const names[] = {"note", "warning", "error"};
	static const char *const colors[] = {C_CYAN, C_YELLOW, C_RED};
	struct printer p = {out, set, color};
	struct arena scratch = ARENA_INIT;

	put_place(&p, d->at.begin);
	buf_printf(out, "%s%s:%s %s", paint(&p, colors[d->level]), names[d->level],
		paint(&p, C_OFF), paint(&p, C_BOLD));
	put_clean(out, diag_message(&scratch, d));
	buf_printf(out, "%s [%s]\n", paint(&p, C_OFF), d->code);
	put_source(&p, d->at);
	for (const struct diag_note *n = d->notes; n; n = n->next)
		put_note(&p, n->at, n->text);
	put_include_chain(&p, d->at.begin);
	arena_release(&scratch);
}

struct sort_item {
	const struct diag *d;
	size_t seq;
};

static int by_place(const void *va, const void *vb)
{
	const struct sort_item *a = va, *b = vb;
	const struct loc *x = &a->d->at.begin, *y = &b->d->at.begin;
	uint32_t xs = x->line ? x->source : 0, ys = y->line ? y->source : 0;

	if (xs != ys)
		return xs < ys ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->col != y->col)
		return x->col < y->col ? -1 : 1;
	return a->seq < b->seq ? -1 : 1;
}

const struct diag **diags_sorted(struct arena *a, const struct diags *ds, size_t *n)
{
	VEC(struct sort_item) v = {NULL, 0, 0};
	const struct diag **out;

	for (const struct diag *d = ds->first; d; d = d->next)
		vec_push(&v, ((struct sort_item){d, v.n}));
	if (v.n)
		qsort(v.v, v.n, sizeof(*v.v), by_place);
	out = arena_alloc(a, sizeof(*out) * (v.n + 1));
	for (size_t i = 0; i < v.n; i++)
		out[i] = v.v[i].d;
	out[v.n] = NULL;
	*n = v.n;
	vec_release(&v);
	return out;
}

void diags_print(struct buf *out, const struct source_set *set, const struct diags *ds, bool color)
{
	struct arena scratch = ARENA_INIT;
	size_t n;
	const struct diag **v = diags_sorted(&scratch, ds, &n);

	for (size_t i = 0; i < n && i < MAX_PRINTED; i++)
		diag_print(out, set, v[i], color);
	if (n > MAX_PRINTED)
		buf_printf(out, "... and %zu more\n", n - MAX_PRINTED);
	arena_release(&scratch);
}
