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

struct diag *diag_add(struct diags *d, enum diag_level level, const char *code, struct span at,
	const char *fmt, ...)
{
	struct diag *diag;
	struct str text;
	va_list ap;

	va_start(ap, fmt);
	text = arena_vprintf(d->arena, fmt, ap);
	va_end(ap);
	for (diag = d->first; diag; diag = diag->next)
		if (diag->level == level && same_loc(diag->at.begin, at.begin) &&
			str_eq(diag->text, text) && !strcmp(diag->code, code))
			return diag;
	diag = arena_new(d->arena, struct diag);
	diag->level = level;
	diag->code = code;
	diag->at = at;
	diag->text = text;
	diag->notes_tail = &diag->notes;
	*d->tail = diag;
	d->tail = &diag->next;
	if (level == DIAG_ERROR)
		d->errors++;
	else if (level == DIAG_WARNING)
		d->warnings++;
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
