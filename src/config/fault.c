/* Messages of the language: GitLab's location and wording next to our own, and generic type checks.
 */
#include "base/base.h"

#include "config/config_internal.h"

#include "config/duration.h"

#define MAX_HINTS 100

/* Simple one-to-one case pairs of Latin-1, Latin Extended-A, Greek and Cyrillic. */
static uint32_t lower_cp(uint32_t cp)
{
	if ((cp >= 0xC0 && cp <= 0xDE && cp != 0xD7) || (cp >= 0x391 && cp <= 0x3A9) ||
		(cp >= 0x410 && cp <= 0x42F))
		return cp + 32;
	if (cp >= 0x400 && cp <= 0x40F)
		return cp + 80;
	if ((cp >= 0x100 && cp <= 0x137 && cp != 0x130) || (cp >= 0x14A && cp <= 0x177))
		return cp | 1;
	if ((cp >= 0x139 && cp <= 0x148) || (cp >= 0x179 && cp <= 0x17E))
		return cp + (cp & 1);
	return cp;
}

struct str lower_case(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		/* All pairs above lie in two-byte sequences on both sides. */
		if (utf8_len(s.p + i, s.n - i) == 2) {
			uint32_t cp = lower_cp(
				((uint32_t)(c & 0x1f) << 6) | ((unsigned char)s.p[i + 1] & 0x3f));

			p[i] = (char)(0xC0 | (cp >> 6));
			p[i + 1] = (char)(0x80 | (cp & 0x3f));
			i++;
		} else {
			p[i] = (char)(c < 0x80 ? tolower(c) : c);
		}
	}
	p[s.n] = '\0';
	return str_n(p, s.n);
}

const char *humanize(struct arena *a, struct str attr)
{
	char *p = arena_alloc(a, attr.n + 1);

	for (size_t i = 0; i < attr.n; i++)
		p[i] = attr.p[i] == '_' ? ' ' : attr.p[i];
	p[attr.n] = '\0';
	return p;
}

const char *fmt_in(const struct frame *f, const char *fmt, ...)
{
	struct str s;
	va_list ap;

	if (faults_full(f))
		return "";
	va_start(ap, fmt);
	s = arena_vprintf(frame_arena(f), fmt, ap);
	va_end(ap);
	return s.p;
}

static void add_location(struct buf *b, const struct frame *f)
{
	if (f->up && !f->bare)
		add_location(b, f->up);
	if (!f->key.n)
		return;
	if (b->n)
		buf_addc(b, ':');
	buf_addstr(b, f->key);
}

static const struct frame *job_frame(const struct frame *f)
{
	while (f && !f->job)
		f = f->up;
	return f;
}

/* The path below the job (or the root), without the item frames that only GitLab's location has. */
static void add_path(struct buf *b, const struct frame *f)
{
	if (!f || f->job || !f->key.n)
		return;
	add_path(b, f->up);
	if (b->n)
		buf_addc(b, ':');
	buf_addstr(b, f->key);
}

const char *subject(const struct frame *f, const char *attr)
{
	const struct frame *job = job_frame(f);
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	add_path(&b, f);
	if (attr) {
		if (b.n)
			buf_addc(&b, ':');
		buf_adds(&b, attr);
	}
	if (job && b.n)
		return fmt_in(f, "'%s' of job '" STR_FMT "'", b.p, STR_ARG(job->job->key->text));
	if (job)
		return fmt_in(f, "job '" STR_FMT "'", STR_ARG(job->job->key->text));
	return b.n ? fmt_in(f, "'%s'", b.p) : "the definition";
}

static bool span_holds(const struct span *outer, const struct loc *at)
{
	return at->source == outer->begin.source && at->line >= outer->begin.line &&
	       at->line <= outer->end.line;
}

/* The keyword of the job on the way to f, or NULL when f is the job's own frame. */
static const struct frame *keyword_frame(const struct frame *f, const struct frame *job)
{
	while (f && f->up != job)
		f = f->up;
	return f;
}

