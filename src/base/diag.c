#include "base/base.h"

#include "base/diag.h"

void diags_init(struct diags *d, struct arena *a)
{
	*d = (struct diags){.arena = a};
	d->tail = &d->first;
}

static bool same_loc(struct loc a, struct loc b)
{
	return a.source == b.source && a.line == b.line && a.col == b.col;
}

static bool same(const struct diag *a, const struct diag *b)
{
	return a->level == b->level && same_loc(a->at.begin, b->at.begin) &&
	       str_eq(a->text, b->text) && !strcmp(a->code, b->code);
}

/* The slot that holds an identical one, or the free one where it belongs. */
static struct diag **slot_of(struct diags *d, const struct diag *diag)
{
	size_t at = str_hash(diag->text) + diag->at.begin.line * 31u + diag->at.begin.col;

	for (at &= d->n_slots - 1; d->slots[at] && !same(d->slots[at], diag);)
		at = (at + 1) & (d->n_slots - 1);
	return &d->slots[at];
}

static void grow(struct diags *d)
{
	d->n_slots = d->n_slots ? d->n_slots * 2 : 16;
	d->slots = arena_array(d->arena, struct diag *, d->n_slots);
	for (struct diag *diag = d->first; diag; diag = diag->next)
		*slot_of(d, diag) = diag;
}

struct diag *diag_vadd(struct diags *d, enum diag_level level, const char *code, struct span at,
	const char *fmt, va_list ap)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct diag probe = {.level = level, .code = code, .at = at}, *diag, **slot;

	/* A template's fault is found again for each job that has it: only a new one is kept. */
	buf_vprintf(&text, fmt, ap);
	probe.text = buf_str(&text);
	if (d->n * 2 >= d->n_slots)
		grow(d);
	slot = slot_of(d, &probe);
	if (*slot)
		return *slot;
	diag = *slot = arena_new(d->arena, struct diag);
	*diag = probe;
	diag->text = arena_str(d->arena, probe.text);
	d->n++;
	diag->notes_tail = &diag->notes;
	*d->tail = diag;
	d->tail = &diag->next;
	if (level == DIAG_ERROR)
		d->errors++;
	else if (level == DIAG_WARNING)
		d->warnings++;
	return diag;
}

struct diag *diag_add(struct diags *d, enum diag_level level, const char *code, struct span at,
	const char *fmt, ...)
{
	struct diag *diag;
	va_list ap;

	va_start(ap, fmt);
	diag = diag_vadd(d, level, code, at, fmt, ap);
	va_end(ap);
	return diag;
}

void diag_note(struct diags *d, struct diag *diag, struct span at, const char *fmt, ...)
{
	struct diag_note *note;
	struct str text;
	va_list ap;

	if (!diag)
		return;
	va_start(ap, fmt);
	text = arena_vprintf(d->arena, fmt, ap);
	va_end(ap);
	for (note = diag->notes; note; note = note->next)
		if (same_loc(note->at.begin, at.begin) && str_eq(note->text, text))
			return;
	note = arena_new(d->arena, struct diag_note);
	note->at = at;
	note->text = text;
	*diag->notes_tail = note;
	diag->notes_tail = &note->next;
}

void diag_set_job(struct diags *d, struct diag *diag, struct str job)
{
	if (diag)
		diag->job = arena_str(d->arena, job);
}

void diag_set_gitlab(struct diags *d, struct diag *diag, const char *fmt, ...)
{
	va_list ap;

	if (!diag)
		return;
	va_start(ap, fmt);
	diag->gitlab = arena_vprintf(d->arena, fmt, ap);
	va_end(ap);
}