/* A fault that lies outside the job's own text came to it in some way: say which. */
static void note_way(const struct frame *f, struct diag *diag)
{
	const struct frame *job = job_frame(f), *keyword;
	const struct node *value = NULL;
	const char *how = "uses it";

	if (!job || !diag->at.begin.line || diag->notes)
		return;
	if (span_holds(&job->job->value->at, &diag->at.begin) ||
		span_holds(&job->job->key->at, &diag->at.begin))
		return;
	keyword = keyword_frame(f, job);
	if (keyword)
		value = node_get_str(job->job->value, keyword->key);
	if (value ? value->via == VIA_EXTENDS : node_get(job->job->value, "extends") != NULL)
		how = "has it through 'extends'";
	else if (value && value->via == VIA_DEFAULT)
		how = "has it from 'default'";
	else if (value && value->via == VIA_REFERENCE)
		how = "has it through '!reference'";
	else if (value && value->via == VIA_ALIAS)
		how = "has it through an alias";
	else if (value && value->via == VIA_INPUT)
		how = "has it from an input";
	diag_note(f->c->diags, diag, job->job->key->at, "job '" STR_FMT "' %s",
		STR_ARG(job->job->key->text), how);
}

static void add_gitlab_line(struct buf *b, const struct frame *f, struct str text)
{
	CLEANUP(buf_release) struct buf location = BUF_INIT;

	add_location(&location, f);
	buf_printf(b, "%s%s" STR_FMT, location.n ? location.p : "", location.n ? " " : "",
		STR_ARG(text));
}

static void set_gitlab(const struct frame *f, struct diag *diag, const char *gitlab)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct frame *root = f;
	struct str line;

	if (!gitlab)
		return;
	while (root->up)
		root = root->up;
	line = str_c(gitlab);
	if (*gitlab == '=') {
		line = str_from(line, 1);
	} else {
		struct str_split lines = str_split(line, *AND_ALSO);
		struct str one;

		while (str_split_next(&lines, &one)) {
			if (b.n)
				buf_adds(&b, ", ");
			add_gitlab_line(&b, f, one);
		}
		line = lower_case(frame_arena(f), buf_str(&b));
	}
	if (root->file.n)
		diag_set_gitlab(f->c->diags, diag, "`" STR_FMT "`: " STR_FMT, STR_ARG(root->file),
			STR_ARG(line));
	else
		diag_set_gitlab(f->c->diags, diag, STR_FMT, STR_ARG(line));
}

struct diag *fault(const struct frame *f, const char *code, struct span at, const char *gitlab,
	const char *fmt, ...)
{
	const struct frame *job = job_frame(f);
	struct diags *d = f->c->diags;
	struct diag *diag;
	va_list ap;

	if (is_consequence(f, *code == '?', at))
		return NULL;
	if (faults_full(f)) {
		d->left_out++;
		return NULL;
	}
	code += *code == '?';
	va_start(ap, fmt);
	diag = diag_vadd(d, DIAG_ERROR, code, at, fmt, ap);
	va_end(ap);
	if (diag->gitlab.n || diag->job.n)
		return diag; /* the same was said before, of another job */
	if (job)
		diag_set_job(d, diag, job->job->key->text);
	set_gitlab(f, diag, gitlab);
	note_way(f, diag);
	return diag;
}

void note_nearest(const struct frame *f, struct diag *d, struct str word,
	const struct str *candidates, size_t n)
{
	const struct str *near;

	/* Help for people: a hostile definition with a thousand faults goes without. */
	if (!d || f->c->diags->errors > MAX_HINTS)
		return;
	near = str_nearest(word, candidates, n);
	if (near)
		diag_note(f->c->diags, d, SPAN_NONE, "did you mean '" STR_FMT "'?", STR_ARG(*near));
}

void note_nearest_key(const struct frame *f, struct diag *d, struct str word,
	const struct map *keys, bool (*fits)(const struct map_entry *e), struct str except)
{
	struct arena scratch = ARENA_INIT;
	struct str *names;
	size_t n = 0;

	if (!d || f->c->diags->errors > MAX_HINTS)
		return;
	names = arena_array(&scratch, struct str, keys->n);
	map_each (struct map_entry *, e, keys) {
		if (!str_eq(e->key, except) && (!fits || fits(e)))
			names[n++] = e->key;
	}
	note_nearest(f, d, word, names, n);
	arena_release(&scratch);
}

const char *found(const struct frame *f, const struct node *n)
{
	if (node_is_null(n))
		return "nothing (null)";
	switch (n->kind) {
	case NODE_BOOL:
	case NODE_INT:
	case NODE_FLOAT:
		return fmt_in(f, "the %s " STR_FMT, n->kind == NODE_BOOL ? "boolean" : "number",
			STR_ARG(n->text));
	case NODE_STRING:
		if (n->text.n > 40 || str_chr(n->text, '\n') != STR_NPOS)
			return "a text";
		return fmt_in(f, "the text '" STR_FMT "'", STR_ARG(n->text));
	case NODE_SEQ:
		return "a list";
	case NODE_MAP:
		return "a mapping";
	case NODE_REFERENCE:
		return "a !reference";
	case NODE_NULL:
		break;
	}
	return "nothing";
}

#define MAX_RUBY_TEXT 2000
const char *ruby_text(const struct frame *f, const struct node *n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!node_is(n, NODE_SEQ) && !node_is(n, NODE_MAP))
		return n ? fmt_in(f, STR_FMT, STR_ARG(n->text)) : "";
	node_inspect_symbols(&b, n);
	return fmt_in(f, "%.*s", (int)MIN(b.n, (size_t)MAX_RUBY_TEXT), b.p);
}

const char *quoted(const struct frame *f, const struct node *n)
{
	if (node_is_scalar(n) && n->text.n <= 40 && str_chr(n->text, '\n') == STR_NPOS)
		return fmt_in(f, "'" STR_FMT "'", STR_ARG(n->text));
	return found(f, n);
}

/* "should be X" for GitLab, "'a' must be Y, not Z" for us. */
static bool wrong_type(const struct frame *f, const struct node *n, const char *attr,
	const char *gitlab, const char *ours)
{
	fault(f, "wrong-type", n->at,
		fmt_in(f, "%s %s", attr ? humanize(frame_arena(f), str_c(attr)) : "config", gitlab),
		"%s must be %s, not %s", subject(f, attr), ours, found(f, n));
	return false;
}

bool want_string(const struct frame *f, const struct node *n, const char *attr)
{
	return node_is(n, NODE_STRING) ||
	       wrong_type(f, n, attr, "should be a string",
		       node_is(n, NODE_INT) || node_is(n, NODE_FLOAT) || node_is(n, NODE_BOOL)
			       ? "a string (put it in quotes)"
			       : "a string");
}

bool want_bool(const struct frame *f, const struct node *n, const char *attr)
{
	return node_is(n, NODE_BOOL) ||
	       wrong_type(f, n, attr, "should be a boolean value", "true or false");
}

bool want_map(const struct frame *f, const struct node *n, const char *attr)
{
	return node_is(n, NODE_MAP) || wrong_type(f, n, attr, "should be a hash", "a mapping");
}

/* The first item that is no string, or NULL. */
static const struct node *no_string(const struct node *seq)
{
	node_each (item, seq) {
		if (item->kind != NODE_STRING)
			return item;
	}
	return NULL;
}

static bool bad_item(
	const struct frame *f, const struct node *item, const char *attr, const char *gitlab)
{
	struct diag *d = fault(f, "wrong-type", item->at,
		fmt_in(f, "%s %s", attr ? humanize(frame_arena(f), str_c(attr)) : "config", gitlab),
		"%s must hold only strings, not %s", subject(f, attr), found(f, item));

	if (item->kind == NODE_SEQ && d)
		diag_note(f->c->diags, d, SPAN_NONE,
			item->via == VIA_REFERENCE ? "a !reference inside this list gives a list "
						     "in a list; it must be the whole "
						     "value here"
						   : "this list may not hold lists");
	return false;
}

bool want_strings(const struct frame *f, const struct node *n, const char *attr)
{
	const struct node *bad;

	if (!node_is(n, NODE_SEQ))
		return wrong_type(f, n, attr, "should be an array of strings", "a list of strings");
	bad = no_string(n);
	return !bad || bad_item(f, bad, attr, "should be an array of strings");
}

bool want_strings_or_string(const struct frame *f, const struct node *n, const char *attr)
{
	const struct node *bad;

	if (node_is(n, NODE_STRING))
		return true;
	if (!node_is(n, NODE_SEQ))
		return wrong_type(f, n, attr, "should be an array of strings or a string",
			"a string or a list of strings");
	bad = no_string(n);
	return !bad || bad_item(f, bad, attr, "should be an array of strings or a string");
}

bool want_duration(const struct frame *f, const struct node *n, const char *attr, int64_t limit,
	int64_t *seconds)
{
	const char *name = attr ? humanize(frame_arena(f), str_c(attr)) : "config";

	*seconds = 0;
	if (!node_is(n, NODE_STRING) || !duration_parse(n->text, seconds)) {
		struct diag *d =
			fault(f, "bad-duration", n->at, fmt_in(f, "%s should be a duration", name),
				"%s must be a duration, not %s", subject(f, attr), found(f, n));

		if (node_is(n, NODE_INT) && d)
			diag_note(f->c->diags, d, SPAN_NONE,
				"put the number of seconds in quotes: \"" STR_FMT "\"",
				STR_ARG(n->text));
		return false;
	}
	if (limit && *seconds > limit) {
		fault(f, "duration-too-long", n->at,
			fmt_in(f, "%s should not exceed the limit", name),
			"%s is %" PRId64 " seconds, more than the limit of %" PRId64,
			subject(f, attr), *seconds, limit);
		return false;
	}
	return true;
}

bool is_one_of(struct str s, const char *choices)
{
	struct str_split it = str_split(str_c(choices), ' ');
	struct str word;

	while (str_split_next(&it, &word))
		if (str_eq(word, s))
			return true;
	return false;
}

struct text text_of(const struct node *n)
{
	if (node_is_null(n))
		return (struct text){STR_NULL, SPAN_NONE};
	return (struct text){n->text, n->at};
}

bool count_texts(const struct frame *f, const struct node *n, size_t more)
{
	size_t *all = &config_state_of(f->c)->n_texts, before = *all;

	*all += more;
	if (*all <= LIMIT_TEXTS)
		return true;
	if (before <= LIMIT_TEXTS)
		fault(f, "definition-too-large", n->at, NULL,
			"the scripts and other lists of all jobs have more than %d lines",
			LIMIT_TEXTS);
	return false;
}

void texts_of(const struct frame *f, const struct node *n, struct texts *out)
{
	*out = (struct texts){.set = true, .at = n->at};
	if (n->kind != NODE_SEQ) {
		out->v = arena_new(frame_arena(f), struct text);
		out->v[0] = text_of(n);
		out->n = 1;
		return;
	}
	if (!count_texts(f, n, n->u.seq.n))
		return;
	out->v = arena_array(frame_arena(f), struct text, n->u.seq.n);
	node_each (item, n) {
		out->v[out->n++] = text_of(item);
	}
}

struct span span_of_key(const struct node *map, const char *key)
{
	const struct node_pair *pair = node_pair_of(map, str_c(key));

	return pair ? pair->key->at : map->at;
}
